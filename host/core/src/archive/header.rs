//! One header block of a tar stream, and the records of a PAX extension.

use super::{ArchiveError, BLOCK};

/// PAX records that say nothing about what the file is: times, owners, attributes.
const HARMLESS: &[&str] = &["atime", "ctime", "gid", "gname", "mtime", "uid", "uname"];
const HARMLESS_PREFIXES: &[&str] = &["LIBARCHIVE.", "SCHILY.xattr."];

/// What a header announces.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Header {
    /// A regular file of that many bytes.
    File { name: String, size: u64 },
    /// A PAX extension of the next entry, of that many bytes.
    Pax { size: u64 },
}

/// Checks a header block and returns the kind of its entry, its size, and the magic.
fn checked(block: &[u8; BLOCK]) -> Result<(u8, u64, &[u8]), ArchiveError> {
    let magic = field(block, 257, 8);
    if magic != b"ustar\x0000" && magic != b"ustar  \0" {
        return Err(ArchiveError::NotTar);
    }
    let checksum = octal(field(block, 148, 8)).ok_or(ArchiveError::Checksum)?;
    let sum: u64 = block.iter().enumerate().map(|(at, byte)| if (148..156).contains(&at) { 32 } else { u64::from(*byte) }).sum();
    if sum != checksum {
        return Err(ArchiveError::Checksum);
    }
    let size = octal(field(block, 124, 12)).ok_or(ArchiveError::Size)?;
    let kind = block.get(156).copied().unwrap_or_default();
    Ok((kind, size, magic))
}

/// Reads a header block of an archive that may hold one file.
pub(super) fn parse(block: &[u8; BLOCK]) -> Result<Header, ArchiveError> {
    let (kind, size, magic) = checked(block)?;
    let what = match kind {
        b'0' | 0 => return Ok(Header::File { name: name(block, magic)?, size }),
        b'x' => return Ok(Header::Pax { size }),
        b'1' => "a hard link",
        b'2' => "a symbolic link",
        b'3' => "a character device",
        b'4' => "a block device",
        b'5' => "a folder",
        b'6' => "a named pipe",
        b'7' => "a contiguous file",
        b'g' => "a global PAX header",
        b'L' | b'K' => "a GNU long name",
        b'S' => "a sparse file",
        b'V' | b'M' | b'D' | b'N' => "a GNU extension",
        _ => "an entry of an unknown type",
    };
    Err(ArchiveError::Entry(what))
}

/// Reads a header block of any archive: kind, size and the bytes of the name.
pub(super) fn any(block: &[u8; BLOCK]) -> Result<(u8, u64, Vec<u8>), ArchiveError> {
    let (kind, size, magic) = checked(block)?;
    let until_nul = |field: &[u8]| field.iter().copied().take_while(|b| *b != 0).collect::<Vec<u8>>();
    let mut name = until_nul(field(block, 0, 100));
    let folder = if magic == b"ustar\x0000" { until_nul(field(block, 345, 155)) } else { Vec::new() };
    if !folder.is_empty() {
        name = [folder, name].join(&b'/');
    }
    Ok((kind, size, name))
}

fn field(block: &[u8; BLOCK], at: usize, length: usize) -> &[u8] {
    block.get(at..at + length).unwrap_or_default()
}

/// Octal digits, with leading spaces and ended by spaces or NULs; nothing else, so no base-256 and no sign.
fn octal(field: &[u8]) -> Option<u64> {
    let field = field.trim_ascii_start();
    let digits = field.iter().take_while(|b| matches!(b, b'0'..=b'7')).count();
    let (number, rest) = field.split_at_checked(digits)?;
    if number.is_empty() || rest.iter().any(|b| !matches!(b, b' ' | 0)) {
        return None;
    }
    number.iter().try_fold(0_u64, |value, digit| value.checked_mul(8)?.checked_add(u64::from(digit - b'0')))
}

fn name(block: &[u8; BLOCK], magic: &[u8]) -> Result<String, ArchiveError> {
    let text = |field: &[u8]| {
        let end = field.iter().position(|b| *b == 0).unwrap_or(field.len());
        let (name, rest) = field.split_at_checked(end).unwrap_or_default();
        if rest.iter().any(|b| *b != 0) {
            return Err(ArchiveError::Name(String::new()));
        }
        std::str::from_utf8(name).map(str::to_owned).map_err(|_| ArchiveError::Name(String::new()))
    };
    let mut name = text(field(block, 0, 100))?;
    // GNU headers keep times where ustar keeps the folder.
    if magic == b"ustar\x0000" {
        let folder = text(field(block, 345, 155))?;
        if !folder.is_empty() {
            name = format!("{folder}/{name}");
        }
    }
    Ok(name)
}

/// Checks that a PAX extension changes nothing about what the next entry is.
pub(super) fn check_pax(records: &[u8]) -> Result<(), ArchiveError> {
    each_record(records, |key, _| {
        let harmless = HARMLESS.contains(&key) || HARMLESS_PREFIXES.iter().any(|prefix| key.starts_with(prefix));
        if harmless { Ok(()) } else { Err(ArchiveError::PaxRecord(crate::display::excerpt(key))) }
    })
}

/// Goes through the records of a PAX extension.
pub(super) fn each_record(mut records: &[u8], mut take: impl FnMut(&str, &[u8]) -> Result<(), ArchiveError>) -> Result<(), ArchiveError> {
    while !records.is_empty() {
        let space = records.iter().take(8).position(|b| *b == b' ').ok_or(ArchiveError::Pax)?;
        let length = records
            .get(..space)
            .filter(|digits| !digits.is_empty() && digits.iter().all(u8::is_ascii_digit))
            .and_then(|digits| std::str::from_utf8(digits).ok()?.parse::<usize>().ok())
            .ok_or(ArchiveError::Pax)?;
        let (record, rest) = records.split_at_checked(length).ok_or(ArchiveError::Pax)?;
        let body = record.get(space + 1..).and_then(|body| body.strip_suffix(b"\n")).ok_or(ArchiveError::Pax)?;
        let equals = body.iter().position(|b| *b == b'=').ok_or(ArchiveError::Pax)?;
        let key = body.get(..equals).and_then(|key| std::str::from_utf8(key).ok()).ok_or(ArchiveError::Pax)?;
        take(key, body.get(equals + 1..).unwrap_or_default())?;
        records = rest;
    }
    Ok(())
}
