//! The kind as a library: instances in, lowerings out.

use std::collections::BTreeMap;

use runtime_echo::Echo;
use serde_json::{Value, json};
use spawnfile_plugin::document::instance::{Doc, McpAuth, McpServer, Model, ModelTarget, Secret, Skill, SkillFile};
use spawnfile_plugin::runtime_kind::{Lowering, check_and_lower};
use spawnfile_plugin::{Content, Diagnostic, EnvValue, Instance};

fn signed_in(provider: &str, method: &str) -> ModelTarget {
    ModelTarget { provider: provider.into(), name: "m".into(), auth_method: method.into(), auth_key: None, endpoint: None }
}

fn full() -> Instance {
    let mut instance = Instance::sample("echo", "polly");
    instance.index = 1;
    let agent = &mut instance.agents[0];
    agent.docs = vec![Doc { role: "system".into(), source: "sha256:d".into(), bytes: 1 }];
    let files = vec![SkillFile { path: "SKILL.md".into(), source: "sha256:s".into(), bytes: 1 }];
    agent.skills = vec![Skill { name: "talk".into(), description: String::new(), requires_mcp: Vec::new(), files }];
    agent.model = Some(Model { primary: signed_in("acme", "browser"), fallback: vec![signed_in("acme", "browser")] });
    agent.mcp_servers = vec![McpServer {
        name: "a/b".into(),
        transport: "sse".into(),
        url: Some("http://10.0.0.5/mcp".into()),
        command: None,
        args: Vec::new(),
        env: BTreeMap::new(),
        auth: Some(McpAuth { secret: "KEY".into(), mode: Some("bearer".into()) }),
    }];
    agent.secrets = vec![Secret { name: "KEY".into(), required: true }];
    instance
}

fn config(lowering: &Lowering) -> Value {
    let file = lowering.files.iter().find(|file| file.path == lowering.paths.config).unwrap();
    let Content::Text(text) = &file.content else { panic!("the configuration is no text") };
    serde_json::from_str(text).unwrap()
}

fn codes(change: impl FnOnce(&mut Instance)) -> Vec<String> {
    let mut instance = full();
    change(&mut instance);
    check_and_lower::<Echo>(&instance).unwrap_err().into_iter().map(|Diagnostic { code, .. }| code).collect()
}

#[test]
fn everything_of_an_instance_has_a_place() {
    let instance = full();
    let (lowering, found) = check_and_lower::<Echo>(&instance).unwrap();
    assert!(found.is_empty());
    assert_eq!(lowering, check_and_lower::<Echo>(&instance).unwrap().0);
    let root = &instance.root;
    let paths: Vec<_> = lowering.files.iter().map(|file| file.path.strip_prefix(root.as_str()).unwrap()).collect();
    assert_eq!(paths, ["/workspace/docs/system.md", "/workspace/skills/talk/SKILL.md", "/workspace/.keep", "/home/echo.json"]);
    assert_eq!((lowering.ports[0].number, lowering.ports[0].public), (7701, true));
    assert_eq!(lowering.process.argv, ["/opt/spawnfile/runtime-installs/echo/echo", &format!("{root}/home/echo.json")]);
    let secrets: Vec<_> = lowering.process.env.iter().filter(|v| matches!(v.value, EnvValue::Secret(_))).map(|v| v.name.as_str()).collect();
    assert_eq!(secrets, ["ECHO_TOKEN", "KEY"]);
    let patch = &lowering.json_patches[0];
    assert_eq!((patch.pointer.as_str(), patch.env.as_str(), patch.transform.as_str()), ("/mcp/a~1b/secret", "KEY", "bearer"));
    assert_eq!(config(&lowering).pointer(&patch.pointer), Some(&json!("")));
    assert_eq!(lowering.auth.len(), 1);
    assert_eq!(lowering.auth[0].files[0].path, format!("{root}/home/auth-browser.json"));
    let keys: Vec<_> = lowering.capabilities.iter().map(|c| c.key.as_str()).collect();
    assert_eq!(keys, ["docs.system", "skills.talk", "mcp.a/b", "execution.model", "execution.sandbox"]);
}

#[test]
fn options_reach_the_configuration() {
    let mut instance = full();
    let options = json!({ "port": 9000, "start_delay_ms": 50, "exit_after_ms": 10, "exit_code": 7, "ignore_term": true });
    instance.agents[0].options = options.as_object().unwrap().clone();
    let lowering = check_and_lower::<Echo>(&instance).unwrap().0;
    assert_eq!(config(&lowering)["options"], options);
    assert_eq!(lowering.ports[0].number, 9000);
}

#[test]
fn options_that_cannot_be_are_refused() {
    for (options, code) in [
        (json!({ "colour": 1 }), "echo.option.unknown"),
        (json!({ "port": 0 }), "echo.option.value"),
        (json!({ "port": "7700" }), "echo.option.value"),
        (json!({ "start_delay_ms": -1 }), "echo.option.value"),
        (json!({ "exit_code": 256 }), "echo.option.value"),
        (json!({ "ignore_term": 1 }), "echo.option.value"),
    ] {
        assert_eq!(codes(|instance| instance.agents[0].options = options.as_object().unwrap().clone()), [code], "{options}");
    }
    assert_eq!(codes(|instance| instance.index = 60_000), ["echo.port"]);
}

#[test]
fn foreign_names_cannot_leave_the_workspace() {
    assert_eq!(codes(|instance| instance.agents[0].docs[0].role = "../x".into()), ["echo.docs.role"]);
    assert_eq!(codes(|instance| instance.agents[0].skills[0].name = "..".into()), ["echo.skills.name"]);
    assert_eq!(codes(|instance| instance.agents[0].skills[0].files[0].path = "/etc/x".into()), ["echo.skills.name"]);
    assert_eq!(codes(|instance| instance.agents[0].model.as_mut().unwrap().primary.auth_method = "a/b".into()), ["echo.model.auth-method"]);
    assert_eq!(
        codes(|instance| instance.agents[0].model.as_mut().unwrap().fallback[0].provider = "other".into()),
        ["echo.model.auth-method"]
    );
    assert_eq!(codes(|instance| instance.agents.clear()), ["echo.agents"]);
}
