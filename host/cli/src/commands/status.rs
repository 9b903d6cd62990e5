//! `spawnfile status`: what an image is and needs, or how a deployment is.

use serde::Serialize;
use spawnfile_core::deployment::record::{DeploymentRecord, RecordUnit};
use spawnfile_core::display::escape;
use spawnfile_core::extras::Extras;
use spawnfile_core::interface::ImageInterface;
use spawnfile_core::name::DeploymentName;
use spawnfile_core::oci::{Digest, Reference};
use spawnfile_core::report::DistributionReport;
use spawnfile_core::status::{self, Observation, Severity, Summary, UnitLook};
use spawnfile_core::subject::{self, Subject};

use crate::engine::{self, Engine, EngineArgs};
use crate::error::CliError;
use crate::image::{self, Pull};
use crate::plugins;
use crate::project::pipeline;
use crate::registry::RegistryArgs;
use crate::run::probe;
use crate::store::deployments::Deployments;
use crate::ui::Ui;
use crate::world::World;

/// Show what an image is and needs, or how a deployment is
///
/// With an image reference: what it contains and which secrets, ports and mounts it needs; nothing is started. An image
/// that the Engine does not have is read from its registry, a few kilobytes, without pulling it; no Engine is needed. With
/// --deployment, or with a project that is up: what is recorded, and with --live what the Engine and the organization's
/// own probes say.
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Examples:
  spawnfile status ghcr.io/you/org:1.0.0
  spawnfile status ghcr.io/you/org:1.0.0 --remote --platform linux/arm64 --json
  spawnfile status ghcr.io/you/org:1.0.0 --offline
  spawnfile status --deployment org --live
  spawnfile status --deployment org --live --json
  spawnfile status ./org --live")]
pub(crate) struct Args {
    /// Image reference, or project folder or Spawnfile
    #[arg(value_name = "IMAGE|PROJECT")]
    subject: Option<String>,
    /// Take the argument for an image even if a file of that name exists
    #[arg(long = "image")]
    force_image: bool,
    /// Pull the image first
    #[arg(long, conflicts_with_all = ["deployment", "live"])]
    pull: bool,
    /// Name of a deployment
    #[arg(long, value_name = "NAME")]
    deployment: Option<DeploymentName>,
    /// Ask the Engine and the probes
    #[arg(long)]
    live: bool,
    /// Output folder of a project's compile [default: .spawn beside the Spawnfile]
    #[arg(long, short, value_name = "FOLDER", requires = "subject")]
    out: Option<std::path::PathBuf>,
    #[command(flatten)]
    registry: RegistryArgs,
    #[command(flatten)]
    engine: EngineArgs,
}

pub(crate) async fn run(args: Args, world: &World, ui: &mut Ui) -> Result<u8, CliError> {
    let subject = match &args.subject {
        Some(typed) => {
            let exists = world.cwd.join(typed).exists();
            Some(subject::classify(typed, exists, args.force_image).map_err(|error| super::no_subject(&error))?)
        }
        None => None,
    };
    match (subject, args.deployment.clone()) {
        (None, Some(name)) => deployment(&args, &Deployments::of(&world.home), &name, world, ui).await,
        (Some(Subject::Project(path)), name) => {
            let store = pipeline::store(world, &path, args.out.as_deref())?;
            let name = name.map_or_else(super::up::default_name, Ok)?;
            deployment(&args, &store, &name, world, ui).await.map_err(|error| of_project(error, &path))
        }
        (Some(Subject::Image(reference)), None) if !args.live => of_image(&args, &reference, world, ui).await,
        (Some(Subject::Image(reference)), _) => Err(CliError::input("an image does not run; its deployments do")
            .hint(format!("what `{reference}` is: spawnfile status {reference}"))
            .hint("how a deployment is: spawnfile status --deployment <name> --live")),
        (None, None) => Err(CliError::input("status of what? Neither an image nor a deployment is named")
            .hint("an image: spawnfile status ghcr.io/you/org:1.0.0")
            .hint("a deployment: spawnfile status --deployment <name>; `spawnfile list` shows which there are")),
    }
}

