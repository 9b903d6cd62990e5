//! `spawnfile up`: gather (image, secrets), decide (preflight, plan), act (create, deliver, start, wait, record).

use std::collections::BTreeMap;
use std::sync::Arc;

use serde::Serialize;
use spawnfile_core::deployment::build::{self, PlanInputs};
use spawnfile_core::deployment::plan::{DeploymentPlan, PlannedUnit};
use spawnfile_core::deployment::record::{self, DeploymentRecord};
use spawnfile_core::deployment::settings::DeploySettings;
use spawnfile_core::name::DeploymentName;
use spawnfile_core::oci::{Reference, labels};
use spawnfile_core::preflight::{self, Cleared};
use spawnfile_core::secret::Secret;
use spawnfile_core::subject::{self, Subject};
use spawnfile_plugins::{Target, TargetFailure, UnitRef};

use crate::engine::{self, Engine, EngineArgs};
use crate::error::CliError;
use crate::image::{self, Opened, Pull};
use crate::plugins;
use crate::run::capability::Capability;
use crate::run::gate;
use crate::run::redact::Redactor;
use crate::run::secrets::{self, SecretArgs};
use crate::run::undo::Undo;
use crate::store::deployments::Deployments;
use crate::store::home;
use crate::ui::Ui;
use crate::world::World;

/// Run an organization from its image reference
///
/// The image is looked at first: what it is, whether it is what it says, and which secrets it needs. Everything that
/// is missing is listed at once, and nothing is started before it is all there. The command returns when the
/// organization is healthy; a failed start leaves nothing behind.
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Examples:
  spawnfile up ghcr.io/you/org:1.0.0 --env-file .env
  spawnfile up ghcr.io/you/org:1.0.0 --auth-profile work --deployment prod
  spawnfile up ghcr.io/you/org:1.0.0 --from-env ANTHROPIC_API_KEY --network none")]
pub(crate) struct Args {
    /// Image reference
    image: String,
    /// Take the argument for an image even if a file of that name exists
    #[arg(long = "image")]
    force_image: bool,
    /// Name of the deployment [default: last part of the image's name]
    #[arg(long, value_name = "NAME")]
    deployment: Option<DeploymentName>,
    /// Pull the image first even if the Engine has it
    #[arg(long)]
    pull: bool,
    /// Return once it is healthy (the default; accepted for habit)
    #[arg(long, short)]
    detach: bool,
    /// Network of the containers: bridge, internal (no way out), or none
    #[arg(long, value_name = "MODE", default_value = "bridge", value_parser = ["bridge", "internal", "none"])]
    network: String,
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
    secrets: Vec<SecretAnswer>,
}

#[derive(Serialize)]
struct UnitAnswer {
    id: String,
    container_id: String,
    container_name: String,
}

/// A secret that the organization got: its name and where the value came from.
#[derive(Serialize)]
struct SecretAnswer {
    name: String,
    source: String,
}

pub(crate) async fn run(args: Args, world: &World, ui: &mut Ui) -> Result<u8, CliError> {
    let reference = subject(&args, world)?;
    let plugins = plugins::host(world)?;
    let engine = engine::connect(world, &args.engine).await?;
    let store = Deployments::of(&world.home);
    let (name, derived) = match args.deployment.clone() {
        Some(name) => (name, false),
        None => (DeploymentName::derive(reference.repository()), true),
    };

    // Gather.
    let policy = if args.pull { Pull::Always } else { Pull::IfMissing };
    let supplied = secrets::supplied(world, &args.secrets)?;
    let opened = image::open(world, ui, &engine, &plugins, &reference, policy).await?;
    let _lock = store.lock(&name)?;
    vacant(&store, &engine, &name, derived, &reference).await?;

    // Decide.
    let (cleared, findings) = preflight::check(&opened.report, opened.extras.as_ref(), supplied)
        .map_err(|findings| refused(&store, &name, &reference, &findings))?;
    ui.findings(&findings);
    let settings = DeploySettings { network: args.network.clone(), ..DeploySettings::default() };
    let generated = secrets::generate(&store.folder(&name), cleared.to_generate())?;
    let plan = plan(world, &name, &opened, &cleared, &settings)?;

    // Act.
    let sources = sources(&cleared);
    let values = values(&cleared, generated);
    let redactor = Redactor::new(values.values());
    let target = plugins.target(&settings.target).await.map_err(|error| CliError::failed_from(&error))?;
    sweep(&engine, &plan, ui).await?;
    let undo = Undo::default();
    let start = Start {
        world,
        engine: &engine,
        opened: &opened,
        settings: &settings,
        target: &target,
        undo: &undo,
        plan: Arc::new(plan),
        values: Arc::new(values),
    };
    let record = super::interruptible(&engine.docker, &undo, Box::pin(start.run(&args, &name, &redactor, ui))).await;
    let (record, path) = match record {
        Ok(done) => done,
        Err(error) => {
            forget_unless_recorded(&store, &name);
            return Err(error);
        }
    };

    let answer = Answer {
        deployment: name.to_string(),
        image: reference.to_string(),
        digest: opened.digest.as_ref().map(ToString::to_string),
        image_id: opened.inspection.id.to_string(),
        record: path,
        units: record
            .units
            .iter()
            .map(|unit| UnitAnswer {
                id: unit.id.clone(),
                container_id: unit.container_id.clone().unwrap_or_default(),
                container_name: unit.container_name.clone().unwrap_or_default(),
            })
            .collect(),
        secrets: sources,
    };
    ui.answer(&answer, human)?;
    Ok(0)
}

