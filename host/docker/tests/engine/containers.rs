//! The life of a container: created hardened, given secrets, started, run in, stopped, removed.

use std::collections::BTreeMap;
use std::time::Duration;

use spawnfile_core::deployment::plan::{ContainerSpec, Limits, PlannedPort, PlannedVolume};
use spawnfile_core::oci::{Digest, labels};
use spawnfile_core::secret::Secret;
use spawnfile_docker::{CreateExtras, Docker, DockerError};

use crate::ground::{Guard, cli, engine, image};

const SERVE: &str =
    r#"ENTRYPOINT ["/bin/sh", "-c", "trap 'echo bye; exit 3' TERM; echo started; echo oops >&2; while :; do busybox sleep 0.05; done"]"#;

fn spec(guard: &Guard, id: &Digest) -> ContainerSpec {
    ContainerSpec {
        name: guard.prefix.clone(),
        unit: "x-container".to_owned(),
        image: id.to_string(),
        env_names: vec!["ENV_KEY".to_owned()],
        env: BTreeMap::from([("LOG_LEVEL".to_owned(), "info".to_owned())]),
        volumes: Vec::new(),
        publish: Vec::new(),
        network: "none".to_owned(),
        limits: Limits { memory_bytes: Some(64 << 20), cpu_millis: Some(500), pids: Some(64) },
        labels: BTreeMap::from([
            (labels::DEPLOYMENT.to_owned(), guard.prefix.clone()),
            (labels::UNIT.to_owned(), "x-container".to_owned()),
            (labels::HOME.to_owned(), "h1".to_owned()),
        ]),
        linux_capabilities: Vec::new(),
        stop_grace_ms: 5000,
    }
}

fn extra() -> CreateExtras {
    CreateExtras { secret_env: BTreeMap::new(), log_max_bytes: 1 << 20, log_max_files: 2, user: Some("10001:10001".to_owned()) }
}

fn argv(parts: &[&str]) -> Vec<String> {
    parts.iter().map(|part| (*part).to_owned()).collect()
}

async fn run(docker: &Docker, container: &str, script: &str, stdin: Option<&[u8]>) -> spawnfile_docker::ExecOutput {
    docker.exec(container, &argv(&["/bin/busybox", "sh", "-c", script]), stdin, 4096, Duration::from_secs(20)).await.unwrap()
}

