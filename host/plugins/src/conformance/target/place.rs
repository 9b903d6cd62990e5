//! A place with containers that exist in memory only: the `engine` that the suite lends to a target. It judges as the
//! host's own does (core's admission, ownership, planned volumes), keeps what it refused, and fails on demand.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use spawnfile_core::deployment::admit;
use spawnfile_core::deployment::plan::{ContainerFacts, ContainerSpec, DeploymentPlan};
use spawnfile_core::display::excerpt;

use crate::handle::engine::{BoxFuture, EngineCapability, EngineRefusal};

/// Id and name of a container that belongs to somebody else.
pub(super) const FOREIGN: &str = "conformance-foreign";

/// A container.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Container {
    pub(super) spec: ContainerSpec,
    pub(super) state: &'static str,
    /// Whether it belongs to this deployment.
    pub(super) own: bool,
}

/// When a call fails.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Fault {
    /// The call with this number among those of a verb, from 0.
    At(&'static str, usize),
    /// Every call from the first on.
    Always,
}

#[derive(Debug, Default)]
pub(super) struct Inner {
    plan: Option<DeploymentPlan>,
    pub(super) containers: BTreeMap<String, Container>,
    pub(super) volumes: BTreeSet<String>,
    /// What was asked for and is not the target's to have.
    pub(super) refused: Vec<String>,
    /// Calls that changed something.
    pub(super) effects: Vec<String>,
    /// Calls of each verb.
    calls: BTreeMap<&'static str, usize>,
    fault: Option<(Fault, EngineRefusal)>,
    made: usize,
}

/// The place; clones are the same one.
#[derive(Debug, Clone, Default)]
pub(super) struct Place(Arc<Mutex<Inner>>);

impl Place {
    /// Returns a place for one plan, in which somebody else has a container too.
    pub(super) fn of(plan: &DeploymentPlan) -> Self {
        let place = Self::default();
        let mut inner = place.inner();
        inner.plan = Some(plan.clone());
        if let Some(unit) = plan.units.first() {
            let spec =
                ContainerSpec { name: FOREIGN.to_owned(), image: "sha256:other".to_owned(), labels: BTreeMap::new(), ..planned(unit) };
            inner.containers.insert(FOREIGN.to_owned(), Container { spec, state: "running", own: false });
        }
        drop(inner);
        place
    }

    pub(super) fn inner(&self) -> MutexGuard<'_, Inner> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(super) fn lend(&self) -> Box<dyn EngineCapability> {
        Box::new(self.clone())
    }

    /// From now on calls fail so.
    pub(super) fn fail(&self, fault: Fault, with: EngineRefusal) {
        let mut inner = self.inner();
        inner.calls.clear();
        inner.fault = Some((fault, with));
    }

    /// Puts a container there as if an earlier call had made it.
    pub(super) fn put(&self, id: &str, spec: ContainerSpec, state: &'static str, own: bool) {
        self.inner().containers.insert(id.to_owned(), Container { spec, state, own });
    }

    /// Containers of this deployment, by id.
    pub(super) fn own(&self) -> BTreeMap<String, Container> {
        self.inner().containers.iter().filter(|(_, container)| container.own).map(|(id, own)| (id.clone(), own.clone())).collect()
    }

    /// How often it was asked for anything since calls fail.
    pub(super) fn calls(&self) -> usize {
        self.inner().calls.values().sum()
    }

    /// Whether what belongs to somebody else is as it was.
    pub(super) fn foreign_untouched(&self) -> bool {
        self.inner().containers.get(FOREIGN).is_some_and(|container| container.state == "running" && container.spec.name == FOREIGN)
    }
}

/// The container that a unit is, one to one.
pub(super) fn planned(unit: &spawnfile_core::deployment::plan::PlannedUnit) -> ContainerSpec {
    ContainerSpec {
        name: unit.container_name.clone(),
        unit: unit.id.clone(),
        image: unit.image.clone(),
        env_names: unit.secret_env.clone(),
        env: unit.env.clone(),
        volumes: unit.volumes.clone(),
        publish: unit.publish.clone(),
        network: unit.network.clone(),
        limits: unit.limits.clone(),
        labels: unit.labels.clone(),
        linux_capabilities: unit.linux_capabilities.clone(),
        stop_grace_ms: unit.stop_grace_ms,
    }
}

impl Inner {
    /// Counts a call and fails it if it is to fail.
    fn call(&mut self, verb: &'static str) -> Result<(), EngineRefusal> {
        let number = self.calls.entry(verb).or_default();
        let this = *number;
        *number += 1;
        match &self.fault {
            Some((Fault::Always, with)) => Err(with.clone()),
            Some((Fault::At(of, at), with)) if *of == verb && *at == this => Err(with.clone()),
            _ => Ok(()),
        }
    }

    fn refuse<T>(&mut self, why: String) -> Result<T, EngineRefusal> {
        self.refused.push(why.clone());
        Err(EngineRefusal::Refused(why))
    }

    fn find(&self, id: &str) -> Option<String> {
        let by_name = || self.containers.iter().find(|(_, container)| container.spec.name == id).map(|(id, _)| id.clone());
        if self.containers.contains_key(id) { Some(id.to_owned()) } else { by_name() }
    }

