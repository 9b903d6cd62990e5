//! What a manifest may say, and what is said about one that may not.

use super::*;

const HEAD: &str = "spawnfile_version: \"0.1\"\nkind: agent\nname: a\n";

fn agent(rest: &str) -> AgentManifest {
    let (manifest, findings) = parse("Spawnfile", format!("{HEAD}{rest}").as_bytes()).unwrap();
    assert!(findings.is_empty(), "{findings:?}");
    let Body::Agent(agent) = manifest.body;
    *agent
}

/// Returns `line:column code message` of every finding of a manifest after [`HEAD`], which has three lines.
fn problems(rest: &str) -> Vec<String> {
    let findings = match parse("Spawnfile", format!("{HEAD}{rest}").as_bytes()) {
        Ok((_, findings)) | Err(findings) => findings,
    };
    let shown = |f: Finding| {
        assert_eq!(f.file.as_deref(), Some("Spawnfile"));
        let at = f.position.unwrap();
        format!("{}:{} {} {}", at.line, at.column, f.code, f.message)
    };
    findings.sorted().into_iter().map(shown).collect()
}

#[test]
fn all_problems_are_found_at_once() {
    assert_eq!(
        problems("runtme: x\nexpose: yes\nworkspace:\n  docs:\n    system: /etc/passwd\n    soul: SOUL.txt\npolicy: {mode: warm}\n"),
        [
            "4:1 manifest.unknown-key unknown key `runtme`",
            "5:9 manifest.type `expose` must be a boolean, but is a text",
            "8:13 manifest.path `workspace.docs.system` is no path of the project: it is absolute; paths are relative to the manifest's folder",
            "9:11 manifest.path `workspace.docs.soul` must be a Markdown file (.md or .markdown)",
            "10:9 manifest.missing `policy.on_degrade` is missing",
            "10:16 manifest.value `policy.mode` is `warm`, but must be one of: permissive, strict, warn",
        ]
    );
}

#[test]
fn hints_name_what_was_meant() {
    let findings = parse("Spawnfile", format!("{HEAD}runtme: x\n").as_bytes()).unwrap_err();
    assert_eq!(findings.iter().next().unwrap().hint.as_deref(), Some("did you mean `runtime`?"));
}

#[test]
fn what_is_not_lowered_yet_is_refused_by_name() {
    for (text, key) in [
        ("subagents: [{id: x, ref: ./x}]", "subagents"),
        ("schedule: {kind: disabled}", "schedule"),
        ("surfaces: {discord: {}}", "surfaces"),
        ("memory: [{id: m}]", "memory"),
        ("workspace: {resources: [{id: r}]}", "workspace.resources"),
        ("environment: {packages: [{id: p}]}", "environment.packages"),
        ("environment: {env: {A: b}}", "environment.env"),
    ] {
        let found = problems(text);
        assert_eq!(found.len(), 1, "{text}: {found:?}");
        assert!(found[0].contains("manifest.not-yet") && found[0].contains(&format!("`{key}`")), "{found:?}");
    }
    assert!(problems("subagents: []\nmemory: []\nenvironment: {env: {}}").is_empty());
    let team = parse("Spawnfile", b"spawnfile_version: \"0.1\"\nkind: team\nname: t\nmembers: []\nmode: swarm\nruntime: x").unwrap_err();
    let codes: Vec<String> = team.sorted().into_iter().map(|f| f.code).collect();
    assert_eq!(codes, ["manifest.not-yet", "manifest.unknown-key"]);
}

#[test]
fn the_version_must_be_a_text() {
    for bad in ["0.1", "\"0.2\"", "[]"] {
        let text = format!("spawnfile_version: {bad}\nkind: agent\nname: a\n");
        assert_eq!(parse("Spawnfile", text.as_bytes()).unwrap_err().iter().next().unwrap().code, "manifest.version", "{bad}");
    }
}

#[test]
fn effective_auth_methods_follow_the_rules() {
    let methods = |model: &str| -> Vec<(String, Option<String>)> {
        let model = agent(&format!("execution: {{model: {model}}}")).model.unwrap();
        std::iter::once(model.primary).chain(model.fallback).map(|t| (t.auth_method, t.auth_key)).collect()
    };
    let key = |name: &str| ("api_key".to_owned(), Some(name.to_owned()));
    let other = |method: &str| (method.to_owned(), None);
    let local = "{provider: local, name: m, endpoint: {base_url: http://u, compatibility: openai}}";
    assert_eq!(methods("{primary: {provider: anthropic, name: m}}"), [key("ANTHROPIC_API_KEY")]);
    assert_eq!(methods("{primary: {provider: my-own.ai, name: m}}"), [key("MY_OWN_AI_API_KEY")]);
    assert_eq!(methods("{primary: {provider: p, name: m, auth: {method: api_key, key: K}}}"), [key("K")]);
    assert_eq!(methods("{primary: {provider: p, name: m, auth: {method: some-cli}}}"), [other("some-cli")]);
    assert_eq!(methods("{auth: {method: some-cli}, primary: {provider: p, name: m}}"), [other("some-cli")]);
    assert_eq!(methods(&format!("{{primary: {local}}}")), [other("none")]);
    let both = format!("{{auth: {{methods: {{p: x, local: none}}}}, primary: {{provider: p, name: m}}, fallback: [{local}]}}");
    assert_eq!(methods(&both), [other("x"), other("none")]);
}

