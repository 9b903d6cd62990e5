//! Processes that start in order, become ready, and end by themselves.

use std::time::Duration;

use serde_json::json;

use crate::server::{Server, closed_port};
use crate::stage::{Stage, stderr, until};

#[test]
fn one_waits_for_another_to_be_ready() {
    let server = Server::status(503);
    let mut stage = Stage::new();
    stage.process("second", "echo > second; exec sleep 60", json!({"after": ["first"]}));
    let ready = json!({"http_get": {"port": server.port, "path": "/healthz"}});
    stage.process("first", "echo > first; exec sleep 60", json!({"ready": ready}));
    let _init = stage.start();
    stage.wait_for_state("first", "running");
    stage.wait_for("first");
    std::thread::sleep(Duration::from_millis(300));
    assert_eq!(stage.wait_for_state("second", "waiting")["pid"], json!(null));
    assert!(!stage.path("second").exists());
    assert_eq!(stage.ask(&["ready"]).status.code(), Some(1));
    server.set_status(204);
    stage.wait_for("second");
    assert_eq!(stage.wait_for_state("first", "running")["ready"], json!(true));
    stage.wait_for("state/ready");
    assert_eq!(stage.ask(&["ready"]).status.code(), Some(0));
}

#[test]
fn waiting_ends_but_readiness_does_not_come() {
    let mut stage = Stage::new();
    let ready = json!({"http_get": {"port": closed_port(), "path": "/"}});
    stage.process("first", "exec sleep 60", json!({"ready": ready}));
    stage.process("second", "echo > second; exec sleep 60", json!({"after": ["first"]}));
    stage.options = ["--start-wait-ms", "200"].map(str::to_owned).to_vec();
    let mut init = stage.start();
    stage.wait_for("second");
    stage.wait_for_state("second", "running");
    assert_eq!(stage.ask(&["ready"]).status.code(), Some(1));
    let output = init.signal(rustix::process::Signal::TERM).end();
    assert!(stderr(&output).contains("`second` starts although these are not ready: first"), "{}", stderr(&output));
}

#[test]
fn the_first_death_decides_the_exit_code() {
    for (script, code) in [("exit 7", 7), ("exit 0", 0), ("kill -KILL $$", 137), ("kill -SEGV $$", 139)] {
        let mut stage = Stage::new();
        stage.process("other", "trap 'echo > other-stopped; exit 3' TERM; echo > up; while :; do sleep 0.05; done", json!({}));
        stage.process("mortal", &format!("while [ ! -e up ]; do sleep 0.05; done; {script}"), json!({}));
        let output = stage.run();
        assert_eq!(output.status.code(), Some(code), "{script}: {}", stderr(&output));
        assert!(stage.path("other-stopped").exists());
        assert!(stderr(&output).contains(&format!("`mortal` ended by itself with exit code {code}")), "{}", stderr(&output));
        assert_eq!(stage.wait_for_state("mortal", "exited")["exit_code"], json!(code));
        assert_eq!(stage.wait_for_state("other", "exited")["exit_code"], json!(3));
        assert_eq!(stage.json("state/status.json")["phase"], json!("stopped"));
        assert!(!stage.path("state/ready").exists());
    }
}

#[test]
fn programs_that_cannot_be_started() {
    for (argv, code) in [("no-such-program-anywhere", 127), ("/no/such/program", 127), ("/etc/passwd", 126)] {
        let mut stage = Stage::new();
        stage.process("other", "exec sleep 60", json!({}));
        stage.process("broken", "", json!({"argv": [argv, "argument"]}));
        let output = stage.run();
        assert_eq!(output.status.code(), Some(code), "{}", stderr(&output));
        assert!(stderr(&output).contains("broken") && stderr(&output).contains(argv), "{}", stderr(&output));
        stage.wait_for_state("broken", "failed");
    }
}

#[test]
fn programs_are_found_in_their_own_path() {
    let mut stage = Stage::new();
    std::fs::create_dir(stage.path("bin")).unwrap();
    std::os::unix::fs::symlink("/bin/sh", stage.path("bin/only-here")).unwrap();
    // Not executable, not a file, not absolute: none of these is it.
    stage.write("only-here", b"");
    std::fs::create_dir_all(stage.path("folder/only-here")).unwrap();
    let path = format!(":.:bin:{}:{}:{}", stage.text(""), stage.text("folder"), stage.text("bin"));
    stage.process("a", "", json!({"argv": ["only-here", "-c", "exit 5"], "env": {"PATH": path}}));
    assert_eq!(stage.run().status.code(), Some(5));
}

#[test]
fn ready_is_gone_before_anything_stops() {
    let mut stage = Stage::new();
    let script = "trap 'while [ ! -e go ]; do sleep 0.05; done; exit 0' TERM; echo > up; while :; do sleep 0.05; done";
    stage.process("slow", script, json!({}));
    std::fs::create_dir(stage.path("state")).unwrap();
    stage.write("state/ready", b"of an earlier run\n");
    let mut init = stage.start();
    stage.wait_for("up");
    until("ready", || (stage.ask(&["ready"]).status.code() == Some(0)).then_some(()));
    assert_eq!(stage.read("state/ready"), "ready\n");
    assert_eq!(stage.json("state/status.json")["phase"], json!("ready"));
    init.signal(rustix::process::Signal::TERM);
    stage.wait_for_state("slow", "stopping");
    assert_eq!(stage.ask(&["ready"]).status.code(), Some(1));
    assert_eq!(stage.json("state/status.json")["phase"], json!("stopping"));
    stage.write("go", b"");
    assert_eq!(init.end().status.code(), Some(0));
}

#[test]
fn readiness_of_an_earlier_run_does_not_count_when_the_plan_fails() {
    let mut stage = Stage::new();
    std::fs::create_dir(stage.path("state")).unwrap();
    stage.write("state/ready", b"ready\n");
    stage.set("require_env", json!(["GONE"])).process("a", "exit 0", json!({}));
    assert_eq!(stage.run().status.code(), Some(78));
    assert_eq!(stage.ask(&["ready"]).status.code(), Some(1));
}

#[test]
fn a_state_folder_that_cannot_be_written_is_said_once() {
    let mut stage = Stage::new();
    stage.write("state", b"not a folder");
    stage.process("a", "sleep 0.3; exit 4", json!({}));
    let output = stage.run();
    assert_eq!(output.status.code(), Some(4));
    assert_eq!(stderr(&output).matches("cannot write the state").count(), 1, "{}", stderr(&output));
    assert_eq!(stage.ask(&["status", "--json"]).status.code(), Some(1));
}

#[test]
fn the_status_is_told_as_json() {
    let mut stage = Stage::new();
    stage.process("a", "exec sleep 60", json!({}));
    let _init = stage.start();
    stage.wait_for_state("a", "running");
    let output = stage.ask(&["status", "--json"]);
    assert_eq!(output.status.code(), Some(0));
    let status: spawnfile_core::init_plan::InitStatus = serde_json::from_slice(&output.stdout).unwrap();
    assert_eq!((status.version.as_str(), status.init_version.as_str()), ("spawnfile.init-status.v1", env!("CARGO_PKG_VERSION")));
    let process = &status.processes[0];
    assert!(process.pid.is_some() && process.started_ms.unwrap() >= status.started_ms && process.exit_code.is_none());
    let version = stage.ask(&["--version"]);
    assert_eq!(String::from_utf8(version.stdout).unwrap(), format!("spawnfile-init {}\n", env!("CARGO_PKG_VERSION")));
}
