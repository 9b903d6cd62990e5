//! Plans that the suite gives to a target: the golden ones, one with everything, and some that are none.

use std::collections::BTreeMap;

use spawnfile_core::deployment::plan::{DeploymentPlan, Limits, PLAN_VERSION, PlannedPort, PlannedUnit, PlannedVolume};

use crate::conformance::golden;

/// A name of a secret; no value of it exists anywhere.
const SECRETS: [&str; 2] = ["PROBE_KEY", "PROBE_TOKEN"];

fn unit(name: &str, digit: char) -> PlannedUnit {
    PlannedUnit {
        id: format!("{name}-container"),
        container_name: format!("spawnfile-{name}"),
        image: format!("sha256:{}", String::from(digit).repeat(64)),
        env: BTreeMap::from([("LOG_LEVEL".to_owned(), "info".to_owned())]),
        secret_env: SECRETS.map(str::to_owned).to_vec(),
        secret_files: vec!["PROBE_FILE".to_owned()],
        volumes: vec![
            PlannedVolume { name: format!("probe-{name}"), path: "/data".to_owned(), read_only: false },
            PlannedVolume { name: "probe-shared".to_owned(), path: "/shared".to_owned(), read_only: true },
        ],
        publish: vec![PlannedPort { address: "127.0.0.1".to_owned(), host_port: if digit == 'a' { 18_080 } else { 18_081 }, port: 8080 }],
        network: "bridge".to_owned(),
        limits: Limits { memory_bytes: Some(1 << 30), cpu_millis: Some(1500), pids: Some(512) },
        labels: BTreeMap::from([
            ("com.spawnfile.deployment".to_owned(), "probe".to_owned()),
            ("com.spawnfile.home".to_owned(), "0123456789ab".to_owned()),
            ("com.spawnfile.unit".to_owned(), format!("{name}-container")),
        ]),
        linux_capabilities: vec!["NET_BIND_SERVICE".to_owned()],
        stop_grace_ms: 10_000,
    }
}

/// A plan of two units with volumes, ports, limits and secrets.
pub(super) fn whole() -> DeploymentPlan {
    DeploymentPlan {
        version: PLAN_VERSION.to_owned(),
        deployment: "probe".to_owned(),
        project: "probe".to_owned(),
        compile_fingerprint: "sf1:0123456789ab".to_owned(),
        units: vec![unit("first", 'a'), unit("second", 'b')],
    }
}

/// Every plan that a target should bring about, with its name.
pub(super) fn ordinary() -> Vec<(&'static str, DeploymentPlan)> {
    let golden = golden::PLANS.iter().filter_map(|(name, text)| Some((*name, serde_json::from_str(text).ok()?)));
    std::iter::once(("two units", whole())).chain(golden).collect()
}

/// Documents that are no plan of today: name, schema, bytes.
pub(super) fn foreign() -> Vec<(&'static str, &'static str, Vec<u8>)> {
    let json = serde_json::to_vec(&whole()).unwrap_or_default();
    let half = json.get(..json.len() / 2).unwrap_or_default().to_vec();
    vec![
        ("a plan of a later version", "spawnfile.deployment-plan.v9", json),
        ("half a plan", PLAN_VERSION, half),
        ("an empty plan", PLAN_VERSION, Vec::new()),
        ("a plan that is no text", PLAN_VERSION, b"\xff\xfe\x00".to_vec()),
        ("a list", PLAN_VERSION, b"[]".to_vec()),
        ("a plan nested too deeply", PLAN_VERSION, vec![b'['; 200_000]),
    ]
}
