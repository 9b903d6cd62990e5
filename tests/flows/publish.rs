//! From a project to a running deployment on another machine, through a registry.

use crate::support::engine::{Cleanup, Image};
use crate::support::project::EchoAgent;
use crate::support::{Ran, User, echo, engine, registry, sh, unique};

#[test]
fn an_organization_goes_the_whole_way_through_a_registry() {
    echo::runtime_image();
    let name = unique("whole-way");
    let reference = format!("{}/demo/{name}:1.0.0", registry::open());
    let _image = Image(reference.clone());
    let _down = Cleanup(name.clone());

    let creator = User::with_echo();
    EchoAgent::named(&name).write(&creator, "org");
    creator.run(["validate", "org"]).expect(0).says("validation succeeded").says("nodes: 1").says("runtimes: echo");
    let published = creator.run(["publish", "org", "--tag", &reference]).expect(0);
    let pinned = published.stdout.trim().to_owned();
    assert!(pinned.starts_with(&format!("{}/demo/{name}@sha256:", registry::open())), "{pinned}");
    assert!(creator.path().join("org/Spawnfile.lock").is_file());

    // Another machine: no project, no plugin of the kind, no image.
    sh("docker", ["rmi", "-f", &reference]);
    let consumer = User::new();
    consumer.run(["status", &reference, "--local"]).expect(2).says("--pull");
    consumer.run(["status", &reference]).expect(0).says("read from: registry");
    let status = consumer.run(["status", &pinned, "--pull", "--json"]).expect(0).json();
    assert_eq!(status["agents"][0]["name"], name.as_str());
    assert_eq!(status["requiredSecrets"], serde_json::json!(["NEEDED_KEY"]));

    let env = consumer.write("env", "NEEDED_KEY=value-of-needed-key\n");
    let up = consumer.run(["up", &reference, "--pull", "--env-file", env.to_str().unwrap(), "--json"]).expect(0).json();
    assert_eq!(up["deployment"], name.as_str());
    assert_eq!(up["digest"].as_str().unwrap(), pinned.split_once('@').unwrap().1);

    let live = consumer.run(["status", "--deployment", &name, "--live"]).expect(0);
    assert!(live.stdout.contains("runtime.health"), "{}", live.stdout);
    let live = consumer.run(["status", "--deployment", &name, "--live", "--json"]).expect(0).json();
    let observations = live["observations"].as_array().unwrap();
    assert!(observations.iter().any(|o| o["key"] == "runtime.health" && o["severity"] == "ok"), "{observations:#?}");
    assert!(observations.iter().all(|o| o["severity"] != "error"), "{observations:#?}");

    let list = consumer.run(["list", "--json"]).expect(0).json();
    assert_eq!(list["deployments"][0]["state"], "up");
    assert_eq!(creator.run(["list", "--json"]).expect(0).json()["deployments"], serde_json::json!([]));

    consumer.run(["down", "--deployment", &name]).expect(0);
    assert_eq!(engine::containers(&name), Vec::<String>::new());
    consumer.run(["down", "--deployment", &name]).expect(2).says("no deployment");
}

#[test]
fn both_documents_are_alone_in_the_last_layer() {
    echo::runtime_image();
    let creator = User::with_echo();
    let name = unique("last-layer");
    let tag = format!("spawnfile-test/{name}:1");
    let _image = Image(tag.clone());
    EchoAgent::named(&name).write(&creator, "org");
    creator.run(["build", "org", "--tag", &tag]).expect(0);
    let saved = creator.path().join("saved");
    std::fs::create_dir(&saved).unwrap();
    let (archive, folder) = (creator.path().join("image.tar"), saved.to_str().unwrap());
    sh("docker", ["save", "--output", archive.to_str().unwrap(), &tag]);
    sh("tar", ["-xf", archive.to_str().unwrap(), "-C", folder]);
    let manifest: serde_json::Value = serde_json::from_slice(&std::fs::read(saved.join("manifest.json")).unwrap()).unwrap();
    let last = manifest[0]["Layers"].as_array().unwrap().last().unwrap().as_str().unwrap();
    let listing = sh("tar", ["-tf", saved.join(last).to_str().unwrap()]);
    let files: std::collections::BTreeSet<&str> = listing.lines().filter(|line| !line.ends_with('/')).collect();
    assert_eq!(files.into_iter().collect::<Vec<_>>(), ["spawnfile/spawnfile-extras.json", "spawnfile/spawnfile-report.json"]);
}

