//! Static checks of an instance: everything that would make lowering impossible, all of it at once.

use serde_json::Value;
use spawnfile_plugin::document::instance::Agent;
use spawnfile_plugin::runtime_kind::{mcp, single, workspace};
use spawnfile_plugin::{Diagnostic, Instance, pointer_key};

use crate::lower::PORTS;
use crate::model;

/// The one option.
pub(crate) const RESTRICT: &str = "restrict_to_workspace";

/// JSON Schema of `runtime.options`.
pub(crate) const OPTIONS_SCHEMA: &str = r#"{
  "$schema": "https://json-schema.org/draft/2020-12/schema",
  "type": "object",
  "additionalProperties": false,
  "properties": {
    "restrict_to_workspace": {
      "type": "boolean",
      "description": "Whether PicoClaw's own tools stay in the workspace; true unless `execution.sandbox.mode` is `unrestricted`."
    }
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
        let diagnostic = match (name.as_str(), value) {
            (RESTRICT, Value::Bool(_)) => continue,
            (RESTRICT, _) => Diagnostic::error("picoclaw.option.type", format!("option `{RESTRICT}` is neither true nor false")),
            _ => Diagnostic::error("picoclaw.option.unknown", format!("option `{name}` is not known to runtime kind `picoclaw`"))
                .hint(format!("remove it from `runtime.options`; the only option is `{RESTRICT}`")),
        };
        found.push(diagnostic.at(format!("{pointer}/options/{}", pointer_key(name))));
    }
}
