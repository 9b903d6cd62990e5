//! The compile report, `spawnfile-report.json`: for the creator's machine only, the one document with paths of it.

use std::borrow::Cow;
use std::collections::BTreeMap;

use serde::Serialize;

use super::policy::diagnostics;
use super::resources::{self, Placed};
use super::secrets::Registry;
use super::team::TeamOutcome;
use super::{CompileInput, HostPaths};
use crate::admit::LoweredInstance;
use crate::finding::Severity;
use crate::init_plan::INIT_PATH;
use crate::lowering::CapabilityOutcome;
use crate::organization::AgentNode;
use crate::path::HostPath;
use crate::report::{DistributionReport, PersistentMount, PortMapping, RuntimeInstance, SecretCategory, WorkspaceResource};

/// The compile report. Fields stand in the order in which they are written.
#[derive(Serialize)]
pub(super) struct CompileReport<'a> {
    compile_fingerprint: &'a str,
    container: Container<'a>,
    diagnostics: [(); 0],
    generated_at: &'a str,
    nodes: Vec<NodeReport<'a>>,
    #[serde(serialize_with = "HostPath::serialize")]
    output_directory: HostPath,
    project_name: &'a str,
    #[serde(serialize_with = "HostPath::serialize")]
    root: HostPath,
    spawnfile_version: &'static str,
}

#[derive(Serialize)]
struct Container<'a> {
    dockerfile: &'static str,
    entrypoint: &'static str,
    env_example: &'static str,
    internal_ports: &'a [u16],
    model_secrets_required: Vec<String>,
    port_mappings: &'a [PortMapping],
    ports: &'a [u16],
    published_ports: &'a [u16],
    runtime_instances: &'a [RuntimeInstance],
    runtime_homes: Vec<&'a str>,
    runtime_secrets_required: Vec<String>,
    runtimes_installed: Vec<&'a str>,
    secrets_required: Vec<String>,
    #[serde(skip_serializing_if = "<[PersistentMount]>::is_empty")]
    persistent_mounts: &'a [PersistentMount],
    #[serde(skip_serializing_if = "Vec::is_empty")]
    workspace_resources: Vec<Resource<'a>>,
}

#[derive(Serialize)]
struct Resource<'a> {
    backing_path: &'a str,
    #[serde(flatten)]
    reported: &'a WorkspaceResource,
}

#[derive(Serialize)]
struct NodeReport<'a> {
    capabilities: Vec<Capability<'a>>,
    diagnostics: Vec<Diagnostic>,
    id: &'a str,
    kind: &'static str,
    /// Nothing for a team.
    output_dir: Option<String>,
    /// For a team, that of its direct members when they have one.
    runtime: Option<&'a str>,
    /// The image of the program, as the runtime kind asks for it.
    runtime_ref: Option<&'a str>,
    runtime_status: Option<&'static str>,
    #[serde(serialize_with = "HostPath::serialize")]
    source: HostPath,
}

#[derive(Serialize)]
struct Capability<'a> {
    key: Cow<'a, str>,
    message: Cow<'a, str>,
    outcome: Cow<'a, str>,
}

#[derive(Serialize)]
struct Diagnostic {
    level: &'static str,
    message: String,
}

pub(super) fn report<'a>(
    input: &'a CompileInput<'_>,
    teams: &'a [TeamOutcome<'a>],
    registry: &Registry,
    report: &'a DistributionReport,
    placed: &'a [Placed<'a>],
) -> CompileReport<'a> {
    let HostPaths { root_manifest, output_dir } = &input.host;
    CompileReport {
        compile_fingerprint: &report.compile_fingerprint,
        container: container(registry, report, placed),
        diagnostics: [],
        generated_at: &report.generated_at,
        nodes: nodes(input, teams),
        output_directory: output_dir.clone(),
        project_name: &report.organization.project,
        root: root_manifest.clone(),
        spawnfile_version: "0.1",
    }
}

fn container<'a>(registry: &Registry, report: &'a DistributionReport, placed: &'a [Placed<'a>]) -> Container<'a> {
    let instances = &report.runtime_instances;
    let mut runtimes: Vec<&str> = instances.iter().map(|instance| instance.runtime.as_str()).collect();
    runtimes.sort_unstable();
    runtimes.dedup();
    Container {
        dockerfile: "Dockerfile",
        entrypoint: INIT_PATH,
        env_example: ".env.example",
        internal_ports: &report.internal_ports,
        model_secrets_required: registry.required(Some(SecretCategory::Model)),
        port_mappings: &report.port_mappings,
        ports: &report.ports,
        published_ports: &report.ports,
        runtime_instances: instances,
        runtime_homes: instances.iter().filter_map(|instance| instance.home_path.as_deref()).collect(),
        runtime_secrets_required: registry.required(Some(SecretCategory::Runtime)),
        runtimes_installed: runtimes,
        secrets_required: registry.required(None),
        persistent_mounts: &report.persistent_mounts,
        // Both are in the order of what was placed.
        workspace_resources: std::iter::zip(placed, &report.resources)
            .map(|(placed, reported)| Resource { backing_path: &placed.backing, reported })
            .collect(),
    }
}

