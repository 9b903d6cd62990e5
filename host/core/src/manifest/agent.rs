//! The keys that every manifest has, and those of an agent.

use std::collections::BTreeSet;

use super::decode::{Decoder, Fields};
use super::node::{Node, Value};
use super::{AgentManifest, Body, Manifest, OnDegrade, Policy, PolicyMode, RuntimeBinding, Spanned};
use super::{environment, execution, workspace};
use crate::path::is_segment;

const COMMON: [&str; 6] = ["spawnfile_version", "kind", "name", "description", "policy", "memory"];
const AGENT: [&str; 8] = ["runtime", "expose", "schedule", "workspace", "environment", "execution", "surfaces", "subagents"];
const TEAM: [&str; 7] = ["members", "mode", "lead", "external", "shared", "networks", "external_participants"];

/// Decodes a manifest. Nothing, when the root is no map or its kind is unknown or not lowered yet.
pub(super) fn manifest(decoder: &mut Decoder<'_>, file: &str, root: &Node) -> Option<Manifest> {
    let untyped = decoder.free_map(root, "")?;
    decoder.require(&untyped, "kind")?;
    let kind = decoder.word(&untyped, "kind", &["agent", "team"])?;
    let own: &[&str] = if kind.value == "team" { &TEAM } else { &AGENT };
    let known: Vec<&str> = COMMON.iter().chain(own).copied().collect();
    let fields = decoder.map(root, "", &known)?;

    version(decoder, &fields);
    let name = name(decoder, &fields);
    let description = description(decoder, &fields);
    let policy = policy(decoder, &fields);
    decoder.not_yet(&fields, "memory");
    if kind.value == "team" {
        let message = "`kind: team` is not supported by this version of spawnfile yet";
        decoder.error_with_hint("manifest.not-yet", kind.at, message, "compile each agent by itself");
        return None;
    }
    let body = Body::Agent(Box::new(agent(decoder, &fields, file)));
    Some(Manifest { file: file.to_owned(), name, description, policy, body })
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
    for key in ["schedule", "surfaces", "subagents"] {
        decoder.not_yet(fields, key);
    }
    let runtime = runtime(decoder, fields);
    let expose = decoder.boolean(fields, "expose").unwrap_or(false);
    let (docs, skills) = workspace::workspace(decoder, fields, file);
    let (secrets, mcp_servers) = environment::environment(decoder, fields);
    let (model, sandbox) = execution::execution(decoder, fields);

    let servers: BTreeSet<&str> = mcp_servers.iter().map(|server| server.name.as_str()).collect();
    for required in skills.iter().flat_map(|skill| &skill.requires_mcp).filter(|name| !servers.contains(name.value.as_str())) {
        let message = format!("the skill requires MCP server `{}`, which is not declared", required.value);
        decoder.error_with_hint("manifest.reference", required.at, message, "declare it under `environment.mcp_servers`");
    }
    AgentManifest { runtime, expose, docs, skills, secrets, mcp_servers, model, sandbox }
}

/// A name, or a map of name and options.
fn runtime(decoder: &mut Decoder<'_>, fields: &Fields<'_>) -> Option<RuntimeBinding> {
    let node = fields.get("runtime")?;
    let (name, options) = if matches!(node.value, Value::Map(_)) {
        let binding = decoder.map(node, "runtime", &["name", "options"])?;
        let name = decoder.required_text(&binding, "name");
        let options = binding.get("options").and_then(|node| decoder.free_map(node, "runtime.options"));
        let options = options.map(|fields| fields.iter().map(|(key, _, node)| (key.to_owned(), node.to_json())).collect());
        (name, options.unwrap_or_default())
    } else {
        (decoder.text_of(node, "runtime")?, serde_json::Map::new())
    };
    if !name.value.is_empty() && !is_segment(&name.value) {
        decoder.error("manifest.value", name.at, "`runtime` must be the id of a runtime kind");
    }
    Some(RuntimeBinding { name, options })
}
