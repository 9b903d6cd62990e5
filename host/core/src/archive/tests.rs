//! Streams as Engines make them, and as nobody honest makes them.

use proptest::prelude::*;

use super::*;

const NAME: &str = "spawnfile-report.json";

/// A header block with a right checksum, changed by `edit` before the sum is made.
fn header(name: &str, kind: u8, size: u64, edit: impl FnOnce(&mut [u8])) -> Vec<u8> {
    let mut block = vec![0; BLOCK];
    block[..name.len()].copy_from_slice(name.as_bytes());
    block[100..108].copy_from_slice(b"0100644\0");
    block[108..116].copy_from_slice(b"0000000\0");
    block[116..124].copy_from_slice(b"0000000\0");
    block[124..136].copy_from_slice(format!("{size:011o}\0").as_bytes());
    block[136..148].copy_from_slice(b"14544400200\0");
    block[156] = kind;
    block[257..265].copy_from_slice(b"ustar\x0000");
    edit(&mut block);
    block[148..156].fill(b' ');
    let sum: u32 = block.iter().map(|b| u32::from(*b)).sum();
    block[148..156].copy_from_slice(format!("{sum:06o}\0 ").as_bytes());
    block
}

fn entry(name: &str, kind: u8, body: &[u8]) -> Vec<u8> {
    let mut out = header(name, kind, body.len() as u64, |_| ());
    out.extend_from_slice(body);
    out.resize(out.len().next_multiple_of(BLOCK), 0);
    out
}

fn end(blocks: usize) -> Vec<u8> {
    vec![0; BLOCK * blocks]
}

fn record(text: &str) -> String {
    let length = (text.len()..).find(|n| n.to_string().len() + 2 + text.len() == *n).unwrap();
    format!("{length} {text}\n")
}

fn read(stream: &[u8]) -> Result<Vec<u8>, ArchiveError> {
    let mut parser = SingleFile::new(NAME, 4096);
    parser.push(stream)?;
    parser.finish()
}

fn good() -> Vec<u8> {
    [entry(NAME, b'0', b"{\"a\":1}\n"), end(2)].concat()
}

#[test]
fn reads_what_an_engine_sends() {
    assert_eq!(read(&good()).unwrap(), b"{\"a\":1}\n");
    assert_eq!(read(&[entry(NAME, 0, b"x"), end(1)].concat()).unwrap(), b"x");
    assert_eq!(read(&[entry("./spawnfile/spawnfile-report.json", b'0', b"x"), end(20)].concat()).unwrap(), b"x");
    assert_eq!(read(&[entry(NAME, b'0', b""), end(2)].concat()).unwrap(), b"");
    let gnu = header(NAME, b'0', 0, |block| block[257..265].copy_from_slice(b"ustar  \0"));
    assert_eq!(read(&[gnu, end(2)].concat()).unwrap(), b"");
    let full = vec![b'x'; 512];
    assert_eq!(read(&[entry(NAME, b'0', &full), end(2)].concat()).unwrap(), full);
}

#[test]
fn reads_what_the_tar_crate_writes() {
    let mut builder = tar::Builder::new(Vec::new());
    let mut header = tar::Header::new_ustar();
    header.set_size(3);
    header.set_mode(0o644);
    builder.append_data(&mut header, NAME, b"abc".as_slice()).unwrap();
    assert_eq!(read(&builder.into_inner().unwrap()).unwrap(), b"abc");
}

#[test]
fn a_pax_header_may_say_times_owners_and_attributes() {
    let harmless = [record("mtime=1704067200.123456789"), record("uid=3000000"), record("SCHILY.xattr.user.x=y")].concat();
    let pax = |records: &str| [entry("PaxHeaders.0/x", b'x', records.as_bytes()), good()].concat();
    assert_eq!(read(&pax(&harmless)).unwrap(), b"{\"a\":1}\n");
    assert_eq!(read(&pax("")).unwrap(), b"{\"a\":1}\n");
    for key in ["size=1", "path=/etc/shadow", "linkpath=x", "GNU.sparse.size=1", "hdrcharset=BINARY", "comment=x", ""] {
        let error = read(&pax(&record(&format!("{key}=1")))).unwrap_err();
        assert!(matches!(error, ArchiveError::PaxRecord(_)), "{key}: {error}");
    }
    for broken in ["x", "5 a=b", "99 a=b\n", "0 a=b\n", "-6 a=b\n", "+6 a=b\n", "6 a b\n", "18446744073709551616 a=b\n", " 6 a=b\n"] {
        assert_eq!(read(&pax(broken)), Err(ArchiveError::Pax), "{broken}");
    }
    let twice = [entry("x", b'x', harmless.as_bytes()), pax(&harmless)].concat();
    assert_eq!(read(&twice), Err(ArchiveError::Pax));
    assert_eq!(read(&header("x", b'x', MAX_PAX + 1, |_| ())), Err(ArchiveError::Pax));
    assert_eq!(read(&[entry("x", b'x', harmless.as_bytes()), end(2)].concat()), Err(ArchiveError::Truncated));
}