    /// Finds a container of this deployment.
    fn own(&mut self, verb: &'static str, id: &str) -> Result<&mut Container, EngineRefusal> {
        self.call(verb)?;
        let found = self.find(id).ok_or(EngineRefusal::NotFound)?;
        if self.containers.get(&found).is_some_and(|container| !container.own) {
            return self.refuse(format!("it asks to {verb} the container `{}`, which is somebody else's", excerpt(id)));
        }
        self.effects.push(format!("{verb} {found}"));
        self.containers.get_mut(&found).ok_or(EngineRefusal::NotFound)
    }

    fn create(&mut self, spec: ContainerSpec) -> Result<String, EngineRefusal> {
        self.call("create")?;
        let Some(plan) = self.plan.clone() else { return self.refuse("there is no plan".to_owned()) };
        if let Err(why) = admit::container(&spec, &plan) {
            return self.refuse(format!("it asks to create what is not planned: {why}"));
        }
        if let Some(missing) = spec.volumes.iter().find(|volume| !self.volumes.contains(&volume.name)) {
            return Err(EngineRefusal::Failed(format!("no such volume: {}", missing.name)));
        }
        if self.find(&spec.name).is_some() {
            return Err(EngineRefusal::Conflict(format!("the name `{}` is taken", spec.name)));
        }
        self.made += 1;
        let id = format!("container-{}", self.made);
        self.effects.push(format!("create {id}"));
        self.containers.insert(id.clone(), Container { spec, state: "created", own: true });
        Ok(id)
    }

    fn ensure_volume(&mut self, name: &str) -> Result<(), EngineRefusal> {
        self.call("ensure-volume")?;
        let planned = self.plan.iter().flat_map(|plan| &plan.units).any(|unit| unit.volumes.iter().any(|volume| volume.name == name));
        if !planned {
            return self.refuse(format!("it asks for the volume `{}`, which is not planned", excerpt(name)));
        }
        if self.volumes.insert(name.to_owned()) {
            self.effects.push(format!("ensure-volume {name}"));
        }
        Ok(())
    }

    fn rename(&mut self, id: &str, name: String) -> Result<(), EngineRefusal> {
        if self.find(&name).is_some() {
            self.call("rename")?;
            return Err(EngineRefusal::Conflict(format!("the name `{}` is taken", excerpt(&name))));
        }
        self.own("rename", id)?.spec.name = name;
        Ok(())
    }

    fn facts(&mut self, ids: &[String]) -> Result<Vec<ContainerFacts>, EngineRefusal> {
        self.call("facts")?;
        let wanted = |id: &String, container: &Container| ids.is_empty() || ids.contains(id) || ids.contains(&container.spec.name);
        let found = self.containers.iter().filter(|(id, container)| container.own && wanted(id, container));
        Ok(found.map(|(id, container)| facts(id, container)).collect())
    }
}

fn facts(id: &str, Container { spec, state, .. }: &Container) -> ContainerFacts {
    let started = matches!(*state, "running" | "exited");
    ContainerFacts {
        id: id.to_owned(),
        name: spec.name.clone(),
        unit: spec.unit.clone(),
        state: (*state).to_owned(),
        exit_code: (*state == "exited").then_some(0),
        started_unix_ms: started.then_some(1_700_000_000_000),
        image_id: spec.image.clone(),
        labels: spec.labels.clone(),
        ports: spec.publish.clone(),
        restart_count: 0,
    }
}

/// A real driver waits; the guest must survive being suspended.
fn soon<'a, T: Send + 'a>(value: Result<T, EngineRefusal>) -> BoxFuture<'a, Result<T, EngineRefusal>> {
    Box::pin(async move {
        tokio::task::yield_now().await;
        value
    })
}

impl EngineCapability for Place {
    fn create(&mut self, spec: ContainerSpec) -> BoxFuture<'_, Result<String, EngineRefusal>> {
        let done = self.inner().create(spec);
        soon(done)
    }

    fn start(&mut self, id: String) -> BoxFuture<'_, Result<(), EngineRefusal>> {
        let done = self.inner().own("start", &id).map(|container| container.state = "running");
        soon(done)
    }

    fn stop(&mut self, id: String, _grace_ms: u32) -> BoxFuture<'_, Result<(), EngineRefusal>> {
        let done = self.inner().own("stop", &id).map(|container| {
            if container.state == "running" {
                container.state = "exited";
            }
        });
        soon(done)
    }

    fn rename(&mut self, id: String, name: String) -> BoxFuture<'_, Result<(), EngineRefusal>> {
        let done = self.inner().rename(&id, name);
        soon(done)
    }

    fn remove(&mut self, id: String) -> BoxFuture<'_, Result<(), EngineRefusal>> {
        let done = {
            let mut inner = self.inner();
            let found = inner.find(&id);
            let own = inner.own("remove", &id).map(|_| ());
            if let (Ok(()), Some(found)) = (&own, found) {
                inner.containers.remove(&found);
            }
            own
        };
        soon(done)
    }

    fn ensure_volume(&mut self, name: String) -> BoxFuture<'_, Result<(), EngineRefusal>> {
        let done = self.inner().ensure_volume(&name);
        soon(done)
    }

    fn facts(&mut self, ids: Vec<String>) -> BoxFuture<'_, Result<Vec<ContainerFacts>, EngineRefusal>> {
        let done = self.inner().facts(&ids);
        soon(done)
    }
}
