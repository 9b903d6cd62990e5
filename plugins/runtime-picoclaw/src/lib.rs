//! Runtime kind `picoclaw`: one PicoClaw gateway an agent.
//!
//! Lowers docs, skills, all model targets with their auth methods, sandbox and MCP servers. It refuses what it cannot
//! lower (unknown options, model and auth combinations without a place) and says what it lowers in part.
//!
//! The configuration is the one that the TypeScript tool of this format emits for PicoClaw 0.3.1. The program itself
//! was not at hand: what is emitted is tested, that it runs is not.

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
pub struct Picoclaw;

impl RuntimeKind for Picoclaw {
    fn describe() -> Descriptor {
        runtime_kind::descriptor("picoclaw", "PicoClaw agents", Some(check::OPTIONS_SCHEMA.to_owned()))
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

spawnfile_plugin::export_runtime_kind!(Picoclaw);
spawnfile_plugin::plugin_manifest!(include_str!("../plugin.toml"));
