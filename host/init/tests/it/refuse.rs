//! Plans that cannot be followed, and plans whose needs are not met: nothing starts, one sentence says why.

use serde_json::{Value, json};

use crate::stage::{Stage, stderr};

fn stage() -> Stage {
    let mut stage = Stage::new();
    stage.process("main", "echo started > started", json!({}));
    stage
}

fn refused(stage: &Stage, bytes: &[u8]) -> String {
    stage.write("init.json", bytes);
    let output = stage.command(&[]).output().unwrap();
    assert_eq!(output.status.code(), Some(78), "{}", stderr(&output));
    assert!(!stage.path("started").exists());
    let text = stderr(&output);
    assert_eq!(text.lines().count(), 1, "{text}");
    assert!(text.starts_with("spawnfile-init: error: plan"), "{text}");
    text
}

#[test]
fn a_plan_that_is_no_plan() {
    let stage = stage();
    let good = serde_json::to_string(&stage.plan).unwrap();
    let nest = format!("{}{}", "[".repeat(100_000), "]".repeat(100_000));
    let deep = good.replace("\"processes\":[", &format!("\"processes\":[{nest},"));
    let deep_key = good.replacen('{', &format!("{{\"deep\":{nest},"), 1);
    let long = format!("{good}{}", " ".repeat(5_000_000));
    let version = good.replace("init.v1", "init.v2");
    let unknown = good.replacen('{', "{\"unknown_key\":1,", 1);
    let twice = good.replacen('{', "{\"exit\":\"first-death\",", 1);
    let escape = good.replacen('{', "{\"\\u001b[31m\\n\":1,", 1);
    for (bytes, named) in [
        ("", "EOF"),
        ("{", "EOF"),
        ("null", "invalid type"),
        ("\u{feff}{}", "expected value"),
        ("{}", "missing field `version`"),
        (&deep, "expected a string"),
        (&deep_key, "unknown field `deep`"),
        (&long, "longer than 4194304 bytes"),
        (&version, "spawnfile.init.v2"),
        (&unknown, "unknown_key"),
        (&twice, "duplicate field `exit`"),
        (&escape, "unknown field"),
        (&format!("{good}x"), "trailing"),
    ] {
        let text = refused(&stage, bytes.as_bytes());
        assert!(text.contains(named), "{named}: {text}");
        assert!(!text.contains('\u{1b}'));
    }
    assert!(refused(&stage, &[0xff, 0xfe]).contains("plan"));
}

#[test]
fn a_plan_that_is_not_there_or_no_file() {
    let stage = stage();
    let ask = || stderr(&stage.command(&[]).output().unwrap());
    assert!(ask().contains("init.json` does not exist"), "{}", ask());
    let fifo = std::process::Command::new("mkfifo").arg(stage.path("init.json")).status().unwrap();
    assert!(fifo.success());
    assert!(ask().contains("not a regular file"), "{}", ask());
}

