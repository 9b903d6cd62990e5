//! Teams: two agents in one container from a reference, and the organizations of the corpus through the real kinds.

use std::path::{Path, PathBuf};

use serde_json::Value;

use crate::support::engine::{Cleanup, Image};
use crate::support::project::EchoAgent;
use crate::support::{User, echo, engine, registry, root, sh, unique};

#[test]
fn a_team_runs_from_its_reference_in_one_container() {
    echo::runtime_image();
    let name = unique("team");
    let reference = format!("{}/demo/{name}:1.0.0", registry::open());
    let _image = Image(reference.clone());
    let _down = Cleanup(name.clone());

    let creator = User::with_echo();
    write_team(&creator, &name);
    creator.run(["validate", "org"]).expect(0).says("nodes: 3").says("runtimes: echo");
    let tree = format!(
        "team {name}  mode=hierarchical lead=asker external=asker\n├── asker: agent asker [echo] runtime=echo\n└── teller: agent teller [echo] runtime=echo\n"
    );
    creator.run(["view", "org"]).expect(0).says(&tree);
    let published = creator.run(["publish", "org", "--tag", &reference]).expect(0);
    let pinned = published.stdout.trim().to_owned();

    sh("docker", ["rmi", "-f", &reference]);
    let consumer = User::new();
    let status = consumer.run(["status", &pinned, "--pull", "--json"]).expect(0).json();
    assert_eq!(status["agents"].as_array().unwrap().len(), 2, "{status:#}");
    assert_eq!(status["requiredSecrets"], serde_json::json!(["SHARED_KEY"]));

    let env = consumer.write("env", "SHARED_KEY=value-of-the-shared-key\n");
    consumer.run(["up", &reference, "--env-file", env.to_str().unwrap(), "--deployment", &name]).expect(0);
    let live = consumer.run(["status", "--deployment", &name, "--live", "--json"]).expect(0).json();
    let all = live.to_string();
    let healthy =
        observations(&live).filter(|o| o["key"].as_str().is_some_and(|key| key.starts_with("runtime.health"))).collect::<Vec<_>>();
    assert_eq!(healthy.len(), 2, "{live:#}");
    assert!(healthy.iter().all(|observation| observation["severity"] == "ok"), "{live:#}");
    assert!(all.contains("agent-asker") && all.contains("agent-teller"), "{live:#}");

    // One container, and each agent knows the other.
    let containers = engine::containers(&name);
    assert_eq!(containers.len(), 1, "{containers:?}");
    let copied = consumer.path().join("roster.yaml");
    let path = "/var/lib/spawnfile/instances/echo/agent-teller/workspace/.spawnfile/roster.yaml";
    sh("docker", ["cp", &format!("{}:{path}", containers[0]), copied.to_str().unwrap()]);
    let roster = std::fs::read_to_string(copied).unwrap();
    assert!(roster.contains("lead: asker\nmembers:\n  asker:\n"), "{roster}");
}

fn write_team(user: &User, name: &str) {
    for agent in ["asker", "teller"] {
        let agent = EchoAgent::plain(agent);
        agent.write(user, &format!("org/{}", agent.name));
    }
    user.write("org/TEAM.md", "# Team\n\nOne asks, one tells.\n");
    let text = format!(
        "spawnfile_version: \"0.1\"\nkind: team\nname: {name}\nmode: hierarchical\nlead: asker\nshared:\n  workspace:\n    docs:\n      \
         system: TEAM.md\n  environment:\n    secrets:\n      - {{name: SHARED_KEY, required: true}}\nmembers:\n  - {{id: asker, ref: \
         ./asker}}\n  - {{id: teller, ref: ./teller}}\n"
    );
    user.write("org/Spawnfile", text);
}

