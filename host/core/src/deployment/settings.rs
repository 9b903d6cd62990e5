//! What must not live in the image: the deployment manifest, `spawnfile.deploy.v1`, as far as it is used today.

use serde::{Deserialize, Serialize};

use super::plan::Limits;

/// The settings of a deployment, defaults applied.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct DeploySettings {
    /// Always `spawnfile.deploy.v1`.
    pub schema: String,
    /// Target plugin's id word (`docker`).
    pub target: String,
    /// Limits.
    pub resources: Limits,
    /// `bridge`, `internal` or `none`.
    pub network: String,
    /// Restart policy set once the deployment is healthy: `unless-stopped`, `on-failure` or `no`.
    pub restart: String,
    /// Attempts of the health gate; none: what the image's probes say.
    pub health_attempts: Option<u32>,
    /// Largest size of a log file, in bytes, before it is rotated.
    pub log_max_bytes: u64,
    /// Rotated log files kept.
    pub log_max_files: u32,
}

impl Default for DeploySettings {
    fn default() -> Self {
        Self {
            schema: "spawnfile.deploy.v1".to_owned(),
            target: "docker".to_owned(),
            resources: Limits { memory_bytes: None, cpu_millis: None, pids: Some(512) },
            network: "bridge".to_owned(),
            restart: "unless-stopped".to_owned(),
            health_attempts: None,
            log_max_bytes: 10 * 1024 * 1024,
            log_max_files: 3,
        }
    }
}
