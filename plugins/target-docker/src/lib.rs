//! Target `docker`: every unit of a deployment plan is one container of the Engine.
//!
//! The container is the planned unit one to one; this target adds nothing. It refuses to touch a container that runs
//! something else, and undoes what it created when it cannot finish.

mod error;
mod facts;
mod spec;
mod start;
mod steps;

use spawnfile_plugin::document::plan::PLAN_VERSION;
use spawnfile_plugin::target::{Descriptor, Engine, EngineError, Target, TargetError, UnitFacts, UnitRef};
use spawnfile_plugin::{DeploymentPlan, Diagnostic, Document};

/// The target.
#[derive(Debug)]
pub struct DockerTarget;

impl Target for DockerTarget {
    fn describe() -> Descriptor {
        Descriptor {
            id: "docker".to_owned(),
            title: "Containers on a Docker Engine".to_owned(),
            accepts: vec![PLAN_VERSION.to_owned()],
            settings_schema: None,
            capabilities: ["limits", "networks", "publish", "volumes"].map(str::to_owned).to_vec(),
        }
    }

    fn plan(deployment: &DeploymentPlan) -> Result<Document, Vec<Diagnostic>> {
        steps::document(deployment)
    }

    fn start<E: Engine>(engine: &E, deployment: &DeploymentPlan, _key: &str) -> Result<Vec<UnitRef>, TargetError> {
        start::start(engine, deployment)
    }

    fn stop<E: Engine>(engine: &E, units: &[UnitRef], grace_ms: u32) -> Result<(), TargetError> {
        all(units, |unit| engine.stop(&unit.native, grace_ms))
    }

    fn remove<E: Engine>(engine: &E, units: &[UnitRef]) -> Result<(), TargetError> {
        all(units, |unit| engine.remove(&unit.native))
    }

    fn inspect<E: Engine>(engine: &E, units: &[UnitRef]) -> Result<Vec<UnitFacts>, TargetError> {
        facts::inspect(engine, units)
    }
}

/// Does something to every unit and returns the first thing that went wrong, so that one bad unit keeps no other
/// running.
fn all(units: &[UnitRef], act: impl Fn(&UnitRef) -> Result<(), EngineError>) -> Result<(), TargetError> {
    let mut first = Ok(());
    for unit in units {
        let done = act(unit).map_err(|error| error::of_unit(error, &unit.unit));
        if first.is_ok() {
            first = done;
        }
    }
    first
}

spawnfile_plugin::export_target!(DockerTarget);
spawnfile_plugin::plugin_manifest!(include_str!("../plugin.toml"));
