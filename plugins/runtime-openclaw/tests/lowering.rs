//! Instances lowered natively and compared with golden files; `UPDATE=1` rewrites those.
//!
//! Where a folder `shared/corpus` stands beside the repository, the configurations are also compared with what the
//! other tool of this format emits for the same agents.

#![expect(clippy::unwrap_used, reason = "helpers of tests")]

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use runtime_openclaw::Openclaw;
use serde_json::{Value, json};
use spawnfile_plugin::document::instance::{Doc, Endpoint, McpAuth, McpServer, Model, ModelTarget, Secret, Skill, SkillFile};
use spawnfile_plugin::runtime_kind::{Lowering, RuntimeKind as _, check_and_lower};
use spawnfile_plugin::{Content, Diagnostic, EnvValue, Instance, Severity};

fn target(provider: &str, name: &str, auth_method: &str, auth_key: Option<&str>) -> ModelTarget {
    ModelTarget {
        provider: provider.to_owned(),
        name: name.to_owned(),
        auth_method: auth_method.to_owned(),
        auth_key: auth_key.map(str::to_owned),
        endpoint: None,
    }
}

fn with_model(slug: &str, primary: ModelTarget) -> Instance {
    let mut instance = Instance::sample("openclaw", slug);
    instance.agents[0].model = Some(Model { primary, fallback: Vec::new() });
    instance
}

fn doc(role: &str) -> Doc {
    Doc { role: role.to_owned(), source: format!("sha256:doc-{role}"), bytes: 10 }
}

fn search_server() -> McpServer {
    McpServer {
        name: "web_search".to_owned(),
        transport: "streamable_http".to_owned(),
        url: Some("https://search.mcp.example.com/mcp".to_owned()),
        command: None,
        args: Vec::new(),
        env: BTreeMap::new(),
        auth: Some(McpAuth { secret: "SEARCH_API_KEY".to_owned(), mode: None }),
    }
}

fn secret(name: &str, required: bool) -> Secret {
    Secret { name: name.to_owned(), required }
}

/// An agent with docs, a skill of two files, an MCP server and an API key.
fn analyst() -> Instance {
    let mut instance = with_model("analyst", target("anthropic", "claude-sonnet-4-5", "api_key", Some("ANTHROPIC_API_KEY")));
    let agent = &mut instance.agents[0];
    agent.docs = ["heartbeat", "identity", "memory", "soul", "system", "extras.glossary"].map(doc).to_vec();
    let file = |path: &str| SkillFile { path: path.to_owned(), source: format!("sha256:skill-{path}"), bytes: 10 };
    agent.skills = vec![Skill {
        name: "web_search".to_owned(),
        description: "Looks things up".to_owned(),
        requires_mcp: vec!["web_search".to_owned()],
        files: vec![file("SKILL.md"), file("scripts/query.sh")],
    }];
    agent.mcp_servers = vec![search_server()];
    agent.secrets = vec![secret("SEARCH_API_KEY", true), secret("OPTIONAL_NOTE", false)];
    instance
}

/// An agent signed in by claude-code, with the same MCP server.
fn orchestrator() -> Instance {
    let mut instance = with_model("orchestrator", target("anthropic", "claude-sonnet-4-5", "claude-code", None));
    instance.agents[0].docs = vec![doc("system")];
    instance.agents[0].mcp_servers = vec![search_server()];
    instance.agents[0].secrets = vec![secret("SEARCH_API_KEY", true)];
    instance
}

/// An agent signed in by codex.
fn openclaw() -> Instance {
    let mut instance = with_model("openclaw", target("openai", "gpt-5", "codex", None));
    instance.agents[0].docs = vec![doc("system")];
    instance
}

