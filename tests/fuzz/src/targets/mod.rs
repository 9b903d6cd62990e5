//! The targets, and what they share.

pub mod archive;
pub mod env_file;
pub mod extras;
pub mod image_config;
pub mod labels;
pub mod layer;
pub mod lock;
pub mod manifest;
pub mod record;
pub mod reference;
pub mod registry_manifest;
pub mod report;
pub mod www_authenticate;

/// A target: its name and its function.
pub type Target = (&'static str, fn(&[u8]));

/// All of them, by the name of their binary and of their folder in the corpus.
pub const TARGETS: [Target; 13] = [
    ("archive", archive::check),
    ("env_file", env_file::check),
    ("extras", extras::check),
    ("image_config", image_config::check),
    ("labels", labels::check),
    ("layer", layer::check),
    ("lock", lock::check),
    ("manifest", manifest::check),
    ("record", record::check),
    ("reference", reference::check),
    ("registry_manifest", registry_manifest::check),
    ("report", report::check),
    ("www_authenticate", www_authenticate::check),
];

/// Most bytes of one message: characters of a finding, four bytes each, and the mark that it was cut.
const MAX_MESSAGE: usize = 4 * spawnfile_core::finding::MESSAGE_CHARS + 3;

/// A message that people read is short and has no character that could steer a terminal or hide.
fn is_fit_to_show(message: &str) {
    assert!(message.len() <= MAX_MESSAGE, "a message of {} bytes", message.len());
    assert_eq!(spawnfile_core::display::escape(message), message, "a message with unsafe characters");
}