#[test]
fn two_runtime_kinds_run_in_one_container() {
    echo::runtime_image();
    let name = unique("kinds");
    let tag = format!("spawnfile-test/{name}:1");
    let _image = Image(tag.clone());
    let _down = Cleanup(name.clone());

    let creator = User::with_echo();
    write_team(&creator, &name);
    let member = "spawnfile_version: \"0.1\"\nkind: agent\nname: asker\nruntime: openclaw\nworkspace:\n  docs: {system: AGENTS.md}\n";
    creator.write("org/asker/Spawnfile", member);
    let stands_for = |variable: &str, name: &str, otherwise: &str| {
        format!("{name}={}", std::env::var(variable).unwrap_or_else(|_| otherwise.to_owned()))
    };
    let base = stands_for("SPAWNFILE_TEST_BASE_NODE", "node:24-bookworm-slim", "spawnfile-lookalike/node:24-bookworm-slim");
    let runtime = stands_for(
        "SPAWNFILE_TEST_RUNTIME_OPENCLAW",
        "noopolis/spawnfile-runtime-openclaw:2026.6.11",
        "spawnfile-lookalike/runtime-openclaw:2026.6.11",
    );
    creator.run(["lock", "org", "--use", &base, "--use", &runtime]).expect(0);
    creator.run(["build", "org", "--tag", &tag]).expect(0);
    let env = creator.write("env", "SHARED_KEY=value-of-the-shared-key\n");
    creator.run(["up", &tag, "--env-file", env.to_str().unwrap(), "--deployment", &name, "--network", "none"]).expect(0);
    let live = creator.run(["status", "--deployment", &name, "--live", "--json"]).expect(0).json();
    let healthy = observations(&live).filter(|o| o["key"].as_str().is_some_and(|key| key.starts_with("runtime.health")));
    assert_eq!(healthy.filter(|observation| observation["severity"] == "ok").count(), 2, "{live:#}");
    assert_eq!(engine::containers(&name).len(), 1);
}

/// Returns every object with a key and a severity, wherever it stands.
fn observations(value: &Value) -> Box<dyn Iterator<Item = &Value> + '_> {
    match value {
        Value::Object(entries) if entries.contains_key("key") && entries.contains_key("severity") => Box::new(std::iter::once(value)),
        Value::Object(entries) => Box::new(entries.values().flat_map(observations)),
        Value::Array(items) => Box::new(items.iter().flat_map(observations)),
        _ => Box::new(std::iter::empty()),
    }
}

#[test]
fn the_organizations_of_the_corpus_come_out_equal() {
    let corpus = root().join("../shared/corpus");
    if !corpus.is_dir() {
        eprintln!("skipped: the corpus is not there");
        return;
    }
    let creator = User::new();
    for (project, fingerprint) in
        [("multi-runtime-team", "sf1:872f413b3d5d"), ("docker-auth-team", "sf1:d93796bd155f"), ("agent-with-subagents", "sf1:3dddbf9cec02")]
    {
        let source = corpus.join("projects").join(project);
        let expected = corpus.join("expected").join(project);
        let out = creator.path().join(project);
        let compiled = creator.run(["compile", source.to_str().unwrap(), "--out", out.to_str().unwrap(), "--json"]).expect(0).json();
        assert_eq!(compiled["compile_fingerprint"], fingerprint, "{project}");

        let report = |folder: &Path| {
            let mut report = json(&folder.join("distribution-report.json"));
            report.as_object_mut().unwrap().remove("generated_at").unwrap();
            report
        };
        assert_eq!(report(&out), report(&expected), "{project}");
        let names = |folder: &Path| {
            let text = std::fs::read_to_string(folder.join(".env.example")).unwrap();
            text.lines().filter(|line| line.ends_with('=')).map(str::to_owned).collect::<Vec<_>>()
        };
        assert_eq!(names(&out), names(&expected), "{project}");
        let view = std::fs::read_to_string(expected.join("view.txt")).unwrap().replace("No Moltnet networks.\n", "");
        assert_eq!(creator.run(["view", source.to_str().unwrap()]).expect(0).stdout.trim_end(), view.trim_end());

        let mut compared = 0;
        for path in files(&expected.join("container")) {
            let ours = out.join(path.strip_prefix(&expected).unwrap());
            if path.extension().is_some_and(|extension| extension == "json") {
                assert_eq!(json(&ours), json(&path), "{}", ours.display());
            } else {
                let text = |path: &Path| std::fs::read_to_string(path).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
                assert_eq!(text(&ours), text(&path), "{}", ours.display());
            }
            compared += 1;
        }
        assert!(compared >= 3, "{project}: {compared}");
        let agents = files(&out.join("container"));
        let agents = agents.iter().filter(|path| path.ends_with("AGENTS.md")).map(|path| std::fs::read_to_string(path).unwrap());
        for text in agents {
            assert_eq!(text.contains("spawnfile-team-context:start"), project != "agent-with-subagents", "{text}");
        }
    }
}

fn json(path: &Path) -> Value {
    let text = std::fs::read(path).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
    serde_json::from_slice(&text).unwrap()
}

fn files(folder: &Path) -> Vec<PathBuf> {
    let mut found = Vec::new();
    let mut pending = vec![folder.to_owned()];
    while let Some(folder) = pending.pop() {
        for entry in std::fs::read_dir(&folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() { pending.push(path) } else { found.push(path) }
        }
    }
    found
}
