//! Builds, inspection, names, and files out of images that never run.

use std::fs;

use spawnfile_docker::{BuildContext, DockerError, FileWanted};

use crate::ground::{cli, engine, image, program};

fn wanted(path: &str, optional: bool) -> Vec<FileWanted> {
    vec![FileWanted { path: path.to_owned(), max_bytes: 4 * 1024 * 1024, optional }]
}

const REPORT: &str = "/spawnfile/spawnfile-report.json";

#[tokio::test]
async fn an_image_is_built_inspected_named_and_removed() {
    let (docker, guard) = engine("built").await;
    let lines = "LABEL com.spawnfile.project=\"a b\"\nUSER 10001:10001\nEXPOSE 8080\nVOLUME /data\nENTRYPOINT [\"/bin/sh\"]\nCMD [\"-c\", \"true\"]";
    let (tag, id) = image(&docker, &guard, "a", &[], lines).await;
    let found = docker.inspect_image(&tag.to_string()).await.unwrap().unwrap();
    assert_eq!(found.id, id);
    assert_eq!(docker.inspect_image(id.as_str()).await.unwrap().as_ref(), Some(&found));
    assert_eq!(found.labels["com.spawnfile.project"], "a b");
    assert!(found.platform.starts_with("linux/"), "{}", found.platform);
    assert_eq!(
        (found.user.as_str(), found.exposed_ports, found.volumes),
        ("10001:10001", vec!["8080/tcp".to_owned()], vec!["/data".to_owned()])
    );
    assert_eq!((found.entrypoint, found.cmd), (vec!["/bin/sh".to_owned()], vec!["-c".to_owned(), "true".to_owned()]));
    assert!(found.size > 1_000_000 && found.repo_digests.is_empty());

    let second = format!("{}-b:2", guard.prefix).parse().unwrap();
    docker.tag(id.as_str(), &second).await.unwrap();
    assert_eq!(docker.inspect_image(&second.to_string()).await.unwrap().unwrap().id, id);
    docker.remove_image(&second.to_string()).await.unwrap();
    docker.remove_image(&tag.to_string()).await.unwrap();
    assert_eq!(docker.inspect_image(id.as_str()).await.unwrap(), None);
    assert!(docker.remove_image(&tag.to_string()).await.unwrap_err().is_not_found());
}

#[tokio::test]
async fn a_build_that_fails_shows_its_last_output() {
    let (docker, guard) = engine("fails").await;
    let dir = tempfile::tempdir().unwrap();
    fs::create_dir(dir.path().join("bin")).unwrap();
    fs::copy(program("SPAWNFILE_TEST_BUSYBOX_BIN", "/bin/busybox"), dir.path().join("bin/sh")).unwrap();
    // The label lets the guard find what the failed build leaves in the cache.
    let lines = format!("FROM scratch\nLABEL test={}\nCOPY bin /bin\nRUN echo the-reason; exit 7\n", guard.prefix);
    fs::write(dir.path().join("Dockerfile"), lines).unwrap();
    let tag = format!("{}-x:1", guard.prefix).parse().unwrap();
    let mut steps = Vec::new();
    let error = docker.build(&BuildContext::new(dir.path()), Some(&tag), None, &mut |step| steps.push(step.status)).await.unwrap_err();
    let DockerError::Build { message, output, .. } = &error else { panic!("{error:?}") };
    assert!(message.contains('7') && output.contains("the-reason"), "{error:?}");
    assert!(steps.iter().any(|step| step.contains("Step 4/4")), "{steps:?}");

    let missing = BuildContext::new(dir.path().join("nope"));
    let error = docker.build(&missing, Some(&tag), None, &mut |_| ()).await.unwrap_err();
    assert!(matches!(&error, DockerError::Local { path, .. } if path.contains("nope")), "{error:?}");
}

