//! Chores: `cargo xtask <chore>`.

use std::path::Path;
use std::process::ExitCode;

use clap::{Parser, Subcommand};

mod assets;

#[derive(Parser)]
#[command(name = "cargo xtask", about = "Chores of this repository")]
struct Args {
    #[command(subcommand)]
    chore: Chore,
}

#[derive(Subcommand)]
enum Chore {
    /// Builds what the program embeds: first-party plugins and PID 1, into target/assets
    Assets,
}

#[expect(clippy::print_stderr, reason = "the message of a chore that failed")]
fn main() -> ExitCode {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).ancestors().nth(2).unwrap_or(Path::new("."));
    let outcome = match Args::parse().chore {
        Chore::Assets => assets::run(root).map(drop),
    };
    match outcome {
        Ok(()) => ExitCode::SUCCESS,
        Err(message) => {
            eprintln!("error: {message}");
            ExitCode::FAILURE
        }
    }
}
