//! Strict reading of foreign JSON: bounded, total, and with every mistake named at once.
//!
//! Refuses what two readers could read differently: a byte order mark, a key that stands twice, deep nesting, text
//! after the document. It knows no format; readers of formats ask a [`Node`] for what they want.

mod fields;
mod read;
mod value;

pub use fields::Fields;
pub use read::{MAX_ITEMS, MAX_TEXT, Node, Sink, boolean, nonempty, port, text};
pub use value::{Value, parse};

use serde::{Deserialize, Serialize};

/// Largest document, in bytes.
pub const MAX_BYTES: usize = 4 * 1024 * 1024;
/// Deepest nesting of arrays and objects.
pub const MAX_DEPTH: usize = 32;
/// Most values in a document.
pub const MAX_VALUES: usize = 1_000_000;
/// Most violations that are listed.
pub const MAX_VIOLATIONS: usize = 200;

/// Why a document is refused.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Problem {
    /// It has more bytes than are read at all; the number is how many may be.
    #[error("it is larger than {0} bytes")]
    TooLarge(u64),
    /// It is no JSON that is accepted.
    #[error("line {line}, column {column}: {message}")]
    Malformed {
        /// Line, from 1.
        line: u32,
        /// Column in bytes, from 0 as the JSON reader counts it.
        column: u32,
        /// What is wrong.
        message: String,
    },
    /// It names a version that is not understood.
    #[error("version `{0}` is not supported")]
    UnsupportedVersion(String),
    /// It breaks rules of its format: all of them, at most [`MAX_VIOLATIONS`].
    #[error("{}", first(.0))]
    Violations(Vec<Violation>),
}

/// A rule that a document breaks.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Violation {
    /// JSON pointer (RFC 6901) of the place; escaped for display.
    pub pointer: String,
    /// Stable word (`missing`, `unknown-key`, `path.reserved`).
    pub code: String,
    /// One sentence without a full stop.
    pub message: String,
}

impl std::fmt::Display for Violation {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}: {}", if self.pointer.is_empty() { "/" } else { &self.pointer }, self.message)
    }
}

fn first(violations: &[Violation]) -> String {
    match violations {
        [] => "it breaks a rule of its format".to_owned(),
        [only] => only.to_string(),
        [first, rest @ ..] => format!("{first} (and {} more)", rest.len()),
    }
}

/// Parses a document whose root is an object with a `version` that must be the expected one, and reads it.
///
/// The version is looked at before anything else, so that a document of a later version is called that and not broken.
///
/// # Errors
/// Everything that is wrong with the document.
pub fn read<T>(bytes: &[u8], version: &str, read: impl FnOnce(&Node<'_>) -> T) -> Result<T, Problem> {
    let value = parse(bytes)?;
    if let Some(Value::Text(found)) = value.get("version")
        && found != version
    {
        return Err(Problem::UnsupportedVersion(crate::display::excerpt(found)));
    }
    let sink = Sink::default();
    let out = read(&Node::root(&value, &sink));
    let violations = sink.into_violations();
    if violations.is_empty() { Ok(out) } else { Err(Problem::Violations(violations)) }
}

/// Returns a value as pretty JSON with two spaces and a final newline: how every document of ours is written.
pub fn pretty<T: Serialize>(value: &T) -> Vec<u8> {
    // The types that are written have text keys and no failing `Serialize`; an empty document would be refused by
    // every reader, so a mistake here cannot pass for a document.
    let mut bytes = serde_json::to_vec_pretty(value).unwrap_or_default();
    bytes.push(b'\n');
    bytes
}

/// Returns a value as JSON without white space, keys in byte order: what digests of our own documents are made over.
pub fn canonical<T: Serialize>(value: &T) -> String {
    let mut out = String::new();
    write_canonical(&serde_json::to_value(value).unwrap_or_default(), &mut out);
    out
}

fn write_canonical(value: &serde_json::Value, out: &mut String) {
    match value {
        serde_json::Value::Object(fields) => {
            let mut fields: Vec<_> = fields.iter().collect();
            fields.sort_by_key(|(key, _)| *key);
            out.push('{');
            for (n, (key, value)) in fields.into_iter().enumerate() {
                if n > 0 {
                    out.push(',');
                }
                out.push_str(&serde_json::Value::from(key.as_str()).to_string());
                out.push(':');
                write_canonical(value, out);
            }
            out.push('}');
        }
        serde_json::Value::Array(items) => {
            out.push('[');
            for (n, item) in items.iter().enumerate() {
                if n > 0 {
                    out.push(',');
                }
                write_canonical(item, out);
            }
            out.push(']');
        }
        scalar => out.push_str(&scalar.to_string()),
    }
}
