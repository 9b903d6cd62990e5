//! What a runtime kind gives back for one instance. Mirrors `wit/runtime-kind`; `admit` checks it.

use serde::{Deserialize, Serialize};

use crate::finding::Finding;

/// What a runtime kind says about itself.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct KindDescriptor {
    /// Runtime kind, as written under `runtime:`.
    pub id: String,
    /// Title for people.
    pub title: String,
    /// Instance documents it accepts.
    pub accepts: Vec<String>,
    /// JSON Schema of `runtime.options`.
    pub options_schema: Option<String>,
    /// `per-agent` or `shared`.
    pub grouping: String,
}

/// Everything about one instance in the image.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Lowering {
    /// Its well-known paths.
    pub paths: InstancePaths,
    /// Files below the instance's root.
    pub files: Vec<LoweredFile>,
    /// What runs.
    pub process: LoweredProcess,
    /// Ports it listens on; the first is the runtime's own.
    pub ports: Vec<LoweredPort>,
    /// Environment names it needs beyond the declared secrets.
    pub env: Vec<EnvNeed>,
    /// Values written into its JSON files at start.
    pub json_patches: Vec<LoweredPatch>,
    /// Values computed from others at start.
    pub derived_env: Vec<LoweredDerived>,
    /// Probes.
    pub probes: Vec<LoweredProbe>,
    /// Where credentials go.
    pub auth: Vec<LoweredAuth>,
    /// How the program gets into the image.
    pub install: Install,
    /// Paths that need a volume: id and absolute path.
    pub mounts: Vec<(String, String)>,
    /// What became of each feature.
    pub capabilities: Vec<CapabilityOutcome>,
    /// Linux capabilities it needs.
    pub linux_capabilities: Vec<String>,
}

/// A lowering with what the kind had to say about it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Lowered {
    /// The lowering.
    pub lowering: Lowering,
    /// Warnings and notes.
    pub findings: Vec<Finding>,
}

/// Well-known paths of an instance.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct InstancePaths {
    /// Configuration file.
    pub config: String,
    /// Home folder.
    pub home: Option<String>,
    /// Workspace folder.
    pub workspace: String,
}

/// A file in the image.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct LoweredFile {
    /// Absolute path below the instance's root.
    pub path: String,
    /// Permission bits.
    pub mode: u32,
    /// What is in it.
    pub content: LoweredContent,
}

/// Content of a file.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub enum LoweredContent {
    /// Text made by the kind.
    Text(String),
    /// Text with holes; only allowed in auth places, but for one that is a secret and nothing else
    /// ([`LoweredTemplate::secret`]), which PID 1 makes at start.
    Template(LoweredTemplate),
    /// Bytes that the host holds, by source id.
    Source(String),
}

/// Text with holes.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct LoweredTemplate {
    /// The text without the values.
    pub text: String,
    /// Offset, slot or secret, and encoding (`raw`, `json-string`, `shell-word`, `bearer`).
    pub holes: Vec<(u32, String, String)>,
}

impl LoweredTemplate {
    /// Returns the name in the one hole, when there is nothing but that hole and its value goes in byte for byte.
    pub fn secret(&self) -> Option<&str> {
        match self.holes.as_slice() {
            [(0, name, encoding)] if self.text.is_empty() && encoding == "raw" => Some(name),
            _ => None,
        }
    }
}

/// What runs.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct LoweredProcess {
    /// Program and arguments.
    pub argv: Vec<String>,
    /// Working folder.
    pub workdir: String,
    /// Environment.
    pub env: Vec<LoweredEnv>,
    /// Signal that stops it.
    pub stop_signal: String,
    /// How long it may take to stop, in milliseconds.
    pub stop_grace_ms: u32,
}

/// A variable of the process.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct LoweredEnv {
    /// Name.
    pub name: String,
    /// Value.
    pub value: LoweredEnvValue,
}

/// Value of a variable.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub enum LoweredEnvValue {
    /// Fixed text.
    Literal(String),
    /// Value of the secret of that name.
    Secret(String),
    /// Slot of an auth method; only allowed in auth places.
    Slot(String),
    /// Text with holes; only allowed in auth places.
    Template(LoweredTemplate),
}

/// A port.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct LoweredPort {
    /// Name, for probes.
    pub name: String,
    /// Number.
    pub number: u16,
    /// Whether it can be reached from outside the container (bound to all addresses, not loopback).
    pub public: bool,
}

/// An environment name that the kind needs.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct EnvNeed {
    /// Name.
    pub name: String,
    /// One line for `.env.example`.
    pub description: String,
    /// Whether it cannot start without it.
    pub required: bool,
    /// Whether the host makes a value when nobody gives one.
    pub generated: bool,
}

/// A value written into a JSON file at start.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct LoweredPatch {
    /// Absolute path below the instance's root.
    pub file: String,
    /// JSON pointer.
    pub pointer: String,
    /// Name of the secret or variable.
    pub from: String,
    /// `none` or `bearer`.
    pub transform: String,
}

/// A value computed at start.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct LoweredDerived {
    /// Name it gets.
    pub name: String,
    /// Text with `{NAME}`.
    pub template: String,
    /// Whether a value that is already there stays.
    pub unless_set: bool,
}

/// A probe.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct LoweredProbe {
    /// Id.
    pub id: String,
    /// Key of the observation.
    pub observation: String,
    /// `ready`, `live` or `status`.
    pub phase: String,
    /// What is asked.
    pub action: ProbeAction,
    /// Limit of one attempt.
    pub timeout_ms: u32,
    /// Pause between attempts.
    pub interval_ms: u32,
    /// Attempts at most.
    pub attempts: u32,
}

/// What a probe asks.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub enum ProbeAction {
    /// Port name and path.
    HttpGet(String, String),
    /// Program and arguments.
    Exec(Vec<String>),
    /// Regular file.
    FileExists(String),
    /// Folder.
    DirExists(String),
    /// File and JSON pointer.
    JsonFile(String, String),
}

/// Where the slots of an auth method go.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct LoweredAuth {
    /// Provider.
    pub provider: String,
    /// Method.
    pub method: String,
    /// Files with holes.
    pub files: Vec<LoweredFile>,
    /// Variables with holes.
    pub env: Vec<LoweredEnv>,
    /// Paths of `files` that the runtime may write back.
    pub writable: Vec<String>,
}

/// How the program gets into the image.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Install {
    /// Base image, or `scratch`.
    pub base_image: String,
    /// Image to copy the program's tree from.
    pub runtime_image: Option<String>,
    /// Folder of the tree, the same in both images.
    pub runtime_path: Option<String>,
    /// Commands for the Engine's builder.
    pub run: Vec<String>,
    /// Package manager and package.
    pub packages: Vec<(String, String)>,
}

/// What became of one feature.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct CapabilityOutcome {
    /// Node id.
    pub node: String,
    /// Key (`skills.web_search`).
    pub key: String,
    /// `supported`, `degraded` or `unsupported`.
    pub outcome: String,
    /// Why, for people; may be empty.
    pub message: String,
}
