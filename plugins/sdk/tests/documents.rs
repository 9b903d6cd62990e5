//! The documents as this crate reads them are those that the host writes, field by field.

#![expect(clippy::unwrap_used, reason = "helpers of tests")]

use std::collections::BTreeMap;

use serde_json::{Value, json};
use spawnfile_core::deployment::plan as host_plan;
use spawnfile_core::instance as host_instance;
use spawnfile_plugin::document::plan::PLAN_VERSION;
use spawnfile_plugin::document::{instance, parse};
use spawnfile_plugin::{DeploymentPlan, Document, Instance};

fn instance() -> host_instance::InstanceDocument {
    let target = |provider: &str, endpoint| host_instance::ModelTarget {
        provider: provider.to_owned(),
        name: "m".to_owned(),
        auth_method: "api_key".to_owned(),
        auth_key: Some("KEY".to_owned()),
        endpoint,
    };
    let endpoint = host_instance::EndpointInput { base_url: "http://10.0.0.5".to_owned(), compatibility: "openai".to_owned() };
    host_instance::InstanceDocument {
        version: host_instance::INSTANCE_VERSION.to_owned(),
        id: "agent-a".to_owned(),
        runtime: "parrot".to_owned(),
        root: "/i".to_owned(),
        runtime_root: "/r".to_owned(),
        index: 3,
        agents: vec![host_instance::AgentInput {
            id: "agent:a".to_owned(),
            slug: "a".to_owned(),
            name: "A".to_owned(),
            description: "d".to_owned(),
            expose: true,
            options: json!({ "x": [1, null] }).as_object().unwrap().clone(),
            docs: vec![host_instance::DocInput { role: "system".to_owned(), source: "s".to_owned(), bytes: 1 }],
            skills: vec![host_instance::SkillInput {
                name: "n".to_owned(),
                description: "d".to_owned(),
                requires_mcp: vec!["m".to_owned()],
                files: vec![host_instance::SkillFile { path: "SKILL.md".to_owned(), source: "s".to_owned(), bytes: 2 }],
            }],
            model: Some(host_instance::ModelInput { primary: target("custom", Some(endpoint)), fallback: vec![target("acme", None)] }),
            sandbox: "workspace".to_owned(),
            mcp_servers: vec![host_instance::McpServerInput {
                name: "m".to_owned(),
                transport: "stdio".to_owned(),
                url: Some("u".to_owned()),
                command: Some("c".to_owned()),
                args: vec!["a".to_owned()],
                env: BTreeMap::from([("K".to_owned(), "v".to_owned())]),
                auth: Some(host_instance::McpAuthInput { secret: "S".to_owned(), mode: Some("bearer".to_owned()) }),
            }],
            secrets: vec![host_instance::SecretInput { name: "S".to_owned(), required: true }],
            subagents: vec![host_instance::SubagentInput { id: "b".to_owned(), node: "agent:b".to_owned() }],
        }],
    }
}

fn plan() -> host_plan::DeploymentPlan {
    host_plan::DeploymentPlan {
        version: host_plan::PLAN_VERSION.to_owned(),
        deployment: "d".to_owned(),
        project: "p".to_owned(),
        compile_fingerprint: "sf1:000000000000".to_owned(),
        units: vec![host_plan::PlannedUnit {
            id: "u".to_owned(),
            container_name: "c".to_owned(),
            image: "sha256:aa".to_owned(),
            env: BTreeMap::from([("A".to_owned(), "b".to_owned())]),
            secret_env: vec!["E".to_owned()],
            secret_files: vec!["F".to_owned()],
            volumes: vec![host_plan::PlannedVolume { name: "v".to_owned(), path: "/v".to_owned(), read_only: true }],
            publish: vec![host_plan::PlannedPort { address: "127.0.0.1".to_owned(), host_port: 1, port: 2 }],
            network: "bridge".to_owned(),
            limits: host_plan::Limits { memory_bytes: Some(1), cpu_millis: Some(2), pids: Some(3) },
            labels: BTreeMap::from([("l".to_owned(), "v".to_owned())]),
            linux_capabilities: vec!["NET_BIND_SERVICE".to_owned()],
            stop_grace_ms: 4,
        }],
    }
}

fn document(schema: &str, value: &Value) -> Document {
    Document { schema: schema.to_owned(), json: serde_json::to_vec(value).unwrap() }
}

/// Adds an unknown field to every object of a document.
fn grown(value: &mut Value) {
    match value {
        Value::Object(fields) => {
            fields.values_mut().for_each(grown);
            fields.insert("added_later".to_owned(), json!(1));
        }
        Value::Array(items) => items.iter_mut().for_each(grown),
        _ => {}
    }
}

#[test]
fn instances_are_read_whole() {
    let written = serde_json::to_value(instance()).unwrap();
    let read: Instance = parse(&document("spawnfile.instance.v1", &written), &[instance::INSTANCE_VERSION]).unwrap();
    assert_eq!(serde_json::to_value(&read).unwrap(), written);
    let back: host_instance::InstanceDocument = serde_json::from_value(serde_json::to_value(&read).unwrap()).unwrap();
    assert_eq!(back, self::instance());
}

#[test]
fn plans_are_read_whole() {
    let written = serde_json::to_value(plan()).unwrap();
    let read: DeploymentPlan = parse(&document("spawnfile.deployment-plan.v1", &written), &[PLAN_VERSION]).unwrap();
    assert_eq!(serde_json::to_value(&read).unwrap(), written);
    let back: host_plan::DeploymentPlan = serde_json::from_value(serde_json::to_value(&read).unwrap()).unwrap();
    assert_eq!(back, plan());
}

#[test]
fn documents_may_grow() {
    let mut written = serde_json::to_value(plan()).unwrap();
    // Maps of names are no objects with fields; an added field would be one more name.
    let units = written["units"].take();
    grown(&mut written);
    written["units"] = units;
    assert!(parse::<DeploymentPlan>(&document(PLAN_VERSION, &written), &[PLAN_VERSION]).is_ok());

    let mut written = serde_json::to_value(instance()).unwrap();
    written["agents"][0]["options"] = json!({});
    written["agents"][0]["mcp_servers"][0]["env"] = json!({});
    let plain: Instance = serde_json::from_value(written.clone()).unwrap();
    grown(&mut written);
    written["agents"][0]["options"] = json!({});
    written["agents"][0]["mcp_servers"][0]["env"] = json!({});
    let read: Instance = parse(&document(instance::INSTANCE_VERSION, &written), &[instance::INSTANCE_VERSION]).unwrap();
    assert_eq!(read, plain);
}
