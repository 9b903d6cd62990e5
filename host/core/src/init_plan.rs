//! The init plan, `spawnfile.init.v1`: what PID 1 of the image does. Written by compile, read by spawnfile-init.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::extras::HttpGet;

/// The value of [`InitPlan::version`].
pub const INIT_VERSION: &str = "spawnfile.init.v1";
/// Where the plan stands in the image.
pub const INIT_PLAN_PATH: &str = "/spawnfile/init.json";
/// Where PID 1 stands in the image.
pub const INIT_PATH: &str = "/spawnfile/init";
/// Folder for secret files (0700, the runtime user's).
pub const SECRETS_DIR: &str = "/run/spawnfile/secrets";
/// Folder of PID 1's own state: `status.json`, `ready`.
pub const STATE_DIR: &str = "/run/spawnfile";
/// The value of [`InitStatus::version`].
pub const STATUS_VERSION: &str = "spawnfile.init-status.v1";
/// User and group of everything in the image that is ours.
pub const UID: u32 = 10001;

/// The document at [`INIT_PLAN_PATH`].
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct InitPlan {
    /// Always [`INIT_VERSION`].
    pub version: String,
    /// Names that must have a value, as a secret file or in the environment.
    pub require_env: Vec<String>,
    /// Files that must exist.
    pub require_files: Vec<String>,
    /// Folder for secret files: a file named like the variable holds its value, byte for byte.
    pub secrets_dir: String,
    /// Values written into JSON files before the processes start.
    pub json_patches: Vec<JsonPatch>,
    /// Values computed from others.
    pub derived_env: Vec<DerivedEnv>,
    /// Values written to files of their own.
    pub env_files: Vec<EnvFile>,
    /// Workspace resources.
    #[serde(default)]
    pub resources: Vec<Resource>,
    /// Networks.
    #[serde(default)]
    pub networks: Vec<InitNetwork>,
    /// What runs.
    pub processes: Vec<Process>,
    /// Always `first-death`: when one process ends by itself, the others are stopped and PID 1 ends with its exit code
    /// (128 and the signal's number when a signal ended it).
    pub exit: String,
}

/// A value written into a JSON file. A name without a value is skipped.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct JsonPatch {
    /// Absolute path.
    pub file: String,
    /// JSON pointer (RFC 6901); missing objects on the way are made.
    pub pointer: String,
    /// Where the value comes from.
    pub from: PatchSource,
    /// `none` or `bearer` (prefix `Bearer `).
    pub transform: String,
}

/// Source of a patched value.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PatchSource {
    /// Name of a secret or environment variable.
    pub env: String,
}

/// A value computed from others: `{NAME}` in the template is replaced; when a name has no value, nothing is set.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct DerivedEnv {
    /// Name it gets.
    pub name: String,
    /// Text with `{NAME}`.
    pub template: String,
    /// Whether a value that is already there stays.
    pub unless_set: bool,
}

/// A value written to a file of its own.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct EnvFile {
    /// Name of the secret or environment variable.
    pub env: String,
    /// Absolute path; folders on the way are made (0700).
    pub path: String,
    /// Four octal digits.
    pub mode: String,
    /// Whether processes no longer get the variable.
    pub then_unset: bool,
}

/// A workspace resource.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Resource {
    /// Id.
    pub id: String,
    /// `volume` or `git`.
    pub kind: String,
    /// Folder that holds it.
    pub backing: String,
    /// Link to it in a workspace.
    pub link: String,
    /// `mutable` or `readonly`.
    pub mode: String,
    /// Repository, for `git`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub url: Option<String>,
    /// What is checked out, for `git`: `refs/heads/…`, `refs/tags/…`, or what git finds under the name (a commit).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub selector: Option<String>,
}

/// A network that environment variables can rebind.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct InitNetwork {
    /// Id.
    pub id: String,
    /// Name of the variable with the address.
    pub url_env: String,
    /// Where the address goes when it is set.
    pub rebinds: Vec<Place>,
    /// Where tokens go.
    pub tokens: Vec<TokenPlace>,
    /// Id of the process that serves it, not started when the address is set.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub server: Option<String>,
}

/// A place in a JSON file.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Place {
    /// Absolute path.
    pub file: String,
    /// JSON pointer.
    pub pointer: String,
}

/// A place for a token; the first name with a value wins.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct TokenPlace {
    /// Names, most specific first.
    pub env: Vec<String>,
    /// Absolute path.
    pub file: String,
    /// JSON pointer.
    pub pointer: String,
}

/// A process that PID 1 runs.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Process {
    /// Id: the runtime instance, or `net-<network>`.
    pub id: String,
    /// Program (absolute, or looked up in PATH) and arguments.
    pub argv: Vec<String>,
    /// Working folder.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub workdir: Option<String>,
    /// Variables with fixed values. They win over everything inherited.
    #[serde(default)]
    pub env: BTreeMap<String, String>,
    /// Variables whose value is a secret or came with the container's environment. No other secret reaches the process.
    #[serde(default)]
    pub env_from: Vec<String>,
    /// Patterns (a name, or a prefix and `*`) of inherited variables that the process does not get.
    #[serde(default)]
    pub scrub_env: Vec<String>,
    /// Processes that must be ready first.
    #[serde(default)]
    pub after: Vec<String>,
    /// Not started when this variable has a value.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub suppressed_by: Option<String>,
    /// How to tell that it is ready; none: as soon as it runs.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ready: Option<Ready>,
    /// Signal that stops it (`SIGTERM`).
    pub stop_signal: String,
    /// How long it may take to stop before it is killed, in milliseconds.
    pub stop_grace_ms: u32,
}

/// How to tell that a process is ready.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Ready {
    /// A status of 200 to 299 on loopback.
    pub http_get: HttpGet,
}

/// What PID 1 says about itself: `status.json` in [`STATE_DIR`], and the answer of `spawnfile-init status --json`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct InitStatus {
    /// Always [`STATUS_VERSION`].
    pub version: String,
    /// Version of the program that runs as PID 1.
    pub init_version: String,
    /// `starting`, `ready` (every process is), `stopping` or `stopped`.
    pub phase: String,
    /// When PID 1 started, in milliseconds since 1970.
    pub started_ms: u64,
    /// The processes, in the plan's order.
    pub processes: Vec<ProcessStatus>,
}

/// One process of [`InitStatus`].
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ProcessStatus {
    /// Id, as in the plan.
    pub id: String,
    /// Process id while it runs.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub pid: Option<u32>,
    /// `waiting`, `suppressed`, `running`, `stopping`, `exited` or `failed` (it could not be started).
    pub state: String,
    /// When it started, in milliseconds since 1970.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub started_ms: Option<u64>,
    /// Exit code (128 and the signal's number when a signal ended it).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub exit_code: Option<i32>,
    /// Whether it was ready once and runs still.
    pub ready: bool,
}
