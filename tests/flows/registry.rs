//! Images described from the registry: no Engine, no pull, a few kilobytes.

use serde_json::Value;

use crate::support::counting::Counting;
use crate::support::engine::Image;
use crate::support::project::EchoAgent;
use crate::support::{Ran, User, echo, registry, sh, unique};

/// Runs the tool where no Engine answers.
fn without_engine(user: &User, args: &[&str]) -> Ran {
    let mut command = user.command(args);
    command.env("DOCKER_HOST", "unix:///nowhere/docker.sock");
    Ran::of(&command.output().unwrap())
}

/// Publishes an organization and returns its reference with tag, the pinned one, and what the Engine's way says of it.
fn published(registry: &str, name: &str) -> (Image, String, String, Value) {
    echo::runtime_image();
    let reference = format!("{registry}/registry/{name}:1");
    let image = Image(reference.clone());
    let creator = User::with_echo();
    EchoAgent::named(name).write(&creator, "org");
    let pinned = creator.run(["publish", "org", "--tag", &reference]).expect(0).stdout.trim().to_owned();
    let engine = creator.run(["status", &reference, "--local", "--json"]).expect(0).json();
    (image, reference, pinned, engine)
}

/// The reference at the counting proxy.
fn through(counting: &Counting, reference: &str) -> String {
    let (_, path) = reference.split_once('/').unwrap();
    format!("{}/{path}", counting.address)
}

/// What both ways say, without what tells them apart.
fn same(mut status: Value) -> Value {
    let fields = status.as_object_mut().unwrap();
    fields.remove("source").unwrap();
    fields.remove("imageRef").unwrap();
    status
}

#[test]
fn an_image_is_described_in_a_few_kilobytes_without_an_engine() {
    let (_image, reference, pinned, engine) = published(registry::open(), &unique("direct"));
    let counting = Counting::before(registry::open());
    let (tag, digest) = (through(&counting, &reference), through(&counting, &pinned));
    let user = User::new();

    let first = without_engine(&user, &["status", &tag, "--json"]).expect(0).json();
    assert_eq!((first["source"].as_str(), engine["source"].as_str()), (Some("registry"), Some("engine")));
    assert_eq!(same(first), same(engine));
    let seen = counting.take();
    assert_eq!(seen.requests.len(), 3, "{seen:?}");
    assert!(seen.bytes < 64 * 1024, "{} bytes", seen.bytes);

    // A tag that is known costs one HEAD; a digest nothing, and neither does being offline.
    let again = without_engine(&user, &["status", &tag, "--json"]).expect(0).json();
    assert_eq!(again["source"], "cache");
    let seen = counting.take();
    assert!(seen.requests.len() == 1 && seen.requests[0].starts_with("HEAD "), "{seen:?}");
    for args in [&["status", &digest, "--json"][..], &["status", &tag, "--offline", "--json"], &["status", &digest, "--offline", "--json"]]
    {
        let known = without_engine(&user, args).expect(0).json();
        assert_eq!(known["source"], "cache");
    }
    assert_eq!(counting.take().requests, Vec::<String>::new());
    without_engine(&user, &["status", &tag]).expect(0).says("read from: cache").says("NEEDED_KEY");

    let stranger = User::new();
    without_engine(&stranger, &["status", &tag, "--offline"]).expect(2).says("was not read from its registry before");
    without_engine(&stranger, &["status", &tag.replace(":1", ":absent")]).expect(2).says("is not in the registry");
    without_engine(&stranger, &["status", &tag, "--local"]).expect(1).says("/nowhere/docker.sock");
}

#[test]
fn what_stands_in_the_cache_is_private_and_checked() {
    use std::os::unix::fs::PermissionsExt as _;
    let (_image, reference, _, _) = published(registry::open(), &unique("cache"));
    let user = User::new();
    without_engine(&user, &["status", &reference]).expect(0).says("read from: registry");
    let files: Vec<_> =
        user.home_files().into_iter().map(|(path, _)| path).filter(|path| path.starts_with(user.home().join("cache/registry"))).collect();
    assert_eq!(files.len(), 4, "{files:?}");
    for file in &files {
        assert_eq!(std::fs::metadata(file).unwrap().permissions().mode() & 0o777, 0o600, "{}", file.display());
        assert_eq!(std::fs::metadata(file.parent().unwrap()).unwrap().permissions().mode() & 0o777, 0o700);
        std::fs::write(file, "damaged").unwrap();
    }
    without_engine(&user, &["status", &reference]).expect(0).says("read from: registry");
    without_engine(&user, &["status", &reference]).expect(0).says("read from: cache");
}

