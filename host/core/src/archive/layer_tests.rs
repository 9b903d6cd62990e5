//! What a layer makes of a file, and layers that can be read in two ways.

use super::*;

const REPORT: &str = "/spawnfile/report.json";
const EXTRAS: &str = "/spawnfile/extras.json";

/// An entry: name, kind, content.
type Entry<'a> = (&'a str, u8, &'a [u8]);

fn header(name: &[u8], kind: u8, size: usize) -> Vec<u8> {
    let mut block = vec![0_u8; BLOCK];
    block[..name.len()].copy_from_slice(name);
    block[100..108].copy_from_slice(b"0000644\0");
    block[124..136].copy_from_slice(format!("{size:011o}\0").as_bytes());
    block[136..148].copy_from_slice(b"00000000000\0");
    block[148..156].copy_from_slice(b"        ");
    block[156] = kind;
    block[257..265].copy_from_slice(b"ustar\x0000");
    let sum: u32 = block.iter().map(|b| u32::from(*b)).sum();
    block[148..156].copy_from_slice(format!("{sum:06o}\0 ").as_bytes());
    block
}

fn layer(entries: &[Entry<'_>]) -> Vec<u8> {
    let mut out = Vec::new();
    for (name, kind, content) in entries {
        out.extend(header(name.as_bytes(), *kind, content.len()));
        out.extend(*content);
        out.resize(out.len().next_multiple_of(BLOCK), 0);
    }
    out.resize(out.len() + 2 * BLOCK, 0);
    out
}

fn scan(bytes: &[u8], piece: usize) -> Result<Vec<Seen>, LayerError> {
    let mut scan = Scan::new([REPORT, EXTRAS], 100);
    for piece in bytes.chunks(piece) {
        scan.push(piece)?;
    }
    scan.finish()
}

const FOLDER: Entry<'_> = ("spawnfile/", b'5', b"");

#[test]
fn both_documents_are_read_in_any_pieces() {
    let long = [b'L'; 512];
    for root in ["", "./", "/"] {
        let names: Vec<String> =
            ["spawnfile/", "spawnfile/report.json", "spawnfile/extras.json"].iter().map(|n| format!("{root}{n}")).collect();
        let bytes = layer(&[
            ("x", b'L', &long),
            ("other", b'0', b"12345"),
            (&names[0], b'5', b""),
            (&names[1], b'0', b"{}"),
            ("pax", b'x', b"15 mtime=1.125\n"),
            (&names[2], b'0', b"{ }"),
        ]);
        for piece in [1, 7, 512, 100_000] {
            assert_eq!(scan(&bytes, piece).unwrap(), [Seen::File(b"{}".to_vec()), Seen::File(b"{ }".to_vec())], "{root} {piece}");
        }
    }
}

#[test]
fn what_an_upper_layer_takes_away_is_gone() {
    let gone = [Seen::Gone, Seen::Gone];
    for name in [".wh.spawnfile", "spawnfile/.wh..wh..opq", ".wh..wh..opq"] {
        assert_eq!(scan(&layer(&[(name, b'0', b"")]), 512).unwrap(), gone, "{name}");
    }
    for kind in [b'2', b'0', b'1', b'6'] {
        assert_eq!(scan(&layer(&[("spawnfile", kind, b"")]), 512).unwrap(), gone);
    }
    let one = scan(&layer(&[FOLDER, ("spawnfile/.wh.report.json", b'0', b"")]), 512).unwrap();
    assert_eq!(one, [Seen::Gone, Seen::Untouched]);
    let new = scan(&layer(&[FOLDER, ("spawnfile/.wh..wh..opq", b'0', b""), ("spawnfile/report.json", b'0', b"1")]), 512).unwrap();
    assert_eq!(new, [Seen::File(b"1".to_vec()), Seen::Gone]);
    let other = scan(&layer(&[FOLDER, ("spawnfile/report.json", b'2', b""), ("spawnfile2/extras.json", b'0', b"1")]), 512).unwrap();
    assert_eq!(other, [Seen::Other("a symbolic link"), Seen::Untouched]);
    assert_eq!(scan(&layer(&[]), 512).unwrap(), [Seen::Untouched, Seen::Untouched]);
}

#[test]
fn what_can_be_read_in_two_ways_is_refused() {
    let file: Entry<'_> = ("spawnfile/report.json", b'0', b"1");
    for entries in [
        &[FOLDER, file, file][..],
        &[file],
        &[FOLDER, file, ("./spawnfile/./report.json", b'0', b"2")],
        &[FOLDER, file, ("spawnfile/.wh.report.json", b'0', b"")],
        &[FOLDER, file, ("spawnfile", b'2', b"")],
        &[("spawnfile/../spawnfile/report.json", b'0', b"1")],
        &[FOLDER, ("spawnfile/report.json", b'2', b"12")],
        &[FOLDER, ("spawnfile/report.json/", b'0', b"12")],
        &[("a", b'L', b"spawnfile/a\0"), ("a", b'x', b"23 path=spawnfile/b.js\n"), ("c", b'0', b"")],
    ] {
        let error = scan(&layer(entries), 512).unwrap_err();
        assert!(matches!(error, LayerError::Ambiguous(_)), "{error:?} for {entries:?}");
    }
}

#[test]
fn names_in_extensions_count() {
    let pax = scan(&layer(&[FOLDER, ("p", b'x', b"30 path=spawnfile/report.json\n"), ("c", b'0', b"1")]), 512).unwrap();
    let gnu = scan(&layer(&[FOLDER, ("p", b'L', b"spawnfile/report.json\0"), ("c", b'0', b"1")]), 512).unwrap();
    assert_eq!((&pax[0], &gnu[0]), (&Seen::File(b"1".to_vec()), &Seen::File(b"1".to_vec())));
}

#[test]
fn what_is_no_layer_is_refused() {
    let good = layer(&[FOLDER, ("spawnfile/report.json", b'0', b"1")]);
    let refused = |bytes: &[u8], why: &str| {
        let error = scan(bytes, 512).unwrap_err().to_string();
        assert!(error.contains(why), "{error} instead of {why}");
    };
    refused(b"", "truncated");
    refused(&good[..good.len() - 1024], "truncated");
    refused(&good[..good.len() - 512], "truncated");
    refused(&good[..1100], "truncated");
    refused(&[&good[..], &good[..]].concat(), "after its end");
    refused(&vec![0; 2 * 1024 * 1024], "after its end");
    refused(&layer(&[("spawnfile/report.json", b'0', &[b' '; 101])]), "more than the 100");
    refused(&layer(&[("p", b'x', b"9 size=9\n"), ("c", b'0', b"1")]), "PAX record");
    refused(&layer(&[("p", b'x', b"9 a\n")]), "PAX");
    refused(&layer(&[("p", b'g', b"")]), "kind");
    refused(&layer(&[("p", b'S', b"")]), "kind");
    refused(&layer(&[("p", b'x', b"6 a=b\n")]), "truncated");
    let mut bad = good.clone();
    bad[0] = b'z';
    refused(&bad, "checksum");
    let mut huge = header(b"x", b'0', 0);
    huge[124] = 0x80;
    refused(&huge, "checksum");
    refused(&[b'{'; 2048], "ustar");
}
