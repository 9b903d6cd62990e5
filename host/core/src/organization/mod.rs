//! The resolved organization: its agents with ids, docs, skills and effective auth, and the runtime instances that
//! follow from them. It knows no runtime kind and reads nothing: sources come in as bytes.

mod describe;
mod ids;
mod instances;
mod resolve;

use serde_json::{Map, Value};

pub use instances::{INSTANCES_ROOT, RUNTIMES_ROOT, instances};
pub use resolve::resolve;

use crate::finding::Position;
use crate::instance::{McpServerInput, ModelInput, SecretInput};
use crate::manifest::Policy;
use crate::oci::Digest;

/// A project, resolved.
#[derive(Debug, Clone, PartialEq)]
pub struct Organization {
    /// The root manifest's name.
    pub project: String,
    /// Id of the root node.
    pub root: String,
    /// Agents in plan order (by source).
    pub agents: Vec<AgentNode>,
}

/// An agent, resolved.
#[derive(Debug, Clone, PartialEq)]
pub struct AgentNode {
    /// `agent:<name>`.
    pub id: String,
    /// Slug of the name, unique.
    pub slug: String,
    /// Name as written.
    pub name: String,
    /// Description as written, else derived; may be empty.
    pub description: String,
    /// Key of its manifest in the project's sources.
    pub file: String,
    /// Runtime kind.
    pub runtime: String,
    /// Where the runtime kind is named.
    pub runtime_at: Position,
    /// Options of the runtime.
    pub options: Map<String, Value>,
    /// Whether the runtime's port is to be published.
    pub expose: bool,
    /// What degraded and unsupported features lead to.
    pub policy: Policy,
    /// Docs in the order heartbeat, identity, memory, soul, system, extras.
    pub docs: Vec<DocNode>,
    /// Skills as written.
    pub skills: Vec<SkillNode>,
    /// Model targets.
    pub model: Option<ModelInput>,
    /// `sandboxed`, `unrestricted` or `workspace`.
    pub sandbox: String,
    /// MCP servers.
    pub mcp_servers: Vec<McpServerInput>,
    /// Declared secrets.
    pub secrets: Vec<SecretInput>,
}

/// A doc, resolved.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DocNode {
    /// `identity`, `soul`, `system`, `memory`, `heartbeat` or `extras.<name>`.
    pub role: String,
    /// Its bytes.
    pub source: Source,
}

/// A skill, resolved.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SkillNode {
    /// Name from the front matter.
    pub name: String,
    /// Description from the front matter.
    pub description: String,
    /// MCP servers it needs.
    pub requires_mcp: Vec<String>,
    /// Path relative to the skill's folder, and the bytes; sorted by path.
    pub files: Vec<(String, Source)>,
    /// Digest over the paths and digests of its files.
    pub digest: Digest,
}

/// Bytes that the host holds and a runtime kind places.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Source {
    /// Stable id without a path of the project (`doc:agent:analyst:system`).
    pub id: String,
    /// Key in the project's sources.
    pub file: String,
    /// Size in bytes.
    pub bytes: u64,
    /// Digest of the bytes.
    pub digest: Digest,
}

impl Organization {
    /// Returns every source that a runtime kind may place.
    pub fn sources(&self) -> impl Iterator<Item = &Source> {
        self.agents.iter().flat_map(|agent| {
            let files = agent.skills.iter().flat_map(|skill| skill.files.iter().map(|(_, source)| source));
            agent.docs.iter().map(|doc| &doc.source).chain(files)
        })
    }

    /// Returns the agent with this id.
    pub fn agent(&self, id: &str) -> Option<&AgentNode> {
        self.agents.iter().find(|agent| agent.id == id)
    }
}

#[cfg(test)]
mod tests;
