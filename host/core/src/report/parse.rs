//! Bytes of an image into a [`DistributionReport`], or everything that is wrong with them.
//!
//! The rules are the TypeScript tool's strict schema and ours on top: names that can be names, paths that cannot
//! reach the system, ids that stand once. Control characters are refused; other characters that could mislead are
//! accepted and escaped when shown (`display`).

use super::checks;
use super::schema::*;
use crate::json::{self, Node, boolean, nonempty, port, text};

/// Why a report is refused.
pub use crate::json::Problem as ReportProblem;

/// Parses and checks a distribution report of at most [`json::MAX_BYTES`].
///
/// # Errors
/// Everything that is wrong with it.
pub fn parse(bytes: &[u8]) -> Result<DistributionReport, ReportProblem> {
    json::read(bytes, REPORT_VERSION, report)
}

fn report(node: &Node<'_>) -> DistributionReport {
    node.object(|f| {
        let version = f.at("version", |node| node.one_of(&[REPORT_VERSION]));
        let report = DistributionReport {
            compile_fingerprint: f.at("compile_fingerprint", checks::fingerprint),
            generated_at: f.at("generated_at", nonempty),
            internal_ports: f.list("internal_ports", port),
            model_auth_methods: f.at("model_auth_methods", |node| node.map(text)),
            moltnet: f.at("moltnet", |node| node.object(|f| Moltnet { networks: f.list("networks", network) })),
            organization: f.at("organization", organization),
            persistent_mounts: f.list("persistent_mounts", mount),
            port_mappings: f.list("port_mappings", port_mapping),
            ports: f.list("ports", port),
            resources: f.list("resources", resource),
            runtime_instances: f.list("runtime_instances", instance),
            secrets: f.at("secrets", secrets),
            version,
            world_bindings: f.optional("world_bindings", world_bindings),
        };
        checks::whole(f, &report);
        report
    })
}

fn network(node: &Node<'_>) -> Network {
    node.object(|f| Network {
        binding: f.optional("binding", |node| node.one_of(&["env"])),
        id: f.at("id", nonempty),
        server_mode: f.at("server_mode", |node| node.one_of(&["managed", "external"])),
    })
}

fn organization(node: &Node<'_>) -> Organization {
    node.object(|f| {
        let organization =
            Organization { agents: f.list("agents", agent), project: f.at("project", nonempty), teams: f.list("teams", team) };
        f.unique("agents", "agent id", organization.agents.iter().map(|agent| agent.id.as_str()));
        f.unique("teams", "team id", organization.teams.iter().map(|team| team.id.as_str()));
        organization
    })
}

fn agent(node: &Node<'_>) -> Agent {
    node.object(|f| Agent {
        id: f.at("id", nonempty),
        name: f.at("name", text),
        runtime: f.nullable("runtime", nonempty),
        teams: f.list("teams", nonempty),
    })
}

fn team(node: &Node<'_>) -> Team {
    node.object(|f| Team { agents: f.list("agents", nonempty), id: f.at("id", nonempty), name: f.at("name", text) })
}

fn mount(node: &Node<'_>) -> PersistentMount {
    node.object(|f| PersistentMount {
        durability: f.at("durability", |node| node.one_of(&["persistent"])),
        id: f.at("id", checks::id),
        kind: f.at("kind", |node| node.one_of(&["volume"])),
        target: f.at("target", checks::image_path),
    })
}

fn port_mapping(node: &Node<'_>) -> PortMapping {
    node.object(|f| PortMapping { internal_port: f.at("internal_port", port), published_port: f.at("published_port", port) })
}

fn resource(node: &Node<'_>) -> WorkspaceResource {
    node.object(|f| WorkspaceResource {
        id: f.at("id", nonempty),
        kind: f.at("kind", |node| node.one_of(&["git", "volume"])),
        link_path: f.at("link_path", text),
        mode: f.at("mode", |node| node.one_of(&["mutable", "readonly"])),
        mount: f.at("mount", text),
        sharing: f.at("sharing", |node| node.one_of(&["per_agent", "team"])),
    })
}

fn instance(node: &Node<'_>) -> RuntimeInstance {
    node.object(|f| RuntimeInstance {
        config_path: f.at("config_path", checks::image_path),
        engine_by_node_id: f.optional("engine_by_node_id", |node| node.map(text)),
        home_path: f.nullable("home_path", checks::image_path),
        id: f.at("id", checks::id),
        internal_port: f.nullable("internal_port", port),
        model_auth_methods: f.at("model_auth_methods", |node| node.map(text)),
        model_secrets_required: f.list("model_secrets_required", checks::env_name),
        node_ids: f.list("node_ids", nonempty),
        published_port: f.nullable("published_port", port),
        runtime: f.at("runtime", nonempty),
        telemetry_mount_ids: f.optional("telemetry_mount_ids", |node| node.map(text)),
        workspace_path: f.at("workspace_path", checks::image_path),
    })
}

fn secrets(node: &Node<'_>) -> Secrets {
    node.object(|f| {
        let secrets = Secrets {
            model: f.list("model", secret),
            project: f.list("project", secret),
            runtime: f.list("runtime", secret),
            surface: f.list("surface", secret),
        };
        let buckets =
            [("model", &secrets.model), ("project", &secrets.project), ("runtime", &secrets.runtime), ("surface", &secrets.surface)];
        for (key, bucket) in buckets {
            f.unique(key, "secret", bucket.iter().map(|secret| secret.name.as_str()));
        }
        secrets
    })
}

fn secret(node: &Node<'_>) -> SecretRequirement {
    node.object(|f| SecretRequirement {
        generated: f.at("generated", boolean),
        name: f.at("name", checks::env_name),
        required: f.at("required", boolean),
    })
}

fn world_bindings(node: &Node<'_>) -> WorldBindings {
    node.object(|f| WorldBindings {
        artifact_path: f.at("artifact_path", |node| node.one_of(&["/spawnfile/world-bindings.json"])),
        digest: f.at("digest", checks::digest),
        schema: f.at("schema", |node| node.one_of(&["simfile.world-bindings.v1"])),
    })
}
