//! Reading a format out of a [`Value`]: every mistake goes to a [`Sink`], and reading goes on with a stand-in.
//!
//! A stand-in (an empty text, zero, an empty list) is never seen by anybody: a document with violations is refused
//! as a whole.

use std::cell::{Cell, RefCell};
use std::collections::BTreeMap;

use super::{Fields, MAX_VIOLATIONS, Value, Violation};
use crate::display::{escape, excerpt};
use crate::nearest::nearest;

/// Longest text of a document, in bytes, unless asked otherwise.
pub const MAX_TEXT: usize = 4096;
/// Most items of a list or map.
pub const MAX_ITEMS: usize = 10_000;

/// Collects violations.
#[derive(Debug, Default)]
pub struct Sink {
    violations: RefCell<Vec<Violation>>,
    more: Cell<usize>,
}

impl Sink {
    fn push(&self, pointer: String, code: &str, message: String) {
        let mut violations = self.violations.borrow_mut();
        if violations.len() < MAX_VIOLATIONS {
            violations.push(Violation { pointer, code: code.to_owned(), message });
        } else {
            self.more.set(self.more.get() + 1);
        }
    }

    /// Returns what was collected, in the order of reading.
    pub fn into_violations(self) -> Vec<Violation> {
        let mut violations = self.violations.into_inner();
        if self.more.get() > 0 {
            let message = format!("{} more rules are broken", self.more.get());
            violations.push(Violation { pointer: String::new(), code: "more".to_owned(), message });
        }
        violations
    }
}

#[derive(Debug, Clone, Copy)]
enum Step<'a> {
    Key(&'a str),
    Index(usize),
}

/// A value at its place in the document.
#[derive(Debug, Clone, Copy)]
pub struct Node<'a> {
    value: &'a Value,
    step: Option<(&'a Self, Step<'a>)>,
    /// Absent in a stand-in, whose mistakes are not the document's.
    sink: Option<&'a Sink>,
}

impl<'a> Node<'a> {
    /// Returns the root of a document.
    pub const fn root(value: &'a Value, sink: &'a Sink) -> Self {
        Self { value, step: None, sink: Some(sink) }
    }

    /// Returns a stand-in, whose mistakes nobody hears of.
    pub(super) const fn silent() -> Self {
        Self { value: &Value::Null, step: None, sink: None }
    }

    /// Returns the place of a key's value in this object.
    pub(super) const fn child(&'a self, key: &'a str, value: &'a Value) -> Self {
        Self { value, step: Some((self, Step::Key(key))), sink: self.sink }
    }

    /// Says that the value here breaks a rule.
    pub fn violate(&self, code: &str, message: impl Into<String>) {
        if let Some(sink) = self.sink {
            sink.push(self.pointer(), code, message.into());
        }
    }

