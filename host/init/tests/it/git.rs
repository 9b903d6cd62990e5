//! Resources of kind `git`, from repositories of this machine.

use std::os::unix::fs::PermissionsExt;
use std::process::Command;

use serde_json::{Value, json};

use crate::stage::{Stage, stderr};

/// Runs git as the owner of a repository.
fn git(stage: &Stage, folder: &str, args: &[&str]) -> String {
    let mut command = Command::new("git");
    command.args(["-c", "user.name=t", "-c", "user.email=t@localhost", "-c", "init.defaultBranch=main"]).args(args);
    let output = command.current_dir(stage.path(folder)).env("GIT_CONFIG_GLOBAL", "/dev/null").output().unwrap();
    assert!(output.status.success(), "git {args:?}: {}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout).unwrap().trim().to_owned()
}

/// A stage with a bare repository: `main` says `new`, branch `old` and tag `v1` say `old`.
fn stage() -> Stage {
    let stage = Stage::new();
    std::fs::create_dir(stage.path("work")).unwrap();
    git(&stage, "work", &["init", "--quiet"]);
    for (text, after) in [("old", vec!["branch", "old"]), ("new", vec!["log"])] {
        stage.write("work/file", text.as_bytes());
        git(&stage, "work", &["add", "file"]);
        git(&stage, "work", &["commit", "--quiet", "-m", text]);
        if text == "old" {
            git(&stage, "work", &["tag", "-a", "-m", "t", "v1"]);
        }
        git(&stage, "work", &after);
    }
    git(&stage, "", &["clone", "--quiet", "--bare", "work", "bare"]);
    stage
}

fn resource(stage: &mut Stage, mode: &str, more: &[(&str, &str)]) {
    let url = format!("file://{}", stage.text("bare"));
    let mut resource =
        json!({"id": "code", "kind": "git", "backing": stage.path("kept/code"), "link": stage.path("ws/code"), "mode": mode, "url": url});
    for (key, value) in more {
        resource[*key] = Value::from(*value);
    }
    stage.set("resources", json!([resource]));
    stage.set("processes", json!([]));
    stage.process("a", "cat ws/code/file > seen", json!({}));
}

#[track_caller]
fn starts(stage: &Stage) -> String {
    let output = stage.run();
    assert_eq!(output.status.code(), Some(0), "{}", stderr(&output));
    stage.read("seen")
}

#[track_caller]
fn refused(stage: &Stage) -> String {
    let output = stage.run();
    assert_eq!(output.status.code(), Some(78), "{}", stderr(&output));
    assert!(stderr(&output).contains("resource `code`: "), "{}", stderr(&output));
    stderr(&output)
}

#[test]
fn what_is_asked_for_is_checked_out() {
    let mut stage = stage();
    let first = git(&stage, "work", &["rev-parse", "v1^{commit}"]);
    for (selector, text) in [
        (None, "new"),
        (Some("refs/heads/old"), "old"),
        (Some("refs/heads/main"), "new"),
        (Some("refs/tags/v1"), "old"),
        (Some(first.as_str()), "old"),
        (Some("old"), "old"),
    ] {
        let more: Vec<(&str, &str)> = selector.map(|selector| ("selector", selector)).into_iter().collect();
        resource(&mut stage, "mutable", &more);
        assert_eq!(starts(&stage), text, "{selector:?}");
        assert_eq!(starts(&stage), text, "{selector:?}, again");
        assert!(!stage.path("kept/code.new").exists());
        std::fs::remove_dir_all(stage.path("kept")).unwrap();
    }
}

#[test]
fn what_an_agent_did_to_its_clone_stays() {
    let mut stage = stage();
    resource(&mut stage, "mutable", &[("selector", "refs/heads/main")]);
    starts(&stage);
    git(&stage, "kept/code", &["checkout", "--quiet", "-b", "mine"]);
    stage.write("kept/code/file", b"mine");
    git(&stage, "kept/code", &["commit", "--quiet", "-a", "-m", "mine"]);
    assert_eq!(starts(&stage), "mine");
}

#[test]
fn a_readonly_clone_is_protected_and_stands_where_it_should() {
    let mut stage = stage();
    resource(&mut stage, "readonly", &[("selector", "refs/tags/v1")]);
    assert_eq!(starts(&stage), "old");
    assert_eq!(starts(&stage), "old");
    assert_eq!(stage.mode("kept/code/file") & 0o222, 0);
    resource(&mut stage, "readonly", &[("selector", "refs/heads/main")]);
    assert!(refused(&stage).contains("does not stand on `refs/heads/main`"));
    unprotect(&stage.path("kept"));
}

/// So that the folder can be removed by anybody.
fn unprotect(folder: &std::path::Path) {
    std::fs::set_permissions(folder, std::fs::Permissions::from_mode(0o700)).unwrap();
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() && !path.is_symlink() {
            unprotect(&path);
        }
    }
}

#[test]
fn a_clone_of_another_repository_is_refused_and_left_alone() {
    let mut stage = stage();
    resource(&mut stage, "mutable", &[]);
    starts(&stage);
    stage.write("kept/code/file", b"changed");
    resource(&mut stage, "mutable", &[("url", "file:///elsewhere.git")]);
    assert!(refused(&stage).contains("is a clone of another repository than `file:///elsewhere.git`"));
    assert_eq!(stage.read("kept/code/file"), "changed");
    std::fs::remove_dir_all(stage.path("kept/code/.git")).unwrap();
    assert!(refused(&stage).contains("holds something that is no clone"));
    assert_eq!(stage.read("kept/code/file"), "changed");
}

#[test]
fn what_cannot_be_had_is_said_and_nothing_is_left() {
    let mut stage = stage();
    for (key, value, said) in [
        ("url", "file:///no-such-repository.git", "git clone: "),
        ("selector", "refs/heads/v1", "has no branch `v1`"),
        ("selector", "refs/heads/none", "git clone: "),
        ("selector", "refs/tags/none", "the repository has no `refs/tags/none`"),
    ] {
        resource(&mut stage, "mutable", &[(key, value)]);
        let found = refused(&stage);
        assert!(found.contains(said), "{value}: {found}");
        assert!(!stage.path("kept/code").exists() && !stage.path("kept/code.new").exists(), "{value}");
    }
    resource(&mut stage, "mutable", &[("url", "ext::true")]);
    assert!(refused(&stage).contains("transport 'ext' not allowed"), "no program of an address is run");
    stage.env[0].1 = stage.text("work");
    resource(&mut stage, "mutable", &[]);
    assert!(refused(&stage).contains("there is no program `git` in this image"));
}

#[test]
fn what_a_broken_off_start_left_is_replaced() {
    let mut stage = stage();
    std::fs::create_dir_all(stage.path("kept/code.new/half")).unwrap();
    std::fs::create_dir_all(stage.path("kept/code")).unwrap();
    resource(&mut stage, "mutable", &[]);
    assert_eq!(starts(&stage), "new");
    assert!(!stage.path("kept/code.new").exists());
}