#[tokio::test]
async fn the_whole_life_of_a_container() {
    let (docker, guard) = engine("life").await;
    let (_, id) = image(&docker, &guard, "life", &[("data/seed", b"seed")], SERVE).await;
    let mut spec = spec(&guard, &id);
    let volume = format!("{}-data", guard.prefix);
    let owner = BTreeMap::from([(labels::HOME.to_owned(), "h1".to_owned())]);
    assert_eq!(docker.ensure_volume(&volume, &owner).await.unwrap(), owner);
    assert_eq!(docker.ensure_volume(&volume, &BTreeMap::new()).await.unwrap(), owner);
    spec.volumes = vec![PlannedVolume { name: volume.clone(), path: "/data".to_owned(), read_only: true }];
    let container = docker.create(&spec, &extra()).await.unwrap();
    assert!(matches!(docker.create(&spec, &extra()).await, Err(DockerError::Conflict { .. })));

    let secrets = BTreeMap::from([("API_KEY".to_owned(), Secret::new(b"canary-in-file\n\xff".to_vec()))]);
    docker.put_secret_files(&container, "/run/spawnfile/secrets", 10001, 10001, &secrets).await.unwrap();
    let facts = docker.facts(&[container.clone(), "0000000000".to_owned()]).await.unwrap();
    assert_eq!((facts.len(), facts[0].state.as_str(), facts[0].started_unix_ms, facts[0].exit_code), (1, "created", None, None));

    docker.start(&container).await.unwrap();
    docker.start(&container).await.unwrap();
    let seen = run(
        &docker,
        &container,
        "busybox stat -c '%a %u:%g' /run/spawnfile/secrets /run/spawnfile/secrets/API_KEY; busybox cat /run/spawnfile/secrets/API_KEY",
        None,
    )
    .await;
    assert_eq!((seen.exit_code, seen.truncated), (0, false), "{seen:?}");
    assert_eq!(seen.stdout, b"700 10001:10001\n400 10001:10001\ncanary-in-file\n\xff");
    let error = docker.put_secret_files(&container, "/run/spawnfile/secrets", 10001, 10001, &secrets).await.unwrap_err();
    assert!(matches!(error, DockerError::Conflict { .. }), "{error:?}");

    let inspect = cli(&["inspect", &container]);
    assert!(!inspect.contains("canary") && !format!("{error:?}").contains("canary"));
    let inspect: serde_json::Value = serde_json::from_str(&inspect).unwrap();
    let host = &inspect[0]["HostConfig"];
    assert_eq!(host["CapDrop"], serde_json::json!(["ALL"]));
    assert_eq!(host["SecurityOpt"], serde_json::json!(["no-new-privileges:true"]));
    assert_eq!((&host["Memory"], &host["MemorySwap"]), (&(64 << 20).into(), &(64 << 20).into()));
    assert_eq!((&host["NanoCpus"], &host["PidsLimit"]), (&500_000_000.into(), &64.into()));
    assert_eq!(host["LogConfig"], serde_json::json!({ "Type": "json-file", "Config": { "max-file": "2", "max-size": "1048576" } }));
    assert_eq!((&host["Binds"], &host["Privileged"]), (&serde_json::Value::Null, &false.into()));
    assert_eq!((&inspect[0]["Image"], &inspect[0]["Config"]["StopTimeout"]), (&id.as_str().into(), &5.into()));
    let inside = run(&docker, &container, "busybox grep -E '^(CapEff|CapBnd|NoNewPrivs|Uid)' /proc/self/status; busybox touch /data/x; busybox cat /data/seed; echo $LOG_LEVEL", None).await;
    let text = String::from_utf8(inside.stdout).unwrap().replace('\t', " ");
    for line in ["CapEff: 0000000000000000", "CapBnd: 0000000000000000", "NoNewPrivs: 1", "Uid: 10001", "seed", "info"] {
        assert!(text.contains(line), "{line}: {text}");
    }
    assert!(String::from_utf8_lossy(&inside.stderr).contains("Read-only"), "{:?}", inside.stderr);

    assert_eq!(docker.wait_exit(&container, Duration::from_millis(200)).await.unwrap(), None);
    docker.set_restart_policy(&container, "on-failure").await.unwrap();
    assert_eq!(cli(&["inspect", "--format", "{{.HostConfig.RestartPolicy.Name}}", &container]).trim(), "on-failure");
    docker.set_restart_policy(&container, "no").await.unwrap();
    assert!(matches!(docker.set_restart_policy(&container, "always").await, Err(DockerError::Invalid { .. })));
    let renamed = format!("{}-previous", guard.prefix);
    docker.rename(&container, &renamed).await.unwrap();
    docker.stop(&container, Duration::from_secs(5)).await.unwrap();
    docker.stop(&container, Duration::from_secs(5)).await.unwrap();
    assert_eq!(docker.wait_exit(&container, Duration::from_secs(5)).await.unwrap(), Some(3));

    let found = docker.find(&BTreeMap::from([(labels::DEPLOYMENT.to_owned(), guard.prefix.clone())])).await.unwrap();
    assert_eq!(found.len(), 1);
    assert_eq!((found[0].name.as_str(), found[0].state.as_str(), found[0].exit_code), (renamed.as_str(), "exited", Some(3)));
    assert_eq!((found[0].unit.as_str(), found[0].image_id.as_str()), ("x-container", id.as_str()));
    assert!(found[0].started_unix_ms.unwrap() > 1_600_000_000_000);
    assert_eq!(found[0].labels, spec.labels);

    let logs = String::from_utf8(docker.logs_tail(&container, 100, 1 << 20).await.unwrap()).unwrap();
    assert!(logs.contains("started\n") && logs.contains("oops\n") && logs.ends_with("bye\n"), "{logs}");
    assert_eq!(docker.logs_tail(&container, 1, 1 << 20).await.unwrap(), b"bye\n");
    assert_eq!(docker.logs_tail(&container, 100, 3).await.unwrap(), b"ye\n");

    assert!(matches!(docker.remove_volume(&volume).await, Err(DockerError::Conflict { .. })));
    docker.remove(&container, false, true).await.unwrap();
    assert!(docker.remove(&container, true, true).await.unwrap_err().is_not_found());
    assert!(docker.volume_labels(&volume).await.unwrap().is_some(), "a named volume stays");
    docker.remove_volume(&volume).await.unwrap();
    assert_eq!(docker.volume_labels(&volume).await.unwrap(), None);
}

#[tokio::test]
async fn secrets_of_the_environment_arrive_as_they_are() {
    let (docker, guard) = engine("env").await;
    let (_, id) = image(&docker, &guard, "env", &[], SERVE).await;
    let mut extra = extra();
    let value = "-----BEGIN KEY-----\n\"quoted\" \\ $x\n-----END KEY-----\n";
    extra.secret_env.insert("ENV_KEY".to_owned(), Secret::new(value.into()));
    let container = docker.create(&spec(&guard, &id), &extra).await.unwrap();
    docker.start(&container).await.unwrap();
    let seen = run(&docker, &container, "busybox printf %s \"$ENV_KEY\"", None).await;
    assert_eq!(String::from_utf8(seen.stdout).unwrap(), value);
    let facts = docker.facts(std::slice::from_ref(&container)).await.unwrap();
    assert!(!format!("{facts:?}").contains("quoted"));
    docker.kill(&container, "SIGKILL").await.unwrap();
    assert_eq!(docker.wait_exit(&container, Duration::from_secs(10)).await.unwrap(), Some(137));
    assert!(matches!(docker.kill(&container, "SIGKILL").await, Err(DockerError::Conflict { .. })));
    docker.remove(&container, true, true).await.unwrap();
}

