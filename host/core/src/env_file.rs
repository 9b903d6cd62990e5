//! Files of `NAME=value` lines, as `--env-file` takes them.
//!
//! The grammar is the TypeScript tool's: blank lines and lines that start with `#` are skipped, a value may stand in
//! one pair of quotes, and nothing is interpreted (no escapes, no comments after a value, no expansion). What other
//! tools guess about is an error here: a name alone, `export`, a name that stands twice. No error ever shows a value,
//! and a line that is no assignment is not shown at all: it may be the continuation of one.

use std::collections::BTreeMap;

use crate::name::EnvName;
use crate::secret::Secret;

/// Largest file, in bytes.
pub const MAX_BYTES: usize = 1024 * 1024;

/// Why a file is refused.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum EnvFileError {
    /// It is larger than [`MAX_BYTES`]; the number is its size.
    #[error("it is {0} bytes long, more than the 1048576 that are allowed")]
    TooLarge(usize),
    /// A line is no text.
    #[error("line {line}: the text is not UTF-8")]
    NotUtf8 {
        /// Line, from 1.
        line: u32,
    },
    /// A line is no assignment.
    #[error("line {line}: expected NAME=value")]
    NotAnAssignment {
        /// Line, from 1.
        line: u32,
    },
    /// A line starts with `export`.
    #[error("line {line}: remove `export` before `{name}`")]
    Export {
        /// Line, from 1.
        line: u32,
        /// The name.
        name: EnvName,
    },
    /// A value has a NUL byte.
    #[error("line {line}: the value of `{name}` has a NUL byte")]
    Nul {
        /// Line, from 1.
        line: u32,
        /// The name.
        name: EnvName,
    },
    /// A name stands twice.
    #[error("line {line}: `{name}` stands in line {first} already")]
    Twice {
        /// Line, from 1.
        line: u32,
        /// Line where it stands first.
        first: u32,
        /// The name.
        name: EnvName,
    },
}

/// Parses a file of at most [`MAX_BYTES`]. A byte order mark and lines that end with CR LF are accepted.
///
/// # Errors
/// The first line that is not as it must be.
pub fn parse(bytes: &[u8]) -> Result<BTreeMap<EnvName, Secret>, EnvFileError> {
    if bytes.len() > MAX_BYTES {
        return Err(EnvFileError::TooLarge(bytes.len()));
    }
    let bytes = bytes.strip_prefix(b"\xef\xbb\xbf").unwrap_or(bytes);
    let mut values = BTreeMap::new();
    let mut lines: BTreeMap<EnvName, u32> = BTreeMap::new();
    for (n, raw) in bytes.split(|b| *b == b'\n').enumerate() {
        let line = u32::try_from(n).unwrap_or(u32::MAX).saturating_add(1);
        let raw = raw.strip_suffix(b"\r").unwrap_or(raw);
        let text = std::str::from_utf8(raw).map_err(|_| EnvFileError::NotUtf8 { line })?.trim_matches(is_blank);
        if text.is_empty() || text.starts_with('#') {
            continue;
        }
        let (name, value) = text.split_once('=').ok_or(EnvFileError::NotAnAssignment { line })?;
        let name = name.trim_end_matches(is_blank);
        let exported = name.strip_prefix("export").filter(|rest| rest.starts_with(is_blank)).map(|rest| rest.trim_start_matches(is_blank));
        if let Some(Ok(name)) = exported.map(str::parse) {
            return Err(EnvFileError::Export { line, name });
        }
        let name: EnvName = name.parse().map_err(|_| EnvFileError::NotAnAssignment { line })?;
        let value = unquote(value.trim_start_matches(is_blank));
        if value.contains('\0') {
            return Err(EnvFileError::Nul { line, name });
        }
        if let Some(first) = lines.insert(name.clone(), line) {
            return Err(EnvFileError::Twice { line, first, name });
        }
        values.insert(name, Secret::new(value.as_bytes().to_vec()));
    }
    Ok(values)
}

/// Removes one pair of equal quotes around the whole value.
fn unquote(value: &str) -> &str {
    ['"', '\''].into_iter().find_map(|quote| value.strip_prefix(quote).and_then(|rest| rest.strip_suffix(quote))).unwrap_or(value)
}

const fn is_blank(c: char) -> bool {
    matches!(c, ' ' | '\t' | '\u{b}' | '\u{c}')
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn values(text: &str) -> Vec<(String, String)> {
        let read = parse(text.as_bytes()).unwrap();
        read.into_iter().map(|(name, value)| (name.to_string(), String::from_utf8(value.expose().to_vec()).unwrap())).collect()
    }

    #[test]
    fn follows_the_grammar() {
        for (line, value) in [
            ("K=v", "v"),
            ("K=", ""),
            ("K=\"\"", ""),
            ("K=\"", "\""),
            ("K='a b'", "a b"),
            ("K=\"a'", "\"a'"),
            ("K=a\"b", "a\"b"),
            ("K=\"\"a\"\"", "\"a\""),
            (" K = v # c", "v # c"),
            ("K =v  ", "v"),
            ("K=' v '", " v "),
            ("K=a=b", "a=b"),
            ("K=$HOME\\n", "$HOME\\n"),
            ("K=v\r", "v"),
            ("\u{feff}K=v", "v"),
        ] {
            assert_eq!(values(line), [("K".to_owned(), value.to_owned())], "{line}");
        }
        assert_eq!(values("# c\r\n\r\n  # d\nA=1\r\nB=2\n").len(), 2);
        assert_eq!(values(""), []);
    }

    #[test]
    fn errors_name_the_line_and_never_show_it() {
        let canary = "canary0123456789";
        for (text, message) in [
            (format!("A=1\n{canary}\n"), "line 2: expected NAME=value"),
            (format!("A=1\n{canary} x=2\n"), "line 2: expected NAME=value"),
            (format!("export KEY={canary}"), "line 1: remove `export` before `KEY`"),
            (format!("export\tKEY={canary}"), "line 1: remove `export` before `KEY`"),
            (format!("KEY={canary}\0"), "line 1: the value of `KEY` has a NUL byte"),
            (format!("KEY=1\n\nKEY={canary}"), "line 3: `KEY` stands in line 1 already"),
            (format!("={canary}"), "line 1: expected NAME=value"),
            (format!("1K={canary}"), "line 1: expected NAME=value"),
            (format!("K-{canary}=1"), "line 1: expected NAME=value"),
        ] {
            let error = parse(text.as_bytes()).unwrap_err();
            assert_eq!(error.to_string(), message);
            assert!(!format!("{error:?}").contains(canary), "{text}");
        }
        assert_eq!(parse(b"A=\xff"), Err(EnvFileError::NotUtf8 { line: 1 }));
        assert_eq!(parse(&vec![b'#'; MAX_BYTES + 1]), Err(EnvFileError::TooLarge(MAX_BYTES + 1)));
        assert!(values("exported=1").len() == 1, "a name may start like the word");
    }

    proptest! {
        #[test]
        fn never_panics(bytes in proptest::collection::vec(any::<u8>(), 0..400)) {
            drop(parse(&bytes));
        }

        #[test]
        fn gives_back_any_plain_value(value in "[!-~&&[^\"'#]]{0,40}") {
            prop_assert_eq!(values(&format!("K={value}")), [("K".to_owned(), value)]);
        }
    }

    impl PartialEq for Secret {
        fn eq(&self, other: &Self) -> bool {
            self.expose() == other.expose()
        }
    }
}
