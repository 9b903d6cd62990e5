//! `spawnfile up`: gather (image or project, secrets), decide (preflight, plan), act (create, deliver, start, wait,
//! record).

use std::path::Path;

use serde::Serialize;
use spawnfile_core::deployment::plan::PlannedPort;
use spawnfile_core::deployment::record::{self, DeploymentRecord, Origin};
use spawnfile_core::name::DeploymentName;
use spawnfile_core::oci::Reference;
use spawnfile_core::oci::reference::ReferenceError;
use spawnfile_core::preflight::Supplied;
use spawnfile_core::subject::{self, Subject};
use spawnfile_plugins::PluginHost;

use crate::engine::{self, Engine, EngineArgs};
use crate::error::CliError;
use crate::image::{self, Opened, Pull};
use crate::plugins;
use crate::project::built::{self, BuildOptions};
use crate::run::follow;
use crate::run::secrets::{self, SecretArgs};
use crate::run::settings::SettingsArgs;
use crate::run::start::{self, Identity, Request, SecretSource, Start};
use crate::store::deployments::Deployments;
use crate::ui::Ui;
use crate::world::World;

/// Name of a project's deployment unless another is given; it is unique in the project alone.
const DEFAULT: &str = "default";

/// Run an organization from its image reference, or from its project
///
/// The image is looked at first: what it is, whether it is what it says, and which secrets it needs. A project is
/// compiled and built first. Everything that is missing is listed at once, and nothing is started before it is all
/// there. The command returns when the organization is healthy; a failed start leaves nothing behind.
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Examples:
  spawnfile up ghcr.io/you/org:1.0.0 --env-file .env
  spawnfile up ghcr.io/you/org:1.0.0 --auth-profile work --deployment prod
  spawnfile up ghcr.io/you/org:1.0.0 --from-env ANTHROPIC_API_KEY --network none
  spawnfile up ghcr.io/you/org:1.0.0 --env-file .env --publish 8080:18789
  spawnfile up ./org --env-file .env --attach")]
pub(crate) struct Args {
    /// Image reference, or project folder or Spawnfile
    #[arg(value_name = "IMAGE|PROJECT")]
    subject: String,
    /// Take the argument for an image even if a file of that name exists
    #[arg(long = "image")]
    force_image: bool,
    /// Name of the deployment [default: last part of the image's name; `default` for projects]
    #[arg(long, value_name = "NAME")]
    deployment: Option<DeploymentName>,
    /// Pull the image first even if the Engine has it
    #[arg(long)]
    pull: bool,
    /// Return once it is healthy (the default; accepted for habit)
    #[arg(long, short)]
    detach: bool,
    /// Then follow its output, until Ctrl-C; it goes on running
    #[arg(long, conflicts_with = "detach")]
    attach: bool,
    #[command(flatten)]
    settings: SettingsArgs,
    #[command(flatten, next_help_heading = "Projects")]
    build: BuildOptions,
    #[command(flatten)]
    secrets: SecretArgs,
    #[command(flatten)]
    engine: EngineArgs,
}

#[derive(Serialize)]
struct Answer {
    deployment: String,
    image: String,
    digest: Option<String>,
    image_id: String,
    record: String,
    units: Vec<UnitAnswer>,
    secrets: Vec<SecretSource>,
    /// Where its ports are reached.
    published: Vec<PlannedPort>,
    #[serde(skip)]
    next: String,
}

#[derive(Serialize)]
struct UnitAnswer {
    id: String,
    container_id: String,
    container_name: String,
}

pub(crate) async fn run(args: Args, world: &World, ui: &mut Ui) -> Result<u8, CliError> {
    if args.attach && ui.is_json() {
        return Err(CliError::input("--attach shows the output of the organization, --json one document: choose one of them"));
    }
    let exists = world.cwd.join(&args.subject).exists();
    match subject::classify(&args.subject, exists, args.force_image).map_err(|error| super::no_subject(&error))? {
        Subject::Image(reference) => Box::pin(from_image(&args, reference, world, ui)).await,
        Subject::Project(path) => Box::pin(from_project(&args, &path, world, ui)).await,
    }
}

