//! Takes typed values out of [`Node`]s and collects every problem with its position. What is missing or wrong becomes
//! an empty value: a result is only used when no error was collected.
//!
//! Values of the manifest are not repeated in messages, but for words where a fixed set is expected.

use serde::{Deserialize, Serialize};

use super::node::{Key, Node, Value};
use super::suggest::nearest;
use crate::finding::{Finding, Findings, Position};

/// A value and where it stands in its file.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Spanned<T> {
    /// The value.
    pub value: T,
    /// Where it starts.
    pub at: Position,
}

/// Collects findings of one file.
pub(crate) struct Decoder<'a> {
    file: &'a str,
    pub(crate) findings: Findings,
}

/// Entries of a map, with the key that leads to it.
#[derive(Clone)]
pub(crate) struct Fields<'n> {
    /// Dotted key of the map; empty for the root.
    pub(crate) path: String,
    pub(crate) at: Position,
    entries: &'n [(Key, Node)],
}

impl<'n> Fields<'n> {
    /// Returns the value at `key`.
    pub(crate) fn get(&self, key: &str) -> Option<&'n Node> {
        self.entries.iter().find(|(k, _)| k.text == key).map(|(_, node)| node)
    }

    /// Returns key, position of the key, and value.
    pub(crate) fn iter(&self) -> impl Iterator<Item = (&'n str, Position, &'n Node)> {
        self.entries.iter().map(|(key, node)| (key.text.as_str(), key.at, node))
    }

    /// Returns the dotted key of an entry.
    pub(crate) fn join(&self, key: &str) -> String {
        if self.path.is_empty() { key.to_owned() } else { format!("{}.{key}", self.path) }
    }
}

impl<'a> Decoder<'a> {
    pub(crate) fn new(file: &'a str) -> Self {
        Self { file, findings: Findings::default() }
    }

    pub(crate) fn error(&mut self, code: &str, at: Position, message: impl Into<String>) {
        self.findings.push(Finding::error(code, message).at(self.file, Some(at)));
    }

    pub(crate) fn error_with_hint(&mut self, code: &str, at: Position, message: impl Into<String>, hint: impl Into<String>) {
        self.findings.push(Finding::error(code, message).at(self.file, Some(at)).hint(hint));
    }

    pub(crate) fn warning(&mut self, code: &str, at: Position, message: impl Into<String>) {
        self.findings.push(Finding::warning(code, message).at(self.file, Some(at)));
    }

    fn wrong(&mut self, node: &Node, path: &str, expected: &str) {
        self.error("manifest.type", node.at, format!("`{path}` must be {expected}, but is {}", node.value.kind()));
    }

