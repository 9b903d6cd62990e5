//! `spawnfile down`.

use std::collections::BTreeMap;
use std::time::Duration;

use serde::Serialize;
use spawnfile_core::deployment::plan::ContainerFacts;
use spawnfile_core::deployment::record::DeploymentRecord;
use spawnfile_core::extras::Extras;
use spawnfile_core::name::DeploymentName;
use spawnfile_core::oci::labels;

use crate::engine::{self, Engine, EngineArgs};
use crate::error::CliError;
use crate::project::pipeline;
use crate::store::deployments::Deployments;
use crate::ui::Ui;
use crate::world::World;

/// Take a deployment down
///
/// Containers are stopped and removed. Volumes stay, and with them the record, so that `up` finds them again; with
/// --volumes they go too, and nothing is left.
#[derive(Debug, clap::Args)]
#[command(after_help = "Examples:\n  spawnfile down --deployment org\n  spawnfile down --deployment org --volumes\n  spawnfile down ./org")]
pub(crate) struct Args {
    /// Project folder or Spawnfile, for a deployment that `up <project>` made
    project: Option<String>,
    /// Name of the deployment [default with a project: default]
    #[arg(long, value_name = "NAME", required_unless_present = "project")]
    deployment: Option<DeploymentName>,
    /// Output folder of the project's compile [default: .spawn beside the Spawnfile]
    #[arg(long, short, value_name = "FOLDER", requires = "project")]
    out: Option<std::path::PathBuf>,
    /// Remove its volumes too, with everything in them
    #[arg(long)]
    volumes: bool,
    #[command(flatten)]
    engine: EngineArgs,
}

#[derive(Serialize)]
struct Answer {
    deployment: String,
    stopped: Vec<String>,
    removed_volumes: Vec<String>,
    retained_volumes: Vec<String>,
    forgotten: bool,
    errors: Vec<String>,
}

pub(crate) async fn run(args: Args, world: &World, ui: &mut Ui) -> Result<u8, CliError> {
    let store = match &args.project {
        Some(project) => pipeline::store(world, project, args.out.as_deref())?,
        None => Deployments::of(&world.home),
    };
    let name = &match args.deployment.clone() {
        Some(name) => name,
        None => super::up::default_name()?,
    };
    let Some(owner) = store.known_owner()? else { return Err(store.require(name).err().unwrap_or_else(|| unknown(name))) };
    let wanted = owner_labels(owner, name);
    let (_lock, mut record) = match store.load(name)? {
        Some(_) => (Some(store.lock(name)?), Some(store.require(name)?)),
        None => (None, None),
    };
    let engine = match &record {
        Some(record) => engine::connect_recorded(world, &args.engine, &record.target).await?,
        None => engine::connect(world, &args.engine).await?,
    };
    let docker = &engine.docker;
    // Without a record there may still be what a killed command left.
    if record.is_none() && docker.find(&wanted).await.map_err(|error| engine::failed(&error))?.is_empty() {
        store.require(name)?;
    }

    let mut answer = Answer {
        deployment: name.to_string(),
        stopped: Vec::new(),
        removed_volumes: Vec::new(),
        retained_volumes: Vec::new(),
        forgotten: false,
        errors: Vec::new(),
    };
    let grace = grace(&store, name);
    for container in containers(&engine, record.as_ref(), &wanted, &mut answer.errors).await? {
        ui.step(&format!("Stopping {}", container.name));
        let stopped = match docker.stop(&container.id, grace).await {
            Ok(()) => docker.remove(&container.id, true, true).await,
            Err(error) => Err(error),
        };
        match stopped {
            Ok(()) | Err(spawnfile_docker::DockerError::NotFound { .. }) => answer.stopped.push(container.unit.clone()),
            Err(error) => answer.errors.push(format!("{}: {error}", container.name)),
        }
    }
    if answer.errors.is_empty() {
        if let Some(record) = &mut record {
            for unit in &mut record.units {
                unit.container_id = None;
            }
            store.update(record)?;
        }
        match docker.remove_network(&wanted).await {
            Err(error) if !error.is_not_found() => answer.errors.push(error.to_string()),
            _ => {}
        }
    }
    for volume in docker.find_volumes(&wanted).await.map_err(|error| engine::failed(&error))? {
        if !args.volumes || !answer.errors.is_empty() {
            answer.retained_volumes.push(volume);
            continue;
        }
        match docker.remove_volume(&volume).await {
            Ok(()) => answer.removed_volumes.push(volume),
            Err(error) => answer.errors.push(format!("volume {volume}: {error}")),
        }
    }
    if answer.errors.is_empty() && answer.retained_volumes.is_empty() && store.folder(name).exists() {
        store.forget(name)?;
        answer.forgotten = true;
    }
    let code = u8::from(!answer.errors.is_empty());
    let again = args.project.as_ref().map_or_else(String::new, |project| format!(" {project}"));
    ui.answer(&answer, |answer| human(answer, &again))?;
    Ok(code)
}

