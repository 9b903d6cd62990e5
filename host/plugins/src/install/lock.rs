//! `plugins.lock`: which plugins are installed, by digest, and what each was granted. The one thing that decides; files
//! that it does not name do not count.

use std::path::Path;

use serde::{Deserialize, Serialize};
use spawnfile_core::name::PluginId;
use spawnfile_core::oci::Digest;

use super::durable;
use crate::error::{Problem, clean};
use crate::manifest::Capability;

/// The value of [`PluginsLock::version`].
pub const LOCK_VERSION: u32 = 1;

/// Largest lock file, in bytes.
const LOCK_BYTES: u64 = 1024 * 1024;

/// The lock file.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PluginsLock {
    /// Always [`LOCK_VERSION`].
    pub version: u32,
    /// Plugins, sorted by id.
    #[serde(default, rename = "plugin", skip_serializing_if = "Vec::is_empty")]
    pub plugins: Vec<LockedPlugin>,
}

/// An installed plugin.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct LockedPlugin {
    /// `namespace/name`.
    pub id: PluginId,
    /// Version.
    pub version: String,
    /// World with its version.
    pub world: String,
    /// Where it came from: a path.
    pub source: String,
    /// Digest of the component.
    pub component: Digest,
    /// What it may use.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub granted: Vec<Grant>,
}

/// Something a plugin may use.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Grant {
    /// The imported interface: `engine`, `endpoint` or `broker`.
    pub capability: String,
    /// Address, for `endpoint` and `broker`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub endpoint: Option<String>,
    /// Methods and paths.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub allow: Vec<String>,
}

impl From<&Capability> for Grant {
    fn from(asked: &Capability) -> Self {
        Self { capability: asked.kind.clone(), endpoint: asked.endpoint.clone(), allow: asked.allow.clone() }
    }
}

impl PluginsLock {
    /// Reads the lock file; one that is not there is empty.
    ///
    /// # Errors
    /// When it cannot be read or is not of this version.
    pub fn read(path: &Path) -> Result<Self, Problem> {
        if !path.exists() {
            return Ok(Self { version: LOCK_VERSION, plugins: Vec::new() });
        }
        let bytes = crate::component::read_bounded(path, LOCK_BYTES)?;
        let corrupt = |why: &str| Problem::DamagedLock { path: path.to_owned(), why: clean(why, 300) };
        let text = String::from_utf8(bytes).map_err(|_| corrupt("it is no text"))?;
        let lock: Self = toml::from_str(&text).map_err(|error| corrupt(error.message()))?;
        if lock.version != LOCK_VERSION {
            return Err(corrupt(&format!("it is of version {}, this spawnfile reads version {LOCK_VERSION}", lock.version)));
        }
        Ok(lock)
    }

    /// Writes the lock file, sorted.
    pub(super) fn write(&mut self, path: &Path) -> Result<(), Problem> {
        self.plugins.sort_by(|a, b| a.id.cmp(&b.id));
        let io = |error: String| Problem::Io(format!("cannot write `{}`: {error}", path.display()));
        let text = toml::to_string(self).map_err(|error| io(error.to_string()))?;
        durable::write(path, text.as_bytes()).map_err(|error| io(error.to_string()))
    }

    /// Returns the entry of a plugin.
    pub fn get(&self, id: &PluginId) -> Option<&LockedPlugin> {
        self.plugins.iter().find(|plugin| plugin.id == *id)
    }
}
