//! The manifest (`Spawnfile`): its bytes in, a typed manifest or every problem with its position out.
//!
//! It reads one file and nothing else; what the file names is listed by [`Manifest::wanted`]. Keys that are part of
//! the format but not lowered yet are refused by name, never dropped.

mod agent;
mod decode;
mod effective;
mod environment;
mod execution;
mod front_matter;
mod node;
mod packages;
mod resources;
mod schema;
mod suggest;
mod team;
mod wanted;
mod weight;
mod workspace;
mod yaml;

pub use decode::Spanned;
pub use effective::provider_env_name;
pub use execution::{API_KEY, IMPORT_SECRET, NONE, is_import_method};
pub use front_matter::{FrontMatter, front_matter};
pub(crate) use resources::overlap;
pub use schema::*;
pub(crate) use suggest::nearest;

use crate::finding::{Finding, Findings};
use crate::project::MAX_MANIFEST_BYTES;
use decode::Decoder;

/// Parses the manifest at key `file` of the project's sources. Problems are collected: an `Err` holds all of them.
pub fn parse(file: &str, bytes: &[u8]) -> Result<(Manifest, Findings), Findings> {
    let root =
        yaml::parse(bytes, MAX_MANIFEST_BYTES).map_err(|error| Finding::error("manifest.yaml", error.message).at(file, Some(error.at)))?;
    let mut decoder = Decoder::new(file);
    let manifest = agent::manifest(&mut decoder, file, &root);
    let mut findings = decoder.findings;
    // Models are looked at once it is known who inherits them. A manifest that goes no further, and whose agent names a
    // runtime as only those who inherit nothing must, is told at once.
    if let Some(Body::Agent(agent)) = manifest.as_ref().map(|manifest| &manifest.body)
        && findings.has_errors()
        && agent.runtime.is_some()
    {
        agent.execution.targets(&mut findings);
    }
    match manifest {
        Some(manifest) => findings.and(manifest),
        None => Err(findings),
    }
}

/// Returns whether a plain YAML scalar of this text is a text, and no number, boolean or null.
pub(crate) fn is_plain_text(text: &str) -> bool {
    matches!(node::Value::plain(text), node::Value::Text(_))
}

#[cfg(test)]
mod tests;
