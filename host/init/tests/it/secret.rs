//! Secrets from standard input: whole or not at all, only in their folder.

use std::io::Write;
use std::process::{Child, Output, Stdio};

use serde_json::json;

use crate::stage::{Stage, stderr};

fn stage() -> Stage {
    let mut stage = Stage::new();
    stage.process("a", "exit 0", json!({})).write_plan();
    stage
}

fn begin(stage: &Stage, name: &str, value: &[u8]) -> Child {
    let mut child = stage.command(&["secret", "put", name]).stdin(Stdio::piped()).spawn().unwrap();
    // It may refuse before it has read all.
    let _ignored = child.stdin.take().unwrap().write_all(value);
    child
}

fn put(stage: &Stage, name: &str, value: &[u8]) -> Output {
    begin(stage, name, value).wait_with_output().unwrap()
}

fn names(stage: &Stage) -> Vec<String> {
    std::fs::read_dir(stage.path("secrets")).unwrap().map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect()
}

#[test]
fn it_is_there_whole_and_private() {
    let stage = stage();
    for value in [&b"canary\n"[..], b"second", &vec![b'x'; 1 << 20]] {
        let output = put(&stage, "API_KEY", value);
        assert_eq!(output.status.code(), Some(0), "{}", stderr(&output));
        assert!(output.stdout.is_empty() && output.stderr.is_empty());
        assert_eq!(std::fs::read(stage.path("secrets/API_KEY")).unwrap(), value);
        assert_eq!((stage.mode("secrets/API_KEY"), stage.mode("secrets")), (0o400, 0o700));
        assert_eq!(names(&stage), ["API_KEY"]);
    }
}

#[test]
fn what_is_no_secret_leaves_the_old_one() {
    let stage = stage();
    put(&stage, "API_KEY", b"old");
    for (value, named) in [(&b""[..], "empty"), (b"a\0canary", "NUL"), (&vec![b'x'; (1 << 20) + 1], "longer")] {
        let output = put(&stage, "API_KEY", value);
        assert_eq!(output.status.code(), Some(2));
        assert!(stderr(&output).contains(named) && !stderr(&output).contains("canary"), "{}", stderr(&output));
        assert_eq!(stage.read("secrets/API_KEY"), "old");
    }
    for name in ["../x", "a/b", "", ".", "A B", "1A"] {
        assert_eq!(put(&stage, name, b"value").status.code(), Some(2), "{name}");
    }
    assert_eq!(names(&stage), ["API_KEY"]);
    assert!(!stage.path("x").exists());
}

#[test]
fn many_at_once_do_not_mix() {
    let stage = stage();
    stage.secret(".spawnfile-new", b"left by one that was killed");
    let values: Vec<Vec<u8>> = (b'a'..=b'h').map(|letter| vec![letter; 200_000]).collect();
    let children: Vec<Child> = values.iter().map(|value| begin(&stage, "API_KEY", value)).collect();
    for child in children {
        assert_eq!(child.wait_with_output().unwrap().status.code(), Some(0));
    }
    assert!(values.contains(&std::fs::read(stage.path("secrets/API_KEY")).unwrap()));
    assert_eq!(names(&stage), ["API_KEY"]);
}

#[test]
fn a_folder_that_is_a_link_is_refused() {
    let stage = stage();
    std::fs::create_dir(stage.path("elsewhere")).unwrap();
    std::os::unix::fs::symlink(stage.path("elsewhere"), stage.path("secrets")).unwrap();
    let output = put(&stage, "API_KEY", b"value");
    assert_eq!(output.status.code(), Some(1), "{}", stderr(&output));
    assert!(std::fs::read_dir(stage.path("elsewhere")).unwrap().next().is_none());
}

#[test]
fn a_name_that_is_a_link_is_replaced_not_followed() {
    let stage = stage();
    stage.write("victim", b"untouched");
    std::fs::create_dir(stage.path("secrets")).unwrap();
    std::os::unix::fs::symlink(stage.path("victim"), stage.path("secrets/API_KEY")).unwrap();
    assert_eq!(put(&stage, "API_KEY", b"value").status.code(), Some(0));
    assert_eq!(stage.read("victim"), "untouched");
    assert!(!stage.path("secrets/API_KEY").is_symlink());
}

#[test]
fn without_a_plan_there_is_no_folder() {
    let stage = stage();
    std::fs::remove_file(stage.path("init.json")).unwrap();
    assert_eq!(put(&stage, "API_KEY", b"value").status.code(), Some(78));
    assert!(!stage.path("secrets").exists());
}

#[test]
fn what_was_put_is_what_the_next_start_gets() {
    let mut stage = stage();
    put(&stage, "API_KEY", b"first");
    put(&stage, "API_KEY", b"second");
    stage.set("require_env", json!(["API_KEY"]));
    stage.plan["processes"] = json!([]);
    stage.process("a", "test \"$API_KEY\" = second", json!({"env_from": ["API_KEY"]}));
    let output = stage.run();
    assert_eq!(output.status.code(), Some(0), "{}", stderr(&output));
}
