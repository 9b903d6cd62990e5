//! What a chore says when it cannot go on: what is wrong, and what to type next.

use std::fmt;

/// An error with the next step, if there is one.
#[derive(Debug)]
pub(crate) struct Error {
    what: String,
    hint: Option<String>,
}

/// A result of this crate.
pub(crate) type Result<T> = std::result::Result<T, Error>;

impl Error {
    /// `what` is a lower-case fragment that names the thing.
    pub(crate) fn new(what: impl Into<String>) -> Self {
        Self { what: what.into(), hint: None }
    }

    /// Adds what to type next.
    pub(crate) fn hint(mut self, hint: impl Into<String>) -> Self {
        self.hint = Some(hint.into());
        self
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.what)?;
        match &self.hint {
            Some(hint) => write!(f, "\nhint: {hint}"),
            None => Ok(()),
        }
    }
}

/// Says what was being done when something failed.
pub(crate) trait Context<T> {
    /// `doing` names the thing: "reading `x`".
    fn context(self, doing: impl FnOnce() -> String) -> Result<T>;
}

impl<T, E: fmt::Display> Context<T> for std::result::Result<T, E> {
    fn context(self, doing: impl FnOnce() -> String) -> Result<T> {
        self.map_err(|error| Error::new(format!("{}: {error}", doing())))
    }
}
