//! `spawnfile validate`.

use serde::Serialize;
use spawnfile_core::finding::Finding;
use spawnfile_core::view;

use crate::error::CliError;
use crate::plugins;
use crate::project::{lockfile, pipeline};
use crate::ui::Ui;
use crate::world::World;

/// Check a project without writing anything
///
/// Finds everything that `compile` would refuse, all of it at once.
#[derive(Debug, clap::Args)]
#[command(after_help = "Example:\n  spawnfile validate ./org")]
pub(crate) struct Args {
    /// Project folder or Spawnfile
    #[arg(default_value = ".")]
    path: String,
}

#[derive(Serialize)]
struct Answer {
    root: String,
    nodes: usize,
    runtimes: Vec<String>,
    findings: Vec<Finding>,
}

pub(crate) async fn run(args: Args, world: &World, ui: &mut Ui) -> Result<u8, CliError> {
    let plugins = plugins::host(world)?;
    let prepared = pipeline::prepare(world, &plugins, &args.path).await?;
    let lock = lockfile::read(&prepared.gathered.folder)?;
    let out = pipeline::output_folder(world, &prepared, None);
    pipeline::assemble(world, &prepared, &lock, pipeline::platform(None), &out)?;
    let summary = view::summary(&prepared.organization);
    let answer = Answer {
        root: prepared.gathered.manifest.display().to_string(),
        nodes: summary.nodes,
        runtimes: summary.runtimes,
        findings: prepared.findings.sorted(),
    };
    if !ui.is_json() {
        ui.findings(&prepared.findings);
    }
    ui.answer(&answer, |answer| {
        let runtimes = if answer.runtimes.is_empty() { "none".to_owned() } else { answer.runtimes.join(", ") };
        format!("validation succeeded\nroot: {}\nnodes: {}\nruntimes: {runtimes}", answer.root, answer.nodes)
    })?;
    Ok(0)
}
