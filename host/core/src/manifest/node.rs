//! A value of a YAML file with its position, and the core schema of YAML 1.2: what a plain scalar means.

use serde_json::Number;

use crate::finding::Position;

/// A value and where it starts.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Node {
    pub(crate) at: Position,
    pub(crate) value: Value,
}

/// A value of the core schema.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Value {
    Null,
    Bool(bool),
    Number(Number),
    Text(String),
    List(Vec<Node>),
    Map(Vec<(Key, Node)>),
}

/// Key of a map. Keys are unique in their map.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Key {
    pub(crate) at: Position,
    pub(crate) text: String,
}

impl Value {
    /// Returns what kind of value it is, for messages.
    pub(crate) const fn kind(&self) -> &'static str {
        match self {
            Self::Null => "null",
            Self::Bool(_) => "a boolean",
            Self::Number(_) => "a number",
            Self::Text(_) => "a text",
            Self::List(_) => "a list",
            Self::Map(_) => "a map",
        }
    }

    /// Returns whether it is a list or map without entries.
    pub(crate) const fn is_empty_collection(&self) -> bool {
        match self {
            Self::List(items) => items.is_empty(),
            Self::Map(entries) => entries.is_empty(),
            _ => false,
        }
    }

    /// Returns what a plain scalar means: `yes` and `no` are texts, as are infinities and what is no number of JSON.
    pub(crate) fn plain(text: &str) -> Self {
        match text {
            "" | "~" | "null" | "Null" | "NULL" => Self::Null,
            "true" | "True" | "TRUE" => Self::Bool(true),
            "false" | "False" | "FALSE" => Self::Bool(false),
            _ => number(text).map_or_else(|| Self::Text(text.to_owned()), Self::Number),
        }
    }
}

impl Node {
    /// Returns whether it is this text.
    pub(crate) fn is_text(&self, text: &str) -> bool {
        matches!(&self.value, Value::Text(own) if own == text)
    }

    /// Returns the value as JSON.
    pub(crate) fn to_json(&self) -> serde_json::Value {
        match &self.value {
            Value::Null => serde_json::Value::Null,
            Value::Bool(value) => (*value).into(),
            Value::Number(value) => value.clone().into(),
            Value::Text(value) => value.as_str().into(),
            Value::List(items) => items.iter().map(Self::to_json).collect(),
            Value::Map(entries) => entries.iter().map(|(key, node)| (key.text.clone(), node.to_json())).collect(),
        }
    }
}

/// Returns the number that a plain scalar of the core schema is, if it is one that JSON can hold.
fn number(text: &str) -> Option<Number> {
    if let Some(hex) = text.strip_prefix("0x") {
        return hex.bytes().all(|b| b.is_ascii_hexdigit()).then(|| i64::from_str_radix(hex, 16).ok()).flatten().map(Number::from);
    }
    if let Some(octal) = text.strip_prefix("0o") {
        return octal.bytes().all(|b| matches!(b, b'0'..=b'7')).then(|| i64::from_str_radix(octal, 8).ok()).flatten().map(Number::from);
    }
    let unsigned = text.strip_prefix(['+', '-']).unwrap_or(text);
    let (mantissa, exponent) = match unsigned.split_once(['e', 'E']) {
        Some((mantissa, exponent)) => (mantissa, Some(exponent)),
        None => (unsigned, None),
    };
    let digits = |part: &str| part.bytes().all(|b| b.is_ascii_digit());
    let (whole, fraction) = mantissa.split_once('.').unwrap_or((mantissa, ""));
    let exponent_ok = exponent.is_none_or(|e| {
        let e = e.strip_prefix(['+', '-']).unwrap_or(e);
        !e.is_empty() && digits(e)
    });
    if !digits(whole) || !digits(fraction) || (whole.is_empty() && fraction.is_empty()) || !exponent_ok {
        return None;
    }
    if mantissa == unsigned
        && !mantissa.contains('.')
        && let Ok(value) = text.parse::<i64>()
    {
        return Some(value.into());
    }
    text.parse::<f64>().ok().and_then(Number::from_f64)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn plain_scalars_follow_the_core_schema() {
        for text in ["yes", "no", "on", "off", "0.1.2", "1_000", "0x", "0xg", ".", "+", "1e", ".inf", ".nan", "- 1", "01x", "12:30"] {
            assert_eq!(Value::plain(text), Value::Text(text.to_owned()), "{text}");
        }
        for (text, json) in [
            ("1", "1"),
            ("-7", "-7"),
            ("+7", "7"),
            ("0.1", "0.1"),
            (".5", "0.5"),
            ("1.", "1.0"),
            ("1e2", "100.0"),
            ("0x1F", "31"),
            ("0o17", "15"),
            ("007", "7"),
        ] {
            let Value::Number(number) = Value::plain(text) else { panic!("{text}") };
            assert_eq!(number.to_string(), json, "{text}");
        }
        assert_eq!(Value::plain("~"), Value::Null);
        assert_eq!(Value::plain("TRUE"), Value::Bool(true));
    }
}
