//! Plugins that misbehave, through the command line: what the user sees, and that the next command works. What the
//! sandbox itself does with them is tested in host/plugins.

mod adding;
mod running;
mod testing;

use crate::support::guests::hostile;
use crate::support::{Ran, User};

/// A project of one agent of the kind that misbehaves.
const SPAWNFILE: &str = "spawnfile_version: \"0.1\"\nkind: agent\nname: probe\nruntime: hostile\n";

/// Writes a kind that misbehaves in that way and returns its path.
fn kind(user: &User, word: &str) -> String {
    written(user, "hostile.wasm", &hostile("kind", word))
}

fn written(user: &User, name: &str, bytes: &[u8]) -> String {
    user.write(name, bytes).to_str().unwrap().to_owned()
}

/// The plugin is named by id, version and digest, and nothing in the text steers a terminal.
#[track_caller]
fn named(ran: Ran) -> Ran {
    let text = ran.all();
    assert!(text.contains("plugin `test/hostile@0.1.0` (sha256:"), "{text}");
    assert!(!text.chars().any(|c| c == '\u{1b}' || c == '\u{202e}'), "{text:?}");
    ran
}
