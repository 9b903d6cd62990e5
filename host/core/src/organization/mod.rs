//! The resolved organization: its teams and agents with ids, docs, skills, effective auth and what each must know of
//! its teams, and the runtime instances that follow from them. It knows no runtime kind and reads nothing: sources come
//! in as bytes.
//!
//! Steps: `graph` (which manifests, how they hang together), `inherit` (what an agent gets from where), `content` (docs
//! and skills), `context` (rosters and what else tells an agent about its teams).

mod content;
mod context;
mod describe;
mod graph;
mod ids;
mod inherit;
mod instances;
mod resolve;
mod resources;

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::sync::Arc;

use serde_json::{Map, Value};

pub use instances::{INSTANCES_ROOT, RUNTIMES_ROOT, instances};
pub use resolve::resolve;

use crate::finding::Position;
use crate::instance::{McpServerInput, ModelInput, SecretInput};
use crate::manifest::{PackageDecl, Policy, ResourceKind, TeamMode};
use crate::oci::Digest;
use crate::project::ProjectSources;

/// A project, resolved.
#[derive(Debug, Clone, PartialEq)]
pub struct Organization {
    /// The root manifest's name.
    pub project: String,
    /// Id of the root node.
    pub root: String,
    /// Agents in plan order (by source).
    pub agents: Vec<AgentNode>,
    /// Teams in plan order.
    pub teams: Vec<TeamNode>,
    /// Ids of all nodes in plan order.
    pub order: Vec<String>,
}

/// A team, resolved.
#[derive(Debug, Clone, PartialEq)]
pub struct TeamNode {
    /// `team:<name>`.
    pub id: String,
    /// Slug of the name, unique among teams.
    pub slug: String,
    /// Name as written.
    pub name: String,
    /// Description as written; may be empty.
    pub description: String,
    /// Key of its manifest in the project's sources.
    pub file: String,
    /// What degraded and unsupported features lead to.
    pub policy: Policy,
    /// Who talks to whom.
    pub mode: TeamMode,
    /// Id of the member that leads.
    pub lead: Option<String>,
    /// Ids of the members that stand for the team outside: those declared, else the lead, else all.
    pub external: Vec<String>,
    /// Members in the order written.
    pub members: Vec<ChildNode>,
    /// Its docs.
    pub docs: Vec<DocNode>,
    /// Workspace resources that its agents have, sorted by id.
    pub resources: Vec<ResourceNode>,
    /// What its members lack to work together, for the compile report.
    pub diagnostics: Vec<String>,
}

/// A member of a team, or a subagent.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ChildNode {
    /// Id below its parent.
    pub id: String,
    /// Id of the node.
    pub node: String,
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
    /// Runtime kind: its own, or its parent agent's.
    pub runtime: String,
    /// File that names the runtime kind.
    pub runtime_file: String,
    /// Where in that file.
    pub runtime_at: Position,
    /// Options of the runtime.
    pub options: Map<String, Value>,
    /// Whether the runtime's port is to be published.
    pub expose: bool,
    /// What degraded and unsupported features lead to.
    pub policy: Policy,
    /// Docs in the order heartbeat, identity, memory, soul, system, extras; then those that a team gives.
    pub docs: Vec<DocNode>,
    /// Skills: those that its teams give, then its own.
    pub skills: Vec<SkillNode>,
    /// Model targets.
    pub model: Option<ModelInput>,
    /// `sandboxed`, `unrestricted` or `workspace`.
    pub sandbox: String,
    /// MCP servers.
    pub mcp_servers: Vec<McpServerInput>,
    /// Variables with fixed values, which its process gets.
    pub env: BTreeMap<String, String>,
    /// Packages that the image has for it.
    pub packages: Vec<PackageDecl>,
    /// Declared secrets.
    pub secrets: Vec<SecretInput>,
    /// Workspace resources, sorted by id.
    pub resources: Vec<ResourceNode>,
    /// Subagents in the order written.
    pub subagents: Vec<ChildNode>,
    /// Ids of the teams that it is a direct member of, sorted, each once.
    pub teams: Vec<String>,
    /// What tells it about its teams: paths below its workspace, sorted.
    pub context: Vec<(String, Source)>,
}

/// A workspace resource, resolved.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ResourceNode {
    /// Its id.
    pub id: String,
    /// What it is.
    pub kind: ResourceKind,
    /// Where an agent finds it: `./a/b`, below the workspace.
    pub mount: String,
    /// Whether it is not to be written to.
    pub readonly: bool,
    /// Who shares one; nothing when each agent has its own.
    pub team: Option<ResourceScope>,
}

/// The node that declares a shared resource.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ResourceScope {
    /// `agent` or `team`.
    pub kind: String,
    /// Its name.
    pub name: String,
    /// Its key in the graph: its file, relative to the project.
    pub source: String,
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

/// Bytes that the host holds and that are placed by id: a file of the project, with text of ours behind it or without,
/// or text of ours alone.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Source {
    /// Stable id without a path of the project (`doc:agent:analyst:system`).
    pub id: String,
    /// Key in the project's sources.
    pub file: Option<String>,
    /// Text behind it.
    pub text: Arc<str>,
    /// Size of both in bytes.
    pub bytes: u64,
    /// Digest of both.
    pub digest: Digest,
}

impl Source {
    /// Returns the bytes; nothing when the file is not among the sources.
    pub fn content<'a>(&'a self, sources: &'a ProjectSources) -> Option<Cow<'a, [u8]>> {
        let text = self.text.as_bytes();
        let Some(file) = &self.file else { return Some(Cow::Borrowed(text)) };
        let bytes = sources.files.get(file)?;
        Some(if text.is_empty() { Cow::Borrowed(bytes) } else { Cow::Owned([bytes, text].concat()) })
    }
}

impl Organization {
    /// Returns every source that a runtime kind may place.
    pub fn sources(&self) -> impl Iterator<Item = &Source> {
        self.agents.iter().flat_map(|agent| {
            let files = agent.skills.iter().flat_map(|skill| skill.files.iter().map(|(_, source)| source));
            agent.docs.iter().map(|doc| &doc.source).chain(files)
        })
    }

    /// Returns the agents by id.
    pub fn agents_by_id(&self) -> BTreeMap<&str, &AgentNode> {
        self.agents.iter().map(|agent| (agent.id.as_str(), agent)).collect()
    }

    /// Returns the teams by id.
    pub fn teams_by_id(&self) -> BTreeMap<&str, &TeamNode> {
        self.teams.iter().map(|team| (team.id.as_str(), team)).collect()
    }
}

#[cfg(test)]
mod tests;
