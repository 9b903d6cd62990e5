//! The order that the TypeScript tool takes from ICU (`localeCompare`), reproduced with ICU4X root collation.
//!
//! It differs from byte order where it matters: `A_B` < `A2` < `AB`, while bytes give `A2` < `AB` < `A_B`.

use std::cmp::Ordering;

use icu_collator::CollatorBorrowed;
use icu_collator::options::CollatorOptions;

/// Compares texts in ICU root order; ties (equal but for code points that ICU ignores) are broken by bytes.
pub struct Collation(CollatorBorrowed<'static>);

impl std::fmt::Debug for Collation {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Collation")
    }
}

impl Default for Collation {
    fn default() -> Self {
        Self::new()
    }
}

impl Collation {
    /// Returns the root collation. Its data is compiled in; making one is cheap.
    pub fn new() -> Self {
        Self(CollatorBorrowed::new_root(CollatorOptions::default()))
    }

    /// Returns how `a` stands to `b`.
    pub fn compare(&self, a: &str, b: &str) -> Ordering {
        self.0.compare(a, b).then_with(|| a.cmp(b))
    }

    /// Sorts by a text of each item; stable.
    pub fn sort_by_key<T>(&self, items: &mut [T], key: impl Fn(&T) -> &str) {
        items.sort_by(|a, b| self.compare(key(a), key(b)));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn orders_as_the_typescript_tool_was_seen_to() {
        let mut texts = ["aB", "ab", "a1", "Ab", "a", "a_b", "a.b", "a-b"];
        Collation::new().sort_by_key(&mut texts, |t| t);
        assert_eq!(texts, ["a", "a_b", "a-b", "a.b", "a1", "ab", "aB", "Ab"]);
        let mut names = ["AB", "A2", "A_B"];
        Collation::new().sort_by_key(&mut names, |t| t);
        assert_eq!(names, ["A_B", "A2", "AB"]);
    }
}
