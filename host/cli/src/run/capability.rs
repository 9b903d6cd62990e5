//! The engine capability that a target plugin is lent: every call is held against the plan before the Engine hears of
//! it. The plugin names secrets; their values are joined here.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use spawnfile_core::deployment::admit;
use spawnfile_core::deployment::plan::{ContainerFacts, ContainerSpec, DeploymentPlan};
use spawnfile_core::extras;
use spawnfile_core::oci::labels;
use spawnfile_core::secret::Secret;
use spawnfile_docker::{CreateExtras, Docker, DockerError};
use spawnfile_plugins::{BoxFuture, EngineCapability, EngineRefusal};

use super::undo::Undo;

/// What a start may use. Everything in it belongs to one deployment.
#[derive(Debug, Clone)]
pub(crate) struct Capability {
    /// The Engine.
    pub(crate) docker: Docker,
    /// What was decided; a call that goes beyond it is refused.
    pub(crate) plan: Arc<DeploymentPlan>,
    /// Values by name.
    pub(crate) secrets: Arc<BTreeMap<String, Secret>>,
    /// How the image takes secret files; none for images without extras.
    pub(crate) init: Option<extras::Init>,
    /// Largest size of a log file before it is rotated.
    pub(crate) log_max_bytes: u64,
    /// Rotated log files kept.
    pub(crate) log_max_files: u32,
    /// Where made things are noted.
    pub(crate) undo: Undo,
}

impl Capability {
    /// Returns whether the container belongs to this deployment of this home.
    async fn own(&self, id: &str) -> Result<ContainerFacts, EngineRefusal> {
        let facts = self.docker.facts(&[id.to_owned()]).await.map_err(|error| refusal(&error))?;
        let facts = facts.into_iter().next().ok_or(EngineRefusal::NotFound)?;
        if self.owns(&facts) {
            Ok(facts)
        } else {
            Err(EngineRefusal::Refused(format!("container `{id}` does not belong to this deployment")))
        }
    }

    fn owns(&self, facts: &ContainerFacts) -> bool {
        let home = self.plan.units.iter().find_map(|unit| unit.labels.get(labels::HOME));
        facts.labels.get(labels::DEPLOYMENT) == Some(&self.plan.deployment) && facts.labels.get(labels::HOME) == home
    }

    async fn create_checked(&self, spec: ContainerSpec) -> Result<String, EngineRefusal> {
        admit::container(&spec, &self.plan).map_err(EngineRefusal::Refused)?;
        let unit = self.plan.units.iter().find(|unit| unit.id == spec.unit);
        let mut secret_env = BTreeMap::new();
        for name in &spec.env_names {
            let value = self.secrets.get(name).ok_or_else(|| EngineRefusal::Refused(format!("secret `{name}` has no value")))?;
            secret_env.insert(name.clone(), value.clone());
        }
        let extra = CreateExtras {
            secret_env,
            log_max_bytes: self.log_max_bytes,
            log_max_files: self.log_max_files,
            user: self.init.as_ref().map(|init| format!("{}:{}", init.uid, init.gid)),
        };
        if spec.network == "internal" {
            self.undo.network(&spec.labels);
        }
        let id = self.docker.create(&spec, &extra).await.map_err(|error| refusal(&error))?;
        self.undo.container(&id);
        // Before the first start: afterwards the container is the image's, and writing into it would be a race.
        if let (Some(init), Some(unit)) = (&self.init, unit)
            && !unit.secret_files.is_empty()
        {
            let mut files = BTreeMap::new();
            for name in &unit.secret_files {
                let value = self.secrets.get(name).ok_or_else(|| EngineRefusal::Refused(format!("secret `{name}` has no value")))?;
                files.insert(name.clone(), value.clone());
            }
            self.docker.put_secret_files(&id, &init.secrets_dir, init.uid, init.gid, &files).await.map_err(|error| refusal(&error))?;
        }
        Ok(id)
    }

