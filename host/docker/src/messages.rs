//! The streams of pull, push and build: one JSON document a line, each line and the whole bounded.

use http_body_util::BodyExt as _;
use hyper::body::Incoming;
use serde::Deserialize;

use crate::error::DockerError;
use crate::text::printable;
use crate::wire::Wire;

/// Cap of a whole stream, in bytes.
pub(crate) const STREAM_MAX: u64 = 256 * 1024 * 1024;
/// Longest line, in bytes.
const LINE_MAX: usize = 1024 * 1024;

/// A step of a pull, push or build, for people. All text is foreign, escaped and bounded.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Progress {
    /// Layer or tag that it is about.
    pub id: Option<String>,
    /// What happens, at most 400 characters.
    pub status: String,
    /// Bytes done.
    pub current: Option<u64>,
    /// Bytes in all.
    pub total: Option<u64>,
}

/// One line.
#[derive(Debug, Default, Deserialize)]
pub(crate) struct Message {
    pub(crate) id: Option<String>,
    pub(crate) status: Option<String>,
    pub(crate) stream: Option<String>,
    pub(crate) error: Option<String>,
    #[serde(rename = "errorDetail")]
    pub(crate) error_detail: Option<ErrorDetail>,
    #[serde(rename = "progressDetail")]
    progress: Option<Amount>,
    pub(crate) aux: Option<serde_json::Value>,
}

#[derive(Debug, Default, Deserialize)]
pub(crate) struct ErrorDetail {
    #[serde(default)]
    message: String,
}

#[derive(Debug, Default, Deserialize)]
struct Amount {
    current: Option<i64>,
    total: Option<i64>,
}

impl Message {
    /// Returns what went wrong, if this line says that something did.
    pub(crate) fn failure(&self) -> Option<&str> {
        let detail = self.error_detail.as_ref().map(|detail| detail.message.as_str()).filter(|text| !text.is_empty());
        detail.or(self.error.as_deref())
    }

    /// Returns the text that `aux` has under `key`.
    pub(crate) fn aux_text(&self, key: &str) -> Option<&str> {
        self.aux.as_ref()?.get(key)?.as_str()
    }

    /// Returns the step for people, if the line has one.
    pub(crate) fn progress(&self) -> Option<Progress> {
        let status = self.status.as_deref().or(self.stream.as_deref()).map(|text| printable(text, 400)).filter(|text| !text.is_empty())?;
        let amount = |value: Option<i64>| value.and_then(|value| u64::try_from(value).ok());
        Some(Progress {
            id: self.id.as_deref().map(|id| printable(id, 100)).filter(|id| !id.is_empty()),
            status,
            current: amount(self.progress.as_ref().and_then(|progress| progress.current)),
            total: amount(self.progress.as_ref().and_then(|progress| progress.total)),
        })
    }
}

/// Reads the lines of an answer.
#[derive(Debug)]
pub(crate) struct Messages<'a> {
    wire: &'a Wire,
    what: &'a str,
    body: Incoming,
    buffer: Vec<u8>,
    /// How much of the buffer has no line end.
    searched: usize,
    ended: bool,
}

impl<'a> Messages<'a> {
    pub(crate) const fn new(wire: &'a Wire, what: &'a str, body: Incoming) -> Self {
        Self { wire, what, body, buffer: Vec::new(), searched: 0, ended: false }
    }

    /// Returns the next message, or nothing at the end.
    pub(crate) async fn next(&mut self) -> Result<Option<Message>, DockerError> {
        loop {
            while let Some(line) = self.take_line() {
                if let Some(message) = parse(self.what, &line)? {
                    return Ok(Some(message));
                }
            }
            if self.ended {
                return parse(self.what, &std::mem::take(&mut self.buffer));
            }
            if self.buffer.len() > LINE_MAX {
                return Err(DockerError::malformed(self.what, "the engine's answer has a line longer than 1 MiB"));
            }
            match self.body.frame().await {
                None => self.ended = true,
                Some(Ok(frame)) => self.buffer.extend(frame.into_data().unwrap_or_default()),
                Some(Err(error)) => return Err(self.wire.broken(self.what, &error)),
            }
        }
    }

    fn take_line(&mut self) -> Option<Vec<u8>> {
        let found = self.buffer.get(self.searched..)?.iter().position(|byte| *byte == b'\n');
        let Some(found) = found else {
            self.searched = self.buffer.len();
            return None;
        };
        let end = self.searched + found + 1;
        self.searched = 0;
        Some(self.buffer.drain(..end).collect())
    }
}

fn parse(what: &str, line: &[u8]) -> Result<Option<Message>, DockerError> {
    let line = line.trim_ascii();
    if line.is_empty() {
        return Ok(None);
    }
    serde_json::from_slice(line).map(Some).map_err(|_| DockerError::malformed(what, "the engine's answer has a line that is no message"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_are_read_as_the_engine_writes_them() {
        let message = parse(
            "x",
            b"{\"status\":\"Pulling\\u001b[2J\",\"id\":\"abc\",\"progressDetail\":{\"current\":5,\"total\":-1},\"new\":[1]}\r\n",
        )
        .unwrap()
        .unwrap();
        assert_eq!(
            message.progress().unwrap(),
            Progress { id: Some("abc".to_owned()), status: "Pulling\\u{1b}[2J".to_owned(), current: Some(5), total: None }
        );
        let failed = parse("x", br#"{"errorDetail":{"message":"no"},"error":"older no"}"#).unwrap().unwrap();
        assert_eq!((failed.failure(), failed.progress()), (Some("no"), None));
        let pushed = parse("x", br#"{"progressDetail":{},"aux":{"Tag":"1","Digest":"sha256:ab","Size":1}}"#).unwrap().unwrap();
        assert_eq!(pushed.aux_text("Digest"), Some("sha256:ab"));
        assert!(parse("x", b"\r\n").unwrap().is_none());
        assert!(parse("x", b"<html>").is_err());
    }
}
