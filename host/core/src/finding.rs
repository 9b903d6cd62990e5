//! Findings: what validation has to say, all of it at once.

use std::fmt;

use serde::{Deserialize, Serialize};

use crate::display::shortened;

/// Most characters of a message or a hint, long enough for a list of names.
pub const MESSAGE_CHARS: usize = 4096;

/// How bad a finding is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Severity {
    /// The command stops (exit code 2).
    Error,
    /// The command goes on; something will not be as the author may think.
    Warning,
    /// For information.
    Info,
}

/// A position in a text file: line and column, both from 1.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Position {
    /// Line, from 1.
    pub line: u32,
    /// Column in characters, from 1.
    pub column: u32,
}

/// One result of validation.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Finding {
    /// How bad it is.
    pub severity: Severity,
    /// Stable, dotted code (`manifest.unknown-key`), documented in specs/FINDINGS.md.
    pub code: String,
    /// One sentence that names the thing, without a full stop.
    pub message: String,
    /// File the finding is about, relative to the project, if any.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub file: Option<String>,
    /// Where in the file.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub position: Option<Position>,
    /// What to do next.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub hint: Option<String>,
}

impl Finding {
    /// Returns an error with a code and a message.
    pub fn error(code: &str, message: impl Into<String>) -> Self {
        Self::new(Severity::Error, code, message)
    }

    /// Returns a warning with a code and a message.
    pub fn warning(code: &str, message: impl Into<String>) -> Self {
        Self::new(Severity::Warning, code, message)
    }

    /// Returns a finding of any severity. The message may quote a file, an image or a plugin: it is escaped, and what is
    /// longer than [`MESSAGE_CHARS`] is cut.
    pub fn new(severity: Severity, code: &str, message: impl Into<String>) -> Self {
        let message = shortened(&message.into(), MESSAGE_CHARS);
        Self { severity, code: code.to_owned(), message, file: None, position: None, hint: None }
    }

    /// Adds what to do next; escaped and cut like the message.
    #[must_use]
    pub fn hint(mut self, hint: impl Into<String>) -> Self {
        self.hint = Some(shortened(&hint.into(), MESSAGE_CHARS));
        self
    }

    /// Adds the file, and where in it.
    #[must_use]
    pub fn at(mut self, file: impl Into<String>, position: Option<Position>) -> Self {
        self.file = Some(file.into());
        self.position = position;
        self
    }
}

impl fmt::Display for Finding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Some(file) = &self.file {
            f.write_str(file)?;
            if let Some(at) = self.position {
                write!(f, ":{}:{}", at.line, at.column)?;
            }
            f.write_str(": ")?;
        }
        f.write_str(&self.message)
    }
}

/// Findings in the order they were made; sorted when shown.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
#[serde(transparent)]
pub struct Findings(Vec<Finding>);

impl Findings {
    /// Adds one.
    pub fn push(&mut self, finding: Finding) {
        self.0.push(finding);
    }

    /// Adds many.
    pub fn extend(&mut self, findings: impl IntoIterator<Item = Finding>) {
        self.0.extend(findings);
    }

    /// Returns whether one of them is an error.
    pub fn has_errors(&self) -> bool {
        self.0.iter().any(|f| f.severity == Severity::Error)
    }

    /// Returns whether there is none at all.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Returns them sorted: errors first, then by file, position and code, each once.
    pub fn sorted(&self) -> Vec<Finding> {
        let mut sorted = self.0.clone();
        sorted.sort_by(|a, b| {
            (a.severity, &a.file, a.position, &a.code, &a.message).cmp(&(b.severity, &b.file, b.position, &b.code, &b.message))
        });
        sorted.dedup();
        sorted
    }

    /// Returns them in the order they were made.
    pub fn iter(&self) -> std::slice::Iter<'_, Finding> {
        self.0.iter()
    }

    /// Returns `value` with the findings when none is an error, else the findings.
    pub fn and<T>(self, value: T) -> Result<(T, Self), Self> {
        if self.has_errors() { Err(self) } else { Ok((value, self)) }
    }
}

impl From<Finding> for Findings {
    fn from(finding: Finding) -> Self {
        Self(vec![finding])
    }
}

impl FromIterator<Finding> for Findings {
    fn from_iter<T: IntoIterator<Item = Finding>>(iter: T) -> Self {
        Self(iter.into_iter().collect())
    }
}

impl IntoIterator for Findings {
    type Item = Finding;
    type IntoIter = std::vec::IntoIter<Finding>;

    fn into_iter(self) -> Self::IntoIter {
        self.0.into_iter()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn messages_are_fit_to_show() {
        let finding = Finding::error("a.b", "key `\u{1b}[2J\u{202e}`").hint("x".repeat(10_000));
        assert_eq!(finding.message, "key `\\u{1b}[2J\\u{202e}`");
        assert_eq!(finding.hint.unwrap().chars().count(), MESSAGE_CHARS + 1);
    }
}
