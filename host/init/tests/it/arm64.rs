//! The static arm64 build under qemu-user: the same life as the native one.

use std::path::{Path, PathBuf};
use std::process::Command;

use rustix::process::Signal;
use serde_json::json;

use crate::stage::{Stage, stderr};

const TARGET: &str = "aarch64-unknown-linux-musl";

/// The build that xtask made, else one made here into the folder that this test was built into.
fn binary() -> PathBuf {
    if let Some(path) = std::env::var_os("SPAWNFILE_TEST_INIT_ARM64") {
        let path = PathBuf::from(path);
        assert!(path.is_file(), "SPAWNFILE_TEST_INIT_ARM64 names no file: unset it, or build with `cargo xtask assets`");
        return path;
    }
    let native = Path::new(env!("CARGO_BIN_EXE_spawnfile-init"));
    let folder = native.ancestors().nth(2).unwrap();
    let built = Command::new(env!("CARGO"))
        .args(["build", "--quiet", "--profile", "guest", "--package", "spawnfile-init", "--target", TARGET, "--target-dir"])
        .arg(folder)
        .current_dir(env!("CARGO_MANIFEST_DIR"))
        .status()
        .unwrap();
    assert!(built.success(), "the arm64 build failed: `rustup target add {TARGET}`?");
    folder.join(TARGET).join("guest/spawnfile-init")
}

#[test]
fn the_arm64_build_lives_the_same_life() {
    let qemu = Command::new("qemu-aarch64").arg("--version").output();
    assert!(qemu.is_ok(), "`qemu-aarch64` is missing: run the tests by `cargo xtask test`, or `apt-get install qemu-user`");
    let binary = binary();
    let size = std::fs::metadata(&binary).unwrap().len();
    assert!(size < 1_500_000, "{size} bytes");

    let mut stage = Stage::new();
    stage.launcher = vec!["qemu-aarch64".to_owned(), binary.display().to_string()];
    assert_eq!(stage.ask(&["--version"]).stdout, format!("spawnfile-init {}\n", env!("CARGO_PKG_VERSION")).into_bytes());
    stage.write("config.json", b"{}").secret("KEY", b"canary");
    stage.set(
        "json_patches",
        json!([{"file": stage.path("config.json"), "pointer": "/a/b", "from": {"env": "KEY"}, "transform": "bearer"}]),
    );
    let server = crate::server::Server::status(200);
    let ready = json!({"http_get": {"port": server.port, "path": "/"}});
    let script = "echo $KEY > key; trap 'echo > got; exit 0' TERM; (sh -c 'exit 0' &); echo > up; while :; do sleep 0.05; done";
    stage.process("a", script, json!({"env_from": ["KEY"], "ready": ready}));
    let mut init = stage.start();
    stage.wait_for("up");
    stage.wait_for("state/ready");
    assert_eq!(stage.ask(&["ready"]).status.code(), Some(0));
    assert_eq!(stage.ask(&["probe", "http", &server.port.to_string(), "/"]).status.code(), Some(0));
    let output = init.signal(Signal::TERM).end();
    assert_eq!(output.status.code(), Some(0), "{}", stderr(&output));
    assert!(stage.path("got").exists());
    assert_eq!(stage.read("key"), "canary\n");
    assert_eq!(stage.json("config.json"), json!({"a": {"b": "Bearer canary"}}));

    stage.plan["processes"] = json!([]);
    stage.process("a", "exit 7", json!({})).process("b", "exec sleep 60", json!({}));
    assert_eq!(stage.run().status.code(), Some(7));
    stage.set("require_env", json!(["GONE"]));
    assert_eq!(stage.run().status.code(), Some(78));
}
