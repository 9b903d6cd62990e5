//! The keys that every manifest has, and those of an agent.

use std::collections::BTreeSet;
use std::fmt::Write as _;

use super::decode::{Decoder, Fields};
use super::node::{Node, Value};
use super::workspace::Workspace;
use super::{AgentManifest, Body, ChildRef, Manifest, OnDegrade, Policy, PolicyMode, RuntimeBinding, Spanned};
use super::{environment, execution, team, workspace};
use crate::path::is_segment;

const COMMON: [&str; 6] = ["spawnfile_version", "kind", "name", "description", "policy", "memory"];
const AGENT: [&str; 8] = ["runtime", "expose", "schedule", "workspace", "environment", "execution", "surfaces", "subagents"];

/// Decodes a manifest. Nothing, when the root is no map or its kind is unknown.
pub(super) fn manifest(decoder: &mut Decoder<'_>, file: &str, root: &Node) -> Option<Manifest> {
    let untyped = decoder.free_map(root, "")?;
    decoder.require(&untyped, "kind")?;
    let kind = decoder.word(&untyped, "kind", &["agent", "team"])?;
    let own: &[&str] = if kind.value == "team" { &team::KEYS } else { &AGENT };
    let known: Vec<&str> = COMMON.iter().chain(own).copied().collect();
    let fields = decoder.map(root, "", &known)?;

    version(decoder, &fields);
    let name = name(decoder, &fields);
    let description = description(decoder, &fields);
    let policy = policy(decoder, &fields);
    decoder.not_yet(&fields, "memory");
    let body = if kind.value == "team" {
        Body::Team(Box::new(team::team(decoder, &fields, file)))
    } else {
        Body::Agent(Box::new(agent(decoder, &fields, file)))
    };
    Some(Manifest { file: file.to_owned(), source: file.to_owned(), name, description, policy, body })
}

/// Decodes a member that stands in its team's manifest.
pub(super) fn inline(decoder: &mut Decoder<'_>, fields: &Fields<'_>, id: &Spanned<String>, file: &str) -> Manifest {
    let description = description(decoder, fields);
    let policy = policy(decoder, fields);
    decoder.not_yet(fields, "memory");
    let agent = agent(decoder, fields, file);
    if !agent.docs.iter().any(|doc| doc.role == "system") {
        decoder.error(
            "manifest.missing",
            fields.at,
            format!("`{}` is missing: an inline member needs it", fields.join("workspace.docs.system")),
        );
    }
    if id.value.chars().any(char::is_whitespace) {
        decoder.error("manifest.name", id.at, "the id of an inline member is its name and must not have white space");
    }
    let source = format!("{file}#member={}", percent_encoded(&id.value));
    Manifest { file: file.to_owned(), source, name: id.clone(), description, policy, body: Body::Agent(Box::new(agent)) }
}

/// Encodes a text as the other tool does, so that members stand in its order.
fn percent_encoded(text: &str) -> String {
    let mut encoded = String::with_capacity(text.len());
    for byte in text.bytes() {
        if byte.is_ascii_alphanumeric() || b"-_.!~*'()".contains(&byte) {
            encoded.push(char::from(byte));
        } else {
            let _ignored = write!(encoded, "%{byte:02X}");
        }
    }
    encoded
}

fn version(decoder: &mut Decoder<'_>, fields: &Fields<'_>) {
    let Some(node) = decoder.require(fields, "spawnfile_version") else { return };
    match &node.value {
        Value::Text(text) if text == "0.1" => {}
        Value::Number(_) => {
            decoder.error_with_hint("manifest.version", node.at, "`spawnfile_version` must be a text", "write it in quotes: \"0.1\"");
        }
        _ => decoder.error("manifest.version", node.at, "`spawnfile_version` must be \"0.1\""),
    }
}