#[tokio::test]
async fn a_report_is_read_without_running_anything() {
    let (docker, guard) = engine("report").await;
    // No command, no entrypoint.
    let files: &[(&str, &[u8])] = &[("spawnfile/spawnfile-report.json", b"{\"a\":1}"), ("spawnfile/spawnfile-extras.json", b"{}")];
    let (_, id) = image(&docker, &guard, "plain", files, "").await;
    let mut both = wanted(REPORT, false);
    both.extend(wanted("/spawnfile/none.json", true));
    both.extend(wanted("/nowhere/none.json", true));
    both.extend(wanted("/spawnfile/spawnfile-extras.json", true));
    let read = docker.read_files(&id, &both).await.unwrap();
    assert_eq!(read, [Some(b"{\"a\":1}".to_vec()), None, None, Some(b"{}".to_vec())]);
    let error = docker.read_files(&id, &wanted("/spawnfile/none.json", false)).await.unwrap_err();
    assert!(error.is_not_found() && error.to_string().contains("/spawnfile/none.json"), "{error}");
    assert_eq!(cli(&["ps", "-a", "-q", "--filter", &format!("ancestor={id}")]), "");

    docker.remove_image(id.as_str()).await.unwrap();
    assert!(docker.read_files(&id, &wanted(REPORT, true)).await.unwrap_err().is_not_found());
}

#[tokio::test]
async fn what_is_no_small_file_is_refused() {
    let (docker, guard) = engine("hostile").await;
    let big = vec![b'x'; 5 * 1024 * 1024];
    let files: &[(&str, &[u8])] = &[
        ("spawnfile/folder/inner.json", b"{}"),
        ("spawnfile/link.json", b"->/etc/passwd"),
        ("etc/passwd", b"root:x:0:0::/:/bin/sh\n"),
        ("spawnfile/big.json", &big),
    ];
    let (_, id) = image(&docker, &guard, "bad", files, "").await;
    for (path, word) in
        [("/spawnfile/folder", "regular file"), ("/spawnfile/link.json", "regular file"), ("/spawnfile/big.json", "5242880")]
    {
        let error = docker.read_files(&id, &wanted(path, true)).await.unwrap_err();
        assert!(matches!(error, DockerError::Malformed { .. }) && error.to_string().contains(word), "{path}: {error}");
    }
    for path in ["/", "/spawnfile/../etc/passwd", "spawnfile/x", "/a\nb"] {
        assert!(matches!(docker.read_files(&id, &wanted(path, true)).await, Err(DockerError::Invalid { .. })), "{path}");
    }
    assert_eq!(cli(&["ps", "-a", "-q", "--filter", &format!("ancestor={id}")]), "");
}

#[tokio::test]
async fn a_declared_volume_leaves_none_behind() {
    let (docker, guard) = engine("volume").await;
    let files: &[(&str, &[u8])] = &[("spawnfile/spawnfile-report.json", b"{\"in\":\"volume\"}")];
    let (_, id) = image(&docker, &guard, "volume", files, "VOLUME /spawnfile").await;
    let since = cli(&["info", "--format", "{{.SystemTime}}"]).trim().to_owned();
    let read = docker.read_files(&id, &wanted(REPORT, false)).await.unwrap();
    assert_eq!(read, [Some(b"{\"in\":\"volume\"}".to_vec())]);
    let until = cli(&["info", "--format", "{{.SystemTime}}"]).trim().to_owned();
    let events = |filter: &str, format: &str| {
        let listed = cli(&["events", "--since", &since, "--until", &until, "--filter", filter, "--format", format]);
        listed.lines().map(str::to_owned).collect::<Vec<_>>()
    };
    // The helper of this image, then the volumes that were mounted into it.
    let helpers = events(&format!("image={id}"), "{{.Action}} {{.Actor.ID}}");
    let helper = helpers.iter().find_map(|line| line.strip_prefix("create ")).expect("no helper was made").to_owned();
    let mounted = events("event=mount", "{{.Actor.ID}} {{index .Actor.Attributes \"container\"}}");
    let volumes: Vec<&str> = mounted.iter().filter_map(|line| line.strip_suffix(&format!(" {helper}"))).collect();
    assert!(!volumes.is_empty(), "the image was to have a volume: {mounted:?}");
    let there = cli(&["volume", "ls", "-q"]);
    assert!(volumes.iter().all(|volume| !there.contains(volume)), "{volumes:?} are still there");
}
