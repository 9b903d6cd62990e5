//! Runs cargo for another target as if no cargo ran already: flags and variables of an outer build do not reach it.

use std::ffi::OsStr;
use std::path::{Path, PathBuf};
use std::process::Command;

/// Variables of cargo that say where things are and how they are fetched, not how they are built.
const KEPT: [&str; 5] = ["CARGO_HOME", "CARGO_NET_", "CARGO_HTTP_", "CARGO_REGISTR", "CARGO_TERM_"];

/// Variables that change what is built, or how. `RUSTUP_TOOLCHAIN` stays: without it rustup looks for a toolchain file
/// in the folder of each dependency that is built, and installs what that asks for.
const DROPPED: [&str; 6] = ["RUSTFLAGS", "RUSTDOCFLAGS", "RUSTC", "RUSTDOC", "RUSTC_WRAPPER", "RUSTC_WORKSPACE_WRAPPER"];

/// Targets that assets are built for: guests, and PID 1 for either architecture.
pub(super) const TARGETS: [&str; 3] = ["wasm32-unknown-unknown", "x86_64-unknown-linux-musl", "aarch64-unknown-linux-musl"];

fn command(program: impl AsRef<OsStr>, root: &Path) -> Command {
    let mut command = Command::new(program);
    command.current_dir(root);
    for (name, _) in std::env::vars_os() {
        let text = name.to_string_lossy();
        if text.starts_with("CARGO") && !KEPT.iter().any(|kept| text.starts_with(kept)) || DROPPED.contains(&text.as_ref()) {
            command.env_remove(&name);
        }
    }
    command
}

/// Builds a package with the guest profile and returns the folder of what came out.
pub(super) fn build(root: &Path, package: &str, target: &str) -> Result<PathBuf, String> {
    let folder = root.join("target").join("guests");
    let program = std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into());
    let status = command(program, root)
        .args(["build", "--quiet", "--locked", "--profile", "guest", "--package", package, "--target", target])
        .env("CARGO_TARGET_DIR", &folder)
        .status()
        .map_err(|error| format!("cannot run cargo: {error}"))?;
    if status.success() { Ok(folder.join(target).join("guest")) } else { Err(format!("building `{package}` for {target} failed")) }
}

/// Checks that the standard library is there for every target.
pub(super) fn check_targets(root: &Path) -> Result<(), String> {
    let mut missing = Vec::new();
    for target in TARGETS {
        let answer = command("rustc", root)
            .args(["--print", "target-libdir", "--target", target])
            .output()
            .map_err(|error| format!("cannot run rustc: {error}"))?;
        let folder = String::from_utf8_lossy(&answer.stdout).trim().to_owned();
        if !answer.status.success() || !Path::new(&folder).is_dir() {
            missing.push(target);
        }
    }
    if missing.is_empty() { Ok(()) } else { Err(format!("a target is missing; type: rustup target add {}", missing.join(" "))) }
}
