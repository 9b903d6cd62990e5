//! `spawnfile plugin`.

use std::path::PathBuf;

use clap::Subcommand;
use serde::Serialize;
use spawnfile_core::display::escape;
use spawnfile_core::name::PluginId;
use spawnfile_plugins::{Added, Inspection, Origin, PluginHost};

use crate::error::CliError;
use crate::plugins;
use crate::ui::Ui;
use crate::world::World;

mod test;

/// Manage plugins: runtime kinds, auth methods, targets
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Examples:
  spawnfile plugin list
  spawnfile plugin inspect spawnfile/target-docker
  spawnfile plugin add ./my-plugin            a folder with plugin.toml and plugin.wasm
  spawnfile plugin add ./runtime_echo.wasm    a component, or a core module that cargo built
  spawnfile plugin test ./my-plugin           what a plugin of its kind promises, tried out; nothing is added
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
    /// Try out everything that a plugin of its kind promises (exit code 1 when a check fails)
    Test(test::Args),
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

/// What was added, and what it took the place of.
#[derive(Serialize)]
struct AddedAnswer {
    #[serde(flatten)]
    plugin: Answer,
    replaced: Option<Replaced>,
}

#[derive(Serialize)]
struct Replaced {
    version: String,
    digest: String,
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
            let added = host.add(&world.cwd.join(&path)).await.map_err(|error| CliError::input_from(&error))?;
            let inspection = host.inspect(&added.manifest.id).await.map_err(|error| CliError::failed_from(&error))?;
            let replaced = added.replaced.as_ref().map(|old| Replaced { version: old.version.clone(), digest: old.component.to_string() });
            let answer = AddedAnswer { plugin: answer(&inspection), replaced };
            ui.answer(&answer, |answer| format!("{}\n{}", what_happened(&added), human(&answer.plugin)))?;
        }
        Command::Test(args) => return test::run(args, world, ui).await,
        Command::Remove { id } => {
            plugins::host(world)?.remove(&id).map_err(|error| CliError::input_from(&error))?;
            ui.answer(&Removed { removed: id.to_string() }, |removed| format!("removed {}", removed.removed))?;
        }
    }
    Ok(0)
}

/// Says in one line what adding did.
fn what_happened(Added { locked, replaced, .. }: &Added) -> String {
    let to = format!("{}@{} (sha256:{})", locked.id, locked.version, locked.component.short());
    match replaced {
        None => format!("added {to}"),
        Some(old) if old.component == locked.component && old.version == locked.version => format!("added {to} again, as it was"),
        Some(old) => format!(
            "replaced {}@{} (sha256:{}) by {}@{} (sha256:{})",
            old.id,
            old.version,
            old.component.short(),
            locked.id,
            locked.version,
            locked.component.short()
        ),
    }
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
    // What a plugin says of itself is foreign text; so are the names in a component.
    let list = |names: &[String]| if names.is_empty() { "none".to_owned() } else { escape(&names.join(", ")).into_owned() };
    format!(
        "id: {}\nkind: {}\nversion: {}\ntitle: {}\nworld: {}\norigin: {}\nsize: {} bytes\nprovides: {}\nimports: {}\ncapabilities: {}\ndigest: {}",
        answer.id,
        answer.kind,
        answer.version,
        escape(&answer.title),
        escape(&answer.world),
        answer.origin,
        answer.size,
        list(&answer.provides),
        list(&answer.imports),
        list(&answer.capabilities),
        answer.digest
    )
}
