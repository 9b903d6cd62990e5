//! The compile report, `spawnfile-report.json`: for the creator's machine only, the one document with paths of it.

use serde::Serialize;

use super::policy::diagnostics;
use super::secrets::Registry;
use super::{CompileInput, HostPaths};
use crate::admit::LoweredInstance;
use crate::finding::Severity;
use crate::init_plan::INIT_PATH;
use crate::path::HostPath;
use crate::report::{DistributionReport, PersistentMount, PortMapping, RuntimeInstance, SecretCategory};

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
}

#[derive(Serialize)]
struct NodeReport<'a> {
    capabilities: Vec<Capability<'a>>,
    diagnostics: Vec<Diagnostic>,
    id: &'a str,
    kind: &'static str,
    output_dir: String,
    runtime: &'a str,
    /// The image of the program, as the runtime kind asks for it.
    runtime_ref: Option<&'a str>,
    runtime_status: &'static str,
    #[serde(serialize_with = "HostPath::serialize")]
    source: HostPath,
}

#[derive(Serialize)]
struct Capability<'a> {
    key: &'a str,
    message: &'a str,
    outcome: &'a str,
}

#[derive(Serialize)]
struct Diagnostic {
    level: &'static str,
    message: String,
}

pub(super) fn report<'a>(input: &'a CompileInput<'_>, registry: &Registry, report: &'a DistributionReport) -> CompileReport<'a> {
    let HostPaths { root_manifest, output_dir } = &input.host;
    CompileReport {
        compile_fingerprint: &report.compile_fingerprint,
        container: container(registry, report),
        diagnostics: [],
        generated_at: &report.generated_at,
        nodes: input.organization.agents.iter().filter_map(|agent| node(input, agent)).collect(),
        output_directory: output_dir.clone(),
        project_name: &report.organization.project,
        root: root_manifest.clone(),
        spawnfile_version: "0.1",
    }
}

fn container<'a>(registry: &Registry, report: &'a DistributionReport) -> Container<'a> {
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
    }
}

fn node<'a>(input: &'a CompileInput<'_>, agent: &'a crate::organization::AgentNode) -> Option<NodeReport<'a>> {
    let instance = input.instances.iter().find(|instance| instance.document().agents.iter().any(|a| a.id == agent.id))?;
    let capabilities = instance.lowering().capabilities.iter().filter(|capability| capability.node == agent.id);
    let policy = diagnostics(agent.policy, instance, &agent.id).into_iter().map(|message| Diagnostic { level: "warn", message });
    let folder = input.host.root_manifest.as_path().parent();
    Some(NodeReport {
        capabilities: capabilities.map(|c| Capability { key: &c.key, message: &c.message, outcome: &c.outcome }).collect(),
        diagnostics: said(instance).chain(policy).collect(),
        id: &agent.id,
        kind: "agent",
        output_dir: format!("container/rootfs{}", instance.document().root),
        runtime: &agent.runtime,
        runtime_ref: instance.lowering().install.runtime_image.as_deref(),
        runtime_status: "active",
        source: folder.map_or_else(|| input.host.root_manifest.clone(), |folder| HostPath::new(folder.join(&agent.file))),
    })
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
