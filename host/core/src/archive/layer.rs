//! Files out of one layer of an image, as an Engine would see them.
//!
//! A layer changes what lies below it: it has files, and whiteouts (`.wh.name`, `.wh..wh..opq`) that take away what
//! other layers have. For each wanted path the answer is what this layer makes of it. The stream is parsed as it comes
//! and refused where two readers could see different things: a path with `..`, a wanted file that stands twice, below
//! something that is no folder, or without its folder, sparse files, sizes in extensions, data after the end.

use super::header::{any, each_record};
use super::{ArchiveError, BLOCK, padding, split};
use crate::display::excerpt;

/// Most bytes of an extension of an entry.
const MAX_EXTENSION: u64 = 1024 * 1024;
/// Most zero bytes at the end.
const MAX_TRAILER: u64 = 1024 * 1024;
/// Fewest zero bytes at the end.
const MIN_TRAILER: u64 = 2 * BLOCK as u64;

/// What a layer makes of a wanted path.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Seen {
    /// Nothing: what a lower layer says, holds.
    Untouched,
    /// A regular file.
    File(Vec<u8>),
    /// It is not there, whatever lower layers have.
    Gone,
    /// Something that is no regular file.
    Other(&'static str),
}

/// Why a layer is not read.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum LayerError {
    /// Not an archive that is accepted.
    #[error(transparent)]
    Archive(#[from] ArchiveError),
    /// Two readers could see different files.
    #[error("the layer can be read in two ways: {0}")]
    Ambiguous(String),
}

/// A parser that is given a layer piece by piece.
#[derive(Debug)]
pub struct Scan {
    wanted: Vec<Wanted>,
    max: u64,
    block: Vec<u8>,
    state: State,
    /// Name from an extension, for the next entry.
    name: Option<Vec<u8>>,
    /// Whether an extension waits for its entry.
    extended: bool,
}

#[derive(Debug)]
struct Wanted {
    /// Path without the leading slash.
    path: Vec<u8>,
    found: Option<Seen>,
    /// Folders above it that the layer has.
    folders: Vec<Vec<u8>>,
    /// A whiteout of it, or of a folder above it, or something else in that folder's place.
    hidden: bool,
    opaque: bool,
}

#[derive(Debug)]
enum State {
    Header,
    /// Of the wanted file of that number, if any.
    Body {
        of: Option<usize>,
        left: u64,
        padding: u64,
    },
    Extension {
        kind: u8,
        bytes: Vec<u8>,
        left: u64,
        padding: u64,
    },
    Padding {
        left: u64,
    },
    Trailer {
        seen: u64,
    },
    Failed(LayerError),
}

