//! An auth method, as far as it is used today: it can be added, and says its id.

use crate::bindings::auth_method::AuthMethodPre;
use crate::error::{PluginError, Problem};
use crate::sandbox::plugin::Plugin;

/// Returns the id that an auth method says it has.
pub(crate) async fn id(plugin: &Plugin) -> Result<String, PluginError> {
    let guest = AuthMethodPre::new(plugin.instance.clone())
        .map_err(|error| plugin.error(Problem::Incompatible(format!("it does not fit `{}` of this host: {error:#}", plugin.world))))?;
    let mut store = plugin.store(None)?;
    let outcome = plugin
        .within(async {
            let method = guest.instantiate_async(&mut store).await?;
            method.spawnfile_auth_method_method().call_describe(&mut store).await
        })
        .await;
    let id = plugin.finish(store, outcome)?.id;
    super::check_id(plugin, &id)?;
    Ok(id)
}
