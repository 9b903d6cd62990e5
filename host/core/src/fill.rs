//! Puts values into the holes of a text: where a slot of an auth method becomes part of a file or a variable.
//!
//! The result is a secret. Nothing of a value appears in an error.

use std::collections::BTreeMap;

use crate::display::excerpt;
use crate::extras::Hole;
use crate::secret::Secret;

/// Most bytes of a filled text.
pub const MAX_BYTES: usize = 1024 * 1024;

/// Why a text cannot be filled.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum FillError {
    /// Nobody gave a value for a slot.
    #[error("there is no value for the slot `{0}`")]
    NoValue(String),
    /// A hole lies outside of the text, inside a character, or before the one in front of it.
    #[error("the hole for `{0}` stands at no place of the text")]
    Place(String),
    /// An encoding that is not known.
    #[error("the hole for `{slot}` has an unknown encoding `{encoding}`")]
    Encoding {
        /// The slot.
        slot: String,
        /// The encoding.
        encoding: String,
    },
    /// A value that the encoding cannot carry.
    #[error("the value of `{slot}` cannot be written as {encoding}")]
    Value {
        /// The slot.
        slot: String,
        /// The encoding.
        encoding: String,
    },
    /// The result would be larger than [`MAX_BYTES`].
    #[error("the filled text would have more than 1048576 bytes")]
    TooLarge,
}

/// Fills every hole of a text with the value of its slot.
///
/// Encodings: `raw` as it is; `json-string` with quotes and escapes (text only); `shell-word` in single quotes (no
/// NUL); `bearer` as `Bearer <value>` (no control characters).
///
/// # Errors
/// The first hole that cannot be filled.
pub fn fill(text: &str, holes: &[Hole], slots: &BTreeMap<String, Secret>) -> Result<Secret, FillError> {
    let mut values = Vec::with_capacity(holes.len());
    let mut size = text.len();
    for hole in holes {
        let value = slots.get(&hole.slot).ok_or_else(|| FillError::NoValue(excerpt(&hole.slot)))?.expose();
        // The longest form of a byte is `\u0000`.
        size = value.len().checked_mul(6).and_then(|longest| size.checked_add(longest + 16)).ok_or(FillError::TooLarge)?;
        if size > MAX_BYTES * 6 {
            return Err(FillError::TooLarge);
        }
        values.push((hole, value));
    }
    // Allocated once: a buffer that grows would leave copies of values behind.
    let mut out = zeroize::Zeroizing::new(Vec::with_capacity(size));
    let mut done = 0;
    for (hole, value) in values {
        let place = || FillError::Place(excerpt(&hole.slot));
        let at = usize::try_from(hole.at).map_err(|_| place())?;
        if !text.is_char_boundary(at) {
            return Err(place());
        }
        out.extend_from_slice(text.as_bytes().get(done..at).ok_or_else(place)?);
        write(&mut out, hole, value)?;
        done = at;
    }
    out.extend_from_slice(text.as_bytes().get(done..).unwrap_or_default());
    if out.len() > MAX_BYTES {
        return Err(FillError::TooLarge);
    }
    Ok(Secret::new(std::mem::take(&mut *out)))
}

fn write(out: &mut Vec<u8>, hole: &Hole, value: &[u8]) -> Result<(), FillError> {
    let cannot = || FillError::Value { slot: excerpt(&hole.slot), encoding: hole.encoding.clone() };
    match hole.encoding.as_str() {
        "raw" => out.extend_from_slice(value),
        "json-string" => json_string(out, std::str::from_utf8(value).map_err(|_| cannot())?),
        "shell-word" if value.contains(&0) => return Err(cannot()),
        "shell-word" => {
            out.push(b'\'');
            for byte in value {
                match byte {
                    b'\'' => out.extend_from_slice(br"'\''"),
                    byte => out.push(*byte),
                }
            }
            out.push(b'\'');
        }
        "bearer" if value.is_empty() || value.iter().any(u8::is_ascii_control) => return Err(cannot()),
        "bearer" => {
            out.extend_from_slice(b"Bearer ");
            out.extend_from_slice(value);
        }
        other => return Err(FillError::Encoding { slot: excerpt(&hole.slot), encoding: excerpt(other) }),
    }
    Ok(())
}

