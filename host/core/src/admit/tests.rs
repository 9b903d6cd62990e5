//! One lowering that is admitted, and everything that makes it refused.

use serde_json::json;

use super::*;
use crate::lowering::*;

const ROOT: &str = "/var/lib/spawnfile/instances/k/agent-a";

fn document() -> InstanceDocument {
    serde_json::from_value(json!({
        "version": "spawnfile.instance.v1", "id": "agent-a", "runtime": "k", "root": ROOT,
        "runtime_root": "/opt/spawnfile/runtime-installs/k", "index": 0,
        "agents": [{
            "id": "agent:a", "slug": "a", "name": "a", "description": "", "expose": false, "options": {},
            "docs": [{ "role": "system", "source": "doc:agent:a:system", "bytes": 1 }],
            "skills": [{ "name": "s", "description": "d", "requires_mcp": [],
                         "files": [{ "path": "SKILL.md", "source": "skill:agent:a:s:SKILL.md", "bytes": 1 }] }],
            "model": { "primary": { "provider": "p", "name": "m", "auth_method": "some-cli" }, "fallback": [] },
            "sandbox": "workspace",
            "mcp_servers": [{ "name": "web", "transport": "sse", "url": "u", "auth": { "secret": "WEB_KEY" } }],
            "secrets": [{ "name": "SECRET", "required": true }]
        }]
    }))
    .unwrap()
}

fn at(path: &str) -> String {
    format!("{ROOT}/{path}")
}

fn text(path: &str, text: &str) -> LoweredFile {
    LoweredFile { path: at(path), mode: 0o644, content: LoweredContent::Text(text.into()) }
}

fn source(path: &str, id: &str) -> LoweredFile {
    LoweredFile { path: at(path), mode: 0o644, content: LoweredContent::Source(id.into()) }
}

fn secret_file(name: &str, encoding: &str) -> LoweredFile {
    let template = LoweredTemplate { text: String::new(), holes: vec![(0, name.into(), encoding.into())] };
    LoweredFile { path: at("home/secret"), mode: 0o600, content: LoweredContent::Template(template) }
}

fn outcome(key: &str, outcome: &str) -> CapabilityOutcome {
    CapabilityOutcome { node: "agent:a".into(), key: key.into(), outcome: outcome.into(), message: String::new() }
}

fn literal(name: &str) -> LoweredEnv {
    LoweredEnv { name: name.into(), value: LoweredEnvValue::Literal("x".into()) }
}

fn probe(action: ProbeAction) -> LoweredProbe {
    let (id, observation, phase) = ("health".into(), "runtime.health".into(), "ready".into());
    LoweredProbe { id, observation, phase, action, timeout_ms: 1, interval_ms: 1, attempts: 1 }
}

fn lowering() -> Lowering {
    Lowering {
        paths: InstancePaths { config: at("home/c.json"), home: Some(at("home")), workspace: at("home/w") },
        files: vec![
            text("home/c.json", "{}"),
            source("home/w/A.md", "doc:agent:a:system"),
            source("home/w/s/SKILL.md", "skill:agent:a:s:SKILL.md"),
        ],
        process: LoweredProcess {
            argv: vec!["run".into()],
            workdir: at("home/w"),
            env: vec![literal("HOME"), LoweredEnv { name: "X".into(), value: LoweredEnvValue::Secret("SECRET".into()) }],
            stop_signal: "SIGTERM".into(),
            stop_grace_ms: 10_000,
        },
        ports: vec![LoweredPort { name: "http".into(), number: 80, public: true }],
        env: vec![EnvNeed { name: "TOKEN".into(), description: "d".into(), required: true, generated: true }],
        json_patches: vec![LoweredPatch {
            file: at("home/c.json"),
            pointer: "/a/b".into(),
            from: "WEB_KEY".into(),
            transform: "bearer".into(),
        }],
        derived_env: vec![LoweredDerived { name: "HOOK".into(), template: "h-{TOKEN}".into(), unless_set: true }],
        probes: vec![probe(ProbeAction::HttpGet("http".into(), "/healthz".into()))],
        auth: vec![LoweredAuth {
            provider: "p".into(),
            method: "some-cli".into(),
            files: vec![LoweredFile {
                path: at("home/auth.json"),
                mode: 0o600,
                content: LoweredContent::Template(LoweredTemplate {
                    text: "é{}".into(),
                    holes: vec![(3, "p/access".into(), "json-string".into())],
                }),
            }],
            env: Vec::new(),
            writable: vec![at("home/auth.json")],
        }],
        install: Install {
            base_image: "b:1".into(),
            runtime_image: Some("r:1".into()),
            runtime_path: Some("/opt/spawnfile/runtime-installs/k".into()),
            run: vec!["true".into()],
            packages: vec![("apt".into(), "git".into())],
        },
        mounts: vec![("data".into(), at("home/data"))],
        capabilities: ["docs.system", "skills.s", "mcp.web", "execution.model", "execution.sandbox"]
            .map(|key| outcome(key, "supported"))
            .into(),
        linux_capabilities: vec!["NET_BIND_SERVICE".into()],
    }
}

