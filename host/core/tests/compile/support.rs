//! What the compile tests share: gathering a project from disk as the command does, and compiling it with a lowering
//! that was written by hand.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use serde_json::json;
use spawnfile_core::admit::admit;
use spawnfile_core::compile::{CompileInput, Compiled, HostPaths, assemble};
use spawnfile_core::extras::LoweredBy;
use spawnfile_core::finding::Findings;
use spawnfile_core::instance::{INSTANCE_VERSION, InstanceDocument};
use spawnfile_core::lock::Lock;
use spawnfile_core::lowering::{KindDescriptor, Lowered};
use spawnfile_core::manifest;
use spawnfile_core::oci::{Digest, Platform};
use spawnfile_core::organization::{Organization, instances, resolve};
use spawnfile_core::path::HostPath;
use spawnfile_core::project::{ProjectSources, Wanted};

/// A path that must stand in nothing but the compile report.
pub(crate) const CANARY: &str = "/home/canary-user/secret-project";
/// Stands for the program of PID 1.
pub(crate) const INIT: &[u8] = b"init program";
/// 2026-11-20T21:48:50Z.
pub(crate) const TIME: u64 = 1_795_211_330;

/// Reads what the manifests of a project want, and the manifests.
pub(crate) fn gather(project: &Path) -> Result<ProjectSources, Findings> {
    let mut sources = ProjectSources { root: "Spawnfile".into(), files: BTreeMap::new() };
    let mut pending = vec!["Spawnfile".to_owned()];
    while let Some(file) = pending.pop() {
        let Ok(bytes) = std::fs::read(project.join(&file)) else { continue };
        if sources.files.contains_key(&file) {
            continue;
        }
        let (manifest, _) = manifest::parse(&file, &bytes)?;
        sources.files.insert(file, bytes);
        for wanted in manifest.wanted() {
            match wanted {
                Wanted::Manifest { path, .. } => pending.push(path),
                Wanted::File { path, .. } => {
                    if let Ok(bytes) = std::fs::read(project.join(&path)) {
                        sources.files.insert(path, bytes);
                    }
                }
                Wanted::Folder { path, .. } => {
                    for (relative, bytes) in files(&project.join(&path)) {
                        sources.files.insert(format!("{path}/{relative}"), bytes);
                    }
                }
            }
        }
    }
    Ok(sources)
}

/// Returns every file below a folder by its relative path.
pub(crate) fn files(folder: &Path) -> BTreeMap<String, Vec<u8>> {
    let mut found = BTreeMap::new();
    let mut open = vec![PathBuf::new()];
    while let Some(relative) = open.pop() {
        let Ok(entries) = std::fs::read_dir(folder.join(&relative)) else { continue };
        for entry in entries {
            let entry = entry.unwrap();
            let path = relative.join(entry.file_name());
            if entry.file_type().unwrap().is_dir() {
                open.push(path);
            } else {
                found.insert(path.to_str().unwrap().to_owned(), std::fs::read(entry.path()).unwrap());
            }
        }
    }
    found
}

/// Compiles a project whose agents are lowered to what `lowering` (JSON) says: a lowering, or a map of them by instance.
pub(crate) fn compile(sources: &ProjectSources, lowering: &[u8], lock: &Lock) -> Result<(Organization, Compiled, Findings), Findings> {
    let fixture = |document: &InstanceDocument| {
        let fixture: serde_json::Value = serde_json::from_slice(lowering).unwrap();
        let own = fixture.get(&document.id).cloned().unwrap_or(fixture);
        Lowered { lowering: serde_json::from_value(own).unwrap(), findings: Vec::new() }
    };
    compile_with(sources, lock, fixture)
}

/// Compiles a project whose instances `lower` lowers.
pub(crate) fn compile_with(
    sources: &ProjectSources,
    lock: &Lock,
    lower: impl Fn(&InstanceDocument) -> Lowered,
) -> Result<(Organization, Compiled, Findings), Findings> {
    let (organization, mut findings) = resolve(sources)?;
    let kind = |runtime: &String| KindDescriptor {
        id: runtime.clone(),
        title: runtime.clone(),
        accepts: vec![INSTANCE_VERSION.into()],
        options_schema: None,
        grouping: if matches!(runtime.as_str(), "grouped" | "daimon") { "shared" } else { "per-agent" }.into(),
    };
    let kinds = organization.agents.iter().map(|agent| (agent.runtime.clone(), kind(&agent.runtime))).collect();
    let mut lowered = Vec::new();
    for document in instances(&organization, &kinds, &[])? {
        let digest = Digest::of(b"component").to_string();
        let by = LoweredBy { plugin: format!("spawnfile/runtime-{}", document.runtime), version: "0.1.0".into(), digest };
        let lowering = lower(&document);
        let (instance, said) = admit(document, lowering, by)?;
        findings.extend(said);
        lowered.push(instance);
    }
    let host =
        HostPaths { root_manifest: HostPath::new(format!("{CANARY}/Spawnfile")), output_dir: HostPath::new(format!("{CANARY}/.spawn")) };
    let input = CompileInput {
        organization: &organization,
        sources,
        instances: lowered,
        lock,
        platform: Platform::LinuxAmd64,
        init: INIT,
        generated_at_unix: TIME,
        host,
    };
    let (compiled, said) = assemble(input)?;
    findings.extend(said);
    Ok((organization, compiled, findings))
}

