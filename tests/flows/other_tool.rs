//! Images of the TypeScript tool: no extras, no init of ours, a shell entrypoint, the report below other layers. Built
//! from that tool's own outputs where they lie beside the tree.

use std::path::Path;

use serde_json::Value;

use crate::support::engine::{self, Cleanup, Image};
use crate::support::{Ran, User, corpus, program, sh, unique};

/// What such an entrypoint does: demands its variables, writes one into its configuration, and becomes the runtime.
const ENTRYPOINT: &str = r#"#!/bin/sh
set -eu
for name in ANTHROPIC_API_KEY SEARCH_API_KEY OPENCLAW_GATEWAY_TOKEN; do
  eval "value=\${$name:-}"
  [ -n "$value" ] || { echo "missing required env: $name" >&2; exit 1; }
done
config=/var/lib/spawnfile/instances/openclaw/agent-analyst/home/.openclaw/openclaw.json
busybox sed -i "s/REPLACED_AT_START/$OPENCLAW_GATEWAY_TOKEN/" "$config"
echo "started as $(busybox id -u)"
trap 'exit 0' TERM
while :; do busybox sleep 1 & wait $!; done
"#;

/// Builds the image of a corpus project in the order of that tool's layers.
fn image(corpus: &Path, project: &str, tag: &str) -> Image {
    let expected = corpus.join("expected").join(project);
    let dir = tempfile::tempdir().unwrap();
    let put = |name: &str, bytes: &[u8]| {
        let path = dir.path().join(name);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(&path, bytes).unwrap();
        std::fs::set_permissions(&path, std::os::unix::fs::PermissionsExt::from_mode(0o755)).unwrap();
    };
    sh("cp", ["-R", expected.join("container").to_str().unwrap(), dir.path().to_str().unwrap()]);
    sh("chmod", ["-R", "u+w", dir.path().to_str().unwrap()]);
    let report = std::fs::read(expected.join("distribution-report.json")).unwrap();
    put("distribution-report.json", &report);
    put("entrypoint.sh", ENTRYPOINT.as_bytes());
    put("busybox", &std::fs::read(program("SPAWNFILE_TEST_BUSYBOX_BIN", "/bin/busybox")).unwrap());
    put("passwd", b"root:x:0:0::/root:/bin/sh\nspawnfile:x:4711:4711::/home/spawnfile:/bin/sh\n");
    put("group", b"root:x:0:\nspawnfile:x:4711:\n");
    let report: Value = serde_json::from_slice(&report).unwrap();
    let dockerfile = format!(
        "FROM scratch\nLABEL test={tag}\nCOPY busybox /bin/busybox\nCOPY busybox /bin/sh\nCOPY passwd group /etc/\nUSER root\nWORKDIR /opt/spawnfile\n\
         COPY container/rootfs/ /\nCOPY entrypoint.sh /opt/spawnfile/entrypoint.sh\n\
         COPY distribution-report.json /spawnfile/spawnfile-report.json\n\
         LABEL com.spawnfile.compile_fingerprint={}\nLABEL com.spawnfile.image_contract=spawnfile.image.v1\n\
         LABEL com.spawnfile.project={}\nLABEL com.spawnfile.report=/spawnfile/spawnfile-report.json\n\
         RUN [\"/bin/busybox\", \"chown\", \"-R\", \"4711:4711\", \"/var/lib/spawnfile\"]\n\
         USER spawnfile\nENTRYPOINT [\"/opt/spawnfile/entrypoint.sh\"]\n",
        report["compile_fingerprint"].as_str().unwrap(),
        report["organization"]["project"].as_str().unwrap(),
    );
    put("Dockerfile", dockerfile.as_bytes());
    sh("docker", ["build", "-q", "-t", tag, dir.path().to_str().unwrap()]);
    Image(tag.to_owned())
}

