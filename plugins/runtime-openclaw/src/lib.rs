//! Runtime kind `openclaw`: one OpenClaw gateway an agent.
//!
//! Lowers docs, skills, the primary model, its auth method, MCP servers and the gateway's own token. It refuses what
//! it cannot lower (unknown options, model and auth combinations without a place) and says what it lowers in part
//! (fallback models).

mod auth;
mod check;
mod config;
mod lower;
mod mcp;
mod model;

use spawnfile_plugin::runtime_kind::{self, AuthPlace, Descriptor, Lowering, RuntimeKind};
use spawnfile_plugin::{Diagnostic, Document, Instance};

/// The runtime kind.
#[derive(Debug)]
pub struct Openclaw;

impl RuntimeKind for Openclaw {
    fn describe() -> Descriptor {
        runtime_kind::descriptor("openclaw", "OpenClaw agents", Some(check::OPTIONS_SCHEMA.to_owned()))
    }

    fn check(instance: &Instance) -> Vec<Diagnostic> {
        check::check(instance)
    }

    fn lower(instance: &Instance) -> Result<(Lowering, Vec<Diagnostic>), Vec<Diagnostic>> {
        lower::lower(instance).map(|lowering| (lowering, Vec::new()))
    }

    fn legacy_auth(report_instance: &Document) -> Result<Vec<AuthPlace>, Diagnostic> {
        auth::legacy_places(report_instance)
    }
}

spawnfile_plugin::export_runtime_kind!(Openclaw);
spawnfile_plugin::plugin_manifest!(include_str!("../plugin.toml"));
