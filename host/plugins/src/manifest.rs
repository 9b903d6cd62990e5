//! The plugin manifest: who a plugin is and what it asks for. Stands in `plugin.toml` beside the component, or in the
//! component's custom section `spawnfile:plugin`. Unknown keys are refused.

use serde::{Deserialize, Serialize};
use spawnfile_core::name::PluginId;

use crate::error::{Problem, clean};
use crate::world::World;

/// The value of [`PluginManifest::schema`].
pub const SCHEMA: u32 = 1;

/// `plugin.toml`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PluginManifest {
    /// Always [`SCHEMA`].
    pub schema: u32,
    /// `namespace/name`.
    pub id: PluginId,
    /// `runtime-kind`, `auth-method`, `target` or `report-validator`.
    pub kind: String,
    /// Version: three numbers, perhaps with a suffix.
    pub version: String,
    /// World with its version; compared with what the component exports.
    pub world: String,
    /// One line for people.
    pub title: String,
    /// Ids that the plugin answers to: of a runtime kind, an auth method or a target. Found by asking the plugin when
    /// it is built or added; when written, it must be what the plugin says.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub provides: Vec<String>,
    /// What it asks for beyond the log.
    #[serde(default, rename = "capability", skip_serializing_if = "Vec::is_empty")]
    pub capabilities: Vec<Capability>,
}

/// Something a plugin asks for.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Capability {
    /// The imported interface: `engine`, `endpoint` or `broker`.
    pub kind: String,
    /// Address, for `endpoint` and `broker`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub endpoint: Option<String>,
    /// Methods and paths, for `endpoint` and `broker`.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub allow: Vec<String>,
    /// Why, in one line for people.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
}

impl PluginManifest {
    /// Parses the text of a manifest.
    ///
    /// # Errors
    /// When it is no TOML, of another schema, or says something that cannot be.
    pub fn parse(text: &str) -> Result<Self, Problem> {
        let refuse = |why: String| Problem::Refused(format!("plugin.toml: {why}"));
        let manifest: Self = toml::from_str(text).map_err(|error| refuse(clean(error.message(), 300)))?;
        if manifest.schema != SCHEMA {
            return Err(Problem::Incompatible(format!("plugin.toml: schema is {}, this spawnfile reads {SCHEMA}", manifest.schema)));
        }
        if !World::ALL.iter().any(|world| world.kind() == manifest.kind) {
            return Err(refuse(format!("`{}` is no kind of plugin (runtime-kind, auth-method, target, report-validator)", manifest.kind)));
        }
        if !is_version(&manifest.version) {
            return Err(refuse(format!("`{}` is no version (like 1.2.0)", manifest.version)));
        }
        if manifest.title.is_empty() || manifest.title.len() > 200 || manifest.title.chars().any(char::is_control) {
            return Err(refuse("`title` must be one line of at most 200 bytes".to_owned()));
        }
        if manifest.provides.iter().any(|id| !is_word(id)) {
            return Err(refuse("`provides` must hold ids of letters, digits, `-`, `_` and `.`".to_owned()));
        }
        Ok(manifest)
    }

    /// Checks the manifest against what the component really is.
    ///
    /// # Errors
    /// When kind or world differ.
    pub fn check_world(&self, world: World) -> Result<(), Problem> {
        if self.kind != world.kind() {
            return Err(Problem::Refused(format!("plugin.toml says kind = \"{}\", the component is a {}", self.kind, world.kind())));
        }
        let written = self.world.split('@').next();
        let real = world.name().split('@').next();
        if written != real {
            return Err(Problem::Refused(format!("plugin.toml says world = \"{}\", the component is made for `{world}`", self.world)));
        }
        Ok(())
    }

    /// Returns the kinds of its capabilities.
    pub fn capability_kinds(&self) -> Vec<&str> {
        self.capabilities.iter().map(|capability| capability.kind.as_str()).collect()
    }
}

/// Returns whether a text can be an id that a plugin provides.
pub(crate) fn is_word(text: &str) -> bool {
    (1..=64).contains(&text.len())
        && text.bytes().next().is_some_and(|b| b.is_ascii_alphanumeric())
        && text.bytes().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'_' | b'.'))
}

fn is_version(text: &str) -> bool {
    let core = text.split(['-', '+']).next().unwrap_or_default();
    text.len() <= 64
        && text.bytes().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'.' | b'-' | b'+'))
        && core.split('.').count() == 3
        && core.split('.').all(|part| !part.is_empty() && part.bytes().all(|b| b.is_ascii_digit()))
}

#[cfg(test)]
mod tests {
    use super::*;

    const GOOD: &str = r#"
        schema = 1
        id = "acme/target-fly"
        kind = "target"
        version = "1.2.0"
        world = "spawnfile:target/target-endpoint@0.1.0"
        title = "Fly"
        [[capability]]
        kind = "endpoint"
        endpoint = "https://api.machines.dev"
        allow = ["GET /v1/apps/*"]
        reason = "create and inspect machines"
    "#;

    #[test]
    fn a_manifest_round_trips() {
        let manifest = PluginManifest::parse(GOOD).unwrap();
        assert_eq!(manifest.capability_kinds(), ["endpoint"]);
        assert_eq!(PluginManifest::parse(&toml::to_string(&manifest).unwrap()).unwrap(), manifest);
        manifest.check_world(World::TargetEndpoint).unwrap();
        assert!(manifest.check_world(World::TargetEngine).is_err());
        assert!(manifest.check_world(World::RuntimeKind).is_err());
    }

    #[test]
    fn what_cannot_be_is_refused_by_name() {
        for (from, to, says) in [
            ("schema = 1", "schema = 2", "schema is 2"),
            ("acme/target-fly", "../target-fly", "../target-fly"),
            ("kind = \"target\"", "kind = \"theme\"", "`theme`"),
            ("1.2.0", "1.2", "`1.2`"),
            ("title = \"Fly\"", "title = \"\"", "title"),
            ("title", "colour", "colour"),
            ("version = \"1.2.0\"", "version = \"1.2.0\"\nprovides = [\"a/b\"]", "provides"),
        ] {
            let error = PluginManifest::parse(&GOOD.replacen(from, to, 1)).unwrap_err().to_string();
            assert!(error.contains(says), "{to}: {error}");
        }
    }
}