    /// Returns the value as it is.
    pub const fn value(&self) -> &'a Value {
        self.value
    }

    fn pointer(&self) -> String {
        let mut steps = Vec::new();
        let mut node = self;
        while let Some((parent, step)) = node.step {
            steps.push(step);
            node = parent;
        }
        let mut pointer = String::new();
        for step in steps.iter().rev() {
            pointer.push('/');
            match step {
                Step::Index(index) => pointer.push_str(&index.to_string()),
                Step::Key(key) => pointer.push_str(&excerpt(&key.replace('~', "~0").replace('/', "~1"))),
            }
        }
        pointer
    }

    fn expected(&self, what: &str) {
        self.violate("type", format!("expected {what}, found {}", self.value.kind()));
    }

    /// Reads a text without control characters, at most [`MAX_TEXT`] bytes; it may be empty.
    pub fn text(&self) -> String {
        let text = self.any_text(MAX_TEXT);
        if let Some(c) = text.chars().find(|c| c.is_control()) {
            self.violate("control-character", format!("the text has the control character `{}`", escape(&c.to_string())));
        }
        text
    }

    /// Reads a text that may have any characters, at most `max` bytes.
    pub fn any_text(&self, max: usize) -> String {
        let Value::Text(text) = self.value else {
            self.expected("a string");
            return String::new();
        };
        if text.len() > max {
            self.violate("too-long", format!("the text has {} bytes, more than {max}", text.len()));
            return String::new();
        }
        text.clone()
    }

    /// Reads a text and says so when it does not meet a condition. `expected` completes "`x` is not …".
    pub fn text_that(&self, code: &str, expected: &str, is: impl FnOnce(&str) -> bool) -> String {
        let text = self.text();
        if matches!(self.value, Value::Text(written) if *written == text) && !is(&text) {
            self.violate(code, format!("`{}` is not {expected}", excerpt(&text)));
        }
        text
    }

    /// Reads a text that is not empty.
    pub fn nonempty(&self) -> String {
        let text = self.text();
        if matches!(self.value, Value::Text(written) if written.is_empty()) {
            self.violate("empty", "the text is empty");
        }
        text
    }

    /// Reads one of a set of words.
    pub fn one_of(&self, words: &[&str]) -> String {
        let expected = if let [only] = words { format!("`{only}`") } else { format!("one of {}", words.join(", ")) };
        self.text_that("not-allowed", &expected, |text| words.contains(&text))
    }

    /// Reads `true` or `false`.
    pub fn boolean(&self) -> bool {
        let Value::Bool(value) = self.value else {
            self.expected("true or false");
            return false;
        };
        *value
    }

    /// Reads an integer within bounds, both included.
    pub fn integer(&self, min: u64, max: u64) -> u64 {
        let Value::Number(number) = self.value else {
            self.expected("an integer");
            return min;
        };
        match number.as_u64() {
            Some(value) if (min..=max).contains(&value) => value,
            _ => {
                self.violate("out-of-range", format!("`{}` is no integer from {min} to {max}", excerpt(&number.to_string())));
                min
            }
        }
    }

    /// Reads an integer within bounds that fits 32 bits.
    pub fn integer32(&self, min: u32, max: u32) -> u32 {
        u32::try_from(self.integer(min.into(), max.into())).unwrap_or(min)
    }

    /// Reads a port, 1 to 65535.
    pub fn port(&self) -> u16 {
        u16::try_from(self.integer(1, 65535)).unwrap_or(1)
    }

    /// Reads an array of at most `max` items.
    pub fn list<T>(&self, max: usize, read: impl Fn(&Node<'_>) -> T) -> Vec<T> {
        let Value::List(items) = self.value else {
            self.expected("an array");
            return Vec::new();
        };
        if items.len() > max {
            self.violate("too-many", format!("there are {} items, more than {max}", items.len()));
            return Vec::new();
        }
        let item = |(index, value)| read(&Node { value, step: Some((self, Step::Index(index))), sink: self.sink });
        items.iter().enumerate().map(item).collect()
    }

    /// Reads an object whose keys are free: texts without control characters, not empty.
    pub fn map<T>(&self, read: impl Fn(&Node<'_>) -> T) -> BTreeMap<String, T> {
        let Value::Fields(fields) = self.value else {
            self.expected("an object");
            return BTreeMap::new();
        };
        if fields.len() > MAX_ITEMS {
            self.violate("too-many", format!("there are {} keys, more than {MAX_ITEMS}", fields.len()));
            return BTreeMap::new();
        }
        let mut map = BTreeMap::new();
        for (key, value) in fields {
            let node = self.child(key, value);
            if key.is_empty() || key.len() > MAX_TEXT || key.chars().any(char::is_control) {
                node.violate("key", "the key is empty, too long, or has control characters");
            }
            map.insert(key.clone(), read(&node));
        }
        map
    }

    /// Reads an object whose keys are those that `read` asks for; every other one is a violation.
    pub fn object<T>(&self, read: impl FnOnce(&Fields<'_>) -> T) -> T {
        const NONE: &[(String, Value)] = &[];
        let Value::Fields(fields) = self.value else {
            self.expected("an object");
            return read(&Fields::new(NONE, &Node { sink: None, ..*self }));
        };
        let reader = Fields::new(fields, self);
        let out = read(&reader);
        let asked = reader.into_asked();
        for (key, value) in fields {
            if !asked.contains(&key.as_str()) {
                let node = self.child(key, value);
                let meant = nearest(key, asked.iter().copied()).map(|meant| format!(", did you mean `{meant}`?")).unwrap_or_default();
                node.violate("unknown-key", format!("the key `{}` is unknown{meant}", excerpt(key)));
            }
        }
        out
    }
}

/// Reads a text as [`Node::text`].
pub fn text(node: &Node<'_>) -> String {
    node.text()
}

/// Reads a text as [`Node::nonempty`].
pub fn nonempty(node: &Node<'_>) -> String {
    node.nonempty()
}

/// Reads `true` or `false`.
pub fn boolean(node: &Node<'_>) -> bool {
    node.boolean()
}

/// Reads a port as [`Node::port`].
pub fn port(node: &Node<'_>) -> u16 {
    node.port()
}

#[cfg(test)]
mod tests {
    use super::super::{Problem, read};
    use super::*;

    fn violations(text: &str) -> Vec<String> {
        let result = read(text.as_bytes(), "v1", |node| {
            node.object(|f| {
                assert_eq!(f.at("version", super::text).is_empty(), node.value().get("version").is_none());
                let items = f.list("items", |item| item.object(|f| (f.at("id", nonempty), f.optional("port", port))));
                f.unique("items", "id", items.iter().map(|(id, _)| id.as_str()));
            });
        });
        match result {
            Ok(()) => Vec::new(),
            Err(Problem::Violations(all)) => all.iter().map(|v| format!("{} {}", v.pointer, v.code)).collect(),
            Err(other) => vec![other.to_string()],
        }
    }

    #[test]
    fn names_every_mistake_with_its_place() {
        assert!(violations(r#"{"version":"v1","items":[]}"#).is_empty());
        assert_eq!(
            violations(r#"{"version":"v1","items":[{"id":"a","port":0},{"id":"a","prot":1},{},7,{"id":"\u0000"}],"a/b":1}"#),
            [
                "/items/0/port out-of-range",
                "/items/1/prot unknown-key",
                "/items/2/id missing",
                "/items/3 type",
                "/items/4/id control-character",
                "/items duplicate",
                "/a~1b unknown-key"
            ]
        );
        assert_eq!(violations("[]"), [" type"]);
        assert_eq!(violations(r#"{"version":"v2"}"#), ["version `v2` is not supported"]);
        assert_eq!(violations("{}"), ["/version missing", "/items missing"]);
    }

    #[test]
    fn the_list_of_violations_is_bounded() {
        let many = violations(&format!(r#"{{"version":"v1","items":[{}0]}}"#, "0,".repeat(9000)));
        assert_eq!(many.len(), MAX_VIOLATIONS + 1);
        assert_eq!(many.last().map(String::as_str), Some(" more"));
    }
}