/// Returns the nodes in plan order.
fn nodes<'a>(input: &'a CompileInput<'_>, teams: &'a [TeamOutcome<'a>]) -> Vec<NodeReport<'a>> {
    let mut instances: BTreeMap<&str, &LoweredInstance> = BTreeMap::new();
    let mut capabilities: BTreeMap<&str, Vec<&CapabilityOutcome>> = BTreeMap::new();
    for instance in &input.instances {
        instances.extend(instance.document().agents.iter().map(|agent| (agent.id.as_str(), instance)));
        for capability in &instance.lowering().capabilities {
            capabilities.entry(&capability.node).or_default().push(capability);
        }
    }
    let agents = input.organization.agents_by_id();
    let teams: BTreeMap<&str, &TeamOutcome<'_>> = teams.iter().map(|outcome| (outcome.team.id.as_str(), outcome)).collect();
    let node = |id: &String| {
        if let Some(outcome) = teams.get(id.as_str()) {
            let image = outcome.runtime.and_then(|agent| instances.get(agent.id.as_str())).map(|instance| &instance.lowering().install);
            return Some(team(input, outcome, image.and_then(|install| install.runtime_image.as_deref())));
        }
        let agent = agents.get(id.as_str())?;
        let instance = instances.get(id.as_str())?;
        Some(self::agent(input, agent, instance, capabilities.get(id.as_str()).map_or(&[], Vec::as_slice)))
    };
    input.organization.order.iter().filter_map(node).collect()
}

fn agent<'a>(
    input: &'a CompileInput<'_>,
    agent: &'a AgentNode,
    instance: &'a LoweredInstance,
    capabilities: &[&'a CapabilityOutcome],
) -> NodeReport<'a> {
    let prepared = resources::outcome(&agent.id, &agent.resources).map(owned);
    let policy = diagnostics(agent.policy, capabilities.iter().copied()).into_iter().map(warning);
    NodeReport {
        capabilities: capabilities.iter().map(|capability| shown(capability)).chain(prepared).collect(),
        diagnostics: said(instance).chain(policy).collect(),
        id: &agent.id,
        kind: "agent",
        output_dir: Some(format!("container/rootfs{}", instance.document().root)),
        runtime: Some(&agent.runtime),
        runtime_ref: instance.lowering().install.runtime_image.as_deref(),
        runtime_status: Some("active"),
        source: source(input, &agent.file),
    }
}

fn team<'a>(input: &'a CompileInput<'_>, outcome: &'a TeamOutcome<'a>, image: Option<&'a str>) -> NodeReport<'a> {
    let team = outcome.team;
    let first = std::iter::once(&outcome.summary).chain(&team.diagnostics).cloned();
    let policy = diagnostics(team.policy, outcome.capabilities.iter());
    NodeReport {
        capabilities: outcome.capabilities.iter().map(shown).collect(),
        diagnostics: first.chain(policy).map(warning).collect(),
        id: &team.id,
        kind: "team",
        output_dir: None,
        runtime: outcome.runtime.map(|agent| agent.runtime.as_str()),
        runtime_ref: image,
        runtime_status: outcome.runtime.map(|_| "active"),
        source: source(input, &team.file),
    }
}

fn shown(capability: &CapabilityOutcome) -> Capability<'_> {
    Capability { key: Cow::from(&capability.key), message: Cow::from(&capability.message), outcome: Cow::from(&capability.outcome) }
}

fn owned(capability: CapabilityOutcome) -> Capability<'static> {
    Capability { key: Cow::from(capability.key), message: Cow::from(capability.message), outcome: Cow::from(capability.outcome) }
}

fn warning(message: String) -> Diagnostic {
    Diagnostic { level: "warn", message }
}

fn source(input: &CompileInput<'_>, file: &str) -> HostPath {
    let folder = input.host.root_manifest.as_path().parent();
    folder.map_or_else(|| input.host.root_manifest.clone(), |folder| HostPath::new(folder.join(file)))
}

fn said(instance: &LoweredInstance) -> impl Iterator<Item = Diagnostic> {
    instance.findings().iter().map(|finding| Diagnostic {
        level: match finding.severity {
            Severity::Error => "error",
            Severity::Warning => "warn",
            Severity::Info => "info",
        },
        message: finding.message.clone(),
    })
}
