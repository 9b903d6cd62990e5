//! A scripted Engine on a Unix socket, for what a real one does not do on demand.
#![expect(clippy::unwrap_used, reason = "helpers of tests fail by panic")]

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::time::Duration;

use spawnfile_core::deployment::plan::{ContainerSpec, Limits};
use spawnfile_core::oci::{Digest, Reference};
use spawnfile_core::secret::Secret;
use spawnfile_docker::{BuildContext, CreateExtras, Docker, DockerError, Endpoint, EndpointRequest, FileWanted, RegistryAuth};

mod fake;
use fake::{Fake, Reply, http, json};

fn image_json(volumes: usize) -> String {
    let mut text = String::new();
    for number in 0..volumes {
        write!(text, "{}\"/v{number}\":{{}}", if number == 0 { "" } else { "," }).unwrap();
    }
    format!(
        r#"{{"Id":"{}","RepoDigests":null,"Os":"linux","Architecture":"amd64","Size":5,"Config":{{"Volumes":{{{text}}}}}}}"#,
        Digest::of(b"i")
    )
}

fn reference(text: &str) -> Reference {
    text.parse().unwrap()
}

fn report() -> Vec<FileWanted> {
    vec![FileWanted { path: "/spawnfile/r.json".to_owned(), max_bytes: 1000, optional: false }]
}

#[tokio::test]
async fn what_is_no_engine_is_refused() {
    let fake = Fake::bare(|_| Reply::Bytes(http(200, "text/html", b"<html>welcome</html>")));
    let error = Docker::connect(&fake.endpoint).await.unwrap_err();
    assert!(matches!(error, DockerError::Malformed { .. }), "{error:?}");
    assert!(error.to_string().contains("engine.sock") && error.to_string().contains("--host"), "{error}");

    let fake = Fake::bare(|_| Reply::Bytes(b"\x16\x03\x01 not http".to_vec()));
    let error = Docker::connect(&fake.endpoint).await.unwrap_err();
    assert!(matches!(error, DockerError::Unreachable { .. }), "{error:?}");
}

#[tokio::test]
async fn nobody_there_names_the_endpoint_and_the_choice() {
    let dir = tempfile::tempdir().unwrap();
    let request = EndpointRequest {
        env_docker_host: Some(format!("unix://{}/none.sock", dir.path().display())),
        docker_config_dir: dir.path().to_owned(),
        ..EndpointRequest::default()
    };
    let error = Docker::connect(&Endpoint::resolve(&request).unwrap()).await.unwrap_err();
    assert!(matches!(error, DockerError::Unreachable { .. }), "{error:?}");
    assert!(error.to_string().contains("none.sock") && error.to_string().contains("DOCKER_HOST"), "{error}");
}

#[tokio::test]
async fn an_engine_that_never_answers_is_given_five_seconds() {
    let fake = Fake::bare(|_| Reply::Silence);
    let start = std::time::Instant::now();
    let error = Docker::connect(&fake.endpoint).await.unwrap_err();
    assert!(matches!(error, DockerError::Deadline { .. }), "{error:?}");
    assert!(error.to_string().contains("engine.sock"), "{error}");
    assert!(start.elapsed() >= Duration::from_secs(5));
}