/// Returns one line per entry of an archive: type, mode, owner, time, size, path.
pub(crate) fn listing(archive: &[u8]) -> String {
    let mut archive = tar::Archive::new(archive);
    let mut lines = String::new();
    for entry in archive.entries().unwrap() {
        let entry = entry.unwrap();
        let header = entry.header();
        let kind = if header.entry_type().is_dir() { 'd' } else { '-' };
        let (uid, gid) = (header.uid().unwrap(), header.gid().unwrap());
        let path = entry.path().unwrap().to_str().unwrap().to_owned();
        let (mode, time, size) = (header.mode().unwrap(), header.mtime().unwrap(), entry.size());
        lines.push_str(&format!("{kind} {mode:04o} {uid}:{gid} {time} {size} {path}\n"));
    }
    lines
}

/// Lowers an instance as a kind would that places every doc and skill, and writes secrets of MCP servers into its
/// configuration. The kinds of the corpus have the paths and ports that their plugins give them.
pub(crate) fn place(document: &InstanceDocument) -> Lowered {
    let root = &document.root;
    let (home, config, workspace, port, token) = match document.runtime.as_str() {
        "openclaw" => (
            format!("{root}/home"),
            format!("{root}/home/.openclaw/openclaw.json"),
            format!("{root}/home/.openclaw/workspace"),
            18789 + 20 * document.index,
            Some("OPENCLAW_GATEWAY_TOKEN"),
        ),
        "picoclaw" => {
            let home = format!("{root}/picoclaw");
            (home.clone(), format!("{home}/config.json"), format!("{home}/workspace"), 18990 + document.index, None)
        }
        "grouped" => (format!("{root}/home"), format!("{root}/config.json"), format!("{root}/workspace"), 9000, None),
        _ => (format!("{root}/home"), format!("{root}/config.json"), format!("{root}/workspace"), 7000 + document.index, None),
    };
    let base = if document.runtime == "based" { "node:24-bookworm-slim" } else { "scratch" };
    let mut files = vec![json!({ "path": config, "mode": 0o600, "content": { "Text": "{}\n" } })];
    let (mut patches, mut auth, mut capabilities) = (Vec::new(), Vec::new(), Vec::new());
    for agent in &document.agents {
        let folder = if matches!(document.runtime.as_str(), "grouped" | "daimon") {
            format!("{workspace}/agents/{}", agent.slug)
        } else {
            workspace.clone()
        };
        let mut file = |path: String, source: &str| files.push(json!({ "path": path, "mode": 0o644, "content": { "Source": source } }));
        for doc in &agent.docs {
            let name = if doc.role == "system" { "AGENTS.md".to_owned() } else { format!("{}.md", doc.role) };
            file(format!("{folder}/{name}"), &doc.source);
        }
        for skill in &agent.skills {
            for part in &skill.files {
                file(format!("{folder}/skills/{}/{}", skill.name, part.path), &part.source);
            }
        }
        for server in agent.mcp_servers.iter().filter(|server| server.auth.is_some()) {
            let secret = &server.auth.as_ref().unwrap().secret;
            let pointer = format!("/{}/{}", agent.slug, server.name);
            patches.push(json!({ "file": config, "pointer": pointer, "from": secret, "transform": "none" }));
        }
        for target in agent.model.iter().flat_map(|model| std::iter::once(&model.primary).chain(&model.fallback)) {
            if !matches!(target.auth_method.as_str(), "api_key" | "none") {
                let holes = json!([[0, format!("{}/access", target.provider), "raw"]]);
                let content = json!({ "Template": { "text": "", "holes": holes } });
                let file = json!({ "path": format!("{root}/login-{}", agent.slug), "mode": 0o600, "content": content });
                let place =
                    json!({ "provider": target.provider, "method": target.auth_method, "files": [file], "env": [], "writable": [] });
                auth.push(place);
            }
        }
        let docs = agent.docs.iter().map(|doc| format!("docs.{}", doc.role));
        let skills = agent.skills.iter().map(|skill| format!("skills.{}", skill.name));
        let servers = agent.mcp_servers.iter().map(|server| format!("mcp.{}", server.name));
        let model = agent.model.iter().map(|_| "execution.model".to_owned());
        let subagents = (!agent.subagents.is_empty()).then(|| "agent.subagents".to_owned());
        let keys = docs.chain(skills).chain(servers).chain(model).chain(["execution.sandbox".to_owned()]).chain(subagents);
        capabilities.extend(keys.map(|key| json!({ "node": agent.id, "key": key, "outcome": "supported", "message": "" })));
    }
    let lowering = json!({
        "paths": { "config": config, "home": home, "workspace": workspace },
        "files": files,
        "process": { "argv": ["/run"], "workdir": workspace, "env": [], "stop_signal": "SIGTERM", "stop_grace_ms": 10000 },
        "ports": [{ "name": "main", "number": port, "public": false }],
        "env": token.iter().map(|name| json!({ "name": name, "description": "A token", "required": true, "generated": true })).collect::<Vec<_>>(),
        "json_patches": patches, "derived_env": [], "probes": [], "auth": auth,
        "install": { "base_image": base, "runtime_image": format!("example/{}:1", document.runtime),
            "runtime_path": document.runtime_root, "run": [], "packages": [] },
        "mounts": [], "capabilities": capabilities, "linux_capabilities": [],
    });
    Lowered { lowering: serde_json::from_value(lowering).unwrap(), findings: Vec::new() }
}
