//! One file out of an archive that the Engine streams: exactly one regular file with the expected name.
//!
//! Refuses everything else, as soon as it is seen: folders, links, devices, extended (PAX, GNU) headers, a second
//! entry, another name, a size above the cap, a wrong checksum, an end that is missing.

use std::mem;

const BLOCK: usize = 512;
/// Most zero bytes after the entry; writers round up to a record of 10 KiB.
const END_MAX: usize = 64 * 1024;

/// What is wrong with an archive.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub(crate) enum ArchiveError {
    #[error("it is not a regular file but {0}")]
    NotAFile(&'static str),
    #[error("the archive has an entry of another name")]
    OtherName,
    #[error("the archive has more than one entry")]
    SecondEntry,
    #[error("it has {size} bytes, more than {max}")]
    TooLarge { size: u64, max: u64 },
    #[error("the archive is damaged: {0}")]
    Damaged(&'static str),
    #[error("the archive ends too early")]
    Truncated,
}

/// A parser that is pushed the bytes as they come.
#[derive(Debug)]
pub(crate) struct SingleFile {
    name: String,
    max: u64,
    state: State,
    content: Vec<u8>,
}

#[derive(Debug)]
enum State {
    Header(Vec<u8>),
    Content { left: usize, padding: usize },
    End { seen: usize },
}

impl SingleFile {
    /// Returns a parser for a file of this base name and at most this size.
    pub(crate) fn new(expected_name: &str, max_bytes: u64) -> Self {
        Self { name: expected_name.to_owned(), max: max_bytes, state: State::Header(Vec::with_capacity(BLOCK)), content: Vec::new() }
    }

    /// Takes in the next bytes. After an error nothing more should be read.
    pub(crate) fn push(&mut self, mut chunk: &[u8]) -> Result<(), ArchiveError> {
        while !chunk.is_empty() {
            match &mut self.state {
                State::Header(block) => {
                    let (now, later) = chunk.split_at(chunk.len().min(BLOCK - block.len()));
                    block.extend(now);
                    chunk = later;
                    if block.len() == BLOCK {
                        let size = self.header()?;
                        self.state = State::Content { left: size, padding: (BLOCK - size % BLOCK) % BLOCK };
                        self.next_if_done();
                    }
                }
                State::Content { left, padding } => {
                    let (now, later) = chunk.split_at(chunk.len().min(*left));
                    *left -= now.len();
                    self.content.extend(now);
                    let skipped = later.len().min(*padding);
                    if *left == 0 {
                        *padding -= skipped;
                        chunk = later.get(skipped..).unwrap_or_default();
                    } else {
                        chunk = later;
                    }
                    self.next_if_done();
                }
                State::End { seen } => {
                    if chunk.iter().any(|byte| *byte != 0) {
                        return Err(ArchiveError::SecondEntry);
                    }
                    *seen += chunk.len();
                    if *seen > END_MAX {
                        return Err(ArchiveError::Damaged("it does not end"));
                    }
                    chunk = &[];
                }
            }
        }
        Ok(())
    }

    /// Returns the file's content.
    pub(crate) fn finish(self) -> Result<Vec<u8>, ArchiveError> {
        match self.state {
            State::End { seen } if seen >= 2 * BLOCK => Ok(self.content),
            _ => Err(ArchiveError::Truncated),
        }
    }

    fn next_if_done(&mut self) {
        if matches!(self.state, State::Content { left: 0, padding: 0 }) {
            self.state = State::End { seen: 0 };
        }
    }

    /// Checks the header block and returns the size of the file.
    fn header(&mut self) -> Result<usize, ArchiveError> {
        let State::Header(block) = &mut self.state else { return Err(ArchiveError::Damaged("no header")) };
        let block = mem::take(block);
        let field = |from: usize, length: usize| block.get(from..from + length).unwrap_or_default();
        let text = |from, length| {
            let bytes: &[u8] = field(from, length);
            bytes.split(|byte| *byte == 0).next().unwrap_or_default()
        };
        if block.iter().all(|byte| *byte == 0) {
            return Err(ArchiveError::Damaged("it has no entry"));
        }
        let sum: u64 = block.iter().enumerate().map(|(at, byte)| if (148..156).contains(&at) { 32 } else { u64::from(*byte) }).sum();
        if octal(field(148, 8)) != Some(sum) {
            return Err(ArchiveError::Damaged("wrong checksum"));
        }
        match field(156, 1) {
            [b'0' | 0] => {}
            [b'1'] => return Err(ArchiveError::NotAFile("a hard link")),
            [b'2'] => return Err(ArchiveError::NotAFile("a symbolic link")),
            [b'3' | b'4'] => return Err(ArchiveError::NotAFile("a device")),
            [b'5'] => return Err(ArchiveError::NotAFile("a folder")),
            [b'6'] => return Err(ArchiveError::NotAFile("a pipe")),
            [b'x' | b'g' | b'X'] => return Err(ArchiveError::NotAFile("an entry with a PAX header")),
            [b'L' | b'K' | b'S' | b'D' | b'M' | b'V'] => return Err(ArchiveError::NotAFile("a GNU special entry")),
            _ => return Err(ArchiveError::NotAFile("an entry of unknown type")),
        }
        if !field(157, 100).iter().all(|byte| *byte == 0) {
            return Err(ArchiveError::Damaged("a file with a link target"));
        }
        let ustar = field(257, 6) == b"ustar\0";
        if ustar && !text(345, 155).is_empty() || text(0, 100) != self.name.as_bytes() {
            return Err(ArchiveError::OtherName);
        }
        let size = octal(field(124, 12)).ok_or(ArchiveError::Damaged("its size is no octal number"))?;
        if size > self.max {
            return Err(ArchiveError::TooLarge { size, max: self.max });
        }
        usize::try_from(size).map_err(|_| ArchiveError::TooLarge { size, max: self.max })
    }
}

/// Octal digits, ended by spaces or zeros. Nothing else, the base-256 form included.
fn octal(field: &[u8]) -> Option<u64> {
    let digits = field.trim_ascii_start();
    let end = digits.iter().position(|byte| !matches!(byte, b'0'..=b'7')).unwrap_or(digits.len());
    let (digits, rest) = digits.split_at(end);
    if digits.is_empty() || !rest.iter().all(|byte| matches!(byte, 0 | b' ')) {
        return None;
    }
    digits.iter().try_fold(0u64, |value, digit| value.checked_mul(8)?.checked_add(u64::from(digit - b'0')))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn entry(kind: tar::EntryType, name: &str, content: &[u8]) -> Vec<u8> {
        let mut header = tar::Header::new_ustar();
        header.set_entry_type(kind);
        header.set_path(name).unwrap();
        header.set_size(content.len() as u64);
        header.set_mode(0o644);
        header.set_cksum();
        let mut bytes = header.as_bytes().to_vec();
        bytes.extend(content);
        bytes.resize(bytes.len().next_multiple_of(512), 0);
        bytes
    }

    fn whole(entries: &[Vec<u8>]) -> Vec<u8> {
        let mut bytes = entries.concat();
        bytes.extend([0; 1024]);
        bytes
    }

    fn read(bytes: &[u8], piece: usize) -> Result<Vec<u8>, ArchiveError> {
        let mut file = SingleFile::new("r.json", 1000);
        for chunk in bytes.chunks(piece) {
            file.push(chunk)?;
        }
        file.finish()
    }

    #[test]
    fn one_file_is_read_in_pieces_of_any_size() {
        for content in [b"".as_slice(), b"{}", &[7; 512], &[7; 513], &[7; 1000]] {
            let bytes = whole(&[entry(tar::EntryType::Regular, "r.json", content)]);
            for piece in [1, 7, 511, 512, 513, 4096] {
                assert_eq!(read(&bytes, piece).unwrap(), content, "{} by {piece}", content.len());
            }
        }
    }

    #[test]
    fn everything_else_is_refused() {
        use tar::EntryType as T;
        for kind in [
            T::Directory,
            T::Symlink,
            T::Link,
            T::Char,
            T::Block,
            T::Fifo,
            T::XHeader,
            T::XGlobalHeader,
            T::GNULongName,
            T::GNULongLink,
            T::GNUSparse,
            T::Continuous,
        ] {
            assert!(matches!(read(&whole(&[entry(kind, "r.json", b"")]), 512), Err(ArchiveError::NotAFile(_))), "{kind:?}");
        }
        let good = entry(T::Regular, "r.json", b"{}");
        assert_eq!(read(&whole(&[good.clone(), good.clone()]), 512), Err(ArchiveError::SecondEntry));
        assert_eq!(read(&whole(&[entry(T::Regular, "x/r.json", b"")]), 512), Err(ArchiveError::OtherName));
        assert_eq!(read(&whole(&[entry(T::Regular, "r.json", &[1; 1001])]), 512), Err(ArchiveError::TooLarge { size: 1001, max: 1000 }));
        assert_eq!(read(&good, 512), Err(ArchiveError::Truncated));
        assert_eq!(read(&good[..700], 512), Err(ArchiveError::Truncated));
        assert_eq!(read(&[0; 1024], 512), Err(ArchiveError::Damaged("it has no entry")));
        assert_eq!(read(b"", 512), Err(ArchiveError::Truncated));
        let mut damaged = whole(&[good]);
        damaged[0] ^= 1;
        assert_eq!(read(&damaged, 512), Err(ArchiveError::Damaged("wrong checksum")));
    }

    #[test]
    fn sizes_in_other_forms_are_refused() {
        for size in [[0x80, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 2], [0xff; 12], *b"99999999999\0", *b"-1         \0", *b"            "] {
            let mut bytes = entry(tar::EntryType::Regular, "r.json", b"{}");
            bytes[124..136].copy_from_slice(&size);
            let mut header = tar::Header::from_byte_slice(&bytes[..512]).clone();
            header.set_cksum();
            bytes[..512].copy_from_slice(header.as_bytes());
            assert_eq!(read(&whole(&[bytes]), 512), Err(ArchiveError::Damaged("its size is no octal number")), "{size:?}");
        }
    }
}
