//! Reads the bytes of a YAML 1.2 file into [`Node`]s. Bounded: size, depth, nodes and text with aliases expanded.
//!
//! It refuses what a reader could be surprised by: several documents, keys given twice, keys that are no scalars, tags
//! other than those of the core schema, bytes that are no UTF-8, NUL.

use std::collections::{BTreeMap, BTreeSet};

use saphyr_parser::{Event, Marker, Parser, ScalarStyle, Tag};

use super::node::{Key, Node, Value};
use crate::finding::Position;

/// Deepest nesting.
const MAX_DEPTH: usize = 64;
/// Most values, aliases expanded.
const MAX_NODES: usize = 100_000;
/// Most bytes of text, aliases expanded.
const MAX_TEXT: usize = 8 << 20;

/// Why a file is refused, and where.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct YamlError {
    pub(crate) at: Position,
    pub(crate) message: String,
}

impl YamlError {
    fn new(at: Position, message: impl Into<String>) -> Self {
        Self { at, message: message.into() }
    }
}

/// A list or map that is being read.
struct Open {
    at: Position,
    anchor: usize,
    nodes: usize,
    text: usize,
    body: Body,
}

enum Body {
    List(Vec<Node>),
    Map { entries: Vec<(Key, Node)>, keys: BTreeSet<String>, key: Option<Key> },
}

/// A finished value with what it costs to repeat it.
#[derive(Clone)]
struct Built {
    node: Node,
    nodes: usize,
    text: usize,
}

#[derive(Default)]
struct Builder {
    open: Vec<Open>,
    anchors: BTreeMap<usize, Built>,
    nodes: usize,
    text: usize,
    root: Option<Node>,
}

/// Parses one document of at most `max_bytes`.
pub(crate) fn parse(bytes: &[u8], max_bytes: u64) -> Result<Node, YamlError> {
    let start = Position { line: 1, column: 1 };
    if bytes.len() as u64 > max_bytes {
        return Err(YamlError::new(start, format!("the file is larger than {max_bytes} bytes")));
    }
    let text = std::str::from_utf8(bytes).map_err(|error| {
        let before = bytes.get(..error.valid_up_to()).unwrap_or_default();
        YamlError::new(position_after(before), "the file is not UTF-8")
    })?;
    if let Some(nul) = text.find('\0') {
        return Err(YamlError::new(position_after(text.as_bytes().get(..nul).unwrap_or_default()), "the file has a NUL character"));
    }
    let text = text.strip_prefix('\u{feff}').unwrap_or(text);
    let mut builder = Builder::default();
    let mut documents = 0;
    let mut parser = Parser::new_from_str(text);
    while let Some(event) = parser.next_event() {
        let (event, span) = event.map_err(|error| YamlError::new(position(*error.marker()), error.info()))?;
        let at = position(span.start);
        match event {
            Event::DocumentStart(_) => {
                documents += 1;
                if documents > 1 {
                    return Err(YamlError::new(at, "the file has more than one document"));
                }
            }
            Event::Alias(anchor) => builder.alias(anchor, at)?,
            Event::Scalar(text, style, anchor, tag) => {
                let value = scalar(&text, style, tag.as_deref(), at)?;
                builder.scalar(Node { at, value }, &text, anchor)?;
            }
            Event::SequenceStart(anchor, tag) => {
                collection_tag(tag.as_deref(), "seq", at)?;
                builder.start(at, anchor, Body::List(Vec::new()))?;
            }
            Event::MappingStart(anchor, tag) => {
                collection_tag(tag.as_deref(), "map", at)?;
                builder.start(at, anchor, Body::Map { entries: Vec::new(), keys: BTreeSet::new(), key: None })?;
            }
            Event::SequenceEnd | Event::MappingEnd => builder.end()?,
            Event::Nothing | Event::StreamStart | Event::StreamEnd | Event::DocumentEnd => {}
        }
    }
    builder.root.ok_or_else(|| YamlError::new(start, "the file is empty"))
}

impl Builder {
    fn charge(&mut self, nodes: usize, text: usize, at: Position) -> Result<(), YamlError> {
        self.nodes = self.nodes.saturating_add(nodes);
        self.text = self.text.saturating_add(text);
        if self.nodes > MAX_NODES {
            return Err(YamlError::new(at, format!("the file has more than {MAX_NODES} values, aliases expanded")));
        }
        if self.text > MAX_TEXT {
            return Err(YamlError::new(at, format!("the file has more than {MAX_TEXT} bytes of text, aliases expanded")));
        }
        Ok(())
    }

