//! All output goes through here: the answer to stdout, everything else to stderr.

use std::io::Write;
use std::time::{Duration, Instant};

use serde::Serialize;
use spawnfile_core::finding::Findings;

use crate::error::{CliError, line};

/// How a command talks.
#[derive(Debug)]
pub(crate) struct Ui {
    json: bool,
    quiet: bool,
    terminal: bool,
    /// When the last progress line of the current step was written.
    last: Option<Instant>,
    /// Whether an unfinished progress line stands on the terminal.
    open: bool,
}

impl Ui {
    /// Returns a voice; `terminal` says whether stderr is one.
    pub(crate) const fn new(json: bool, quiet: bool, terminal: bool) -> Self {
        Self { json, quiet, terminal, last: None, open: false }
    }

    /// Returns whether the answer is JSON.
    pub(crate) const fn is_json(&self) -> bool {
        self.json
    }

    /// Writes the answer: as JSON when asked, else as the text that `human` gives.
    pub(crate) fn answer<T: Serialize>(&mut self, answer: &T, human: impl FnOnce(&T) -> String) -> Result<(), CliError> {
        let mut text = if self.json {
            serde_json::to_writer(std::io::sink(), answer).map_err(|error| CliError::failed_from(&error))?;
            spawnfile_core::display::json(answer)
        } else {
            human(answer)
        };
        if !text.is_empty() && !text.ends_with('\n') {
            text.push('\n');
        }
        self.close();
        let mut out = std::io::stdout().lock();
        match out.write_all(text.as_bytes()).and_then(|()| out.flush()) {
            Err(error) if error.kind() != std::io::ErrorKind::BrokenPipe => {
                Err(CliError::failed(format!("cannot write the answer: {error}")))
            }
            // Whoever reads may stop reading (`| head`): that is no failure.
            _ => Ok(()),
        }
    }

    /// Says a step: one line on stderr.
    pub(crate) fn step(&mut self, text: &str) {
        self.last = None;
        if !self.quiet {
            self.write(&format!("{text}\n"));
        }
    }

    /// Shows progress inside a step: rewritten in place on a terminal, at most every two seconds elsewhere.
    pub(crate) fn progress(&mut self, text: &str) {
        let pause = if self.terminal { Duration::from_millis(100) } else { Duration::from_secs(2) };
        if self.quiet || self.last.is_some_and(|last| last.elapsed() < pause) {
            return;
        }
        self.last = Some(Instant::now());
        if self.terminal {
            let short: String = text.chars().take(100).collect();
            self.write(&format!("  {short}"));
            self.open = true;
        } else {
            self.write(&format!("  {text}\n"));
        }
    }

    /// Says a warning.
    pub(crate) fn warn(&mut self, text: &str) {
        self.write(&format!("warning: {text}\n"));
    }

    /// Says findings that stopped nothing.
    pub(crate) fn findings(&mut self, findings: &Findings) {
        for finding in findings.sorted() {
            self.write(&format!("{}\n", line(&finding)));
        }
    }

    /// Says an error that ends nothing.
    pub(crate) fn error(&mut self, error: &CliError) {
        self.write(&format!("{error}\n"));
    }

    /// Says the error that a command ends with; a script that asked for JSON gets it as its answer.
    pub(crate) fn failure(&mut self, error: &CliError) {
        self.error(error);
        if self.json {
            // Nothing is left to be said of an answer that cannot be written.
            let _ignored = self.answer(&error.failure(), |_| String::new());
        }
    }

    fn close(&mut self) {
        if self.open {
            self.open = false;
            self.raw("\r\x1b[K");
        }
    }

    fn write(&mut self, text: &str) {
        self.close();
        self.raw(text);
    }

    #[expect(clippy::unused_self, reason = "stderr is the ui's alone")]
    fn raw(&self, text: &str) {
        // A closed stderr must not end a deployment half way.
        let _ignored = std::io::stderr().lock().write_all(text.as_bytes());
    }
}
