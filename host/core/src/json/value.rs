//! A JSON document in memory, and the strict parser that makes it.

use std::cell::Cell;
use std::fmt;

use serde::de::{DeserializeSeed, Deserializer, Error as _, MapAccess, SeqAccess, Visitor};

use super::{MAX_BYTES, MAX_DEPTH, MAX_VALUES, Problem};
use crate::display::excerpt;

/// A JSON value. Objects are sorted by key and have each key once.
#[derive(Debug, Clone, PartialEq)]
pub enum Value {
    /// `null`.
    Null,
    /// `true` or `false`.
    Bool(bool),
    /// A number, finite.
    Number(serde_json::Number),
    /// A string.
    Text(String),
    /// An array.
    List(Vec<Self>),
    /// An object.
    Fields(Vec<(String, Self)>),
}

impl Value {
    /// Returns the value of a key, when this is an object that has it.
    pub fn get(&self, key: &str) -> Option<&Self> {
        let Self::Fields(fields) = self else { return None };
        let at = fields.binary_search_by(|(name, _)| name.as_str().cmp(key)).ok()?;
        fields.get(at).map(|(_, value)| value)
    }

    /// Returns what kind of value it is, for messages.
    pub const fn kind(&self) -> &'static str {
        match self {
            Self::Null => "null",
            Self::Bool(_) => "a boolean",
            Self::Number(_) => "a number",
            Self::Text(_) => "a string",
            Self::List(_) => "an array",
            Self::Fields(_) => "an object",
        }
    }

    /// Returns it as the JSON value that is passed on unchanged.
    pub fn to_json(&self) -> serde_json::Value {
        match self {
            Self::Null => serde_json::Value::Null,
            Self::Bool(value) => (*value).into(),
            Self::Number(value) => serde_json::Value::Number(value.clone()),
            Self::Text(text) => text.as_str().into(),
            Self::List(items) => items.iter().map(Self::to_json).collect(),
            Self::Fields(fields) => fields.iter().map(|(key, value)| (key.clone(), value.to_json())).collect(),
        }
    }
}

/// Parses one JSON document.
///
/// # Errors
/// [`Problem::TooLarge`] above [`MAX_BYTES`], else [`Problem::Malformed`].
pub fn parse(bytes: &[u8]) -> Result<Value, Problem> {
    if bytes.len() > MAX_BYTES {
        return Err(Problem::TooLarge(MAX_BYTES as u64));
    }
    if bytes.starts_with(b"\xef\xbb\xbf") {
        return Err(Problem::Malformed { line: 1, column: 0, message: "it starts with a byte order mark".to_owned() });
    }
    let values = Cell::new(0);
    let mut reader = serde_json::Deserializer::from_slice(bytes);
    let value = Seed { depth: 0, values: &values }.deserialize(&mut reader).map_err(|error| malformed(&error))?;
    reader.end().map_err(|error| malformed(&error))?;
    Ok(value)
}

fn malformed(error: &serde_json::Error) -> Problem {
    let (line, column) = (error.line(), error.column());
    let text = error.to_string();
    let message = text.strip_suffix(&format!(" at line {line} column {column}")).unwrap_or(&text);
    let small = |n| u32::try_from(n).unwrap_or(u32::MAX);
    Problem::Malformed { line: small(line), column: small(column), message: message.to_owned() }
}

#[derive(Clone, Copy)]
struct Seed<'c> {
    depth: usize,
    values: &'c Cell<usize>,
}

impl<'c> Seed<'c> {
    fn deeper<E: serde::de::Error>(self) -> Result<Self, E> {
        if self.depth >= MAX_DEPTH {
            return Err(E::custom(format_args!("it is nested deeper than {MAX_DEPTH}")));
        }
        Ok(Self { depth: self.depth + 1, ..self })
    }
}