async fn from_image(args: &Args, reference: Reference, world: &World, ui: &mut Ui) -> Result<u8, CliError> {
    let BuildOptions { out, platform, locked } = &args.build;
    if out.is_some() || platform.is_some() || *locked {
        return Err(CliError::input("--out, --platform and --locked are for projects; an image is run as it is"));
    }
    let plugins = plugins::host(world)?;
    let engine = engine::connect(world, &args.engine).await?;
    let store = Deployments::of(&world.home);
    let (name, derived) = match args.deployment.clone() {
        Some(name) => (name, false),
        None => (DeploymentName::derive(reference.repository()), true),
    };

    let policy = if args.pull { Pull::Always } else { Pull::IfMissing };
    let supplied = secrets::supplied(world, &args.secrets)?;
    let opened = image::open(world, ui, &engine, &plugins, &reference, policy).await?;
    let _lock = store.lock(&name)?;
    let how = if derived { format!(" (the name derived from {reference})") } else { String::new() };
    vacant(&store, &engine, &name, &how, &format!("spawnfile down --deployment {name}")).await?;

    let deploy = Deploy {
        world,
        engine: &engine,
        plugins: &plugins,
        opened: &opened,
        store: &store,
        identity: Identity { scope: name.clone(), name: name.clone(), owner: store.owner()? },
        origin: Origin::Image { reference: reference.to_string(), digest: opened.digest.clone() },
        next: format!("spawnfile status --deployment {name} --live"),
    };
    Box::pin(deploy.act(args, supplied, ui)).await
}

async fn from_project(args: &Args, path: &str, world: &World, ui: &mut Ui) -> Result<u8, CliError> {
    if args.pull {
        return Err(CliError::input("--pull is for images; what a project is made from is pinned in Spawnfile.lock")
            .hint("look for newer ones: spawnfile lock --update"));
    }
    let plugins = plugins::host(world)?;
    let supplied = secrets::supplied(world, &args.secrets)?;
    let name = match args.deployment.clone() {
        Some(name) => name,
        None => default_name()?,
    };
    let ready = built::compile(world, ui, &plugins, path, &args.build, &args.engine).await?;
    let store = Deployments::of_project(&ready.out);
    let _lock = store.lock(&name)?;
    vacant(&store, &ready.engine, &name, " of this project", &format!("spawnfile down {path} --deployment {name}")).await?;
    // Before the build: what is missing now is missing then too.
    start::cleared(path, &ready.compiled.report, Some(&ready.compiled.extras), supplied.clone())
        .inspect_err(|_| forget_unless_recorded(&store, &name))?;

    let project = ready.compiled.report.organization.project.clone();
    let scope = scope(&project, &name);
    let (root, output_directory) = (ready.manifest.display().to_string(), ready.out.display().to_string());
    let mut built = built::build(world, ui, &plugins, ready).await?;
    ui.findings(&built.findings);
    let image_tag = format!("spawnfile-{scope}");
    built.opened.reference = image_tag.parse().map_err(|error: ReferenceError| CliError::failed_from(&error))?;
    built.engine.docker.tag(built.id.as_str(), &built.opened.reference).await.map_err(|error| engine::failed(&error))?;

    let deploy = Deploy {
        world,
        engine: &built.engine,
        plugins: &plugins,
        opened: &built.opened,
        store: &store,
        identity: Identity { name: name.clone(), scope, owner: store.owner()? },
        origin: Origin::Project { root, output_directory, image_tag },
        next: format!(
            "spawnfile status {path}{} --live",
            if name.as_str() == DEFAULT { String::new() } else { format!(" --deployment {name}") }
        ),
    };
    Box::pin(deploy.act(args, supplied, ui)).await
}

/// Returns the name of a project's deployment unless another is given.
pub(super) fn default_name() -> Result<DeploymentName, CliError> {
    DEFAULT.parse().map_err(|error| CliError::failed(format!("{error}")))
}

/// Returns what a project's containers are named after.
pub(super) fn scope(project: &str, name: &DeploymentName) -> DeploymentName {
    if name.as_str() == DEFAULT { DeploymentName::derive(project) } else { DeploymentName::derive(&format!("{project}-{name}")) }
}

/// Refuses a name under which something runs already.
async fn vacant(store: &Deployments, engine: &Engine, name: &DeploymentName, how: &str, down: &str) -> Result<(), CliError> {
    let Some(record) = store.load(name)? else { return Ok(()) };
    let ids: Vec<String> = record.units.iter().filter_map(|unit| unit.container_id.clone()).collect();
    if ids.is_empty() {
        return Ok(());
    }
    if record.target != engine.recorded() {
        // Asking this Engine would find nothing, and the other one's containers would lose their record.
        return Err(CliError::input(format!("deployment `{name}` is recorded on another Engine than {}", engine.endpoint.describe()))
            .hint(format!("take it down there first ({down}), or use another name: --deployment <name>")));
    }
    if engine.docker.facts(&ids).await.map_err(|error| engine::failed(&error))?.is_empty() {
        return Ok(());
    }
    Err(CliError::input(format!("deployment `{name}`{how} exists already"))
        .hint(format!("take it down first: {down}"))
        .hint("or run a second one beside it: --deployment <name>"))
}

