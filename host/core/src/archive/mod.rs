//! One regular file out of a tar stream that somebody else made.
//!
//! An Engine answers a request for a file with a tar of it. The stream is parsed as it comes, in any pieces, and is
//! refused as soon as it holds anything but one regular file of the expected name and at most the allowed size.
//! Links, folders, devices, a second entry, extensions that rename or resize, and data after the end are errors,
//! never skipped: two readers that skip differently see different files.
//!
//! One PAX header before the file is accepted when it holds times, owners and attributes only: Engines write one for
//! large ids and extended attributes.
//!
//! [`layer`] reads files out of the layers of an image by the same rules for headers.

mod header;
pub mod layer;
#[cfg(test)]
mod tests;

use crate::display::excerpt;
use header::Header;

/// Bytes of a tar block.
const BLOCK: usize = 512;
/// Most bytes of a PAX extension.
const MAX_PAX: u64 = 64 * 1024;
/// Most zero bytes after the file.
const MAX_TRAILER: u64 = 64 * 1024;

/// Why a stream is refused.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ArchiveError {
    /// No header of a tar stream.
    #[error("the archive is no ustar stream")]
    NotTar,
    /// A header whose checksum is wrong.
    #[error("a header of the archive has a wrong checksum")]
    Checksum,
    /// A size that is no octal number.
    #[error("a header of the archive has a size that is no octal number")]
    Size,
    /// Something other than a regular file.
    #[error("the archive holds {0} where one regular file is expected")]
    Entry(&'static str),
    /// A file of another name.
    #[error("the archive holds a file of an unexpected name `{0}`")]
    Name(String),
    /// A file larger than allowed.
    #[error("the file in the archive has {size} bytes, more than the {max} that are allowed")]
    TooLarge {
        /// Announced size.
        size: u64,
        /// Allowed size.
        max: u64,
    },
    /// An extension header that cannot be read.
    #[error("the archive has a malformed PAX header")]
    Pax,
    /// An extension header that changes what the file is.
    #[error("the archive has a PAX record `{0}`, which is not allowed")]
    PaxRecord(String),
    /// More than one entry.
    #[error("the archive holds more than one file")]
    Second,
    /// Data after the end.
    #[error("the archive has data after its end")]
    Trailing,
    /// The stream ended early.
    #[error("the archive is truncated")]
    Truncated,
    /// The stream ended properly without a file.
    #[error("the archive holds no file")]
    Empty,
}

/// A parser that is given a tar stream piece by piece.
#[derive(Debug)]
pub struct SingleFile {
    expected: String,
    max: u64,
    block: Vec<u8>,
    state: State,
    had_pax: bool,
    file: Option<Vec<u8>>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
enum State {
    Header,
    Pax { records: Vec<u8>, left: u64, padding: u64 },
    Body { left: u64, padding: u64 },
    Padding { left: u64 },
    Trailer { seen: u64 },
    Failed(ArchiveError),
}

impl SingleFile {
    /// Returns a parser for one file with this base name and at most so many bytes.
    pub fn new(expected_name: &str, max_bytes: u64) -> Self {
        Self {
            expected: expected_name.to_owned(),
            max: max_bytes,
            block: Vec::with_capacity(BLOCK),
            state: State::Header,
            had_pax: false,
            file: None,
        }
    }

    /// Takes in the next piece. After an error every further call gives the same error.
    ///
    /// # Errors
    /// The first thing in the stream that is not as it must be.
    pub fn push(&mut self, mut bytes: &[u8]) -> Result<(), ArchiveError> {
        if let State::Failed(error) = &self.state {
            return Err(error.clone());
        }
        while !bytes.is_empty() {
            match self.step(bytes) {
                Ok(rest) => bytes = rest,
                Err(error) => {
                    self.file = None;
                    self.state = State::Failed(error.clone());
                    return Err(error);
                }
            }
        }
        Ok(())
    }

