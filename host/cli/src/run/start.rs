//! From an opened image to healthy containers: decide (preflight, plan), act (create, deliver, start, wait). What it
//! came from, and what is remembered of it, is the caller's.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use serde::Serialize;
use spawnfile_core::deployment::build::{self, PlanInputs};
use spawnfile_core::deployment::plan::DeploymentPlan;
use spawnfile_core::deployment::settings::DeploySettings;
use spawnfile_core::extras::Extras;
use spawnfile_core::finding::Findings;
use spawnfile_core::name::{DeploymentName, EnvName};
use spawnfile_core::oci::labels;
use spawnfile_core::preflight::{self, Cleared, Supplied, ToGenerate};
use spawnfile_core::report::DistributionReport;
use spawnfile_core::secret::Secret;
use spawnfile_plugins::{PluginHost, Target, TargetFailure, UnitRef};

use super::capability::Capability;
use super::gate;
use super::redact::Redactor;
use super::undo::Undo;
use crate::engine::{self, Engine};
use crate::error::CliError;
use crate::image::Opened;
use crate::ui::Ui;

/// How long an image without probes is given when it never settles.
const UNPROBED: Duration = Duration::from_secs(30);

/// Who the started containers are.
#[derive(Debug, Clone)]
pub(crate) struct Identity {
    /// Name of the deployment.
    pub(crate) name: DeploymentName,
    /// What containers and volumes are named after.
    pub(crate) scope: DeploymentName,
    /// Id of the store that owns them.
    pub(crate) owner: String,
}

/// What a start is decided from.
#[derive(Debug)]
pub(crate) struct Request<'a> {
    pub(crate) engine: &'a Engine,
    pub(crate) plugins: &'a PluginHost,
    pub(crate) opened: &'a Opened,
    pub(crate) identity: &'a Identity,
    pub(crate) settings: DeploySettings,
    /// What the consumer brought.
    pub(crate) supplied: Supplied,
}

/// Holds what was brought against what an image wants; says everything that is missing, at once.
///
/// # Errors
/// What [`preflight::check`] finds; nothing was created.
pub(crate) fn cleared(
    what: &str,
    report: &DistributionReport,
    extras: Option<&Extras>,
    supplied: Supplied,
) -> Result<(Cleared, Findings), CliError> {
    preflight::check(report, extras, supplied).map_err(|findings| {
        CliError::findings(&format!("`{what}` cannot be started"), &findings)
            .hint("bring secrets by --env-file <file>, --auth-profile <name> or --from-env <NAME>; nothing was started")
    })
}

/// A secret that the organization gets: its name and where the value came from.
#[derive(Debug, Serialize)]
pub(crate) struct SecretSource {
    name: String,
    source: String,
}

impl SecretSource {
    /// Returns the line that tells it.
    pub(crate) fn line(&self) -> String {
        format!("secret {} from {}", self.name, self.source)
    }
}

/// Everything that was decided, and the values to deliver.
#[derive(Debug)]
pub(crate) struct Start<'a> {
    engine: &'a Engine,
    opened: &'a Opened,
    /// What it is to be like.
    pub(crate) settings: DeploySettings,
    target: Arc<Target>,
    plan: Arc<DeploymentPlan>,
    values: Arc<BTreeMap<String, Secret>>,
    /// Where each secret came from.
    pub(crate) sources: Vec<SecretSource>,
    /// Knows the values.
    pub(crate) redactor: Redactor,
    /// What was made so far.
    pub(crate) undo: Undo,
}

impl<'a> Start<'a> {
    /// Decides: preflight of all secrets at once, then the plan. `generate` gives the values that the host makes.
    ///
    /// # Errors
    /// Everything that is missing or contradicts the image, at once; nothing was created.
    pub(crate) async fn decide(
        request: Request<'a>,
        generate: impl FnOnce(&[ToGenerate]) -> Result<BTreeMap<EnvName, Secret>, CliError>,
        ui: &mut Ui,
    ) -> Result<Self, CliError> {
        let Request { engine, plugins, opened, identity, settings, supplied } = request;
        let (cleared, findings) = cleared(&opened.reference.to_string(), &opened.report, opened.extras.as_ref(), supplied)?;
        ui.findings(&findings);
        let generated = generate(cleared.to_generate())?;
        let plan = plan(identity, opened, &cleared, &settings)?;
        let sources = sources(&cleared);
        let values = values(&cleared, generated);
        let redactor = Redactor::new(values.values());
        let target = plugins.target(&settings.target).await.map_err(|error| CliError::failed_from(&error))?;
        let (plan, values) = (Arc::new(plan), Arc::new(values));
        Ok(Self { engine, opened, settings, target, plan, values, sources, redactor, undo: Undo::default() })
    }