impl<'de> DeserializeSeed<'de> for Seed<'_> {
    type Value = Value;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Value, D::Error> {
        let count = self.values.get() + 1;
        if count > MAX_VALUES {
            return Err(D::Error::custom(format_args!("it has more than {MAX_VALUES} values")));
        }
        self.values.set(count);
        deserializer.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for Seed<'_> {
    type Value = Value;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a JSON value")
    }

    fn visit_unit<E>(self) -> Result<Value, E> {
        Ok(Value::Null)
    }

    fn visit_bool<E>(self, value: bool) -> Result<Value, E> {
        Ok(Value::Bool(value))
    }

    fn visit_u64<E>(self, value: u64) -> Result<Value, E> {
        Ok(Value::Number(value.into()))
    }

    fn visit_i64<E>(self, value: i64) -> Result<Value, E> {
        Ok(Value::Number(value.into()))
    }

    fn visit_f64<E: serde::de::Error>(self, value: f64) -> Result<Value, E> {
        serde_json::Number::from_f64(value).map(Value::Number).ok_or_else(|| E::custom("a number is out of range"))
    }

    fn visit_str<E>(self, text: &str) -> Result<Value, E> {
        Ok(Value::Text(text.to_owned()))
    }

    fn visit_string<E>(self, text: String) -> Result<Value, E> {
        Ok(Value::Text(text))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<Value, A::Error> {
        let inner = self.deeper()?;
        let mut list = Vec::new();
        while let Some(item) = items.next_element_seed(inner)? {
            list.push(item);
        }
        Ok(Value::List(list))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut entries: A) -> Result<Value, A::Error> {
        let inner = self.deeper()?;
        let mut fields: Vec<(String, Value)> = Vec::new();
        while let Some(key) = entries.next_key::<String>()? {
            fields.push((key, entries.next_value_seed(inner)?));
        }
        fields.sort_by(|(a, _), (b, _)| a.cmp(b));
        for pair in fields.windows(2) {
            if let [(a, _), (b, _)] = pair
                && a == b
            {
                return Err(A::Error::custom(format_args!("the key `{}` stands twice in one object", excerpt(a))));
            }
        }
        fields.shrink_to_fit();
        Ok(Value::Fields(fields))
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn message(text: &str) -> String {
        parse(text.as_bytes()).unwrap_err().to_string()
    }

    #[test]
    fn refuses_what_two_readers_could_read_differently() {
        for (text, what) in [
            ("\u{feff}{}", "byte order mark"),
            (r#"{"a":1,"a":2}"#, "the key `a` stands twice"),
            (r#"{"x":[{"a":1,"\u0061":2}]}"#, "the key `a` stands twice"),
            ("{} {}", "trailing characters"),
            ("{}x", "trailing characters"),
            ("1e400", "out of range"),
            ("NaN", "expected value"),
            (r#""\ud800""#, "hex escape"),
            (r#""\ud800\u0041""#, "lone leading surrogate"),
            ("", "EOF"),
            ("[1,]", "trailing comma"),
            ("{'a':1}", "key must be a string"),
            ("// x\n{}", "expected value"),
            ("\"a\nb\"", "control character"),
        ] {
            let message = message(text);
            assert!(message.contains(what), "{text}: {message}");
        }
        assert!(parse(b"\"\xff\"").is_err());
    }

    #[test]
    fn bounds_depth_size_and_number() {
        let nested = |n: usize| format!("{}{}", "[".repeat(n), "]".repeat(n));
        assert!(parse(nested(32).as_bytes()).is_ok());
        assert!(message(&nested(33)).contains("nested deeper than 32"));
        assert!(message(&nested(100_000)).contains("nested deeper than 32"));
        assert_eq!(parse(&vec![b' '; MAX_BYTES + 1]), Err(Problem::TooLarge(4_194_304)));
        assert!(message(&format!("[{}1]", "1,".repeat(MAX_VALUES))).contains("more than 1000000 values"));
    }

    #[test]
    fn messages_show_little_of_foreign_keys() {
        let key = "k".repeat(1000);
        let message = message(&format!(r#"{{"{key}":1,"{key}":2}}"#));
        assert!(message.len() < 200, "{message}");
    }

    proptest! {
        #[test]
        fn never_panics(bytes in proptest::collection::vec(any::<u8>(), 0..200)) {
            drop(parse(&bytes));
        }

        #[test]
        fn agrees_with_serde_json(text in r#"[\[\]{}:,"a0-9. eE\\u-]{0,40}"#) {
            if let Ok(value) = parse(text.as_bytes()) {
                let theirs: serde_json::Value = serde_json::from_str(&text).unwrap();
                prop_assert_eq!(value.to_json(), theirs);
            }
        }
    }
}
