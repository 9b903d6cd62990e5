//! The echo kind: a plugin and a program written outside the workspace with the SDK alone, built once a run.

use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::OnceLock;

use super::{root, sh};

const RUNTIME_IMAGE: &str = "spawnfile-test/runtime-echo:1";

/// Returns the plugin's core module as cargo built it: what an author hands to `plugin add`.
pub(crate) fn plugin() -> &'static Path {
    static BUILT: OnceLock<PathBuf> = OnceLock::new();
    BUILT.get_or_init(|| {
        let folder = root().join("tests/plugins/runtime-echo");
        let target = root().join("target/echo-plugin");
        cargo(&folder, &target, "wasm32-unknown-unknown");
        target.join("wasm32-unknown-unknown/release/runtime_echo.wasm")
    })
}

/// Returns the reference of a runtime image with the echo program, made once a run.
pub(crate) fn runtime_image() -> &'static str {
    static MADE: OnceLock<()> = OnceLock::new();
    MADE.get_or_init(|| {
        let folder = root().join("tests/programs/echo");
        let target = root().join("target/echo-program");
        cargo(&folder, &target, "x86_64-unknown-linux-musl");
        let program = std::fs::read(target.join("x86_64-unknown-linux-musl/release/echo")).unwrap();
        let dockerfile = "FROM scratch\nCOPY tree/ /\n";
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("tree/opt/spawnfile/runtime-installs/echo/echo");
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(&path, program).unwrap();
        std::fs::set_permissions(&path, std::os::unix::fs::PermissionsExt::from_mode(0o755)).unwrap();
        std::fs::write(dir.path().join("Dockerfile"), dockerfile).unwrap();
        sh("docker", ["build", "-q", "-t", RUNTIME_IMAGE, dir.path().to_str().unwrap()]);
    });
    RUNTIME_IMAGE
}

fn cargo(folder: &Path, target: &Path, triple: &str) {
    let mut command = Command::new(env!("CARGO"));
    // The outer cargo's own settings are not the author's.
    for (name, _) in std::env::vars_os() {
        if name.to_str().is_some_and(|name| name.starts_with("CARGO_") && name != "CARGO_HOME" || name == "RUSTFLAGS") {
            command.env_remove(&name);
        }
    }
    let output = command
        .args(["build", "--quiet", "--release", "--target", triple, "--target-dir"])
        .arg(target)
        .current_dir(folder)
        .output()
        .unwrap();
    assert!(output.status.success(), "building {} failed:\n{}", folder.display(), String::from_utf8_lossy(&output.stderr));
}
