//! Typed handles: one for each world that this host runs. They turn core's types into WIT's and back, and check on the
//! way whatever a guest could get wrong.

pub mod engine;
pub mod report_validator;
pub mod runtime_kind;
pub mod target;

pub(crate) mod auth_method;
mod lowering;

use spawnfile_core::finding::{Finding, Severity};

use crate::bindings::types::{self, Diagnostic};
use crate::error::clean;

/// Longest message of a guest that is shown, in bytes.
const MESSAGE: usize = 2000;

/// Returns the finding that a guest's diagnostic is. Where it points in its input is said in the message.
fn finding(diagnostic: Diagnostic) -> Finding {
    let severity = match diagnostic.severity {
        types::Severity::Info => Severity::Info,
        types::Severity::Warning => Severity::Warning,
        types::Severity::Error => Severity::Error,
    };
    let mut message = clean(&diagnostic.message, MESSAGE);
    if let Some(pointer) = &diagnostic.pointer {
        message = format!("{message} (at `{}`)", clean(pointer, 200));
    }
    let finding = Finding::new(severity, &clean(&diagnostic.code, 120), message);
    match diagnostic.hint {
        Some(hint) => finding.hint(clean(&hint, MESSAGE)),
        None => finding,
    }
}

fn findings(diagnostics: Vec<Diagnostic>) -> Vec<Finding> {
    diagnostics.into_iter().map(finding).collect()
}

/// Checks the id that a plugin answers to.
fn check_id(plugin: &crate::sandbox::plugin::Plugin, id: &str) -> Result<(), crate::error::PluginError> {
    if crate::manifest::is_word(id) {
        return Ok(());
    }
    Err(plugin.error(crate::error::Problem::Incompatible(format!("its id `{}` is no id", clean(id, 80)))))
}
