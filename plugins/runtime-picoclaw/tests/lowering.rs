//! Instances lowered natively and compared with golden files; `UPDATE=1` rewrites those.
//!
//! Where a folder `shared/corpus` stands beside the repository, the agents of its projects are lowered too and compared
//! with what the other tool of this format emits for them: configurations, files, ports, paths, outcomes.

#![expect(clippy::unwrap_used, reason = "helpers of tests")]

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use runtime_picoclaw::Picoclaw;
use serde_json::{Value, json};
use spawnfile_plugin::document::instance::{Doc, Endpoint, McpAuth, McpServer, Model, ModelTarget, Secret, Skill, SkillFile};
use spawnfile_plugin::runtime_kind::{Lowering, RuntimeKind as _, check_and_lower};
use spawnfile_plugin::{Content, Diagnostic, EnvValue, Instance};

fn target(provider: &str, name: &str, auth_method: &str, auth_key: Option<&str>) -> ModelTarget {
    let [provider, name, auth_method] = [provider, name, auth_method].map(str::to_owned);
    ModelTarget { provider, name, auth_method, auth_key: auth_key.map(str::to_owned), endpoint: None }
}

fn endpoint(provider: &str, compatibility: &str, method: &str, key: Option<&str>) -> ModelTarget {
    let endpoint = Endpoint { base_url: "http://10.0.0.5:8000/v1".to_owned(), compatibility: compatibility.to_owned() };
    ModelTarget { endpoint: Some(endpoint), ..target(provider, "coder-7b", method, key) }
}

fn with_model(slug: &str, primary: ModelTarget) -> Instance {
    let mut instance = Instance::sample("picoclaw", slug);
    instance.agents[0].model = Some(Model { primary, fallback: Vec::new() });
    instance
}

fn doc(role: &str) -> Doc {
    Doc { role: role.to_owned(), source: format!("sha256:doc-{role}"), bytes: 10 }
}

