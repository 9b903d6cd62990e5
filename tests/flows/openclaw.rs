//! The real openclaw runtime, started from an image reference. Its base and runtime images are look-alikes made by
//! the project's set-up from Debian and npm packages.

use serde_json::Value;

use crate::support::engine::{Cleanup, Image};
use crate::support::{User, registry, root, sh, unique};

const BASE: &str = "node:24-bookworm-slim";
const RUNTIME: &str = "noopolis/spawnfile-runtime-openclaw:2026.6.11";

/// Returns what stands in for a reference: what set-up made, or what it always makes.
fn local(variable: &str, default: &str) -> String {
    std::env::var(variable).unwrap_or_else(|_| default.to_owned())
}

/// Publishes an example under a reference of the registry of the tests.
fn published(example: &str, name: &str) -> (String, Image) {
    let reference = format!("{}/examples/{name}:1.0.0", registry::open());
    let image = Image(reference.clone());
    let creator = User::new();
    sh("cp", ["-r", root().join("examples").join(example).to_str().unwrap(), creator.path().join(example).to_str().unwrap()]);
    let base = local("SPAWNFILE_TEST_BASE_NODE", "spawnfile-lookalike/node:24-bookworm-slim");
    let runtime = local("SPAWNFILE_TEST_RUNTIME_OPENCLAW", "spawnfile-lookalike/runtime-openclaw:2026.6.11");
    creator.run(["lock", example, "--use", &format!("{BASE}={base}"), "--use", &format!("{RUNTIME}={runtime}")]).expect(0);
    creator.run(["publish", example, "--tag", &reference]).expect(0);
    (reference, image)
}

/// Returns how many observations of that key are well.
fn well(answer: &Value, key: &str) -> usize {
    let observations = answer["observations"].as_array().unwrap();
    observations.iter().filter(|o| o["key"] == key && o["severity"] == "ok").count()
}

#[test]
fn one_agent_runs_on_the_real_runtime_from_its_reference() {
    let name = unique("analyst");
    let (reference, _image) = published("analyst", &name);
    let _down = Cleanup(name.clone());

    let consumer = User::new();
    consumer.run(["up", &reference, "--deployment", &name]).expect(2).says("ANTHROPIC_API_KEY");
    let env = consumer.write("env", "ANTHROPIC_API_KEY=dummy-key-for-a-test\n");
    consumer.run(["up", &reference, "--deployment", &name, "--env-file", env.to_str().unwrap(), "--network", "none"]).expect(0);
    let live = consumer.run(["status", "--deployment", &name, "--live", "--json"]).expect(0).json();
    assert_eq!(well(&live, "runtime.health"), 1, "{live:#}");
    consumer.run(["down", "--deployment", &name, "--volumes"]).expect(0);
}

#[test]
fn a_team_runs_on_the_real_runtime_from_its_reference() {
    let name = unique("cell");
    let (reference, _image) = published("research-cell", &name);
    let _down = Cleanup(name.clone());

    let consumer = User::new();
    let ran = consumer.run(["up", &reference, "--deployment", &name]).expect(2);
    ran.says("ANTHROPIC_API_KEY").says("LIBRARY_TOKEN");
    let env = consumer.write("env", "ANTHROPIC_API_KEY=dummy-key-for-a-test\nLIBRARY_TOKEN=dummy-token-for-a-test\n");
    let up = ["up", &reference, "--deployment", &name, "--env-file", env.to_str().unwrap(), "--network", "none", "--json"];
    let answer = consumer.run(up).expect(0).json();
    let live = consumer.run(["status", "--deployment", &name, "--live", "--json"]).expect(0).json();
    assert_eq!(well(&live, "runtime.health"), 2, "{live:#}");
    assert_eq!(well(&live, "runtime.workspace"), 2, "{live:#}");

    // Both are in one container, and each knows the other.
    let container = answer["units"][0]["container_id"].as_str().unwrap();
    for (agent, other) in [("editor", "reader"), ("reader", "editor")] {
        let home = format!("/var/lib/spawnfile/instances/openclaw/agent-{agent}/home");
        let roster = sh("docker", ["exec", container, "cat", &format!("{home}/.openclaw/workspace/.spawnfile/roster.yaml")]);
        assert!(roster.contains(other), "{agent}: {roster}");
    }
    consumer.run(["down", "--deployment", &name, "--volumes"]).expect(0);
}
