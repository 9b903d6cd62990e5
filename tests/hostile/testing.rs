//! `plugin test`: what passes, what fails, and how both are said.

use super::{kind, written};
use crate::support::guests::hostile;
use crate::support::{User, echo};

#[test]
fn the_bundle_and_the_echo_kind_pass() {
    let user = User::new();
    let listed = user.run(["plugin", "list", "--json"]).expect(0).json();
    let ids = listed["plugins"].as_array().unwrap().iter().map(|plugin| plugin["id"].as_str().unwrap().to_owned());
    let subjects: Vec<String> = ids.chain([echo::plugin().to_str().unwrap().to_owned()]).collect();
    assert!(subjects.len() > 3);
    for subject in subjects {
        let ran = user.run(["plugin", "test", &subject]).expect(0);
        let last = ran.stdout.lines().last().unwrap();
        assert!(last.ends_with(" passed, 0 failed") && !last.starts_with("0 "), "{subject}: {last}");
        assert!(ran.stdout.lines().skip(1).all(|line| line.starts_with("ok  ") || line == last), "{}", ran.stdout);
    }
    assert!(user.home_files().is_empty(), "nothing is added: {:?}", user.home_files());
}

#[test]
fn a_check_that_fails_says_why_and_what_to_do() {
    let user = User::new();
    for (word, check, reason) in [
        ("order", "lower.same", "gives other bytes"),
        ("escape", "lower.paths", "etc/cron.d/evil"),
        ("drop-doc", "lower.outcomes", "neither placed nor reported"),
        ("panic", "bounded", "the cat sat on the keyboard"),
    ] {
        let ran = user.run(["plugin", "test", &kind(&user, word)]).expect(1);
        let line =
            ran.stdout.lines().find(|line| line.starts_with(&format!("FAILED  {check}"))).unwrap_or_else(|| panic!("{}", ran.stdout));
        assert!(line.contains(reason) && line.contains("; to do: "), "{line}");
        assert!(ran.stdout.starts_with("plugin `test/hostile@0.1.0` (sha256:"), "{}", ran.stdout);
        assert!(ran.stdout.lines().last().unwrap().ends_with(" failed"), "{}", ran.stdout);
    }
    let target = written(&user, "target.wasm", &hostile("target", "host-mount"));
    user.run(["plugin", "test", &target]).expect(1).says("FAILED  start.capability").says("the volumes of unit");
    let validator = written(&user, "validator.wasm", &hostile("validator", "accept"));
    user.run(["plugin", "test", &validator]).expect(1).says("FAILED  reports.broken").says("accepts it");
}

#[test]
fn the_answer_is_a_document_too() {
    let user = User::new();
    let answer = user.run(["plugin", "test", &kind(&user, "escape"), "--json"]).expect(1).json();
    assert_eq!((&answer["plugin"]["id"], &answer["kind"]), (&"test/hostile".into(), &"runtime-kind".into()));
    let checks = answer["checks"].as_array().unwrap();
    let failed: Vec<_> = checks.iter().filter(|check| !check["failure"].is_null()).collect();
    assert_eq!(answer["failed"].as_u64().unwrap(), failed.len() as u64);
    assert_eq!(answer["passed"].as_u64().unwrap(), (checks.len() - failed.len()) as u64);
    assert!(failed.iter().all(|check| check["failure"]["reason"].is_string() && check["failure"]["hint"].is_string()), "{answer:#}");
}

#[test]
fn what_cannot_be_tested_is_said() {
    let user = User::new();
    user.run(["plugin", "test", "nowhere.wasm"]).expect(2).says("no file, no folder and no plugin id");
    user.run(["plugin", "test", "acme/nobody"]).expect(2).says("acme/nobody");
    let garbage = written(&user, "garbage.wasm", b"PK\x03\x04");
    user.run(["plugin", "test", &garbage]).expect(1).says("FAILED  loads").says("0 passed, 1 failed");
    // A folder works as for `add`.
    user.write("plugin/plugin.wasm", hostile("kind", "none"));
    user.run(["plugin", "test", "plugin"]).expect(0).says(" passed, 0 failed");
}
