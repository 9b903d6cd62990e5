//! What a guest logs: kept up to a bound, to be shown when it fails. Control characters are taken out, since the text
//! is foreign and ends on a terminal.

use crate::error::{LogLine, clean};
use crate::limits::Limits;

/// Longest line kept, in bytes.
const LINE: usize = 4096;

/// Lines of one call.
#[derive(Debug)]
pub(crate) struct Log {
    lines: Vec<LogLine>,
    lines_left: usize,
    bytes_left: usize,
    dropped: usize,
}

impl Log {
    pub(crate) fn new(limits: &Limits) -> Self {
        Self { lines: Vec::new(), lines_left: limits.log_lines, bytes_left: limits.log_bytes, dropped: 0 }
    }

    pub(crate) fn push(&mut self, level: &'static str, message: &str) {
        let message = clean(message, LINE);
        if self.lines_left == 0 || self.bytes_left < message.len() {
            self.dropped += 1;
            return;
        }
        self.lines_left -= 1;
        self.bytes_left -= message.len();
        self.lines.push(LogLine { level, message });
    }

    /// Returns the warnings, and how many lines were dropped if any.
    pub(crate) fn into_warnings(self) -> Vec<LogLine> {
        let mut lines: Vec<_> = self.lines.into_iter().filter(|line| line.level == "warn").collect();
        if self.dropped > 0 {
            lines.push(LogLine { level: "warn", message: format!("({} more log lines were dropped)", self.dropped) });
        }
        lines
    }
}
