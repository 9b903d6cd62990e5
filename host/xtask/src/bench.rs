//! `cargo xtask bench`: set-up, then the benchmark of the product (tests/benches), whose table is the answer. Judges
//! nothing itself: the exit code says whether everything could be measured, not how fast it was.

use std::process::{ExitCode, Stdio};

use crate::error::{Context as _, Error, Result};
use crate::setup::{self, Images};
use crate::tree::Tree;

/// What `cargo xtask bench` was told.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    #[command(flatten)]
    images: Images,
    /// Answer as JSON
    #[arg(long)]
    json: bool,
    /// Only these groups of figures: process, plugin, compile, image, up
    groups: Vec<String>,
}

/// Runs the chore.
pub(crate) fn chore(tree: &Tree, args: &Args) -> Result<ExitCode> {
    let setup = setup::run(tree, args.images)?;
    crate::assets(tree)?;
    let mut cargo = crate::cargo(tree);
    cargo.args(["bench", "--package", "spawnfile", "--bench", "product", "--"]).args(&args.groups).envs(setup.environment());
    if args.json {
        cargo.arg("--json");
    }
    let status = cargo.stdin(Stdio::null()).status().context(|| "starting `cargo bench`".to_owned())?;
    if status.success() { Ok(ExitCode::SUCCESS) } else { Err(Error::new(format!("`cargo bench` ended: {status}"))) }
}
