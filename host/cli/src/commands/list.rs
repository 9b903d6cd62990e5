//! `spawnfile list`.

use serde::Serialize;
use spawnfile_core::deployment::record::Source;

use crate::error::CliError;
use crate::store::deployments::Deployments;
use crate::ui::Ui;
use crate::world::World;

/// List deployments
///
/// Reads the home store alone; `spawnfile status --deployment <name> --live` asks the Engine.
#[derive(Debug, clap::Args)]
#[command(after_help = "Example:\n  spawnfile list --json")]
pub(crate) struct Args {}

#[derive(Serialize)]
struct Answer {
    deployments: Vec<Row>,
}

#[derive(Serialize)]
struct Row {
    name: String,
    source: String,
    digest: Option<String>,
    created_at: String,
    /// `up` or `down`, as recorded; `damaged` when the record cannot be read.
    state: &'static str,
}

pub(crate) fn run(_args: &Args, world: &World, ui: &mut Ui) -> Result<u8, CliError> {
    let store = Deployments::of(&world.home);
    let mut rows = Vec::new();
    let mut damaged = 0;
    for name in store.names()? {
        let record = match store.load(&name) {
            Ok(Some(record)) => record,
            Ok(None) => continue,
            // One bad record must not hide the others.
            Err(error) => {
                damaged += 1;
                ui.error(&error);
                rows.push(Row { name: name.to_string(), source: String::new(), digest: None, created_at: String::new(), state: "damaged" });
                continue;
            }
        };
        let (source, digest) = match &record.source {
            Source::Image { reference, digest } => (reference.clone(), digest.clone()),
            Source::Project { root } => (root.clone(), None),
        };
        let up = record.units.iter().any(|unit| unit.container_id.is_some());
        rows.push(Row {
            name: name.to_string(),
            source,
            digest,
            created_at: record.created_at.clone(),
            state: if up { "up" } else { "down" },
        });
    }
    ui.answer(&Answer { deployments: rows }, |answer| {
        if answer.deployments.is_empty() {
            return "no deployments".to_owned();
        }
        let width = answer.deployments.iter().map(|row| row.name.len()).max().unwrap_or_default();
        let lines: Vec<String> = answer
            .deployments
            .iter()
            .map(|row| format!("{:width$}  {:7}  {}  {}", row.name, row.state, row.created_at, row.source))
            .collect();
        lines.join("\n")
    })?;
    Ok(if damaged > 0 { 2 } else { 0 })
}
