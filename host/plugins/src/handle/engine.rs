//! The `engine` capability: what a target may ask of the host's container driver. The caller of a target brings it; it
//! must check every request against the plan, since the guest is not to be trusted.

use std::collections::BTreeMap;
use std::fmt;
use std::pin::Pin;

use spawnfile_core::deployment::plan::{ContainerFacts, ContainerSpec, Limits, PlannedPort, PlannedVolume};

use crate::bindings::engine as wit;
use crate::bindings::types::Pair;
use crate::sandbox::state::State;

/// A boxed future.
pub type BoxFuture<'a, T> = Pin<Box<dyn Future<Output = T> + Send + 'a>>;

/// Why the engine did not do what a target asked for. Mirrors `engine-error` of the WIT.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum EngineRefusal {
    /// It is outside the plan, or not allowed at all.
    #[error("refused: {0}")]
    Refused(String),
    /// There is no such container.
    #[error("not found")]
    NotFound,
    /// The name is taken by something else.
    #[error("conflict: {0}")]
    Conflict(String),
    /// The Engine does not answer.
    #[error("unreachable: {0}")]
    Unreachable(String),
    /// It failed for another reason.
    #[error("{0}")]
    Failed(String),
    /// The target asked too often.
    #[error("the target asked too often")]
    Budget,
}

/// Containers and volumes of one deployment.
pub trait EngineCapability: Send {
    /// Creates a container and returns its id. Secrets are joined to it by name.
    fn create(&mut self, spec: ContainerSpec) -> BoxFuture<'_, Result<String, EngineRefusal>>;
    /// Starts a container.
    fn start(&mut self, id: String) -> BoxFuture<'_, Result<(), EngineRefusal>>;
    /// Stops a container; it is killed after `grace_ms` milliseconds.
    fn stop(&mut self, id: String, grace_ms: u32) -> BoxFuture<'_, Result<(), EngineRefusal>>;
    /// Gives a container another name.
    fn rename(&mut self, id: String, name: String) -> BoxFuture<'_, Result<(), EngineRefusal>>;
    /// Removes a container.
    fn remove(&mut self, id: String) -> BoxFuture<'_, Result<(), EngineRefusal>>;
    /// Makes a volume unless it is there.
    fn ensure_volume(&mut self, name: String) -> BoxFuture<'_, Result<(), EngineRefusal>>;
    /// Returns what is known of the containers that exist among these.
    fn facts(&mut self, ids: Vec<String>) -> BoxFuture<'_, Result<Vec<ContainerFacts>, EngineRefusal>>;
}

impl fmt::Debug for dyn EngineCapability {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("EngineCapability")
    }
}

impl From<EngineRefusal> for wit::EngineError {
    fn from(refusal: EngineRefusal) -> Self {
        match refusal {
            EngineRefusal::Refused(why) => Self::Refused(why),
            EngineRefusal::NotFound => Self::NotFound,
            EngineRefusal::Conflict(why) => Self::Conflict(why),
            EngineRefusal::Unreachable(why) => Self::Unreachable(why),
            EngineRefusal::Failed(why) => Self::Failed(why),
            EngineRefusal::Budget => Self::Budget,
        }
    }
}

type Answer<T> = wasmtime::Result<Result<T, wit::EngineError>>;

impl State {
    /// Counts the call and lends the capability, or refuses in a call (`plan`, `describe`) that has none.
    fn lend(&mut self, bytes: usize) -> wasmtime::Result<Result<&mut dyn EngineCapability, wit::EngineError>> {
        self.meter.import(bytes)?;
        Ok(match self.engine.as_deref_mut() {
            Some(engine) => Ok(engine),
            None => Err(wit::EngineError::Refused("this call has no effects".to_owned())),
        })
    }
}

macro_rules! lent {
    ($state:expr, $bytes:expr) => {
        match $state.lend($bytes)? {
            Ok(engine) => engine,
            Err(refused) => return Ok(Err(refused)),
        }
    };
}

