//! From a cleared image to the plan of a deployment.
//!
//! Hardened by default: nothing published unless asked, all Linux capabilities dropped but those that the extras name,
//! secrets as files where the image reads files. A plan holds names of secrets, never values.

use std::collections::{BTreeMap, BTreeSet};
use std::net::IpAddr;

use super::plan::{DeploymentPlan, PLAN_VERSION, PlannedPort, PlannedUnit, PlannedVolume};
use super::settings::DeploySettings;
use crate::display::excerpt;
use crate::extras::{AuthPlace, Extras, Instance};
use crate::finding::{Finding, Findings};
use crate::name::{DeploymentName, label_slug};
use crate::oci::{Digest, labels};
use crate::preflight::Cleared;
use crate::report::DistributionReport;

/// Grace to stop for images that do not say one, in milliseconds.
const DEFAULT_GRACE_MS: u32 = 10_000;
/// What PID 1 gets on top of its longest process, in milliseconds.
const INIT_GRACE_MS: u32 = 2_000;

/// What a plan is made from, besides the proof of preflight.
#[derive(Debug, Clone)]
pub struct PlanInputs<'a> {
    /// Name of the deployment.
    pub name: DeploymentName,
    /// What containers and volumes are named after, unique on the Engine: the deployment's name, or the project's.
    pub scope: DeploymentName,
    /// Id of the image that was inspected and validated: the one that will run.
    pub image_id: Digest,
    /// Its report.
    pub report: &'a DistributionReport,
    /// Its extras, when it has any.
    pub extras: Option<&'a Extras>,
    /// Settings.
    pub settings: &'a DeploySettings,
    /// Short hash of the home, for labels.
    pub home: String,
}

/// Plans a deployment of one unit.
///
/// # Errors
/// Settings that contradict each other or the image.
pub fn plan(cleared: &Cleared, inputs: &PlanInputs<'_>) -> Result<DeploymentPlan, Findings> {
    let PlanInputs { name, report, settings, .. } = inputs;
    let mut findings = Findings::default();
    let project = label_slug(&report.organization.project).unwrap_or_else(|| {
        let message = format!("the project `{}` has no label-safe name", excerpt(&report.organization.project));
        findings.push(Finding::error("plan.project", message));
        String::new()
    });
    network(settings, &mut findings);
    publish(report, settings, &mut findings);
    let unit = format!("{name}-container");
    let names = delivered(cleared, inputs.extras);
    let files = inputs.extras.is_some_and(|extras| extras.init.secret_delivery.iter().any(|way| way == "file"));
    let (secret_files, secret_env) = if files { (names, Vec::new()) } else { (Vec::new(), names) };
    let planned = PlannedUnit {
        id: unit.clone(),
        container_name: format!("spawnfile-{}", inputs.scope),
        image: inputs.image_id.to_string(),
        env: BTreeMap::new(),
        secret_env,
        secret_files,
        volumes: volumes(&inputs.scope, report),
        publish: settings.publish.clone(),
        network: settings.network.clone(),
        limits: settings.resources.clone(),
        labels: container_labels(inputs, &project, &unit),
        linux_capabilities: capabilities(inputs.extras),
        stop_grace_ms: grace(inputs.extras),
    };
    let plan = DeploymentPlan {
        version: PLAN_VERSION.to_owned(),
        deployment: name.to_string(),
        project,
        compile_fingerprint: report.compile_fingerprint.clone(),
        units: vec![planned],
    };
    findings.and(plan).map(|(plan, _)| plan)
}

/// Returns the auth places of the extras that the cleared imports fill, with their instance.
pub fn auth_places<'a>(cleared: &Cleared, extras: &'a Extras) -> Vec<(&'a Instance, &'a AuthPlace)> {
    let needed: BTreeSet<(&str, &str, &str)> =
        cleared.imports().map(|need| (need.instance.as_str(), need.provider.as_str(), need.method.as_str())).collect();
    extras
        .instances
        .iter()
        .flat_map(|instance| instance.auth.iter().map(move |place| (instance, place)))
        .filter(|(instance, place)| needed.contains(&(instance.id.as_str(), place.provider.as_str(), place.method.as_str())))
        .collect()
}