    fn alias(&mut self, anchor: usize, at: Position) -> Result<(), YamlError> {
        let Some(built) = self.anchors.get(&anchor) else {
            return Err(YamlError::new(at, "an alias stands inside the value that it repeats"));
        };
        self.charge(built.nodes, built.text, at)?;
        let mut built = self.anchors.get(&anchor).cloned().ok_or_else(|| YamlError::new(at, "unknown alias"))?;
        if let (Some(Open { body: Body::Map { key: None, .. }, .. }), Value::Text(text)) = (self.open.last(), &built.node.value) {
            let text = text.clone();
            return self.key(Key { at, text });
        }
        if depth(&built.node) + self.open.len() > MAX_DEPTH {
            return Err(YamlError::new(at, format!("values nest deeper than {MAX_DEPTH}")));
        }
        // A problem in a repeated value is shown where it is repeated.
        built.node.at = at;
        self.add(built)
    }

    fn scalar(&mut self, node: Node, text: &str, anchor: usize) -> Result<(), YamlError> {
        let at = node.at;
        self.charge(1, text.len(), at)?;
        let built = Built { node, nodes: 1, text: text.len() };
        self.remember(anchor, &built, at)?;
        if matches!(self.open.last(), Some(Open { body: Body::Map { key: None, .. }, .. })) {
            return self.key(Key { at, text: text.to_owned() });
        }
        self.add(built)
    }

    fn key(&mut self, new: Key) -> Result<(), YamlError> {
        if let Some(Open { body: Body::Map { keys, key, .. }, .. }) = self.open.last_mut() {
            if !keys.insert(new.text.clone()) {
                let message = format!("key `{}` is given twice", new.text.chars().take(80).collect::<String>());
                return Err(YamlError::new(new.at, message));
            }
            *key = Some(new);
        }
        Ok(())
    }

    fn start(&mut self, at: Position, anchor: usize, body: Body) -> Result<(), YamlError> {
        if matches!(self.open.last(), Some(Open { body: Body::Map { key: None, .. }, .. })) {
            return Err(YamlError::new(at, "a key must be a scalar"));
        }
        if self.open.len() >= MAX_DEPTH {
            return Err(YamlError::new(at, format!("values nest deeper than {MAX_DEPTH}")));
        }
        self.charge(1, 0, at)?;
        self.open.push(Open { at, anchor, nodes: 1, text: 0, body });
        Ok(())
    }

    fn end(&mut self) -> Result<(), YamlError> {
        let Some(Open { at, anchor, nodes, text, body }) = self.open.pop() else { return Ok(()) };
        let value = match body {
            Body::List(items) => Value::List(items),
            Body::Map { entries, .. } => Value::Map(entries),
        };
        let built = Built { node: Node { at, value }, nodes, text };
        self.remember(anchor, &built, at)?;
        self.add(built)
    }

    /// Keeps a value that an alias may repeat. The copy is charged like a repetition.
    fn remember(&mut self, anchor: usize, built: &Built, at: Position) -> Result<(), YamlError> {
        if anchor != 0 {
            self.charge(built.nodes, built.text, at)?;
            self.anchors.insert(anchor, built.clone());
        }
        Ok(())
    }

    fn add(&mut self, built: Built) -> Result<(), YamlError> {
        let Some(open) = self.open.last_mut() else {
            self.root = Some(built.node);
            return Ok(());
        };
        open.nodes = open.nodes.saturating_add(built.nodes);
        open.text = open.text.saturating_add(built.text);
        match &mut open.body {
            Body::List(items) => items.push(built.node),
            Body::Map { entries, key, .. } => match key.take() {
                Some(key) => entries.push((key, built.node)),
                None => return Err(YamlError::new(built.node.at, "a key must be a scalar")),
            },
        }
        Ok(())
    }
}

