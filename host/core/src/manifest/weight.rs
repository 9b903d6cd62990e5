//! How much of a manifest is repeated for everybody who inherits it, so that a small project cannot become a huge one.

use serde_json::Value;

use super::{AgentManifest, Body, Environment, Execution, Manifest, Shared};
use crate::instance::McpServerInput;

/// What an entry costs beside its texts.
const ENTRY: usize = 128;

impl Manifest {
    /// Returns about how many bytes the manifest takes, decoded.
    pub(crate) fn weight(&self) -> usize {
        let own = match &self.body {
            Body::Agent(agent) => {
                let own = agent.docs.len() + agent.skills.len() + agent.resources.len() + agent.subagents.len();
                agent.inheritable() + own * ENTRY + agent.environment.weight()
            }
            Body::Team(team) => {
                let external = team.external.as_ref().map_or(0, Vec::len);
                team.shared.weight() + (team.members.len() + external) * ENTRY
            }
        };
        own + ENTRY + self.name.value.len() + self.description.as_ref().map_or(0, String::len)
    }
}

impl AgentManifest {
    /// Returns about how many bytes each subagent takes over.
    pub(crate) fn inheritable(&self) -> usize {
        let options = self.runtime.iter().flat_map(|runtime| &runtime.options);
        options.map(|(key, value)| key.len() + json(value)).sum::<usize>() + execution(&self.execution)
    }
}

impl Shared {
    /// Returns about how many bytes each direct member takes over.
    pub(crate) fn weight(&self) -> usize {
        let entries = self.docs.len() + self.skills.len() + self.resources.len();
        let requires: usize = self.skills.iter().map(|skill| skill.requires_mcp.len()).sum();
        (entries + requires) * ENTRY + self.environment.weight()
    }
}

impl Environment {
    fn weight(&self) -> usize {
        let env: usize = self.env.iter().map(|variable| ENTRY + variable.name.len() + variable.value.len()).sum();
        let version = |package: &super::PackageDecl| package.version.as_ref().map_or(0, String::len);
        let packages: usize = self.packages.iter().map(|package| ENTRY + package.name.len() + version(package)).sum();
        env + packages + self.secrets.len() * ENTRY + self.mcp_servers.iter().map(server).sum::<usize>()
    }
}

fn execution(execution: &Execution) -> usize {
    let Some(model) = &execution.model else { return 0 };
    let targets = model.primary.iter().chain(model.fallback.iter().flatten());
    let endpoint = |target: &super::TargetDecl| target.endpoint.as_ref().map_or(0, |endpoint| endpoint.base_url.len());
    let methods: usize = model.auth.iter().map(|auth| auth.methods.len() * ENTRY).sum();
    targets.map(|target| ENTRY + target.provider.value.len() + target.name.len() + endpoint(target)).sum::<usize>() + methods
}

fn server(server: &McpServerInput) -> usize {
    let args: usize = server.args.iter().map(|arg| arg.len() + ENTRY / 4).sum();
    let env: usize = server.env.iter().map(|(name, value)| name.len() + value.len() + ENTRY / 2).sum();
    ENTRY + server.name.len() + server.url.as_ref().map_or(0, String::len) + server.command.as_ref().map_or(0, String::len) + args + env
}

/// Nesting is bounded where YAML is read.
fn json(value: &Value) -> usize {
    match value {
        Value::String(text) => ENTRY / 4 + text.len(),
        Value::Array(items) => ENTRY / 4 + items.iter().map(json).sum::<usize>(),
        Value::Object(entries) => ENTRY / 4 + entries.iter().map(|(key, value)| key.len() + json(value)).sum::<usize>(),
        _ => ENTRY / 4,
    }
}
