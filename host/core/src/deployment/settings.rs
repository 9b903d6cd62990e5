//! What must not live in the image: the deployment manifest, `spawnfile.deploy.v1`, as far as it is used today.

use std::net::IpAddr;

use serde::{Deserialize, Serialize};

use super::plan::{Limits, PlannedPort};
use crate::finding::{Finding, Findings};
use crate::json;
use crate::oci::Digest;

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
    /// Published ports: nothing is published unless asked.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub publish: Vec<PlannedPort>,
}

impl DeploySettings {
    /// Returns what is allowed and still worth saying.
    pub fn warnings(&self) -> Findings {
        let open = |port: &&PlannedPort| port.address.parse::<IpAddr>().is_ok_and(|address| !address.is_loopback());
        let mut findings = Findings::default();
        for port in self.publish.iter().filter(open) {
            let message = format!("{port} lets everybody in who reaches this machine there");
            findings.push(Finding::warning("plan.publish-open", message).hint("without an address, a port is published on 127.0.0.1"));
        }
        findings
    }

    /// Returns the canonical form: JSON without white space, defaults applied, keys in byte order, ports sorted.
    pub fn canonical_json(&self) -> String {
        let mut settings = self.clone();
        settings.publish.sort_by(|a, b| (&a.address, a.host_port, a.port).cmp(&(&b.address, b.host_port, b.port)));
        json::canonical(&settings)
    }

    /// Returns the digest of the canonical form: what a release is made of.
    pub fn hash(&self) -> Digest {
        Digest::of(self.canonical_json().as_bytes())
    }
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
            publish: Vec::new(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_canonical_form_is_sorted_and_does_not_depend_on_order() {
        let text = DeploySettings::default().canonical_json();
        assert_eq!(
            text,
            r#"{"health_attempts":null,"log_max_bytes":10485760,"log_max_files":3,"network":"bridge","resources":{"pids":512},"restart":"unless-stopped","schema":"spawnfile.deploy.v1","target":"docker"}"#
        );
        let port = |host_port| PlannedPort { address: "127.0.0.1".into(), host_port, port: 1 };
        let with = |ports: [u16; 2]| DeploySettings { publish: ports.map(port).into(), ..DeploySettings::default() };
        assert_eq!(with([1, 2]).hash(), with([2, 1]).hash());
        assert_ne!(with([1, 2]).hash(), with([1, 3]).hash());
        assert_eq!(DeploySettings::default().hash(), Digest::of(text.as_bytes()));
    }

    #[test]
    fn what_lets_others_in_is_said() {
        let warned = |text: &str| {
            let settings = DeploySettings { publish: vec![text.parse().unwrap()], ..DeploySettings::default() };
            settings.warnings().sorted().len()
        };
        assert_eq!(["1", "127.0.0.2:1", "[::1]:1", "0.0.0.0:1", "[::]:1", "10.0.0.5:1"].map(warned), [0, 0, 0, 1, 1, 1]);
    }
}