/// Decides what the argument means. Projects are built first: `spawnfile build`.
fn subject(args: &Args, world: &World) -> Result<Reference, CliError> {
    let exists = world.cwd.join(&args.image).exists();
    match subject::classify(&args.image, exists, args.force_image).map_err(|error| super::no_subject(&error))? {
        Subject::Image(reference) => Ok(reference),
        Subject::Project(path) => Err(CliError::input(format!("`{path}` is a project on disk; `up` runs images"))
            .hint(format!("build it first: spawnfile build {path} --tag org:dev && spawnfile up org:dev"))
            .hint("if an image of that name is meant, add --image")),
    }
}

/// Refuses a name under which something runs already.
async fn vacant(store: &Deployments, engine: &Engine, name: &DeploymentName, derived: bool, reference: &Reference) -> Result<(), CliError> {
    let Some(record) = store.load(name)? else { return Ok(()) };
    let ids: Vec<String> = record.units.iter().filter_map(|unit| unit.container_id.clone()).collect();
    if ids.is_empty() {
        return Ok(());
    }
    if record.target != engine.recorded() {
        // Asking this Engine would find nothing, and the other one's containers would lose their record.
        return Err(CliError::input(format!("deployment `{name}` is recorded on another Engine than {}", engine.endpoint.describe()))
            .hint(format!("take it down there first (spawnfile down --deployment {name}), or use another name: --deployment <name>")));
    }
    if engine.docker.facts(&ids).await.map_err(|error| engine::failed(&error))?.is_empty() {
        return Ok(());
    }
    let how = if derived { format!(" (the name derived from {reference})") } else { String::new() };
    Err(CliError::input(format!("deployment `{name}`{how} exists already"))
        .hint(format!("take it down first: spawnfile down --deployment {name}"))
        .hint("or run a second one beside it: --deployment <name>"))
}

/// Removes containers of this deployment that no record speaks of: a command was killed before it could record or
/// remove them. They have the secrets and settings of that time, so they are never taken over.
async fn sweep(engine: &Engine, plan: &DeploymentPlan, ui: &mut Ui) -> Result<(), CliError> {
    for unit in &plan.units {
        let own = [labels::DEPLOYMENT, labels::HOME].into_iter().filter_map(|key| Some((key.to_owned(), unit.labels.get(key)?.clone())));
        for left in engine.docker.find(&own.collect()).await.map_err(|error| engine::failed(&error))? {
            ui.step(&format!("Removing {}, left by a command that was killed", left.name));
            match engine.docker.remove(&left.id, true, true).await {
                Err(error) if !error.is_not_found() => return Err(engine::failed(&error)),
                _ => {}
            }
        }
    }
    Ok(())
}

fn refused(store: &Deployments, name: &DeploymentName, reference: &Reference, findings: &spawnfile_core::finding::Findings) -> CliError {
    forget_unless_recorded(store, name);
    CliError::findings(&format!("`{reference}` cannot be started"), findings)
        .hint("bring secrets by --env-file <file>, --auth-profile <name> or --from-env <NAME>; nothing was started")
}

/// Removes the folder of a deployment that never came to be (its lock, values generated for it).
fn forget_unless_recorded(store: &Deployments, name: &DeploymentName) {
    if matches!(store.load(name), Ok(None)) {
        // Nothing but a lock and values for nobody: if it cannot go, it does no harm.
        let _ignored = store.forget(name);
    }
}

fn plan(
    world: &World,
    name: &DeploymentName,
    opened: &Opened,
    cleared: &Cleared,
    settings: &DeploySettings,
) -> Result<DeploymentPlan, CliError> {
    let inputs = PlanInputs {
        name: name.clone(),
        image_id: opened.inspection.id.clone(),
        report: &opened.report,
        extras: opened.extras.as_ref(),
        settings,
        home: home::id(&world.home)?,
    };
    build::plan(cleared, &inputs).map_err(|findings| CliError::findings("the deployment cannot be planned", &findings))
}

