//! What happens before the processes start: values, files, patches, resources and networks.

use std::os::unix::fs::PermissionsExt;

use serde_json::json;

use crate::stage::{Stage, stderr};

#[test]
fn each_process_gets_its_own_secrets_and_no_other() {
    let mut stage = Stage::new();
    stage.secret("A_KEY", b"from-file\nsecond line\n").secret("B_KEY", b"canary-b").secret("UNNAMED_KEY", b"unnamed");
    stage.env("A_KEY", "from-env").env("B_KEY", "from-env").env("UNNAMED_KEY", "from-env");
    stage.env("PLAIN", "plain").env("SPAWNFILE_X", "x").env("EXACT", "e").env("EXACTLY", "stays");
    stage.set(
        "derived_env",
        json!([
            {"name": "HOOK", "template": "hooks-{B_KEY}", "unless_set": true},
            {"name": "PLAIN_COPY", "template": "new", "unless_set": true},
            {"name": "OVER", "template": "{B_KEY}!", "unless_set": false},
            {"name": "NONE", "template": "{ABSENT}", "unless_set": true},
        ]),
    );
    stage.env("PLAIN_COPY", "old").env("OVER", "old");
    let dump = "env -0 > $OUT.new && mv $OUT.new $OUT && exec sleep 60";
    stage.process("a", dump, json!({"env": {"OUT": "a.env"}, "env_from": ["A_KEY"], "scrub_env": ["SPAWNFILE_*", "EXACT"]}));
    stage.process(
        "b",
        dump,
        json!({"env": {"OUT": "b.env", "PLAIN": "fixed"}, "env_from": ["B_KEY", "HOOK", "PLAIN_COPY", "OVER", "NONE", "PLAIN"]}),
    );
    let mut init = stage.start();
    let (a, b) = (stage.wait_for("a.env"), stage.wait_for("b.env"));
    let a: Vec<&str> = a.split('\0').collect();
    assert!(a.contains(&"A_KEY=from-file\nsecond line\n"), "{a:?}");
    assert!(a.contains(&"EXACTLY=stays"));
    for absent in ["B_KEY", "HOOK", "UNNAMED_KEY", "OVER", "SPAWNFILE_X", "EXACT"] {
        assert!(!a.iter().any(|entry| entry.starts_with(&format!("{absent}="))), "{absent}: {a:?}");
    }
    let b: Vec<&str> = b.split('\0').collect();
    for entry in ["B_KEY=canary-b", "HOOK=hooks-canary-b", "PLAIN_COPY=old", "OVER=canary-b!", "PLAIN=fixed", "SPAWNFILE_X=x"] {
        assert!(b.contains(&entry), "{entry}: {b:?}");
    }
    for absent in ["A_KEY", "NONE", "UNNAMED_KEY"] {
        assert!(!b.iter().any(|entry| entry.starts_with(&format!("{absent}="))), "{absent}: {b:?}");
    }
    let output = init.signal(rustix::process::Signal::TERM).end();
    stage.assert_nowhere("canary-b", &output, &["secrets/B_KEY", "b.env"]);
}

#[test]
fn values_go_to_files_of_their_own() {
    let mut stage = Stage::new();
    stage.env("FILE_KEY", "value").env("KEPT_KEY", "kept");
    stage.set(
        "env_files",
        json!([
            {"env": "FILE_KEY", "path": stage.path("new/deep/key"), "mode": "0600", "then_unset": true},
            {"env": "KEPT_KEY", "path": stage.path("kept"), "mode": "0440", "then_unset": false},
            {"env": "ABSENT", "path": stage.path("absent"), "mode": "0600", "then_unset": true},
        ]),
    );
    stage.write("kept", b"old");
    stage.process("a", "env > env.txt", json!({"env_from": ["FILE_KEY", "KEPT_KEY"]}));
    let output = stage.run();
    assert_eq!(output.status.code(), Some(0), "{}", stderr(&output));
    assert_eq!((stage.read("new/deep/key").as_str(), stage.mode("new/deep/key")), ("value", 0o600));
    assert_eq!((stage.mode("new"), stage.mode("new/deep")), (0o700, 0o700));
    assert_eq!((stage.read("kept").as_str(), stage.mode("kept")), ("kept", 0o440));
    assert!(!stage.path("absent").exists());
    let env = stage.read("env.txt");
    assert!(env.contains("KEPT_KEY=kept") && !env.contains("FILE_KEY"), "{env}");
}