fn scalar(text: &str, style: ScalarStyle, tag: Option<&Tag>, at: Position) -> Result<Value, YamlError> {
    let plain = || Value::plain(text);
    let Some(tag) = tag else {
        return Ok(if style == ScalarStyle::Plain { plain() } else { Value::Text(text.to_owned()) });
    };
    let whole = format!("{}{}", tag.handle, tag.suffix);
    let value = match whole.strip_prefix("tag:yaml.org,2002:") {
        Some("str") => return Ok(Value::Text(text.to_owned())),
        Some("int" | "float") => Some(plain()).filter(|value| matches!(value, Value::Number(_))),
        Some("bool") => Some(plain()).filter(|value| matches!(value, Value::Bool(_))),
        Some("null") => Some(plain()).filter(|value| matches!(value, Value::Null)),
        _ if whole == "!" => return Ok(Value::Text(text.to_owned())),
        _ => return Err(YamlError::new(at, "a tag other than those of the YAML core schema")),
    };
    value.ok_or_else(|| YamlError::new(at, format!("the value is not what its tag `!!{}` says", tag.suffix)))
}

fn collection_tag(tag: Option<&Tag>, expected: &str, at: Position) -> Result<(), YamlError> {
    match tag {
        Some(tag) if !(tag.is_yaml_core_schema() && tag.suffix == expected) => {
            Err(YamlError::new(at, "a tag other than those of the YAML core schema"))
        }
        _ => Ok(()),
    }
}

/// Returns how deep a value nests; at most [`MAX_DEPTH`] by construction.
fn depth(node: &Node) -> usize {
    match &node.value {
        Value::List(items) => 1 + items.iter().map(depth).max().unwrap_or(0),
        Value::Map(entries) => 1 + entries.iter().map(|(_, node)| depth(node)).max().unwrap_or(0),
        _ => 0,
    }
}

fn position(marker: Marker) -> Position {
    let clamp = |n: usize| u32::try_from(n).unwrap_or(u32::MAX);
    Position { line: clamp(marker.line().max(1)), column: clamp(marker.col().saturating_add(1)) }
}

fn position_after(bytes: &[u8]) -> Position {
    let clamp = |n: usize| u32::try_from(n).unwrap_or(u32::MAX);
    let line = bytes.iter().filter(|b| **b == b'\n').count();
    let column = String::from_utf8_lossy(bytes.rsplit(|b| *b == b'\n').next().unwrap_or_default()).chars().count();
    Position { line: clamp(line + 1), column: clamp(column + 1) }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn fails(text: &str) -> (String, u32, u32) {
        let error = parse(text.as_bytes(), 1 << 20).unwrap_err();
        (error.message, error.at.line, error.at.column)
    }

    #[test]
    fn says_what_it_refuses_and_where() {
        for (text, message, line, column) in [
            ("a: 1\na: 2", "key `a` is given twice", 2, 1),
            ("a: !x 1", "a tag other than those of the YAML core schema", 1, 4),
            ("? [a]\n: 1", "a key must be a scalar", 1, 3),
            ("a: 1\n---\nb: 2", "the file has more than one document", 2, 1),
            ("", "the file is empty", 1, 1),
            ("a: &x [*x]", "an alias stands inside the value that it repeats", 1, 8),
            ("a: !!int x", "the value is not what its tag `!!int` says", 1, 4),
            ("ä\0", "the file has a NUL character", 1, 2),
        ] {
            assert_eq!(fails(text), (message.to_owned(), line, column), "{text:?}");
        }
        assert_eq!(parse(b"a\n\xff", 9).unwrap_err().at, Position { line: 2, column: 1 });
        assert!(parse(b"aaaa", 3).unwrap_err().message.contains("larger"));
    }

    #[test]
    fn aliases_are_expanded_within_bounds() {
        let node = parse(b"\xef\xbb\xbfa: &x [1, two]\nb: *x", 100).unwrap();
        assert_eq!(node.to_json(), serde_json::json!({"a": [1, "two"], "b": [1, "two"]}));
        let mut laughs = String::from("a0: &a0 [x]\n");
        for n in 1..12 {
            let line = format!("a{n}: &a{n} [{}]\n", vec![format!("*a{}", n - 1); 10].join(", "));
            laughs.push_str(&line);
        }
        assert!(fails(&laughs).0.contains("aliases expanded"));
        let long = format!("a: &a {}\nb: [{}]", "x".repeat(100_000), vec!["*a"; 5000].join(","));
        assert!(fails(&long).0.contains("bytes of text"));
        assert!(fails(&"[".repeat(65)).0.contains("deeper"));
        let deep = format!("{}a: &x {}1{}\nb: {}*x{}", "", "[".repeat(60), "]".repeat(60), "[".repeat(10), "]".repeat(10));
        assert!(fails(&deep).0.contains("deeper"));
    }
}
