//! The deployment record, `spawnfile.deployment.v2`: what runs where, and where it came from. Never a secret.
//!
//! The format is the TypeScript tool's, matched exactly. Records of version 1 are read and upgraded in memory; only
//! version 2 is written. A record that cannot be read is an error of its own kind and never counts as absent.

mod make;
mod read;
#[cfg(test)]
mod tests;

use serde::Serialize;

pub use make::{Origin, Started, endpoint_fingerprint, of};
pub use read::{RecordError, parse};

use crate::name::DeploymentName;

/// The version that is written.
pub const RECORD_VERSION: &str = "spawnfile.deployment.v2";
/// The older version that is read.
pub const RECORD_VERSION_1: &str = "spawnfile.deployment.v1";

/// A deployment as it is remembered. Fields stand in the order in which they are written.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct DeploymentRecord {
    /// Always [`RECORD_VERSION`].
    pub version: String,
    /// Name of the deployment.
    pub name: DeploymentName,
    /// UTC time of the `up` that made it.
    pub created_at: String,
    /// Fingerprint of the report.
    pub compile_fingerprint: String,
    /// Driver that owns the units (`docker`).
    pub manager: String,
    /// Auth profile that was used.
    pub auth_profile: Option<String>,
    /// Absolute path of the env file that was used.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub env_file: Option<String>,
    /// Compile output, of deployments of a project.
    pub output_directory: Option<String>,
    /// What it came from.
    pub source: Source,
    /// Which Engine it runs on.
    pub target: TargetRef,
    /// Its units; at least one.
    pub units: Vec<RecordUnit>,
    /// Id of the run, of deployments of a project.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub run_id: Option<String>,
    /// Exported artefacts, of deployments of a project.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub export_index: Option<ExportIndex>,
    /// Of another product, kept as it is.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub organization_ready: Option<serde_json::Value>,
    /// Of another product, kept as it is.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub organization_handoff: Option<serde_json::Value>,
    /// Of another product, kept as it is; only together with the handoff.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub organization_handoff_handle: Option<serde_json::Value>,
}

/// What a deployment came from.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(tag = "kind", rename_all = "lowercase")]
pub enum Source {
    /// An image.
    Image {
        /// The reference as it was given.
        #[serde(rename = "ref")]
        reference: String,
        /// Digest in the registry; none when it was never pushed.
        digest: Option<String>,
    },
    /// A project on disk.
    Project {
        /// Its root.
        root: String,
    },
}

/// Which Engine.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(tag = "kind", rename_all = "lowercase")]
pub enum TargetRef {
    /// A docker context.
    Context {
        /// Its name.
        name: String,
        /// [`endpoint_fingerprint`] of where it pointed.
        endpoint_fingerprint: String,
    },
    /// An address, as `DOCKER_HOST` has it.
    Host {
        /// The address.
        value: String,
    },
}

/// One unit.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct RecordUnit {
    /// Id.
    pub id: String,
    /// Always `container`.
    pub kind: String,
    /// Image as it was named.
    pub image_tag: String,
    /// Image id.
    pub image_id: Option<String>,
    /// Container id.
    pub container_id: Option<String>,
    /// Container name.
    pub container_name: Option<String>,
    /// Agents, teams and networks in it.
    pub contains: Vec<Contained>,
    /// Ids of the runtime instances in it.
    pub runtime_instances: Vec<String>,
    /// Driver, where it differs from the record's.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub manager: Option<String>,
    /// Engine, where it differs from the record's.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub target: Option<TargetRef>,
}

/// Something that a unit hosts.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Contained {
    /// Node or network id.
    pub id: String,
    /// `agent`, `team` or `network`.
    pub kind: String,
}

/// Exported artefacts.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct ExportIndex {
    /// UTC time.
    pub exported_at: String,
    /// Path of the index.
    pub path: String,
    /// Id of the run.
    pub run_id: Option<String>,
}

impl DeploymentRecord {
    /// Returns the record as it is written: pretty JSON with two spaces and a final newline.
    pub fn to_bytes(&self) -> Vec<u8> {
        crate::json::pretty(self)
    }
}
