//! A plugin that may be installed: read from a folder or a `.wasm` file, checked, not yet written anywhere.

use std::path::{Path, PathBuf};

use spawnfile_core::oci::Digest;

use super::compiler::Compiler;
use crate::component::{self, Facts, Form};
use crate::error::{PluginError, PluginIdentity, Problem};
use crate::limits::MANIFEST_BYTES;
use crate::manifest::PluginManifest;
use crate::world::World;

/// A checked plugin.
#[derive(Debug, Clone)]
pub(crate) struct Candidate {
    pub(crate) manifest: PluginManifest,
    pub(crate) world: World,
    pub(crate) identity: PluginIdentity,
    pub(crate) component: Vec<u8>,
    pub(crate) source: PathBuf,
}

impl Candidate {
    /// Reads and checks a plugin.
    pub(super) fn read(path: &Path, compiler: &Compiler) -> Result<Self, PluginError> {
        let named = |problem| PluginError::named(path.display().to_string(), problem);
        let wasm = wasm_of(path).map_err(named)?;
        let bytes = component::read(&wasm).map_err(named)?;
        let (bytes, facts) = component_of(bytes, compiler).map_err(named)?;
        let beside = beside(&wasm).map_err(named)?;
        let manifest = manifest_of(&facts, beside).map_err(named)?;

        let identity = PluginIdentity { id: manifest.id.clone(), version: manifest.version.clone(), digest: Digest::of(&bytes) };
        let of = |problem| PluginError::of(&identity, problem);
        let world = World::of_exports(facts.exports.iter().map(String::as_str)).map_err(of)?;
        manifest.check_world(world).map_err(of)?;
        world.check_imports(facts.imports.iter().map(String::as_str), &manifest.capability_kinds()).map_err(of)?;
        let source = wasm.canonicalize().unwrap_or(wasm);
        Ok(Self { manifest, world, identity, component: bytes, source })
    }
}

/// Returns the wasm file that a path means.
fn wasm_of(path: &Path) -> Result<PathBuf, Problem> {
    let io = |error: std::io::Error| Problem::Io(format!("cannot read it: {error}"));
    if !std::fs::metadata(path).map_err(io)?.is_dir() {
        return Ok(path.to_owned());
    }
    let usual = path.join("plugin.wasm");
    if usual.exists() {
        return Ok(usual);
    }
    let mut found = Vec::new();
    for entry in std::fs::read_dir(path).map_err(io)? {
        let file = entry.map_err(io)?.path();
        if file.extension().is_some_and(|extension| extension == "wasm") {
            found.push(file);
        }
    }
    match found.len() {
        1 => Ok(found.remove(0)),
        0 => Err(Problem::Refused("there is no .wasm file in this folder; build the plugin and name the file".to_owned())),
        n => Err(Problem::Refused(format!("there are {n} .wasm files in this folder; name the one to add"))),
    }
}

fn component_of(bytes: Vec<u8>, compiler: &Compiler) -> Result<(Vec<u8>, Facts), Problem> {
    let facts = component::facts(&bytes)?;
    match facts.form {
        Form::Component => Ok((bytes, facts)),
        Form::TypedModule => {
            let encoded = compiler.encode(&bytes)?;
            let facts = component::facts(&encoded)?;
            Ok((encoded, facts))
        }
        Form::Module => Err(Problem::Incompatible(
            "it is a core wasm module and says nothing of its types, so it cannot be a plugin: build it with the SDK crate \
             `spawnfile-plugin` for wasm32-unknown-unknown, or make it a component"
                .to_owned(),
        )),
    }
}

fn beside(wasm: &Path) -> Result<Option<PluginManifest>, Problem> {
    let path = wasm.with_file_name("plugin.toml");
    if !path.exists() {
        return Ok(None);
    }
    let bytes = component::read_bounded(&path, MANIFEST_BYTES)?;
    let text = String::from_utf8(bytes).map_err(|_| Problem::Refused("plugin.toml is no text".to_owned()))?;
    PluginManifest::parse(&text).map(Some)
}

fn manifest_of(facts: &Facts, beside: Option<PluginManifest>) -> Result<PluginManifest, Problem> {
    let inside = facts.manifest.as_deref().map(PluginManifest::parse).transpose()?;
    match (inside, beside) {
        (Some(inside), Some(beside)) if inside != beside => {
            Err(Problem::Refused("the plugin.toml beside it is not the one inside it; build it again, or move one away".to_owned()))
        }
        (Some(manifest), _) | (None, Some(manifest)) => Ok(manifest),
        (None, None) => Err(Problem::Refused(format!(
            "it has no manifest: there is neither a plugin.toml beside it nor a section `{}` inside it",
            component::MANIFEST_SECTION
        ))),
    }
}
