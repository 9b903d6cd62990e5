//! The extras: lowerings turned into what a host without runtime kind plugins can act on.

use std::collections::BTreeMap;

use serde_json::json;

use super::CompileInput;
use super::secrets::Registry;
use crate::admit::LoweredInstance;
use crate::collate::Collation;
use crate::extras::{
    AuthPlace, EXTRAS_VERSION, Extras, GeneratedSecret, Hole, HttpGet, Init, Instance, JsonFile, Node, Probe, TemplateEnv, TemplateFile,
};
use crate::init_plan::{INIT_PLAN_PATH, SECRETS_DIR, UID};
use crate::lowering::{LoweredAuth, LoweredContent, LoweredEnv, LoweredEnvValue, LoweredFile, LoweredProbe, LoweredTemplate, ProbeAction};
use crate::manifest::{PackageDecl, ResourceKind};
use crate::oci::Digest;
use crate::organization::{AgentNode, ResourceNode, TeamNode};

/// Random bytes of a secret that the host makes.
const GENERATED_BYTES: u32 = 24;

pub(super) fn extras(input: &CompileInput<'_>, registry: &Registry) -> Extras {
    let collation = Collation::new();
    let mut instances: Vec<Instance> = input.instances.iter().map(instance).collect();
    collation.sort_by_key(&mut instances, |instance| &instance.id);
    let mut nodes: Vec<Node> = input.organization.agents.iter().map(node).chain(input.organization.teams.iter().map(team)).collect();
    collation.sort_by_key(&mut nodes, |node| &node.id);
    let generated = registry.sorted().into_iter().filter(|(_, wanted)| wanted.generated);
    Extras {
        version: EXTRAS_VERSION.to_owned(),
        init: Init {
            path: INIT_PLAN_PATH.to_owned(),
            secret_delivery: vec!["file".to_owned(), "env".to_owned()],
            secrets_dir: SECRETS_DIR.to_owned(),
            uid: UID,
            gid: UID,
        },
        instances,
        generated_secrets: generated
            .map(|(name, _)| GeneratedSecret { name: name.to_owned(), form: "hex".to_owned(), bytes: GENERATED_BYTES })
            .collect(),
        networks: Vec::new(),
        nodes,
        // Two containers may only overlap when they share nothing that lasts; networks and surfaces, which they would share
        // too, are not lowered yet. Resources live and end with their container.
        parallel_safe: input.instances.iter().all(|instance| instance.lowering().mounts.is_empty()),
    }
}

fn instance(instance: &LoweredInstance) -> Instance {
    let (document, lowering) = (instance.document(), instance.lowering());
    let mut capabilities = lowering.linux_capabilities.clone();
    capabilities.sort();
    capabilities.dedup();
    Instance {
        id: document.id.clone(),
        runtime: document.runtime.clone(),
        lowered_by: instance.by().clone(),
        probes: lowering.probes.iter().filter_map(|probe| self::probe(instance, probe)).collect(),
        auth: lowering.auth.iter().map(auth).collect(),
        stop_signal: lowering.process.stop_signal.clone(),
        stop_grace_ms: lowering.process.stop_grace_ms,
        linux_capabilities: capabilities,
    }
}

/// Returns the port of that name.
pub(super) fn port(instance: &LoweredInstance, name: &str) -> Option<u16> {
    instance.lowering().ports.iter().find(|port| port.name == name).map(|port| port.number)
}

fn probe(instance: &LoweredInstance, lowered: &LoweredProbe) -> Option<Probe> {
    let mut probe = Probe {
        id: lowered.id.clone(),
        observation: lowered.observation.clone(),
        phase: lowered.phase.clone(),
        http_get: None,
        exec: None,
        file_exists: None,
        dir_exists: None,
        json_file: None,
        timeout_ms: lowered.timeout_ms,
        interval_ms: lowered.interval_ms,
        attempts: lowered.attempts,
    };
    match &lowered.action {
        ProbeAction::HttpGet(name, path) => probe.http_get = Some(HttpGet { port: port(instance, name)?, path: path.clone() }),
        ProbeAction::Exec(argv) => probe.exec = Some(argv.clone()),
        ProbeAction::FileExists(path) => probe.file_exists = Some(path.clone()),
        ProbeAction::DirExists(path) => probe.dir_exists = Some(path.clone()),
        ProbeAction::JsonFile(path, pointer) => probe.json_file = Some(JsonFile { path: path.clone(), pointer: pointer.clone() }),
    }
    Some(probe)
}

fn auth(lowered: &LoweredAuth) -> AuthPlace {
    AuthPlace {
        provider: lowered.provider.clone(),
        method: lowered.method.clone(),
        files: lowered.files.iter().map(file).collect(),
        env: lowered.env.iter().map(env).collect(),
        writable: lowered.writable.clone(),
    }
}

