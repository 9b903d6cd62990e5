//! Takes known secret values out of text that came from somewhere else.

use spawnfile_core::secret::Secret;

const MARK: &str = "[redacted]";
/// Shorter values would redact half of every text; nobody's secret is that short.
const MIN: usize = 4;

/// Knows the values of one deployment.
#[derive(Debug, Default)]
pub(crate) struct Redactor(Vec<Secret>);

impl Redactor {
    /// Takes the values in, longest first, so that a value that contains another is taken out whole.
    pub(crate) fn new<'a>(values: impl IntoIterator<Item = &'a Secret>) -> Self {
        let mut values: Vec<Secret> = values.into_iter().filter(|value| value.expose().len() >= MIN).cloned().collect();
        values.sort_by_key(|value| std::cmp::Reverse(value.expose().len()));
        Self(values)
    }

    /// Returns the text without the values, their lines included where a value has several.
    pub(crate) fn redact(&self, text: &str) -> String {
        let mut text = text.to_owned();
        for value in &self.0 {
            let Ok(value) = std::str::from_utf8(value.expose()) else { continue };
            text = text.replace(value, MARK);
            if value.contains('\n') {
                for line in value.lines().filter(|line| line.len() >= MIN) {
                    text = text.replace(line, MARK);
                }
            }
        }
        text
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_go_the_longest_first_and_line_by_line() {
        let secrets = [
            Secret::new(b"canary".to_vec()),
            Secret::new(b"canary-long".to_vec()),
            Secret::new(b"line-one\nline-two".to_vec()),
            Secret::new(b"ab".to_vec()),
        ];
        let redactor = Redactor::new(&secrets);
        assert_eq!(redactor.redact("a canary-long b canary ab line-two"), "a [redacted] b [redacted] ab [redacted]");
    }
}