#[test]
fn json_files_are_patched_in_place() {
    let mut stage = Stage::new();
    stage.write("config.json", br#"{"hooks": {"token": "", "keep": 1.5}, "list": [{"t": null}]}"#).secret("TOKEN", b"canary \"quoted\"");
    std::fs::set_permissions(stage.path("config.json"), std::fs::Permissions::from_mode(0o640)).unwrap();
    let file = stage.text("config.json");
    let patch =
        |pointer: &str, env: &str, transform: &str| json!({"file": file, "pointer": pointer, "from": {"env": env}, "transform": transform});
    stage.set(
        "json_patches",
        json!([
            patch("/hooks/token", "TOKEN", "none"),
            patch("/mcp/servers/search/headers/Authorization", "TOKEN", "bearer"),
            patch("/list/0/t", "TOKEN", "none"),
            patch("/absent", "ABSENT", "none"),
        ]),
    );
    stage.process("a", "exit 0", json!({}));
    for _ in 0..2 {
        let output = stage.run();
        assert_eq!(output.status.code(), Some(0), "{}", stderr(&output));
        let token = "canary \"quoted\"";
        assert_eq!(
            stage.json("config.json"),
            json!({
                "hooks": {"token": token, "keep": 1.5}, "list": [{"t": token}],
                "mcp": {"servers": {"search": {"headers": {"Authorization": format!("Bearer {token}")}}}},
            })
        );
        assert_eq!(stage.mode("config.json"), 0o640);
        stage.assert_nowhere("canary", &output, &["secrets/TOKEN", "config.json"]);
    }
    let names: Vec<_> = std::fs::read_dir(stage.path("")).unwrap().map(|entry| entry.unwrap().file_name()).collect();
    assert!(!names.iter().any(|name| name.to_string_lossy().starts_with('.')), "{names:?}");
}

#[test]
fn a_json_file_that_cannot_be_patched_stays_as_it_is() {
    for (content, pointer, named) in [
        (&br#"{"a": "canary"}"#[..], "/a/b", "neither an object"),
        (br#"{"a": ["canary"]}"#, "/a/1", "no such element"),
        (b"{\"canary", "/a", "not JSON"),
        (&b"[".repeat(200), "/a", "nested too deep"),
    ] {
        let mut stage = Stage::new();
        stage.env("KEY", "value").write("config.json", content);
        stage.set(
            "json_patches",
            json!([{"file": stage.path("config.json"), "pointer": pointer, "from": {"env": "KEY"}, "transform": "none"}]),
        );
        stage.process("a", "echo > started", json!({}));
        let output = stage.run();
        let text = stderr(&output);
        assert_eq!(output.status.code(), Some(78));
        assert!(text.contains("config.json") && text.contains(named) && !text.contains("canary"), "{text}");
        assert_eq!(std::fs::read(stage.path("config.json")).unwrap(), content);
        assert!(!stage.path("started").exists());
    }
}

#[test]
fn a_json_file_that_is_a_link_is_refused() {
    let mut stage = Stage::new();
    stage.env("KEY", "value").write("real.json", b"{}");
    std::os::unix::fs::symlink(stage.path("real.json"), stage.path("config.json")).unwrap();
    stage.set("json_patches", json!([{"file": stage.path("config.json"), "pointer": "/a", "from": {"env": "KEY"}, "transform": "none"}]));
    stage.process("a", "exit 0", json!({}));
    let output = stage.run();
    assert_eq!(output.status.code(), Some(78));
    assert!(stderr(&output).contains("not a regular file"), "{}", stderr(&output));
    assert_eq!(stage.read("real.json"), "{}");
}

#[test]
fn volumes_are_made_and_linked_again_and_again() {
    let mut stage = Stage::new();
    stage.set(
        "resources",
        json!([
            {"id": "lab", "kind": "volume", "backing": stage.path("backing/lab"), "link": stage.path("workspace/lab"), "mode": "mutable"},
            {"id": "ro", "kind": "volume", "backing": stage.path("backing/ro"), "link": stage.path("workspace/ro"), "mode": "readonly"},
        ]),
    );
    std::fs::create_dir_all(stage.path("backing/ro/sub")).unwrap();
    stage.write("backing/ro/sub/file", b"x").write("outside", b"x");
    std::os::unix::fs::symlink(stage.path("outside"), stage.path("backing/ro/link")).unwrap();
    stage.process("a", "echo seen > workspace/lab/file", json!({}));
    for _ in 0..2 {
        let output = stage.run();
        assert_eq!(output.status.code(), Some(0), "{}", stderr(&output));
    }
    assert_eq!(stage.read("backing/lab/file"), "seen\n");
    for name in ["backing/ro", "backing/ro/sub", "backing/ro/sub/file"] {
        assert_eq!(stage.mode(name) & 0o222, 0, "{name}");
    }
    assert_ne!(stage.mode("outside") & 0o200, 0);
    // So that the folder can be removed by anybody.
    for name in ["backing/ro", "backing/ro/sub"] {
        std::fs::set_permissions(stage.path(name), std::fs::Permissions::from_mode(0o700)).unwrap();
    }
}

#[test]
fn what_stands_in_a_links_place_is_not_touched() {
    for other in ["file", "folder", "link"] {
        let mut stage = Stage::new();
        let link = stage.path("lab");
        match other {
            "file" => std::fs::write(&link, "x").unwrap(),
            "folder" => std::fs::create_dir(&link).unwrap(),
            _ => std::os::unix::fs::symlink("/elsewhere", &link).unwrap(),
        }
        stage.set("resources", json!([{"id": "lab", "kind": "volume", "backing": stage.path("backing"), "link": link, "mode": "mutable"}]));
        stage.process("a", "exit 0", json!({}));
        let output = stage.run();
        assert_eq!(output.status.code(), Some(78), "{other}");
        assert!(stderr(&output).contains("resource `lab`"), "{}", stderr(&output));
        assert_ne!(std::fs::read_link(&link).ok(), Some(stage.path("backing")));
    }
}

#[test]
fn a_network_is_bound_elsewhere_when_its_address_is_set() {
    for bound in [false, true] {
        let mut stage = Stage::new();
        stage.write("node.json", br#"{"moltnet": {"base_url": "http://127.0.0.1:1"}}"#);
        let file = stage.text("node.json");
        stage.set(
            "networks",
            json!([{
                "id": "lab", "url_env": "LAB_URL", "server": "net-lab",
                "rebinds": [{"file": file, "pointer": "/moltnet/base_url"}],
                "tokens": [{"env": ["LAB_TOKEN_WRITER", "LAB_TOKEN"], "file": file, "pointer": "/moltnet/token"}],
            }]),
        );
        stage.process("net-lab", "echo > net-started; exec sleep 60", json!({"suppressed_by": "LAB_URL"}));
        stage.process("a", "sleep 0.2; echo $LAB_URL > url", json!({"after": ["net-lab"]}));
        stage.env("LAB_TOKEN", "general");
        if bound {
            stage.env("LAB_URL", "http://127.0.0.1:2").secret("LAB_TOKEN_WRITER", b"special");
        }
        let output = stage.run();
        assert_eq!(output.status.code(), Some(0), "{}", stderr(&output));
        let (url, token) = if bound { ("http://127.0.0.1:2", "special") } else { ("http://127.0.0.1:1", "general") };
        assert_eq!(stage.json("node.json"), json!({"moltnet": {"base_url": url, "token": token}}));
        assert_eq!(stage.path("net-started").exists(), !bound);
        assert_eq!(stage.read("url").trim(), if bound { url } else { "" });
        let state = if bound { "suppressed" } else { "exited" };
        stage.wait_for_state("net-lab", state);
    }
}

#[test]
fn nothing_to_run_is_said() {
    let mut stage = Stage::new();
    stage.process("net", "exit 0", json!({"suppressed_by": "URL"})).env("URL", "x");
    let output = stage.run();
    assert_eq!(output.status.code(), Some(78));
    assert!(stderr(&output).contains("suppressed"), "{}", stderr(&output));
}
