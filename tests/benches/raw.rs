//! The Engine's own part: the calls that a command needs, made by the driver alone.

use std::collections::BTreeMap;
use std::time::Duration;

use spawnfile_core::deployment::plan::{ContainerSpec, Limits, PlannedVolume};
use spawnfile_core::init_plan::INIT_PATH;
use spawnfile_core::oci::labels;
use spawnfile_core::secret::Secret;
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

/// Creates and starts.
pub(crate) async fn start(docker: &Docker, (spec, extra): &(ContainerSpec, CreateExtras)) -> String {
    let container = docker.create(spec, extra).await.unwrap();
    docker.start(&container).await.unwrap();
    container
}

/// Creates, puts a secret, starts, waits in the container until it is ready, and sets the restart policy: every call
/// with a cost that `up` makes.
pub(crate) async fn start_ready(docker: &Docker, (spec, extra): &(ContainerSpec, CreateExtras)) -> String {
    let container = docker.create(spec, extra).await.unwrap();
    let secrets = BTreeMap::from([("ECHO_TOKEN".to_owned(), Secret::new(b"0123456789abcdef".to_vec()))]);
    docker.put_secret_files(&container, "/run/spawnfile/secrets", 10001, 10001, &secrets).await.unwrap();
    docker.start(&container).await.unwrap();
    let argv = [INIT_PATH, "ready", "--wait-ms", "5000"].map(str::to_owned);
    let ready = docker.exec(&container, &argv, None, 4096, Duration::from_secs(10)).await.unwrap();
    assert_eq!(ready.exit_code, 0, "the container did not become ready");
    docker.set_restart_policy(&container, "unless-stopped").await.unwrap();
    container
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
        env: BTreeMap::new(),
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
        secret_env: BTreeMap::new(),
        log_max_bytes: 10 * 1024 * 1024,
        log_max_files: 3,
        user: inspect["Config"]["User"].as_str().map(str::to_owned),
    };
    (spec, extra)
}
