//! What a report says there should be.

use std::collections::BTreeSet;

use super::{Observation, Severity, Source};
use crate::display::excerpt;
use crate::report::DistributionReport;

/// Returns an observation for everything that the report declares. All are ok: a report that is not was refused.
pub fn declared(report: &DistributionReport) -> Vec<Observation> {
    let organization = &report.organization;
    let mut all = vec![ok("source.valid", "status", Source::Input, "the report is valid")];
    for agent in &organization.agents {
        let runtime = agent.runtime.as_deref().map_or_else(String::new, |runtime| format!(" on {}", excerpt(runtime)));
        let message = format!("agent {}{runtime} is declared", excerpt(&agent.name));
        all.push(ok("agent.declared", &agent.id, Source::Declared, message));
    }
    for team in &organization.teams {
        let message = format!("team {} with {} agents is declared", excerpt(&team.name), team.agents.len());
        all.push(ok("team.declared", &team.id, Source::Declared, message));
    }
    for network in &report.moltnet.networks {
        let message = format!("{} network {} is declared", network.server_mode, excerpt(&network.id));
        all.push(ok("network.declared", &format!("network:{}", network.id), Source::Declared, message));
    }
    for runtime in runtimes(report) {
        let message = format!("runtime {} is declared", excerpt(runtime));
        all.push(ok("runtime.declared", &format!("runtime:{runtime}"), Source::Declared, message));
    }
    all.push(ok("compile.report", "compile", Source::CompileReport, "the image has a report"));
    let fingerprint = format!("the fingerprint is {}", excerpt(&report.compile_fingerprint));
    all.push(ok("compile.fingerprint", "compile", Source::CompileReport, fingerprint));
    for instance in &report.runtime_instances {
        let message = format!("{} instance {} runs {} nodes", excerpt(&instance.runtime), excerpt(&instance.id), instance.node_ids.len());
        all.push(ok("runtime.instance", &format!("runtime-instance:{}", instance.id), Source::CompileReport, message));
    }
    for mount in &report.persistent_mounts {
        let message = format!("{} keeps {}", excerpt(&mount.id), excerpt(&mount.target));
        all.push(ok("container.mount", "compile", Source::CompileReport, message));
    }
    for resource in &report.resources {
        let message = format!("{} {} at {}", resource.kind, excerpt(&resource.id), excerpt(&resource.link_path));
        all.push(ok("workspace.resource", "compile", Source::CompileReport, message));
    }
    if !report.internal_ports.is_empty() {
        let ports: Vec<String> = report.internal_ports.iter().take(50).map(u16::to_string).collect();
        all.push(ok("container.ports", "compile", Source::CompileReport, format!("ports inside: {}", ports.join(", "))));
    }
    all
}

/// Returns the runtime kinds of the agents and instances.
pub(super) fn runtimes(report: &DistributionReport) -> BTreeSet<&str> {
    let agents = report.organization.agents.iter().filter_map(|agent| agent.runtime.as_deref());
    agents.chain(report.runtime_instances.iter().map(|instance| instance.runtime.as_str())).collect()
}

fn ok(key: &str, subject: &str, source: Source, message: impl Into<String>) -> Observation {
    Observation::new(Severity::Ok, key, subject, source, message)
}
