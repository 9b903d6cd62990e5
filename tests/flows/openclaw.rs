//! The real openclaw runtime, started from an image reference. Its base and runtime images are look-alikes made by
//! the project's set-up from Debian and npm packages.

use crate::support::engine::{Cleanup, Image};
use crate::support::{User, registry, root, sh, unique};

const BASE: &str = "node:24-bookworm-slim";
const RUNTIME: &str = "noopolis/spawnfile-runtime-openclaw:2026.6.11";

/// Returns what stands in for a reference: what set-up made, or what it always makes.
fn local(variable: &str, default: &str) -> String {
    std::env::var(variable).unwrap_or_else(|_| default.to_owned())
}

#[test]
fn the_example_runs_on_the_real_runtime_from_its_reference() {
    let name = unique("analyst");
    let reference = format!("{}/examples/{name}:1.0.0", registry::open());
    let _image = Image(reference.clone());
    let _down = Cleanup(name.clone());
    let creator = User::new();
    sh("cp", ["-r", root().join("examples/analyst").to_str().unwrap(), creator.path().join("analyst").to_str().unwrap()]);
    let base = local("SPAWNFILE_TEST_BASE_NODE", "spawnfile-lookalike/node:24-bookworm-slim");
    let runtime = local("SPAWNFILE_TEST_RUNTIME_OPENCLAW", "spawnfile-lookalike/runtime-openclaw:2026.6.11");
    creator.run(["lock", "analyst", "--use", &format!("{BASE}={base}"), "--use", &format!("{RUNTIME}={runtime}")]).expect(0);
    creator.run(["publish", "analyst", "--tag", &reference]).expect(0);

    let consumer = User::new();
    consumer.run(["up", &reference, "--deployment", &name]).expect(2).says("ANTHROPIC_API_KEY");
    let env = consumer.write("env", "ANTHROPIC_API_KEY=dummy-key-for-a-test\n");
    consumer.run(["up", &reference, "--deployment", &name, "--env-file", env.to_str().unwrap(), "--network", "none"]).expect(0);
    let live = consumer.run(["status", "--deployment", &name, "--live", "--json"]).expect(0).json();
    let observations = live["observations"].as_array().unwrap();
    assert!(observations.iter().any(|o| o["key"] == "runtime.health" && o["severity"] == "ok"), "{observations:#?}");
    consumer.run(["down", "--deployment", &name, "--volumes"]).expect(0);
}
