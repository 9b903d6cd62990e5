//! The workspace that many agent programs read: `AGENTS.md`, `SOUL.md`, `skills/<name>/SKILL.md`.
//!
//! Names of docs and skills are foreign and become paths here: those that would leave the workspace are refused.

use std::collections::BTreeSet;

use crate::diagnostic::Diagnostic;
use crate::document::instance::Agent;
use crate::file::{File, is_path_part, is_relative_path, source};

/// Checks that an agent's docs and skills have a place each; `pointer` is the place of the agent in the document.
pub fn check(agent: &Agent, pointer: &str, found: &mut Vec<Diagnostic>) {
    for (index, doc) in agent.docs.iter().enumerate() {
        let pointer = format!("{pointer}/docs/{index}/role");
        if doc_path(&doc.role).is_none() {
            found.push(Diagnostic::error("agent.docs.role", format!("doc role `{}` has no place", doc.role)).at(pointer));
        } else if agent.docs.iter().take(index).any(|other| other.role == doc.role) {
            found.push(Diagnostic::error("agent.docs.duplicate", format!("doc role `{}` is declared twice", doc.role)).at(pointer));
        }
    }
    for (index, skill) in agent.skills.iter().enumerate() {
        let pointer = format!("{pointer}/skills/{index}");
        if !is_path_part(&skill.name) {
            let message = format!("skill name `{}` cannot be a folder name", skill.name);
            let diagnostic = Diagnostic::error("agent.skills.name", message).at(format!("{pointer}/name"));
            found.push(diagnostic.hint("use a name without slashes in the front matter of SKILL.md"));
        } else if agent.skills.iter().take(index).any(|other| other.name == skill.name) {
            let message = format!("two skills are named `{}`", skill.name);
            found.push(Diagnostic::error("agent.skills.duplicate", message).at(format!("{pointer}/name")));
        }
        let mut paths = BTreeSet::new();
        for (file_index, file) in skill.files.iter().enumerate() {
            if !is_relative_path(&file.path) || !paths.insert(&file.path) {
                let message = format!("skill `{}` has a file `{}` that cannot be placed", skill.name, file.path);
                found.push(Diagnostic::error("agent.skills.file", message).at(format!("{pointer}/files/{file_index}/path")));
            }
        }
    }
}

/// Returns the docs and skills as files below `workspace`; none for names that [`check`] refuses.
pub fn files(agent: &Agent, workspace: &str) -> Vec<File> {
    let docs = agent.docs.iter().filter_map(|doc| Some(source(format!("{workspace}/{}", doc_path(&doc.role)?), &doc.source)));
    let skills = agent.skills.iter().flat_map(|skill| {
        let folder = format!("{workspace}/skills/{}", skill.name);
        skill.files.iter().map(move |file| source(format!("{folder}/{}", file.path), &file.source))
    });
    docs.chain(skills).collect()
}

/// Path of a doc below the workspace.
fn doc_path(role: &str) -> Option<String> {
    let path = match role {
        "identity" => "IDENTITY.md",
        "soul" => "SOUL.md",
        "system" => "AGENTS.md",
        "memory" => "MEMORY.md",
        "heartbeat" => "HEARTBEAT.md",
        _ => return role.strip_prefix("extras.").filter(|name| is_path_part(name)).map(|name| format!("extras/{name}.md")),
    };
    Some(path.to_owned())
}
