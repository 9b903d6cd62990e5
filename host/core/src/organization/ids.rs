//! Ids and slugs of nodes. Both are unique: ids name nodes in the report, slugs name folders in the image.

use std::collections::BTreeMap;

use crate::finding::{Finding, Position};
use crate::name::slugify;

/// What an id is made from.
pub(super) struct Named<'a> {
    pub(super) kind: &'a str,
    pub(super) name: &'a str,
    pub(super) file: &'a str,
    pub(super) at: Position,
}

/// Returns id and slug of each node, and what is wrong with them.
pub(super) fn assign(nodes: &[Named<'_>]) -> (Vec<(String, String)>, Vec<Finding>) {
    let mut findings = Vec::new();
    let mut ids: BTreeMap<String, &str> = BTreeMap::new();
    let mut slugs: BTreeMap<String, &str> = BTreeMap::new();
    let mut assigned = Vec::new();
    for node in nodes {
        let (id, slug) = (format!("{}:{}", node.kind, node.name), slugify(node.name));
        let mut refuse = |message: String, hint: &str| {
            findings.push(Finding::error("organization.name", message).at(node.file, Some(node.at)).hint(hint));
        };
        if id.len() > 128 || !id.bytes().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'_' | b'.' | b':' | b'-')) || slug.is_empty() {
            let allowed = "letters, digits, `_`, `.`, `:` and `-`, at least one letter or digit, at most 128 characters with the kind";
            refuse(format!("`{}` cannot be the name of a node", node.name), allowed);
        } else if let Some(other) = ids.insert(id.clone(), node.file) {
            refuse(format!("`{}` is also the name of a node in {other}", node.name), "names are unique in an organization");
        } else if let Some(other) = slugs.insert(format!("{}-{slug}", node.kind), node.file) {
            let message = format!("`{}` and the name of a node in {other} both become `{slug}` in paths", node.name);
            refuse(message, "choose names that differ in letters and digits");
        }
        assigned.push((id, slug));
    }
    (assigned, findings)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_that_would_overwrite_each_other_are_refused() {
        let at = Position { line: 1, column: 1 };
        let node = |name, file| Named { kind: "agent", name, file, at };
        let (ids, findings) = assign(&[node("a.b", "x"), node("c", "y")]);
        assert_eq!(ids, [("agent:a.b".to_owned(), "a-b".to_owned()), ("agent:c".to_owned(), "c".to_owned())]);
        assert!(findings.is_empty());
        for (first, second) in [("a.b", "a_b"), ("a", "a")] {
            assert_eq!(assign(&[node(first, "x"), node(second, "y")]).1.len(), 1);
        }
        for bad in ["日本", "--", "a/b", &"x".repeat(130)] {
            assert_eq!(assign(&[node(bad, "x")]).1.len(), 1, "{bad}");
        }
    }
}