fn skill() -> Skill {
    let file = |path: &str| SkillFile { path: path.to_owned(), source: format!("sha256:skill-{path}"), bytes: 10 };
    Skill {
        name: "web_search".to_owned(),
        description: "Looks things up".to_owned(),
        requires_mcp: vec!["web_search".to_owned()],
        files: vec![file("SKILL.md"), file("scripts/query.sh")],
    }
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

/// A member of corpus project multi-runtime-team, at its position among the agents of the kind.
fn searcher(slug: &str, index: u32) -> Instance {
    let mut instance = with_model(slug, target("anthropic", "claude-sonnet-4-5", "claude-code", None));
    instance.index = index;
    let agent = &mut instance.agents[0];
    agent.docs = ["soul", "system"].map(doc).to_vec();
    agent.skills = vec![skill()];
    agent.mcp_servers = vec![search_server()];
    agent.secrets = vec![Secret { name: "SEARCH_API_KEY".to_owned(), required: true }];
    instance
}

/// The member of corpus project docker-auth-team.
fn keyed() -> Instance {
    let mut instance = with_model("picoclaw", target("openai", "gpt-5", "api_key", Some("OPENAI_API_KEY")));
    instance.agents[0].docs = vec![doc("system")];
    instance
}

/// An agent with everything that needs a variant of its own: endpoints of both protocols, sign-ins of both command
/// lines, a shared key, a local and a bearer MCP server, no sandbox, extra docs.
fn tinkerer() -> Instance {
    let mut instance = with_model("tinkerer", endpoint("custom", "anthropic", "api_key", Some("LAB_KEY")));
    instance.index = 2;
    let agent = &mut instance.agents[0];
    agent.sandbox = "unrestricted".to_owned();
    agent.docs = ["heartbeat", "identity", "memory", "extras.glossary"].map(doc).to_vec();
    agent.model.as_mut().unwrap().fallback = vec![
        ModelTarget { name: "coder-1b".to_owned(), ..endpoint("local", "openai", "none", None) },
        ModelTarget { name: "coder-3b".to_owned(), ..endpoint("custom", "openai", "api_key", Some("LAB_KEY")) },
        target("openai", "gpt-5.4", "codex", None),
        target("anthropic", "claude-opus-4.6", "claude-code", None),
        target("anthropic", "claude-sonnet-4.6", "claude-code", None),
        target("groq", "llama-4", "api_key", Some("GROQ_API_KEY")),
    ];
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
    agent.secrets = vec![Secret { name: "FILES_KEY".to_owned(), required: false }];
    instance
}

fn lower(instance: &Instance) -> Lowering {
    check_and_lower::<Picoclaw>(instance).unwrap().0
}

fn codes(instance: &Instance) -> Vec<String> {
    let found = check_and_lower::<Picoclaw>(instance).unwrap_err();
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
        "packages": lowering.install.packages.iter().map(|pair| json!([pair.key, pair.value])).collect::<Vec<_>>(),
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
    for (name, instance) in [("searcher", searcher("writer", 1)), ("keyed", keyed()), ("tinkerer", tinkerer())] {
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
fn corpus_agents_come_out_as_the_other_tool_makes_them() {
    let corpus: PathBuf = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../../shared/corpus/expected");
    if !corpus.is_dir() {
        eprintln!("skipped: there is no shared/corpus beside this repository");
        return;
    }
    let read = |path: PathBuf| std::fs::read(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
    let mut compared = 0;
    for (project, instance) in
        [("multi-runtime-team", searcher("researcher", 0)), ("multi-runtime-team", searcher("writer", 1)), ("docker-auth-team", keyed())]
    {
        let lowering = lower(&instance);
        let project = corpus.join(project);
        let theirs: Value =
            serde_json::from_slice(&read(project.join("container/rootfs").join(lowering.paths.config.trim_start_matches('/')))).unwrap();
        assert_eq!(config(&lowering), theirs, "{}", instance.id);

        let report: Value = serde_json::from_slice(&read(project.join("spawnfile-report.json"))).unwrap();
        let theirs =
            report["container"]["runtime_instances"].as_array().unwrap().iter().find(|entry| entry["id"] == instance.id.as_str()).unwrap();
        let ours = json!([lowering.paths.config, lowering.paths.home, lowering.paths.workspace, lowering.ports[0].number]);
        assert_eq!(ours, json!([theirs["config_path"], theirs["home_path"], theirs["workspace_path"], theirs["internal_port"]]));

        let node = report["nodes"].as_array().unwrap().iter().find(|node| node["id"] == instance.agents[0].id.as_str()).unwrap();
        let outcome = |c: &spawnfile_plugin::runtime_kind::Capability| json!({ "key": c.key, "message": c.message, "outcome": c.outcome });
        let ours: Vec<Value> = lowering.capabilities.iter().map(outcome).collect();
        assert_eq!(json!(ours), node["capabilities"], "{}", instance.id);
        compared += 1;
    }
    assert_eq!(compared, 3);
}

#[test]
fn each_model_is_an_entry_and_a_fallback_is_named_in_order() {
    let lowering = lower(&tinkerer());
    let config = config(&lowering);
    let defaults = &config["agents"]["defaults"];
    assert_eq!(defaults["model_name"], "coder-7b");
    assert_eq!(defaults["model_fallbacks"], json!(["coder-1b", "coder-3b", "gpt-5.4", "claude-opus-4.6", "claude-sonnet-4.6", "llama-4"]));
    let models: Vec<&str> = config["model_list"].as_array().unwrap().iter().map(|model| model["model"].as_str().unwrap()).collect();
    let expected = [
        "anthropic-messages/coder-7b",
        "openai/coder-1b",
        "openai/coder-3b",
        "codex-cli/gpt-5.4",
        "claude-cli/claude-opus-4-6",
        "claude-cli/claude-sonnet-4-6",
        "groq/llama-4",
    ];
    assert_eq!(models, expected);
    assert_eq!(config["model_list"][3]["workspace"], lowering.paths.workspace.as_str());
}

#[test]
fn keys_are_files_that_the_configuration_names() {
    let lowering = lower(&tinkerer());
    let home = lowering.paths.home.clone().unwrap();
    let secrets: Vec<(&str, &str)> = lowering
        .files
        .iter()
        .filter_map(|file| match &file.content {
            Content::Template(template) => Some((file.path.as_str(), template.holes[0].name.as_str())),
            _ => None,
        })
        .collect();
    let [groq, lab] = ["GROQ_API_KEY", "LAB_KEY"].map(|key| format!("{home}/secrets/{key}"));
    assert_eq!(secrets, [(groq.as_str(), "GROQ_API_KEY"), (lab.as_str(), "LAB_KEY")]);
    for model in config(&lowering)["model_list"].as_array().unwrap() {
        let Some(key) = model.get("api_key") else { continue };
        let path = key.as_str().unwrap().strip_prefix("file://").unwrap();
        assert!(secrets.iter().any(|(file, _)| *file == format!("{home}/{path}")), "{key}");
    }
    assert!(lowering.process.env.iter().all(|variable| !matches!(&variable.value, EnvValue::Secret(name) if name == "LAB_KEY")));
}

#[test]
fn sign_ins_get_a_place_and_a_command_line_each_once() {
    let of = |instance: &Instance| {
        let lowering = lower(instance);
        let places: Vec<(String, String)> = lowering.auth.iter().map(|place| (place.provider.clone(), place.method.clone())).collect();
        let npm: Vec<String> = lowering.install.packages.iter().filter(|pair| pair.key == "npm").map(|pair| pair.value.clone()).collect();
        (places, npm)
    };
    assert_eq!(of(&keyed()), (Vec::new(), Vec::new()));
    let (places, npm) = of(&tinkerer());
    assert_eq!(places, [("openai", "codex"), ("anthropic", "claude-code")].map(|(p, m)| (p.to_owned(), m.to_owned())));
    assert_eq!(npm.len(), 2);
    assert!(npm.iter().all(|package| package.rsplit_once('@').is_some_and(|(_, version)| version.split('.').count() == 3)), "{npm:?}");
}

#[test]
fn an_agent_without_model_and_docs_still_starts() {
    let lowering = lower(&Instance::sample("picoclaw", "bare"));
    let config = config(&lowering);
    assert_eq!(config["model_list"], json!([]));
    assert!(config.get("tools").is_none() && config["agents"]["defaults"].get("model_name").is_none());
    assert_eq!(lowering.capabilities.iter().map(|c| c.key.as_str()).collect::<Vec<_>>(), ["execution.sandbox"]);
}

#[test]
fn sandbox_outcomes_say_what_the_program_does() {
    let outcome = |sandbox: &str, option: Option<bool>| {
        let mut instance = Instance::sample("picoclaw", "a");
        instance.agents[0].sandbox = sandbox.to_owned();
        if let Some(option) = option {
            instance.agents[0].options.insert("restrict_to_workspace".to_owned(), option.into());
        }
        let lowering = lower(&instance);
        let restricted = config(&lowering)["agents"]["defaults"]["restrict_to_workspace"].as_bool().unwrap();
        (restricted, lowering.capabilities[0].outcome.clone())
    };
    for (sandbox, option, restricted, expected) in [
        ("workspace", None, true, "supported"),
        ("workspace", Some(true), true, "supported"),
        ("workspace", Some(false), false, "degraded"),
        ("unrestricted", None, false, "supported"),
        ("unrestricted", Some(true), true, "degraded"),
        ("sandboxed", None, true, "degraded"),
        ("sandboxed", Some(false), false, "unsupported"),
    ] {
        assert_eq!(outcome(sandbox, option), (restricted, expected.to_owned()), "{sandbox} {option:?}");
    }
}

#[test]
fn models_without_a_place_are_refused() {
    for (target, code) in [
        (target("anthropic", "m", "codex", None), "picoclaw.model.auth-method"),
        (target("openai", "m", "claude-code", None), "picoclaw.model.auth-method"),
        (target("anthropic", "m", "none", None), "picoclaw.model.auth-method"),
        (target("groq", "m", "codex", None), "picoclaw.model.auth-method"),
        (target("groq", "m", "api_key", None), "picoclaw.model.auth-key"),
        (target("groq", "m", "api_key", Some("../K")), "picoclaw.model.auth-key"),
        (target("custom", "m", "api_key", Some("K")), "picoclaw.model.endpoint"),
        (endpoint("anthropic", "openai", "api_key", Some("K")), "picoclaw.model.endpoint"),
        (endpoint("custom", "anthropic", "none", None), "picoclaw.model.auth-method"),
        (endpoint("local", "openai", "claude-code", None), "picoclaw.model.auth-method"),
        (endpoint("custom", "grpc", "none", None), "picoclaw.model.compatibility"),
    ] {
        assert_eq!(codes(&with_model("a", target.clone())), [code], "{target:?}");
    }
    let mut instance = keyed();
    instance.agents[0].model.as_mut().unwrap().fallback = vec![target("groq", "gpt-5", "none", None)];
    assert_eq!(codes(&instance), ["picoclaw.model.duplicate"]);
}

#[test]
fn what_the_sdk_checks_is_checked() {
    let mut instance = searcher("a", 0);
    let agent = &mut instance.agents[0];
    agent.docs.push(doc("extras.../x"));
    agent.skills[0].name = "..".to_owned();
    agent.mcp_servers[0].url = None;
    assert_eq!(codes(&instance), ["agent.docs.role", "agent.skills.name", "agent.mcp.url"]);
}

#[test]
fn options_are_known_or_refused() {
    let found = |options: Value| {
        let mut instance = Instance::sample("picoclaw", "a");
        instance.agents[0].options = options.as_object().unwrap().clone();
        Picoclaw::check(&instance).into_iter().map(|d| (d.code, d.pointer.unwrap())).collect::<Vec<_>>()
    };
    assert_eq!(found(json!({ "restrict_to_workspace": false })), []);
    let at = |code: &str, pointer: &str| (code.to_owned(), pointer.to_owned());
    assert_eq!(found(json!({ "restrict_to_workspace": "no" })), [at("picoclaw.option.type", "/agents/0/options/restrict_to_workspace")]);
    assert_eq!(found(json!({ "a/b": 1 })), [at("picoclaw.option.unknown", "/agents/0/options/a~1b")]);
}

#[test]
fn instances_that_cannot_be_are_refused() {
    let mut instance = keyed();
    instance.agents.push(instance.agents[0].clone());
    assert_eq!(codes(&instance), ["runtime-kind.agents"]);
    for index in [50_000, u32::MAX] {
        let mut instance = keyed();
        instance.index = index;
        instance.root = "relative".to_owned();
        assert_eq!(codes(&instance), ["runtime-kind.path", "runtime-kind.port"]);
    }
}