#[test]
fn a_registry_that_wants_a_login_gets_docker_s() {
    let name = unique("private");
    let reference = format!("{}/registry/{name}:1", registry::private());
    let _image = Image(reference.clone());
    echo::runtime_image();
    let creator = User::with_echo();
    EchoAgent::named(&name).write(&creator, "org");
    // base64 of `ada:lovelace`.
    let auths = format!(r#"{{"auths":{{"{}":{{"auth":"YWRhOmxvdmVsYWNl"}}}}}}"#, registry::private());
    creator.write("user/.docker/config.json", &auths);
    creator.run(["publish", "org", "--tag", &reference]).expect(0);

    let stranger = User::new();
    without_engine(&stranger, &["status", &reference]).expect(1).says("wants a login").says("docker login");
    stranger.write("user/.docker/config.json", auths.replace("YWRhOmxvdmVsYWNl", "YWRhOnVua25vd24="));
    let wrong = without_engine(&stranger, &["status", &reference]).expect(1).says("docker login");
    assert!(!wrong.all().contains("unknown\n") && !wrong.all().contains("YWRhOnVua25vd24="), "{}", wrong.all());
    stranger.write("user/.docker/config.json", &auths);
    without_engine(&stranger, &["status", &reference]).expect(0).says("read from: registry");
}

#[test]
fn documents_below_other_layers_are_found_or_it_is_said() {
    let (_image, reference, _, engine) = published(registry::open(), &unique("below"));
    let folder = tempfile::tempdir().unwrap();
    let build = |tag: &str, dockerfile: &str| {
        std::fs::write(folder.path().join("Dockerfile"), format!("FROM {reference}\n{dockerfile}\n")).unwrap();
        let tag = format!("{reference}-{tag}");
        sh("docker", ["build", "-q", "-t", &tag, folder.path().to_str().unwrap()]);
        sh("docker", ["push", "-q", &tag]);
        (Image(tag.clone()), tag)
    };
    std::fs::write(folder.path().join("small"), "small").unwrap();
    // What does not shrink when it is packed.
    let noise = noise(12 << 20);
    std::fs::write(folder.path().join("large"), noise).unwrap();
    std::fs::write(folder.path().join("other"), "{}").unwrap();
    let user = User::new();
    let counting = Counting::before(registry::open());

    let (_small, tag) = build("small", "COPY small /etc/small");
    let found = without_engine(&user, &["status", &through(&counting, &tag), "--json"]).expect(0).json();
    assert_eq!((&found["agents"], &found["compileFingerprint"]), (&engine["agents"], &engine["compileFingerprint"]));
    let seen = counting.take();
    assert!(seen.bytes < 64 * 1024, "{} bytes", seen.bytes);

    let (_large, tag) = build("large", "COPY large /etc/large");
    without_engine(&user, &["status", &through(&counting, &tag)]).expect(2).says("not in the last layers").says("--pull");
    let seen = counting.take();
    assert!(seen.bytes < 64 * 1024, "{} bytes", seen.bytes);

    // The documents above it: what is read does not grow with the image.
    let documents = "/spawnfile/spawnfile-report.json /spawnfile/spawnfile-extras.json";
    let (_again, tag) = build("again", &format!("COPY large /etc/large\nCOPY --from={reference} {documents} /spawnfile/"));
    let found = without_engine(&user, &["status", &through(&counting, &tag), "--json"]).expect(0).json();
    assert_eq!(found["compileFingerprint"], engine["compileFingerprint"]);
    let seen = counting.take();
    assert!(seen.bytes < 64 * 1024, "{} bytes", seen.bytes);

    let (_other, tag) = build("other", "COPY other /spawnfile/spawnfile-report.json");
    without_engine(&user, &["status", &tag]).expect(2).says("report");
    let (_plain, tag) = build("contract", "LABEL com.spawnfile.image_contract=spawnfile.image.v9");
    without_engine(&user, &["status", &tag]).expect(2).says("spawnfile.image.v9");
}

/// Bytes that look random and are always the same.
fn noise(length: usize) -> Vec<u8> {
    let mut state = 0x9e37_79b9_7f4a_7c15_u64;
    let mut out = Vec::with_capacity(length);
    while out.len() < length {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        out.extend(state.to_le_bytes());
    }
    out
}
