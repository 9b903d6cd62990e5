//! Targets of the Rust toolchain that the tree is built for besides this machine's own.

use std::path::Path;
use std::process::Command;

use crate::error::{Error, Result};
use crate::tree::Tree;
use crate::{console, program};

/// Guests, and static programs that run on any Linux.
const TARGETS: [&str; 3] = ["wasm32-unknown-unknown", "x86_64-unknown-linux-musl", "aarch64-unknown-linux-musl"];

/// Adds the targets that the tree's toolchain lacks.
pub(super) fn ensure(tree: &Tree) -> Result<()> {
    let sysroot = program::output(Command::new("rustc").current_dir(tree.root()).args(["--print", "sysroot"]))?;
    let has = |target: &&str| Path::new(&sysroot).join("lib/rustlib").join(target).join("lib").is_dir();
    let missing: Vec<_> = TARGETS.iter().filter(|target| !has(target)).collect();
    if missing.is_empty() {
        console::step("rust", "all targets are there");
        return Ok(());
    }
    for target in missing {
        console::step("rust", format_args!("adding target {target}"));
        program::run(Command::new("rustup").current_dir(tree.root()).args(["target", "add", target]))
            .map_err(|error| Error::new(error.to_string()).hint(format!("rustup target add {target}")))?;
    }
    Ok(())
}
