//! Foreign text on its way into messages: secrets taken out, control characters escaped, length bounded.

use std::fmt::Write as _;

use spawnfile_core::secret::Secret;

/// Longest message of the Engine that is repeated, in characters.
pub(crate) const MESSAGE_MAX: usize = 600;

/// Returns `text` with everything escaped that could steer a terminal or hide itself, cut after `max` characters.
pub(crate) fn printable(text: &str, max: usize) -> String {
    let mut out = String::with_capacity(text.len().min(max));
    for (count, c) in text.trim().chars().enumerate() {
        if count >= max {
            out.push('…');
            break;
        }
        match c {
            '\n' | '\r' | '\t' => out.push(' '),
            c if hides(c) => {
                let _infallible = write!(out, "\\u{{{:x}}}", u32::from(c));
            }
            c => out.push(c),
        }
    }
    out
}

/// Control, bidirectional and zero-width characters.
fn hides(c: char) -> bool {
    c.is_control()
        || matches!(c, '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2060}'..='\u{206f}' | '\u{feff}' | '\u{61c}' | '\u{ad}' | '\u{e0000}'..='\u{e007f}')
}

/// Takes the secrets of one request out of what the Engine says about it.
#[derive(Debug, Default)]
pub(crate) struct Redactor(Vec<Secret>);

impl Redactor {
    /// Returns a redactor for values as they are, as JSON escapes them, and line by line (keys in PEM form).
    pub(crate) fn new<'a>(secrets: impl IntoIterator<Item = &'a [u8]>) -> Self {
        let mut known: Vec<Secret> = Vec::new();
        for secret in secrets {
            let Ok(text) = std::str::from_utf8(secret) else { continue };
            let lines = text.lines().map(str::trim).filter(|line| line.len() >= 8 && line.len() < text.len());
            for form in std::iter::once(text).chain(lines) {
                if !form.is_empty() {
                    known.push(Secret::new(form.as_bytes().to_vec()));
                }
            }
            if let Ok(json) = serde_json::to_string(text) {
                let escaped = json.get(1..json.len() - 1).unwrap_or_default();
                if escaped != text {
                    known.push(Secret::new(escaped.as_bytes().to_vec()));
                }
            }
        }
        known.sort_by_key(|secret| std::cmp::Reverse(secret.expose().len()));
        Self(known)
    }

    /// Returns a message fit to be shown.
    pub(crate) fn clean(&self, message: &str) -> String {
        let mut text = message.to_owned();
        for secret in &self.0 {
            if let Ok(value) = std::str::from_utf8(secret.expose())
                && text.contains(value)
            {
                text = text.replace(value, "[secret]");
            }
        }
        printable(&text, MESSAGE_MAX)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn escapes_what_steers_a_terminal() {
        assert_eq!(printable("a\u{1b}[31mb\u{202e}c\u{200b}\n", 100), "a\\u{1b}[31mb\\u{202e}c\\u{200b}");
        assert_eq!(printable(&"x".repeat(20), 5), "xxxxx…");
    }

    #[test]
    fn takes_secrets_out_in_every_form() {
        let redactor = Redactor::new([b"canary-1".as_slice(), b"line-one-canary\nline \"two\" canary".as_slice(), b"".as_slice()]);
        let said = redactor.clean(r#"bad: canary-1, line-one-canary\nline \"two\" canary, or line-one-canary"#);
        assert_eq!(said, "bad: [secret], [secret], or [secret]");
    }
}
