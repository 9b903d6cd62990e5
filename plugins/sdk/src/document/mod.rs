//! The documents that cross the boundary, as types. Fields that a later host adds are ignored, so that a plugin keeps
//! working while documents grow.

pub mod instance;
pub mod plan;
pub mod report;

use serde::de::DeserializeOwned;

pub use crate::bindings::common::spawnfile::common::types::Document;
use crate::diagnostic::Diagnostic;

/// Reads a document of one of the accepted schemas, or says what is wrong with it.
///
/// # Errors
/// A diagnostic `document.unsupported` or `document.malformed`.
pub fn parse<T: DeserializeOwned>(document: &Document, accepts: &[&str]) -> Result<T, Diagnostic> {
    if !accepts.contains(&document.schema.as_str()) {
        let message = format!("document `{}` is not one that this plugin accepts ({})", document.schema, accepts.join(", "));
        return Err(Diagnostic::error("document.unsupported", message).hint("install a version of the plugin that knows it"));
    }
    serde_json::from_slice(&document.json)
        .map_err(|error| Diagnostic::error("document.malformed", format!("document `{}` cannot be read: {error}", document.schema)))
}

/// Makes a document of anything that serialises to JSON.
///
/// # Errors
/// A diagnostic `document.unwritable`, for values that JSON cannot hold (a map with keys that are no text).
pub fn make<T: serde::Serialize>(schema: &str, value: &T) -> Result<Document, Diagnostic> {
    serde_json::to_vec(value)
        .map(|json| Document { schema: schema.to_owned(), json })
        .map_err(|error| Diagnostic::error("document.unwritable", format!("document `{schema}` cannot be written: {error}")))
}

/// Returns a configuration file of anything that serialises to JSON: two spaces, a newline at the end.
///
/// # Errors
/// As [`make`].
pub fn pretty<T: serde::Serialize>(value: &T) -> Result<String, Diagnostic> {
    let text = serde_json::to_string_pretty(value)
        .map_err(|error| Diagnostic::error("document.unwritable", format!("the configuration cannot be written: {error}")))?;
    Ok(text + "\n")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn other_schemas_and_broken_json_are_told_apart() {
        let read = |schema: &str, json: &str| {
            let document = Document { schema: schema.to_owned(), json: json.as_bytes().to_vec() };
            parse::<serde_json::Value>(&document, &["a.v1"])
        };
        assert_eq!(read("a.v2", "{}").unwrap_err().code, "document.unsupported");
        assert_eq!(read("a.v1", "{").unwrap_err().code, "document.malformed");
        assert!(read("a.v1", "{}").is_ok());
    }
}