/// Names of secrets, and of variables that filled auth places give.
fn delivered(cleared: &Cleared, extras: Option<&Extras>) -> Vec<String> {
    let mut names: BTreeSet<&str> = cleared.names();
    let places = extras.map(|extras| auth_places(cleared, extras)).unwrap_or_default();
    names.extend(places.iter().flat_map(|(_, place)| &place.env).map(|variable| variable.name.as_str()));
    names.into_iter().map(str::to_owned).collect()
}

fn network(settings: &DeploySettings, findings: &mut Findings) {
    let mode = settings.network.as_str();
    if !matches!(mode, "bridge" | "internal" | "none") {
        let message = format!("the network mode `{}` is none of bridge, internal, none", excerpt(mode));
        findings.push(Finding::error("plan.network", message));
    } else if mode != "bridge" && !settings.publish.is_empty() {
        findings.push(Finding::error("plan.publish-unreachable", format!("ports cannot be published with the network mode `{mode}`")));
    }
}

fn publish(report: &DistributionReport, settings: &DeploySettings, findings: &mut Findings) {
    let mut taken = BTreeSet::new();
    for PlannedPort { address, host_port, port } in &settings.publish {
        if address.parse::<IpAddr>().is_err() {
            findings.push(Finding::error("plan.publish-address", format!("`{}` is no IP address to publish on", excerpt(address))));
        }
        if *host_port == 0 {
            findings.push(Finding::error("plan.publish-port", "port 0 cannot be published on"));
        }
        if !report.internal_ports.contains(port) {
            let known: Vec<String> = report.internal_ports.iter().map(u16::to_string).collect();
            let known = if known.is_empty() { "none".to_owned() } else { known.join(", ") };
            findings.push(Finding::error("plan.publish-unknown", format!("the image has no port {port}; its ports: {known}")));
        }
        if !taken.insert((address, host_port)) {
            findings.push(Finding::error("plan.publish-twice", format!("{}:{host_port} is published twice", excerpt(address))));
        }
    }
}

fn volumes(name: &DeploymentName, report: &DistributionReport) -> Vec<PlannedVolume> {
    let mut volumes: Vec<PlannedVolume> = report
        .persistent_mounts
        .iter()
        .map(|mount| PlannedVolume { name: volume_name(name, &mount.id), path: mount.target.clone(), read_only: false })
        .collect();
    volumes.sort_by(|a, b| a.name.cmp(&b.name));
    volumes
}

/// Returns the name of a deployment's volume: `spawnfile_<scope>_<mount id>`.
pub fn volume_name(name: &DeploymentName, mount_id: &str) -> String {
    let mut out = format!("spawnfile_{name}_");
    let mut gap = false;
    for c in mount_id.chars() {
        let keep = c.is_ascii_alphanumeric() || matches!(c, '_' | '.' | '-');
        if keep {
            out.push(c);
        } else if !gap {
            out.push('-');
        }
        gap = !keep;
    }
    out
}

fn container_labels(inputs: &PlanInputs<'_>, project: &str, unit: &str) -> BTreeMap<String, String> {
    [
        (labels::COMPILE_FINGERPRINT, inputs.report.compile_fingerprint.as_str()),
        (labels::DEPLOYMENT, inputs.name.as_str()),
        (labels::PROJECT, project),
        (labels::UNIT, unit),
        (labels::VERSION, labels::VERSION_VALUE),
        (labels::HOME, inputs.home.as_str()),
    ]
    .into_iter()
    .map(|(key, value)| (key.to_owned(), value.to_owned()))
    .collect()
}

fn capabilities(extras: Option<&Extras>) -> Vec<String> {
    let all: BTreeSet<&String> = extras.into_iter().flat_map(|extras| &extras.instances).flat_map(|one| &one.linux_capabilities).collect();
    all.into_iter().cloned().collect()
}

fn grace(extras: Option<&Extras>) -> u32 {
    let longest = extras.and_then(|extras| extras.instances.iter().map(|instance| instance.stop_grace_ms).max());
    longest.map_or(DEFAULT_GRACE_MS, |longest| longest.saturating_add(INIT_GRACE_MS))
}