    /// Removes containers of this deployment that no record speaks of: a command was killed before it could record or
    /// remove them. They have the secrets and settings of that time, so they are never taken over.
    pub(crate) async fn sweep(&self, ui: &mut Ui) -> Result<(), CliError> {
        for unit in &self.plan.units {
            let own = [labels::DEPLOYMENT, labels::HOME].into_iter();
            let own = own.filter_map(|key| Some((key.to_owned(), unit.labels.get(key)?.clone()))).collect();
            for left in self.engine.docker.find(&own).await.map_err(|error| engine::failed(&error))? {
                ui.step(&format!("Removing {}, left by a command that was killed", left.name));
                match self.engine.docker.remove(&left.id, true, true).await {
                    Err(error) if !error.is_not_found() => return Err(engine::failed(&error)),
                    _ => {}
                }
            }
        }
        Ok(())
    }

    /// Starts and waits until healthy. Whatever fails, the caller undoes.
    pub(crate) async fn healthy(&self, ui: &mut Ui) -> Result<Vec<UnitRef>, CliError> {
        ui.step(&format!("Starting deployment {}", self.plan.deployment));
        let units = self.start().await?;
        let extras = self.opened.extras.as_ref();
        let budget = extras.map_or(UNPROBED, |extras| gate::budget(extras, self.settings.health_attempts));
        for unit in &units {
            gate::wait(&self.engine.docker, &unit.native, extras, budget, &self.redactor, ui)
                .await
                .map_err(|error| error.hint("nothing of it was left running; its own last lines say why, as far as it said anything"))?;
        }
        Ok(units)
    }

    /// Has the Engine restart what ends from now on: a container that never became healthy must not be restarted for
    /// ever.
    pub(crate) async fn restart_from_now(&self, units: &[UnitRef]) -> Result<(), CliError> {
        for unit in units {
            self.engine.docker.set_restart_policy(&unit.native, &self.settings.restart).await.map_err(|error| engine::failed(&error))?;
        }
        Ok(())
    }

    /// Returns unit, container id and container name of what runs.
    pub(crate) fn containers(&self, units: &[UnitRef]) -> Vec<(String, String, String)> {
        let name = |unit: &UnitRef| {
            let planned = self.plan.units.iter().find(|planned| planned.id == unit.unit);
            planned.map(|planned| planned.container_name.clone()).unwrap_or_default()
        };
        units.iter().map(|unit| (unit.unit.clone(), unit.native.clone(), name(unit))).collect()
    }

    /// Returns how long stopping may take.
    pub(crate) fn grace(&self) -> Duration {
        let longest = self.plan.units.iter().map(|unit| unit.stop_grace_ms).max().unwrap_or_default();
        Duration::from_millis(u64::from(longest.min(120_000)))
    }

    async fn start(&self) -> Result<Vec<UnitRef>, CliError> {
        let capability = Capability {
            docker: self.engine.docker.clone(),
            plan: Arc::clone(&self.plan),
            secrets: Arc::clone(&self.values),
            init: self.opened.extras.as_ref().map(|extras| extras.init.clone()),
            log_max_bytes: self.settings.log_max_bytes,
            log_max_files: self.settings.log_max_files,
            undo: self.undo.clone(),
        };
        let key = format!("{}@{}", self.plan.deployment, self.opened.inspection.id);
        self.target.start(&self.plan, &key, Box::new(capability)).await.map_err(|failure| match failure {
            TargetFailure::Plugin(error) => CliError::failed_from(&error),
            other => CliError::failed(self.redactor.redact(&other.to_string())),
        })
    }
}

fn plan(identity: &Identity, opened: &Opened, cleared: &Cleared, settings: &DeploySettings) -> Result<DeploymentPlan, CliError> {
    let inputs = PlanInputs {
        name: identity.name.clone(),
        scope: identity.scope.clone(),
        image_id: opened.inspection.id.clone(),
        report: &opened.report,
        extras: opened.extras.as_ref(),
        settings,
        home: identity.owner.clone(),
    };
    build::plan(cleared, &inputs).map_err(|findings| CliError::findings("the deployment cannot be planned", &findings))
}

fn values(cleared: &Cleared, generated: BTreeMap<EnvName, Secret>) -> BTreeMap<String, Secret> {
    let given = cleared.values().iter().map(|(name, (_, value))| (name.to_string(), value.clone()));
    given.chain(generated.into_iter().map(|(name, value)| (name.to_string(), value))).collect()
}

fn sources(cleared: &Cleared) -> Vec<SecretSource> {
    let given = cleared.values().iter().map(|(name, (source, _))| SecretSource { name: name.to_string(), source: source.to_string() });
    let made = cleared.to_generate().iter().map(|made| SecretSource { name: made.name.to_string(), source: "generated".to_owned() });
    given.chain(made).collect()
}
