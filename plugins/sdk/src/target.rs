//! Targets: how a deployment plan is brought about through the Engine that the host lends.
//!
//! The host gives the containers and volumes of one deployment and nothing else; it adds and checks labels and joins
//! secret values itself. What is, comes out as facts; the host judges.

pub use crate::bindings::target::spawnfile::target::engine::{ContainerFacts, ContainerSpec, EngineError, Limits, Mount, Publish};
pub use crate::bindings::target::spawnfile::target::types::{Descriptor, TargetError, UnitFacts, UnitRef};

use crate::bindings::target::exports::spawnfile::target::verbs::Guest;
use crate::diagnostic::Diagnostic;
use crate::document::plan::{DeploymentPlan, PLAN_VERSION};
use crate::document::{self, Document};
use crate::log::{PanicText, install_panic_hook};

/// The Engine as a target sees it: the host's in wasm, a scripted one in native tests.
///
/// Where an id is asked for, the name of a container of the deployment serves too.
pub trait Engine {
    /// Creates a container and returns its id.
    ///
    /// # Errors
    /// What the Engine or the host's policy said.
    fn create(&self, spec: &ContainerSpec) -> Result<String, EngineError>;
    /// Starts a created container.
    ///
    /// # Errors
    /// What the Engine or the host's policy said.
    fn start(&self, id: &str) -> Result<(), EngineError>;
    /// Stops a container; after `grace_ms` it is killed.
    ///
    /// # Errors
    /// What the Engine or the host's policy said.
    fn stop(&self, id: &str, grace_ms: u32) -> Result<(), EngineError>;
    /// Gives a container another name.
    ///
    /// # Errors
    /// What the Engine or the host's policy said.
    fn rename(&self, id: &str, name: &str) -> Result<(), EngineError>;
    /// Removes a container.
    ///
    /// # Errors
    /// What the Engine or the host's policy said.
    fn remove(&self, id: &str) -> Result<(), EngineError>;
    /// Creates a volume unless it exists.
    ///
    /// # Errors
    /// What the Engine or the host's policy said.
    fn ensure_volume(&self, name: &str) -> Result<(), EngineError>;
    /// Returns what is known of containers; those that do not exist are left out, or `not-found` when none does.
    ///
    /// # Errors
    /// What the Engine or the host's policy said.
    fn facts(&self, ids: &[String]) -> Result<Vec<ContainerFacts>, EngineError>;
}

/// A target. Implement it for a unit struct and name that in [`export_target!`](crate::export_target).
pub trait Target {
    /// Returns who the target is and what it accepts.
    fn describe() -> Descriptor;

    /// Returns what would be done, as a document that people can read and hash. No effect.
    ///
    /// # Errors
    /// What the target cannot do of the plan.
    fn plan(deployment: &DeploymentPlan) -> Result<Document, Vec<Diagnostic>>;

    /// Brings the plan about and returns the units; a repeated call with the same key changes nothing.
    ///
    /// # Errors
    /// What went wrong, after undoing what this call did.
    fn start<E: Engine>(engine: &E, deployment: &DeploymentPlan, key: &str) -> Result<Vec<UnitRef>, TargetError>;

    /// Stops units.
    ///
    /// # Errors
    /// The first thing that went wrong, after trying all.
    fn stop<E: Engine>(engine: &E, units: &[UnitRef], grace_ms: u32) -> Result<(), TargetError>;

    /// Removes units.
    ///
    /// # Errors
    /// The first thing that went wrong, after trying all.
    fn remove<E: Engine>(engine: &E, units: &[UnitRef]) -> Result<(), TargetError>;

    /// Returns what is known of units.
    ///
    /// # Errors
    /// Why nothing can be known.
    fn inspect<E: Engine>(engine: &E, units: &[UnitRef]) -> Result<Vec<UnitFacts>, TargetError>;
}

/// The Engine that the host lends: the world's import.
#[doc(hidden)]
#[derive(Debug)]
pub struct HostEngine;

mod host {
    //! The import behind [`HostEngine`](super::HostEngine).
    use super::{ContainerFacts, ContainerSpec, Engine, EngineError, HostEngine};
    use crate::bindings::target::spawnfile::target::engine;

    impl Engine for HostEngine {
        fn create(&self, spec: &ContainerSpec) -> Result<String, EngineError> {
            engine::create(spec)
        }

        fn start(&self, id: &str) -> Result<(), EngineError> {
            engine::start(id)
        }

        fn stop(&self, id: &str, grace_ms: u32) -> Result<(), EngineError> {
            engine::stop(id, grace_ms)
        }

        fn rename(&self, id: &str, name: &str) -> Result<(), EngineError> {
            engine::rename(id, name)
        }

        fn remove(&self, id: &str) -> Result<(), EngineError> {
            engine::remove(id)
        }

        fn ensure_volume(&self, name: &str) -> Result<(), EngineError> {
            engine::ensure_volume(name)
        }

        fn facts(&self, ids: &[String]) -> Result<Vec<ContainerFacts>, EngineError> {
            engine::facts(ids)
        }
    }
}

/// The exports of the world, around a target.
#[doc(hidden)]
#[derive(Debug)]
pub struct Exported<T>(std::marker::PhantomData<T>);

impl<T: Target> Guest for Exported<T> {
    fn describe() -> Descriptor {
        install_panic_hook(PanicText::Full);
        T::describe()
    }

    fn plan(deployment: Document) -> Result<Document, Vec<Diagnostic>> {
        install_panic_hook(PanicText::Full);
        let plan = document::parse(&deployment, &[PLAN_VERSION]).map_err(|diagnostic| vec![diagnostic])?;
        T::plan(&plan)
    }

    fn start(deployment: Document, key: String) -> Result<Vec<UnitRef>, TargetError> {
        install_panic_hook(PanicText::Full);
        let plan = document::parse(&deployment, &[PLAN_VERSION]).map_err(|diagnostic| TargetError::Unsupported(diagnostic.message))?;
        T::start(&HostEngine, &plan, &key)
    }

    fn stop(units: Vec<UnitRef>, grace_ms: u32) -> Result<(), TargetError> {
        install_panic_hook(PanicText::Full);
        T::stop(&HostEngine, &units, grace_ms)
    }

    fn remove(units: Vec<UnitRef>) -> Result<(), TargetError> {
        install_panic_hook(PanicText::Full);
        T::remove(&HostEngine, &units)
    }

    fn inspect(units: Vec<UnitRef>) -> Result<Vec<UnitFacts>, TargetError> {
        install_panic_hook(PanicText::Full);
        T::inspect(&HostEngine, &units)
    }
}

/// Makes a type the target of this module. Natively it only checks the type.
#[macro_export]
macro_rules! export_target {
    ($target:ty) => {
        const _: () = {
            type Exported = $crate::target::Exported<$target>;
            #[cfg(target_arch = "wasm32")]
    $crate::bindings::target::export_target_world!(Exported with_types_in $crate::bindings::target);
            #[cfg(not(target_arch = "wasm32"))]
            const fn is_a_target<T: $crate::bindings::target::exports::spawnfile::target::verbs::Guest>() {}
            #[cfg(not(target_arch = "wasm32"))]
            is_a_target::<Exported>();
        };
    };
}
