//! The known word that a mistyped one was probably meant to be.

/// Longest word that is compared, in bytes: more is no typing mistake, and the cost is quadratic.
const MAX_BYTES: usize = 64;

/// Returns the candidate that is equal but for case, or at most two edits away (one for short words).
pub fn nearest<'a>(word: &str, candidates: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    if word.len() > MAX_BYTES {
        return None;
    }
    let allowed = if word.len() <= 4 { 1 } else { 2 };
    candidates
        .into_iter()
        .filter(|candidate| candidate.len() <= MAX_BYTES && *candidate != word)
        .filter_map(|candidate| {
            let edits = if candidate.eq_ignore_ascii_case(word) { 0 } else { distance(word.as_bytes(), candidate.as_bytes()) };
            (edits <= allowed).then_some((edits, candidate))
        })
        .min()
        .map(|(_, candidate)| candidate)
}

/// Levenshtein distance over bytes.
fn distance(a: &[u8], b: &[u8]) -> usize {
    let mut row: Vec<usize> = (0..=b.len()).collect();
    for (i, x) in a.iter().enumerate() {
        let mut diagonal = i;
        let mut left = i + 1;
        for (y, cell) in b.iter().zip(row.iter_mut().skip(1)) {
            let above = *cell;
            left = (diagonal + usize::from(x != y)).min(above + 1).min(left + 1);
            diagonal = above;
            *cell = left;
        }
        if let Some(first) = row.first_mut() {
            *first = i + 1;
        }
    }
    row.last().copied().unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn finds_small_mistakes_only() {
        let known = ["ANTHROPIC_API_KEY", "SEARCH_API_KEY", "ID"];
        for (word, meant) in [
            ("ANTROPIC_API_KEY", Some("ANTHROPIC_API_KEY")),
            ("anthropic_api_key", Some("ANTHROPIC_API_KEY")),
            ("SEARCH_APIKEY", Some("SEARCH_API_KEY")),
            ("AWS_SECRET", None),
            ("IDX", Some("ID")),
            ("XY", None),
        ] {
            assert_eq!(nearest(word, known), meant, "{word}");
        }
        assert_eq!(distance(b"kitten", b"sitting"), 3);
        assert_eq!(distance(b"", b"ab"), 2);
    }
}
