use serde_json::{Value, json};
use spawnfile_core::deployment::plan::{Limits, PlannedPort, PlannedVolume};
use spawnfile_core::oci::labels;

use super::*;

fn spec() -> ContainerSpec {
    ContainerSpec {
        name: "spawnfile-x".to_owned(),
        unit: "x-container".to_owned(),
        image: Digest::of(b"image").to_string(),
        env_names: vec!["KEY".to_owned()],
        env: BTreeMap::from([("LOG_LEVEL".to_owned(), "info".to_owned())]),
        volumes: vec![PlannedVolume { name: "spawnfile_x_data".to_owned(), path: "/data".to_owned(), read_only: true }],
        publish: vec![PlannedPort { address: "127.0.0.1".to_owned(), host_port: 18789, port: 8080 }],
        network: "bridge".to_owned(),
        limits: Limits { memory_bytes: Some(1 << 30), cpu_millis: Some(1500), pids: Some(512) },
        labels: BTreeMap::from([(labels::DEPLOYMENT.to_owned(), "x".to_owned())]),
        linux_capabilities: vec!["NET_BIND_SERVICE".to_owned()],
        stop_grace_ms: 10_001,
    }
}

fn extra(value: &[u8]) -> CreateExtras {
    CreateExtras {
        secret_env: BTreeMap::from([("KEY".to_owned(), Secret::new(value.to_vec()))]),
        log_max_bytes: 1024,
        log_max_files: 3,
        user: Some("10001:10001".to_owned()),
    }
}

fn request(spec: &ContainerSpec, extra: &CreateExtras) -> Result<Value, String> {
    Ok(serde_json::to_value(Body { rest: lower(spec, extra)?, env: environment(spec, extra)? }).unwrap())
}

#[test]
fn the_request_is_hardened() {
    let request = request(&spec(), &extra(b"line\n\"two\"")).unwrap();
    assert_eq!(
        request,
        json!({
            "Image": Digest::of(b"image").as_str(),
            "User": "10001:10001",
            "Env": ["LOG_LEVEL=info", "KEY=line\n\"two\""],
            "Labels": { "com.spawnfile.deployment": "x" },
            "ExposedPorts": { "8080/tcp": {} },
            "StopTimeout": 11,
            "Tty": false,
            "OpenStdin": false,
            "HostConfig": {
                "CapDrop": ["ALL"], "CapAdd": ["NET_BIND_SERVICE"], "SecurityOpt": ["no-new-privileges:true"],
                "Privileged": false, "Init": false, "AutoRemove": false, "PublishAllPorts": false,
                "PidsLimit": 512, "Memory": 1 << 30, "MemorySwap": 1 << 30, "NanoCpus": 1_500_000_000,
                "LogConfig": { "Type": "json-file", "Config": { "max-size": "1024", "max-file": "3" } },
                "RestartPolicy": { "Name": "no" },
                "Mounts": [ { "Type": "volume", "Source": "spawnfile_x_data", "Target": "/data", "ReadOnly": true } ],
                "PortBindings": { "8080/tcp": [ { "HostIp": "127.0.0.1", "HostPort": "18789" } ] },
                "NetworkMode": "bridge",
            },
        })
    );
}

#[test]
fn what_must_not_be_is_refused() {
    type Change = fn(&mut ContainerSpec);
    let changes: &[(&str, Change)] = &[
        ("no id", |spec| spec.image = "ghcr.io/a/b:1".to_owned()),
        ("no network mode", |spec| spec.network = "host".to_owned()),
        ("no network mode", |spec| spec.network = "container:abc".to_owned()),
        ("Linux capability", |spec| spec.linux_capabilities = vec!["ALL".to_owned()]),
        ("is refused", |spec| spec.volumes[0].name = "/var/run/docker.sock".to_owned()),
        ("not absolute", |spec| spec.volumes[0].path = "data".to_owned()),
        ("no address", |spec| spec.publish[0].address = String::new()),
        ("port 0", |spec| spec.publish[0].port = 0),
        ("no name", |spec| drop(spec.env.insert("A=B".to_owned(), String::new()))),
        ("NUL", |spec| drop(spec.env.insert("A".to_owned(), "x\0y".to_owned()))),
        ("as plain and as a secret", |spec| drop(spec.env.insert("KEY".to_owned(), String::new()))),
        ("label", |spec| {
            spec.network = "internal".to_owned();
            spec.labels.clear();
        }),
    ];
    for (word, change) in changes {
        let mut spec = spec();
        change(&mut spec);
        let said = request(&spec, &extra(b"value")).unwrap_err();
        assert!(said.contains(word), "{word}: {said}");
    }
    let said = request(&spec(), &extra(b"canary\xff")).unwrap_err();
    assert!(said.contains("`KEY`") && !said.contains("canary"), "{said}");
}

#[test]
fn the_internal_network_is_that_of_the_deployment() {
    let mut spec = spec();
    spec.network = "internal".to_owned();
    assert_eq!(lower(&spec, &extra(b"x")).unwrap().host_config.unwrap().network_mode.unwrap(), "spawnfile-x");
}