    /// Returns the entries of a map whose keys must be among `known`.
    pub(crate) fn map<'n>(&mut self, node: &'n Node, path: &str, known: &[&str]) -> Option<Fields<'n>> {
        let fields = self.free_map(node, path)?;
        for (key, at, _) in fields.iter().filter(|(key, ..)| !known.contains(key)) {
            let shown: String = key.chars().take(80).collect();
            let place = if path.is_empty() { String::new() } else { format!(" in `{path}`") };
            let message = format!("unknown key `{shown}`{place}");
            match nearest(key, known.iter().copied()) {
                Some(near) => self.error_with_hint("manifest.unknown-key", at, message, format!("did you mean `{near}`?")),
                None => self.error_with_hint("manifest.unknown-key", at, message, format!("known keys: {}", known.join(", "))),
            }
        }
        Some(fields)
    }

    /// Returns the entries of a map with any keys.
    pub(crate) fn free_map<'n>(&mut self, node: &'n Node, path: &str) -> Option<Fields<'n>> {
        match &node.value {
            Value::Map(entries) => Some(Fields { path: path.to_owned(), at: node.at, entries }),
            _ => {
                self.wrong(node, if path.is_empty() { "the manifest" } else { path }, "a map");
                None
            }
        }
    }

    /// Returns the entries of the map at `key`, if it is there.
    pub(crate) fn submap<'n>(&mut self, fields: &Fields<'n>, key: &str, known: &[&str]) -> Option<Fields<'n>> {
        self.map(fields.get(key)?, &fields.join(key), known)
    }

    /// Returns the items of the list at `key` with their dotted keys; none when it is absent.
    pub(crate) fn list<'n>(&mut self, fields: &Fields<'n>, key: &str) -> Vec<(String, &'n Node)> {
        let Some(node) = fields.get(key) else { return Vec::new() };
        let path = fields.join(key);
        match &node.value {
            Value::List(items) => items.iter().enumerate().map(|(n, item)| (format!("{path}[{n}]"), item)).collect(),
            _ => {
                self.wrong(node, &path, "a list");
                Vec::new()
            }
        }
    }

    /// Returns a text that must not be empty.
    pub(crate) fn text_of(&mut self, node: &Node, path: &str) -> Option<Spanned<String>> {
        match &node.value {
            Value::Text(text) if !text.is_empty() => Some(Spanned { value: text.clone(), at: node.at }),
            Value::Text(_) => {
                self.error("manifest.value", node.at, format!("`{path}` must not be empty"));
                None
            }
            Value::Number(_) | Value::Bool(_) | Value::Null => {
                let message = format!("`{path}` must be a text, but is {}", node.value.kind());
                self.error_with_hint("manifest.type", node.at, message, "put it in quotes");
                None
            }
            Value::List(_) | Value::Map(_) => {
                self.wrong(node, path, "a text");
                None
            }
        }
    }

    /// Returns the text at `key`, if it is there.
    pub(crate) fn text(&mut self, fields: &Fields<'_>, key: &str) -> Option<Spanned<String>> {
        self.text_of(fields.get(key)?, &fields.join(key))
    }

    /// Returns the text at `key`, which must be there.
    pub(crate) fn required_text(&mut self, fields: &Fields<'_>, key: &str) -> Spanned<String> {
        let empty = Spanned { value: String::new(), at: fields.at };
        if self.require(fields, key).is_none() {
            return empty;
        }
        self.text(fields, key).unwrap_or(empty)
    }

    /// Returns the node at `key`, which must be there.
    pub(crate) fn require<'n>(&mut self, fields: &Fields<'n>, key: &str) -> Option<&'n Node> {
        let node = fields.get(key);
        if node.is_none() {
            self.error("manifest.missing", fields.at, format!("`{}` is missing", fields.join(key)));
        }
        node
    }

    /// Returns the boolean at `key`, if it is there.
    pub(crate) fn boolean(&mut self, fields: &Fields<'_>, key: &str) -> Option<bool> {
        let node = fields.get(key)?;
        if let Value::Bool(value) = node.value {
            return Some(value);
        }
        let path = fields.join(key);
        match &node.value {
            Value::Text(text) if matches!(text.to_ascii_lowercase().as_str(), "yes" | "no" | "on" | "off") => {
                let message = format!("`{path}` must be a boolean, but is a text");
                self.error_with_hint("manifest.type", node.at, message, "YAML 1.2 knows only `true` and `false`");
            }
            _ => self.wrong(node, &path, "a boolean"),
        }
        None
    }

    /// Returns the word at `key`, if it is there and among `words`.
    pub(crate) fn word(&mut self, fields: &Fields<'_>, key: &str, words: &[&'static str]) -> Option<Spanned<&'static str>> {
        let text = self.text(fields, key)?;
        if let Some(word) = words.iter().find(|word| **word == text.value) {
            return Some(Spanned { value: word, at: text.at });
        }
        let shown: String = text.value.chars().take(40).collect();
        let message = format!("`{}` is `{shown}`, but must be one of: {}", fields.join(key), words.join(", "));
        match nearest(&text.value, words.iter().copied()) {
            Some(near) => self.error_with_hint("manifest.value", text.at, message, format!("did you mean `{near}`?")),
            None => self.error("manifest.value", text.at, message),
        }
        None
    }

    /// Returns the map of texts at `key`, in the order written.
    pub(crate) fn text_map(&mut self, fields: &Fields<'_>, key: &str) -> Vec<(Spanned<String>, Spanned<String>)> {
        let Some(node) = fields.get(key) else { return Vec::new() };
        let Some(map) = self.free_map(node, &fields.join(key)) else { return Vec::new() };
        let mut texts = Vec::new();
        for (name, at, node) in map.iter() {
            if let Some(text) = self.text_of(node, &map.join(name)) {
                texts.push((Spanned { value: name.to_owned(), at }, text));
            }
        }
        texts
    }

    /// Refuses `key` when something is declared there: it is part of the format, but not lowered yet.
    pub(crate) fn not_yet(&mut self, fields: &Fields<'_>, key: &str) {
        let Some(node) = fields.get(key).filter(|node| !node.value.is_empty_collection()) else { return };
        let message = format!("`{}` is not supported by this version of spawnfile yet", fields.join(key));
        self.error_with_hint("manifest.not-yet", node.at, message, "remove it; nothing that is declared is ever dropped silently");
    }
}
