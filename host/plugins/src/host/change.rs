//! Adding and removing plugins.

use std::path::Path;

use spawnfile_core::name::PluginId;

use super::{PluginHost, blocking, probe};
use crate::error::{PluginError, PluginIdentity, Problem};
use crate::install::lock::LockedPlugin;
use crate::install::store::{Added, Installed};
use crate::manifest::PluginManifest;
use crate::sandbox::machine::load_bytes;
use crate::sandbox::plugin::Plugin;

impl PluginHost {
    /// Installs a plugin from a folder or a `.wasm` file, and grants it what its manifest asks for. It is read, made a
    /// component where needed, compiled in the child process, and asked what it provides; only then is it recorded.
    ///
    /// # Errors
    /// When it is not accepted, or its id or what it provides is taken.
    pub async fn add(&self, path: &Path) -> Result<Added, PluginError> {
        let store = self.store()?.clone();
        let (reader, from) = (store.clone(), path.to_owned());
        let (candidate, compiled) = blocking(move || {
            let candidate = reader.examine(&from)?;
            not_ours(&candidate.manifest).map_err(|problem| PluginError::of(&candidate.identity, problem))?;
            let compiled = reader.compile(&candidate.identity, &candidate.component, candidate.world.metered())?;
            Ok((candidate, compiled))
        })
        .await?;
        let outcome = self.try_out(&candidate.manifest, &candidate.identity, &compiled, candidate.world.metered()).await;
        let refuse = |error| {
            store.forget(&candidate.identity.digest);
            error
        };
        let provides = outcome.map_err(refuse)?;
        let taken = self.taken(&candidate.manifest, &provides);
        taken
            .and_then(|()| store.commit(&candidate, provides.clone(), |others| free(&candidate.manifest, &provides, others)))
            .map_err(refuse)
    }

    /// Removes an installed plugin.
    ///
    /// # Errors
    /// When it is built in, or not installed.
    pub fn remove(&self, id: &PluginId) -> Result<LockedPlugin, PluginError> {
        for builtin in self.builtin {
            let (manifest, identity) = self.builtin_identity(builtin)?;
            if manifest.id == *id {
                return Err(PluginError::of(&identity, Problem::Refused("it is part of this program and cannot be removed".to_owned())));
            }
        }
        self.store()?.remove(id)
    }

    /// Loads a plugin from a file as `add` would, and keeps nothing of it.
    pub(crate) async fn load_path(&self, path: &Path) -> Result<(Plugin, PluginManifest), PluginError> {
        let store = self.store()?.clone();
        let from = path.to_owned();
        let (candidate, compiled) = blocking(move || {
            let candidate = store.examine(&from)?;
            let compiled = store.compile_once(&candidate)?;
            Ok((candidate, compiled))
        })
        .await?;
        let of = |problem| PluginError::of(&candidate.identity, problem);
        let machine = self.machine(candidate.world.metered()).map_err(of)?;
        let component = load_bytes(&machine.engine, &compiled).map_err(of)?;
        let plugin = Plugin::bind(candidate.identity.clone(), machine, &component, &candidate.manifest)?;
        Ok((self.bound(plugin), candidate.manifest))
    }

    async fn try_out(
        &self,
        manifest: &PluginManifest,
        identity: &PluginIdentity,
        compiled: &[u8],
        metered: bool,
    ) -> Result<Vec<String>, PluginError> {
        let machine = self.machine(metered).map_err(|problem| PluginError::of(identity, problem))?;
        let component = load_bytes(&machine.engine, compiled).map_err(|problem| PluginError::of(identity, problem))?;
        let plugin = self.bound(Plugin::bind(identity.clone(), machine, &component, manifest)?);
        probe::provides(plugin, manifest).await
    }

    fn taken(&self, manifest: &PluginManifest, provides: &[String]) -> Result<(), PluginError> {
        for builtin in self.builtin {
            let (own, identity) = self.builtin_identity(builtin)?;
            if own.id == manifest.id {
                let why = format!("`{}` is the id of a plugin that is part of this program; give yours another", own.id);
                return Err(PluginError::of(&identity, Problem::Refused(why)));
            }
            overlap(manifest, provides, &own).map_err(|problem| PluginError::of(&identity, problem))?;
        }
        Ok(())
    }
}

/// The namespace of plugins that are part of this program.
const OWN_NAMESPACE: &str = "spawnfile";

/// Checks that a plugin of somebody else does not look like one of this program.
fn not_ours(manifest: &PluginManifest) -> Result<(), Problem> {
    if manifest.id.as_str().split_once('/').is_some_and(|(namespace, _)| namespace == OWN_NAMESPACE) {
        return Err(Problem::Refused(format!(
            "`{}` is in the namespace `{OWN_NAMESPACE}/`, which is for the plugins that are part of this program; give it a namespace of \
             yours in plugin.toml",
            manifest.id
        )));
    }
    Ok(())
}

/// Checks that no other installed plugin provides the same.
fn free(manifest: &PluginManifest, provides: &[String], others: &[Installed]) -> Result<(), Problem> {
    others.iter().try_for_each(|other| overlap(manifest, provides, &other.manifest))
}

fn overlap(manifest: &PluginManifest, provides: &[String], other: &PluginManifest) -> Result<(), Problem> {
    match provides.iter().find(|id| manifest.kind == other.kind && other.provides.contains(*id)) {
        Some(id) => Err(Problem::Refused(format!("the {} `{id}` is already provided by `{}`; remove that first", manifest.kind, other.id))),
        None => Ok(()),
    }
}
