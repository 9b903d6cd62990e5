//! The command line itself: exit codes, help, what a typo gets.

use crate::support::{User, corpus};

#[test]
fn without_arguments_it_helps_and_exits_2() {
    let user = User::new();
    let ran = user.run(Vec::<String>::new()).expect(2);
    assert!(ran.stderr.contains("Usage: spawnfile") && ran.stdout.is_empty());
    user.run(["--help"]).expect(0).says("Examples:");
    user.run(["--version"]).expect(0).says("spawnfile 0.1.0");
    user.run(["publsh"]).expect(2).says("publish");
    user.run(["up", "--no-such"]).expect(2);
}

#[test]
fn every_command_has_help_with_an_example() {
    let user = User::new();
    for command in [
        "validate",
        "view",
        "compile",
        "lock",
        "build",
        "publish",
        "up",
        "run",
        "status",
        "logs",
        "list",
        "down",
        "auth",
        "plugin",
        "completions",
    ] {
        user.run([command, "--help"]).expect(0).says("Example");
    }
    for shell in ["bash", "zsh", "fish"] {
        assert!(user.run(["completions", shell]).expect(0).stdout.contains("spawnfile"));
    }
}

#[test]
fn an_argument_that_is_nothing_is_refused_without_an_engine() {
    let user = User::new();
    for wrong in ["nope", "./a:1", "../a:1", "UPPER/x:1", "-x"] {
        let mut command = user.command(["up", "--", wrong]);
        command.env("DOCKER_HOST", "unix:///nowhere/docker.sock");
        assert_eq!(command.output().unwrap().status.code(), Some(2), "{wrong}");
    }
    user.run(["up", "org", "--image", "--network", "host"]).expect(2);
    user.run(["publish", "org", "--tag", "x@sha256:zz"]).expect(2);
    user.run(["validate", "nowhere"]).expect(2).says("no Spawnfile found");
    user.run(["status", "--deployment", "Upper"]).expect(2).says("kebab");
    user.run(["status", "--deployment", "absent"]).expect(2).says("home store");
}

#[test]
fn an_engine_that_is_not_there_is_exit_code_1_and_named() {
    let user = User::new();
    let mut command = user.command(["status", "127.0.0.1:1/a:1", "--local"]);
    command.env("DOCKER_HOST", "unix:///nowhere/docker.sock");
    let ran = crate::support::Ran::of(&command.output().unwrap()).expect(1).says("/nowhere/docker.sock");
    assert!(ran.stderr.contains("hint:"));
}

#[test]
fn a_script_gets_its_answer_when_it_fails_too() {
    let user = User::new();
    let ran = user.run(["status", "--deployment", "absent", "--json"]).expect(2);
    let error = &ran.json()["error"];
    assert_eq!((&error["kind"], &error["exit_code"]), (&"input".into(), &2.into()));
    assert!(error["message"].as_str().unwrap().contains("absent") && !error["hints"].as_array().unwrap().is_empty());
    user.write("org/Spawnfile", "spawnfile_version: \"0.1\"\nkind: agent\nname: a\nruntme: x\n");
    let ran = user.run(["validate", "org", "--json"]).expect(2);
    let finding = &ran.json()["error"]["findings"][0];
    assert_eq!((&finding["code"], &finding["position"]["line"]), (&"manifest.unknown-key".into(), &4.into()));
}

#[test]
fn the_corpus_compiles_to_upstream_s_fingerprint() {
    let Some(corpus) = corpus("cli::the_corpus_compiles_to_upstream_s_fingerprint") else { return };
    let user = User::new();
    let project = corpus.join("projects/single-agent");
    user.run(["compile", project.to_str().unwrap(), "--out", "out"]).expect(0);
    let read = |path: &std::path::Path| -> serde_json::Value { serde_json::from_slice(&std::fs::read(path).unwrap()).unwrap() };
    let (mut ours, mut theirs) =
        (read(&user.path().join("out/distribution-report.json")), read(&corpus.join("expected/single-agent/distribution-report.json")));
    ours["generated_at"] = serde_json::Value::Null;
    theirs["generated_at"] = serde_json::Value::Null;
    assert_eq!(ours, theirs);
    let config = "container/rootfs/var/lib/spawnfile/instances/openclaw/agent-analyst/home/.openclaw/openclaw.json";
    assert_eq!(read(&user.path().join("out").join(config)), read(&corpus.join("expected/single-agent").join(config)));
    let view = user.run(["view", project.to_str().unwrap()]).expect(0);
    assert_eq!(view.stdout.lines().next(), Some("agent analyst [openclaw] runtime=openclaw"));
}

#[test]
fn an_environment_example_lists_the_same_names_as_upstream() {
    let Some(corpus) = corpus("cli::an_environment_example_lists_the_same_names_as_upstream") else { return };
    let user = User::new();
    user.run(["compile", corpus.join("projects/single-agent").to_str().unwrap(), "--out", "out"]).expect(0);
    let names = |text: String| -> Vec<String> { text.lines().filter_map(|line| line.strip_suffix('=')).map(str::to_owned).collect() };
    let ours = names(std::fs::read_to_string(user.path().join("out/.env.example")).unwrap());
    let theirs = names(std::fs::read_to_string(corpus.join("expected/single-agent/.env.example")).unwrap());
    assert_eq!(ours, theirs);
}