    async fn ensure_planned_volume(&self, name: &str) -> Result<(), EngineRefusal> {
        let planned = self.plan.units.iter().find(|unit| unit.volumes.iter().any(|volume| volume.name == name));
        let unit = planned.ok_or_else(|| EngineRefusal::Refused(format!("volume `{name}` is not in the plan")))?;
        let there = self.docker.volume_labels(name).await.map_err(|error| refusal(&error))?;
        if there.is_none() {
            self.undo.volume(name);
        }
        let found = self.docker.ensure_volume(name, &unit.labels).await.map_err(|error| refusal(&error))?;
        let same = [labels::DEPLOYMENT, labels::HOME].iter().all(|key| found.get(*key) == unit.labels.get(*key));
        if same { Ok(()) } else { Err(EngineRefusal::Conflict(format!("volume `{name}` is there and belongs to something else"))) }
    }
}

fn broken_off<T>(result: Result<Result<T, EngineRefusal>, tokio::task::JoinError>) -> Result<T, EngineRefusal> {
    result.unwrap_or_else(|error| Err(EngineRefusal::Failed(format!("the call broke off: {error}"))))
}

fn refusal(error: &DockerError) -> EngineRefusal {
    let text = error.to_string();
    match error {
        DockerError::NotFound { .. } => EngineRefusal::NotFound,
        DockerError::Conflict { .. } => EngineRefusal::Conflict(text),
        DockerError::Unreachable { .. } => EngineRefusal::Unreachable(text),
        _ => EngineRefusal::Failed(text),
    }
}

impl EngineCapability for Capability {
    fn create(&mut self, spec: ContainerSpec) -> BoxFuture<'_, Result<String, EngineRefusal>> {
        let own = self.clone();
        Box::pin(async move { broken_off(self.undo.making(Box::pin(async move { own.create_checked(spec).await })).await) })
    }

    fn start(&mut self, id: String) -> BoxFuture<'_, Result<(), EngineRefusal>> {
        Box::pin(async move {
            self.own(&id).await?;
            self.docker.start(&id).await.map_err(|error| refusal(&error))
        })
    }

    fn stop(&mut self, id: String, grace_ms: u32) -> BoxFuture<'_, Result<(), EngineRefusal>> {
        Box::pin(async move {
            self.own(&id).await?;
            self.docker.stop(&id, Duration::from_millis(u64::from(grace_ms))).await.map_err(|error| refusal(&error))
        })
    }

    fn rename(&mut self, id: String, name: String) -> BoxFuture<'_, Result<(), EngineRefusal>> {
        Box::pin(async move {
            self.own(&id).await?;
            self.docker.rename(&id, &name).await.map_err(|error| refusal(&error))
        })
    }

    fn remove(&mut self, id: String) -> BoxFuture<'_, Result<(), EngineRefusal>> {
        Box::pin(async move {
            self.own(&id).await?;
            self.docker.remove(&id, true, true).await.map_err(|error| refusal(&error))
        })
    }

    fn ensure_volume(&mut self, name: String) -> BoxFuture<'_, Result<(), EngineRefusal>> {
        let own = self.clone();
        Box::pin(async move { broken_off(self.undo.making(async move { own.ensure_planned_volume(&name).await }).await) })
    }

    fn facts(&mut self, ids: Vec<String>) -> BoxFuture<'_, Result<Vec<ContainerFacts>, EngineRefusal>> {
        Box::pin(async move {
            if ids.is_empty() {
                // Without ids: everything of this deployment, which is how a repeated start finds what is there.
                let wanted: BTreeMap<String, String> = self
                    .plan
                    .units
                    .first()
                    .map(|unit| {
                        [labels::DEPLOYMENT, labels::HOME]
                            .into_iter()
                            .filter_map(|key| unit.labels.get(key).map(|value| (key.to_owned(), value.clone())))
                            .collect()
                    })
                    .unwrap_or_default();
                return self.docker.find(&wanted).await.map_err(|error| refusal(&error));
            }
            // What is gone, and what is somebody else's, is left out: the target then makes its own, and a name that is
            // taken is a conflict.
            let mut facts = self.docker.facts(&ids).await.map_err(|error| refusal(&error))?;
            facts.retain(|facts| self.owns(facts));
            Ok(facts)
        })
    }
}
