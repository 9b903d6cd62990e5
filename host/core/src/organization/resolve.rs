//! Sources in, organization out.

use std::collections::BTreeSet;

use super::describe::derive;
use super::ids::{Named, assign};
use super::{AgentNode, DocNode, Organization, SkillNode, Source};
use crate::collate::Collation;
use crate::finding::{Finding, Findings, Position};
use crate::instance::SecretInput;
use crate::manifest::{self, AgentManifest, Body, DocRef, Manifest, SkillRef};
use crate::name::label_slug;
use crate::oci::Digest;
use crate::oci::digest::Hasher;
use crate::path::is_clean_relative;
use crate::project::{MAX_DOC_BYTES, MAX_SKILL_BYTES, MAX_SKILL_FILES, ProjectSources};

/// Resolves a project whose wanted files were read. Problems are collected: an `Err` holds all of them.
pub fn resolve(sources: &ProjectSources) -> Result<(Organization, Findings), Findings> {
    let Some(bytes) = sources.files.get(&sources.root) else {
        return Err(Finding::error("project.missing", format!("`{}` does not exist", sources.root)).into());
    };
    let (root, mut findings) = manifest::parse(&sources.root, bytes)?;
    if label_slug(&root.name.value).is_none() {
        let message = format!("`{}` has no character that may stand in an image label", root.name.value);
        findings.push(Finding::error("organization.name", message).at(&root.file, Some(root.name.at)));
    }
    let project = root.name.value.clone();

    let mut manifests = vec![root];
    Collation::new().sort_by_key(&mut manifests, |manifest| &manifest.file);
    let named: Vec<Named<'_>> = manifests
        .iter()
        .map(|manifest| Named { kind: "agent", name: &manifest.name.value, file: &manifest.file, at: manifest.name.at })
        .collect();
    let (ids, problems) = assign(&named);
    findings.extend(problems);

    let mut organization = Organization { project, root: String::new(), agents: Vec::new() };
    for (manifest, (id, slug)) in manifests.iter().zip(ids) {
        if manifest.file == sources.root {
            organization.root.clone_from(&id);
        }
        let Body::Agent(agent) = &manifest.body;
        organization.agents.extend(resolve_agent(sources, manifest, agent, id, slug, &mut findings));
    }
    findings.and(organization)
}

fn resolve_agent(
    sources: &ProjectSources,
    manifest: &Manifest,
    agent: &AgentManifest,
    id: String,
    slug: String,
    findings: &mut Findings,
) -> Option<AgentNode> {
    let docs: Vec<DocNode> = agent.docs.iter().filter_map(|doc| resolve_doc(sources, manifest, &id, doc, findings)).collect();
    let mut names = BTreeSet::new();
    let mut skills = Vec::new();
    for skill in &agent.skills {
        let Some(resolved) = resolve_skill(sources, manifest, &id, skill, findings) else { continue };
        if names.insert(resolved.name.clone()) {
            skills.push(resolved);
        } else {
            let message = format!("two skills have the name `{}`", resolved.name);
            findings.push(Finding::error("manifest.duplicate", message).at(&manifest.file, Some(skill.path.at)));
        }
    }
    let Some(runtime) = &agent.runtime else {
        let finding = Finding::error("manifest.missing", format!("agent `{}` declares no `runtime`", manifest.name.value));
        findings.push(finding.at(&manifest.file, Some(manifest.name.at)).hint("`spawnfile plugin list` shows the runtime kinds"));
        return None;
    };
    let description = manifest.description.clone().unwrap_or_else(|| {
        let identity = docs.iter().find(|doc| doc.role == "identity").and_then(|doc| sources.files.get(&doc.source.file));
        identity.and_then(|bytes| std::str::from_utf8(bytes).ok()).map(derive).unwrap_or_default()
    });
    Some(AgentNode {
        id,
        slug,
        name: manifest.name.value.clone(),
        description,
        file: manifest.file.clone(),
        runtime: runtime.name.value.clone(),
        runtime_at: runtime.name.at,
        options: runtime.options.clone(),
        expose: agent.expose,
        policy: manifest.policy,
        docs,
        skills,
        model: agent.model.clone(),
        sandbox: agent.sandbox.clone(),
        mcp_servers: agent.mcp_servers.clone(),
        secrets: agent.secrets.iter().map(|secret| SecretInput { name: secret.name.clone(), required: secret.required }).collect(),
    })
}