/// An agent with everything that needs a variant of its own: an endpoint, a local and a bearer MCP server, a second
/// instance's port, a fallback model.
fn tinkerer() -> Instance {
    let mut primary = target("custom", "coder-7b", "api_key", Some("LAB_KEY"));
    primary.endpoint = Some(Endpoint { base_url: "http://10.0.0.5:8000/v1".to_owned(), compatibility: "openai".to_owned() });
    let mut instance = with_model("tinkerer", primary);
    instance.index = 2;
    let agent = &mut instance.agents[0];
    agent.model.as_mut().unwrap().fallback = vec![target("groq", "llama-4", "api_key", Some("GROQ_API_KEY"))];
    let bearer = McpServer {
        name: "a/b~c".to_owned(),
        transport: "sse".to_owned(),
        auth: Some(McpAuth { secret: "TICKETS".to_owned(), mode: Some("bearer".to_owned()) }),
        ..search_server()
    };
    let local = McpServer {
        name: "files".to_owned(),
        transport: "stdio".to_owned(),
        url: None,
        command: Some("mcp-files".to_owned()),
        args: vec!["--root".to_owned(), "/data".to_owned()],
        env: BTreeMap::from([("LANG".to_owned(), "C".to_owned())]),
        auth: Some(McpAuth { secret: "FILES_KEY".to_owned(), mode: None }),
    };
    agent.mcp_servers = vec![bearer, local];
    agent.secrets = vec![secret("FILES_KEY", false)];
    instance
}

fn lower(instance: &Instance) -> Lowering {
    check_and_lower::<Openclaw>(instance).unwrap().0
}

fn codes(instance: &Instance) -> Vec<String> {
    let found = check_and_lower::<Openclaw>(instance).unwrap_err();
    assert!(found.iter().all(|diagnostic| diagnostic.pointer.as_ref().is_some_and(|pointer| pointer.starts_with('/'))), "{found:?}");
    found.into_iter().map(|Diagnostic { code, .. }| code).collect()
}

fn config(lowering: &Lowering) -> Value {
    let file = lowering.files.iter().find(|file| file.path == lowering.paths.config).unwrap();
    assert_eq!(file.mode, 0o600);
    let Content::Text(text) = &file.content else { panic!("the configuration is no text") };
    serde_json::from_str(text).unwrap()
}

/// A lowering as JSON that people can review; the configuration as its text.
fn readable(lowering: &Lowering) -> Value {
    let env = |variable: &spawnfile_plugin::EnvVar| match &variable.value {
        EnvValue::Literal(value) => json!([variable.name, "literal", value]),
        EnvValue::Secret(name) => json!([variable.name, "secret", name]),
        other => panic!("no place for {other:?} here"),
    };
    let file = |file: &spawnfile_plugin::File| {
        let content = match &file.content {
            Content::Text(text) => json!({ "text": text.lines().collect::<Vec<_>>() }),
            Content::Source(id) => json!({ "source": id }),
            Content::Template(template) => {
                let holes: Vec<_> = template.holes.iter().map(|hole| json!([hole.at, hole.name, format!("{:?}", hole.encoding)])).collect();
                json!({ "template": template.text, "holes": holes })
            }
        };
        json!({ "path": file.path, "mode": format!("{:04o}", file.mode), "content": content })
    };
    json!({
        "argv": lowering.process.argv,
        "auth": lowering.auth.iter().map(|place| json!({
            "provider": place.provider, "method": place.method, "files": place.files.iter().map(file).collect::<Vec<_>>(), "writable": place.writable,
        })).collect::<Vec<_>>(),
        "capabilities": lowering.capabilities.iter().map(|c| json!([c.node, c.key, c.outcome, c.message])).collect::<Vec<_>>(),
        "env": lowering.process.env.iter().map(env).collect::<Vec<_>>(),
        "files": lowering.files.iter().map(file).collect::<Vec<_>>(),
        "install": [Some(&lowering.install.base_image), lowering.install.runtime_image.as_ref(), lowering.install.runtime_path.as_ref()],
        "needs": lowering.env.iter().map(|need| json!([need.name, need.required, need.generated])).collect::<Vec<_>>(),
        "patches": lowering.json_patches.iter().map(|p| json!([p.file, p.pointer, p.env, p.transform])).collect::<Vec<_>>(),
        "paths": [Some(&lowering.paths.config), lowering.paths.home.as_ref(), Some(&lowering.paths.workspace)],
        "ports": lowering.ports.iter().map(|p| json!([p.name, p.number, p.public])).collect::<Vec<_>>(),
        "probes": lowering.probes.iter().map(|p| json!([p.id, p.observation, p.phase, format!("{:?}", p.action), p.timeout_ms, p.interval_ms, p.attempts])).collect::<Vec<_>>(),
        "stop": [json!(lowering.process.stop_signal), json!(lowering.process.stop_grace_ms)],
        "workdir": lowering.process.workdir,
    })
}

