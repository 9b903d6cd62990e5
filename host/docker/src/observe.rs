//! What containers are: projected. The environment and the sources of mounts are not even parsed.

use std::collections::BTreeMap;

use futures_util::{StreamExt as _, TryStreamExt as _, stream};
use serde::Deserialize;
use spawnfile_core::deployment::plan::{ContainerFacts, PlannedPort};
use spawnfile_core::oci::labels;

use crate::container::name;
use crate::engine::Docker;
use crate::error::DockerError;
use crate::text::Redactor;
use crate::wire::{Call, LONG, empty, within};

/// Most containers of one answer.
const CONTAINERS_MAX: usize = 1000;
/// Questions under way at once.
const AT_ONCE: usize = 8;

/// The part of the Engine's document that is read.
#[derive(Debug, Deserialize)]
pub(crate) struct Document {
    #[serde(rename = "Id")]
    id: String,
    #[serde(default, rename = "Name")]
    name: String,
    #[serde(default, rename = "Image")]
    image: String,
    #[serde(default, rename = "RestartCount")]
    restart_count: u64,
    #[serde(rename = "State")]
    pub(crate) state: State,
    #[serde(default, rename = "Config")]
    config: Config,
    #[serde(default, rename = "HostConfig")]
    host: Host,
    #[serde(default, rename = "NetworkSettings")]
    network: Network,
}

#[derive(Debug, Deserialize)]
pub(crate) struct State {
    #[serde(rename = "Status")]
    pub(crate) status: String,
    #[serde(default, rename = "ExitCode")]
    exit_code: i64,
    #[serde(default, rename = "StartedAt")]
    started_at: String,
}

#[derive(Debug, Default, Deserialize)]
struct Config {
    #[serde(default, rename = "Labels")]
    labels: Option<BTreeMap<String, String>>,
}

#[derive(Debug, Default, Deserialize)]
struct Host {
    #[serde(default, rename = "PortBindings")]
    ports: Option<Ports>,
}

#[derive(Debug, Default, Deserialize)]
struct Network {
    #[serde(default, rename = "Ports")]
    ports: Option<Ports>,
}

type Ports = BTreeMap<String, Option<Vec<Binding>>>;

#[derive(Debug, Deserialize)]
struct Binding {
    #[serde(default, rename = "HostIp")]
    address: String,
    #[serde(default, rename = "HostPort")]
    port: String,
}

#[derive(Deserialize)]
struct Listed {
    #[serde(rename = "Id")]
    id: String,
}

impl Document {
    fn facts(self) -> ContainerFacts {
        let labels = self.config.labels.unwrap_or_default();
        let ended = matches!(self.state.status.as_str(), "exited" | "dead");
        let mut ports = planned(self.network.ports);
        if ports.is_empty() {
            ports = planned(self.host.ports);
        }
        ContainerFacts {
            id: self.id,
            name: self.name.trim_start_matches('/').to_owned(),
            unit: labels.get(labels::UNIT).cloned().unwrap_or_default(),
            exit_code: ended.then(|| i32::try_from(self.state.exit_code).ok()).flatten(),
            started_unix_ms: unix_ms(&self.state.started_at),
            state: self.state.status,
            image_id: self.image,
            labels,
            ports,
            restart_count: self.restart_count,
        }
    }
}

/// Returns published TCP ports, sorted.
fn planned(ports: Option<Ports>) -> Vec<PlannedPort> {
    let mut planned: Vec<PlannedPort> = Vec::new();
    for (port, bindings) in ports.unwrap_or_default() {
        let Some(port) = port.strip_suffix("/tcp").and_then(|port| port.parse().ok()) else { continue };
        for binding in bindings.unwrap_or_default() {
            if let Ok(host_port) = binding.port.parse() {
                planned.push(PlannedPort { address: binding.address, host_port, port });
            }
        }
    }
    planned.sort_by(|a, b| (a.port, &a.address, a.host_port).cmp(&(b.port, &b.address, b.host_port)));
    planned
}

/// Returns a time in milliseconds since 1970; nothing for the Engine's year 1, which means never.
fn unix_ms(text: &str) -> Option<u64> {
    let time: jiff::Timestamp = text.parse().ok()?;
    u64::try_from(time.as_millisecond()).ok().filter(|ms| *ms > 0)
}