impl wit::Host for State {
    async fn create(&mut self, spec: wit::ContainerSpec) -> Answer<String> {
        let engine = lent!(self, weight(&spec));
        match container_spec(spec) {
            Ok(spec) => Ok(engine.create(spec).await.map_err(Into::into)),
            Err(twice) => Ok(Err(wit::EngineError::Refused(format!("`{}` is given twice", crate::error::clean(&twice, 120))))),
        }
    }

    async fn start(&mut self, id: String) -> Answer<()> {
        Ok(lent!(self, id.len()).start(id).await.map_err(Into::into))
    }

    async fn stop(&mut self, id: String, grace_ms: u32) -> Answer<()> {
        Ok(lent!(self, id.len()).stop(id, grace_ms).await.map_err(Into::into))
    }

    async fn rename(&mut self, id: String, name: String) -> Answer<()> {
        Ok(lent!(self, id.len() + name.len()).rename(id, name).await.map_err(Into::into))
    }

    async fn remove(&mut self, id: String) -> Answer<()> {
        Ok(lent!(self, id.len()).remove(id).await.map_err(Into::into))
    }

    async fn ensure_volume(&mut self, name: String) -> Answer<()> {
        Ok(lent!(self, name.len()).ensure_volume(name).await.map_err(Into::into))
    }

    async fn facts(&mut self, ids: Vec<String>) -> Answer<Vec<wit::ContainerFacts>> {
        let engine = lent!(self, ids.iter().map(String::len).sum());
        Ok(match engine.facts(ids).await {
            Ok(facts) => Ok(facts.into_iter().map(container_facts).collect()),
            Err(refusal) => Err(refusal.into()),
        })
    }
}

/// Returns about how many bytes a specification holds.
fn weight(spec: &wit::ContainerSpec) -> usize {
    let pairs = |pairs: &[Pair]| pairs.iter().map(|pair| pair.key.len() + pair.value.len() + 16).sum::<usize>();
    let texts = |texts: &[String]| texts.iter().map(|text| text.len() + 8).sum::<usize>();
    spec.image.len()
        + pairs(&spec.env)
        + pairs(&spec.labels)
        + texts(&spec.env_names)
        + texts(&spec.linux_capabilities)
        + spec.mounts.iter().map(|mount| mount.volume.len() + mount.path.len() + 16).sum::<usize>()
        + spec.publish.iter().map(|port| port.address.len() + 16).sum::<usize>()
}

/// Returns a map of pairs, or the key that stands there twice.
pub(super) fn map(pairs: Vec<Pair>) -> Result<BTreeMap<String, String>, String> {
    let mut map = BTreeMap::new();
    for Pair { key, value } in pairs {
        if map.contains_key(&key) {
            return Err(key);
        }
        map.insert(key, value);
    }
    Ok(map)
}

fn container_spec(spec: wit::ContainerSpec) -> Result<ContainerSpec, String> {
    Ok(ContainerSpec {
        name: spec.name,
        unit: spec.unit,
        image: spec.image,
        env_names: spec.env_names,
        env: map(spec.env)?,
        volumes: spec
            .mounts
            .into_iter()
            .map(|mount| PlannedVolume { name: mount.volume, path: mount.path, read_only: mount.read_only })
            .collect(),
        publish: spec
            .publish
            .into_iter()
            .map(|port| PlannedPort { address: port.address, host_port: port.host_port, port: port.port })
            .collect(),
        network: spec.network,
        limits: Limits { memory_bytes: spec.limits.memory_bytes, cpu_millis: spec.limits.cpu_millis, pids: spec.limits.pids },
        labels: map(spec.labels)?,
        linux_capabilities: spec.linux_capabilities,
        stop_grace_ms: spec.stop_grace_ms,
    })
}

fn container_facts(facts: ContainerFacts) -> wit::ContainerFacts {
    wit::ContainerFacts {
        id: facts.id,
        name: facts.name,
        unit: facts.unit,
        state: facts.state,
        exit_code: facts.exit_code,
        started_unix_ms: facts.started_unix_ms,
        image_id: facts.image_id,
        labels: facts.labels.into_iter().map(|(key, value)| Pair { key, value }).collect(),
        ports: facts
            .ports
            .into_iter()
            .map(|port| wit::Publish { address: port.address, host_port: port.host_port, port: port.port })
            .collect(),
    }
}