#[test]
fn the_same_project_gives_the_same_bytes_wherever_it_lies() {
    let (one, two) = (User::with_echo(), User::with_echo());
    EchoAgent::named("same").write(&one, "a/deep/folder");
    EchoAgent::named("same").write(&two, "b");
    one.run(["compile", "a/deep/folder", "--out", "out"]).expect(0);
    let mut other = two.command(["compile", "b", "--out", "out"]);
    other.env("LC_ALL", "de_DE.UTF-8").env("TZ", "Asia/Tokyo");
    assert!(other.status().unwrap().success());
    for file in ["Dockerfile", "rootfs.tar", "distribution-report.json", ".env.example", "image/spawnfile/spawnfile-extras.json"] {
        let (a, b) = (one.path().join("out").join(file), two.path().join("out").join(file));
        assert_eq!(std::fs::read(a).unwrap(), std::fs::read(b).unwrap(), "{file}");
    }
    let here = one.path().to_str().unwrap().to_owned();
    for file in ["Dockerfile", "rootfs.tar", "distribution-report.json", ".env.example", "image/spawnfile/spawnfile-extras.json"] {
        let bytes = std::fs::read(one.path().join("out").join(file)).unwrap();
        assert!(!bytes.windows(here.len()).any(|window| window == here.as_bytes()), "{file} names a folder of this machine");
    }
}

#[test]
fn a_failed_compile_leaves_the_old_output() {
    let user = User::with_echo();
    EchoAgent::named("kept").write(&user, "org");
    user.run(["compile", "org"]).expect(0);
    let report = user.path().join("org/.spawn/distribution-report.json");
    let before = std::fs::read(&report).unwrap();
    user.write("org/Spawnfile", "spawnfile_version: \"0.1\"\nkind: agent\nname: kept\nnonsense: 1\n");
    user.run(["compile", "org"]).expect(2).says("nonsense").says("Spawnfile:4:1");
    assert_eq!(std::fs::read(&report).unwrap(), before);
}

#[test]
fn a_plain_docker_build_of_the_output_carries_the_same_contract() {
    echo::runtime_image();
    let name = unique("plain-build");
    let tag = format!("spawnfile-test/{name}:1");
    let _image = Image(tag.clone());
    let user = User::with_echo();
    EchoAgent::named(&name).write(&user, "org");
    user.run(["compile", "org", "--out", "out"]).expect(0);
    sh("docker", ["build", "-q", "-t", &tag, user.path().join("out").to_str().unwrap()]);
    let status = user.run(["status", &tag, "--json"]).expect(0).json();
    assert_eq!(status["project"], name.as_str());
}