impl Docker {
    /// Returns the facts of containers, by id or name, in the order asked for. One that is gone is left out. 120 s.
    ///
    /// # Errors
    ///
    /// [`DockerError::Invalid`] for what is no id or name, or for more than 1000; what may happen on the way.
    pub async fn facts(&self, ids: &[String]) -> Result<Vec<ContainerFacts>, DockerError> {
        if ids.len() > CONTAINERS_MAX {
            return Err(DockerError::invalid(format!("a question about {} containers", ids.len()), "at most 1000 are taken"));
        }
        let asked = ids.iter().map(|id| async {
            match self.inspect_container(id).await {
                Ok(document) => Ok(Some(document.facts())),
                Err(DockerError::NotFound { .. }) => Ok(None),
                Err(error) => Err(error),
            }
        });
        // Collected first: a lazy iterator of futures that borrow does not live in a spawned task.
        let asked: Vec<_> = asked.collect();
        within("asking for the facts of containers", LONG, async {
            let found: Vec<Option<ContainerFacts>> = stream::iter(asked).buffered(AT_ONCE).try_collect().await?;
            Ok(found.into_iter().flatten().collect())
        })
        .await
    }

    /// Returns the facts of all containers, running or not, that have these labels with these values, by name. 120 s.
    ///
    /// Containers inherit the labels of their image, so a label alone does not say who made a container.
    ///
    /// # Errors
    ///
    /// [`DockerError::Malformed`] for more than 1000, and what may happen on the way.
    pub async fn find(&self, labels: &BTreeMap<String, String>) -> Result<Vec<ContainerFacts>, DockerError> {
        let what = "the containers of the engine";
        let wanted: Vec<String> = labels.iter().map(|(name, value)| format!("{name}={value}")).collect();
        let filters = serde_json::json!({ "label": wanted }).to_string();
        let call = Call::get("/containers/json", what).query("all", "1").query("filters", &filters);
        let listed: Vec<Listed> = within(what, LONG, self.wire.json(call, empty(), &Redactor::default())).await?;
        if listed.len() > CONTAINERS_MAX {
            return Err(DockerError::malformed(what, format!("{} have the wanted labels; at most 1000 are taken", listed.len())));
        }
        let ids: Vec<String> = listed.into_iter().map(|container| container.id).collect();
        let mut found = self.facts(&ids).await?;
        found.sort_by(|a, b| a.name.cmp(&b.name));
        Ok(found)
    }

    pub(crate) async fn inspect_container(&self, container: &str) -> Result<Document, DockerError> {
        name(container)?;
        let what = format!("container `{container}`");
        let call = Call::get(format!("/containers/{container}/json"), &what);
        within(&what, LONG, self.wire.json(call, empty(), &Redactor::default())).await
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_document_is_projected() {
        let document: Document = serde_json::from_value(serde_json::json!({
            "Id": "abc", "Name": "/spawnfile-x", "Image": "sha256:00", "RestartCount": 2, "New": { "a": [1] },
            "State": { "Status": "exited", "ExitCode": 137, "StartedAt": "2026-11-20T23:43:00.5Z" },
            "Config": { "Env": ["KEY=canary"], "Labels": { "com.spawnfile.unit": "x-container" } },
            "HostConfig": { "Binds": ["/canary:/x"], "PortBindings": { "80/tcp": [ { "HostIp": "127.0.0.1", "HostPort": "8080" } ], "53/udp": [ { "HostPort": "53" } ] } },
            "NetworkSettings": { "Ports": {} },
        }))
        .unwrap();
        let facts = document.facts();
        assert_eq!(
            facts,
            ContainerFacts {
                id: "abc".to_owned(),
                name: "spawnfile-x".to_owned(),
                unit: "x-container".to_owned(),
                state: "exited".to_owned(),
                exit_code: Some(137),
                started_unix_ms: Some(1_795_218_180_500),
                image_id: "sha256:00".to_owned(),
                labels: BTreeMap::from([(labels::UNIT.to_owned(), "x-container".to_owned())]),
                ports: vec![PlannedPort { address: "127.0.0.1".to_owned(), host_port: 8080, port: 80 }],
                restart_count: 2,
            }
        );
        assert!(!format!("{facts:?}").contains("canary"));
    }

    #[test]
    fn never_started_has_no_time() {
        assert_eq!(unix_ms("0001-01-01T00:00:00Z"), None);
        assert_eq!(unix_ms(""), None);
        assert_eq!(unix_ms("1970-01-01T00:00:01Z"), Some(1000));
    }
}
