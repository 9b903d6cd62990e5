//! A container's output on the user's own, line by line: known values redacted, control characters escaped.

use std::io::Write;

use spawnfile_core::display::escape;
use spawnfile_docker::{Channel, Docker, LogsWanted};

use super::redact::Redactor;
use crate::engine;
use crate::error::CliError;

/// Longest line that is waited for, in bytes; what is longer is cut there, and a value across the cut may show its
/// halves, so this is far above any value that a line of a log has.
const LINE: usize = 256 * 1024;

/// Passes both outputs on from the begin until the container ends.
pub(crate) async fn follow(docker: &Docker, container: &str, redactor: &Redactor) -> Result<(), CliError> {
    show(docker, container, LogsWanted { tail: None, follow: true }, redactor).await
}

/// Passes on what is wanted of both outputs. One that is gone has none.
pub(crate) async fn show(docker: &Docker, container: &str, wanted: LogsWanted, redactor: &Redactor) -> Result<(), CliError> {
    let (mut out, mut err) = (Lines::default(), Lines::default());
    let mut give = |channel: Channel, bytes: &[u8]| match channel {
        Channel::Out => out.push(bytes, redactor, &mut std::io::stdout().lock()),
        Channel::Err => err.push(bytes, redactor, &mut std::io::stderr().lock()),
    };
    let followed = docker.logs(container, wanted, &mut give).await;
    out.finish(redactor, &mut std::io::stdout().lock());
    err.finish(redactor, &mut std::io::stderr().lock());
    match followed {
        Err(error) if error.is_not_found() => Ok(()),
        other => other.map_err(|error| engine::failed(&error)),
    }
}

/// What of a line has come so far.
#[derive(Default)]
struct Lines(Vec<u8>);

impl Lines {
    fn push(&mut self, bytes: &[u8], redactor: &Redactor, to: &mut dyn Write) {
        self.0.extend_from_slice(bytes);
        while let Some(end) = self.0.iter().position(|byte| *byte == b'\n').or((self.0.len() > LINE).then_some(LINE)) {
            let rest = self.0.split_off((end + 1).min(self.0.len()));
            line(&std::mem::replace(&mut self.0, rest), redactor, to);
        }
    }

    fn finish(&mut self, redactor: &Redactor, to: &mut dyn Write) {
        if !self.0.is_empty() {
            line(&std::mem::take(&mut self.0), redactor, to);
        }
    }
}

fn line(line: &[u8], redactor: &Redactor, to: &mut dyn Write) {
    let text = String::from_utf8_lossy(line);
    let text = redactor.redact(text.trim_end_matches(['\n', '\r']));
    // A reader that went away does not end the organization.
    let _ignored = writeln!(to, "{}", escape(&text)).and_then(|()| to.flush());
}

#[cfg(test)]
mod tests {
    use super::*;
    use spawnfile_core::secret::Secret;

    #[test]
    fn values_are_found_however_the_output_is_cut() {
        let redactor = Redactor::new(&[Secret::new(b"canary-value".to_vec())]);
        let mut shown = Vec::new();
        let mut lines = Lines::default();
        for piece in ["a cana", "ry-val", "ue b\r\nfoo \x1b[31m", "\nrest"] {
            lines.push(piece.as_bytes(), &redactor, &mut shown);
        }
        lines.finish(&redactor, &mut shown);
        let shown = String::from_utf8(shown).unwrap();
        assert!(shown.starts_with("a [redacted] b\nfoo ") && shown.ends_with("\nrest\n") && !shown.contains('\x1b'), "{shown:?}");
    }
}
