//! Runtime instances: what each runtime kind is asked to lower.

use std::collections::BTreeMap;

use super::{AgentNode, Organization};
use crate::finding::{Finding, Findings};
use crate::instance::{AgentInput, DocInput, INSTANCE_VERSION, InstanceDocument, SkillFile, SkillInput, SubagentInput, shared_id};
use crate::lowering::KindDescriptor;
use crate::manifest::nearest;
use crate::path::is_segment;

/// Folder in the image that holds the instances, by runtime kind and id.
pub const INSTANCES_ROOT: &str = "/var/lib/spawnfile/instances";
/// Folder in the image that holds the program trees, by runtime kind.
pub const RUNTIMES_ROOT: &str = "/opt/spawnfile/runtime-installs";

/// Returns the instances of an organization in plan order, given the runtime kinds that it asks for, as far as they are
/// there, and the ids of all that are installed.
pub fn instances(
    organization: &Organization,
    kinds: &BTreeMap<String, KindDescriptor>,
    installed: &[String],
) -> Result<Vec<InstanceDocument>, Findings> {
    let mut findings = Findings::default();
    let mut instances: Vec<InstanceDocument> = Vec::new();
    let mut counts: BTreeMap<&str, u32> = BTreeMap::new();
    let mut groups: BTreeMap<&str, usize> = BTreeMap::new();
    for agent in &organization.agents {
        let Some(kind) = kinds.get(&agent.runtime) else {
            findings.push(unknown_kind(agent, installed));
            continue;
        };
        if let Err(finding) = usable(agent, kind) {
            findings.push(finding);
            continue;
        }
        let shared = kind.grouping == "shared";
        if shared && let Some(instance) = groups.get(agent.runtime.as_str()).and_then(|at| instances.get_mut(*at)) {
            instance.agents.push(input(agent));
            continue;
        }
        groups.insert(&agent.runtime, instances.len());
        let id = if shared { shared_id(&agent.runtime) } else { format!("agent-{}", agent.slug) };
        let index = counts.entry(&agent.runtime).or_default();
        instances.push(InstanceDocument {
            version: INSTANCE_VERSION.to_owned(),
            root: format!("{INSTANCES_ROOT}/{}/{id}", agent.runtime),
            runtime_root: format!("{RUNTIMES_ROOT}/{}", agent.runtime),
            id,
            runtime: agent.runtime.clone(),
            index: *index,
            agents: vec![input(agent)],
        });
        *index += 1;
    }
    findings.and(instances).map(|(instances, _)| instances)
}

fn unknown_kind(agent: &AgentNode, installed: &[String]) -> Finding {
    let known = if installed.is_empty() { "none".to_owned() } else { installed.join(", ") };
    let message = format!("no runtime kind `{}` is installed (installed: {known})", agent.runtime);
    let meant = nearest(&agent.runtime, installed.iter().map(String::as_str));
    let meant = meant.map(|near| format!("did you mean `{near}`? Otherwise ")).unwrap_or_default();
    let hint = format!("{meant}`spawnfile plugin add <folder or .wasm>` adds a runtime kind");
    Finding::error("organization.unknown-runtime", message).at(&agent.runtime_file, Some(agent.runtime_at)).hint(hint)
}

/// The descriptor is the plugin's word: what becomes part of paths is checked here.
fn usable(agent: &AgentNode, kind: &KindDescriptor) -> Result<(), Finding> {
    let refuse = |message: String| Err(Finding::error("organization.runtime", message).at(&agent.runtime_file, Some(agent.runtime_at)));
    // An instance of its agents would have the id of an agent's own instance.
    if agent.runtime == "agent" {
        return refuse("`agent` cannot be the id of a runtime kind".to_owned());
    }
    let shaped = agent.runtime.bytes().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'_' | b'.' | b'-'));
    if !shaped || !is_segment(&agent.runtime) || !agent.runtime.bytes().next().is_some_and(|b| b.is_ascii_alphanumeric()) {
        return refuse(format!("`{}` cannot be the id of a runtime kind", agent.runtime));
    }
    if !matches!(kind.grouping.as_str(), "per-agent" | "shared") {
        return refuse(format!("runtime kind `{}` groups its agents in a way that this spawnfile does not know", agent.runtime));
    }
    if !kind.accepts.iter().any(|version| version == INSTANCE_VERSION) {
        return refuse(format!("runtime kind `{}` does not accept {INSTANCE_VERSION}, the document of this spawnfile", agent.runtime));
    }
    Ok(())
}

fn input(agent: &AgentNode) -> AgentInput {
    let docs = agent.docs.iter();
    let skills = agent.skills.iter();
    AgentInput {
        id: agent.id.clone(),
        slug: agent.slug.clone(),
        name: agent.name.clone(),
        description: agent.description.clone(),
        expose: agent.expose,
        options: agent.options.clone(),
        docs: docs.map(|doc| DocInput { role: doc.role.clone(), source: doc.source.id.clone(), bytes: doc.source.bytes }).collect(),
        skills: skills
            .map(|skill| SkillInput {
                name: skill.name.clone(),
                description: skill.description.clone(),
                requires_mcp: skill.requires_mcp.clone(),
                files: skill
                    .files
                    .iter()
                    .map(|(path, source)| SkillFile { path: path.clone(), source: source.id.clone(), bytes: source.bytes })
                    .collect(),
            })
            .collect(),
        model: agent.model.clone(),
        sandbox: agent.sandbox.clone(),
        mcp_servers: agent.mcp_servers.clone(),
        secrets: agent.secrets.clone(),
        subagents: agent.subagents.iter().map(|child| SubagentInput { id: child.id.clone(), node: child.node.clone() }).collect(),
    }
}
