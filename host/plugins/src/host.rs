//! All plugins of a process, built-in and installed: found by what they provide, loaded when first needed.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, OnceLock, PoisonError};

use spawnfile_core::name::PluginId;
use spawnfile_core::oci::Digest;

use crate::error::{PluginError, PluginIdentity, Problem};
use crate::handle::report_validator::ReportValidator;
use crate::handle::runtime_kind::RuntimeKind;
use crate::handle::target::Target;
use crate::install::lock::Grant;
use crate::install::store::{Installed, PluginStore};
use crate::limits::Limits;
use crate::manifest::PluginManifest;
use crate::sandbox::machine::{Machine, load_bytes};
use crate::sandbox::plugin::Plugin;
use crate::world::World;

mod change;
mod probe;

pub use probe::{Probed, probe};

/// A plugin that is part of the program.
#[derive(Debug, Clone, Copy)]
pub struct Builtin {
    /// Text of its manifest, `provides` filled in.
    pub manifest: &'static str,
    /// Digest of its component.
    pub digest: &'static str,
    /// Its compiled form. Native code that this process runs: only ever what the build of this program made
    /// (`cargo xtask assets`), never bytes that came from elsewhere.
    pub cwasm: &'static [u8],
    /// Whether it was compiled with fuel.
    pub metered: bool,
}

/// Where a plugin is from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Origin {
    /// Part of this program.
    Builtin,
    /// Added by the user, from this path.
    Installed(String),
}

/// A plugin in a list.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Listed {
    /// Its manifest.
    pub manifest: PluginManifest,
    /// Digest of its component.
    pub component: Digest,
    /// Where it is from.
    pub origin: Origin,
}

/// What is known of a plugin.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Inspection {
    /// Its manifest.
    pub manifest: PluginManifest,
    /// Who it is.
    pub identity: PluginIdentity,
    /// Its world.
    pub world: World,
    /// What it imports.
    pub imports: Vec<String>,
    /// What it may use beyond the log.
    pub granted: Vec<Grant>,
    /// Bytes of its component when installed, of its compiled form when built in.
    pub bytes: u64,
    /// Where it is from.
    pub origin: Origin,
}

/// All plugins of a process.
#[derive(Debug)]
pub struct PluginHost {
    builtin: &'static [Builtin],
    store: Option<PluginStore>,
    limits: Option<Limits>,
    machines: [OnceLock<Machine>; 2],
    kinds: Mutex<BTreeMap<String, Arc<RuntimeKind>>>,
    targets: Mutex<BTreeMap<String, Arc<Target>>>,
    validators: Mutex<BTreeMap<String, Arc<ReportValidator>>>,
}

/// A plugin that was found, not yet loaded.
#[derive(Clone)]
enum Found {
    Builtin(&'static Builtin, PluginManifest),
    Installed(Installed),
}

impl Found {
    fn manifest(&self) -> &PluginManifest {
        match self {
            Self::Builtin(_, manifest) => manifest,
            Self::Installed(installed) => &installed.manifest,
        }
    }
}

impl PluginHost {
    /// Returns a host of these plugins. Nothing is loaded, read or made yet.
    pub fn new(builtin: &'static [Builtin], store: Option<PluginStore>) -> Self {
        Self {
            builtin,
            store,
            limits: None,
            machines: [const { OnceLock::new() }; 2],
            kinds: Mutex::default(),
            targets: Mutex::default(),
            validators: Mutex::default(),
        }
    }

    /// Takes limits for every call on top of those that a world has; the stricter ones hold.
    #[must_use]
    pub fn with_limits(mut self, limits: Limits) -> Self {
        self.limits = Some(limits);
        self
    }

    /// Returns the runtime kind of that id.
    ///
    /// # Errors
    /// When no plugin provides it, or the one that does cannot be loaded.
    pub async fn runtime_kind(&self, kind: &str) -> Result<Arc<RuntimeKind>, PluginError> {
        if let Some(known) = locked(&self.kinds).get(kind) {
            return Ok(Arc::clone(known));
        }
        let (plugin, manifest) = self.load("runtime-kind", kind).await?;
        let loaded = Arc::new(RuntimeKind::new(plugin).await?);
        same_id(&loaded.identity(), &manifest, kind, &loaded.describe().id)?;
        locked(&self.kinds).insert(kind.to_owned(), Arc::clone(&loaded));
        Ok(loaded)
    }

