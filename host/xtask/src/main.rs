//! Chores of the project: `cargo xtask <chore>`.
//!
//! Progress goes to standard error, the answer to standard output. Nothing here is needed by the product's binary.

mod assets;
mod bench;
mod console;
mod demo;
mod error;
mod fuzz;
mod program;
mod setup;
mod test_run;
mod third_party;
mod tree;

use std::path::PathBuf;
use std::process::{Command, ExitCode};

use clap::{Parser, Subcommand};

use crate::error::Result;
use crate::tree::Tree;

#[derive(Debug, Parser)]
#[command(name = "cargo xtask", about = "Chores of the project", arg_required_else_help = true)]
struct Args {
    #[command(subcommand)]
    chore: Chore,
}

#[derive(Debug, Subcommand)]
enum Chore {
    /// Make this machine ready: Rust targets, packages, Engine, programs, images; again only what is missing
    Setup(setup::Args),
    /// Build what the program embeds: first-party plugins and PID 1, into target/assets
    Assets,
    /// Set up, then run every test; the last line is `N passed, N failed, N skipped`
    Test(test_run::Args),
    /// Set up, then measure the product beside what it stands on, against its budgets
    Bench(bench::Args),
    /// Look for bytes that break a reader of foreign bytes; one line a target
    Fuzz(fuzz::Args),
    /// Publish examples/research-cell to a registry on this machine and run it from its reference
    Demo(demo::Args),
}

fn main() -> ExitCode {
    match run(Args::parse().chore) {
        Ok(code) => code,
        Err(error) => {
            console::error(&error);
            ExitCode::FAILURE
        }
    }
}

fn run(chore: Chore) -> Result<ExitCode> {
    let tree = Tree::find()?;
    match chore {
        Chore::Setup(args) => setup::chore(&tree, &args),
        Chore::Assets => assets(&tree).map(|_| ExitCode::SUCCESS),
        Chore::Test(args) => test_run::chore(&tree, &args),
        Chore::Bench(args) => bench::chore(&tree, &args),
        Chore::Fuzz(args) => fuzz::chore(&tree, &args),
        Chore::Demo(args) => demo::chore(&tree, &args),
    }
}

/// Makes what the product's binary embeds: guests, and the static init for both platforms. The build script of the
/// bundle would make them too, but in silence and with a second build of the sandbox.
fn assets(tree: &Tree) -> Result<PathBuf> {
    assets::run(tree.root()).map_err(error::Error::new)
}

/// Cargo on this tree, without what cargo told this very program about itself.
fn cargo(tree: &Tree) -> Command {
    let mut command = Command::new(std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into()));
    command.current_dir(tree.root());
    for (name, _) in std::env::vars_os() {
        let told = ["CARGO_PKG_", "CARGO_MANIFEST_", "CARGO_BIN_", "CARGO_CRATE_", "CARGO_PRIMARY_"];
        if told.iter().any(|prefix| name.to_string_lossy().starts_with(prefix)) {
            command.env_remove(name);
        }
    }
    command
}
