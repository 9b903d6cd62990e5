//! The deployment plan, `spawnfile.deployment-plan.v1`: what a target is given. Names of secrets only, never values.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

/// The value of [`DeploymentPlan::version`].
pub const PLAN_VERSION: &str = "spawnfile.deployment-plan.v1";

/// What should exist, before a target lowers it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct DeploymentPlan {
    /// Always [`PLAN_VERSION`].
    pub version: String,
    /// Name of the deployment.
    pub deployment: String,
    /// Label-safe slug of the project.
    pub project: String,
    /// Fingerprint of the image's report.
    pub compile_fingerprint: String,
    /// Units, by id.
    pub units: Vec<PlannedUnit>,
}

/// One container to be.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PlannedUnit {
    /// Id (`analyst-container`).
    pub id: String,
    /// Name of the container.
    pub container_name: String,
    /// Id of the image, `sha256:…`; never a name that can move.
    pub image: String,
    /// Plain variables.
    pub env: BTreeMap<String, String>,
    /// Secrets delivered in the environment, by name.
    pub secret_env: Vec<String>,
    /// Secrets delivered as files, by name.
    pub secret_files: Vec<String>,
    /// Volumes.
    pub volumes: Vec<PlannedVolume>,
    /// Published ports.
    pub publish: Vec<PlannedPort>,
    /// `bridge`, `internal` or `none`.
    pub network: String,
    /// Limits.
    pub limits: Limits,
    /// Labels of the container.
    pub labels: BTreeMap<String, String>,
    /// Linux capabilities kept; all others are dropped.
    pub linux_capabilities: Vec<String>,
    /// How long stopping may take, in milliseconds.
    pub stop_grace_ms: u32,
}

/// A volume of a unit.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PlannedVolume {
    /// Name of the volume.
    pub name: String,
    /// Absolute path in the container.
    pub path: String,
    /// Whether it cannot be written.
    pub read_only: bool,
}

/// A published port of a unit.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PlannedPort {
    /// Address of the host (127.0.0.1 unless asked otherwise).
    pub address: String,
    /// Port of the host.
    pub host_port: u16,
    /// Port in the container.
    pub port: u16,
}

/// Why a text is no port to publish.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("`{0}` is not [ADDRESS:][HOST_PORT:]PORT with ports from 1 to 65535 (an IPv6 address stands in brackets)")]
pub struct PublishError(String);

/// Reads `[ADDRESS:][HOST_PORT:]PORT`. The address is 127.0.0.1, the port of the host that in the container, unless said
/// otherwise.
impl std::str::FromStr for PlannedPort {
    type Err = PublishError;

    fn from_str(text: &str) -> Result<Self, PublishError> {
        let refuse = || PublishError(crate::display::escape(&text.chars().take(60).collect::<String>()).to_string());
        let (address, ports) = match text.strip_prefix('[').and_then(|rest| rest.split_once("]:")) {
            Some((address, ports)) => (address.parse::<std::net::Ipv6Addr>().map_err(|_| refuse())?.to_string(), ports),
            None => match text.split_once(':') {
                Some((first, rest)) if first.parse::<std::net::Ipv4Addr>().is_ok() => (first.to_owned(), rest),
                _ => ("127.0.0.1".to_owned(), text),
            },
        };
        let number = |text: &str| {
            let digits = !text.is_empty() && text.bytes().all(|b| b.is_ascii_digit());
            text.parse::<u16>().ok().filter(|port| digits && *port > 0).ok_or_else(refuse)
        };
        let (host_port, port) = match ports.split_once(':') {
            Some((host_port, port)) => (number(host_port)?, number(port)?),
            None => (number(ports)?, number(ports)?),
        };
        Ok(Self { address, host_port, port })
    }
}

impl std::fmt::Display for PlannedPort {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let Self { address, host_port, port } = self;
        if address.contains(':') { write!(f, "[{address}]:{host_port}:{port}") } else { write!(f, "{address}:{host_port}:{port}") }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ports_are_read_as_they_are_shown() {
        for (text, shown) in [
            ("7700", "127.0.0.1:7700:7700"),
            ("8080:7700", "127.0.0.1:8080:7700"),
            ("0.0.0.0:7700", "0.0.0.0:7700:7700"),
            ("10.0.0.5:8080:7700", "10.0.0.5:8080:7700"),
            ("[::1]:8080:7700", "[::1]:8080:7700"),
            ("[::]:1", "[::]:1:1"),
        ] {
            let port: PlannedPort = text.parse().unwrap();
            assert_eq!(port.to_string(), shown);
            assert_eq!(shown.parse::<PlannedPort>().unwrap(), port);
        }
        for wrong in [
            "",
            ":",
            "x",
            "0",
            "65536",
            "+1",
            "1:",
            ":1",
            "1:2:3",
            "localhost:1:2",
            "1.2.3:1",
            "::1:80",
            "[::1]80",
            "[127.0.0.1]:1",
            "1-2",
            "80/tcp",
        ] {
            assert!(wrong.parse::<PlannedPort>().is_err(), "{wrong}");
        }
    }
}

/// Limits of a unit.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Limits {
    /// Hard cap of memory, in bytes.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub memory_bytes: Option<u64>,
    /// Thousandths of a core.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cpu_millis: Option<u32>,
    /// Processes and threads.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub pids: Option<u32>,
}

/// What a target asks the Engine to create; the host checks it against the plan before it does. Mirrors
/// `wit/target`'s `container-spec`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ContainerSpec {
    /// Name of the container.
    pub name: String,
    /// Unit of the plan.
    pub unit: String,
    /// Image id.
    pub image: String,
    /// Names of secrets to deliver in the environment.
    pub env_names: Vec<String>,
    /// Plain variables.
    pub env: BTreeMap<String, String>,
    /// Volumes.
    pub volumes: Vec<PlannedVolume>,
    /// Published ports.
    pub publish: Vec<PlannedPort>,
    /// `bridge`, `internal` or `none`.
    pub network: String,
    /// Limits.
    pub limits: Limits,
    /// Labels.
    pub labels: BTreeMap<String, String>,
    /// Linux capabilities kept.
    pub linux_capabilities: Vec<String>,
    /// How long stopping may take, in milliseconds.
    pub stop_grace_ms: u32,
}

/// What is known of a container: projected, without environment, mount sources or the Engine's own document.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ContainerFacts {
    /// Id.
    pub id: String,
    /// Name without the leading slash.
    pub name: String,
    /// Unit, from its label.
    pub unit: String,
    /// The Engine's word: `created`, `running`, `paused`, `restarting`, `removing`, `exited` or `dead`.
    pub state: String,
    /// Exit code, once it has ended.
    pub exit_code: Option<i32>,
    /// When it started, in milliseconds since 1970.
    pub started_unix_ms: Option<u64>,
    /// Image id.
    pub image_id: String,
    /// Labels.
    pub labels: BTreeMap<String, String>,
    /// Published ports.
    pub ports: Vec<PlannedPort>,
    /// How often the Engine restarted it.
    pub restart_count: u64,
}
