//! A target: lowers a deployment plan to what a place runs. Effects go through the [`EngineCapability`] that the caller
//! lends for one call.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use spawnfile_core::deployment::plan::{DeploymentPlan, PLAN_VERSION};
use spawnfile_core::finding::Finding;
use wasmtime::Store;

use super::engine::{EngineCapability, map};
use super::findings;
use crate::bindings::target::TargetEnginePre;
use crate::bindings::target::spawnfile::target::types as wit;
use crate::bindings::types::Document;
use crate::error::{PluginError, PluginIdentity, Problem, clean};
use crate::sandbox::plugin::Plugin;
use crate::sandbox::state::State;

/// A target plugin, ready to be called. Every call runs in a fresh instance.
pub struct Target {
    plugin: Plugin,
    guest: TargetEnginePre<State>,
    descriptor: TargetDescriptor,
}

impl std::fmt::Debug for Target {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        self.plugin.fmt(f)
    }
}

/// What a target says about itself.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TargetDescriptor {
    /// Id word (`docker`).
    pub id: String,
    /// Title for people.
    pub title: String,
    /// Deployment plans it accepts.
    pub accepts: Vec<String>,
    /// JSON Schema of its settings.
    pub settings_schema: Option<String>,
    /// What it can do.
    pub capabilities: Vec<String>,
}

/// A unit and what the target calls it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct UnitRef {
    /// Id of the unit in the plan.
    pub unit: String,
    /// The target's own id (of a container).
    pub native: String,
}

/// What a target observes of a unit. The host judges.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct UnitFacts {
    /// The unit.
    pub unit: UnitRef,
    /// The target's word for its state.
    pub state: String,
    /// Exit code, once it has ended.
    pub exit_code: Option<i32>,
    /// When it started, in milliseconds since 1970.
    pub started_unix_ms: Option<u64>,
    /// Image id.
    pub image: String,
    /// Labels.
    pub labels: BTreeMap<String, String>,
    /// Ports as the target writes them.
    pub ports: BTreeMap<String, String>,
}

/// Why a target did not do what it was asked for.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum TargetFailure {
    /// The plugin failed.
    #[error(transparent)]
    Plugin(#[from] PluginError),
    /// Something is not there.
    #[error("not found: {0}")]
    NotFound(String),
    /// Something is in the way.
    #[error("conflict: {0}")]
    Conflict(String),
    /// It is not allowed.
    #[error("refused: {0}")]
    Refused(String),
    /// The place does not answer.
    #[error("unreachable: {0}")]
    Unreachable(String),
    /// The target cannot do that.
    #[error("unsupported: {0}")]
    Unsupported(String),
    /// The plan has errors.
    #[error("{} finding(s) of the target", .0.len())]
    Findings(Vec<Finding>),
    /// It failed for another reason.
    #[error("{0}")]
    Failed(String),
}

impl From<wit::TargetError> for TargetFailure {
    fn from(error: wit::TargetError) -> Self {
        let shown = |text: String| clean(&text, super::MESSAGE);
        match error {
            wit::TargetError::NotFound(text) => Self::NotFound(shown(text)),
            wit::TargetError::Conflict(text) => Self::Conflict(shown(text)),
            wit::TargetError::Refused(text) => Self::Refused(shown(text)),
            wit::TargetError::Unreachable(text) => Self::Unreachable(shown(text)),
            wit::TargetError::Unsupported(text) => Self::Unsupported(shown(text)),
            wit::TargetError::Failed(text) => Self::Failed(shown(text)),
        }
    }
}

/// Instantiates the guest in `$store` and calls one of its verbs.
macro_rules! call {
    ($self:ident, $store:ident, $verb:ident $(, $argument:expr)*) => {{
        let outcome = $self
            .plugin
            .within(async {
                let target = $self.guest.instantiate_async(&mut $store).await?;
                target.spawnfile_target_verbs().$verb(&mut $store $(, $argument)*).await
            })
            .await;
        $self.plugin.finish($store, outcome)?
    }};
}

impl Target {
    pub(crate) async fn new(plugin: Plugin) -> Result<Self, PluginError> {
        let guest = TargetEnginePre::new(plugin.instance.clone())
            .map_err(|error| plugin.error(Problem::Incompatible(format!("it does not fit `{}` of this host: {error:#}", plugin.world))))?;
        let descriptor = TargetDescriptor {
            id: String::new(),
            title: String::new(),
            accepts: Vec::new(),
            settings_schema: None,
            capabilities: Vec::new(),
        };
        let mut target = Self { plugin, guest, descriptor };
        target.descriptor = target.ask().await?;
        super::check_id(&target.plugin, &target.descriptor.id)?;
        if !target.descriptor.accepts.iter().any(|schema| schema == PLAN_VERSION) {
            let accepts = clean(&target.descriptor.accepts.join(", "), 200);
            return Err(target.plugin.error(Problem::Incompatible(format!("it accepts {accepts}, this host gives {PLAN_VERSION}"))));
        }
        Ok(target)
    }

    /// Returns the same target in another place; see [`Plugin::elsewhere`].
    pub(crate) fn elsewhere(&self) -> Self {
        Self { plugin: self.plugin.elsewhere(), guest: self.guest.clone(), descriptor: self.descriptor.clone() }
    }

