//! Binary `spawnfile-init`: hands the arguments and the environment to the library and ends with its exit code.

use std::process::ExitCode;

fn main() -> ExitCode {
    ExitCode::from(spawnfile_init::run(std::env::args_os().skip(1), std::env::vars_os().collect()))
}
