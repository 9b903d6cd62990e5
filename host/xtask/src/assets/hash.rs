//! The key of a set of assets: a digest over everything that goes into it. Shared with the build script of
//! `plugins/bundle`, which includes this file, so it uses nothing but `std` and `sha2`.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use sha2::{Digest as _, Sha256};

/// Files and folders, below the root of the workspace, that assets are made from.
pub(crate) const INPUTS: [&str; 12] = [
    ".cargo/config.toml",
    "Cargo.lock",
    "Cargo.toml",
    "host/core/Cargo.toml",
    "host/core/src",
    "host/init/Cargo.toml",
    "host/init/src",
    "host/plugins/src",
    "host/xtask/src/assets",
    "plugins",
    "rust-toolchain.toml",
    "wit",
];

/// Of `host/plugins/src`, only what decides how a component is made and compiled.
const OF_THE_HOST: [&str; 4] = ["config.rs", "encode.rs", "manifest.rs", "probe.rs"];

/// Returns the key for a machine, `system` being architecture and operating system (`x86_64-linux`).
pub(crate) fn key(root: &Path, system: &str) -> io::Result<String> {
    let mut files = Vec::new();
    for input in INPUTS {
        collect(root, Path::new(input), &mut files)?;
    }
    files.sort();
    let mut hasher = Sha256::new();
    hasher.update(system);
    for file in files {
        let bytes = fs::read(root.join(&file))?;
        hasher.update(format!("\n{} {}\n", file.display(), bytes.len()));
        hasher.update(&bytes);
    }
    Ok(hasher.finalize().iter().take(8).map(|byte| format!("{byte:02x}")).collect())
}

fn collect(root: &Path, path: &Path, files: &mut Vec<PathBuf>) -> io::Result<()> {
    let name = path.file_name().unwrap_or_default().to_string_lossy();
    let full = root.join(path);
    if full.is_dir() {
        // Tests of guests, and the bundle's own code, do not go into assets.
        if name.starts_with('.') || name == "tests" || name == "target" || path == Path::new("plugins/bundle/src") {
            return Ok(());
        }
        for entry in fs::read_dir(full)? {
            collect(root, &path.join(entry?.file_name()), files)?;
        }
        return Ok(());
    }
    let left_out = path == Path::new("plugins/bundle/build.rs")
        || path.starts_with("host/plugins/src") && !OF_THE_HOST.contains(&name.as_ref())
        || name.starts_with('.') && path.parent() != Some(Path::new(".cargo"));
    if !left_out {
        files.push(path.to_owned());
    }
    Ok(())
}
