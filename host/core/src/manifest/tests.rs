//! What a manifest may say, and what is said about one that may not.

use super::*;

const TEAM: &str = "spawnfile_version: \"0.1\"\nkind: team\nname: t\n";
const HEAD: &str = "spawnfile_version: \"0.1\"\nkind: agent\nname: a\n";

fn agent(rest: &str) -> AgentManifest {
    let (manifest, findings) = parse("Spawnfile", format!("{HEAD}{rest}").as_bytes()).unwrap();
    assert!(findings.is_empty(), "{findings:?}");
    let Body::Agent(agent) = manifest.body else { panic!("no agent") };
    *agent
}

/// Returns everything that is wrong with a manifest, with the model targets of an agent that inherits nothing.
fn findings_of(text: &str) -> Findings {
    match parse("Spawnfile", text.as_bytes()) {
        Ok((manifest, mut findings)) => {
            if let Body::Agent(agent) = manifest.body {
                agent.execution.targets(&mut findings);
            }
            findings
        }
        Err(findings) => findings,
    }
}

/// Returns `line:column code message` of every finding of a manifest after [`HEAD`], which has three lines.
fn problems(rest: &str) -> Vec<String> {
    let shown = |f: Finding| {
        assert_eq!(f.file.as_deref(), Some("Spawnfile"));
        let at = f.position.unwrap();
        format!("{}:{} {} {}", at.line, at.column, f.code, f.message)
    };
    findings_of(&format!("{HEAD}{rest}")).sorted().into_iter().map(shown).collect()
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
        ("schedule: {kind: disabled}", "schedule"),
        ("surfaces: {discord: {}}", "surfaces"),
        ("memory: [{id: m}]", "memory"),
        ("workspace: {resources: [{id: r, kind: volume, mode: mutable, mount: /data}]}", "workspace.resources[0].mount"),
    ] {
        let found = problems(text);
        assert_eq!(found.len(), 1, "{text}: {found:?}");
        assert!(found[0].contains("manifest.not-yet") && found[0].contains(&format!("`{key}`")), "{found:?}");
    }
    assert!(problems("subagents: []\nmemory: []\nenvironment: {env: {}}").is_empty());
    for (text, key) in [
        ("networks: [{id: n}]", "networks"),
        ("external_participants: [{id: n}]", "external_participants"),
        ("memory: [{id: m}]", "memory"),
    ] {
        let found = findings_of(&format!("{TEAM}members: []\nmode: swarm\n{text}")).sorted();
        assert_eq!(found.len(), 1, "{text}: {found:?}");
        assert!(found[0].code == "manifest.not-yet" && found[0].message.contains(&format!("`{key}`")), "{found:?}");
    }
}

#[test]
fn variables_have_names_that_a_process_may_get_and_are_no_secrets() {
    let agent = agent("environment: {env: {LOG_LEVEL: info, EMPTY: \"\", SPACED: \" a b \"}}");
    let found: Vec<_> = agent.environment.env.iter().map(|variable| (variable.name.as_str(), variable.value.as_str())).collect();
    assert_eq!(found, [("LOG_LEVEL", "info"), ("EMPTY", ""), ("SPACED", " a b ")]);
    assert_eq!(
        problems(
            "environment:\n  secrets: [{name: KEY, required: true}]\n  env:\n    1A: x\n    PATH: /x\n    SPAWNFILE_X: y\n    N: 1\n    KEY: v\n    Z: \"a\\0b\"\n"
        ),
        [
            "7:5 manifest.name keys of `environment.env` must be names of environment variables",
            "8:5 manifest.name `environment.env.PATH` has a name that is reserved",
            "9:5 manifest.name `environment.env.SPAWNFILE_X` has a name that is reserved",
            "10:8 manifest.type `environment.env.N` must be a text, but is a number",
            "11:5 manifest.duplicate `KEY` is declared as a secret, and as a variable that everybody can read in the image",
            "12:8 manifest.value `environment.env.Z` has a value that no process can be given: a NUL byte, or more than 128 KiB",
        ]
    );
}

