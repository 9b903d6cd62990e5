//! The plugin host with the embedded first-party plugins and what the user added.

use std::sync::OnceLock;

use spawnfile_plugins::{Builtin, PluginHost, PluginStore};

use crate::error::CliError;
use crate::world::World;

/// Returns the embedded plugins.
fn builtin() -> &'static [Builtin] {
    static BUILTIN: OnceLock<Vec<Builtin>> = OnceLock::new();
    BUILTIN.get_or_init(|| {
        spawnfile_bundle::BUILTIN
            .iter()
            .map(|plugin| Builtin { manifest: plugin.manifest, digest: plugin.digest, cwasm: plugin.cwasm, metered: plugin.metered })
            .collect()
    })
}

/// Opens the user's plugin store.
fn store(world: &World) -> Result<PluginStore, CliError> {
    PluginStore::open(world.home.as_path()).map_err(|error| CliError::failed_from(&error))
}

/// Returns the host of all plugins. Nothing is loaded before it is asked for.
pub(crate) fn host(world: &World) -> Result<PluginHost, CliError> {
    Ok(PluginHost::new(builtin(), Some(store(world)?)))
}
