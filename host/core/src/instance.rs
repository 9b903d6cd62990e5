//! The instance document, `spawnfile.instance.v1`: what a runtime kind is given to lower.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

/// The value of [`InstanceDocument::version`].
pub const INSTANCE_VERSION: &str = "spawnfile.instance.v1";

/// One runtime instance with everything about its agents but the bytes of docs and skills.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct InstanceDocument {
    /// Always [`INSTANCE_VERSION`].
    pub version: String,
    /// Id of the instance (`agent-analyst`).
    pub id: String,
    /// Runtime kind.
    pub runtime: String,
    /// Absolute folder in the image that the instance owns; every path of the lowering lies below it.
    pub root: String,
    /// Folder in the image where the kind's program tree stands.
    pub runtime_root: String,
    /// Position among the instances of this kind, from 0: what ports are counted from.
    pub index: u32,
    /// The agents: one, unless the kind groups all of them into one instance.
    pub agents: Vec<AgentInput>,
}

/// Returns the id of the one instance of a kind that groups its agents. No agent's own instance has it.
pub fn shared_id(runtime: &str) -> String {
    format!("{runtime}-app")
}

/// An agent as a runtime kind sees it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct AgentInput {
    /// Node id (`agent:analyst`).
    pub id: String,
    /// Slug (`analyst`).
    pub slug: String,
    /// Name as written.
    pub name: String,
    /// Description, white space collapsed; may be empty.
    pub description: String,
    /// Whether the runtime's port is to be published.
    pub expose: bool,
    /// Options of `runtime.options`, unchanged.
    pub options: serde_json::Map<String, serde_json::Value>,
    /// Docs by role, in the order heartbeat, identity, memory, soul, system, extras.
    pub docs: Vec<DocInput>,
    /// Skills.
    pub skills: Vec<SkillInput>,
    /// Model targets.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub model: Option<ModelInput>,
    /// `sandboxed`, `unrestricted` or `workspace`.
    pub sandbox: String,
    /// MCP servers.
    pub mcp_servers: Vec<McpServerInput>,
    /// Declared secrets.
    pub secrets: Vec<SecretInput>,
    /// Subagents: agents of this organization with instances of their own, or in this one.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub subagents: Vec<SubagentInput>,
}

/// A subagent.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct SubagentInput {
    /// Id below its parent.
    pub id: String,
    /// Node id (`agent:critic`).
    pub node: String,
}

/// A doc.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct DocInput {
    /// `identity`, `soul`, `system`, `memory`, `heartbeat` or `extras.<name>`.
    pub role: String,
    /// Source id to place.
    pub source: String,
    /// Size in bytes.
    pub bytes: u64,
}

/// A skill.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct SkillInput {
    /// Name from the front matter.
    pub name: String,
    /// Description from the front matter.
    pub description: String,
    /// MCP servers it needs.
    pub requires_mcp: Vec<String>,
    /// Its files, `SKILL.md` among them.
    pub files: Vec<SkillFile>,
}

/// A file of a skill.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct SkillFile {
    /// Path relative to the skill's folder.
    pub path: String,
    /// Source id to place.
    pub source: String,
    /// Size in bytes.
    pub bytes: u64,
}

/// Model targets of an agent.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ModelInput {
    /// The one to use.
    pub primary: ModelTarget,
    /// The ones to fall back to, in order.
    pub fallback: Vec<ModelTarget>,
}

/// A model target with its auth method decided.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ModelTarget {
    /// Provider (`anthropic`, `custom`, `local`).
    pub provider: String,
    /// Model name.
    pub name: String,
    /// Auth method (`api_key`, `none`, or an import method).
    pub auth_method: String,
    /// Name of the secret that holds the key, for `api_key`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub auth_key: Option<String>,
    /// Endpoint, for `custom` and `local`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub endpoint: Option<EndpointInput>,
}

/// A model endpoint.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct EndpointInput {
    /// Base address.
    pub base_url: String,
    /// `anthropic` or `openai`.
    pub compatibility: String,
}

/// An MCP server.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct McpServerInput {
    /// Name.
    pub name: String,
    /// `sse`, `stdio` or `streamable_http`.
    pub transport: String,
    /// Address, unless stdio.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub url: Option<String>,
    /// Program, for stdio.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub command: Option<String>,
    /// Arguments, for stdio.
    #[serde(default)]
    pub args: Vec<String>,
    /// Fixed variables, for stdio.
    #[serde(default)]
    pub env: BTreeMap<String, String>,
    /// Secret it authenticates with.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub auth: Option<McpAuthInput>,
}

/// How an MCP server is authenticated to.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct McpAuthInput {
    /// Name of the secret.
    pub secret: String,
    /// `bearer`: an Authorization header; absent: a header named like the secret.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub mode: Option<String>,
}

/// A declared secret.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct SecretInput {
    /// Name of the environment variable.
    pub name: String,
    /// Whether the organization cannot start without it.
    pub required: bool,
}