fn file(lowered: &LoweredFile) -> TemplateFile {
    let (text, holes) = match &lowered.content {
        LoweredContent::Template(template) => (template.text.clone(), holes(template)),
        LoweredContent::Text(text) => (text.clone(), Vec::new()),
        // Admission refuses sources in auth places.
        LoweredContent::Source(_) => (String::new(), Vec::new()),
    };
    TemplateFile { path: lowered.path.clone(), mode: format!("{:04o}", lowered.mode), text, holes }
}

fn env(lowered: &LoweredEnv) -> TemplateEnv {
    let (text, holes) = match &lowered.value {
        LoweredEnvValue::Literal(text) => (text.clone(), Vec::new()),
        LoweredEnvValue::Template(template) => (template.text.clone(), holes(template)),
        LoweredEnvValue::Slot(slot) | LoweredEnvValue::Secret(slot) => {
            (String::new(), vec![Hole { at: 0, slot: slot.clone(), encoding: "raw".to_owned() }])
        }
    };
    TemplateEnv { name: lowered.name.clone(), text, holes }
}

fn holes(template: &LoweredTemplate) -> Vec<Hole> {
    let hole = |(at, slot, encoding): &(u32, String, String)| Hole { at: *at, slot: slot.clone(), encoding: encoding.clone() };
    template.holes.iter().map(hole).collect()
}

/// The digest of a node changes with everything that it is made of; sources stand in it by content, not by name.
fn node(agent: &AgentNode) -> Node {
    let docs: BTreeMap<String, String> = agent.docs.iter().map(|doc| (doc.role.clone(), doc.source.digest.to_string())).collect();
    let skills: BTreeMap<String, String> = agent.skills.iter().map(|skill| (skill.name.clone(), skill.digest.to_string())).collect();
    let requires: BTreeMap<&str, &[String]> =
        agent.skills.iter().map(|skill| (skill.name.as_str(), skill.requires_mcp.as_slice())).collect();
    let mut whole = json!({
        "name": agent.name,
        "description": agent.description,
        "runtime": agent.runtime,
        "options": agent.options,
        "expose": agent.expose,
        "docs": docs,
        "skills": skills,
        "skills_require": requires,
        "model": agent.model,
        "sandbox": agent.sandbox,
        "mcp_servers": agent.mcp_servers,
        "secrets": agent.secrets,
    });
    if !agent.env.is_empty() {
        whole["env"] = json!(agent.env);
    }
    if !agent.packages.is_empty() {
        let word = |package: &PackageDecl| json!([package.manager.as_str(), package.name, package.version]);
        whole["packages"] = agent.packages.iter().map(word).collect();
    }
    if !agent.resources.is_empty() {
        whole["resources"] = agent.resources.iter().map(resource).collect();
    }
    if !agent.subagents.is_empty() {
        whole["subagents"] = agent.subagents.iter().map(|child| json!([child.id, child.node])).collect();
    }
    if !agent.context.is_empty() {
        whole["context"] = agent.context.iter().map(|(path, source)| json!([path, source.digest.as_str()])).collect();
    }
    Node {
        id: agent.id.clone(),
        digest: Digest::of(whole.to_string().as_bytes()).to_string(),
        docs,
        skills,
        model: agent.model.as_ref().map(|model| format!("{}/{}", model.primary.provider, model.primary.name)),
    }
}

fn resource(resource: &ResourceNode) -> serde_json::Value {
    let (what, selector) = match &resource.kind {
        ResourceKind::Git { url, selector } => (Some(url), selector.as_ref()),
        ResourceKind::Volume { name } => (name.as_ref(), None),
    };
    let shared = resource.team.as_ref().map(|scope| &scope.source);
    json!([resource.id, resource.mount, resource.readonly, what, selector, shared])
}

/// What a team shares is part of its members; its own are the doc, the members and how they work together.
fn team(team: &TeamNode) -> Node {
    let docs: BTreeMap<String, String> = team.docs.iter().map(|doc| (doc.role.clone(), doc.source.digest.to_string())).collect();
    let whole = json!({
        "name": team.name,
        "description": team.description,
        "mode": team.mode.as_str(),
        "lead": team.lead,
        "external": team.external,
        "members": team.members.iter().map(|member| (&member.id, &member.node)).collect::<Vec<_>>(),
        "docs": docs,
    });
    let digest = Digest::of(whole.to_string().as_bytes()).to_string();
    Node { id: team.id.clone(), digest, docs, skills: BTreeMap::new(), model: None }
}