/// The static half: no container is started.
async fn of_image(args: &Args, reference: &Reference, world: &World, ui: &mut Ui) -> Result<u8, CliError> {
    let plugins = plugins::host(world)?;
    let (id, interface) = match with_engine(args, reference, world, ui).await? {
        Some(engine) => {
            let pull = if args.pull { Pull::Always } else { Pull::Never };
            let opened = image::open(world, ui, &engine, &plugins, reference, pull).await?;
            let of = ImageInterface::of(&opened.report, opened.extras.as_ref(), &reference.to_string(), opened.digest, "engine");
            (opened.inspection.id, of)
        }
        None => {
            let remote = image::remote::open(world, &plugins, reference, &args.registry).await?;
            let digest = Some(remote.digest);
            (remote.id, ImageInterface::of(&remote.report, remote.extras.as_ref(), &reference.to_string(), digest, remote.source))
        }
    };
    ui.answer(&interface, |interface| describe(interface, &id))?;
    Ok(0)
}

/// Returns the Engine when the image is described from there: it has it, or was asked for.
async fn with_engine(args: &Args, reference: &Reference, world: &World, ui: &mut Ui) -> Result<Option<Engine>, CliError> {
    if args.pull || args.registry.local {
        return engine::connect(world, &args.engine).await.map(Some);
    }
    if args.registry.remote || args.registry.platform.is_some() {
        return Ok(None);
    }
    let endpoint = engine::endpoint(world, &args.engine)?;
    let described = endpoint.describe();
    match engine::connect_to(endpoint).await {
        Ok(engine) => {
            let found = engine.docker.inspect_image(&reference.to_string()).await.map_err(|error| engine::failed(&error))?;
            Ok(found.map(|_| engine))
        }
        // An Engine that was named has to answer.
        Err(error) if args.engine.context.is_some() || args.engine.host.is_some() => Err(error),
        Err(_) => {
            ui.step(&format!("No Engine answers at {described}: looking beyond it"));
            Ok(None)
        }
    }
}

/// Says what can be done with a project that is not up.
fn of_project(error: CliError, path: &str) -> CliError {
    error.hint(format!(
        "start it with `spawnfile up {path}`; check it with `spawnfile validate {path}`, look at it with `spawnfile view {path}`"
    ))
}

fn describe(interface: &ImageInterface, id: &Digest) -> String {
    let mut lines = vec![format!("image: {}", interface.image_ref)];
    if let Some(digest) = &interface.digest {
        lines.push(format!("digest: {digest}"));
    }
    lines.push(format!("id: {id}"));
    lines.push(format!("read from: {}", interface.source));
    lines.push(format!("project: {}", escape(&interface.project)));
    lines.push(format!("compiled: {} ({})", escape(&interface.generated_at), escape(&interface.compile_fingerprint)));
    lines.push("agents:".to_owned());
    for agent in &interface.agents {
        lines.push(format!("  {} [{}]", escape(&agent.name), escape(agent.runtime.as_deref().unwrap_or("no runtime"))));
    }
    for team in &interface.teams {
        lines.push(format!("team {}: {}", escape(&team.name), escape(&team.agents.join(", "))));
    }
    let list = |names: &[String]| if names.is_empty() { "none".to_owned() } else { names.join(", ") };
    lines.push(format!("secrets you must give: {}", list(&interface.required_secrets)));
    lines.push(format!("secrets you may give: {}", list(&interface.optional_secrets)));
    lines.push(format!("secrets made for you: {}", list(&interface.generated_secrets)));
    for auth in &interface.auth_methods {
        lines.push(format!("model login: {} by {} ({})", escape(&auth.provider), escape(&auth.method), escape(&auth.instance)));
    }
    let ports: Vec<String> = interface.internal_ports.iter().map(ToString::to_string).collect();
    lines.push(format!("ports inside: {}", list(&ports)));
    for mount in &interface.mounts {
        lines.push(format!("volume: {} at {}", escape(&mount.id), escape(&mount.target)));
    }
    if !interface.linux_capabilities.is_empty() {
        lines.push(format!("linux capabilities: {}", interface.linux_capabilities.join(", ")));
    }
    if !interface.reserved_secrets.is_empty() {
        lines.push(format!("asks for variables that steer the system, so `up` refuses it: {}", list(&interface.reserved_secrets)));
        return lines.join("\n");
    }
    lines.push(format!("next: spawnfile up {} --env-file <file>", interface.image_ref));
    lines.join("\n")
}

