//! The one error of commands: kind (exit code), what happened, what to do next.
//!
//! Libraries make errors, only this crate makes hints.

use std::error::Error;
use std::fmt;

use serde::Serialize;
use spawnfile_core::finding::{Finding, Findings, Severity};

/// Who has to act.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Kind {
    /// It ran, and something is wrong: exit code 1.
    Failed,
    /// Usage, input, contract or preflight: exit code 2.
    Input,
    /// Interrupted by a signal: 128 plus its number.
    Signal(u8),
}

/// What a command ends with when it does not succeed.
#[derive(Debug)]
pub(crate) struct CliError {
    kind: Kind,
    message: String,
    hints: Vec<String>,
    /// Printed before the message, one a line.
    details: Vec<String>,
    /// What validation found, for scripts; people see them among the details.
    findings: Vec<Finding>,
}

/// What a command that was asked for JSON answers when it does not succeed.
#[derive(Serialize)]
pub(crate) struct Failure<'a> {
    error: Body<'a>,
}

#[derive(Serialize)]
struct Body<'a> {
    /// `failed`, `input` or `interrupted`.
    kind: &'static str,
    exit_code: u8,
    message: &'a str,
    hints: &'a [String],
    findings: &'a [Finding],
}

impl CliError {
    /// Usage, input, contract or preflight: exit code 2.
    pub(crate) fn input(message: impl Into<String>) -> Self {
        Self { kind: Kind::Input, message: message.into(), hints: Vec::new(), details: Vec::new(), findings: Vec::new() }
    }

    /// It ran, and something is wrong: exit code 1.
    pub(crate) fn failed(message: impl Into<String>) -> Self {
        Self { kind: Kind::Failed, message: message.into(), hints: Vec::new(), details: Vec::new(), findings: Vec::new() }
    }

    /// A signal ended it.
    pub(crate) fn signal(number: u8) -> Self {
        Self { kind: Kind::Signal(number), message: "interrupted".into(), hints: Vec::new(), details: Vec::new(), findings: Vec::new() }
    }

    /// Exit code 2 for an error of a library, its causes included.
    pub(crate) fn input_from(error: &dyn Error) -> Self {
        Self::input(chain(error))
    }

    /// Exit code 1 for an error of a library, its causes included.
    pub(crate) fn failed_from(error: &dyn Error) -> Self {
        Self::failed(chain(error))
    }

    /// Exit code 2 for findings: each on a line of its own.
    pub(crate) fn findings(what: &str, findings: &Findings) -> Self {
        let sorted = findings.sorted();
        let errors = sorted.iter().filter(|finding| finding.severity == Severity::Error).count();
        let plural = if errors == 1 { "" } else { "s" };
        let mut error = Self::input(format!("{what}: {errors} error{plural}"));
        for finding in &sorted {
            error.details.push(line(finding));
        }
        error.findings = sorted;
        error
    }

    /// Adds what to do next.
    #[must_use]
    pub(crate) fn hint(mut self, hint: impl Into<String>) -> Self {
        self.hints.push(hint.into());
        self
    }

    /// Says what the message is about.
    #[must_use]
    pub(crate) fn about(mut self, what: &str) -> Self {
        self.message = format!("`{what}`: {}", self.message);
        self
    }

    /// Adds a line printed before the message.
    #[must_use]
    pub(crate) fn detail(mut self, detail: impl Into<String>) -> Self {
        self.details.push(detail.into());
        self
    }

    /// Returns the answer for a script.
    pub(crate) fn failure(&self) -> Failure<'_> {
        let kind = match self.kind {
            Kind::Failed => "failed",
            Kind::Input => "input",
            Kind::Signal(_) => "interrupted",
        };
        let error = Body { kind, exit_code: self.exit_code(), message: &self.message, hints: &self.hints, findings: &self.findings };
        Failure { error }
    }

    /// Returns the exit code.
    pub(crate) const fn exit_code(&self) -> u8 {
        match self.kind {
            Kind::Failed => 1,
            Kind::Input => 2,
            Kind::Signal(number) => 128_u8.saturating_add(number),
        }
    }
}

/// Returns a finding as a line (or two, with its hint).
pub(crate) fn line(finding: &spawnfile_core::finding::Finding) -> String {
    let severity = match finding.severity {
        Severity::Error => "error",
        Severity::Warning => "warning",
        Severity::Info => "note",
    };
    let mut line = format!("{severity}: {} [{}]", shown(&finding.to_string()), finding.code);
    if let Some(hint) = &finding.hint {
        line.push_str("\n  hint: ");
        line.push_str(&shown(hint));
    }
    line
}

/// Returns text that may quote a file, an image or a plugin, fit for a terminal: escaped and bounded.
fn shown(text: &str) -> String {
    const MOST: usize = 1000;
    let mut shown: String = text.chars().take(MOST).collect();
    if shown.len() < text.len() {
        shown.push('…');
    }
    spawnfile_core::display::escape(&shown).into_owned()
}

fn chain(error: &dyn Error) -> String {
    let mut text = error.to_string();
    let mut cause = error.source();
    while let Some(next) = cause {
        let next_text = next.to_string();
        if !text.contains(&next_text) {
            text.push_str(": ");
            text.push_str(&next_text);
        }
        cause = next.source();
    }
    text
}

impl fmt::Display for CliError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for detail in &self.details {
            writeln!(f, "{detail}")?;
        }
        write!(f, "error: {}", self.message)?;
        for hint in &self.hints {
            write!(f, "\n  hint: {hint}")?;
        }
        Ok(())
    }
}
