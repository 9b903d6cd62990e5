//! The compile child as a program of its own, for tests and for hosts that are not the command line tool.

fn main() -> std::process::ExitCode {
    spawnfile_plugins::compile_child::main()
}