    pub(crate) async fn ask(&self) -> Result<TargetDescriptor, PluginError> {
        let mut store = self.plugin.store(None)?;
        let wit::Descriptor { id, title, accepts, settings_schema, capabilities } = call!(self, store, call_describe);
        Ok(TargetDescriptor { id, title, accepts, settings_schema, capabilities })
    }

    /// Returns who the plugin is.
    pub fn identity(&self) -> PluginIdentity {
        self.plugin.identity.clone()
    }

    /// Returns what it says about itself.
    pub fn describe(&self) -> &TargetDescriptor {
        &self.descriptor
    }

    /// Returns what it would do, as a document; nothing is done, and no capability is lent.
    ///
    /// # Errors
    /// When the plugin fails ([`TargetFailure::Plugin`]) or finds errors in the plan ([`TargetFailure::Findings`]).
    pub async fn plan(&self, plan: &DeploymentPlan) -> Result<serde_json::Value, TargetFailure> {
        let document = self.document(plan)?;
        self.plan_document(&document).await
    }

    /// The same for a document as it is.
    pub(crate) async fn plan_document(&self, document: &Document) -> Result<serde_json::Value, TargetFailure> {
        let mut store = self.store(document, None)?;
        match call!(self, store, call_plan, document) {
            Ok(document) => serde_json::from_slice(&document.json)
                .map_err(|error| self.plugin.error(Problem::Refused(format!("it answered with a plan that is no JSON: {error}"))).into()),
            Err(refusals) => Err(TargetFailure::Findings(findings(refusals))),
        }
    }

    /// Brings the plan about and returns its units. The same `key` makes a repeated call harmless.
    ///
    /// # Errors
    /// When the plugin or the place fails. Dropping the future leaves whatever was done until then.
    pub async fn start(&self, plan: &DeploymentPlan, key: &str, engine: Box<dyn EngineCapability>) -> Result<Vec<UnitRef>, TargetFailure> {
        let document = self.document(plan)?;
        self.start_document(&document, key, engine).await
    }

    /// The same for a document as it is.
    pub(crate) async fn start_document(
        &self,
        document: &Document,
        key: &str,
        engine: Box<dyn EngineCapability>,
    ) -> Result<Vec<UnitRef>, TargetFailure> {
        let mut store = self.store(document, Some(engine))?;
        let units = call!(self, store, call_start, document, key)?;
        Ok(units.into_iter().map(|wit::UnitRef { unit, native }| UnitRef { unit, native }).collect())
    }

    /// Stops units; each is killed after `grace_ms` milliseconds.
    ///
    /// # Errors
    /// When the plugin or the place fails.
    pub async fn stop(&self, units: &[UnitRef], grace_ms: u32, engine: Box<dyn EngineCapability>) -> Result<(), TargetFailure> {
        let mut store = self.plugin.store(Some(engine))?;
        Ok(call!(self, store, call_stop, &references(units), grace_ms)?)
    }

    /// Removes units.
    ///
    /// # Errors
    /// When the plugin or the place fails.
    pub async fn remove(&self, units: &[UnitRef], engine: Box<dyn EngineCapability>) -> Result<(), TargetFailure> {
        let mut store = self.plugin.store(Some(engine))?;
        Ok(call!(self, store, call_remove, &references(units))?)
    }

    /// Returns what is known of units.
    ///
    /// # Errors
    /// When the plugin or the place fails.
    pub async fn inspect(&self, units: &[UnitRef], engine: Box<dyn EngineCapability>) -> Result<Vec<UnitFacts>, TargetFailure> {
        let mut store = self.plugin.store(Some(engine))?;
        let facts = call!(self, store, call_inspect, &references(units))?;
        facts.into_iter().map(|facts| self.facts(facts)).collect()
    }

    fn facts(&self, facts: wit::UnitFacts) -> Result<UnitFacts, TargetFailure> {
        let twice = |key: String| self.plugin.error(Problem::Refused(format!("it answered with `{}` twice", clean(&key, 120))));
        Ok(UnitFacts {
            unit: UnitRef { unit: facts.unit, native: facts.native },
            state: facts.state,
            exit_code: facts.exit_code,
            started_unix_ms: facts.started_unix_ms,
            image: facts.image,
            labels: map(facts.labels).map_err(twice)?,
            ports: map(facts.ports).map_err(twice)?,
        })
    }

    fn document(&self, plan: &DeploymentPlan) -> Result<Document, PluginError> {
        let json = serde_json::to_vec(plan).map_err(|error| self.plugin.error(Problem::Refused(error.to_string())))?;
        Ok(Document { schema: PLAN_VERSION.to_owned(), json })
    }

    fn store(&self, document: &Document, engine: Option<Box<dyn EngineCapability>>) -> Result<Store<State>, PluginError> {
        self.plugin.check_input(document.json.len())?;
        self.plugin.store(engine)
    }
}

fn references(units: &[UnitRef]) -> Vec<wit::UnitRef> {
    units.iter().map(|UnitRef { unit, native }| wit::UnitRef { unit: unit.clone(), native: native.clone() }).collect()
}
