//! `spawnfile`: args to request, gather, decide, act, render. The match in `commands::run` is the table of contents.

mod args;
mod commands;
mod engine;
mod error;
mod image;
mod plugins;
mod project;
mod registry;
mod run;
mod store;
mod ui;
mod world;

use std::process::ExitCode;

use clap::Parser;

fn main() -> ExitCode {
    // Before anything else: this process may be the limited child that compiles a component, which is no command.
    if std::env::args_os().nth(1).is_some_and(|word| word == spawnfile_plugins::compile_child::ARGUMENT) {
        return spawnfile_plugins::compile_child::main();
    }
    let args = args::Args::parse();
    let mut ui = ui::Ui::new(args.json, args.quiet, std::io::IsTerminal::is_terminal(&std::io::stderr()));
    let result = world::World::capture().and_then(|world| commands::run(args.command, &world, &mut ui));
    match result {
        Ok(code) => ExitCode::from(code),
        Err(error) => {
            ui.failure(&error);
            ExitCode::from(error.exit_code())
        }
    }
}