fn json_string(out: &mut Vec<u8>, text: &str) {
    const HEX: &[u8; 16] = b"0123456789abcdef";
    let digit = |nibble: u8| HEX.get(usize::from(nibble)).copied().unwrap_or(b'0');
    out.push(b'"');
    for byte in text.bytes() {
        match byte {
            b'"' => out.extend_from_slice(br#"\""#),
            b'\\' => out.extend_from_slice(br"\\"),
            0..0x20 => {
                out.extend_from_slice(br"\u00");
                out.extend_from_slice(&[digit(byte >> 4), digit(byte & 15)]);
            }
            byte => out.push(byte),
        }
    }
    out.push(b'"');
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn hole(at: u32, slot: &str, encoding: &str) -> Hole {
        Hole { at, slot: slot.to_owned(), encoding: encoding.to_owned() }
    }

    fn filled(text: &str, holes: &[Hole], value: &[u8]) -> Result<Vec<u8>, FillError> {
        let slots = BTreeMap::from([("p/a".to_owned(), Secret::new(value.to_vec())), ("p/b".to_owned(), Secret::new(b"2".to_vec()))]);
        fill(text, holes, &slots).map(|secret| secret.expose().to_vec())
    }

    #[test]
    fn fills_the_example_of_the_seams() {
        let text = r#"{"access":,"expires":}"#;
        let holes = [hole(10, "p/a", "json-string"), hole(21, "p/b", "raw")];
        assert_eq!(filled(text, &holes, b"x\"y").unwrap(), br#"{"access":"x\"y","expires":2}"#);
    }

    #[test]
    fn encodings_carry_every_value_they_accept() {
        for (encoding, value, written) in [
            ("raw", b"\x00\xff".as_slice(), b"\x00\xff".as_slice()),
            ("json-string", b"a\n\\\xc3\xa9", b"\"a\\u000a\\\\\xc3\xa9\""),
            ("shell-word", b"it's $x", br"'it'\''s $x'"),
            ("bearer", b"tok", b"Bearer tok"),
        ] {
            assert_eq!(filled("", &[hole(0, "p/a", encoding)], value).unwrap(), written, "{encoding}");
        }
        for (encoding, value) in [("json-string", b"\xff".as_slice()), ("shell-word", b"\0"), ("bearer", b"a\r\nX: y"), ("bearer", b"")] {
            assert!(matches!(filled("", &[hole(0, "p/a", encoding)], value), Err(FillError::Value { .. })), "{encoding}");
        }
    }

    #[test]
    fn refuses_holes_that_are_no_places() {
        assert!(matches!(filled("é", &[hole(1, "p/a", "raw")], b"x"), Err(FillError::Place(_))));
        assert!(matches!(filled("a", &[hole(2, "p/a", "raw")], b"x"), Err(FillError::Place(_))));
        assert!(matches!(filled("ab", &[hole(1, "p/a", "raw"), hole(0, "p/b", "raw")], b"x"), Err(FillError::Place(_))));
        assert!(matches!(filled("a", &[hole(0, "p/c", "raw")], b"x"), Err(FillError::NoValue(_))));
        assert!(matches!(filled("a", &[hole(0, "p/a", "hex")], b"x"), Err(FillError::Encoding { .. })));
        let many = vec![hole(0, "p/a", "raw"); 20];
        assert_eq!(filled("", &many, &vec![b'x'; 100_000]), Err(FillError::TooLarge));
    }

    proptest! {
        #[test]
        fn a_json_string_reads_back(value in any::<String>()) {
            let out = filled("", &[hole(0, "p/a", "json-string")], value.as_bytes()).unwrap();
            prop_assert_eq!(serde_json::from_slice::<String>(&out).unwrap(), value);
        }

        #[test]
        fn never_panics(text in any::<String>(), at in 0_u32..64, value in proptest::collection::vec(any::<u8>(), 0..40)) {
            drop(filled(&text, &[hole(at, "p/a", "raw"), hole(at / 2, "p/b", "shell-word")], &value));
        }
    }
}