#[test]
fn auth_that_cannot_be_meant_is_refused() {
    for (model, part) in [
        ("{primary: {provider: custom, name: m, endpoint: {base_url: http://u, compatibility: openai}}}", "has no default"),
        ("{primary: {provider: local, name: m}}", "needs it"),
        ("{primary: {provider: p, name: m, endpoint: {base_url: http://u, compatibility: openai}}}", "only allowed with provider"),
        ("{primary: {provider: p, name: m, auth: {method: x, key: K}}}", "only allowed with method"),
        ("{primary: {provider: p, name: m, auth: {method: Claude}}}", "import method"),
        ("{primary: {provider: p, name: m, auth: {}}}", "`execution.model.primary.auth.method` is missing"),
        ("{primary: {provider: p, name: m, auth: {method: api_key, key: LD_PRELOAD}}}", "reserved"),
        ("{primary: {provider: 9p, name: m}}", "no usable name"),
        (
            "{primary: {provider: local, name: m, auth: {method: api_key}, endpoint: {base_url: http://u, compatibility: openai}}}",
            "no default name",
        ),
        ("{primary: {provider: p, name: m}, fallback: [{provider: p, name: n, auth: {method: none}}]}", "two auth methods"),
        ("{auth: {method: x, methods: {p: x}}, primary: {provider: p, name: m}}", "exactly one"),
        ("{auth: {}, primary: {provider: p, name: m}}", "exactly one"),
        ("{auth: {methods: {q: x}}, primary: {provider: p, name: m}}", "no method for provider `p`"),
        ("{fallback: []}", "`execution.model.primary` is missing"),
    ] {
        let found = problems(&format!("execution: {{model: {model}}}"));
        assert!(found.iter().any(|p| p.contains(part)), "{model}: {found:?}");
    }
}

#[test]
fn environment_rules() {
    for (environment, part) in [
        ("{secrets: [{name: A, required: true}, {name: A, required: false}]}", "declared twice"),
        ("{secrets: [{name: A-B, required: true}]}", "name of an environment variable"),
        ("{secrets: [{name: A}]}", "`environment.secrets[0].required` is missing"),
        ("{secrets: [{name: SPAWNFILE_X, required: true}]}", "reserved"),
        ("{secrets: [{name: LD_PRELOAD, required: true}]}", "reserved"),
        ("{mcp_servers: [{name: s, transport: stdio}]}", "command` is missing"),
        ("{mcp_servers: [{name: s, transport: sse}]}", "url` is missing"),
        ("{mcp_servers: [{name: s, transport: http, url: u}]}", "must be one of"),
        ("{mcp_servers: [{name: mneme-x, transport: sse, url: u}]}", "must not start with"),
        ("{mcp_servers: [{name: s, transport: sse, url: u}, {name: s, transport: sse, url: u}]}", "declared twice"),
        ("{mcp_servers: [{name: s, transport: stdio, command: c, auth: {secret: K, mode: bearer}}]}", "transport stdio"),
        ("{mcp_servers: [{name: s, transport: stdio, command: c, url: u}]}", "has no effect"),
    ] {
        let found = problems(&format!("environment: {environment}"));
        assert!(found.iter().any(|p| p.contains(part)), "{environment}: {found:?}");
    }
}

#[test]
fn docs_and_skills_are_located_and_listed() {
    let text =
        "workspace:\n  docs: {system: ./A.md, heartbeat: docs/H.MD, extras: {notes: ../N.markdown}}\n  skills: [{ref: ./skills/s/}]\n";
    let (manifest, _) = parse("Spawnfile", format!("{HEAD}{text}").as_bytes()).unwrap();
    let wanted: Vec<(String, String)> = manifest
        .wanted()
        .into_iter()
        .map(|wanted| match wanted {
            crate::project::Wanted::File { path, key, .. } | crate::project::Wanted::Folder { path, key, .. } => (key, path),
        })
        .collect();
    let expected = [
        ("workspace.docs.heartbeat", "docs/H.MD"),
        ("workspace.docs.system", "A.md"),
        ("workspace.docs.extras.notes", "../N.markdown"),
        ("workspace.skills[0].ref", "skills/s"),
    ];
    assert_eq!(wanted, expected.map(|(k, p)| (k.to_owned(), p.to_owned())));
    for (workspace, part) in [
        ("{docs: {extras: {../x: A.md}}}", "one part of a path"),
        ("{docs: {system: A.txt}}", "Markdown"),
        ("{docs: {system: 'a\\b.md'}}", "backslash"),
        ("{skills: [{ref: ..}]}", "folder of its own"),
        ("{skills: [{ref: s, requires: {mcp: [m]}}]}", "not declared"),
    ] {
        let found = problems(&format!("workspace: {workspace}"));
        assert!(found.iter().any(|p| p.contains(part)), "{workspace}: {found:?}");
    }
}

#[test]
fn runtime_options_are_kept_as_they_are() {
    let runtime = agent("runtime: {name: k, options: {b: [1, 2.5, ~], a: {x: yes}}}").runtime.unwrap();
    assert_eq!(runtime.name.value, "k");
    assert_eq!(serde_json::Value::from(runtime.options), serde_json::json!({"a": {"x": "yes"}, "b": [1, 2.5, null]}));
    assert!(problems("runtime: ../x").iter().any(|p| p.contains("runtime kind")));
}