    /// Returns the target of that id word (`docker`).
    ///
    /// # Errors
    /// When no plugin provides it, or the one that does cannot be loaded.
    pub async fn target(&self, word: &str) -> Result<Arc<Target>, PluginError> {
        if let Some(known) = locked(&self.targets).get(word) {
            return Ok(Arc::clone(known));
        }
        let (plugin, manifest) = self.load("target", word).await?;
        let loaded = Arc::new(Target::new(plugin).await?);
        same_id(&loaded.identity(), &manifest, word, &loaded.describe().id)?;
        locked(&self.targets).insert(word.to_owned(), Arc::clone(&loaded));
        Ok(loaded)
    }

    /// Returns the report validator: the built-in one where there is one.
    ///
    /// # Errors
    /// When there is none, or it cannot be loaded.
    pub async fn validator(&self) -> Result<Arc<ReportValidator>, PluginError> {
        if let Some(known) = locked(&self.validators).get("") {
            return Ok(Arc::clone(known));
        }
        let (plugin, _) = self.load("report-validator", "").await?;
        let loaded = Arc::new(ReportValidator::new(plugin)?);
        locked(&self.validators).insert(String::new(), Arc::clone(&loaded));
        Ok(loaded)
    }

    /// Returns every plugin: built-in ones first, then installed ones; those that cannot be read as the error.
    ///
    /// # Errors
    /// When plugins.lock cannot be read.
    pub fn list(&self) -> Result<Vec<Result<Listed, PluginError>>, PluginError> {
        let mut list = Vec::new();
        for builtin in self.builtin {
            let listed =
                |(manifest, identity): (_, PluginIdentity)| Listed { manifest, component: identity.digest, origin: Origin::Builtin };
            list.push(self.builtin_identity(builtin).map(listed));
        }
        for installed in self.installed()? {
            list.push(installed.map(|Installed { manifest, locked }| Listed {
                manifest,
                component: locked.component,
                origin: Origin::Installed(locked.source),
            }));
        }
        Ok(list)
    }

    /// Returns everything known of a plugin. It is loaded for that: what it imports is read from the code that runs.
    ///
    /// # Errors
    /// When there is none of that id, or it cannot be loaded.
    pub async fn inspect(&self, id: &PluginId) -> Result<Inspection, PluginError> {
        let found = self.by_id(id)?;
        let (granted, origin) = match &found {
            Found::Builtin(_, manifest) => (manifest.capabilities.iter().map(Grant::from).collect(), Origin::Builtin),
            Found::Installed(installed) => (installed.locked.granted.clone(), Origin::Installed(installed.locked.source.clone())),
        };
        let manifest = found.manifest().clone();
        let (plugin, bytes) = self.bind(&found).await?;
        let imports = plugin.imports();
        Ok(Inspection { manifest, world: plugin.world, identity: plugin.identity, imports, granted, bytes, origin })
    }

    pub(crate) async fn load_id(&self, id: &PluginId) -> Result<(Plugin, PluginManifest), PluginError> {
        let found = self.by_id(id)?;
        Ok((self.bind(&found).await?.0, found.manifest().clone()))
    }

    async fn load(&self, kind: &str, provided: &str) -> Result<(Plugin, PluginManifest), PluginError> {
        let found = self.find(kind, provided)?;
        Ok((self.bind(&found).await?.0, found.manifest().clone()))
    }

    /// Finds by kind and id; an empty id is any plugin of the kind.
    fn find(&self, kind: &str, provided: &str) -> Result<Found, PluginError> {
        let fits =
            |manifest: &PluginManifest| manifest.kind == kind && (provided.is_empty() || manifest.provides.iter().any(|id| id == provided));
        let mut there = Vec::new();
        for builtin in self.builtin {
            let (manifest, _) = self.builtin_identity(builtin)?;
            if fits(&manifest) {
                return Ok(Found::Builtin(builtin, manifest));
            }
            if manifest.kind == kind {
                there.extend(manifest.provides);
            }
        }
        for installed in self.installed()?.into_iter().flatten() {
            if fits(&installed.manifest) {
                return Ok(Found::Installed(installed));
            }
            if installed.manifest.kind == kind {
                there.extend(installed.manifest.provides);
            }
        }
        let kind = kind.replace('-', " ");
        let wanted = if provided.is_empty() { kind } else { format!("{kind} `{}`", crate::error::clean(provided, 80)) };
        Err(PluginError::nobody(Problem::NotFound { wanted, installed: there }))
    }