#[test]
fn packages_are_words_of_their_package_manager() {
    let package = |manager: &str, rest: &str| format!("environment: {{packages: [{{id: p, manager: {manager}, {rest}}}]}}");
    for (manager, rest) in [
        ("apt", "name: g++, version: \"4:12.2.0-3~deb12u1\""),
        ("apt", "name: libstdc++6"),
        ("npm", "name: \"@scope/tool\", version: ^1.2.3, scope: global"),
        ("npm", "name: JSONStream, version: ~1.0.0-rc.1"),
        ("npm", "name: tool, version: latest"),
        ("pipx", "name: ruff, version: 1!0.4.1+local"),
    ] {
        assert_eq!(agent(&package(manager, rest)).environment.packages.len(), 1, "{manager} {rest}");
    }
    for (manager, rest, key) in [
        ("apt", "name: \"a; reboot\"", "name"),
        ("apt", "name: -y", "name"),
        ("apt", "name: a", "name"),
        ("apt", "name: Curl", "name"),
        ("apt", "name: curl=1", "name"),
        ("apt", "name: curl/testing", "name"),
        ("apt", "name: curl, version: \"1 && x\"", "version"),
        ("apt", "name: curl, version: \"$(x)\"", "version"),
        ("npm", "name: \"@scope\"", "name"),
        ("npm", "name: \"@/a\"", "name"),
        ("npm", "name: \"@a/b/c\"", "name"),
        ("npm", "name: ../a", "name"),
        ("npm", "name: \"git+https://example.com/a\"", "name"),
        ("npm", "name: a, version: \">=1 <2\"", "version"),
        ("npm", "name: a, version: \"`x`\"", "version"),
        ("pipx", "name: \"a[b]\"", "name"),
        ("pipx", "name: a-", "name"),
        ("pipx", "name: a, version: \"==1\"", "version"),
        ("pipx", "name: \"a'b\"", "name"),
        ("pipx", "name: \"a\\nb\"", "name"),
    ] {
        let found = problems(&package(manager, rest));
        assert_eq!(found.len(), 1, "{manager} {rest}: {found:?}");
        assert!(found[0].contains(&format!("manifest.value `environment.packages[0].{key}` is none that can be installed")), "{found:?}");
    }
    assert_eq!(
        problems(
            "environment:\n  packages:\n    - {id: a, manager: apt, name: jq, scope: global}\n    - {id: a, manager: apt, name: jq}\n    - {id: b, manager: apt, name: jq, version: \"1\"}\n    - {id: c, manager: pip, name: x}\n"
        ),
        [
            "6:46 manifest.value `environment.packages[0].scope` is only allowed with manager npm",
            "7:12 manifest.duplicate package `a` is declared twice",
            "8:35 manifest.duplicate `jq` of apt is declared in two versions",
            "9:24 manifest.value `environment.packages[3].manager` is `pip`, but must be one of: apt, npm, pipx",
        ]
    );
}