impl Scan {
    /// Returns a parser for these absolute paths, each of at most `max` bytes.
    pub fn new<'p>(paths: impl IntoIterator<Item = &'p str>, max: u64) -> Self {
        let wanted = |path: &str| Wanted {
            path: path.trim_start_matches('/').as_bytes().to_vec(),
            found: None,
            folders: Vec::new(),
            hidden: false,
            opaque: false,
        };
        Self {
            wanted: paths.into_iter().map(wanted).collect(),
            max,
            block: Vec::with_capacity(BLOCK),
            state: State::Header,
            name: None,
            extended: false,
        }
    }

    /// Takes in the next piece. After an error every further call gives the same error.
    ///
    /// # Errors
    /// The first thing in the stream that is not as it must be.
    pub fn push(&mut self, mut bytes: &[u8]) -> Result<(), LayerError> {
        while !bytes.is_empty() {
            match self.step(bytes) {
                Ok(rest) => bytes = rest,
                Err(error) => {
                    self.state = State::Failed(error.clone());
                    return Err(error);
                }
            }
        }
        Ok(())
    }

    /// Returns what the layer makes of each path, in the order that they were given in.
    ///
    /// # Errors
    /// An earlier error, or that the stream ended too early.
    pub fn finish(self) -> Result<Vec<Seen>, LayerError> {
        match self.state {
            State::Failed(error) => Err(error),
            State::Trailer { seen } if seen >= MIN_TRAILER && seen % BLOCK as u64 == 0 => {
                self.wanted.into_iter().map(Wanted::judge).collect()
            }
            _ => Err(ArchiveError::Truncated.into()),
        }
    }

    fn step<'b>(&mut self, bytes: &'b [u8]) -> Result<&'b [u8], LayerError> {
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
            State::Body { of, left, padding } => {
                let (taken, rest) = split(bytes, *left);
                if let Some(Seen::File(file)) = of.and_then(|of| self.wanted.get_mut(of)).and_then(|wanted| wanted.found.as_mut()) {
                    file.extend_from_slice(taken);
                }
                *left -= taken.len() as u64;
                if *left == 0 {
                    self.state = State::after(*padding);
                }
                Ok(rest)
            }
            State::Extension { kind, bytes: collected, left, padding } => {
                let (taken, rest) = split(bytes, *left);
                collected.extend_from_slice(taken);
                *left -= taken.len() as u64;
                if *left == 0 {
                    let (kind, collected, next) = (*kind, std::mem::take(collected), State::after(*padding));
                    self.state = next;
                    self.extension(kind, &collected)?;
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
                *seen = seen.saturating_add(bytes.len() as u64);
                if *seen > MAX_TRAILER || bytes.iter().any(|b| *b != 0) { Err(ArchiveError::Trailing.into()) } else { Ok(&[]) }
            }
            State::Failed(error) => Err(error.clone()),
        }
    }

    fn header(&mut self) -> Result<(), LayerError> {
        let block: &[u8; BLOCK] = self.block.as_slice().try_into().map_err(|_| ArchiveError::Truncated)?;
        if block.iter().all(|b| *b == 0) {
            if self.extended {
                return Err(ArchiveError::Truncated.into());
            }
            self.state = State::Trailer { seen: BLOCK as u64 };
            return Ok(());
        }
        let (kind, size, name) = any(block)?;
        if matches!(kind, b'x' | b'L' | b'K') {
            if size > MAX_EXTENSION {
                return Err(ArchiveError::Pax.into());
            }
            self.extended = true;
            self.state = match size {
                0 => State::Header,
                size => State::Extension { kind, bytes: Vec::new(), left: size, padding: padding(size) },
            };
            return Ok(());
        }
        self.extended = false;
        let name = self.name.take().unwrap_or(name);
        let of = self.entry(&name, kind, size)?;
        self.state = if size == 0 { State::Header } else { State::Body { of, left: size, padding: padding(size) } };
        Ok(())
    }

    /// Takes what an extension says about the next entry.
    fn extension(&mut self, kind: u8, bytes: &[u8]) -> Result<(), LayerError> {
        let mut named = None;
        match kind {
            b'L' => named = Some(bytes.iter().copied().take_while(|b| *b != 0).collect()),
            b'x' => each_record(bytes, |key, value| {
                if key == "path" {
                    named = Some(value.to_vec());
                }
                let resizes = key == "size" || key.starts_with("GNU.sparse") || key == "hdrcharset";
                if resizes { Err(ArchiveError::PaxRecord(excerpt(key))) } else { Ok(()) }
            })?,
            // The target of a link: no link is followed.
            _ => {}
        }
        if let Some(name) = named
            && self.name.replace(name).is_some()
        {
            return Err(ambiguous("an entry is given two names", &[]));
        }
        Ok(())
    }

    /// Takes in an entry; returns which wanted file its body is.
    fn entry(&mut self, name: &[u8], kind: u8, size: u64) -> Result<Option<usize>, LayerError> {
        let what = match kind {
            b'0' | 0 => "a file",
            b'1' => "a hard link",
            b'2' => "a symbolic link",
            b'3' | b'4' => "a device",
            b'5' => "a folder",
            b'6' => "a named pipe",
            _ => return Err(ArchiveError::Entry("an entry of a kind that no layer has").into()),
        };
        let file = matches!(kind, b'0' | 0);
        if !file && size > 0 {
            return Err(ambiguous("an entry without content has a size", name));
        }
        if file && name.ends_with(b"/") {
            return Err(ambiguous("a file is named like a folder", name));
        }
        let parts: Vec<&[u8]> = name.split(|b| *b == b'/').filter(|part| !part.is_empty() && *part != b".").collect();
        if parts.iter().any(|part| *part == b".." || part.contains(&0)) {
            return Err(ambiguous("a name leads out of its folder", name));
        }
        let path = parts.join(&b'/');
        let (last, folder) = parts.split_last().map_or((&b""[..], Vec::new()), |(last, folder)| (*last, folder.join(&b'/')));
        let mut of = None;
        for (number, wanted) in self.wanted.iter_mut().enumerate() {
            if last == b".wh..wh..opq" {
                wanted.opaque |= folder.is_empty() || wanted.is_below(&folder);
            } else if let Some(removed) = last.strip_prefix(b".wh.") {
                let target = if folder.is_empty() { removed.to_vec() } else { [&folder, removed].join(&b'/') };
                wanted.hidden |= target == wanted.path || wanted.is_below(&target);
            } else if path == wanted.path {
                if wanted.found.is_some() {
                    return Err(ambiguous("a file stands twice", name));
                }
                if file && size > self.max {
                    return Err(ArchiveError::TooLarge { size, max: self.max }.into());
                }
                wanted.found = Some(if file { Seen::File(Vec::new()) } else { Seen::Other(what) });
                of = file.then_some(number);
            } else if wanted.is_below(&path) {
                if kind == b'5' { wanted.folders.push(path.clone()) } else { wanted.hidden = true }
            }
        }
        Ok(of)
    }
}

impl Wanted {
    fn is_below(&self, folder: &[u8]) -> bool {
        !folder.is_empty() && self.path.strip_prefix(folder).is_some_and(|rest| rest.starts_with(b"/"))
    }

    fn judge(self) -> Result<Seen, LayerError> {
        match self.found {
            Some(_) if self.hidden => Err(ambiguous("a file is there and taken away", &self.path)),
            Some(found) => {
                // Without its folder it depends on what lies below where the file goes.
                let slashes = self.path.iter().enumerate().filter(|(_, b)| **b == b'/').map(|(at, _)| at);
                let mut above = slashes.map(|at| self.path.get(..at).unwrap_or_default());
                if above.all(|folder| self.folders.iter().any(|known| known == folder)) {
                    Ok(found)
                } else {
                    Err(ambiguous("a file is there without its folder", &self.path))
                }
            }
            None if self.hidden || self.opaque => Ok(Seen::Gone),
            None => Ok(Seen::Untouched),
        }
    }
}

impl State {
    const fn after(padding: u64) -> Self {
        if padding == 0 { Self::Header } else { Self::Padding { left: padding } }
    }
}

fn ambiguous(what: &str, name: &[u8]) -> LayerError {
    LayerError::Ambiguous(if name.is_empty() { what.to_owned() } else { format!("{what}: `{}`", excerpt(&String::from_utf8_lossy(name))) })
}

#[cfg(test)]
#[path = "layer_tests.rs"]
mod tests;