#[test]
fn lowerings_are_as_reviewed() {
    for (name, instance) in [("analyst", analyst()), ("orchestrator", orchestrator()), ("openclaw", openclaw()), ("tinkerer", tinkerer())] {
        let lowering = lower(&instance);
        assert_eq!(lowering, lower(&instance), "not deterministic");
        let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/golden").join(format!("{name}.json"));
        let text = format!("{}\n", serde_json::to_string_pretty(&readable(&lowering)).unwrap());
        if std::env::var_os("UPDATE").is_some() {
            std::fs::write(&path, &text).unwrap();
        }
        assert_eq!(std::fs::read_to_string(&path).unwrap(), text, "{}", path.display());
    }
}

#[test]
fn configurations_equal_those_of_the_other_tool() {
    let corpus: PathBuf = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../../shared/corpus/expected");
    if !corpus.is_dir() {
        eprintln!("skipped: there is no shared/corpus beside this repository");
        return;
    }
    for (project, instance) in [("single-agent", analyst()), ("multi-runtime-team", orchestrator()), ("docker-auth-team", openclaw())] {
        let lowering = lower(&instance);
        let path = corpus.join(project).join("container/rootfs").join(lowering.paths.config.trim_start_matches('/'));
        let theirs: Value = serde_json::from_slice(&std::fs::read(&path).unwrap()).unwrap();
        assert_eq!(config(&lowering), theirs, "{project}");
    }
}

#[test]
fn signed_in_models_get_one_place_and_keyed_ones_none() {
    assert!(lower(&analyst()).auth.is_empty());
    for (instance, provider, profile) in
        [(orchestrator(), "anthropic", "anthropic:default"), (openclaw(), "openai", "openai-codex:default")]
    {
        let lowering = lower(&instance);
        assert_eq!(lowering.auth.len(), 1);
        assert_eq!(lowering.auth[0].provider, provider);
        assert!(config(&lowering)["auth"]["profiles"].get(profile).is_some());
    }
}

#[test]
fn a_key_of_another_name_is_given_the_name_that_the_program_reads() {
    let lowering = lower(&with_model("a", target("anthropic", "m", "api_key", Some("TEAM_KEY"))));
    let secret = |variable: &spawnfile_plugin::EnvVar| match &variable.value {
        EnvValue::Secret(secret) => Some((variable.name.clone(), secret.clone())),
        _ => None,
    };
    let secrets: Vec<_> = lowering.process.env.iter().filter_map(secret).collect();
    let expected = [("ANTHROPIC_API_KEY", "TEAM_KEY"), ("OPENCLAW_GATEWAY_TOKEN", "OPENCLAW_GATEWAY_TOKEN"), ("TEAM_KEY", "TEAM_KEY")];
    assert_eq!(secrets, expected.map(|(name, secret)| (name.to_owned(), secret.to_owned())));
}

#[test]
fn an_agent_without_model_and_docs_still_starts() {
    let lowering = lower(&Instance::sample("openclaw", "bare"));
    assert!(config(&lowering)["agents"]["defaults"].get("model").is_none());
    assert!(lowering.files.iter().any(|file| file.path.ends_with("/workspace/.keep")));
    assert_eq!(lowering.capabilities.iter().map(|c| c.key.as_str()).collect::<Vec<_>>(), ["execution.sandbox"]);
}