fn admitted(lowering: Lowering) -> Result<(LoweredInstance, Findings), Findings> {
    let by = LoweredBy { plugin: "o/k".into(), version: "0.1.0".into(), digest: "d".into() };
    admit(document(), Lowered { lowering, findings: Vec::new() }, by)
}

/// Asserts that a change of the good lowering is refused with a message that has `part`.
fn refused(part: &str, change: impl FnOnce(&mut Lowering)) {
    let mut changed = lowering();
    change(&mut changed);
    let messages: Vec<String> = match admitted(changed) {
        Ok(_) => Vec::new(),
        Err(findings) => findings.into_iter().map(|finding| finding.message).collect(),
    };
    assert!(messages.iter().any(|message| message.contains(part)), "`{part}` is not in {messages:?}");
    assert!(messages.iter().all(|message| message.starts_with("plugin o/k@0.1.0, instance `agent-a`: ")), "{messages:?}");
}

#[test]
fn the_good_one_is_admitted() {
    let (instance, findings) = admitted(lowering()).unwrap();
    assert!(findings.is_empty());
    assert_eq!(instance.lowering(), &lowering());
}

#[test]
fn what_the_kind_refuses_is_refused() {
    let by = LoweredBy { plugin: "o/k".into(), version: "0.1.0".into(), digest: "d".into() };
    let said = vec![Finding::error("agent.model.unsupported", "no such\n\u{1b}model")];
    let findings = admit(document(), Lowered { lowering: lowering(), findings: said }, by).unwrap_err();
    assert_eq!(findings.into_iter().next().unwrap().message, "o/k: no such\\n\\u{1b}model");
}

#[test]
fn paths_stay_below_the_root_and_apart() {
    for bad in ["/etc/passwd", "relative", "", &format!("{ROOT}/../x"), &format!("{ROOT}//x"), ROOT, &format!("{ROOT}x/y"), &at("a\nb")] {
        refused("file `", |l| l.files[1].path = bad.to_owned());
        refused("auth place", |l| l.auth[0].files[0].path = bad.to_owned());
        refused("mount", |l| l.mounts[0].1 = bad.to_owned());
        refused("workspace", |l| l.paths.workspace = bad.to_owned());
        refused("probe", |l| l.probes[0].action = ProbeAction::DirExists(bad.to_owned()));
    }
    refused("given twice", |l| l.files.push(text("home/c.json", "")));
    refused("given twice", |l| l.files.push(text("home/auth.json", "")));
    refused("needs a folder", |l| l.files.push(text("home/w", "")));
    refused("needs a folder", |l| l.files.push(text("home/c.json/x", "")));
    refused("needs a folder", |l| l.files.push(text("home/data", "")));
    refused("has mode", |l| l.files[0].mode = 0o4755);
    refused("has mode", |l| l.files[0].mode = 0o044);
    refused("is none of the files", |l| l.paths.config = at("other"));
    refused("white space", |l| l.paths.home = Some(at("a b")));
    refused("id or path", |l| l.mounts[0].0 = "../x".into());
    refused("working folder", |l| l.process.workdir = "/tmp".into());
}

#[test]
fn sources_and_templates_stand_where_they_may() {
    refused("none of the instance's", |l| l.files.push(source("x", "doc:agent:b:system")));
    let template = || LoweredTemplate { text: "éa".into(), holes: Vec::new() };
    refused("has holes", |l| l.files[0].content = LoweredContent::Template(template()));
    refused("has holes", |l| l.files.push(secret_file("SECRET", "json-string")));
    refused("which nothing declares", |l| l.files.push(secret_file("OTHER", "raw")));
    let mut with_secret = lowering();
    with_secret.files.push(secret_file("SECRET", "raw"));
    assert!(admitted(with_secret).is_ok());
    refused("only auth places", |l| l.process.env[0].value = LoweredEnvValue::Slot("p/access".into()));
    refused("is a source", |l| l.auth[0].files[0].content = LoweredContent::Source("doc:agent:a:system".into()));
    for (at, slot, encoding) in [(1, "p/a", "raw"), (9, "p/a", "raw"), (0, "pa", "raw"), (0, "p/a/b", "raw"), (0, "p/a", "base64")] {
        refused("has a hole", |l| {
            let holes = vec![(at, slot.to_owned(), encoding.to_owned())];
            l.auth[0].files[0].content = LoweredContent::Template(LoweredTemplate { holes, ..template() });
        });
    }
}

