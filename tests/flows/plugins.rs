//! Added plugins work as built-in ones.

use crate::support::{User, echo};

#[test]
fn a_plugin_is_added_listed_inspected_and_removed() {
    let user = User::new();
    let listed = user.run(["plugin", "list", "--json"]).expect(0).json();
    let ids = |listed: &serde_json::Value| -> Vec<String> {
        listed["plugins"].as_array().unwrap().iter().map(|p| p["id"].as_str().unwrap().to_owned()).collect()
    };
    for id in ["spawnfile/report-validator", "spawnfile/runtime-openclaw", "spawnfile/runtime-picoclaw", "spawnfile/target-docker"] {
        assert!(ids(&listed).contains(&id.to_owned()), "{listed:#}");
    }
    user.run(["plugin", "add", echo::plugin().to_str().unwrap()]).expect(0).says("test/runtime-echo");
    assert!(ids(&user.run(["plugin", "list", "--json"]).expect(0).json()).contains(&"test/runtime-echo".to_owned()));
    let inspected = user.run(["plugin", "inspect", "test/runtime-echo", "--json"]).expect(0).json();
    assert_eq!(inspected["kind"], "runtime-kind");
    assert_eq!(inspected["origin"], "added");
    user.run(["plugin", "remove", "test/runtime-echo"]).expect(0);
    user.run(["plugin", "inspect", "test/runtime-echo"]).expect(2).says("test/runtime-echo");
    user.run(["plugin", "remove", "spawnfile/target-docker"]).expect(2);
}

#[test]
fn an_added_plugin_is_compiled_once_and_checked_at_every_use() {
    use crate::support::project::EchoAgent;
    let user = User::with_echo();
    EchoAgent::named("cached").write(&user, "org");
    user.run(["compile", "org"]).expect(0);
    let cached = |user: &User| -> Vec<std::time::SystemTime> {
        user.home_files()
            .iter()
            .filter(|(path, _)| path.extension().is_some_and(|e| e == "cwasm"))
            .map(|(path, _)| std::fs::metadata(path).unwrap().modified().unwrap())
            .collect()
    };
    let before = cached(&user);
    assert_eq!(before.len(), 1, "one compiled component is cached");
    user.run(["compile", "org"]).expect(0);
    assert_eq!(cached(&user), before, "it was compiled again");

    // A component that changed after it was added is refused.
    let (component, mut bytes) = user.home_files().into_iter().find(|(path, _)| path.extension().is_some_and(|e| e == "wasm")).unwrap();
    bytes.push(0);
    std::fs::write(&component, &bytes).unwrap();
    user.run(["compile", "org"]).expect(1).says("test/runtime-echo").says("changed");
}

#[test]
fn a_kind_that_is_not_there_is_named_with_what_to_do() {
    use crate::support::project::EchoAgent;
    let user = User::new();
    EchoAgent::named("lonely").write(&user, "org");
    user.run(["validate", "org"]).expect(2).says("`echo`").says("plugin add");
}

#[test]
fn garbage_is_no_plugin() {
    let user = User::new();
    for (name, bytes) in
        [("empty.wasm", &b""[..]), ("text.wasm", b"hello"), ("header.wasm", b"\0asm\x01\0\0\0"), ("cut.wasm", b"\0asm\x0d\0\x01\0\x01\x02")]
    {
        let path = user.write(name, bytes);
        user.run(["plugin", "add", path.to_str().unwrap()]).expect(2);
    }
    user.run(["plugin", "add", "nowhere"]).expect(2).says("nowhere");
    assert!(user.home_files().iter().all(|(path, _)| !path.to_string_lossy().ends_with("wasm")));
}

/// What is emitted, no more: the program of that kind is not to be had on every machine.
#[test]
fn a_picoclaw_agent_compiles_with_its_key_as_a_file_that_pid_1_makes() {
    let user = User::new();
    user.write("org/AGENTS.md", "# Instructions\n\nAnswer in one sentence.\n");
    let model = "execution:\n  model:\n    primary: {provider: openai, name: gpt-5}\n";
    let manifest = format!(
        "spawnfile_version: \"0.1\"\nkind: agent\nname: pico\nruntime: picoclaw\n{model}workspace:\n  docs:\n    system: AGENTS.md\n"
    );
    user.write("org/Spawnfile", manifest);
    user.run(["validate", "org"]).expect(0);
    user.run(["compile", "org"]).expect(0);
    let output = user.path().join("org/.spawn");
    let read = |path: &str| -> serde_json::Value { serde_json::from_slice(&std::fs::read(output.join(path)).unwrap()).unwrap() };

    let home = "/var/lib/spawnfile/instances/picoclaw/agent-pico/picoclaw";
    let config = read(&format!("container/rootfs{home}/config.json"));
    assert_eq!(config["model_list"][0]["api_key"], "file://secrets/OPENAI_API_KEY");
    assert_eq!(config["agents"]["defaults"]["workspace"], format!("{home}/workspace"));
    assert!(output.join(format!("container/rootfs{home}/workspace/AGENTS.md")).is_file());
    assert!(!output.join(format!("container/rootfs{home}/secrets")).exists(), "a secret is no part of the image");

    let report = read("distribution-report.json");
    assert_eq!(report["secrets"]["model"][0]["name"], "OPENAI_API_KEY");
    assert_eq!(report["secrets"]["runtime"], serde_json::json!([]));
    let tar = user.path().join("rootfs");
    std::fs::create_dir(&tar).unwrap();
    crate::support::sh("tar", ["-xf", output.join("rootfs.tar").to_str().unwrap(), "-C", tar.to_str().unwrap()]);
    let plan: serde_json::Value = serde_json::from_slice(&std::fs::read(tar.join("spawnfile/init.json")).unwrap()).unwrap();
    let expected = serde_json::json!([{ "env": "OPENAI_API_KEY", "path": format!("{home}/secrets/OPENAI_API_KEY"), "mode": "0600", "then_unset": false }]);
    assert_eq!(plan["env_files"], expected);
}
