//! The targets, and what they share.

pub mod archive;
pub mod env_file;
pub mod extras;
pub mod labels;
pub mod lock;
pub mod manifest;
pub mod record;
pub mod reference;
pub mod report;

/// A target: its name and its function.
pub type Target = (&'static str, fn(&[u8]));

/// All of them, by the name of their binary and of their folder in the corpus.
pub const TARGETS: [Target; 9] = [
    ("archive", archive::check),
    ("env_file", env_file::check),
    ("extras", extras::check),
    ("labels", labels::check),
    ("lock", lock::check),
    ("manifest", manifest::check),
    ("record", record::check),
    ("reference", reference::check),
    ("report", report::check),
];

/// Most bytes of one message: characters of a finding, four bytes each, and the mark that it was cut.
const MAX_MESSAGE: usize = 4 * spawnfile_core::finding::MESSAGE_CHARS + 3;

/// A message that people read is short and has no character that could steer a terminal or hide.
fn is_fit_to_show(message: &str) {
    assert!(message.len() <= MAX_MESSAGE, "a message of {} bytes", message.len());
    assert_eq!(spawnfile_core::display::escape(message), message, "a message with unsafe characters");
}
