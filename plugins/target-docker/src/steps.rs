//! What `start` would do, as a document: `spawnfile.target-docker.plan.v1`.
//!
//! The keys of every object are in alphabetical order and nothing depends on anything but the plan, so that equal
//! plans give equal bytes.

use std::collections::{BTreeMap, BTreeSet};

use serde::Serialize;
use spawnfile_plugin::document::plan::{Limits, PlannedPort, PlannedUnit, PlannedVolume};
use spawnfile_plugin::{DeploymentPlan, Diagnostic, Document, document};

/// The schema of the document.
const STEPS_VERSION: &str = "spawnfile.target-docker.plan.v1";

#[derive(Serialize)]
struct Steps<'a> {
    deployment: &'a str,
    steps: Vec<Step<'a>>,
    version: &'a str,
}

#[derive(Serialize)]
#[serde(tag = "do", rename_all = "kebab-case")]
enum Step<'a> {
    EnsureVolume { volume: &'a str },
    Create(Box<Create<'a>>),
    Start { container: &'a str, unit: &'a str },
}

#[derive(Serialize)]
struct Create<'a> {
    container: &'a str,
    env: &'a BTreeMap<String, String>,
    image: &'a str,
    labels: &'a BTreeMap<String, String>,
    limits: &'a Limits,
    linux_capabilities: &'a [String],
    network: &'a str,
    publish: &'a [PlannedPort],
    secret_env: &'a [String],
    secret_files: &'a [String],
    stop_grace_ms: u32,
    unit: &'a str,
    volumes: &'a [PlannedVolume],
}

/// Returns the names of the volumes of a plan, each once, in alphabetical order.
pub(crate) fn volumes(plan: &DeploymentPlan) -> BTreeSet<&str> {
    plan.units.iter().flat_map(|unit| &unit.volumes).map(|volume| volume.name.as_str()).collect()
}

/// Returns the steps of a plan, or why it cannot be followed.
pub(crate) fn document(plan: &DeploymentPlan) -> Result<Document, Vec<Diagnostic>> {
    let found = check(plan);
    if !found.is_empty() {
        return Err(found);
    }
    let mut steps: Vec<Step<'_>> = volumes(plan).into_iter().map(|volume| Step::EnsureVolume { volume }).collect();
    steps.extend(plan.units.iter().map(create));
    steps.extend(plan.units.iter().map(|unit| Step::Start { container: &unit.container_name, unit: &unit.id }));
    document::make(STEPS_VERSION, &Steps { deployment: &plan.deployment, steps, version: STEPS_VERSION }).map_err(|error| vec![error])
}

fn create(unit: &PlannedUnit) -> Step<'_> {
    Step::Create(Box::new(Create {
        container: &unit.container_name,
        env: &unit.env,
        image: &unit.image,
        labels: &unit.labels,
        limits: &unit.limits,
        linux_capabilities: &unit.linux_capabilities,
        network: &unit.network,
        publish: &unit.publish,
        secret_env: &unit.secret_env,
        secret_files: &unit.secret_files,
        stop_grace_ms: unit.stop_grace_ms,
        unit: &unit.id,
        volumes: &unit.volumes,
    }))
}

/// Returns what of a plan an Engine cannot do.
pub(crate) fn check(plan: &DeploymentPlan) -> Vec<Diagnostic> {
    let mut found = Vec::new();
    if plan.units.is_empty() {
        found.push(Diagnostic::error("docker.units", "the deployment plan has no unit").at("/units"));
    }
    let (mut ids, mut names, mut ports) = (BTreeSet::new(), BTreeSet::new(), BTreeSet::new());
    for (index, unit) in plan.units.iter().enumerate() {
        let at = |rest: &str| format!("/units/{index}/{rest}");
        if !ids.insert(&unit.id) {
            found.push(Diagnostic::error("docker.unit.duplicate", format!("unit `{}` is planned twice", unit.id)).at(at("id")));
        }
        if !names.insert(&unit.container_name) {
            let message = format!("two units want the container name `{}`", unit.container_name);
            found.push(Diagnostic::error("docker.name.duplicate", message).at(at("container_name")));
        }
        if !matches!(unit.network.as_str(), "bridge" | "internal" | "none") {
            let message = format!("unit `{}` wants the unknown network `{}`", unit.id, unit.network);
            found.push(Diagnostic::error("docker.network", message).at(at("network")).hint("use `bridge`, `internal` or `none`"));
        }
        if unit.network != "bridge" && !unit.publish.is_empty() {
            let message = format!("unit `{}` publishes ports on network `{}`, which nothing outside reaches", unit.id, unit.network);
            found.push(
                Diagnostic::error("docker.publish.unreachable", message).at(at("publish")).hint("use network `bridge`, or publish nothing"),
            );
        }
        for port in &unit.publish {
            if port.host_port != 0 && !ports.insert((&port.address, port.host_port)) {
                let message = format!("{}:{} is published twice", port.address, port.host_port);
                found.push(Diagnostic::error("docker.publish.duplicate", message).at(at("publish")));
            }
        }
    }
    found
}
