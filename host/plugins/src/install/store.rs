//! The plugins under a home folder: `plugins.lock`, and `plugins/<namespace>/<name>/<digest>/` with `plugin.toml` and
//! `plugin.wasm`. The lock is replaced last and in one step, so a kill leaves the old plugin or the new one; leftovers
//! are swept by the next change. A component is hashed again whenever it is loaded.

use std::fs::File;
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::{Path, PathBuf};

use spawnfile_core::name::PluginId;
use spawnfile_core::oci::Digest;

use super::cache::Cache;
use super::candidate::Candidate;
use super::compiler::Compiler;
use super::durable;
use super::lock::{Grant, LockedPlugin, PluginsLock};
use crate::component;
use crate::error::{PluginError, PluginIdentity, Problem};
use crate::limits::MANIFEST_BYTES;
use crate::manifest::PluginManifest;
use crate::world::World;

/// Installed plugins of one home folder.
#[derive(Debug, Clone)]
pub struct PluginStore {
    home: PathBuf,
    compiler: Compiler,
}

/// An installed plugin.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Installed {
    /// Its manifest, with what it provides.
    pub manifest: PluginManifest,
    /// Its entry in the lock.
    pub locked: LockedPlugin,
}

/// A plugin that was just added.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Added {
    /// Its manifest, with what it provides.
    pub manifest: PluginManifest,
    /// Its entry in the lock.
    pub locked: LockedPlugin,
    /// The entry of the same id that it replaced: perhaps the very same component.
    pub replaced: Option<LockedPlugin>,
}

/// Everything needed to run an installed plugin.
pub(crate) struct Loadable {
    pub(crate) manifest: PluginManifest,
    pub(crate) identity: PluginIdentity,
    pub(crate) compiled: Vec<u8>,
    pub(crate) metered: bool,
    pub(crate) bytes: u64,
}

impl PluginStore {
    /// Returns the store of a home folder. Nothing is read or made yet.
    ///
    /// # Errors
    /// When this program cannot find itself, to compile plugins in a child process.
    pub fn open(home: impl Into<PathBuf>) -> Result<Self, PluginError> {
        let compiler = Compiler::this_program().map_err(|error| PluginError::nobody(Problem::Io(error.to_string())))?;
        Ok(Self { home: home.into(), compiler })
    }

    /// Takes another program as the compile child.
    #[must_use]
    pub fn with_compiler(mut self, compiler: Compiler) -> Self {
        self.compiler = compiler;
        self
    }

    /// Returns what is installed, sorted by id, each with its manifest or why it cannot be read.
    ///
    /// # Errors
    /// When the lock cannot be read.
    pub fn list(&self) -> Result<Vec<Result<Installed, PluginError>>, PluginError> {
        let lock = PluginsLock::read(&self.lock_path()).map_err(PluginError::nobody)?;
        Ok(lock.plugins.into_iter().map(|locked| self.installed(locked)).collect())
    }

    pub(crate) fn examine(&self, path: &Path) -> Result<Candidate, PluginError> {
        Candidate::read(path, &self.compiler)
    }

    /// Compiles a candidate, unless that was done before.
    pub(crate) fn compile(&self, identity: &PluginIdentity, component: &[u8], metered: bool) -> Result<Vec<u8>, PluginError> {
        let of = |problem| PluginError::of(identity, problem);
        let key = crate::config::config_key(metered).map_err(|error| of(Problem::Incompatible(format!("{error:#}"))))?;
        let cache = Cache::of(&self.home);
        if let Some(compiled) = cache.get(&identity.digest, &key) {
            return Ok(compiled);
        }
        let compiled = self.compiler.compile(component, metered).map_err(of)?;
        cache.put(&identity.digest, &key, &compiled).map_err(of)?;
        Ok(compiled)
    }

    /// Compiles a candidate that is not installed, past the cache: nothing of it is kept.
    pub(crate) fn compile_once(&self, candidate: &Candidate) -> Result<Vec<u8>, PluginError> {
        self.compiler
            .compile(&candidate.component, candidate.world.metered())
            .map_err(|problem| PluginError::of(&candidate.identity, problem))
    }

    /// Drops the compiled forms of a component.
    pub(crate) fn forget(&self, component: &Digest) {
        Cache::of(&self.home).forget(component);
    }

    /// Installs a candidate. `provides` is what it said of itself; `check` sees the other plugins under the lock.
    pub(crate) fn commit(
        &self,
        candidate: &Candidate,
        provides: Vec<String>,
        check: impl FnOnce(&[Installed]) -> Result<(), Problem>,
    ) -> Result<Added, PluginError> {
        let of = |problem| PluginError::of(&candidate.identity, problem);
        let _guard = self.guard().map_err(of)?;
        let mut lock = PluginsLock::read(&self.lock_path()).map_err(of)?;
        let id = &candidate.manifest.id;
        let others: Vec<_> =
            lock.plugins.iter().filter(|plugin| plugin.id != *id).filter_map(|plugin| self.installed(plugin.clone()).ok()).collect();
        check(&others).map_err(of)?;

        let manifest = PluginManifest { provides, ..candidate.manifest.clone() };
        let locked = LockedPlugin {
            id: id.clone(),
            version: manifest.version.clone(),
            world: candidate.world.name().to_owned(),
            source: candidate.source.display().to_string(),
            component: candidate.identity.digest.clone(),
            granted: manifest.capabilities.iter().map(Grant::from).collect(),
        };
        let folder = self.folder(&locked);
        let text = toml::to_string(&manifest).map_err(|error| of(Problem::Io(error.to_string())))?;
        durable::folder(&folder)
            .and_then(|()| durable::write(&folder.join("plugin.wasm"), &candidate.component))
            .and_then(|()| durable::write(&folder.join("plugin.toml"), text.as_bytes()))
            .map_err(|error| of(Problem::Io(format!("cannot write into `{}`: {error}", folder.display()))))?;
        let before = lock.get(id).cloned();
        lock.plugins.retain(|plugin| plugin.id != *id);
        lock.plugins.push(locked.clone());
        lock.write(&self.lock_path()).map_err(of)?;
        self.sweep(id, Some(&folder));
        if let Some(before) = before.as_ref().filter(|before| before.component != locked.component) {
            self.forget(&before.component);
        }
        Ok(Added { manifest, locked, replaced: before })
    }

