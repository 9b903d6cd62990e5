//! Texts as scalars of the YAML files in workspaces: plain where that means the same, folded at 80 columns, as the other
//! tool writes them.

use crate::manifest::is_plain_text;

/// Longest line, where a space allows a break.
const WIDTH: usize = 80;

/// Returns a key with its colon.
pub(super) fn key(text: &str) -> String {
    if is_plain(text) { format!("{text}:") } else { format!("{}:", quoted(text)) }
}

/// Returns an entry `key: text` of a map that is indented by `indent`, without a line break.
pub(super) fn entry(indent: usize, name: &str, text: &str) -> String {
    let key = key(name);
    let scalar = if is_plain(text) { text.to_owned() } else { quoted(text) };
    let value = folded(&scalar, indent + 2, key.len() + 1);
    format!("{:indent$}{key} {value}", "")
}

/// Whether a text may stand without quotes: it starts and ends like a word, has no indicator inside, and is no number,
/// boolean or null.
fn is_plain(text: &str) -> bool {
    let starts = text.chars().next().is_some_and(|c| !"\t ,[]{}#&*!|>'\"%@`".contains(c)) && !matches!(text, "?" | "-");
    let inside = !["? ", "- "].iter().any(|mark| text.starts_with(mark)) && !text.contains(": ") && !text.contains(" #");
    let ends = !text.ends_with([' ', ':', '-', '\t']);
    let lowered = text.trim_start_matches(['+', '-']).to_ascii_lowercase();
    let infinite = matches!(lowered.as_str(), ".inf" | ".nan");
    starts && inside && ends && !infinite && !text.chars().any(char::is_control) && is_plain_text(text)
}

fn quoted(text: &str) -> String {
    if text.contains('"') && !text.contains('\'') && !text.chars().any(char::is_control) {
        return format!("'{text}'");
    }
    let mut quoted = String::from("\"");
    for c in text.chars() {
        match c {
            '"' => quoted.push_str("\\\""),
            '\\' => quoted.push_str("\\\\"),
            c if c.is_control() => quoted.push_str(&format!("\\u{:04x}", u32::from(c))),
            c => quoted.push(c),
        }
    }
    quoted.push('"');
    quoted
}

/// Breaks a long scalar at single spaces; `at_start` is what stands before it in its first line.
fn folded(text: &str, indent: usize, at_start: usize) -> String {
    let units: Vec<char> = text.chars().collect();
    let step = (WIDTH + 1).saturating_sub(indent).max(21);
    if units.len() <= step {
        return text.to_owned();
    }
    let mut folds = Vec::new();
    let mut end = WIDTH.saturating_sub(at_start);
    let mut split = None;
    for (n, c) in units.iter().enumerate() {
        let before = n.checked_sub(1).and_then(|n| units.get(n));
        if *c == ' ' && before.is_some_and(|c| *c != ' ') && units.get(n + 1).is_some_and(|c| *c != ' ') {
            split = Some(n);
        }
        if n >= end
            && let Some(at) = split.take()
        {
            folds.push(at);
            end = at + step;
        }
    }
    let mut folds = folds.into_iter().peekable();
    let mut text = String::with_capacity(units.len() + 64);
    for (n, c) in units.iter().enumerate() {
        if folds.next_if_eq(&n).is_some() {
            text.push_str(&format!("\n{:indent$}", ""));
        } else {
            text.push(*c);
        }
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn texts_keep_their_meaning() {
        for plain in ["writer", "a-b_c.d", "Finds, reads: writes", "a#b", "http://x", "ä", "-x", "?x", "5 apples", "[", "é: x"] {
            let kept = !matches!(plain, "[") && !plain.contains(": ");
            assert_eq!(is_plain(plain), kept, "{plain}");
        }
        for (text, written) in [
            ("", "a: \"\""),
            ("true", "a: \"true\""),
            ("0x1F", "a: \"0x1F\""),
            ("1.5", "a: \"1.5\""),
            (".nan", "a: \".nan\""),
            ("-.INF", "a: \"-.INF\""),
            ("~", "a: \"~\""),
            ("- x", "a: \"- x\""),
            ("x:", "a: \"x:\""),
            ("say \"no\": now", "a: 'say \"no\": now'"),
            ("it's \"no\": \\", "a: \"it's \\\"no\\\": \\\\\""),
            ("@x", "a: \"@x\""),
        ] {
            assert_eq!(entry(0, "a", text), written);
        }
        assert_eq!(key("1"), "\"1\":");
    }

    #[test]
    fn long_texts_are_broken_at_spaces() {
        let words = "word ".repeat(30);
        let entry = entry(4, "description", words.trim());
        let lines: Vec<&str> = entry.lines().collect();
        assert_eq!(lines.len(), 3);
        assert!(lines.iter().all(|line| line.len() <= 84) && lines[1].starts_with("      word"), "{entry}");
        assert_eq!(entry.split_whitespace().skip(1).collect::<Vec<_>>().join(" "), words.trim());
        assert_eq!(super::entry(0, "k", &"x".repeat(200)), format!("k: {}", "x".repeat(200)));
    }
}
