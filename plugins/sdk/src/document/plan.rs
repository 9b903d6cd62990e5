//! The deployment plan, `spawnfile.deployment-plan.v1`: what a target is given. Names of secrets only, never
//! values.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

/// The value of [`DeploymentPlan::version`].
pub const PLAN_VERSION: &str = "spawnfile.deployment-plan.v1";

/// What should exist, before a target lowers it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
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
pub struct PlannedPort {
    /// Address of the host (127.0.0.1 unless asked otherwise).
    pub address: String,
    /// Port of the host.
    pub host_port: u16,
    /// Port in the container.
    pub port: u16,
}

/// Limits of a unit.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
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
