//! Plugins that misbehave on purpose (`tests/plugins/hostile`), built once a run with the SDK as an author would, and
//! told how by a word that is written into the built file.

use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::OnceLock;

/// Stands in front of the word.
const MARK: &[u8] = b"spawnfile-misbehaviour=";

/// Bytes of mark and word together.
const ROOM: usize = 48;

/// Returns a guest (`kind`, `target`, `validator` or `auth`) that misbehaves in that way; `none` is one that does not.
pub(crate) fn hostile(guest: &str, word: &str) -> Vec<u8> {
    let mut wasm = std::fs::read(built().join(format!("{guest}.wasm"))).unwrap();
    let at = wasm.windows(MARK.len()).position(|window| window == MARK).unwrap() + MARK.len();
    let room = ROOM - MARK.len();
    assert!(word.len() <= room, "`{word}` is too long");
    wasm[at..at + room].fill(b'.');
    wasm[at..at + word.len()].copy_from_slice(word.as_bytes());
    wasm
}

fn built() -> &'static Path {
    static BUILT: OnceLock<PathBuf> = OnceLock::new();
    BUILT.get_or_init(|| {
        let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..").canonicalize().unwrap();
        let (folder, target) = (root.join("tests/plugins/hostile"), root.join("target/hostile-plugin"));
        let mut command = Command::new(env!("CARGO"));
        // The outer cargo's own settings are not the author's.
        for (name, _) in std::env::vars_os() {
            if name.to_str().is_some_and(|name| name.starts_with("CARGO_") && name != "CARGO_HOME" || name == "RUSTFLAGS") {
                command.env_remove(&name);
            }
        }
        let output = command
            .args(["build", "--quiet", "--release", "--examples", "--target", "wasm32-unknown-unknown", "--target-dir"])
            .arg(&target)
            .current_dir(&folder)
            .output()
            .unwrap();
        assert!(output.status.success(), "building {} failed:\n{}", folder.display(), String::from_utf8_lossy(&output.stderr));
        target.join("wasm32-unknown-unknown/release/examples")
    })
}