#[test]
fn resources_have_one_form() {
    let text = "workspace:
  resources:
    - {id: lab, kind: volume, mount: \"${workspace}/lab//deep/\", mode: mutable, sharing: team, name: shared lab}
    - {id: code, kind: git, url: \"https://example.com/a.git\", branch: main, mount: ./code, mode: readonly}
    - {id: fixed, kind: git, url: \"git@example.com:a/b.git\", ref: 0a1b2c, mount: ./fixed, mode: mutable}
    - {id: any, kind: git, url: \"file:///srv/a.git\", tag: v1, mount: ./any, mode: mutable, sharing: per_agent}
";
    let found = agent(text).resources;
    let shown: Vec<_> = found.iter().map(|r| (r.id.as_str(), r.mount.as_str(), r.readonly, r.team)).collect();
    assert_eq!(
        shown,
        [
            ("lab", "./lab/deep", false, true),
            ("code", "./code", true, false),
            ("fixed", "./fixed", false, false),
            ("any", "./any", false, false)
        ]
    );
    assert_eq!(found[0].kind, ResourceKind::Volume { name: Some("shared lab".into()) });
    let selector = |at: usize| match &found[at].kind {
        ResourceKind::Git { selector, .. } => selector.clone().unwrap(),
        ResourceKind::Volume { .. } => panic!("a volume"),
    };
    assert_eq!([selector(1), selector(2), selector(3)], ["refs/heads/main", "0a1b2c", "refs/tags/v1"]);
}

#[test]
fn resources_that_cannot_be_prepared_are_refused() {
    for (text, message) in [
        ("kind: volume, mount: ./a/../b", "manifest.path `workspace.resources[0].mount` is no folder below the workspace"),
        ("kind: volume, mount: ./", "manifest.path `workspace.resources[0].mount` is no folder below the workspace"),
        ("kind: volume, mount: lab", "manifest.path `workspace.resources[0].mount` is no folder below the workspace"),
        ("kind: volume, mount: ./a, url: x", "manifest.value `workspace.resources[0].url` is not allowed with kind volume"),
        (
            "kind: git, url: \"https://h/a\", mount: ./a, name: x",
            "manifest.value `workspace.resources[0].name` is not allowed with kind git",
        ),
        ("kind: git, mount: ./a", "manifest.missing `workspace.resources[0].url` is missing"),
        (
            "kind: git, url: \"https://h/a\", mount: ./a, sharing: team",
            "manifest.value `workspace.resources[0].sharing` cannot be team for a git resource: each agent has its own clone",
        ),
        (
            "kind: git, url: \"https://h/a\", mount: ./a, tag: a, ref: b",
            "manifest.value `workspace.resources[0].ref` is one too many: a git resource has a branch, a tag or a ref",
        ),
        (
            "kind: git, url: \"https://h/a\", mount: ./a, branch: --upload-pack=x",
            "manifest.value `workspace.resources[0].branch` is no name that git accepts",
        ),
        (
            "kind: git, url: \"https://user:pass@h/a\", mount: ./a",
            "manifest.value `workspace.resources[0].url` must not hold a login: everybody can read it in the image",
        ),
    ] {
        let found = problems(&format!("workspace: {{resources: [{{id: r, mode: mutable, {text}}}]}}"));
        assert_eq!(found.len(), 1, "{text}: {found:?}");
        assert!(found[0].ends_with(message), "{text}: {found:?}");
    }
    for url in ["ext::sh -c x", "--upload-pack=x", "/srv/a.git", "https://", "ext::x", "a b:c", "fd::17"] {
        let found = problems(&format!("workspace: {{resources: [{{id: r, mode: mutable, kind: git, mount: ./a, url: \"{url}\"}}]}}"));
        assert!(found.len() == 1 && found[0].ends_with("`workspace.resources[0].url` is no address of a repository"), "{url}: {found:?}");
    }
    let two = "workspace:\n  resources:\n    - {id: a, kind: volume, mode: mutable, mount: ./x}\n    - {id: b, kind: volume, mode: mutable, mount: ./x/y}\n    - {id: a, kind: volume, mode: mutable, mount: ./z}\n";
    assert_eq!(
        problems(two),
        [
            "7:51 manifest.duplicate resources `a` and `b` have mounts that are equal or inside each other",
            "8:12 manifest.duplicate resource `a` is declared twice",
        ]
    );
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
        let model = agent(&format!("execution: {{model: {model}}}")).execution.targets(&mut Findings::default()).unwrap();
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
            crate::project::Wanted::Manifest { path, key, .. }
            | crate::project::Wanted::File { path, key, .. }
            | crate::project::Wanted::Folder { path, key, .. } => (key, path),
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

#[test]
fn teams_say_who_leads_and_who_stands_for_them() {
    let team = "members: [{id: a, ref: ./a}, {id: b, workspace: {docs: {system: B.md}}, runtime: k}]\n";
    for (rest, part) in [
        ("mode: swarm\nlead: a", "only allowed with mode hierarchical"),
        ("mode: hierarchical", "`lead` is missing"),
        ("mode: hierarchical\nlead: c", "`lead` names a member that is not declared"),
        ("mode: swarm\nexternal: [a, c]", "`external` names a member that is not declared"),
        ("mode: flock", "must be one of: hierarchical, swarm"),
        ("lead: a", "`mode` is missing"),
        ("mode: swarm\nruntime: k", "unknown key `runtime`"),
    ] {
        let found: Vec<String> = findings_of(&format!("{TEAM}{team}{rest}")).sorted().iter().map(ToString::to_string).collect();
        assert!(found.len() == 1 && found[0].contains(part), "{rest}: {found:?}");
    }
    let (manifest, findings) = parse("t/Spawnfile", format!("{TEAM}{team}mode: hierarchical\nlead: b\nexternal: [a]").as_bytes()).unwrap();
    assert!(findings.is_empty());
    let wanted: Vec<String> = manifest.wanted().iter().map(|wanted| format!("{wanted:?}")).collect();
    assert!(wanted[0].contains("t/a/Spawnfile") && wanted[0].contains("members[0].ref"), "{wanted:?}");
    assert!(wanted[1].contains("t/B.md") && wanted[1].contains("members[1].workspace.docs.system"), "{wanted:?}");
    let Body::Team(team) = manifest.body else { panic!("no team") };
    let MemberBody::Inline(inline) = &team.members[1].body else { panic!("not inline") };
    assert_eq!((inline.source.as_str(), inline.name.value.as_str()), ("t/Spawnfile#member=b", "b"));
}

#[test]
fn members_are_references_or_agents() {
    for (member, part) in [
        ("{ref: ./a}", "`members[0].id` is missing"),
        ("{id: a/b, ref: ./a}", "one part of a path"),
        ("{id: .., ref: ./a}", "one part of a path"),
        ("{id: a, ref: ./a, runtime: k}", "unknown key `runtime` in `members[0]`"),
        ("{id: a, ref: /a}", "it is absolute"),
        ("{id: a, runtime: k}", "`members[0].workspace.docs.system` is missing"),
        ("{id: a b, workspace: {docs: {system: A.md}}}", "white space"),
        ("{id: a, workspace: {docs: {system: A.md}}, subagents: []}", "unknown key `subagents` in `members[0]`"),
        ("{id: a, workspace: {docs: {system: A.md}}, surfaces: {discord: {}}}", "`members[0].surfaces` is not supported"),
        ("{id: a, ref: ./a}, {id: a, ref: ./b}", "member `a` is declared twice"),
    ] {
        let found: Vec<String> =
            findings_of(&format!("{TEAM}mode: swarm\nmembers: [{member}]")).sorted().iter().map(ToString::to_string).collect();
        assert!(found.iter().any(|message| message.contains(part)), "{member}: {found:?}");
    }
    let reference = |written: &str| {
        let text = format!("{TEAM}mode: swarm\nmembers: [{{id: a, ref: {written}}}]");
        parse("org/Spawnfile", text.as_bytes()).map(|(manifest, _)| format!("{:?}", manifest.wanted()[0]))
    };
    for (written, path) in
        [("./x", "org/x/Spawnfile"), ("x/Spawnfile", "org/x/Spawnfile"), ("..", "Spawnfile"), ("../../y", "../y/Spawnfile")]
    {
        assert!(reference(written).unwrap().contains(&format!("path: \"{path}\"")), "{written}");
    }
}
