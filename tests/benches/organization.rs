//! What is measured on: the example, an image of the echo kind, and a large report.

use serde_json::{Value, json};
use spawnfile_core::report;

use crate::support::engine::{Cleanup, Image};
use crate::support::project::EchoAgent;
use crate::support::{User, echo, root, sh, unique};

const BASE: &str = "node:24-bookworm-slim";
const RUNTIME: &str = "noopolis/spawnfile-runtime-openclaw:2026.6.11";

/// A creator with the example in `analyst`, its images locked to what set-up made.
pub(crate) fn analyst() -> User {
    let creator = User::new();
    sh("cp", ["-r", root().join("examples/analyst").to_str().unwrap(), creator.path().join("analyst").to_str().unwrap()]);
    lock(&creator, "analyst");
    creator
}

/// A creator with a team of openclaw agents in `team`: each has docs, a skill, a secret and a model of its own.
pub(crate) fn team(agents: u16) -> User {
    let creator = User::new();
    let mut text = String::from(
        "spawnfile_version: \"0.1\"\nkind: team\nname: team\nmode: hierarchical\nlead: m0\nshared:\n  workspace:\n    docs: {system: TEAM.md}\n    \
         skills: [{ref: search}]\nmembers:\n",
    );
    for n in 0..agents {
        creator.write(&format!("team/m{n}.md"), format!("# m{n}\n\nYou are member {n}. Say what you found and where.\n"));
        text.push_str(&format!(
            "  - id: m{n}\n    runtime: openclaw\n    execution: {{model: {{primary: {{provider: anthropic, name: claude-sonnet-4-5}}}}}}\n    \
             workspace: {{docs: {{system: m{n}.md}}}}\n    environment: {{secrets: [{{name: KEY_{n}, required: false}}]}}\n",
        ));
    }
    creator.write("team/Spawnfile", text);
    creator.write("team/TEAM.md", "# Team\n\nThe lead asks, the others look.\n");
    creator.write("team/search/SKILL.md", "---\nname: search\ndescription: looks things up\n---\n\nAsk, read, compare.\n");
    lock(&creator, "team");
    creator
}

fn lock(creator: &User, project: &str) {
    let local = |variable: &str, otherwise: &str| std::env::var(variable).unwrap_or_else(|_| otherwise.to_owned());
    let base = local("SPAWNFILE_TEST_BASE_NODE", "spawnfile-lookalike/node:24-bookworm-slim");
    let runtime = local("SPAWNFILE_TEST_RUNTIME_OPENCLAW", "spawnfile-lookalike/runtime-openclaw:2026.6.11");
    creator.run(["lock", project, "--use", &format!("{BASE}={base}"), "--use", &format!("{RUNTIME}={runtime}")]).expect(0);
}

/// An image in the Engine, taken away at the end together with what ran of it.
#[derive(Debug)]
pub(crate) struct EchoImage {
    pub(crate) name: String,
    pub(crate) tag: String,
    _containers: Cleanup,
    _image: Image,
}

/// Builds an image of the echo kind that needs no secret.
pub(crate) fn echo_image() -> EchoImage {
    echo::runtime_image();
    let creator = User::with_echo();
    let name = unique("bench");
    EchoAgent::plain(&name).write(&creator, "org");
    let tag = format!("spawnfile-test/{name}:1");
    creator.run(["build", "org", "--tag", &tag]).expect(0);
    EchoImage { _containers: Cleanup(name.clone()), _image: Image(tag.clone()), name, tag }
}

/// A report of 51 kB.
pub(crate) fn large_report() -> Vec<u8> {
    let mut document = of_agents(70);
    let parsed = report::parse(document.to_string().as_bytes()).expect("the report is valid");
    document["compile_fingerprint"] = Value::from(report::fingerprint(&parsed));
    serde_json::to_vec_pretty(&document).unwrap()
}

fn of_agents(count: u16) -> Value {
    let ids: Vec<String> = (0..count).map(|n| format!("analyst-{n:03}")).collect();
    let agents: Vec<Value> =
        ids.iter().map(|id| json!({ "id": format!("agent:{id}"), "name": id, "runtime": "echo", "teams": ["team:analysts"] })).collect();
    let instances: Vec<Value> = (7700..)
        .zip(&ids)
        .map(|(port, id): (u16, _)| {
            let folder = format!("/var/lib/spawnfile/instances/echo/agent-{id}");
            json!({
                "config_path": format!("{folder}/echo.json"), "home_path": null, "id": format!("agent-{id}"), "internal_port": port,
                "model_auth_methods": { "anthropic": "api_key" }, "model_secrets_required": ["ANTHROPIC_API_KEY"],
                "node_ids": [format!("agent:{id}")], "published_port": null, "runtime": "echo", "workspace_path": format!("{folder}/workspace"),
            })
        })
        .collect();
    json!({
        "compile_fingerprint": "sf1:000000000000",
        "generated_at": "2026-11-20T21:48:50.000Z",
        "internal_ports": (7700..7700 + count).collect::<Vec<_>>(),
        "model_auth_methods": { "anthropic": "api_key" },
        "moltnet": { "networks": [] },
        "organization": {
            "agents": agents,
            "project": "analysts",
            "teams": [{ "agents": ids.iter().map(|id| format!("agent:{id}")).collect::<Vec<_>>(), "id": "team:analysts", "name": "analysts" }],
        },
        "persistent_mounts": [],
        "port_mappings": [],
        "ports": [],
        "resources": [],
        "runtime_instances": instances,
        "secrets": {
            "model": [{ "generated": false, "name": "ANTHROPIC_API_KEY", "required": true }], "project": [], "runtime": [], "surface": [],
        },
        "version": report::REPORT_VERSION,
    })
}
