//! `spawnfile completions`.

use clap::CommandFactory;
use clap_complete::Shell;

use crate::error::CliError;
use crate::ui::Ui;

/// Print a completion script for a shell
#[derive(Debug, clap::Args)]
#[command(after_help = "Example:\n  spawnfile completions bash > /etc/bash_completion.d/spawnfile")]
pub(crate) struct Args {
    /// Shell to complete in
    shell: Shell,
}

pub(crate) fn run(args: &Args, ui: &mut Ui) -> Result<u8, CliError> {
    let mut script = Vec::new();
    clap_complete::generate(args.shell, &mut crate::args::Args::command(), "spawnfile", &mut script);
    let script = String::from_utf8_lossy(&script).into_owned();
    ui.answer(&script, String::clone)?;
    Ok(0)
}
