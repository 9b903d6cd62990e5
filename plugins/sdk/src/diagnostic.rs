//! What a plugin has to say about its input: collected, not stopped at the first.

pub use crate::bindings::common::spawnfile::common::types::{Diagnostic, Severity};

impl Diagnostic {
    /// Returns an error: the command stops. `code` is stable and dotted (`acme.option.unknown`); the message is one
    /// sentence that names the thing, lower-case and without a full stop.
    pub fn error(code: &str, message: impl Into<String>) -> Self {
        Self::of(Severity::Error, code, message)
    }

    /// Returns a warning: the command goes on.
    pub fn warning(code: &str, message: impl Into<String>) -> Self {
        Self::of(Severity::Warning, code, message)
    }

    /// Returns a note.
    pub fn info(code: &str, message: impl Into<String>) -> Self {
        Self::of(Severity::Info, code, message)
    }

    /// Adds the place in the input document, as a JSON pointer.
    #[must_use]
    pub fn at(mut self, pointer: impl Into<String>) -> Self {
        self.pointer = Some(pointer.into());
        self
    }

    /// Adds what to do next.
    #[must_use]
    pub fn hint(mut self, hint: impl Into<String>) -> Self {
        self.hint = Some(hint.into());
        self
    }

    /// Returns whether this stops the command.
    pub fn is_error(&self) -> bool {
        self.severity == Severity::Error
    }

    fn of(severity: Severity, code: &str, message: impl Into<String>) -> Self {
        Self { severity, code: code.to_owned(), message: message.into(), pointer: None, hint: None }
    }
}

/// Escapes one key for a JSON pointer (RFC 6901): `~` and `/`.
///
/// ```
/// assert_eq!(spawnfile_plugin::pointer_key("a/b~c"), "a~1b~0c");
/// ```
pub fn pointer_key(key: &str) -> String {
    key.replace('~', "~0").replace('/', "~1")
}