fn values(cleared: &Cleared, generated: BTreeMap<spawnfile_core::name::EnvName, Secret>) -> BTreeMap<String, Secret> {
    let given = cleared.values().iter().map(|(name, (_, value))| (name.to_string(), value.clone()));
    given.chain(generated.into_iter().map(|(name, value)| (name.to_string(), value))).collect()
}

fn sources(cleared: &Cleared) -> Vec<SecretAnswer> {
    let given = cleared.values().iter().map(|(name, (source, _))| SecretAnswer { name: name.to_string(), source: source.to_string() });
    let made = cleared.to_generate().iter().map(|made| SecretAnswer { name: made.name.to_string(), source: "generated".to_owned() });
    given.chain(made).collect()
}

/// Everything that starting needs.
struct Start<'a> {
    world: &'a World,
    engine: &'a Engine,
    opened: &'a Opened,
    settings: &'a DeploySettings,
    target: &'a Target,
    undo: &'a Undo,
    plan: Arc<DeploymentPlan>,
    values: Arc<BTreeMap<String, Secret>>,
}

impl Start<'_> {
    /// Starts, waits until healthy, sets the restart policy, records. Whatever fails, the caller undoes.
    async fn run(
        &self,
        args: &Args,
        name: &DeploymentName,
        redactor: &Redactor,
        ui: &mut Ui,
    ) -> Result<(DeploymentRecord, String), CliError> {
        ui.step(&format!("Starting deployment {name}"));
        let units = self.start(name, redactor).await?;
        let budget = self
            .opened
            .extras
            .as_ref()
            .map_or_else(|| std::time::Duration::from_secs(30), |extras| gate::budget(extras, self.settings.health_attempts));
        for unit in &units {
            gate::wait(&self.engine.docker, &unit.native, self.opened.extras.as_ref(), budget, redactor, ui)
                .await
                .map_err(|error| error.hint("nothing of it was left running; its own last lines say why, as far as it said anything"))?;
        }
        // Only now: a container that never became healthy must not be restarted for ever.
        for unit in &units {
            self.engine.docker.set_restart_policy(&unit.native, &self.settings.restart).await.map_err(|error| engine::failed(&error))?;
        }
        let record = self.record(args, name, &units);
        let path = Deployments::of(&self.world.home).save(&record, &self.opened.documents)?;
        self.undo.keep();
        Ok((record, path.display().to_string()))
    }

    async fn start(&self, name: &DeploymentName, redactor: &Redactor) -> Result<Vec<UnitRef>, CliError> {
        let capability = Capability {
            docker: self.engine.docker.clone(),
            plan: Arc::clone(&self.plan),
            secrets: Arc::clone(&self.values),
            init: self.opened.extras.as_ref().map(|extras| extras.init.clone()),
            log_max_bytes: self.settings.log_max_bytes,
            log_max_files: self.settings.log_max_files,
            undo: self.undo.clone(),
        };
        let key = format!("{name}@{}", self.opened.inspection.id);
        self.target.start(&self.plan, &key, Box::new(capability)).await.map_err(|failure| match failure {
            TargetFailure::Plugin(error) => CliError::failed_from(&error),
            other => CliError::failed(redactor.redact(&other.to_string())),
        })
    }

    fn record(&self, args: &Args, name: &DeploymentName, units: &[UnitRef]) -> DeploymentRecord {
        let planned: BTreeMap<&str, &PlannedUnit> = self.plan.units.iter().map(|unit| (unit.id.as_str(), unit)).collect();
        record::for_image(record::ImageRecord {
            name: name.clone(),
            created_at: crate::world::iso(self.world.now_unix_ms()),
            report: &self.opened.report,
            reference: self.opened.reference.to_string(),
            digest: self.opened.digest.clone(),
            image_id: self.opened.inspection.id.clone(),
            auth_profile: args.secrets.auth_profile.as_ref().map(ToString::to_string),
            env_file: args.secrets.env_file.as_ref().map(|path| self.world.cwd.join(path).display().to_string()),
            target: self.engine.recorded(),
            containers: units
                .iter()
                .map(|unit| {
                    let name = planned.get(unit.unit.as_str()).map(|planned| planned.container_name.clone()).unwrap_or_default();
                    (unit.unit.clone(), unit.native.clone(), name)
                })
                .collect(),
        })
    }
}

fn human(answer: &Answer) -> String {
    let mut text = format!("deployed image {}\ndeployment: {}", answer.image, answer.deployment);
    for unit in &answer.units {
        text.push_str(&format!("\nrunning container {}", unit.container_name));
    }
    for secret in &answer.secrets {
        text.push_str(&format!("\nsecret {} from {}", secret.name, secret.source));
    }
    text.push_str(&format!("\nrecord: {}\nnext: spawnfile status --deployment {} --live", answer.record, answer.deployment));
    text
}