    /// Returns the file once the stream has ended.
    ///
    /// # Errors
    /// An earlier error, or that the stream ended too early or without a file.
    pub fn finish(self) -> Result<Vec<u8>, ArchiveError> {
        match self.state {
            State::Failed(error) => Err(error),
            State::Trailer { seen } if seen >= BLOCK as u64 && seen % BLOCK as u64 == 0 => self.file.ok_or(ArchiveError::Empty),
            State::Header if self.block.is_empty() && !self.had_pax && self.file.is_none() => Err(ArchiveError::Empty),
            State::Header | State::Pax { .. } | State::Body { .. } | State::Padding { .. } | State::Trailer { .. } => {
                Err(ArchiveError::Truncated)
            }
        }
    }

    /// Consumes some of the bytes and returns the others.
    fn step<'b>(&mut self, bytes: &'b [u8]) -> Result<&'b [u8], ArchiveError> {
        match &mut self.state {
            State::Header => {
                let (taken, rest) = split(bytes, (BLOCK - self.block.len()) as u64);
                self.block.extend_from_slice(taken);
                if self.block.len() == BLOCK {
                    self.header()?;
                    self.block.clear();
                }
                Ok(rest)
            }
            State::Pax { records, left, padding } => {
                let (taken, rest) = split(bytes, *left);
                records.extend_from_slice(taken);
                *left -= taken.len() as u64;
                if *left == 0 {
                    header::check_pax(records)?;
                    self.state = State::after(*padding);
                }
                Ok(rest)
            }
            State::Body { left, padding } => {
                let (taken, rest) = split(bytes, *left);
                if let Some(file) = &mut self.file {
                    file.extend_from_slice(taken);
                }
                *left -= taken.len() as u64;
                if *left == 0 {
                    self.state = State::after(*padding);
                }
                Ok(rest)
            }
            State::Padding { left } => {
                let (taken, rest) = split(bytes, *left);
                *left -= taken.len() as u64;
                if *left == 0 {
                    self.state = State::Header;
                }
                Ok(rest)
            }
            State::Trailer { seen } => {
                if bytes.iter().any(|b| *b != 0) {
                    return Err(ArchiveError::Trailing);
                }
                *seen = seen.saturating_add(bytes.len() as u64);
                if *seen > MAX_TRAILER { Err(ArchiveError::Trailing) } else { Ok(&[]) }
            }
            State::Failed(error) => Err(error.clone()),
        }
    }

    fn header(&mut self) -> Result<(), ArchiveError> {
        let block: &[u8; BLOCK] = self.block.as_slice().try_into().map_err(|_| ArchiveError::Truncated)?;
        if block.iter().all(|b| *b == 0) {
            // An extension without the entry that it extends.
            if self.had_pax && self.file.is_none() {
                return Err(ArchiveError::Truncated);
            }
            self.state = State::Trailer { seen: BLOCK as u64 };
            return Ok(());
        }
        if self.file.is_some() {
            return Err(ArchiveError::Second);
        }
        match header::parse(block)? {
            Header::Pax { size } => {
                if self.had_pax || size > MAX_PAX {
                    return Err(ArchiveError::Pax);
                }
                self.had_pax = true;
                self.state = match size {
                    0 => State::Header,
                    size => State::Pax { records: Vec::new(), left: size, padding: padding(size) },
                };
            }
            Header::File { name, size } => {
                let traverses = name.starts_with('/') || name.split('/').any(|part| part == "..");
                if traverses || name.rsplit('/').next() != Some(self.expected.as_str()) {
                    return Err(ArchiveError::Name(excerpt(&name)));
                }
                if size > self.max {
                    return Err(ArchiveError::TooLarge { size, max: self.max });
                }
                // Grows as bytes come: an announced size alone takes no memory.
                self.file = Some(Vec::new());
                self.state = match size {
                    0 => State::Header,
                    size => State::Body { left: size, padding: padding(size) },
                };
            }
        }
        Ok(())
    }
}

impl State {
    /// Returns what follows a body: its padding, or the next header at once.
    const fn after(padding: u64) -> Self {
        if padding == 0 { Self::Header } else { Self::Padding { left: padding } }
    }
}

fn padding(size: u64) -> u64 {
    (BLOCK as u64 - size % BLOCK as u64) % BLOCK as u64
}

/// Splits off at most `most` bytes.
fn split(bytes: &[u8], most: u64) -> (&[u8], &[u8]) {
    let at = usize::try_from(most).unwrap_or(usize::MAX).min(bytes.len());
    bytes.split_at(at)
}