#[test]
fn a_plan_that_says_what_cannot_be() {
    type Change = fn(&mut Value);
    let cases: &[(&str, Change)] = &[
        ("first-death", |p| p["exit"] = json!("never")),
        ("no processes", |p| p["processes"] = json!([])),
        ("secrets_dir", |p| p["secrets_dir"] = json!("relative")),
        ("..", |p| p["require_files"] = json!(["/a/../b"])),
        ("A=B", |p| p["require_env"] = json!(["A=B"])),
        ("JSON pointer", |p| p["json_patches"] = json!([{"file": "/f", "pointer": "", "from": {"env": "A"}, "transform": "none"}])),
        ("rot13", |p| p["json_patches"] = json!([{"file": "/f", "pointer": "/a", "from": {"env": "A"}, "transform": "rot13"}])),
        ("brace", |p| p["derived_env"] = json!([{"name": "A", "template": "{B", "unless_set": true}])),
        ("4755", |p| p["env_files"] = json!([{"env": "A", "path": "/f", "mode": "4755", "then_unset": false}])),
        ("no address", |p| p["resources"] = json!([{"id": "r", "kind": "git", "backing": "/b", "link": "/l", "mode": "mutable"}])),
        ("no address", |p| {
            p["resources"] =
                json!([{"id": "r", "kind": "git", "url": "--upload-pack=x", "backing": "/b", "link": "/l", "mode": "mutable"}]);
        }),
        ("a volume with", |p| {
            p["resources"] = json!([{"id": "r", "kind": "volume", "url": "x", "backing": "/b", "link": "/l", "mode": "mutable"}]);
        }),
        ("kind `nfs`", |p| p["resources"] = json!([{"id": "r", "kind": "nfs", "backing": "/b", "link": "/l", "mode": "mutable"}])),
        ("mode `x`", |p| p["resources"] = json!([{"id": "r", "kind": "volume", "backing": "/b", "link": "/l", "mode": "x"}])),
        ("no process", |p| p["networks"] = json!([{"id": "n", "url_env": "U", "rebinds": [], "tokens": [], "server": "x"}])),
        ("argv", |p| p["processes"][0]["argv"] = json!([])),
        ("argv", |p| p["processes"][0]["argv"] = json!(["./sh"])),
        ("NUL", |p| p["processes"][0]["argv"] = json!(["/bin/sh", "a\0"])),
        ("NUL", |p| p["processes"][0]["env"] = json!({"A": "\0"})),
        ("after `x`", |p| p["processes"][0]["after"] = json!(["x"])),
        ("wait for each other", |p| p["processes"][0]["after"] = json!(["main"])),
        ("same id", |p| p["processes"] = json!([p["processes"][0], p["processes"][0]])),
        ("SIGNOTHING", |p| p["processes"][0]["stop_signal"] = json!("SIGNOTHING")),
        ("A*B", |p| p["processes"][0]["scrub_env"] = json!(["A*B"])),
        ("ready", |p| p["processes"][0]["ready"] = json!({"http_get": {"port": 1, "path": "x\r\nHost: y"}})),
        ("stop_grace_ms", |p| p["processes"][0]["stop_grace_ms"] = json!(4_000_000)),
    ];
    for (named, change) in cases {
        let stage = stage();
        let mut plan = stage.plan.clone();
        change(&mut plan);
        let text = refused(&stage, &serde_json::to_vec(&plan).unwrap());
        assert!(text.contains(named), "{named}: {text}");
    }
}

#[test]
fn all_that_is_missing_is_listed_at_once() {
    let mut stage = stage();
    stage.set("require_env", json!(["FILE_KEY", "ENV_KEY", "EMPTY_KEY", "GONE_KEY"]));
    stage.set("require_files", json!([stage.path("there"), stage.path("gone.json"), stage.path("gone.toml")]));
    stage.write("there", b"").secret("FILE_KEY", b"canary-1").secret("EMPTY_KEY", b"");
    stage.env("ENV_KEY", "canary-2").env("EMPTY_KEY", "");
    let output = stage.run();
    let text = stderr(&output);
    assert_eq!(output.status.code(), Some(78));
    assert!(text.contains("values are missing: `EMPTY_KEY`, `GONE_KEY`\n"), "{text}");
    assert!(text.contains("gone.json") && text.contains("gone.toml") && !text.contains("there"), "{text}");
    assert!(!text.contains("FILE_KEY") && !text.contains("ENV_KEY") && !text.contains("canary"), "{text}");
    assert!(!stage.path("started").exists());
}

#[test]
fn a_secret_that_cannot_be_delivered_whole() {
    for (bytes, named) in [(b"a\0b".to_vec(), "NUL"), (vec![b'x'; (1 << 20) + 1], "longer than 1048576")] {
        let mut stage = stage();
        stage.set("require_env", json!(["KEY"])).secret("KEY", &bytes);
        let output = stage.run();
        assert_eq!(output.status.code(), Some(78));
        assert!(stderr(&output).contains("KEY") && stderr(&output).contains(named), "{}", stderr(&output));
        assert!(!stage.path("started").exists());
    }
}

#[test]
fn arguments_that_are_not_understood() {
    let stage = stage();
    for bad in [&["nonsense"][..], &["secret", "put", "canary=value"], &["probe", "http", "x", "/"]] {
        let output = stage.ask(bad);
        assert_eq!(output.status.code(), Some(2));
        assert!(!stderr(&output).contains("canary"), "{}", stderr(&output));
    }
}