fn resolve_doc(sources: &ProjectSources, manifest: &Manifest, id: &str, doc: &DocRef, findings: &mut Findings) -> Option<DocNode> {
    let path = &doc.path.value;
    let mut refuse = |message: String| {
        findings.push(Finding::error("project.doc", message).at(&manifest.file, Some(doc.path.at)));
        None
    };
    let Some(bytes) = sources.files.get(path) else {
        return refuse(format!("`{path}`, the {} doc, does not exist", doc.role));
    };
    if bytes.len() as u64 > MAX_DOC_BYTES {
        return refuse(format!("`{path}` is larger than {MAX_DOC_BYTES} bytes"));
    }
    if std::str::from_utf8(bytes).is_err() {
        return refuse(format!("`{path}` is not UTF-8"));
    }
    Some(DocNode { role: doc.role.clone(), source: source(format!("doc:{id}:{}", doc.role), path, bytes) })
}

fn resolve_skill(sources: &ProjectSources, manifest: &Manifest, id: &str, skill: &SkillRef, findings: &mut Findings) -> Option<SkillNode> {
    let folder = &skill.path.value;
    let refuse = |findings: &mut Findings, at: Position, message: String| {
        findings.push(Finding::error("project.skill", message).at(&manifest.file, Some(at)));
    };
    let prefix = format!("{folder}/");
    let files: Vec<(&str, &str, &Vec<u8>)> = sources
        .files
        .range(prefix.clone()..)
        .take_while(|(path, _)| path.starts_with(&prefix))
        .filter_map(|(path, bytes)| Some((path.strip_prefix(&prefix)?, path.as_str(), bytes)))
        .collect();
    let Some((_, entry, bytes)) = files.iter().find(|(path, ..)| *path == "SKILL.md") else {
        refuse(findings, skill.path.at, format!("`{folder}` is no folder with a SKILL.md"));
        return None;
    };
    let total: u64 = files.iter().map(|(_, _, bytes)| bytes.len() as u64).sum();
    if files.len() > MAX_SKILL_FILES as usize || total > MAX_SKILL_BYTES {
        refuse(findings, skill.path.at, format!("`{folder}` has more than {MAX_SKILL_FILES} files or {MAX_SKILL_BYTES} bytes"));
        return None;
    }
    if let Some((path, ..)) = files.iter().find(|(path, ..)| !is_clean_relative(path)) {
        refuse(findings, skill.path.at, format!("`{folder}` has a file whose name cannot be used: {path:?}"));
        return None;
    }
    let front = match manifest::front_matter(entry, bytes) {
        Ok(front) => front,
        Err(problems) => {
            findings.extend(problems);
            return None;
        }
    };
    let files: Vec<(String, Source)> = files
        .into_iter()
        .map(|(path, file, bytes)| (path.to_owned(), source(format!("skill:{id}:{}:{path}", front.name), file, bytes)))
        .collect();
    let mut hasher = Hasher::new();
    for (path, source) in &files {
        for part in [path.as_bytes(), b"\0", source.digest.as_str().as_bytes(), b"\n"] {
            hasher.update(part);
        }
    }
    let requires_mcp = skill.requires_mcp.iter().map(|name| name.value.clone()).collect();
    Some(SkillNode { name: front.name, description: front.description, requires_mcp, files, digest: hasher.finish() })
}

fn source(id: String, file: &str, bytes: &[u8]) -> Source {
    Source { id, file: file.to_owned(), bytes: bytes.len() as u64, digest: Digest::of(bytes) }
}
