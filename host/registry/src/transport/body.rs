//! Reads the body of an answer: so many bytes, in so much time, and no encoding.

use http_body_util::BodyExt as _;
use hyper::body::Bytes;
use hyper::header::{CONTENT_ENCODING, CONTENT_LENGTH, HeaderMap, HeaderName};
use tokio::time::{Instant, timeout_at};

use super::{About, Answer, Transport, broken};
use crate::error::RegistryError;

/// The body of an answer, piece by piece.
pub(crate) struct Reader<'t> {
    transport: &'t Transport,
    answer: Answer,
    about: About,
    max: u64,
    seen: u64,
}

impl Answer {
    pub(crate) fn status(&self) -> u16 {
        self.response.status().as_u16()
    }

    /// Returns a header's text, when it stands there once and is visible ASCII of at most that length.
    pub(crate) fn header(&self, name: &HeaderName, longest: usize) -> Option<&str> {
        single(self.response.headers(), name).filter(|text| text.len() <= longest)
    }

    /// Begins to read a body of at most `max` bytes.
    pub(crate) fn read<'t>(self, transport: &'t Transport, about: &About, max: u64) -> Result<Reader<'t>, RegistryError> {
        let host = self.origin.authority();
        let what = || about.what.clone();
        let encoded =
            self.response.headers().get_all(CONTENT_ENCODING).iter().any(|value| !value.as_bytes().eq_ignore_ascii_case(b"identity"));
        if encoded {
            return Err(RegistryError::Broken { host, what: what(), why: "it packs the answer, which it was not asked for".to_owned() });
        }
        if self.header(&CONTENT_LENGTH, 20).and_then(|text| text.parse::<u64>().ok()).is_some_and(|length| length > max) {
            return Err(RegistryError::TooLarge { what: what(), max });
        }
        Ok(Reader { transport, answer: self, about: about.clone(), max, seen: 0 })
    }

    /// Reads a whole body of at most `max` bytes.
    pub(crate) async fn bytes(self, transport: &Transport, about: &About, max: u64) -> Result<Vec<u8>, RegistryError> {
        let mut reader = self.read(transport, about, max)?;
        let mut bytes = Vec::new();
        while let Some(piece) = reader.next().await? {
            bytes.extend_from_slice(&piece);
        }
        reader.done();
        Ok(bytes)
    }
}

fn single<'h>(headers: &'h HeaderMap, name: &HeaderName) -> Option<&'h str> {
    let mut values = headers.get_all(name).iter();
    let first = values.next()?.to_str().ok()?;
    values.next().is_none().then_some(first)
}

impl Reader<'_> {
    /// Returns the next piece; nothing at the end.
    pub(crate) async fn next(&mut self) -> Result<Option<Bytes>, RegistryError> {
        loop {
            let until = self.about.deadline.min(Instant::now() + self.transport.times.idle);
            let frame = timeout_at(until, self.answer.response.body_mut().frame()).await;
            let slow = |_| RegistryError::Slow { host: self.answer.origin.authority(), what: self.about.what.clone() };
            let Some(frame) = frame.map_err(slow)? else { return Ok(None) };
            let frame = frame.map_err(|error| broken(&self.answer.origin, &self.about, &error))?;
            // Trailers say nothing here.
            let Ok(piece) = frame.into_data() else { continue };
            self.seen = self.seen.saturating_add(piece.len() as u64);
            if self.seen > self.max {
                return Err(RegistryError::TooLarge { what: self.about.what.clone(), max: self.max });
            }
            return Ok(Some(piece));
        }
    }

    /// Keeps the connection, once the end was seen.
    pub(crate) fn done(self) {
        self.transport.keep(self.answer.origin, self.answer.sender);
    }
}
