//! Types of the distribution report. Shapes only; `parse` checks values.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

/// The value of [`DistributionReport::version`].
pub const REPORT_VERSION: &str = "spawnfile.distribution-report.v1";

/// What an image says about itself: no secret, no path of the creator's machine.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct DistributionReport {
    /// `sf1:` and 12 hexadecimal digits over everything below but `generated_at`.
    pub compile_fingerprint: String,
    /// UTC time with milliseconds.
    pub generated_at: String,
    /// Ports that the runtimes listen on inside the container, ascending.
    pub internal_ports: Vec<u16>,
    /// Provider to auth method, over all instances.
    pub model_auth_methods: BTreeMap<String, String>,
    /// Networks.
    pub moltnet: Moltnet,
    /// Agents and teams.
    pub organization: Organization,
    /// Paths that need a volume, by id.
    pub persistent_mounts: Vec<PersistentMount>,
    /// Internal to published port, of exposed runtimes.
    pub port_mappings: Vec<PortMapping>,
    /// Published ports, ascending.
    pub ports: Vec<u16>,
    /// Workspace resources.
    pub resources: Vec<WorkspaceResource>,
    /// Runtime instances, by id.
    pub runtime_instances: Vec<RuntimeInstance>,
    /// Secrets by category.
    pub secrets: Secrets,
    /// Always [`REPORT_VERSION`].
    pub version: String,
    /// Bindings of another product, kept as they are.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub world_bindings: Option<WorldBindings>,
}

/// Networks of an organization.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Moltnet {
    /// By id.
    pub networks: Vec<Network>,
}

/// One network.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Network {
    /// `env` when its endpoint can be rebound by environment variables.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub binding: Option<String>,
    /// Id.
    pub id: String,
    /// `managed` or `external`.
    pub server_mode: String,
}

/// Agents and teams.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Organization {
    /// By id.
    pub agents: Vec<Agent>,
    /// The root manifest's name.
    pub project: String,
    /// By id.
    pub teams: Vec<Team>,
}

/// An agent.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Agent {
    /// `agent:<slug>`.
    pub id: String,
    /// Name as written.
    pub name: String,
    /// Runtime kind.
    pub runtime: Option<String>,
    /// Ids of the teams it is a direct member of.
    pub teams: Vec<String>,
}

/// A team.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Team {
    /// Ids of direct agent members.
    pub agents: Vec<String>,
    /// `team:<slug>`.
    pub id: String,
    /// Name as written.
    pub name: String,
}

/// A path that must outlive the container.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PersistentMount {
    /// Always `persistent`.
    pub durability: String,
    /// Id, part of the volume's name.
    pub id: String,
    /// Always `volume`.
    pub kind: String,
    /// Absolute path in the image.
    pub target: String,
}

/// A published port.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PortMapping {
    /// Port inside the container.
    pub internal_port: u16,
    /// Port that the creator suggests on the host.
    pub published_port: u16,
}

/// A workspace resource.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct WorkspaceResource {
    /// Id.
    pub id: String,
    /// `git` or `volume`.
    pub kind: String,
    /// Where it appears in the workspace.
    pub link_path: String,
    /// `mutable` or `readonly`.
    pub mode: String,
    /// Mount as written.
    pub mount: String,
    /// `per_agent` or `team`.
    pub sharing: String,
}

/// One configured runtime.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RuntimeInstance {
    /// Absolute path of its configuration file.
    pub config_path: String,
    /// Absolute path of its home folder.
    pub home_path: Option<String>,
    /// Id.
    pub id: String,
    /// Port that it listens on.
    pub internal_port: Option<u16>,
    /// Provider to auth method.
    pub model_auth_methods: BTreeMap<String, String>,
    /// Names of the model secrets that it needs.
    pub model_secrets_required: Vec<String>,
    /// Engine by node id, of kinds that run several engines.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub engine_by_node_id: Option<BTreeMap<String, String>>,
    /// Ids of the nodes that it runs.
    pub node_ids: Vec<String>,
    /// Port that the creator suggests on the host, when exposed.
    pub published_port: Option<u16>,
    /// Runtime kind.
    pub runtime: String,
    /// Telemetry mount by node id.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub telemetry_mount_ids: Option<BTreeMap<String, String>>,
    /// Absolute path of its workspace.
    pub workspace_path: String,
}

/// Secrets by category. A name of several categories stands in each.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Secrets {
    /// Of model providers.
    pub model: Vec<SecretRequirement>,
    /// Declared by the project.
    pub project: Vec<SecretRequirement>,
    /// Needed by runtimes.
    pub runtime: Vec<SecretRequirement>,
    /// Of surfaces and networks.
    pub surface: Vec<SecretRequirement>,
}

/// A secret that the image wants.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SecretRequirement {
    /// Made by the host when nobody gives it.
    pub generated: bool,
    /// Name of the environment variable.
    pub name: String,
    /// Whether the organization cannot start without it.
    pub required: bool,
}

/// Bindings of another product.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct WorldBindings {
    /// `/spawnfile/world-bindings.json`.
    pub artifact_path: String,
    /// `sha256:` digest of it.
    pub digest: String,
    /// `simfile.world-bindings.v1`.
    pub schema: String,
}

impl Secrets {
    /// Returns every requirement with its category, in category order.
    pub fn all(&self) -> impl Iterator<Item = (SecretCategory, &SecretRequirement)> {
        let of = |category| move |requirement| (category, requirement);
        self.model
            .iter()
            .map(of(SecretCategory::Model))
            .chain(self.project.iter().map(of(SecretCategory::Project)))
            .chain(self.runtime.iter().map(of(SecretCategory::Runtime)))
            .chain(self.surface.iter().map(of(SecretCategory::Surface)))
    }
}

/// Why a secret is wanted.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum SecretCategory {
    /// Of a model provider.
    Model,
    /// Declared by the project.
    Project,
    /// Needed by a runtime.
    Runtime,
    /// Of a surface or network.
    Surface,
}
