//! What a plugin says about itself, and the words of its findings: the same rules for every kind.

use serde_json::Value;
use spawnfile_core::display::escape;
use spawnfile_core::finding::{Finding, Severity};

use super::sheet::{Row, Sheet};
use crate::manifest::PluginManifest;

/// Longest title of a descriptor, in bytes: that of a manifest.
const TITLE: usize = 200;

pub(super) const MANIFEST: Row = (
    "manifest",
    "plugin.toml and the descriptor agree and can be shown: id, titles, what it provides",
    "give `plugin.toml` and `describe` a one-line title without control or direction characters, and the same id",
);

pub(super) const DESCRIBE: Row = (
    "describe.same",
    "it describes itself the same whenever and wherever it is asked",
    "`describe` must depend on nothing: no clock, no random number, no order of a HashMap",
);

pub(super) const SCHEMA: Row = (
    "describe.schema",
    "the schema of its options or settings is a JSON Schema of an object",
    "return a JSON object with `\"type\": \"object\"`, or no schema",
);

pub(super) const FINDINGS: Row = (
    "findings",
    "what it says has a dotted code, a message of one line, and an error wherever it refuses",
    "codes are lower-case words joined by dots (`acme.option.unknown`); a refusal holds at least one error",
);

pub(super) const BOUNDED: Row = (
    "bounded",
    "no call crashed, or ran out of memory, stack, time, bytes or calls",
    "return a diagnostic instead of a panic, and bound recursion and buffers by the input",
);

/// Checks manifest and descriptor against each other.
pub(super) fn manifest(sheet: &mut Sheet, manifest: &PluginManifest, id: Option<&str>, title: &str) {
    for (what, text) in [("the title of plugin.toml", manifest.title.as_str()), ("the title of the descriptor", title)] {
        let shown = escape(text);
        sheet.expect(!text.trim().is_empty() && text.len() <= TITLE && shown == text, "manifest", || {
            format!("{what} is empty, longer than {TITLE} bytes, or has characters that steer a terminal: `{shown}`")
        });
    }
    if let Some(id) = id {
        sheet.expect(manifest.provides.is_empty() || manifest.provides == [id], "manifest", || {
            format!("plugin.toml provides `{}`, it says that it is `{id}`", manifest.provides.join(", "))
        });
    }
    for capability in &manifest.capabilities {
        let reason = capability.reason.as_deref().unwrap_or_default();
        sheet.expect(!reason.is_empty() && escape(reason) == reason && reason.len() <= TITLE, "manifest", || {
            format!("the capability `{}` has no `reason` of one line, which users are shown", capability.kind)
        });
    }
}

/// Checks the schema of options or settings.
pub(super) fn schema(sheet: &mut Sheet, text: Option<&str>) {
    let Some(text) = text else { return };
    match serde_json::from_str::<Value>(text) {
        Err(error) => sheet.fail("describe.schema", format!("it is no JSON: {error}")),
        Ok(Value::Object(schema)) if schema.get("type").is_some_and(|of| of == "object") => {}
        Ok(_) => sheet.fail("describe.schema", "it is not the schema of an object"),
    }
}

/// Checks the words of findings; `refused` says that they are all that was answered.
pub(super) fn findings(sheet: &mut Sheet, during: &str, findings: &[Finding], refused: bool) {
    sheet.expect(!refused || findings.iter().any(|finding| finding.severity == Severity::Error), "findings", || {
        format!("{during}: it refuses and gives no error")
    });
    for finding in findings {
        sheet.expect(is_code(&finding.code), "findings", || format!("{during}: `{}` is no code", finding.code));
        sheet.expect(!finding.message.trim().is_empty(), "findings", || format!("{during}: `{}` has no message", finding.code));
    }
}

fn is_code(text: &str) -> bool {
    let word = |word: &str| {
        word.bytes().next().is_some_and(|b| b.is_ascii_lowercase() || b.is_ascii_digit())
            && word.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-')
    };
    text.len() <= 120 && text.contains('.') && text.split('.').all(word)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn codes_are_dotted_words() {
        for good in ["echo.option.unknown", "a.b", "document.malformed", "x.y-z.2"] {
            assert!(is_code(good), "{good}");
        }
        for bad in ["", "one", "a..b", ".a", "a.", "A.b", "a b.c", "a.-b"] {
            assert!(!is_code(bad), "{bad}");
        }
    }
}