#[test]
fn names_ports_and_probes_are_known_and_usable() {
    for bad in ["SPAWNFILE_X", "LD_PRELOAD", "A-B", ""] {
        refused("no usable name", |l| l.env[0].name = bad.to_owned());
        refused("no usable name", |l| l.process.env[0].name = bad.to_owned());
        refused("no usable name", |l| l.derived_env[0].name = bad.to_owned());
        refused("no usable name", |l| l.auth[0].env.push(literal(bad)));
    }
    refused("nothing declares", |l| l.json_patches[0].from = "OTHER".into());
    refused("nothing declares", |l| l.derived_env[0].template = "{OTHER}".into());
    refused("nothing declares", |l| l.process.env[1].value = LoweredEnvValue::Secret("OTHER".into()));
    refused("is also a secret", |l| l.process.env[0].name = "SECRET".into());
    refused("set twice", |l| l.process.env[0].name = "X".into());
    refused("does not write", |l| l.json_patches[0].file = at("other.json"));
    refused("no JSON", |l| l.files[0].content = LoweredContent::Text("{".into()));
    refused("malformed pointer", |l| l.json_patches[0].pointer = "a".into());
    refused("malformed pointer", |l| l.json_patches[0].transform = "shout".into());
    refused("the number 0", |l| l.ports[0].number = 0);
    refused("the number 80", |l| l.ports.push(LoweredPort { name: "two".into(), number: 80, public: false }));
    refused("does not have", |l| l.probes[0].action = ProbeAction::HttpGet("other".into(), "/".into()));
    refused("no path", |l| l.probes[0].action = ProbeAction::HttpGet("http".into(), "/ HTTP/1.1\r\nX: y".into()));
    refused("out of bounds", |l| l.probes[0].attempts = 0);
    refused("phase", |l| l.probes[0].phase = "later".into());
    refused("two probes", |l| l.probes.push(probe(ProbeAction::Exec(vec!["x".into()]))));
    refused("no program", |l| l.probes[0].action = ProbeAction::Exec(Vec::new()));
    refused("no program", |l| l.process.argv.clear());
    refused("stop signal", |l| l.process.stop_signal = "SIGSTOP".into());
}

#[test]
fn auth_places_are_for_what_is_imported() {
    refused("nothing that an agent imports", |l| l.auth[0].method = "other".into());
    refused("no place for what `p` imports by `some-cli`", |l| l.auth.clear());
    refused("given twice", |l| l.auth.push(l.auth[0].clone()));
    refused("none of its files", |l| l.auth[0].writable.push(at("home/c.json")));
}

#[test]
fn install_recipes_cannot_say_more_than_a_recipe() {
    refused("no image reference", |l| l.install.base_image = "b:1\nUSER root".into());
    refused("no image reference", |l| l.install.runtime_image = Some("../x".into()));
    refused("given together", |l| l.install.runtime_path = None);
    for bad in ["/etc", "/opt/spawnfile/runtime-installs", "/opt/spawnfile/runtime-installs/*", "/opt/spawnfile/runtime-installs/$A"] {
        refused("no plain path below", |l| l.install.runtime_path = Some(bad.to_owned()));
    }
    refused("no single line", |l| l.install.run[0] = "true\nUSER root".into());
    for bad in ["-o x", "git;id", "$(id)", "--config"] {
        refused("cannot be installed", |l| l.install.packages[0].1 = bad.to_owned());
    }
    refused("it is scratch", |l| l.install.base_image = "scratch".into());
    refused("Linux capability `SYS_ADMIN`", |l| l.linux_capabilities.push("SYS_ADMIN".into()));
}

#[test]
fn nothing_declared_is_dropped() {
    refused("(docs.system)", |l| drop(l.files.remove(1)));
    refused("(skills.s)", |l| drop(l.files.remove(2)));
    for key in ["mcp.web", "execution.model", "execution.sandbox"] {
        refused(key, |l| l.capabilities.retain(|capability| capability.key != key));
    }
    refused("reported twice", |l| l.capabilities.push(outcome("mcp.web", "degraded")));
    refused("no agent of the instance", |l| l.capabilities[0].node = "agent:b".into());
    refused("has outcome", |l| l.capabilities[0].outcome = "great".into());
    refused("has outcome", |l| l.capabilities[0].message = "two\nlines".into());
    let mut reported = lowering();
    drop(reported.files.remove(1));
    reported.capabilities[0] = outcome("docs.system", "unsupported");
    assert!(admitted(reported).is_ok());
}

#[test]
fn sizes_are_bounded_before_anything_is_walked() {
    refused("probes, at most", |l| l.probes = vec![l.probes[0].clone(); 300]);
    refused("files, at most", |l| l.files = vec![l.files[0].clone(); 9000]);
    refused("is larger than", |l| l.files[0].content = LoweredContent::Text("x".repeat((4 << 20) + 1)));
    refused("too many", |l| l.capabilities = vec![l.capabilities[0].clone(); 5000]);
}
