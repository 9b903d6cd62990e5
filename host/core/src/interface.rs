//! What an image offers and needs, as `status <ref> --json` prints it.
//!
//! The keys of the TypeScript tool stand first and mean the same; ours come after them.

use std::collections::BTreeSet;

use serde::Serialize;

use crate::extras::Extras;
use crate::oci::{Digest, labels};
use crate::preflight::Wanted;
use crate::report::{Agent, DistributionReport, Team};
use crate::reserved::is_reserved_env;

/// The interface of an image.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct ImageInterface {
    /// Agents.
    pub agents: Vec<Agent>,
    /// Fingerprint of the report.
    pub compile_fingerprint: String,
    /// When the image was compiled.
    pub generated_at: String,
    /// The reference as it was given.
    pub image_ref: String,
    /// Networks.
    pub networks: Vec<InterfaceNetwork>,
    /// Ports that the creator suggests on the host, ascending.
    pub ports: Vec<u16>,
    /// Name of the project.
    pub project: String,
    /// Names that must be given: required and not generated, sorted.
    pub required_secrets: Vec<String>,
    /// Teams.
    pub teams: Vec<Team>,

    /// Names that may be given, sorted.
    pub optional_secrets: Vec<String>,
    /// Names that the host makes when nobody gives them, sorted.
    pub generated_secrets: Vec<String>,
    /// Model logins of the instances, sorted.
    pub auth_methods: Vec<InterfaceAuth>,
    /// Names among these that steer the system or PID 1, sorted: `up` refuses an image that asks for one.
    pub reserved_secrets: Vec<String>,
    /// Ports inside the container, ascending.
    pub internal_ports: Vec<u16>,
    /// Paths that get a volume.
    pub mounts: Vec<InterfaceMount>,
    /// Linux capabilities that are kept, sorted.
    pub linux_capabilities: Vec<String>,
    /// Version of the image contract.
    pub contract: String,
    /// Whether the image says how to run, probe and fill it (extras).
    pub extras: bool,
    /// Digest in the reference's repository, when it is known.
    pub digest: Option<Digest>,
    /// Where this was read: `engine`, `registry` or `cache`.
    pub source: String,
}

/// A network of an image.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct InterfaceNetwork {
    /// Id.
    pub id: String,
    /// `managed` or `external`.
    pub server_mode: String,
}

/// A model login of an instance.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct InterfaceAuth {
    /// Runtime kind.
    pub runtime: String,
    /// Instance.
    pub instance: String,
    /// Model provider.
    pub provider: String,
    /// Auth method.
    pub method: String,
}

/// A path that gets a volume.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct InterfaceMount {
    /// Id.
    pub id: String,
    /// Absolute path in the container.
    pub target: String,
}

impl ImageInterface {
    /// Returns the interface of an image that was accepted.
    pub fn of(report: &DistributionReport, extras: Option<&Extras>, image_ref: &str, digest: Option<Digest>, source: &str) -> Self {
        let wanted = Wanted::of(report, extras);
        let reserved = wanted.names().filter(|name| is_reserved_env(name)).map(str::to_owned).collect::<BTreeSet<_>>();
        let organization = &report.organization;
        let mut capabilities: Vec<String> =
            extras.into_iter().flat_map(|extras| &extras.instances).flat_map(|instance| instance.linux_capabilities.clone()).collect();
        capabilities.sort();
        capabilities.dedup();
        Self {
            agents: organization.agents.clone(),
            compile_fingerprint: report.compile_fingerprint.clone(),
            generated_at: report.generated_at.clone(),
            image_ref: image_ref.to_owned(),
            networks: report
                .moltnet
                .networks
                .iter()
                .map(|network| InterfaceNetwork { id: network.id.clone(), server_mode: network.server_mode.clone() })
                .collect(),
            ports: report.ports.clone(),
            project: organization.project.clone(),
            required_secrets: wanted.required.into_iter().collect(),
            teams: organization.teams.clone(),
            optional_secrets: wanted.optional.into_iter().collect(),
            generated_secrets: wanted.generated.into_iter().collect(),
            reserved_secrets: reserved.into_iter().collect(),
            auth_methods: wanted
                .auth
                .into_iter()
                .map(|need| InterfaceAuth { runtime: need.runtime, instance: need.instance, provider: need.provider, method: need.method })
                .collect(),
            internal_ports: report.internal_ports.clone(),
            mounts: report
                .persistent_mounts
                .iter()
                .map(|mount| InterfaceMount { id: mount.id.clone(), target: mount.target.clone() })
                .collect(),
            linux_capabilities: capabilities,
            contract: labels::IMAGE_CONTRACT_V1.to_owned(),
            extras: extras.is_some(),
            digest,
            source: source.to_owned(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn has_the_known_keys_and_lists_only_what_must_be_given() {
        let report = crate::report::parse(include_bytes!("../tests/reports/ok/everything.json")).unwrap();
        let extras = crate::extras::parse(include_bytes!("../tests/extras/ok/one-agent.json")).unwrap();
        let interface = ImageInterface::of(&report, Some(&extras), "a/org:1", None, "engine");
        assert_eq!(interface.required_secrets, ["ANTHROPIC_API_KEY"]);
        assert_eq!(interface.optional_secrets, ["SEARCH_API_KEY", "SPAWNFILE_NETWORK_LAB_URL"]);
        assert_eq!(interface.generated_secrets, ["ECHO_TOKEN"]);
        let json = crate::display::json(&interface);
        insta::assert_snapshot!(json, @r#"
    {
      "agents": [
        {
          "id": "agent:polly",
          "name": "Polly \u202egnp.exe",
          "runtime": "echo",
          "teams": [
            "team:flock"
          ]
        },
        {
          "id": "agent:sub",
          "name": "",
          "runtime": null,
          "teams": []
        }
      ],
      "compileFingerprint": "sf1:0123456789ab",
      "generatedAt": "1970-01-01T00:00:00.000Z",
      "imageRef": "a/org:1",
      "networks": [
        {
          "id": "lab",
          "serverMode": "managed"
        },
        {
          "id": "old",
          "serverMode": "external"
        }
      ],
      "ports": [
        7800
      ],
      "project": "parrots",
      "requiredSecrets": [
        "ANTHROPIC_API_KEY"
      ],
      "teams": [
        {
          "agents": [
            "agent:polly"
          ],
          "id": "team:flock",
          "name": "flock"
        }
      ],
      "optionalSecrets": [
        "SEARCH_API_KEY",
        "SPAWNFILE_NETWORK_LAB_URL"
      ],
      "generatedSecrets": [
        "ECHO_TOKEN"
      ],
      "authMethods": [
        {
          "runtime": "echo",
          "instance": "agent-polly",
          "provider": "anthropic",
          "method": "api_key"
        }
      ],
      "reservedSecrets": [],
      "internalPorts": [
        7800
      ],
      "mounts": [
        {
          "id": "memory",
          "target": "/var/lib/spawnfile/memory/flock"
        },
        {
          "id": "memory-2",
          "target": "/var/lib/spawnfile/memory/flock-2/"
        }
      ],
      "linuxCapabilities": [],
      "contract": "spawnfile.image.v1",
      "extras": true,
      "digest": null,
      "source": "engine"
    }
    "#);
    }
}
