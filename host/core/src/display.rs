//! Foreign text made safe to show: terminal controls, bidirectional overrides and invisible characters are written out.
//!
//! Every render of something that an image, a registry or an Engine said goes through [`escape`]. Nothing here
//! changes what is stored or hashed.

use std::borrow::Cow;
use std::fmt::Write as _;

/// Most characters of foreign text in one message.
pub const EXCERPT_CHARS: usize = 80;

/// Returns the text with every character that could steer a terminal or hide written as an escape (`\u{1b}`).
pub fn escape(text: &str) -> Cow<'_, str> {
    if !text.chars().any(is_unsafe) {
        return Cow::Borrowed(text);
    }
    let mut out = String::with_capacity(text.len() + 16);
    for c in text.chars() {
        push(&mut out, c);
    }
    Cow::Owned(out)
}

/// Returns the first [`EXCERPT_CHARS`] characters of the escaped text, with `…` when something was cut.
pub fn excerpt(text: &str) -> String {
    shortened(text, EXCERPT_CHARS)
}

/// Returns the first characters of the escaped text, with `…` when something was cut.
pub fn shortened(text: &str, chars: usize) -> String {
    let mut out = String::new();
    let mut shown = 0;
    for c in text.chars() {
        let before = out.len();
        push(&mut out, c);
        shown += out.get(before..).map_or(0, |added| added.chars().count());
        if shown > chars {
            out.truncate(before);
            out.push('…');
            break;
        }
    }
    out
}

/// Returns a value as pretty JSON for a terminal or a pipe: the same document, with unsafe characters of its texts
/// written as `\u` escapes. Without a newline at the end.
pub fn json<T: serde::Serialize>(value: &T) -> String {
    let plain = serde_json::to_string_pretty(value).unwrap_or_default();
    if !plain.chars().any(|c| c != '\n' && is_unsafe(c)) {
        return plain;
    }
    let mut out = String::with_capacity(plain.len() + 16);
    for c in plain.chars() {
        // A line break can only stand between tokens; within a text it is escaped already.
        if c == '\n' || !is_unsafe(c) {
            out.push(c);
        } else {
            for unit in c.encode_utf16(&mut [0; 2]) {
                let _ = write!(out, "\\u{unit:04x}");
            }
        }
    }
    out
}

/// Returns a comma-separated list of excerpts in backticks, the first fifty, with the number of the others.
pub fn list<'a>(items: impl IntoIterator<Item = &'a str>) -> String {
    const SHOWN: usize = 50;
    let mut out = String::new();
    let mut more = 0;
    for (n, item) in items.into_iter().enumerate() {
        if n >= SHOWN {
            more += 1;
            continue;
        }
        if n > 0 {
            out.push_str(", ");
        }
        let _ = write!(out, "`{}`", excerpt(item));
    }
    if more > 0 {
        let _ = write!(out, " and {more} more");
    }
    out
}

fn push(out: &mut String, c: char) {
    match c {
        '\n' => out.push_str("\\n"),
        '\r' => out.push_str("\\r"),
        '\t' => out.push_str("\\t"),
        c if is_unsafe(c) => {
            let _ = write!(out, "\\u{{{:x}}}", u32::from(c));
        }
        c => out.push(c),
    }
}

/// Controls, bidirectional marks and overrides, line separators, zero-width and tag characters.
fn is_unsafe(c: char) -> bool {
    c.is_control()
        || matches!(c,
            '\u{ad}' | '\u{61c}' | '\u{180e}' | '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2060}'..='\u{206f}'
            | '\u{feff}' | '\u{fff9}'..='\u{fffb}' | '\u{e0000}'..='\u{e007f}')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn writes_out_what_steers_or_hides() {
        for (text, shown) in [
            ("plain Ünïcode 日本", "plain Ünïcode 日本"),
            ("a\u{1b}[31mb", "a\\u{1b}[31mb"),
            ("line\nbreak\r\t", "line\\nbreak\\r\\t"),
            ("a\u{202e}b\u{2066}c", "a\\u{202e}b\\u{2066}c"),
            ("a\u{200b}b\u{feff}", "a\\u{200b}b\\u{feff}"),
            ("\u{9b}31m", "\\u{9b}31m"),
            ("\u{e0041}", "\\u{e0041}"),
        ] {
            assert_eq!(escape(text), shown);
        }
        assert!(matches!(escape("plain"), Cow::Borrowed(_)));
    }

    #[test]
    fn json_stays_the_same_document() {
        let value = serde_json::json!({ "a\u{202e}": ["plain", "b\u{1b}\n\u{9b}\u{e0041}"] });
        let shown = json(&value);
        assert!(shown.chars().all(|c| c == '\n' || !is_unsafe(c)), "{shown}");
        assert_eq!(serde_json::from_str::<serde_json::Value>(&shown).unwrap(), value);
        assert_eq!(json(&["plain"]), "[\n  \"plain\"\n]");
    }

    #[test]
    fn excerpts_are_cut_after_escaping() {
        assert_eq!(excerpt(&"a".repeat(80)), "a".repeat(80));
        assert_eq!(excerpt(&"a".repeat(81)), format!("{}…", "a".repeat(80)));
        assert!(excerpt(&"\u{1b}".repeat(1000)).chars().count() <= EXCERPT_CHARS + 1);
    }

    #[test]
    fn lists_say_how_many_they_leave_out() {
        assert_eq!(list(["A", "B"]), "`A`, `B`");
        assert!(list(std::iter::repeat_n("A", 60)).ends_with(" and 10 more"));
    }
}
