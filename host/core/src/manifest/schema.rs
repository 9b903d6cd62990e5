//! Types of a manifest as written. Paths are already located in the project (see [`crate::project::locate`]).

use serde_json::{Map, Value};

use super::Spanned;
use crate::finding::Position;
use crate::instance::{McpServerInput, ModelInput};

/// A manifest.
#[derive(Debug, Clone, PartialEq)]
pub struct Manifest {
    /// Its key in the project's sources.
    pub file: String,
    /// Name as written.
    pub name: Spanned<String>,
    /// Description, white space collapsed.
    pub description: Option<String>,
    /// What degraded and unsupported features lead to.
    pub policy: Policy,
    /// What it declares.
    pub body: Body,
}

/// What a manifest declares, by its kind.
#[derive(Debug, Clone, PartialEq)]
pub enum Body {
    /// `kind: agent`.
    Agent(Box<AgentManifest>),
}

/// An agent as written.
#[derive(Debug, Clone, PartialEq)]
pub struct AgentManifest {
    /// Runtime kind with its options.
    pub runtime: Option<RuntimeBinding>,
    /// Whether the runtime's port is to be published.
    pub expose: bool,
    /// Docs in the order heartbeat, identity, memory, soul, system, extras as written.
    pub docs: Vec<DocRef>,
    /// Skills as written.
    pub skills: Vec<SkillRef>,
    /// Secrets as written.
    pub secrets: Vec<SecretDecl>,
    /// MCP servers as written.
    pub mcp_servers: Vec<McpServerInput>,
    /// Model targets with their effective auth methods.
    pub model: Option<ModelInput>,
    /// `sandboxed`, `unrestricted` or `workspace`.
    pub sandbox: String,
}

/// A runtime kind with its options.
#[derive(Debug, Clone, PartialEq)]
pub struct RuntimeBinding {
    /// Runtime kind.
    pub name: Spanned<String>,
    /// Options, unchanged.
    pub options: Map<String, Value>,
}

/// A doc.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DocRef {
    /// `identity`, `soul`, `system`, `memory`, `heartbeat` or `extras.<name>`.
    pub role: String,
    /// Key of the file in the project's sources.
    pub path: Spanned<String>,
}

/// A skill.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SkillRef {
    /// Its folder: prefix of the files in the project's sources.
    pub path: Spanned<String>,
    /// MCP servers it needs, each with where it is named.
    pub requires_mcp: Vec<Spanned<String>>,
}

/// A declared secret.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SecretDecl {
    /// Name of the environment variable.
    pub name: String,
    /// Whether the organization cannot start without it.
    pub required: bool,
    /// Where it is declared.
    pub at: Position,
}

/// What degraded and unsupported features lead to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Policy {
    /// For unsupported features.
    pub mode: PolicyMode,
    /// For degraded features.
    pub on_degrade: OnDegrade,
}

/// What an unsupported feature leads to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum PolicyMode {
    /// Nothing.
    Permissive,
    /// An error.
    Strict,
    /// A warning.
    Warn,
}

/// What a degraded feature leads to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum OnDegrade {
    /// Nothing.
    Allow,
    /// An error.
    Error,
    /// A warning.
    Warn,
}

impl Default for Policy {
    fn default() -> Self {
        Self { mode: PolicyMode::Warn, on_degrade: OnDegrade::Warn }
    }
}
