//! The plugin host with the embedded first-party plugins and what the user added.

use spawnfile_plugins::{Builtin, PluginHost, PluginStore};

use crate::error::CliError;
use crate::world::World;

/// Returns the embedded plugins.
fn builtin() -> Vec<Builtin> {
    spawnfile_bundle::BUILTIN
        .iter()
        .map(|plugin| Builtin { manifest: plugin.manifest, digest: plugin.digest, cwasm: plugin.cwasm, size: plugin.size })
        .collect()
}

/// Opens the user's plugin store.
pub(crate) fn store(world: &World) -> Result<PluginStore, CliError> {
    PluginStore::open(&world.home).map_err(|error| CliError::failed_from(&error))
}

/// Returns the host of all plugins. Nothing is loaded before it is asked for.
pub(crate) fn host(world: &World) -> Result<PluginHost, CliError> {
    PluginHost::new(builtin(), Some(store(world)?)).map_err(|error| CliError::failed_from(&error))
}
