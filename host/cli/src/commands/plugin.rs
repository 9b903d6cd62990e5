//! `spawnfile plugin`.

use std::path::PathBuf;

use clap::Subcommand;
use serde::Serialize;
use spawnfile_core::name::PluginId;
use spawnfile_plugins::{Inspection, Origin, PluginHost};

use crate::error::CliError;
use crate::plugins;
use crate::ui::Ui;
use crate::world::World;

/// Manage plugins: runtime kinds, auth methods, targets
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Examples:
  spawnfile plugin list
  spawnfile plugin inspect spawnfile/target-docker
  spawnfile plugin add ./my-plugin            a folder with plugin.toml and plugin.wasm
  spawnfile plugin add ./runtime_echo.wasm    a component, or a core module that cargo built
  spawnfile plugin remove acme/runtime-echo")]
pub(crate) struct Args {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// List plugins, the built-in ones included
    List,
    /// Show what a plugin is, provides and may do
    Inspect {
        /// Plugin id (namespace/name)
        id: PluginId,
    },
    /// Add a plugin from a folder or a .wasm file
    Add {
        /// Folder with plugin.toml and plugin.wasm, or a .wasm file
        path: PathBuf,
    },
    /// Remove an added plugin
    Remove {
        /// Plugin id (namespace/name)
        id: PluginId,
    },
}

#[derive(Serialize)]
struct Listed {
    plugins: Vec<Answer>,
}

#[derive(Serialize)]
struct Answer {
    id: String,
    kind: String,
    version: String,
    title: String,
    world: String,
    origin: &'static str,
    digest: String,
    size: u64,
    provides: Vec<String>,
    imports: Vec<String>,
    capabilities: Vec<String>,
}

#[derive(Serialize)]
struct Removed {
    removed: String,
}

pub(crate) async fn run(args: Args, world: &World, ui: &mut Ui) -> Result<u8, CliError> {
    match args.command {
        Command::List => {
            let host = plugins::host(world)?;
            let listed = list(&host, ui).await?;
            ui.answer(&Listed { plugins: listed }, |listed| {
                let width = listed.plugins.iter().map(|plugin| plugin.id.len()).max().unwrap_or_default();
                let lines: Vec<String> = listed
                    .plugins
                    .iter()
                    .map(|plugin| format!("{:width$}  {:8}  {:16}  {}", plugin.id, plugin.version, plugin.kind, plugin.origin))
                    .collect();
                lines.join("\n")
            })?;
        }
        Command::Inspect { id } => {
            let host = plugins::host(world)?;
            let inspection = host.inspect(&id).await.map_err(|error| CliError::input_from(&error))?;
            ui.answer(&answer(&inspection), human)?;
        }
        Command::Add { path } => {
            let host = plugins::host(world)?;
            ui.step(&format!("Adding {}", path.display()));
            let installed = host.add(&world.cwd.join(&path)).await.map_err(|error| CliError::input_from(&error))?;
            let inspection = host.inspect(&installed.manifest.id).await.map_err(|error| CliError::failed_from(&error))?;
            ui.answer(&answer(&inspection), |answer| format!("added {}@{}\n{}", answer.id, answer.version, human(answer)))?;
        }
        Command::Remove { id } => {
            plugins::host(world)?.remove(&id).map_err(|error| CliError::input_from(&error))?;
            ui.answer(&Removed { removed: id.to_string() }, |removed| format!("removed {}", removed.removed))?;
        }
    }
    Ok(0)
}

/// Lists what can be listed; a damaged plugin is said and does not hide the others.
async fn list(host: &PluginHost, ui: &mut Ui) -> Result<Vec<Answer>, CliError> {
    let mut answers = Vec::new();
    for listed in host.list().map_err(|error| CliError::failed_from(&error))? {
        let inspected = match listed {
            Ok(listed) => host.inspect(&listed.manifest.id).await,
            Err(error) => Err(error),
        };
        match inspected {
            Ok(inspection) => answers.push(answer(&inspection)),
            Err(error) => ui.warn(&error.to_string()),
        }
    }
    Ok(answers)
}

fn answer(inspection: &Inspection) -> Answer {
    Answer {
        id: inspection.identity.id.to_string(),
        kind: inspection.manifest.kind.clone(),
        version: inspection.identity.version.clone(),
        title: inspection.manifest.title.clone(),
        world: inspection.manifest.world.clone(),
        origin: match inspection.origin {
            Origin::Builtin => "built-in",
            Origin::Installed(_) => "added",
        },
        digest: inspection.identity.digest.to_string(),
        size: inspection.bytes,
        provides: inspection.manifest.provides.clone(),
        imports: inspection.imports.clone(),
        capabilities: inspection.manifest.capability_kinds().into_iter().map(ToOwned::to_owned).collect(),
    }
}

fn human(answer: &Answer) -> String {
    let list = |names: &[String]| if names.is_empty() { "none".to_owned() } else { names.join(", ") };
    format!(
        "id: {}\nkind: {}\nversion: {}\ntitle: {}\nworld: {}\norigin: {}\nsize: {} bytes\nprovides: {}\nimports: {}\ncapabilities: {}\ndigest: {}",
        answer.id,
        answer.kind,
        answer.version,
        answer.title,
        answer.world,
        answer.origin,
        answer.size,
        list(&answer.provides),
        list(&answer.imports),
        list(&answer.capabilities),
        answer.digest
    )
}
