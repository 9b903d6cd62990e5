//! The fields of an object, each asked for by name.

use std::cell::RefCell;

use super::{MAX_ITEMS, Node, Value};
use crate::display::excerpt;

/// The fields of an object.
#[derive(Debug)]
pub struct Fields<'a> {
    fields: &'a [(String, Value)],
    node: &'a Node<'a>,
    asked: RefCell<Vec<&'static str>>,
}

impl<'a> Fields<'a> {
    pub(super) fn new(fields: &'a [(String, Value)], node: &'a Node<'a>) -> Self {
        Self { fields, node, asked: RefCell::default() }
    }

    pub(super) fn into_asked(self) -> Vec<&'static str> {
        self.asked.into_inner()
    }
}

impl Fields<'_> {
    fn value(&self, key: &'static str) -> Option<&Value> {
        self.asked.borrow_mut().push(key);
        let at = self.fields.binary_search_by(|(name, _)| name.as_str().cmp(key)).ok()?;
        self.fields.get(at).map(|(_, value)| value)
    }

    fn child<T>(&self, key: &str, value: &Value, read: impl FnOnce(&Node<'_>) -> T) -> T {
        read(&self.node.child(key, value))
    }

    /// Says that the value of a key breaks a rule.
    pub fn violate(&self, key: &str, code: &str, message: impl Into<String>) {
        self.child(key, &Value::Null, |node| node.violate(code, message));
    }

    /// Reads a field that must be there.
    pub fn at<T>(&self, key: &'static str, read: impl FnOnce(&Node<'_>) -> T) -> T {
        match self.value(key) {
            Some(value) => self.child(key, value, read),
            None => {
                self.violate(key, "missing", format!("`{key}` is missing"));
                read(&Node::silent())
            }
        }
    }

    /// Reads a field that may be absent, but not null.
    pub fn optional<T>(&self, key: &'static str, read: impl FnOnce(&Node<'_>) -> T) -> Option<T> {
        self.value(key).map(|value| self.child(key, value, read))
    }

    /// Reads a field that must be there and may be null.
    pub fn nullable<T>(&self, key: &'static str, read: impl FnOnce(&Node<'_>) -> T) -> Option<T> {
        self.at(key, |node| (*node.value() != Value::Null).then(|| read(node)))
    }

    /// Reads an array of at most [`MAX_ITEMS`] items that must be there.
    pub fn list<T>(&self, key: &'static str, read: impl Fn(&Node<'_>) -> T) -> Vec<T> {
        self.at(key, |node| node.list(MAX_ITEMS, read))
    }

    /// Says which of some texts stand twice. `what` names the thing (`instance id`).
    pub fn unique<'t>(&self, key: &str, what: &str, texts: impl IntoIterator<Item = &'t str>) {
        let mut seen = std::collections::BTreeSet::new();
        for text in texts {
            // An empty text is a stand-in or was complained about already.
            if !text.is_empty() && !seen.insert(text) {
                self.violate(key, "duplicate", format!("the {what} `{}` stands twice", excerpt(text)));
            }
        }
    }
}