    /// Removes a plugin: from the lock first, then its files and its compiled forms.
    ///
    /// # Errors
    /// When it is not installed, or the lock cannot be written.
    pub fn remove(&self, id: &PluginId) -> Result<LockedPlugin, PluginError> {
        let named = |problem| PluginError::named(id.to_string(), problem);
        let not_found = |lock: &PluginsLock| Problem::NotFound {
            wanted: format!("installed plugin `{id}`"),
            installed: lock.plugins.iter().map(|plugin| plugin.id.to_string()).collect(),
        };
        let lock = PluginsLock::read(&self.lock_path()).map_err(named)?;
        if lock.get(id).is_none() {
            return Err(PluginError::nobody(not_found(&lock)));
        }
        let _guard = self.guard().map_err(named)?;
        let mut lock = PluginsLock::read(&self.lock_path()).map_err(named)?;
        let Some(locked) = lock.get(id).cloned() else { return Err(PluginError::nobody(not_found(&lock))) };
        lock.plugins.retain(|plugin| plugin.id != *id);
        lock.write(&self.lock_path()).map_err(named)?;
        self.sweep(id, None);
        self.forget(&locked.component);
        Ok(locked)
    }

    /// Reads an installed plugin so that it can run: the component is hashed and must be the one that was added, the
    /// manifest must say what it said then.
    pub(crate) fn load(&self, installed: &Installed) -> Result<Loadable, PluginError> {
        let Installed { manifest, locked } = installed;
        let identity = PluginIdentity { id: locked.id.clone(), version: locked.version.clone(), digest: locked.component.clone() };
        let of = |problem| PluginError::of(&identity, problem);
        let component = component::read(&self.folder(locked).join("plugin.wasm")).map_err(of)?;
        let found = Digest::of(&component);
        if found != locked.component {
            return Err(of(Problem::Changed { recorded: locked.component.clone(), found }));
        }
        let granted: Vec<_> = manifest.capabilities.iter().map(Grant::from).collect();
        if manifest.id != locked.id || manifest.version != locked.version || granted != locked.granted {
            return Err(of(Problem::Refused("its plugin.toml has changed since it was added; add it again if that was meant".to_owned())));
        }
        let metered = World::ALL.iter().any(|world| world.name() == locked.world && world.metered());
        let bytes = component.len() as u64;
        let compiled = self.compile(&identity, &component, metered)?;
        Ok(Loadable { manifest: manifest.clone(), identity, compiled, metered, bytes })
    }

    fn installed(&self, locked: LockedPlugin) -> Result<Installed, PluginError> {
        let named = |problem| PluginError::named(locked.id.to_string(), problem);
        let bytes = component::read_bounded(&self.folder(&locked).join("plugin.toml"), MANIFEST_BYTES).map_err(named)?;
        let text = String::from_utf8(bytes).map_err(|_| named(Problem::Corrupt("plugin.toml is no text".to_owned())))?;
        let manifest = PluginManifest::parse(&text).map_err(named)?;
        Ok(Installed { manifest, locked })
    }

    fn lock_path(&self) -> PathBuf {
        self.home.join("plugins.lock")
    }

    fn folder(&self, locked: &LockedPlugin) -> PathBuf {
        self.home.join("plugins").join(locked.id.as_str()).join(locked.component.short())
    }

    /// Keeps other processes from changing the store until it is dropped.
    fn guard(&self) -> Result<File, Problem> {
        let folder = self.home.join("plugins");
        let io = |error: std::io::Error| Problem::Io(format!("cannot lock `{}`: {error}", folder.display()));
        durable::folder(&folder).map_err(io)?;
        let file = File::options().create(true).truncate(false).write(true).mode(0o600).open(folder.join(".lock")).map_err(io)?;
        file.lock().map_err(io)?;
        Ok(file)
    }

    /// Removes everything of a plugin but the folder to keep. What cannot be removed is left: it does not count.
    fn sweep(&self, id: &PluginId, keep: Option<&Path>) {
        let folder = self.home.join("plugins").join(id.as_str());
        let Ok(entries) = std::fs::read_dir(&folder) else { return };
        for entry in entries.flatten().map(|entry| entry.path()) {
            if Some(entry.as_path()) != keep {
                let _left = std::fs::remove_dir_all(entry);
            }
        }
        if keep.is_none() {
            let _left = std::fs::remove_dir(&folder);
            let _left = folder.parent().map(std::fs::remove_dir);
        }
    }
}
