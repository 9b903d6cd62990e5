//! The distribution report.

use std::collections::{BTreeMap, BTreeSet};

use super::CompileInput;
use super::resources::{self, Placed};
use super::secrets::{Registry, auth_methods, model_secrets};
use crate::admit::LoweredInstance;
use crate::collate::Collation;
use crate::report::{
    Agent, DistributionReport, Moltnet, Organization, PersistentMount, PortMapping, REPORT_VERSION, RuntimeInstance, Team, fingerprint,
};

pub(super) fn report(input: &CompileInput<'_>, registry: &Registry, placed: &[Placed<'_>], generated_at: String) -> DistributionReport {
    let collation = Collation::new();
    let mut runtime_instances: Vec<RuntimeInstance> = input.instances.iter().map(instance).collect();
    collation.sort_by_key(&mut runtime_instances, |instance| &instance.id);
    let mut persistent_mounts: Vec<PersistentMount> = input.instances.iter().flat_map(mounts).collect();
    collation.sort_by_key(&mut persistent_mounts, |mount| &mount.id);

    let published: BTreeSet<u16> = runtime_instances.iter().filter_map(|instance| instance.published_port).collect();
    let mut report = DistributionReport {
        compile_fingerprint: String::new(),
        generated_at,
        internal_ports: input
            .instances
            .iter()
            .flat_map(|instance| instance.lowering().ports.iter().map(|port| port.number))
            .collect::<BTreeSet<u16>>()
            .into_iter()
            .collect(),
        // A provider that two instances authenticate to differently shows the later one, in plan order.
        model_auth_methods: input.instances.iter().flat_map(auth_methods).collect::<BTreeMap<_, _>>(),
        moltnet: Moltnet::default(),
        organization: organization(input, &collation),
        persistent_mounts,
        port_mappings: published.iter().map(|port| PortMapping { internal_port: *port, published_port: *port }).collect(),
        ports: published.into_iter().collect(),
        resources: resources::reported(placed),
        runtime_instances,
        secrets: registry.by_category(),
        version: REPORT_VERSION.to_owned(),
        world_bindings: None,
    };
    report.compile_fingerprint = fingerprint(&report);
    report
}

fn organization(input: &CompileInput<'_>, collation: &Collation) -> Organization {
    let agent = |node: &crate::organization::AgentNode| Agent {
        id: node.id.clone(),
        name: node.name.clone(),
        runtime: Some(node.runtime.clone()),
        teams: node.teams.clone(),
    };
    let by_id = input.organization.agents_by_id();
    let team = |node: &crate::organization::TeamNode| {
        let members: BTreeSet<&str> = node.members.iter().map(|member| member.node.as_str()).filter(|id| by_id.contains_key(id)).collect();
        Team { agents: members.into_iter().map(str::to_owned).collect(), id: node.id.clone(), name: node.name.clone() }
    };
    let mut teams: Vec<Team> = input.organization.teams.iter().map(team).collect();
    collation.sort_by_key(&mut teams, |team| &team.id);
    let mut agents: Vec<Agent> = input.organization.agents.iter().map(agent).collect();
    collation.sort_by_key(&mut agents, |agent| &agent.id);
    Organization { agents, project: input.organization.project.clone(), teams }
}

fn instance(instance: &LoweredInstance) -> RuntimeInstance {
    let (document, lowering) = (instance.document(), instance.lowering());
    let port = lowering.ports.first().map(|port| port.number);
    let nodes: BTreeSet<String> = document.agents.iter().map(|agent| agent.id.clone()).collect();
    RuntimeInstance {
        config_path: lowering.paths.config.clone(),
        engine_by_node_id: None,
        home_path: lowering.paths.home.clone(),
        id: document.id.clone(),
        internal_port: port,
        model_auth_methods: auth_methods(instance),
        model_secrets_required: model_secrets(instance),
        node_ids: nodes.into_iter().collect(),
        published_port: port.filter(|_| document.agents.iter().any(|agent| agent.expose)),
        runtime: document.runtime.clone(),
        telemetry_mount_ids: None,
        workspace_path: lowering.paths.workspace.clone(),
    }
}

fn mounts(instance: &LoweredInstance) -> impl Iterator<Item = PersistentMount> {
    instance.lowering().mounts.iter().map(|(id, target)| PersistentMount {
        durability: "persistent".to_owned(),
        id: id.clone(),
        kind: "volume".to_owned(),
        target: target.clone(),
    })
}
