//! Static checks of an instance: everything that would make lowering impossible, all of it at once.

use serde_json::Value;
use spawnfile_plugin::document::instance::Agent;
use spawnfile_plugin::runtime_kind::{mcp, single, workspace};
use spawnfile_plugin::{Diagnostic, Instance, pointer_key};

use crate::lower::PORTS;
use crate::model;

/// JSON Schema of `runtime.options`.
pub(crate) const OPTIONS_SCHEMA: &str = r#"{
  "$schema": "https://json-schema.org/draft/2020-12/schema",
  "type": "object",
  "additionalProperties": false,
  "properties": {
    "profile": { "type": "string", "description": "Accepted for projects that set it; has no effect." }
  }
}
"#;

/// Checks an instance.
pub(crate) fn check(instance: &Instance) -> Vec<Diagnostic> {
    let mut found = Vec::new();
    let Some(agent) = single::check(instance, PORTS, &mut found) else { return found };
    check_options(agent, "/agents/0", &mut found);
    workspace::check(agent, "/agents/0", &mut found);
    mcp::check(agent, "/agents/0", &mut found);
    if let Some(model) = &agent.model {
        model::check(model, "/agents/0/model", &mut found);
    }
    found
}

fn check_options(agent: &Agent, pointer: &str, found: &mut Vec<Diagnostic>) {
    for (name, value) in &agent.options {
        let pointer = format!("{pointer}/options/{}", pointer_key(name));
        let diagnostic = match (name.as_str(), value) {
            ("profile", Value::String(_)) => {
                Diagnostic::info("openclaw.option.no-effect", "option `profile` has no effect").hint("remove it from `runtime.options`")
            }
            ("profile", _) => Diagnostic::error("openclaw.option.type", "option `profile` is not a text"),
            ("moltnet", _) => Diagnostic::error("openclaw.option.unsupported", "option `moltnet` is not lowered yet")
                .hint("remove it from `runtime.options`"),
            _ => Diagnostic::error("openclaw.option.unknown", format!("option `{name}` is not known to runtime kind `openclaw`"))
                .hint("remove it from `runtime.options`; the only option is `profile`"),
        };
        found.push(diagnostic.at(pointer));
    }
}
