//! Types of a manifest as written. Paths are already located in the project (see [`crate::project::locate`]).

use serde_json::{Map, Value};

use super::Spanned;
use crate::finding::Position;
use crate::instance::{EndpointInput, McpServerInput};

/// A manifest.
#[derive(Debug, Clone, PartialEq)]
pub struct Manifest {
    /// Key in the project's sources of the file that it stands in.
    pub file: String,
    /// What it is in the graph: its file, or for an inline member the team's file with `#member=<id>`.
    pub source: String,
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
    /// `kind: team`.
    Team(Box<TeamManifest>),
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
    /// Workspace resources as written.
    pub resources: Vec<ResourceDecl>,
    /// `environment` as written.
    pub environment: Environment,
    /// Model targets and sandbox as written.
    pub execution: Execution,
    /// Subagents in the order written.
    pub subagents: Vec<ChildRef>,
}

/// A team as written.
#[derive(Debug, Clone, PartialEq)]
pub struct TeamManifest {
    /// Members in the order written.
    pub members: Vec<Member>,
    /// Who talks to whom.
    pub mode: TeamMode,
    /// Id of the member that leads; there in a hierarchical team, and in no other.
    pub lead: Option<Spanned<String>>,
    /// Ids of the members that stand for the team outside, if declared.
    pub external: Option<Vec<Spanned<String>>>,
    /// What its direct members get.
    pub shared: Shared,
}

/// Who talks to whom in a team.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum TeamMode {
    /// The lead with all, all with the lead.
    Hierarchical,
    /// All with all.
    Swarm,
}

impl TeamMode {
    /// Returns the word of the format.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Hierarchical => "hierarchical",
            Self::Swarm => "swarm",
        }
    }
}

/// A member of a team.
#[derive(Debug, Clone, PartialEq)]
pub struct Member {
    /// Its id in the team: one part of a path.
    pub id: Spanned<String>,
    /// Who it is.
    pub body: MemberBody,
}

/// Who a member is.
#[derive(Debug, Clone, PartialEq)]
pub enum MemberBody {
    /// The agent or team of another manifest: its key in the project's sources.
    Ref(Spanned<String>),
    /// An agent that stands in the team's manifest.
    Inline(Box<Manifest>),
}

/// What a team gives its direct members.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Shared {
    /// Where it is declared, if anything is.
    pub at: Option<Position>,
    /// Docs: `system` is the team's own, each fills a role that a member leaves empty.
    pub docs: Vec<DocRef>,
    /// Skills.
    pub skills: Vec<SkillRef>,
    /// Workspace resources, which nested teams and subagents get too.
    pub resources: Vec<ResourceDecl>,
    /// Variables, secrets and MCP servers.
    pub environment: Environment,
}

/// `environment` as written.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Environment {
    /// Variables with fixed values.
    pub env: Vec<VariableDecl>,
    /// Packages of the image.
    pub packages: Vec<PackageDecl>,
    /// Secrets.
    pub secrets: Vec<SecretDecl>,
    /// MCP servers.
    pub mcp_servers: Vec<McpServerInput>,
}

/// A subagent.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ChildRef {
    /// Its id below its parent: one part of a path.
    pub id: Spanned<String>,
    /// Key of its manifest in the project's sources.
    pub path: Spanned<String>,
}

/// `execution` as written.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Execution {
    /// Model targets.
    pub model: Option<ModelDecl>,
    /// `sandboxed`, `unrestricted` or `workspace`, if declared.
    pub sandbox: Option<String>,
}

/// `execution.model` as written.
#[derive(Debug, Clone, PartialEq)]
pub struct ModelDecl {
    /// The target to use.
    pub primary: Option<TargetDecl>,
    /// The targets to fall back to, if declared.
    pub fallback: Option<Vec<TargetDecl>>,
    /// Auth methods for all targets, if declared.
    pub auth: Option<AuthDecl>,
}

/// A model target as written.
#[derive(Debug, Clone, PartialEq)]
pub struct TargetDecl {
    /// File that it stands in.
    pub file: String,
    /// Where in the file.
    pub at: Position,
    /// Dotted key (`execution.model.primary`).
    pub key: String,
    /// Provider.
    pub provider: Spanned<String>,
    /// Model name.
    pub name: String,
    /// Auth method, if declared.
    pub method: Option<Spanned<String>>,
    /// Name of the secret that holds the key, if declared.
    pub auth_key: Option<Spanned<String>>,
    /// Endpoint.
    pub endpoint: Option<EndpointInput>,
}

/// `execution.model.auth` as written: one method for all, or one for each provider.
#[derive(Debug, Clone, PartialEq)]
pub struct AuthDecl {
    /// File that it stands in.
    pub file: String,
    /// Where in the file.
    pub at: Position,
    /// The method of all targets.
    pub method: Option<String>,
    /// Provider and method.
    pub methods: Vec<(Spanned<String>, Spanned<String>)>,
    /// Whether it comes from a parent agent: then it may name providers that this one does not use.
    pub inherited: bool,
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
    /// `ref` as written: an agent's own skill replaces the team's of the same text.
    pub written: String,
    /// MCP servers it needs, each with where it is named.
    pub requires_mcp: Vec<Spanned<String>>,
}

/// A variable with a fixed value, which everybody who has the image can read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct VariableDecl {
    /// Name of the environment variable.
    pub name: String,
    /// Its value; may be empty.
    pub value: String,
    /// Where it is declared.
    pub at: Position,
}

/// A package of the image. Name and version have the alphabet of the package manager, nothing that a shell reads but
/// `~`, `^` and `!`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PackageDecl {
    /// Who installs it.
    pub manager: PackageManager,
    /// Name.
    pub name: String,
    /// Version, if declared.
    pub version: Option<String>,
}

/// Who installs a package.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum PackageManager {
    /// Debian's.
    Apt,
    /// Node's, for everybody in the image.
    Npm,
    /// Python's, one environment for each program.
    Pipx,
}

/// A workspace resource.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ResourceDecl {
    /// Its id: one part of a path.
    pub id: String,
    /// What it is.
    pub kind: ResourceKind,
    /// Where an agent finds it, in one form: `./a/b`, below the workspace.
    pub mount: String,
    /// Whether it is not to be written to.
    pub readonly: bool,
    /// Whether all agents that get it from this manifest share one; else each has its own.
    pub team: bool,
    /// Where it is declared.
    pub at: Position,
}

/// What a workspace resource is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ResourceKind {
    /// A clone of a repository.
    Git {
        /// Its address.
        url: String,
        /// What is checked out: `refs/heads/…`, `refs/tags/…`, or what git finds under the name (a commit).
        selector: Option<String>,
    },
    /// A folder.
    Volume {
        /// What it is kept as, if that is not its id.
        name: Option<String>,
    },
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