#[test]
fn an_image_of_the_other_tool_is_described_run_observed_and_taken_down() {
    let Some(corpus) = corpus("flows::other_tool::an_image_of_the_other_tool_is_described_run_observed_and_taken_down") else { return };
    let name = unique("foreign");
    let tag = format!("spawnfile-test/{name}:1");
    let _image = image(&corpus, "single-agent", &tag);
    let _down = Cleanup(name.clone());
    let user = User::new();

    let seen = user.run(["status", &tag, "--json"]).expect(0).json();
    assert_eq!(seen["requiredSecrets"], serde_json::json!(["ANTHROPIC_API_KEY", "SEARCH_API_KEY"]));
    assert_eq!(seen["generatedSecrets"], serde_json::json!(["OPENCLAW_GATEWAY_TOKEN"]));
    assert_eq!(seen["extras"], false);
    user.run(["up", &tag]).expect(2).says("ANTHROPIC_API_KEY").says("SEARCH_API_KEY");

    // The consumer's environment is not asked: the value that stands there is not this one.
    user.write("keys.env", "ANTHROPIC_API_KEY=canary-key\nUNDECLARED=canary-other\n");
    let mut up = user.command(["up", &tag, "--deployment", &name, "--env-file", "keys.env", "--network", "none", "--json"]);
    up.args(["--from-env", "SEARCH_API_KEY"]).env("SEARCH_API_KEY", "two\nlines").env("ANTHROPIC_API_KEY", "of-the-shell");
    let ran = Ran::of(&up.output().unwrap()).expect(0);
    assert!(!ran.all().contains("canary"), "{}", ran.all());
    let id = ran.json()["units"][0]["container_id"].as_str().unwrap().to_owned();
    let container = engine::inspect(&id);
    let env: Vec<&str> = container["Config"]["Env"].as_array().unwrap().iter().filter_map(Value::as_str).collect();
    assert!(env.contains(&"ANTHROPIC_API_KEY=canary-key"), "{env:?}");
    assert!(env.contains(&"SEARCH_API_KEY=two\nlines"), "a line break is part of the value: {env:?}");
    assert!(!env.iter().any(|line| line.starts_with("UNDECLARED")), "{env:?}");
    let token = env.iter().find_map(|line| line.strip_prefix("OPENCLAW_GATEWAY_TOKEN=")).unwrap();
    assert!(token.len() == 48 && token.bytes().all(|b| b.is_ascii_hexdigit()), "{token}");
    assert_eq!(container["Config"]["User"], "spawnfile");
    assert_eq!(container["HostConfig"]["CapDrop"], serde_json::json!(["ALL"]));
    assert_eq!(container["HostConfig"]["RestartPolicy"]["Name"], "unless-stopped");
    assert!(sh("docker", ["logs", &id]).contains("started as 4711"));

    let live = user.run(["status", "--deployment", &name, "--live", "--json"]).expect(0).json();
    let of = |key: &str| live["observations"].as_array().unwrap().iter().find(|one| one["key"] == key).cloned().unwrap_or_default();
    assert_eq!(of("deployment.unit")["severity"], "ok");
    assert_eq!(of("runtime.probe")["severity"], "unknown", "nothing in the image can be asked: {live}");
    sh("docker", ["kill", &id]);
    user.run(["status", "--deployment", &name, "--live"]).expect(1).says("not running");
    user.run(["down", "--deployment", &name]).expect(0);
    assert_eq!(engine::containers(&name), Vec::<String>::new());
}

#[test]
fn one_that_ends_at_once_is_no_deployment_and_shows_why() {
    let Some(corpus) = corpus("flows::other_tool::one_that_ends_at_once_is_no_deployment_and_shows_why") else { return };
    let name = unique("foreign-ends");
    let tag = format!("spawnfile-test/{name}:1");
    // Its entrypoint demands names that this project does not declare.
    let _image = image(&corpus, "agent-with-subagents", &tag);
    let _down = Cleanup(name.clone());
    let user = User::new();
    let required = user.run(["status", &tag, "--json"]).expect(0).json();
    let lines: Vec<String> =
        required["requiredSecrets"].as_array().unwrap().iter().map(|name| format!("{}=x\n", name.as_str().unwrap())).collect();
    user.write("keys.env", lines.concat());
    let ran = user.run(["up", &tag, "--deployment", &name, "--env-file", "keys.env"]);
    ran.expect(1).says("missing required env");
    assert_eq!(engine::containers(&name), Vec::<String>::new());
    assert!(!user.home().join("deployments").join(&name).exists());
}

#[test]
fn one_that_needs_an_imported_login_is_refused_by_the_method_s_name() {
    let Some(corpus) = corpus("flows::other_tool::one_that_needs_an_imported_login_is_refused_by_the_method_s_name") else { return };
    let tag = format!("spawnfile-test/{}:1", unique("foreign-login"));
    let _image = image(&corpus, "multi-runtime-team", &tag);
    let user = User::new();
    user.write("keys.env", "SEARCH_API_KEY=x\n");
    user.run(["up", &tag, "--env-file", "keys.env"]).expect(2).says("claude-code").says("picoclaw/agent-writer");
    user.run(["status", &tag]).expect(0).says("research-cell").says("orchestrator [openclaw]");
}