#[tokio::test]
async fn programs_run_inside_with_bounds() {
    let (docker, guard) = engine("exec").await;
    let (_, id) = image(&docker, &guard, "exec", &[], SERVE).await;
    let container = docker.create(&spec(&guard, &id), &extra()).await.unwrap();
    let sleep = argv(&["/bin/busybox", "sleep", "30"]);
    assert!(matches!(docker.exec(&container, &sleep, None, 10, Duration::from_secs(5)).await, Err(DockerError::Conflict { .. })));
    docker.start(&container).await.unwrap();

    let both = run(&docker, &container, "echo out; echo err >&2; exit 9", None).await;
    assert_eq!((both.exit_code, both.stdout.as_slice(), both.stderr.as_slice()), (9, b"out\n".as_slice(), b"err\n".as_slice()));
    // More than any buffer on the way, in both directions at once.
    let input = vec![b'i'; 3 * 1024 * 1024];
    let echoed = run(&docker, &container, "busybox cat", Some(&input)).await;
    assert_eq!((echoed.exit_code, echoed.stdout.len(), echoed.truncated), (0, 4096, true));
    let counted = run(&docker, &container, "busybox wc -c", Some(&input)).await;
    assert_eq!(String::from_utf8(counted.stdout).unwrap().trim(), input.len().to_string());
    let unread = run(&docker, &container, "exit 4", Some(&input)).await;
    assert_eq!(unread.exit_code, 4);

    let start = std::time::Instant::now();
    let error = docker.exec(&container, &sleep, None, 10, Duration::from_millis(700)).await.unwrap_err();
    assert!(matches!(error, DockerError::Deadline { .. }) && start.elapsed() < Duration::from_secs(5), "{error:?}");
    let missing = docker.exec(&container, &argv(&["/nonexistent"]), None, 4096, Duration::from_secs(20)).await;
    assert!(matches!(&missing, Ok(output) if output.exit_code == 126 || output.exit_code == 127), "{missing:?}");
    docker.remove(&container, true, true).await.unwrap();
}

#[tokio::test]
async fn ports_are_published_where_asked_and_networks_owned() {
    let (docker, guard) = engine("net").await;
    let (_, id) = image(&docker, &guard, "net", &[], SERVE).await;
    let mut spec = spec(&guard, &id);
    spec.network = "bridge".to_owned();
    spec.publish = vec![PlannedPort { address: "127.0.0.1".to_owned(), host_port: 0, port: 8080 }];
    let container = docker.create(&spec, &extra()).await.unwrap();
    docker.start(&container).await.unwrap();
    let facts = docker.facts(std::slice::from_ref(&container)).await.unwrap().remove(0);
    assert_eq!(facts.ports.len(), 1, "{:?}", facts.ports);
    assert_eq!((facts.ports[0].address.as_str(), facts.ports[0].port), ("127.0.0.1", 8080));
    assert_ne!(facts.ports[0].host_port, 0);
    docker.remove(&container, true, true).await.unwrap();

    spec.network = "internal".to_owned();
    spec.publish.clear();
    let container = docker.create(&spec, &extra()).await.unwrap();
    let network = format!("spawnfile-{}", guard.prefix);
    assert_eq!(cli(&["network", "inspect", "--format", "{{.Internal}}", &network]).trim(), "true");
    assert_eq!(cli(&["inspect", "--format", "{{.HostConfig.NetworkMode}}", &container]).trim(), network);
    let mut other_home = spec.clone();
    other_home.labels.insert(labels::HOME.to_owned(), "h2".to_owned());
    other_home.name = format!("{}-2", guard.prefix);
    assert!(matches!(docker.create(&other_home, &extra()).await, Err(DockerError::Conflict { .. })));
    assert!(matches!(docker.remove_network(&other_home.labels).await, Err(DockerError::Conflict { .. })));
    docker.remove(&container, true, true).await.unwrap();
    docker.remove_network(&spec.labels).await.unwrap();
    assert!(docker.remove_network(&spec.labels).await.unwrap_err().is_not_found());
}

#[tokio::test]
async fn a_folder_for_secrets_that_is_a_link_is_not_followed() {
    let (docker, guard) = engine("link").await;
    let files: &[(&str, &[u8])] = &[("run/spawnfile/secrets", b"->/etc"), ("etc/passwd", b"root:x:0:0::/:/bin/sh\n")];
    let (_, id) = image(&docker, &guard, "link", files, SERVE).await;
    let container = docker.create(&spec(&guard, &id), &extra()).await.unwrap();
    let secrets = BTreeMap::from([("API_KEY".to_owned(), Secret::new(b"canary".to_vec()))]);
    let error = docker.put_secret_files(&container, "/run/spawnfile/secrets", 10001, 10001, &secrets).await.unwrap_err();
    assert!(matches!(error, DockerError::Refused { .. }), "{error:?}");
    docker.start(&container).await.unwrap();
    let seen = run(&docker, &container, "busybox ls /etc", None).await;
    assert!(!String::from_utf8(seen.stdout).unwrap().contains("API_KEY"));
    docker.remove(&container, true, true).await.unwrap();
}
