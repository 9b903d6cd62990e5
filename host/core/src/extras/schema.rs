//! Types of the extras. Shapes only; `parse` checks values.

use serde::{Deserialize, Serialize};

/// The value of [`Extras::version`].
pub const EXTRAS_VERSION: &str = "spawnfile.extras.v1";

/// The document at `/spawnfile/spawnfile-extras.json`. Fields stand in the order in which they are written.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Extras {
    /// Always [`EXTRAS_VERSION`].
    pub version: String,
    /// PID 1.
    pub init: Init,
    /// Runtime instances, by id: the same ids as in the report.
    pub instances: Vec<Instance>,
    /// Secrets that the host makes when nobody gives them.
    pub generated_secrets: Vec<GeneratedSecret>,
    /// Networks and the environment names that bind them.
    pub networks: Vec<NetworkEnv>,
    /// Agents and teams with digests of their content.
    pub nodes: Vec<Node>,
    /// Whether two containers of this organization may run side by side for a moment.
    pub parallel_safe: bool,
}

/// What the image's PID 1 can do.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Init {
    /// Path of the init plan in the image.
    pub path: String,
    /// Ways in which secrets may be delivered: `file`, `env`; the first is preferred.
    pub secret_delivery: Vec<String>,
    /// Folder for secret files.
    pub secrets_dir: String,
    /// Numeric user of the processes.
    pub uid: u32,
    /// Numeric group of the processes.
    pub gid: u32,
}

/// One runtime instance.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Instance {
    /// Id, as in the report.
    pub id: String,
    /// Runtime kind.
    pub runtime: String,
    /// The plugin that lowered it.
    pub lowered_by: LoweredBy,
    /// How to find out how it is.
    pub probes: Vec<Probe>,
    /// Where credentials go.
    pub auth: Vec<AuthPlace>,
    /// Signal that stops it.
    pub stop_signal: String,
    /// How long it may take to stop, in milliseconds.
    pub stop_grace_ms: u32,
    /// Linux capabilities it needs (`NET_BIND_SERVICE`); all others are dropped.
    pub linux_capabilities: Vec<String>,
}

/// Identity of a plugin.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct LoweredBy {
    /// `namespace/name`.
    pub plugin: String,
    /// Version.
    pub version: String,
    /// Digest of the component.
    pub digest: String,
}

/// A question to a running instance. Exactly one of the five actions is set.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Probe {
    /// Id, unique in its instance.
    pub id: String,
    /// Key of the observation it makes (`runtime.health`).
    pub observation: String,
    /// `ready`, `live` or `status`.
    pub phase: String,
    /// Expects a status of 200 to 299 on loopback inside the unit.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub http_get: Option<HttpGet>,
    /// Expects exit code 0.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub exec: Option<Vec<String>>,
    /// Expects a regular file.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub file_exists: Option<String>,
    /// Expects a folder.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub dir_exists: Option<String>,
    /// Expects a value at a JSON pointer in a file.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub json_file: Option<JsonFile>,
    /// Limit of one attempt, in milliseconds.
    pub timeout_ms: u32,
    /// Pause between attempts, in milliseconds.
    pub interval_ms: u32,
    /// How many attempts at most while waiting for readiness.
    pub attempts: u32,
}

/// An HTTP probe on loopback.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct HttpGet {
    /// Port.
    pub port: u16,
    /// Path with a leading slash.
    pub path: String,
}

/// A probe that reads a value from a JSON file.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct JsonFile {
    /// Absolute path.
    pub path: String,
    /// JSON pointer (RFC 6901).
    pub pointer: String,
}

/// Where the slots of an auth method go, for one provider.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct AuthPlace {
    /// Model provider.
    pub provider: String,
    /// Auth method.
    pub method: String,
    /// Files with holes.
    pub files: Vec<TemplateFile>,
    /// Environment variables with holes.
    pub env: Vec<TemplateEnv>,
    /// Paths of `files` that the runtime may write back.
    pub writable: Vec<String>,
}

/// A file whose text has holes.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct TemplateFile {
    /// Absolute path in the container.
    pub path: String,
    /// Four octal digits.
    pub mode: String,
    /// The text without the values.
    pub text: String,
    /// Where values go, ascending.
    pub holes: Vec<Hole>,
}

/// An environment variable whose value has holes.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct TemplateEnv {
    /// Name.
    pub name: String,
    /// The text without the values.
    pub text: String,
    /// Where values go, ascending.
    pub holes: Vec<Hole>,
}

/// A place for one value.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Hole {
    /// Byte offset into the text, on a character boundary.
    pub at: u32,
    /// Slot of an auth method (`anthropic/access`).
    pub slot: String,
    /// How the value is written there: `raw`, `json-string`, `shell-word` or `bearer`.
    pub encoding: String,
}

/// A secret that the host makes.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct GeneratedSecret {
    /// Name of the environment variable.
    pub name: String,
    /// `hex` or `base64url`.
    pub form: String,
    /// Random bytes before encoding.
    pub bytes: u32,
}

/// A network and the environment names that bind it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct NetworkEnv {
    /// Id.
    pub id: String,
    /// Member ids.
    pub members: Vec<String>,
    /// Names that count as declared by the image.
    pub env: Vec<String>,
}

/// A node with digests of its content: what `diff` and drift compare.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Node {
    /// `agent:<slug>` or `team:<slug>`.
    pub id: String,
    /// Digest over everything of the node.
    pub digest: String,
    /// Role to digest.
    pub docs: std::collections::BTreeMap<String, String>,
    /// Skill name to digest.
    pub skills: std::collections::BTreeMap<String, String>,
    /// `provider/name` of the primary model.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub model: Option<String>,
}