/// Returns the labels that everything of this deployment of this store carries.
fn owner_labels(owner: String, name: &DeploymentName) -> BTreeMap<String, String> {
    [(labels::DEPLOYMENT, name.to_string()), (labels::HOME, owner)].into_iter().map(|(key, value)| (key.to_owned(), value)).collect()
}

/// Returns the containers of the deployment: those that carry its labels. A recorded container that does not is left
/// alone and said.
async fn containers(
    engine: &Engine,
    record: Option<&DeploymentRecord>,
    wanted: &BTreeMap<String, String>,
    errors: &mut Vec<String>,
) -> Result<Vec<ContainerFacts>, CliError> {
    let own = engine.docker.find(wanted).await.map_err(|error| engine::failed(&error))?;
    let units = record.map(|record| record.units.as_slice()).unwrap_or_default();
    let recorded: Vec<String> = units.iter().filter_map(|unit| unit.container_id.clone()).collect();
    let recorded =
        if recorded.is_empty() { Vec::new() } else { engine.docker.facts(&recorded).await.map_err(|error| engine::failed(&error))? };
    for foreign in recorded.iter().filter(|facts| !own.iter().any(|own| own.id == facts.id)) {
        errors.push(format!("container `{}` is in the record but does not carry the deployment's labels; it was left alone; if it is yours, remove it with `docker rm -f {}`", foreign.name, foreign.name));
    }
    Ok(own)
}

/// Returns how long the deployment's instances may take to stop.
fn grace(store: &Deployments, name: &DeploymentName) -> Duration {
    let extras = store.documents(name).ok().and_then(|documents| documents.extras);
    // Our own copy of what was validated when it was deployed; without it, docker's own default.
    let extras = extras.and_then(|bytes| serde_json::from_slice::<Extras>(&bytes).ok());
    let longest = extras.and_then(|extras| extras.instances.iter().map(|instance| instance.stop_grace_ms).max());
    Duration::from_millis(u64::from(longest.unwrap_or(10_000)).min(120_000)) + Duration::from_secs(2)
}

fn unknown(name: &DeploymentName) -> CliError {
    CliError::input(format!("no deployment `{name}`: there never was one"))
}

fn human(answer: &Answer, project: &str) -> String {
    let mut lines = vec![format!("deployment: {}", answer.deployment)];
    lines.extend(answer.stopped.iter().map(|unit| format!("stopped: {unit}")));
    lines.extend(answer.removed_volumes.iter().map(|volume| format!("removed volume: {volume}")));
    lines.extend(answer.retained_volumes.iter().map(|volume| format!("retained volume: {volume}")));
    lines.extend(answer.errors.iter().map(|error| format!("error: {error}")));
    if !answer.retained_volumes.is_empty() && answer.errors.is_empty() {
        lines.push(format!("to remove the volumes too: spawnfile down{project} --deployment {} --volumes", answer.deployment));
    }
    lines.join("\n")
}