#[tokio::test]
async fn versions_are_negotiated_and_stand_in_every_path() {
    for old in ["1.12", "1.40", "0.9"] {
        let fake = Fake::start(old, |_| json(200, "{}"));
        let error = Docker::connect(&fake.endpoint).await.unwrap_err();
        assert!(matches!(&error, DockerError::Version { found, .. } if found == old), "{error:?}");
    }
    for (theirs, path) in [("1.41", "/v1.41/"), ("9.99", "/v1.53/")] {
        let fake = Fake::start(theirs, |head| if head.starts_with("GET") { json(404, r#"{"message":"none"}"#) } else { json(204, "") });
        let docker = fake.docker().await;
        assert_eq!(docker.inspect_image("a:1").await.unwrap(), None);
        docker.start("c").await.unwrap();
        let requests = fake.requests();
        assert_eq!(requests[1], format!("GET {path}images/a:1/json HTTP/1.1"));
        assert_eq!(requests[2], format!("POST {path}containers/c/start HTTP/1.1"));
    }
    for nonsense in ["", "one", "1", "1.x", "99999999999.1"] {
        let fake = Fake::start(nonsense, |_| json(200, "{}"));
        assert!(matches!(Docker::connect(&fake.endpoint).await, Err(DockerError::Malformed { .. })), "{nonsense}");
    }
}

#[tokio::test]
async fn a_proxys_page_is_no_fact() {
    let fake = Fake::start("1.41", |_| Reply::Bytes(http(404, "text/html", b"<html>\x1b[31mnot here</html>")));
    let error = fake.docker().await.inspect_image("a:1").await.unwrap_err();
    assert!(matches!(&error, DockerError::Refused { status: 404, .. }), "{error:?}");
    assert!(!error.to_string().contains('\u{1b}'), "{error}");
    let fake = Fake::start("1.41", |_| Reply::Bytes(http(200, "text/html", b"<html></html>")));
    let docker = fake.docker().await;
    assert!(matches!(docker.inspect_image("a:1").await, Err(DockerError::Malformed { .. })));
    assert!(matches!(docker.pull(&reference("a:1"), None, &mut |_| ()).await, Err(DockerError::Malformed { .. })));
    assert!(matches!(docker.wait_exit("c", Duration::from_secs(5)).await, Err(DockerError::Malformed { .. })));
}

#[tokio::test]
async fn endless_answers_are_cut_off() {
    let endless = |kind: &'static str, piece: &'static [u8]| {
        Fake::start("1.41", move |head| {
            let start = if head.contains("/json") { "HTTP/1.1 200 OK\r\n\r\n{\"Id\":\"" } else { "HTTP/1.1 200 OK\r\n\r\n" };
            assert!(head.contains(kind), "{head}");
            Reply::Endless(start.as_bytes().to_vec(), piece.repeat(4096))
        })
    };
    let fake = endless("/images/", b"x");
    let error = fake.docker().await.inspect_image("a:1").await.unwrap_err();
    assert!(error.to_string().contains("longer than"), "{error}");
    let fake = endless("/images/create", b"x");
    let error = fake.docker().await.pull(&reference("a:1"), None, &mut |_| ()).await.unwrap_err();
    assert!(error.to_string().contains("line longer"), "{error}");
    // A frame that claims four gigabytes, and more of them than may be read: the end of what came is the answer.
    let fake = endless("/logs", b"\x01\0\0\0\xff\xff\xff\xff");
    let tail = fake.docker().await.logs_tail("c", 5, 1000).await.unwrap();
    assert_eq!(tail.len(), 1000);
}

#[tokio::test]
async fn streams_that_break_off_are_errors() {
    let cut = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n14\r\n{\"status\":\"Pulling\"}\r\n".to_vec();
    let fake = Fake::start("1.41", move |_| Reply::Bytes(cut.clone()));
    let docker = fake.docker().await;
    let mut steps = Vec::new();
    let error = docker.pull(&reference("a:1"), None, &mut |step| steps.push(step.status)).await.unwrap_err();
    assert!(matches!(error, DockerError::Unreachable { .. }), "{error:?}");
    let fake = Fake::start("1.41", |_| Reply::Bytes(b"HTTP/1.1 200 OK\r\nContent-Length: 500\r\n\r\n{\"Id\":".to_vec()));
    let error = fake.docker().await.inspect_image("a:1").await.unwrap_err();
    assert!(matches!(error, DockerError::Unreachable { .. }), "{error:?}");
    let fake = Fake::start("1.41", |_| Reply::Bytes(Vec::new()));
    let error = fake.docker().await.facts(&["c".to_owned()]).await.unwrap_err();
    assert!(matches!(error, DockerError::Unreachable { .. }), "{error:?}");
}

#[tokio::test]
async fn a_login_is_sent_and_never_shown() {
    let echo = r#"{"message":"login canary-password (or Y2FuYXJ5) is wrong: unauthorized"}"#;
    let fake = Fake::start("1.41", move |_| json(500, echo));
    let docker = fake.docker().await;
    let login = RegistryAuth::Basic { username: "u".to_owned(), password: Secret::new(b"canary-password".to_vec()) };
    for error in [
        docker.pull(&reference("127.0.0.1:5000/a:1"), Some(&login), &mut |_| ()).await.unwrap_err(),
        docker.push(&reference("127.0.0.1:5000/a:1"), Some(&login), &mut |_| ()).await.unwrap_err(),
        docker.registry_digest(&reference("127.0.0.1:5000/a:1"), Some(&login)).await.unwrap_err(),
    ] {
        assert!(matches!(error, DockerError::Auth { .. }), "{error:?}");
        assert!(!format!("{error:?} {error}").contains("canary-password"), "{error}");
    }
    let heads = fake.heads();
    assert!(heads[1].starts_with("POST /v1.41/images/create?fromImage=127.0.0.1%3A5000%2Fa&tag=1 "), "{}", heads[1]);
    assert!(heads[2].starts_with("POST /v1.41/images/127.0.0.1:5000/a/push?tag=1 "), "{}", heads[2]);
    assert!(heads[3].starts_with("GET /v1.41/distribution/127.0.0.1:5000/a:1/json "), "{}", heads[3]);
    assert!(heads[1..].iter().all(|head| head.to_lowercase().contains("x-registry-auth: eyj")), "{heads:?}");
}

#[tokio::test]
async fn pull_never_asks_for_every_tag() {
    let fake = Fake::start("1.41", |_| json(200, "{\"status\":\"done\"}\r\n"));
    let docker = fake.docker().await;
    let digest = Digest::of(b"x");
    for text in ["a".to_owned(), format!("a:1@{digest}")] {
        docker.pull(&reference(&text), None, &mut |_| ()).await.unwrap();
    }
    let requests = fake.requests();
    assert!(requests[1].contains("fromImage=a&tag=latest "), "{requests:?}");
    assert!(requests[2].contains(&format!("fromImage=a&tag=sha256%3A{} ", digest.hex())), "{requests:?}");
}

#[tokio::test]
async fn push_takes_the_digest_of_the_stream_or_of_the_repository() {
    let (streamed, known) = (Digest::of(b"streamed"), Digest::of(b"known"));
    let aux =
        format!("{{\"status\":\"1: digest\"}}\r\n{{\"progressDetail\":{{}},\"aux\":{{\"Tag\":\"1\",\"Digest\":\"{streamed}\"}}}}\r\n");
    let fake = Fake::start("1.41", move |_| json(200, &aux));
    let pushed = fake.docker().await.push(&reference("r.io/a:1"), None, &mut |_| ()).await.unwrap();
    assert_eq!(pushed, Some(streamed.clone()));
    let image = format!(r#"{{"Id":"{known}","RepoDigests":["other.io/a@{streamed}","r.io/a@{known}"],"Config":null}}"#);
    let fake =
        Fake::start("1.41", move |head| if head.contains("/push") { json(200, "{\"status\":\"pushed\"}\r\n") } else { json(200, &image) });
    let pushed = fake.docker().await.push(&reference("r.io/a:1"), None, &mut |_| ()).await.unwrap();
    assert_eq!(pushed, Some(known));
}

#[tokio::test]
async fn a_build_that_loses_its_cache_is_done_once_more_without_it() {
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("Dockerfile"), "FROM scratch\n").unwrap();
    let id = Digest::of(b"built");
    let lost = r#"{"error":"failed to get digest sha256:63b6: open /x/sha256/63b6: no such file or directory"}"#;
    let good = format!("{{\"aux\":{{\"ID\":\"{id}\"}}}}");
    let fake = Fake::start("1.41", move |head| json(200, if head.contains("nocache=1") { &good } else { lost }));
    let context = BuildContext::new(folder.path());
    let built = fake.docker().await.build(&context, None, None, &mut |_| ()).await.unwrap();
    assert_eq!(built, id);
    let builds = fake.requests().into_iter().filter(|line| line.contains("/build?"));
    assert_eq!(builds.map(|line| line.contains("nocache=1")).collect::<Vec<_>>(), [false, true]);

    let always = Fake::start("1.41", move |_| json(200, lost));
    let error = always.docker().await.build(&context, None, None, &mut |_| ()).await.unwrap_err();
    assert!(matches!(error, DockerError::Build { .. }), "{error}");
    assert_eq!(always.requests().iter().filter(|line| line.contains("/build?")).count(), 2, "and not for ever");
}

#[tokio::test]
async fn an_echoed_secret_is_taken_out() {
    let fake = Fake::start("1.41", |_| json(500, r#"{"message":"invalid env KEY=canary-value-1"}"#));
    let spec = ContainerSpec {
        name: "c".to_owned(),
        unit: "u".to_owned(),
        image: Digest::of(b"i").to_string(),
        env_names: vec!["KEY".to_owned()],
        env: BTreeMap::new(),
        volumes: Vec::new(),
        publish: Vec::new(),
        network: "none".to_owned(),
        limits: Limits::default(),
        labels: BTreeMap::new(),
        linux_capabilities: Vec::new(),
        stop_grace_ms: 0,
    };
    let extra = CreateExtras {
        secret_env: BTreeMap::from([("KEY".to_owned(), Secret::new(b"canary-value-1".to_vec()))]),
        log_max_bytes: 1,
        log_max_files: 1,
        user: None,
    };
    let error = fake.docker().await.create(&spec, &extra).await.unwrap_err();
    assert!(error.to_string().contains("KEY=[secret]"), "{error}");
    assert!(!format!("{error:?}").contains("canary"), "{error:?}");
}

#[tokio::test]
async fn an_image_with_too_many_volumes_gets_no_helper() {
    let fake = Fake::start("1.41", |_| json(200, &image_json(10_000)));
    let error = fake.docker().await.read_files(&Digest::of(b"i"), &report()).await.unwrap_err();
    assert!(error.to_string().contains("10000 volumes"), "{error}");
    assert_eq!(fake.requests().len(), 2, "{:?}", fake.requests());
}

/// An Engine that has the image and makes the helper, and answers the archive by `archive`.
fn helper_engine(archive: impl Fn() -> Reply + Send + Sync + 'static) -> Fake {
    Fake::start("1.41", move |head| match head {
        head if head.contains("/images/") => json(200, &image_json(1)),
        head if head.contains("/containers/create") => json(201, r#"{"Id":"abc"}"#),
        head if head.contains("/archive") => archive(),
        head if head.starts_with("DELETE") => json(204, ""),
        head => panic!("{head}"),
    })
}

fn is_removed(fake: &Fake) -> bool {
    fake.requests().iter().any(|line| {
        line.starts_with("DELETE /v1.41/containers/spawnfile-helper-") && line.contains("force=true") && line.contains("v=true")
    })
}

#[tokio::test]
async fn hostile_archives_are_left_at_once_and_the_helper_removed() {
    let stat = |mode: u64, size: i64| {
        use base64::Engine as _;
        let text = format!(r#"{{"name":"r.json","size":{size},"mode":{mode},"mtime":"2026-01-01T00:00:00Z","linkTarget":""}}"#);
        format!("HTTP/1.1 200 OK\r\nX-Docker-Container-Path-Stat: {}\r\n\r\n", base64::engine::general_purpose::STANDARD.encode(text))
            .into_bytes()
    };
    let cases: [(&str, Vec<u8>, Vec<u8>); 5] = [
        ("not a regular file", stat(1 << 31 | 0o755, 0), vec![0; 4096]),
        ("not a regular file", stat(1 << 27 | 0o777, 0), vec![0; 4096]),
        ("more than 1000", stat(0o644, 5_000_000), vec![0; 4096]),
        ("data after its end", stat(0o644, 10), vec![0; 4096]),
        ("no ustar stream", b"HTTP/1.1 200 OK\r\n\r\n".to_vec(), vec![b'x'; 4096]),
    ];
    for (word, start, piece) in cases {
        let fake = helper_engine(move || Reply::Endless(start.clone(), piece.clone()));
        let error = fake.docker().await.read_files(&Digest::of(b"i"), &report()).await.unwrap_err();
        assert!(error.to_string().contains(word) && error.to_string().contains("/spawnfile/r.json"), "{word}: {error}");
        assert!(is_removed(&fake), "{:?}", fake.requests());
        assert!(fake.comes("(left)").await, "the rest of the archive is still being read");
    }
}

#[tokio::test]
async fn a_vanished_helper_is_no_missing_file() {
    let fake = helper_engine(|| json(404, r#"{"message":"No such container: abc"}"#));
    let mut wanted = report();
    wanted[0].optional = true;
    let error = fake.docker().await.read_files(&Digest::of(b"i"), &wanted).await.unwrap_err();
    assert!(error.is_not_found(), "{error:?}");
    let fake = helper_engine(|| json(404, r#"{"message":"Could not find the file /spawnfile/r.json in container abc"}"#));
    assert_eq!(fake.docker().await.read_files(&Digest::of(b"i"), &wanted).await.unwrap(), [None]);
    assert!(is_removed(&fake));
}

#[tokio::test]
async fn a_caller_that_stops_waiting_leaves_no_helper() {
    let fake = helper_engine(|| Reply::Silence);
    let docker = fake.docker().await;
    let digest = Digest::of(b"i");
    let wanted = report();
    let read = docker.read_files(&digest, &wanted);
    assert!(tokio::time::timeout(Duration::from_millis(500), read).await.is_err());
    for _ in 0..50 {
        if is_removed(&fake) {
            return;
        }
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    panic!("{:?}", fake.requests());
}

#[tokio::test]
async fn the_sweep_takes_old_helpers_only() {
    let now = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).unwrap().as_secs();
    let row = |id: &str, name: &str, age: u64, state: &str| {
        format!(r#"{{"Id":"{id}","Names":["/{name}"],"Created":{},"State":"{state}"}}"#, now - age)
    };
    let listed = format!(
        "[{},{},{},{}]",
        row("old", "spawnfile-helper-1", 3600, "created"),
        row("young", "spawnfile-helper-2", 60, "created"),
        // Inherited the label from its image.
        row("other", "database", 3600, "created"),
        row("running", "spawnfile-helper-3", 3600, "running"),
    );
    let fake = Fake::start("1.41", move |head| if head.starts_with("GET") { json(200, &listed) } else { json(204, "") });
    assert_eq!(fake.docker().await.sweep_helpers().await.unwrap(), 1);
    let deleted: Vec<String> = fake.requests().into_iter().filter(|line| line.starts_with("DELETE")).collect();
    assert_eq!(deleted.len(), 1);
    assert!(deleted[0].starts_with("DELETE /v1.41/containers/old?") && deleted[0].contains("v=true"), "{deleted:?}");
}