#[derive(Serialize)]
struct Answer {
    deployments: Vec<DeploymentAnswer>,
    live: bool,
    observations: Vec<Observation>,
    summary: Summary,
    version: &'static str,
}

#[derive(Serialize)]
struct DeploymentAnswer {
    name: String,
    created_at: String,
    source: spawnfile_core::deployment::record::Source,
    units: Vec<RecordUnit>,
}

async fn deployment(args: &Args, store: &Deployments, name: &DeploymentName, world: &World, ui: &mut Ui) -> Result<u8, CliError> {
    // Gather.
    let record = store.require(name)?;
    let documents = store.documents(name)?;
    let plugins = plugins::host(world)?;
    let (report, extras) = image::validate(&plugins, &documents)
        .await
        .map_err(|error| error.hint(format!("the cached documents of deployment `{name}` are damaged: take it down and up again")))?;
    let looked = if args.live { Some(look(args, world, &record, extras.as_ref()).await?) } else { None };

    // Decide.
    let mut observations = status::declared(&report);
    observations.push(status::record(&record));
    observations.extend(status::fingerprint(&record, &report.compile_fingerprint));
    match looked {
        Some(looked) => observations.extend(looked),
        None => observations.extend(record.units.iter().flat_map(|unit| status::unit(&record, unit, &UnitLook::NotAsked))),
    }
    let answer = Answer {
        summary: status::summary(Some(&report), 1, &observations),
        deployments: vec![DeploymentAnswer {
            name: record.name.to_string(),
            created_at: record.created_at.clone(),
            source: record.source.clone(),
            units: record.units.clone(),
        }],
        live: args.live,
        observations,
        version: "spawnfile.status.v1",
    };
    let code = status::exit_code(&answer.observations);
    ui.answer(&answer, |answer| human(answer, &report))?;
    Ok(code)
}

/// Asks the Engine about every unit, and every running unit's probes.
async fn look(args: &Args, world: &World, record: &DeploymentRecord, extras: Option<&Extras>) -> Result<Vec<Observation>, CliError> {
    let engine = engine::connect_recorded(world, &args.engine, &record.target).await?;
    let mut observations = Vec::new();
    for unit in &record.units {
        let look = look_at(&engine, unit).await;
        let running = matches!(&look, UnitLook::Found(facts) if facts.state == "running");
        observations.extend(status::unit(record, unit, &look));
        if let (true, UnitLook::Found(facts)) = (running, &look) {
            match extras {
                Some(extras) => observations.extend(probe::all(&engine.docker, &facts.id, extras).await),
                None => observations.extend(unit.runtime_instances.iter().map(|instance| status::unprobed(instance))),
            }
        }
    }
    Ok(observations)
}

async fn look_at(engine: &Engine, unit: &RecordUnit) -> UnitLook {
    let Some(id) = unit.container_id.clone() else { return UnitLook::Down };
    match engine.docker.facts(&[id]).await {
        Ok(facts) => facts.into_iter().next().map_or(UnitLook::Missing, UnitLook::Found),
        Err(error) => UnitLook::Failed(error.to_string()),
    }
}

fn human(answer: &Answer, report: &DistributionReport) -> String {
    let Summary { ok, warn, error, unknown, .. } = &answer.summary;
    let mut lines = vec![format!("project: {}", escape(&report.organization.project))];
    for deployment in &answer.deployments {
        lines.push(format!("deployment: {} (recorded {})", deployment.name, escape(&deployment.created_at)));
    }
    lines.push(format!("status: {ok} ok, {warn} warn, {error} error, {unknown} unknown"));
    let rank = |severity: Severity| std::cmp::Reverse(severity);
    let mut sorted: Vec<&Observation> = answer.observations.iter().collect();
    sorted.sort_by_key(|observation| rank(observation.severity));
    for observation in sorted {
        lines.push(format!(
            "  [{}] {} {}: {}",
            observation.severity.as_str(),
            escape(&observation.subject),
            observation.key,
            escape(&observation.message)
        ));
    }
    if !answer.live {
        lines.push("as recorded; add --live to ask the Engine".to_owned());
    }
    lines.join("\n")
}
