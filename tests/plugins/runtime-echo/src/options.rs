//! Options of the kind: parsed once, everything unknown refused by name.

use serde_json::{Map, Value, json};
use spawnfile_plugin::{Diagnostic, pointer_key};

/// Port of the first instance.
const FIRST_PORT: u16 = 7700;

/// JSON Schema of `runtime.options`.
pub(crate) const SCHEMA: &str = r#"{
  "$schema": "https://json-schema.org/draft/2020-12/schema",
  "type": "object",
  "additionalProperties": false,
  "properties": {
    "port": { "type": "integer", "minimum": 1, "maximum": 65535 },
    "start_delay_ms": { "type": "integer", "minimum": 0, "maximum": 3600000 },
    "exit_after_ms": { "type": "integer", "minimum": 0, "maximum": 3600000 },
    "exit_code": { "type": "integer", "minimum": 0, "maximum": 255 },
    "ignore_term": { "type": "boolean" }
  }
}
"#;

/// The options with their defaults.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Options {
    pub(crate) port: u16,
    start_delay_ms: u64,
    exit_after_ms: Option<u64>,
    exit_code: u64,
    ignore_term: bool,
}

impl Options {
    pub(crate) fn as_json(&self) -> Value {
        let Self { port, start_delay_ms, exit_after_ms, exit_code, ignore_term } = self;
        json!({
            "port": port, "start_delay_ms": start_delay_ms, "exit_after_ms": exit_after_ms, "exit_code": exit_code,
            "ignore_term": ignore_term,
        })
    }
}

/// Reads the options of an agent; what is wrong is added to `found`.
pub(crate) fn parse(options: &Map<String, Value>, index: u32, found: &mut Vec<Diagnostic>) -> Options {
    let default_port = u16::try_from(index).ok().and_then(|index| FIRST_PORT.checked_add(index));
    let mut parsed =
        Options { port: default_port.unwrap_or_default(), start_delay_ms: 0, exit_after_ms: None, exit_code: 0, ignore_term: false };
    for (name, value) in options {
        let wrong = match (name.as_str(), value.as_u64(), value.as_bool()) {
            ("port", Some(port @ 1..=65535), _) => {
                parsed.port = u16::try_from(port).unwrap_or_default();
                None
            }
            ("start_delay_ms", Some(ms @ 0..=3_600_000), _) => {
                parsed.start_delay_ms = ms;
                None
            }
            ("exit_after_ms", Some(ms @ 0..=3_600_000), _) => {
                parsed.exit_after_ms = Some(ms);
                None
            }
            ("exit_code", Some(code @ 0..=255), _) => {
                parsed.exit_code = code;
                None
            }
            ("ignore_term", _, Some(ignore)) => {
                parsed.ignore_term = ignore;
                None
            }
            ("port", ..) => Some("option `port` is not a number from 1 to 65535"),
            ("start_delay_ms" | "exit_after_ms", ..) => Some("a time is not a number of milliseconds up to an hour"),
            ("exit_code", ..) => Some("option `exit_code` is not a number from 0 to 255"),
            ("ignore_term", ..) => Some("option `ignore_term` is not true or false"),
            _ => Some("unknown option"),
        };
        let Some(wrong) = wrong else { continue };
        let diagnostic = if wrong == "unknown option" {
            Diagnostic::error("echo.option.unknown", format!("option `{name}` is not known to runtime kind `echo`"))
                .hint("use `port`, `start_delay_ms`, `exit_after_ms`, `exit_code` or `ignore_term`")
        } else {
            Diagnostic::error("echo.option.value", wrong)
        };
        found.push(diagnostic.at(format!("/agents/0/options/{}", pointer_key(name))));
    }
    if parsed.port == 0 {
        found.push(
            Diagnostic::error("echo.port", format!("no port is left for instance number {index}")).at("/index").hint("set option `port`"),
        );
    }
    parsed
}
