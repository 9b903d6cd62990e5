//! The conformance suite: what a plugin of each kind promises, tried out on the plugin itself in the real sandbox.
//! Nothing is installed and nothing outside is touched: targets work on containers that exist in memory only.
//!
//! It refuses to judge taste. Every check is something that the host relies on, or that a user would be hurt by.

mod about;
mod auth;
mod golden;
mod kind;
mod sheet;
mod target;
mod validator;

use std::path::PathBuf;

use spawnfile_core::name::PluginId;

use crate::error::{PluginError, PluginIdentity, Problem};
use crate::handle::auth_method::AuthMethod;
use crate::handle::report_validator::ReportValidator;
use crate::handle::runtime_kind::RuntimeKind;
use crate::handle::target::Target;
use crate::host::PluginHost;
use crate::manifest::PluginManifest;
use crate::sandbox::plugin::Plugin;
use crate::world::World;

pub use sheet::{Check, Failure};

/// What is to be tested.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Subject {
    /// A folder with `plugin.wasm`, or a `.wasm` file. It is not added.
    Path(PathBuf),
    /// A plugin that is built in or was added.
    Id(PluginId),
}

/// What the suite found.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Conformance {
    /// The plugin, once that much is known.
    pub plugin: Option<PluginIdentity>,
    /// Its kind, once that much is known.
    pub kind: Option<String>,
    /// Every check, in order.
    pub checks: Vec<Check>,
}

impl Conformance {
    /// Returns how many checks passed.
    pub fn passed(&self) -> usize {
        self.checks.len() - self.failed()
    }

    /// Returns how many checks failed.
    pub fn failed(&self) -> usize {
        self.checks.iter().filter(|check| check.failure.is_some()).count()
    }
}

impl PluginHost {
    /// Runs the suite of its kind on a plugin.
    ///
    /// # Errors
    /// When there is no such file or plugin. What a plugin does wrong is no error but a check that failed.
    pub async fn conformance(&self, subject: &Subject) -> Result<Conformance, PluginError> {
        let loaded = match subject {
            Subject::Path(path) => self.load_path(path).await,
            Subject::Id(id) => self.load_id(id).await,
        };
        let (plugin, manifest) = match loaded {
            Ok(loaded) => loaded,
            Err(error) => return not_loaded(error),
        };
        let (identity, kind) = (plugin.identity.clone(), manifest.kind.clone());
        let checks = match run(plugin, &manifest).await {
            Ok(checks) => checks,
            Err(error) => return not_loaded(error),
        };
        Ok(Conformance { plugin: Some(identity), kind: Some(kind), checks })
    }
}

/// A plugin that does not come as far as its first check has failed that of loading; what is not there at all, or what
/// this machine cannot do, is no verdict on it.
fn not_loaded(error: PluginError) -> Result<Conformance, PluginError> {
    if matches!(error.problem(), Problem::NotFound { .. } | Problem::DamagedLock { .. } | Problem::Io(_)) {
        return Err(error);
    }
    let mut sheet = sheet::Sheet::new(&[sheet::LOADS]);
    sheet.fail(sheet::LOADS.0, error.said());
    Ok(Conformance { plugin: error.plugin().cloned(), kind: None, checks: sheet.finish() })
}

async fn run(plugin: Plugin, manifest: &PluginManifest) -> Result<Vec<Check>, PluginError> {
    match plugin.world {
        World::RuntimeKind => Ok(kind::suite(&RuntimeKind::new(plugin).await?, manifest).await),
        World::TargetEngine => Ok(target::suite(&Target::new(plugin).await?, manifest).await),
        World::ReportValidator => Ok(validator::suite(&ReportValidator::new(plugin)?, manifest).await),
        World::AuthMethod => Ok(auth::suite(&AuthMethod::new(plugin).await?, manifest).await),
        World::TargetEndpoint | World::AuthMethodOnline => {
            let world = plugin.world;
            Err(plugin.error(Problem::Incompatible(format!("it is made for `{world}`, which this host cannot run yet"))))
        }
    }
}
