//! The two outputs of a chore: lines of progress on standard error, lines of the answer on standard output.
//!
//! A closed output is no reason to stop a chore half-way, so failures to write are ignored.

use std::fmt::Display;
use std::io::Write as _;

/// A line of progress: what a step does, or that there was nothing to do.
pub(crate) fn step(step: &str, says: impl Display) {
    progress(format_args!("{step}: {says}"));
}

/// A command of the product, as a reader would type it.
pub(crate) fn typed(command: impl Display) {
    progress(format_args!("\n$ {command}"));
}

/// A free line on standard error.
pub(crate) fn progress(line: impl Display) {
    let mut stderr = std::io::stderr().lock();
    writeln!(stderr, "{line}").ok();
}

/// An error that ends the chore.
pub(crate) fn error(error: &crate::error::Error) {
    progress(format_args!("error: {error}"));
}

/// A line of the answer.
pub(crate) fn answer(line: impl Display) {
    let mut stdout = std::io::stdout().lock();
    writeln!(stdout, "{line}").and_then(|()| stdout.flush()).ok();
}
