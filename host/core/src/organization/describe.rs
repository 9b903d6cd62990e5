//! Description of an agent that declares none.

/// Most characters of a derived description.
const MAX_CHARS: usize = 200;

/// Returns the first paragraph of an identity doc that is no heading, white space collapsed, cut at 200 characters.
pub(super) fn derive(identity: &str) -> String {
    let mut paragraph: Vec<&str> = Vec::new();
    for line in identity.trim_start_matches('\u{feff}').lines().map(str::trim) {
        if line.is_empty() || line.starts_with('#') {
            if paragraph.is_empty() {
                continue;
            }
            break;
        }
        paragraph.extend(line.split_whitespace());
    }
    let text = paragraph.join(" ");
    text.chars().take(MAX_CHARS).collect::<String>().trim_end().to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn takes_the_first_paragraph_that_is_no_heading() {
        assert_eq!(derive("# Analyst\n\nYou are a  research\nanalyst.\n\nMore."), "You are a research analyst.");
        assert_eq!(derive("# A\n## B\n"), "");
        assert_eq!(derive(&"ä ".repeat(300)).chars().count(), 199);
    }
}
