//! A report of spawnfile-core as records of the world. Nothing is decided here.

use std::collections::BTreeMap;

use spawnfile_core::report as core;
use spawnfile_plugin::report_validator::types;

pub(crate) fn report(report: core::DistributionReport, computed_fingerprint: String) -> types::Report {
    types::Report {
        compile_fingerprint: report.compile_fingerprint,
        computed_fingerprint,
        generated_at: report.generated_at,
        organization: organization(report.organization),
        model_auth_methods: methods(report.model_auth_methods),
        secrets: types::Secrets {
            model: secrets(report.secrets.model),
            project: secrets(report.secrets.project),
            runtime: secrets(report.secrets.runtime),
            surface: secrets(report.secrets.surface),
        },
        internal_ports: report.internal_ports,
        ports: report.ports,
        port_mappings: list(report.port_mappings, |mapping| types::PortMapping {
            internal_port: mapping.internal_port,
            published_port: mapping.published_port,
        }),
        persistent_mounts: list(report.persistent_mounts, |mount| types::PersistentMount { id: mount.id, target: mount.target }),
        resources: list(report.resources, |resource| types::WorkspaceResource {
            id: resource.id,
            kind: resource.kind,
            mount: resource.mount,
            link_path: resource.link_path,
            mode: resource.mode,
            sharing: resource.sharing,
        }),
        runtime_instances: list(report.runtime_instances, instance),
        networks: list(report.moltnet.networks, |network| types::Network {
            id: network.id,
            server_mode: network.server_mode,
            binding: network.binding,
        }),
        world_bindings: report.world_bindings.map(|bindings| types::WorldBindings {
            artifact_path: bindings.artifact_path,
            digest: bindings.digest,
            schema: bindings.schema,
        }),
    }
}

fn organization(organization: core::Organization) -> types::Organization {
    types::Organization {
        project: organization.project,
        agents: list(organization.agents, |agent| types::Agent {
            id: agent.id,
            name: agent.name,
            runtime: agent.runtime,
            teams: agent.teams,
        }),
        teams: list(organization.teams, |team| types::Team { id: team.id, name: team.name, agents: team.agents }),
    }
}

fn instance(instance: core::RuntimeInstance) -> types::RuntimeInstance {
    types::RuntimeInstance {
        id: instance.id,
        runtime: instance.runtime,
        node_ids: instance.node_ids,
        config_path: instance.config_path,
        home_path: instance.home_path,
        workspace_path: instance.workspace_path,
        internal_port: instance.internal_port,
        published_port: instance.published_port,
        model_auth_methods: methods(instance.model_auth_methods),
        model_secrets_required: instance.model_secrets_required,
        engine_by_node_id: instance.engine_by_node_id.map(|map| map.into_iter().collect()),
        telemetry_mount_ids: instance.telemetry_mount_ids.map(|map| map.into_iter().collect()),
    }
}

fn methods(methods: BTreeMap<String, String>) -> Vec<types::Pair> {
    methods.into_iter().map(|(provider, method)| types::Pair { provider, method }).collect()
}

fn secrets(secrets: Vec<core::SecretRequirement>) -> Vec<types::Secret> {
    list(secrets, |secret| types::Secret { name: secret.name, required: secret.required, generated: secret.generated })
}

fn list<T, U>(items: Vec<T>, convert: impl Fn(T) -> U) -> Vec<U> {
    items.into_iter().map(convert).collect()
}
