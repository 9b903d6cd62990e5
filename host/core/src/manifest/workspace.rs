//! `workspace`: docs, skills and resources.

use std::collections::BTreeSet;

use super::decode::{Decoder, Fields};
use super::resources::resources;
use super::{DocRef, ResourceDecl, SkillRef, Spanned};
use crate::instance::McpServerInput;
use crate::path::is_segment;
use crate::project::locate;

/// Roles of docs, in the order in which runtimes get them.
const ROLES: [&str; 5] = ["heartbeat", "identity", "memory", "soul", "system"];

/// `workspace` as written.
#[derive(Default)]
pub(super) struct Workspace {
    pub(super) docs: Vec<DocRef>,
    pub(super) skills: Vec<SkillRef>,
    pub(super) resources: Vec<ResourceDecl>,
}

pub(super) fn workspace(decoder: &mut Decoder<'_>, fields: &Fields<'_>, file: &str) -> Workspace {
    let Some(workspace) = decoder.submap(fields, "workspace", &["docs", "skills", "resources"]) else {
        return Workspace::default();
    };
    Workspace {
        docs: docs(decoder, &workspace, file),
        skills: skills(decoder, &workspace, file),
        resources: resources(decoder, &workspace),
    }
}

fn docs(decoder: &mut Decoder<'_>, workspace: &Fields<'_>, file: &str) -> Vec<DocRef> {
    let known: Vec<&str> = ROLES.iter().copied().chain(["extras"]).collect();
    let Some(docs) = decoder.submap(workspace, "docs", &known) else { return Vec::new() };
    let mut found = Vec::new();
    for role in ROLES {
        if let Some(path) = decoder.text(&docs, role).and_then(|path| doc_path(decoder, &docs.join(role), &path, file)) {
            found.push(DocRef { role: role.to_owned(), path });
        }
    }
    for (name, path) in decoder.text_map(&docs, "extras") {
        if !is_name(&name.value) {
            decoder.error("manifest.name", name.at, "the name of an extra doc must be one part of a path, without `:`");
            continue;
        }
        let role = format!("extras.{}", name.value);
        if let Some(path) = doc_path(decoder, &docs.join(&role), &path, file) {
            found.push(DocRef { role, path });
        }
    }
    found
}

fn doc_path(decoder: &mut Decoder<'_>, key: &str, written: &Spanned<String>, file: &str) -> Option<Spanned<String>> {
    let path = located(decoder, key, written, file)?;
    let lower = path.value.to_ascii_lowercase();
    if !lower.ends_with(".md") && !lower.ends_with(".markdown") {
        decoder.error("manifest.path", path.at, format!("`{key}` must be a Markdown file (.md or .markdown)"));
        return None;
    }
    Some(path)
}

fn skills(decoder: &mut Decoder<'_>, workspace: &Fields<'_>, file: &str) -> Vec<SkillRef> {
    let mut found = Vec::new();
    for (key, node) in decoder.list(workspace, "skills") {
        let Some(skill) = decoder.map(node, &key, &["ref", "requires"]) else { continue };
        let written = decoder.required_text(&skill, "ref");
        let requires = decoder.submap(&skill, "requires", &["mcp"]);
        let requires = requires.map(|requires| decoder.list(&requires, "mcp")).unwrap_or_default();
        let requires_mcp = requires.into_iter().filter_map(|(key, node)| decoder.text_of(node, &key)).collect();
        if written.value.is_empty() {
            continue;
        }
        let Some(path) = located(decoder, &skill.join("ref"), &written, file) else { continue };
        if path.value.split('/').all(|part| part == "." || part == "..") {
            let message = format!("`{}` must be a folder of its own, not one that holds the manifest", skill.join("ref"));
            decoder.error("manifest.path", path.at, message);
            continue;
        }
        found.push(SkillRef { path, written: written.value, requires_mcp });
    }
    found
}

/// Checks that the servers which skills require are declared beside them.
pub(super) fn requirements(decoder: &mut Decoder<'_>, skills: &[SkillRef], servers: &[McpServerInput], key: &str) {
    let servers: BTreeSet<&str> = servers.iter().map(|server| server.name.as_str()).collect();
    for required in skills.iter().flat_map(|skill| &skill.requires_mcp).filter(|name| !servers.contains(name.value.as_str())) {
        let message = format!("the skill requires MCP server `{}`, which is not declared", required.value);
        decoder.error_with_hint("manifest.reference", required.at, message, format!("declare it under `{key}`"));
    }
}

pub(super) fn located(decoder: &mut Decoder<'_>, key: &str, written: &Spanned<String>, file: &str) -> Option<Spanned<String>> {
    match locate(file, &written.value) {
        Ok(path) => Some(Spanned { value: path, at: written.at }),
        Err(why) => {
            decoder.error("manifest.path", written.at, format!("`{key}` is no path of the project: {why}"));
            None
        }
    }
}

/// Returns whether a text may be the name of an extra doc or a skill: it becomes part of paths and source ids.
pub(crate) fn is_name(text: &str) -> bool {
    is_segment(text) && !text.contains(':') && text.trim() == text
}
