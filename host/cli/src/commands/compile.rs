//! `spawnfile compile`.

use std::path::PathBuf;

use serde::Serialize;
use spawnfile_core::finding::Finding;
use spawnfile_core::oci::Platform;

use crate::error::CliError;
use crate::plugins;
use crate::project::{lockfile, pipeline, write};
use crate::ui::Ui;
use crate::world::World;

/// Compile a project to a folder that any docker build turns into the image
///
/// Needs no Engine, registry or network. The same project, lock and SOURCE_DATE_EPOCH give the same bytes.
#[derive(Debug, clap::Args)]
#[command(after_help = "Examples:\n  spawnfile compile ./org\n  spawnfile compile ./org --out build && docker build build")]
pub(crate) struct Args {
    /// Project folder or Spawnfile
    #[arg(default_value = ".")]
    path: String,
    /// Output folder [default: .spawn beside the Spawnfile]
    #[arg(long, short, value_name = "FOLDER")]
    out: Option<PathBuf>,
    /// Platform to compile for [default: this machine's]
    #[arg(long, value_name = "OS/ARCH")]
    platform: Option<Platform>,
}

#[derive(Serialize)]
struct Answer {
    output: String,
    report: String,
    compile_fingerprint: String,
    findings: Vec<Finding>,
}

pub(crate) async fn run(args: Args, world: &World, ui: &mut Ui) -> Result<u8, CliError> {
    let plugins = plugins::host(world)?;
    let mut prepared = pipeline::prepare(world, &plugins, &args.path).await?;
    let lock = lockfile::read(&prepared.gathered.folder)?;
    let out = pipeline::output_folder(world, &prepared, args.out.as_deref());
    let (compiled, findings) = pipeline::assemble(world, &prepared, &lock, pipeline::platform(args.platform), &out)?;
    prepared.findings.extend(findings);

    write::write(&out, &prepared.gathered.folder, &compiled.tree, world.source_date()?)?;

    let answer = Answer {
        output: out.display().to_string(),
        report: out.join("spawnfile-report.json").display().to_string(),
        compile_fingerprint: compiled.report.compile_fingerprint.clone(),
        findings: prepared.findings.sorted(),
    };
    if !ui.is_json() {
        ui.findings(&prepared.findings);
    }
    ui.answer(&answer, |answer| format!("compiled to {}\nreport: {}", answer.output, answer.report))?;
    Ok(0)
}