fn name(decoder: &mut Decoder<'_>, fields: &Fields<'_>) -> Spanned<String> {
    let name = decoder.required_text(fields, "name");
    if name.value.chars().any(char::is_whitespace) {
        decoder.error("manifest.name", name.at, "`name` must not have white space");
    }
    name
}

/// The description may be empty, unlike other texts.
fn description(decoder: &mut Decoder<'_>, fields: &Fields<'_>) -> Option<String> {
    let node = fields.get("description")?;
    match &node.value {
        Value::Text(text) => Some(text.split_whitespace().collect::<Vec<_>>().join(" ")),
        _ => decoder.text(fields, "description").map(|text| text.value),
    }
}

fn policy(decoder: &mut Decoder<'_>, fields: &Fields<'_>) -> Policy {
    let Some(policy) = decoder.submap(fields, "policy", &["mode", "on_degrade"]) else { return Policy::default() };
    decoder.require(&policy, "mode");
    decoder.require(&policy, "on_degrade");
    let mode = match decoder.word(&policy, "mode", &["permissive", "strict", "warn"]).map(|word| word.value) {
        Some("permissive") => PolicyMode::Permissive,
        Some("strict") => PolicyMode::Strict,
        _ => PolicyMode::Warn,
    };
    let on_degrade = match decoder.word(&policy, "on_degrade", &["allow", "error", "warn"]).map(|word| word.value) {
        Some("allow") => OnDegrade::Allow,
        Some("error") => OnDegrade::Error,
        _ => OnDegrade::Warn,
    };
    Policy { mode, on_degrade }
}

fn agent(decoder: &mut Decoder<'_>, fields: &Fields<'_>, file: &str) -> AgentManifest {
    for key in ["schedule", "surfaces"] {
        decoder.not_yet(fields, key);
    }
    let runtime = runtime(decoder, fields);
    let expose = decoder.boolean(fields, "expose").unwrap_or(false);
    let Workspace { docs, skills, resources } = workspace::workspace(decoder, fields, file);
    let environment = environment::environment(decoder, fields);
    let execution = execution::execution(decoder, fields, file);
    workspace::requirements(decoder, &skills, &environment.mcp_servers, &fields.join("environment.mcp_servers"));
    AgentManifest { runtime, expose, docs, skills, resources, environment, execution, subagents: subagents(decoder, fields, file) }
}

fn subagents(decoder: &mut Decoder<'_>, fields: &Fields<'_>, file: &str) -> Vec<ChildRef> {
    let mut ids = BTreeSet::new();
    let mut found = Vec::new();
    for (key, node) in decoder.list(fields, "subagents") {
        let Some(child) = decoder.map(node, &key, &["id", "ref"]) else { continue };
        let id = team::id(decoder, &child, &mut ids, "subagent");
        let path = team::reference(decoder, &child, file);
        if let (Some(id), Some(path)) = (id, path) {
            found.push(ChildRef { id, path });
        }
    }
    found
}

/// A name, or a map of name and options.
fn runtime(decoder: &mut Decoder<'_>, fields: &Fields<'_>) -> Option<RuntimeBinding> {
    let node = fields.get("runtime")?;
    let (name, options) = if matches!(node.value, Value::Map(_)) {
        let key = fields.join("runtime");
        let binding = decoder.map(node, &key, &["name", "options"])?;
        let name = decoder.required_text(&binding, "name");
        let options = binding.get("options").and_then(|node| decoder.free_map(node, &binding.join("options")));
        let options = options.map(|fields| fields.iter().map(|(key, _, node)| (key.to_owned(), node.to_json())).collect());
        (name, options.unwrap_or_default())
    } else {
        (decoder.text_of(node, &fields.join("runtime"))?, serde_json::Map::new())
    };
    if !name.value.is_empty() && !is_segment(&name.value) {
        decoder.error("manifest.value", name.at, format!("`{}` must be the id of a runtime kind", fields.join("runtime")));
    }
    Some(RuntimeBinding { name, options })
}
