//! The Engine's own part: the calls that a command needs, made by the driver alone.

use spawnfile_core::deployment::plan::{ContainerSpec, Limits, PlannedVolume};
use spawnfile_core::oci::labels;
use spawnfile_docker::{CreateExtras, Docker, Endpoint, EndpointRequest, FileWanted};

use crate::support::{engine, sh};

/// Connects to the Engine that the tool takes when nothing names another one.
pub(crate) async fn connect() -> Docker {
    Docker::connect(&Endpoint::resolve(&EndpointRequest::default()).unwrap()).await.unwrap()
}

/// Reads both documents of an image out of a container that never starts.
pub(crate) async fn read(docker: &Docker, tag: &str) {
    let image = docker.inspect_image(tag).await.unwrap().unwrap();
    let wanted = [labels::DEFAULT_REPORT_PATH, labels::EXTRAS_PATH].map(|path| FileWanted {
        path: path.to_owned(),
        max_bytes: 4 * 1024 * 1024,
        optional: false,
    });
    let read = docker.read_files(&image.id, &wanted).await.unwrap();
    assert!(read.iter().all(Option::is_some));
}

/// The same by docker's command line, as one would type it.
pub(crate) fn read_by_hand(tag: &str, folder: &str) {
    let container = sh("docker", ["create", "--network", "none", tag, "none"]);
    for path in [labels::DEFAULT_REPORT_PATH, labels::EXTRAS_PATH] {
        sh("docker", ["cp", &format!("{container}:{path}"), folder]);
    }
    sh("docker", ["rm", "-v", &container]);
}

/// What is needed to make a container like one that the tool made.
pub(crate) async fn like(docker: &Docker, container: &str) -> (ContainerSpec, CreateExtras) {
    let facts = docker.facts(&[container.to_owned()]).await.unwrap().remove(0);
    let inspect = engine::inspect(container);
    let settings = &inspect["HostConfig"];
    let text = |value: &serde_json::Value| value.as_str().unwrap().to_owned();
    let volume = |mount: &serde_json::Value| PlannedVolume {
        name: text(&mount["Source"]),
        path: text(&mount["Target"]),
        read_only: mount["ReadOnly"].as_bool().unwrap_or_default(),
    };
    let spec = ContainerSpec {
        name: facts.name,
        unit: facts.unit,
        image: facts.image_id,
        env_names: Vec::new(),
        env: std::collections::BTreeMap::new(),
        volumes: settings["Mounts"].as_array().map(|mounts| mounts.iter().map(volume).collect()).unwrap_or_default(),
        publish: facts.ports,
        network: match settings["NetworkMode"].as_str().unwrap() {
            "default" => "bridge".to_owned(),
            mode => mode.to_owned(),
        },
        limits: Limits { pids: settings["PidsLimit"].as_u64().and_then(|most| most.try_into().ok()), ..Limits::default() },
        labels: facts.labels,
        linux_capabilities: Vec::new(),
        stop_grace_ms: 2000,
    };
    let extra = CreateExtras {
        secret_env: std::collections::BTreeMap::new(),
        log_max_bytes: 10 * 1024 * 1024,
        log_max_files: 3,
        user: inspect["Config"]["User"].as_str().map(str::to_owned),
    };
    (spec, extra)
}
