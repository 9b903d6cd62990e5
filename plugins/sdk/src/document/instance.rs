//! The instance document, `spawnfile.instance.v1`: what a runtime kind is given to lower.
//!
//! Docs and skill files come as source ids, roles and sizes: a kind places them by [`crate::file::source`] and never
//! sees their bytes.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

/// The value of [`Instance::version`].
pub const INSTANCE_VERSION: &str = "spawnfile.instance.v1";

/// One runtime instance with everything about its agents but the bytes of docs and skills.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Instance {
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
    pub agents: Vec<Agent>,
}

/// An agent as a runtime kind sees it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Agent {
    /// Node id (`agent:analyst`).
    pub id: String,
    /// Slug (`analyst`).
    pub slug: String,
    /// Name as written.
    pub name: String,
    /// Description, white space collapsed; may be empty.
    #[serde(default)]
    pub description: String,
    /// Whether the runtime's port is to be published.
    #[serde(default)]
    pub expose: bool,
    /// Options of `runtime.options`, unchanged.
    #[serde(default)]
    pub options: serde_json::Map<String, serde_json::Value>,
    /// Docs by role, in the order heartbeat, identity, memory, soul, system, extras.
    #[serde(default)]
    pub docs: Vec<Doc>,
    /// Skills.
    #[serde(default)]
    pub skills: Vec<Skill>,
    /// Model targets.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub model: Option<Model>,
    /// `sandboxed`, `unrestricted` or `workspace`.
    pub sandbox: String,
    /// MCP servers.
    #[serde(default)]
    pub mcp_servers: Vec<McpServer>,
    /// Declared secrets.
    #[serde(default)]
    pub secrets: Vec<Secret>,
    /// Subagents: agents of the organization with instances of their own, or in this one. A kind reports what it makes
    /// of them as capability `agent.subagents`.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub subagents: Vec<Subagent>,
}

/// A subagent.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Subagent {
    /// Id below its parent.
    pub id: String,
    /// Node id (`agent:critic`).
    pub node: String,
}

/// A doc.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Doc {
    /// `identity`, `soul`, `system`, `memory`, `heartbeat` or `extras.<name>`.
    pub role: String,
    /// Source id to place.
    pub source: String,
    /// Size in bytes.
    pub bytes: u64,
}

/// A skill.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Skill {
    /// Name from the front matter.
    pub name: String,
    /// Description from the front matter.
    #[serde(default)]
    pub description: String,
    /// MCP servers it needs.
    #[serde(default)]
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
pub struct Model {
    /// The one to use.
    pub primary: ModelTarget,
    /// The ones to fall back to, in order.
    #[serde(default)]
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
    pub endpoint: Option<Endpoint>,
}

/// A model endpoint.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Endpoint {
    /// Base address.
    pub base_url: String,
    /// `anthropic` or `openai`.
    pub compatibility: String,
}

/// An MCP server.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct McpServer {
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
    pub auth: Option<McpAuth>,
}

/// How an MCP server is authenticated to.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct McpAuth {
    /// Name of the secret.
    pub secret: String,
    /// `bearer`: an Authorization header; absent: a header named like the secret.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub mode: Option<String>,
}

/// A declared secret.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Secret {
    /// Name of the environment variable.
    pub name: String,
    /// Whether the organization cannot start without it.
    pub required: bool,
}

impl Model {
    /// Returns all targets, the primary first.
    pub fn targets(&self) -> impl Iterator<Item = &ModelTarget> {
        std::iter::once(&self.primary).chain(&self.fallback)
    }
}

impl Instance {
    /// Returns an instance with one bare agent, for tests of a kind: paths as the host chooses them, no docs, no model.
    ///
    /// ```
    /// let instance = spawnfile_plugin::Instance::sample("parrot", "polly");
    /// assert_eq!(instance.root, "/var/lib/spawnfile/instances/parrot/agent-polly");
    /// ```
    pub fn sample(runtime: &str, slug: &str) -> Self {
        Self {
            version: INSTANCE_VERSION.to_owned(),
            id: format!("agent-{slug}"),
            runtime: runtime.to_owned(),
            root: format!("/var/lib/spawnfile/instances/{runtime}/agent-{slug}"),
            runtime_root: format!("/opt/spawnfile/runtime-installs/{runtime}"),
            index: 0,
            agents: vec![Agent {
                id: format!("agent:{slug}"),
                slug: slug.to_owned(),
                name: slug.to_owned(),
                description: String::new(),
                expose: false,
                options: serde_json::Map::new(),
                docs: Vec::new(),
                skills: Vec::new(),
                model: None,
                sandbox: "workspace".to_owned(),
                mcp_servers: Vec::new(),
                secrets: Vec::new(),
                subagents: Vec::new(),
            }],
        }
    }
}