    fn by_id(&self, id: &PluginId) -> Result<Found, PluginError> {
        let mut there = Vec::new();
        for builtin in self.builtin {
            let (manifest, _) = self.builtin_identity(builtin)?;
            if manifest.id == *id {
                return Ok(Found::Builtin(builtin, manifest));
            }
            there.push(manifest.id.to_string());
        }
        for installed in self.installed()? {
            match installed {
                Ok(installed) if installed.manifest.id == *id => return Ok(Found::Installed(installed)),
                Ok(installed) => there.push(installed.manifest.id.to_string()),
                Err(_) => {}
            }
        }
        Err(PluginError::nobody(Problem::NotFound { wanted: format!("plugin `{id}`"), installed: there }))
    }

    /// Loads a plugin. Also returns its size.
    async fn bind(&self, found: &Found) -> Result<(Plugin, u64), PluginError> {
        match found {
            Found::Builtin(builtin, manifest) => {
                let (_, identity) = self.builtin_identity(builtin)?;
                let of = |problem| PluginError::of(&identity, problem);
                let machine = self.machine(builtin.metered).map_err(of)?;
                let component = load_bytes(&machine.engine, builtin.cwasm).map_err(of)?;
                Ok((self.bound(Plugin::bind(identity.clone(), machine, &component, manifest)?), builtin.cwasm.len() as u64))
            }
            Found::Installed(installed) => {
                let (store, installed) = (self.store()?.clone(), installed.clone());
                let loadable = blocking(move || store.load(&installed)).await?;
                let of = |problem| PluginError::of(&loadable.identity, problem);
                let machine = self.machine(loadable.metered).map_err(of)?;
                let component = load_bytes(&machine.engine, &loadable.compiled).map_err(of)?;
                let plugin = Plugin::bind(loadable.identity.clone(), machine, &component, &loadable.manifest)?;
                Ok((self.bound(plugin), loadable.bytes))
            }
        }
    }

    fn bound(&self, plugin: Plugin) -> Plugin {
        match self.limits {
            Some(limits) => plugin.with_limits(limits),
            None => plugin,
        }
    }

    fn machine(&self, metered: bool) -> Result<&Machine, Problem> {
        let [plain, with_fuel] = &self.machines;
        let place = if metered { with_fuel } else { plain };
        if place.get().is_none() {
            // Two calls at once may both make one; the first is kept.
            let _kept = place.set(Machine::new(metered)?);
        }
        place.get().ok_or_else(|| Problem::Io("the engine was not kept".to_owned()))
    }

    fn builtin_identity(&self, builtin: &Builtin) -> Result<(PluginManifest, PluginIdentity), PluginError> {
        let manifest = PluginManifest::parse(builtin.manifest).map_err(|problem| PluginError::named("a built-in plugin", problem))?;
        let digest = builtin
            .digest
            .parse()
            .map_err(|error| PluginError::named(manifest.id.to_string(), Problem::Corrupt(format!("its digest: {error}"))))?;
        let identity = PluginIdentity { id: manifest.id.clone(), version: manifest.version.clone(), digest };
        Ok((manifest, identity))
    }

    fn installed(&self) -> Result<Vec<Result<Installed, PluginError>>, PluginError> {
        self.store.as_ref().map_or_else(|| Ok(Vec::new()), PluginStore::list)
    }

    fn store(&self) -> Result<&PluginStore, PluginError> {
        self.store.as_ref().ok_or_else(|| PluginError::nobody(Problem::Refused("there is no home folder for installed plugins".to_owned())))
    }
}

fn locked<T>(mutex: &Mutex<T>) -> std::sync::MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Runs work that waits for files and processes where it does not hold up other tasks.
async fn blocking<T: Send + 'static>(work: impl FnOnce() -> Result<T, PluginError> + Send + 'static) -> Result<T, PluginError> {
    let ended = tokio::task::spawn_blocking(work).await;
    ended.unwrap_or_else(|error| Err(PluginError::nobody(Problem::Io(format!("a task did not end: {error}")))))
}

/// Checks that a plugin says it is what it was found as.
fn same_id(identity: &PluginIdentity, manifest: &PluginManifest, wanted: &str, said: &str) -> Result<(), PluginError> {
    if wanted == said {
        return Ok(());
    }
    let why = format!("its manifest provides `{}`, it says that it is `{}`", manifest.provides.join(", "), crate::error::clean(said, 80));
    Err(PluginError::of(identity, Problem::Refused(why)))
}