#[test]
fn foreign_names_cannot_leave_the_workspace() {
    for name in ["../x", "a/b", "..", "", "a\\b"] {
        let mut instance = analyst();
        instance.agents[0].skills[0].name = name.to_owned();
        assert_eq!(codes(&instance), ["agent.skills.name"], "{name:?}");
        let mut instance = analyst();
        instance.agents[0].docs[5].role = format!("extras.{name}");
        assert_eq!(codes(&instance), ["agent.docs.role"], "{name:?}");
    }
    for path in ["../x", "/etc/passwd", "a/../../b", "a//b", "SKILL.md"] {
        let mut instance = analyst();
        instance.agents[0].skills[0].files[1].path = path.to_owned();
        assert_eq!(codes(&instance), ["agent.skills.file"], "{path:?}");
    }
}

#[test]
fn models_without_a_place_are_refused() {
    for (provider, method, key, code) in [
        ("anthropic", "codex", None, "openclaw.model.auth-method"),
        ("openai", "claude-code", None, "openclaw.model.auth-method"),
        ("anthropic", "none", None, "openclaw.model.auth-method"),
        ("groq", "codex", None, "openclaw.model.auth-method"),
        ("groq", "api_key", None, "openclaw.model.auth-key"),
        ("custom", "api_key", Some("K"), "openclaw.model.endpoint"),
    ] {
        assert_eq!(codes(&with_model("a", target(provider, "m", method, key))), [code], "{provider} {method}");
    }
    let mut instance = tinkerer();
    instance.agents[0].model.as_mut().unwrap().primary.endpoint.as_mut().unwrap().compatibility = "grpc".to_owned();
    assert_eq!(codes(&instance), ["openclaw.model.compatibility"]);
    let mut instance = orchestrator();
    instance.agents[0].model.as_mut().unwrap().fallback = vec![target("openai", "gpt-5", "codex", None)];
    assert_eq!(codes(&instance), ["openclaw.model.fallback-auth"]);
}

#[test]
fn servers_and_duplicates_are_refused_together() {
    let mut instance = analyst();
    let agent = &mut instance.agents[0];
    agent.mcp_servers[0].url = None;
    agent.mcp_servers.push(McpServer { transport: "carrier".to_owned(), name: "x".to_owned(), auth: None, ..search_server() });
    agent.mcp_servers.push(McpServer { transport: "stdio".to_owned(), name: "x".to_owned(), auth: None, ..search_server() });
    agent.skills.push(agent.skills[0].clone());
    agent.docs.push(doc("soul"));
    let mut found = codes(&instance);
    found.sort_unstable();
    let expected = [
        "agent.docs.duplicate",
        "agent.mcp.command",
        "agent.mcp.duplicate",
        "agent.mcp.transport",
        "agent.mcp.url",
        "agent.skills.duplicate",
    ];
    assert_eq!(found, expected);
}

#[test]
fn options_are_known_or_refused() {
    let found = |options: Value| {
        let mut instance = Instance::sample("openclaw", "a");
        instance.agents[0].options = options.as_object().unwrap().clone();
        Openclaw::check(&instance).into_iter().map(|d| (d.severity, d.code, d.pointer.unwrap())).collect::<Vec<_>>()
    };
    assert_eq!(found(json!({})), []);
    let at = |severity, code: &str, pointer: &str| (severity, code.to_owned(), pointer.to_owned());
    assert_eq!(found(json!({ "profile": "x" })), [at(Severity::Info, "openclaw.option.no-effect", "/agents/0/options/profile")]);
    assert_eq!(found(json!({ "profile": 1 })), [at(Severity::Error, "openclaw.option.type", "/agents/0/options/profile")]);
    assert_eq!(found(json!({ "a/b": 1 })), [at(Severity::Error, "openclaw.option.unknown", "/agents/0/options/a~1b")]);
    assert_eq!(found(json!({ "moltnet": {} })), [at(Severity::Error, "openclaw.option.unsupported", "/agents/0/options/moltnet")]);
}

#[test]
fn instances_that_cannot_be_are_refused() {
    let mut instance = analyst();
    instance.agents.push(instance.agents[0].clone());
    assert_eq!(codes(&instance), ["runtime-kind.agents"]);
    let mut instance = analyst();
    instance.index = 5000;
    instance.root = "relative".to_owned();
    assert_eq!(codes(&instance), ["runtime-kind.path", "runtime-kind.port"]);
}