#[test]
fn a_private_registry_is_used_with_the_login_of_docker() {
    use base64::Engine as _;
    echo::runtime_image();
    let name = unique("private");
    let host = registry::private();
    let reference = format!("{host}/{name}:1");
    let _image = Image(reference.clone());
    let user = User::with_echo();
    EchoAgent::named(&name).write(&user, "org");
    user.run(["publish", "org", "--tag", &reference]).expect(1).says("docker login");
    let login = base64::engine::general_purpose::STANDARD.encode("ada:lovelace");
    user.write("user/.docker/config.json", format!(r#"{{"auths":{{"{host}":{{"auth":"{login}"}}}}}}"#));
    let published = user.run(["publish", "org", "--tag", &reference]).expect(0);
    assert!(!published.all().contains("lovelace") && !published.all().contains(&login));
    sh("docker", ["rmi", "-f", &reference]);
    user.run(["status", &reference, "--pull"]).expect(0);
    sh("docker", ["rmi", "-f", &reference]);
    User::new().run(["status", &reference, "--pull"]).expect(1).says("docker login");
}

#[test]
fn what_must_not_be_published_is_not() {
    echo::runtime_image();
    let name = unique("leaks");
    let reference = format!("{}/demo/{name}:1", registry::open());
    let _image = Image(reference.clone());
    let creator = User::with_echo();
    let publish = |prompt: &str, extra: &[&str]| {
        let mut agent = EchoAgent::named(&name);
        prompt.clone_into(&mut agent.prompt);
        agent.write(&creator, "org");
        let mut command = creator.command(["publish", "org", "--tag", &reference]);
        Ran::of(&command.args(extra).env("NEEDED_KEY", "canary-of-the-shell").output().unwrap())
    };
    let own = creator.path().join("org/notes").display().to_string();
    for (prompt, code) in [
        ("Look into /home/ada/notes first.", "leak.path-shape"),
        (own.as_str(), "leak.path"),
        ("The key is canary-of-the-shell.", "leak.value"),
    ] {
        let ran = publish(prompt, &[]).expect(2).says(code).says("system.md:3:");
        assert!(!ran.all().contains("canary"), "{}", ran.all());
        assert!(!ran.all().contains("Building"), "refused before anything is built: {}", ran.all());
    }
    assert_eq!(sh("docker", ["images", "-q", &reference]), "");

    // Docs may show what a key looks like; a configuration may not.
    let token = format!("sk-ant-{}", "api03-abcDEF123456_7890-ghiJKL");
    let ran = publish(&format!("Keys look like {token}."), &["--dry-run"]).expect(0).says("leak.token");
    assert!(!ran.all().contains(&token), "{}", ran.all());
    EchoAgent::named(&name).option(&format!("greeting: {token}")).write(&creator, "org");
    let ran = creator.run(["publish", "org", "--tag", &reference]);
    assert!(ran.code == 2 && !ran.all().contains(&token), "{}", ran.all());

    let allow = "version = 1\n[[allow]]\nfile = \"FILE\"\ncode = \"leak.path-shape\"\ncount = 1\nreason = \"an example path\"\n";
    let shown = publish("Answer.", &["--dry-run", "--json"]).expect(0).json();
    let file = shown["files"].as_array().unwrap().iter().find_map(|file| file["path"].as_str().filter(|path| path.ends_with("system.md")));
    creator.write("org/Spawnfile.allow", allow.replace("FILE", file.unwrap()));
    publish("Look into /home/ada/notes first.", &[]).expect(0);
    publish("Look into /home/ada/notes and /home/ada/more.", &[]).expect(2);
}

#[test]
fn a_dry_run_shows_everything_and_does_nothing() {
    let user = User::with_echo();
    EchoAgent::named("dry").write(&user, "org");
    let mut command = user.command(["publish", "org", "--dry-run", "--json"]);
    let shown = Ran::of(&command.env("DOCKER_HOST", "unix:///nowhere.sock").output().unwrap()).expect(0).json();
    let of =
        |end: &str| shown["files"].as_array().unwrap().iter().find(|file| file["path"].as_str().unwrap().ends_with(end)).cloned().unwrap();
    assert_eq!(of("system.md")["bytes"], 40);
    assert_eq!(of("system.md")["digest"].as_str().unwrap().len(), 71);
    assert_eq!(of("/spawnfile/init")["mode"], "0755");
    assert_eq!(of("/spawnfile/spawnfile-report.json")["mode"], "0644");
    assert_eq!(shown["labels"]["com.spawnfile.project"], "dry");
    assert!(!user.path().join("org/.spawn").exists() && !user.path().join("org/Spawnfile.lock").exists());
    user.run(["publish", "org", "--dry-run"]).expect(0).says("nothing was built, pushed or written");
    user.run(["publish", "org"]).expect(2).says("--tag");
}
