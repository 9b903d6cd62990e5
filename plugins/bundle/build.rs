//! Finds the assets of this source tree, or has `cargo xtask assets` make them, and tells the crate where they are.

use std::env;
use std::path::{Path, PathBuf};
use std::process::Command;

#[path = "../../host/xtask/src/assets/hash.rs"]
mod hash;

fn main() -> Result<(), String> {
    let manifest = PathBuf::from(variable("CARGO_MANIFEST_DIR")?);
    let root = manifest.ancestors().nth(2).ok_or("the bundle is not in a workspace")?;
    for input in hash::INPUTS {
        println!("cargo:rerun-if-changed={}", root.join(input).display());
    }
    let system = format!("{}-{}", variable("CARGO_CFG_TARGET_ARCH")?, variable("CARGO_CFG_TARGET_OS")?);
    let here = format!("{}-{}", env::consts::ARCH, env::consts::OS);
    if system != here {
        return Err(format!(
            "plugins are compiled ahead of time for the machine that builds ({here}); build for {system} on such a machine"
        ));
    }
    let key = hash::key(root, &system).map_err(|error| format!("cannot read the sources of the assets: {error}"))?;
    let place = root.join("target").join("assets").join(key);
    let index = place.join("index.json");
    if !index.is_file() {
        make(root)?;
    }
    if !index.is_file() {
        return Err("`cargo xtask assets` did not make the assets of this source tree".to_owned());
    }
    println!("cargo:rerun-if-changed={}", index.display());
    println!("cargo:rustc-env=SPAWNFILE_ASSETS={}", place.display());
    Ok(())
}

/// Runs the chore in a target folder of its own, since the outer build holds the lock of this one.
fn make(root: &Path) -> Result<(), String> {
    let mut command = Command::new(variable("CARGO")?);
    for (name, _) in env::vars_os() {
        let text = name.to_string_lossy();
        let of_cargo = text.starts_with("CARGO")
            && !["CARGO_HOME", "CARGO_NET_", "CARGO_HTTP_", "CARGO_REGISTR"].iter().any(|kept| text.starts_with(kept));
        let of_rust = text.starts_with("RUST") && !text.starts_with("RUSTUP_");
        // The toolchain stays: else rustup looks for one in the folder of each dependency that is built.
        if of_cargo || of_rust || text == "MAKEFLAGS" {
            command.env_remove(&name);
        }
    }
    let ended = command
        .current_dir(root)
        .args(["run", "--quiet", "--locked", "--package", "xtask", "--", "assets"])
        .env("CARGO_TARGET_DIR", root.join("target").join("assets-build"))
        .output()
        .map_err(|error| format!("cannot run cargo: {error}"))?;
    if ended.status.success() {
        return Ok(());
    }
    let said = String::from_utf8_lossy(&ended.stderr);
    Err(said.lines().rev().find(|line| line.starts_with("error")).unwrap_or(&said).to_owned())
}

fn variable(name: &str) -> Result<String, String> {
    env::var(name).map_err(|_| format!("cargo did not set {name}"))
}