#[test]
fn every_other_kind_of_entry_is_refused_by_name() {
    for (kind, what) in [
        (b'1', "a hard link"),
        (b'2', "a symbolic link"),
        (b'3', "a character device"),
        (b'4', "a block device"),
        (b'5', "a folder"),
        (b'6', "a named pipe"),
        (b'7', "a contiguous file"),
        (b'g', "a global PAX header"),
        (b'L', "a GNU long name"),
        (b'K', "a GNU long name"),
        (b'S', "a sparse file"),
        (b'X', "an entry of an unknown type"),
    ] {
        let stream = [entry(NAME, kind, b""), good()].concat();
        assert_eq!(read(&stream), Err(ArchiveError::Entry(what)));
    }
}

#[test]
fn names_must_be_the_expected_one() {
    for name in
        ["other.json", "../spawnfile-report.json", "/spawnfile-report.json", "a/../spawnfile-report.json", "spawnfile-report.json/", ""]
    {
        assert!(matches!(read(&[entry(name, b'0', b"x"), end(2)].concat()), Err(ArchiveError::Name(_))), "{name}");
    }
    let hidden = header(NAME, b'0', 0, |block| block[30] = b'x');
    assert!(matches!(read(&hidden), Err(ArchiveError::Name(_))));
    let prefixed = header(NAME, b'0', 0, |block| block[345..347].copy_from_slice(b".."));
    assert!(matches!(read(&prefixed), Err(ArchiveError::Name(_))));
}

#[test]
fn sizes_are_bounded_before_anything_is_kept() {
    assert_eq!(read(&header(NAME, b'0', 4097, |_| ())), Err(ArchiveError::TooLarge { size: 4097, max: 4096 }));
    for size in [
        b"\x80\0\0\0\0\0\0\0\0\0\x10\0",
        b"\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff",
        b"-0000000010\0",
        b"99zz9      \0",
        b"\0\0\0\0\0\0\0\0\0\0\0\0",
    ] {
        let block = header(NAME, b'0', 0, |block| block[124..136].copy_from_slice(size));
        assert_eq!(read(&block), Err(ArchiveError::Size));
    }
    let largest = header(NAME, b'0', 0, |block| block[124..136].copy_from_slice(b"777777777777"));
    assert!(matches!(read(&largest), Err(ArchiveError::TooLarge { .. })));
}

#[test]
fn damaged_and_shortened_streams_are_refused() {
    let mut flipped = good();
    flipped[0] ^= 1;
    assert_eq!(read(&flipped), Err(ArchiveError::Checksum));
    assert_eq!(read(b"<html>not a tar"), Err(ArchiveError::Truncated));
    assert_eq!(read(&[b'x'; BLOCK]), Err(ArchiveError::NotTar));
    assert_eq!(read(b""), Err(ArchiveError::Empty));
    assert_eq!(read(&end(2)), Err(ArchiveError::Empty));
    let whole = good();
    for cut in 1..whole.len() - BLOCK {
        assert_eq!(read(&whole[..cut]), Err(ArchiveError::Truncated), "{cut}");
    }
}

#[test]
fn nothing_may_follow() {
    let file = entry(NAME, b'0', b"x");
    assert_eq!(read(&[file.clone(), file.clone(), end(2)].concat()), Err(ArchiveError::Second));
    assert_eq!(read(&[file.clone(), entry("x", b'x', b""), end(2)].concat()), Err(ArchiveError::Second));
    assert_eq!(read(&[file.clone(), end(2), b"x".to_vec()].concat()), Err(ArchiveError::Trailing));
    assert_eq!(read(&[file.clone(), end(1), file].concat()), Err(ArchiveError::Trailing));
    assert_eq!(read(&[good(), end(200)].concat()), Err(ArchiveError::Trailing));
}

#[test]
fn an_error_stays() {
    let mut parser = SingleFile::new(NAME, 4096);
    assert_eq!(parser.push(&[b'x'; BLOCK]), Err(ArchiveError::NotTar));
    assert_eq!(parser.push(&good()), Err(ArchiveError::NotTar));
    assert_eq!(parser.finish(), Err(ArchiveError::NotTar));
}

fn in_pieces(stream: &[u8], pieces: &[usize]) -> Result<Vec<u8>, ArchiveError> {
    let mut parser = SingleFile::new(NAME, 4096);
    let (mut rest, mut n) = (stream, 0);
    while !rest.is_empty() {
        let size = pieces.get(n % pieces.len().max(1)).copied().unwrap_or(1).clamp(1, rest.len());
        let (piece, left) = rest.split_at(size);
        parser.push(piece)?;
        (rest, n) = (left, n + 1);
    }
    parser.finish()
}

proptest! {
    #[test]
    fn pieces_make_no_difference(
        body in proptest::collection::vec(any::<u8>(), 0..1200),
        pieces in proptest::collection::vec(1_usize..700, 1..8),
        damage in proptest::option::of((0_usize..2048, any::<u8>())),
        cut in 0_usize..4096,
    ) {
        let mut stream = [entry("p", b'x', record("mtime=1.5").as_bytes()), entry(NAME, b'0', &body), end(2)].concat();
        if let Some((at, byte)) = damage {
            let at = at % stream.len();
            stream[at] = byte;
        }
        stream.truncate(cut.max(1));
        prop_assert_eq!(in_pieces(&stream, &pieces), read(&stream));
    }

    #[test]
    fn never_panics(bytes in proptest::collection::vec(any::<u8>(), 0..2000)) {
        drop(read(&bytes));
    }
}