/// Removes what is kept of a deployment that never came to be: values generated for it.
fn forget_unless_recorded(store: &Deployments, name: &DeploymentName) {
    if matches!(store.load(name), Ok(None)) {
        // Nothing but values for nobody: if it cannot go, it does no harm.
        let _ignored = store.forget(name);
    }
}

/// An opened image on its way to a recorded deployment.
struct Deploy<'a> {
    world: &'a World,
    engine: &'a Engine,
    plugins: &'a PluginHost,
    opened: &'a Opened,
    store: &'a Deployments,
    identity: Identity,
    origin: Origin,
    next: String,
}

impl Deploy<'_> {
    async fn act(self, args: &Args, supplied: Supplied, ui: &mut Ui) -> Result<u8, CliError> {
        let settings = args.settings.settings(ui);
        let (engine, name) = (self.engine, &self.identity.name);
        let request = Request { engine, plugins: self.plugins, opened: self.opened, identity: &self.identity, settings, supplied };
        let folder = self.store.folder(name);
        let start = Start::decide(request, |wanted| secrets::generate(&folder, wanted), ui)
            .await
            .inspect_err(|_| forget_unless_recorded(self.store, name))?;
        start.sweep(ui).await?;
        let undo = start.undo.clone();
        let started = super::interruptible(&engine.docker, &undo, async {
            let units = start.healthy(ui).await?;
            start.restart_from_now(&units).await?;
            let record = self.record(args, start.containers(&units));
            let path = self.store.save(&record, &self.opened.documents)?;
            undo.keep();
            Ok((record, path))
        });
        let (record, path) = Box::pin(started).await.inspect_err(|_| forget_unless_recorded(self.store, name))?;

        let containers: Vec<String> = record.units.iter().filter_map(|unit| unit.container_id.clone()).collect();
        let Start { sources, redactor, settings, .. } = start;
        ui.answer(&self.answer(&record, &path, sources, settings.publish), human)?;
        if !args.attach {
            return Ok(0);
        }
        ui.step("Following its output; Ctrl-C stops following, it goes on running");
        let followed = super::until_signal(async {
            for container in &containers {
                follow::follow(&engine.docker, container, &redactor).await?;
            }
            Ok::<(), CliError>(())
        });
        match followed.await {
            Err(_signal) => {
                ui.step(&format!("Not following any more; it goes on: {}", self.next));
                Ok(0)
            }
            Ok(followed) => followed.and(Err(CliError::failed(format!("deployment `{name}` ended")).hint(self.next))),
        }
    }

    fn record(&self, args: &Args, containers: Vec<(String, String, String)>) -> DeploymentRecord {
        record::of(record::Started {
            name: self.identity.name.clone(),
            created_at: crate::world::iso(self.world.now_unix_ms()),
            report: &self.opened.report,
            origin: self.origin.clone(),
            image_id: self.opened.inspection.id.clone(),
            auth_profile: args.secrets.auth_profile.as_ref().map(ToString::to_string),
            env_file: args.secrets.env_file.as_ref().map(|path| self.world.cwd.join(path).display().to_string()),
            target: self.engine.recorded(),
            containers,
        })
    }

    fn answer(&self, record: &DeploymentRecord, path: &Path, secrets: Vec<SecretSource>, published: Vec<PlannedPort>) -> Answer {
        Answer {
            deployment: self.identity.name.to_string(),
            image: self.opened.reference.to_string(),
            digest: self.opened.digest.as_ref().map(ToString::to_string),
            image_id: self.opened.inspection.id.to_string(),
            record: path.display().to_string(),
            units: record
                .units
                .iter()
                .map(|unit| UnitAnswer {
                    id: unit.id.clone(),
                    container_id: unit.container_id.clone().unwrap_or_default(),
                    container_name: unit.container_name.clone().unwrap_or_default(),
                })
                .collect(),
            secrets,
            published,
            next: self.next.clone(),
        }
    }
}

fn human(answer: &Answer) -> String {
    let mut lines = vec![format!("deployed image {}", answer.image), format!("deployment: {}", answer.deployment)];
    lines.extend(answer.units.iter().map(|unit| format!("running container {}", unit.container_name)));
    lines.extend(answer.secrets.iter().map(SecretSource::line));
    lines.extend(answer.published.iter().map(|port| format!("published port {port}")));
    lines.push(format!("record: {}", answer.record));
    lines.push(format!("next: {}", answer.next));
    lines.join("\n")
}
