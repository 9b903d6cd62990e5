//! `cargo xtask test`: set-up, then every test of the workspace, then what was skipped and why, then the totals.
//!
//! A test that cannot run on a machine appends one line, `<test>: <reason>`, to the file that the environment variable
//! `SPAWNFILE_TEST_SKIPPED` names, and returns. It is counted as skipped, not as passed.

mod totals;

use std::io::{BufRead as _, BufReader, Write as _};
use std::path::Path;
use std::process::{Command, ExitCode, Stdio};

use crate::console;
use crate::error::{Context as _, Error, Result};
use crate::setup::{self, Images};
use crate::tree::Tree;
use totals::Totals;

/// What `cargo xtask test` was told.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    #[command(flatten)]
    images: Images,
    /// Arguments of `cargo test` in place of `--workspace`
    #[arg(last = true)]
    cargo: Vec<String>,
}

const SKIPPED: &str = "SPAWNFILE_TEST_SKIPPED";
/// The arm64 spawnfile-init, which its test would build else.
const INIT_ARM64: &str = "SPAWNFILE_TEST_INIT_ARM64";

/// Runs the chore. Its last line on standard output is `N passed, N failed, N skipped`.
pub(crate) fn chore(tree: &Tree, args: &Args) -> Result<ExitCode> {
    let setup = setup::run(tree, args.images)?;
    let assets = crate::assets(tree)?;

    let skips = tempfile::NamedTempFile::new_in(tree.setup_folder("")?).context(|| "making the file of skipped tests".to_owned())?;
    let mut cargo = crate::cargo(tree);
    cargo.args(["test", "--no-fail-fast"]).envs(setup.environment()).env(SKIPPED, skips.path()).env(INIT_ARM64, assets.join("init-arm64"));
    if args.cargo.is_empty() {
        cargo.arg("--workspace")
    } else {
        cargo.args(&args.cargo)
    };
    let mut totals = run(cargo)?;
    totals.skipped_by_themselves(&read_skips(skips.path())?);

    for skipped in totals.skips() {
        console::answer(format_args!("skipped: {skipped}"));
    }
    if totals.uncounted() {
        console::answer("failed: something did not compile, or a test program ended half-way; see above");
    }
    console::answer(&totals);
    Ok(if totals.failed() == 0 { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

/// Runs `cargo test`, passes its output on as it comes, and counts.
fn run(mut cargo: Command) -> Result<Totals> {
    let mut child = cargo.stdin(Stdio::null()).stdout(Stdio::piped()).spawn().context(|| "starting `cargo test`".to_owned())?;
    let stdout = child.stdout.take().ok_or_else(|| Error::new("`cargo test` has no output"))?;
    let mut totals = Totals::default();
    let mut out = std::io::stdout().lock();
    for line in BufReader::new(stdout).split(b'\n') {
        let line = line.context(|| "reading from `cargo test`".to_owned())?;
        // A reader that went away does not stop the tests.
        out.write_all(&line).and_then(|()| out.write_all(b"\n")).ok();
        totals.line(&String::from_utf8_lossy(&line));
    }
    drop(out);
    let status = child.wait().context(|| "waiting for `cargo test`".to_owned())?;
    totals.ended(status.success());
    Ok(totals)
}

fn read_skips(path: &Path) -> Result<String> {
    let bytes = std::fs::read(path).context(|| format!("reading `{}`", path.display()))?;
    Ok(String::from_utf8_lossy(&bytes).into_owned())
}
