//! Docs and skills: looked at once each, however many agents get them.

use std::collections::BTreeMap;
use std::sync::Arc;

use super::inherit::From;
use super::{DocNode, SkillNode, Source};
use crate::finding::{Finding, Findings, Position};
use crate::manifest::{self, DocRef, FrontMatter, SkillRef};
use crate::oci::Digest;
use crate::oci::digest::Hasher;
use crate::path::is_clean_relative;
use crate::project::{MAX_DOC_BYTES, MAX_PLACED_FILES, MAX_SKILL_BYTES, MAX_SKILL_FILES, ProjectSources};

/// The files of a project with what was found out about them.
#[derive(Debug)]
pub(super) struct Contents<'a> {
    sources: &'a ProjectSources,
    digests: BTreeMap<String, Digest>,
    skills: BTreeMap<String, Option<Skill>>,
    empty: Arc<str>,
    /// Files given to agents so far.
    placed: usize,
}

/// A skill's folder.
#[derive(Debug)]
struct Skill {
    front: FrontMatter,
    /// Path below the folder, key, size and digest.
    files: Vec<(String, String, u64, Digest)>,
    digest: Digest,
}

impl<'a> Contents<'a> {
    pub(super) fn new(sources: &'a ProjectSources) -> Self {
        Self { sources, digests: BTreeMap::new(), skills: BTreeMap::new(), empty: Arc::from(""), placed: 0 }
    }

    /// Returns the text of a file that was resolved as a doc.
    pub(super) fn text(&self, file: &str) -> &'a str {
        self.sources.files.get(file).and_then(|bytes| std::str::from_utf8(bytes).ok()).unwrap_or_default()
    }

    pub(super) fn doc(&mut self, id: &str, doc: From<'_, DocRef>, findings: &mut Findings) -> Option<DocNode> {
        let From { file, item } = doc;
        let path = &item.path.value;
        let mut refuse = |message: String| {
            findings.push(Finding::error("project.doc", message).at(file, Some(item.path.at)));
            None
        };
        let Some(bytes) = self.sources.files.get(path) else {
            return refuse(format!("`{path}`, the {} doc, does not exist", item.role));
        };
        if bytes.len() as u64 > MAX_DOC_BYTES {
            return refuse(format!("`{path}` is larger than {MAX_DOC_BYTES} bytes"));
        }
        if std::str::from_utf8(bytes).is_err() {
            return refuse(format!("`{path}` is not UTF-8"));
        }
        let digest = self.digests.entry(path.clone()).or_insert_with(|| Digest::of(bytes)).clone();
        let source = self.source(format!("doc:{id}:{}", item.role), path, bytes.len() as u64, digest);
        Some(DocNode { role: item.role.clone(), source })
    }

    pub(super) fn skill(&mut self, id: &str, skill: From<'_, SkillRef>, findings: &mut Findings) -> Option<SkillNode> {
        let folder = &skill.item.path.value;
        if !self.skills.contains_key(folder) {
            let found = folder_of(self.sources, skill.file, folder, skill.item.path.at, findings);
            self.skills.insert(folder.clone(), found);
        }
        let known = self.skills.get(folder)?.as_ref()?;
        self.placed += known.files.len();
        if self.placed > MAX_PLACED_FILES {
            let message = format!("the skills of all agents have more than {MAX_PLACED_FILES} files together");
            findings.push(Finding::error("organization.size", message));
            return None;
        }
        let name = &known.front.name;
        let files = known.files.iter();
        let files = files.map(|(path, file, bytes, digest)| {
            (path.clone(), self.source(format!("skill:{id}:{name}:{path}"), file, *bytes, digest.clone()))
        });
        Some(SkillNode {
            name: name.clone(),
            description: known.front.description.clone(),
            requires_mcp: skill.item.requires_mcp.iter().map(|name| name.value.clone()).collect(),
            files: files.collect(),
            digest: known.digest.clone(),
        })
    }

    fn source(&self, id: String, file: &str, bytes: u64, digest: Digest) -> Source {
        Source { id, file: Some(file.to_owned()), text: Arc::clone(&self.empty), bytes, digest }
    }
}

fn folder_of(sources: &ProjectSources, file: &str, folder: &str, at: Position, findings: &mut Findings) -> Option<Skill> {
    let mut refuse = |message: String| findings.push(Finding::error("project.skill", message).at(file, Some(at)));
    let prefix = format!("{folder}/");
    let files: Vec<(&str, &str, &Vec<u8>)> = sources
        .files
        .range(prefix.clone()..)
        .take_while(|(path, _)| path.starts_with(&prefix))
        .filter_map(|(path, bytes)| Some((path.strip_prefix(&prefix)?, path.as_str(), bytes)))
        .collect();
    let Some((_, entry, bytes)) = files.iter().find(|(path, ..)| *path == "SKILL.md") else {
        refuse(format!("`{folder}` is no folder with a SKILL.md"));
        return None;
    };
    let total: u64 = files.iter().map(|(_, _, bytes)| bytes.len() as u64).sum();
    if files.len() > MAX_SKILL_FILES as usize || total > MAX_SKILL_BYTES {
        refuse(format!("`{folder}` has more than {MAX_SKILL_FILES} files or {MAX_SKILL_BYTES} bytes"));
        return None;
    }
    if let Some((path, ..)) = files.iter().find(|(path, ..)| !is_clean_relative(path)) {
        refuse(format!("`{folder}` has a file whose name cannot be used: {path:?}"));
        return None;
    }
    let front = match manifest::front_matter(entry, bytes) {
        Ok(front) => front,
        Err(problems) => {
            findings.extend(problems);
            return None;
        }
    };
    let files: Vec<(String, String, u64, Digest)> =
        files.into_iter().map(|(path, file, bytes)| (path.to_owned(), file.to_owned(), bytes.len() as u64, Digest::of(bytes))).collect();
    let mut hasher = Hasher::new();
    for (path, _, _, digest) in &files {
        for part in [path.as_bytes(), b"\0", digest.as_str().as_bytes(), b"\n"] {
            hasher.update(part);
        }
    }
    Some(Skill { front, files, digest: hasher.finish() })
}
