//! JSON, as much of it as a configuration needs; everything else is refused.

use std::fmt::Write as _;

/// Deepest nesting that is read.
const DEPTH: usize = 16;

/// A value. Numbers stay text; of two equal keys the first counts.
#[derive(Debug, Clone, PartialEq)]
pub enum Json {
    Null,
    Bool(bool),
    Number(String),
    Text(String),
    List(Vec<Json>),
    Object(Vec<(String, Json)>),
}

impl Json {
    /// Parses a whole text, or returns the byte where it is no JSON.
    pub fn parse(text: &str) -> Result<Self, usize> {
        let mut parser = Parser { text, at: 0 };
        let value = parser.value(0)?;
        parser.space();
        if parser.at == text.len() { Ok(value) } else { Err(parser.at) }
    }

    pub fn get(&self, key: &str) -> Option<&Self> {
        let Self::Object(fields) = self else { return None };
        fields.iter().find(|(name, _)| name == key).map(|(_, value)| value)
    }

    pub fn text(&self) -> Option<&str> {
        if let Self::Text(text) = self { Some(text) } else { None }
    }

    pub fn number(&self) -> Option<u64> {
        if let Self::Number(text) = self { text.parse().ok() } else { None }
    }

    /// Replaces the text of every key `secret` by its length.
    pub fn without_secrets(self) -> Self {
        match self {
            Self::Object(fields) => Self::Object(fields.into_iter().map(hide).collect()),
            Self::List(items) => Self::List(items.into_iter().map(Self::without_secrets).collect()),
            other => other,
        }
    }
}

fn hide((name, value): (String, Json)) -> (String, Json) {
    match value {
        Json::Text(text) if name == "secret" => {
            let length = vec![("bytes".to_owned(), Json::Number(text.len().to_string()))];
            (name, Json::Object(length))
        }
        value => (name, value.without_secrets()),
    }
}

impl std::fmt::Display for Json {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Null => f.write_str("null"),
            Self::Bool(value) => write!(f, "{value}"),
            Self::Number(text) => f.write_str(text),
            Self::Text(text) => write_text(f, text),
            Self::List(items) => {
                f.write_str("[")?;
                for (index, item) in items.iter().enumerate() {
                    write!(f, "{}{item}", if index == 0 { "" } else { "," })?;
                }
                f.write_str("]")
            }
            Self::Object(fields) => {
                f.write_str("{")?;
                for (index, (name, value)) in fields.iter().enumerate() {
                    f.write_str(if index == 0 { "" } else { "," })?;
                    write_text(f, name)?;
                    write!(f, ":{value}")?;
                }
                f.write_str("}")
            }
        }
    }
}

fn write_text(f: &mut std::fmt::Formatter<'_>, text: &str) -> std::fmt::Result {
    f.write_char('"')?;
    for c in text.chars() {
        match c {
            '"' | '\\' => write!(f, "\\{c}")?,
            '\n' => f.write_str("\\n")?,
            c if c.is_control() => write!(f, "\\u{:04x}", u32::from(c))?,
            c => f.write_char(c)?,
        }
    }
    f.write_char('"')
}

struct Parser<'a> {
    text: &'a str,
    at: usize,
}

impl Parser<'_> {
    fn peek(&self) -> Option<u8> {
        self.text.as_bytes().get(self.at).copied()
    }

    fn space(&mut self) {
        while self.peek().is_some_and(|byte| byte.is_ascii_whitespace()) {
            self.at += 1;
        }
    }

    fn eat(&mut self, word: &str) -> Result<(), usize> {
        if self.text[self.at..].starts_with(word) {
            self.at += word.len();
            Ok(())
        } else {
            Err(self.at)
        }
    }

    fn value(&mut self, depth: usize) -> Result<Json, usize> {
        if depth > DEPTH {
            return Err(self.at);
        }
        self.space();
        match self.peek().ok_or(self.at)? {
            b'n' => self.eat("null").map(|()| Json::Null),
            b't' => self.eat("true").map(|()| Json::Bool(true)),
            b'f' => self.eat("false").map(|()| Json::Bool(false)),
            b'"' => self.string().map(Json::Text),
            b'[' => self.items(b']', |parser| parser.value(depth + 1)).map(Json::List),
            b'{' => self.items(b'}', |parser| parser.field(depth + 1)).map(Json::Object),
            _ => self.number(),
        }
    }

    fn field(&mut self, depth: usize) -> Result<(String, Json), usize> {
        self.space();
        let name = self.string()?;
        self.space();
        self.eat(":")?;
        Ok((name, self.value(depth)?))
    }

    fn items<T>(&mut self, end: u8, mut item: impl FnMut(&mut Self) -> Result<T, usize>) -> Result<Vec<T>, usize> {
        self.at += 1;
        let mut items = Vec::new();
        self.space();
        while self.peek() != Some(end) {
            if !items.is_empty() {
                self.eat(",")?;
            }
            items.push(item(self)?);
            self.space();
        }
        self.at += 1;
        Ok(items)
    }

    fn number(&mut self) -> Result<Json, usize> {
        let start = self.at;
        while self.peek().is_some_and(|byte| byte.is_ascii_digit() || matches!(byte, b'-' | b'+' | b'.' | b'e' | b'E')) {
            self.at += 1;
        }
        let text = &self.text[start..self.at];
        if text.parse::<f64>().is_ok_and(f64::is_finite) { Ok(Json::Number(text.to_owned())) } else { Err(start) }
    }

    fn string(&mut self) -> Result<String, usize> {
        self.eat("\"")?;
        let mut text = String::new();
        loop {
            let c = self.text[self.at..].chars().next().ok_or(self.at)?;
            self.at += c.len_utf8();
            match c {
                '"' => return Ok(text),
                '\\' => text.push(self.escape()?),
                c if c.is_control() => return Err(self.at),
                c => text.push(c),
            }
        }
    }

    fn escape(&mut self) -> Result<char, usize> {
        let byte = self.peek().ok_or(self.at)?;
        self.at += 1;
        Ok(match byte {
            b'"' | b'\\' | b'/' => char::from(byte),
            b'n' => '\n',
            b't' => '\t',
            b'r' => '\r',
            b'b' => '\u{8}',
            b'f' => '\u{c}',
            b'u' => {
                let digits = self.text.get(self.at..self.at + 4).ok_or(self.at)?;
                self.at += 4;
                // Halves of a pair are not put together: what is reported is for tests.
                u32::from_str_radix(digits, 16).ok().and_then(char::from_u32).unwrap_or(char::REPLACEMENT_CHARACTER)
            }
            _ => return Err(self.at),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::Json;

    #[test]
    fn json_round_trips() {
        for text in [r#"{"a":[1,-2.5e3,null,true,"x\"\\\n\u0001é"],"b":{}}"#, "[]", "\"\"", "0"] {
            assert_eq!(Json::parse(text).unwrap().to_string(), text);
        }
    }

    #[test]
    fn what_is_no_json_is_refused() {
        for text in ["", "{", "[1,]", "{\"a\"}", "nul", "1 2", "\"\\x\"", "\"\u{1}\"", "\"\\u00", "-", &"[".repeat(100)] {
            assert!(Json::parse(text).is_err(), "{text}");
        }
    }

    #[test]
    fn secrets_become_lengths() {
        let json = Json::parse(r#"{"mcp":{"x":{"secret":"hunter2","url":"u"}},"l":[{"secret":"four"}]}"#).unwrap();
        assert_eq!(json.without_secrets().to_string(), r#"{"mcp":{"x":{"secret":{"bytes":7},"url":"u"}},"l":[{"secret":{"bytes":4}}]}"#);
    }
}
