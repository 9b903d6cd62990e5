//! Asking a plugin what it provides, before it is embedded or recorded.

use crate::error::{PluginError, PluginIdentity, Problem};
use crate::handle::auth_method::AuthMethod;
use crate::handle::report_validator::ReportValidator;
use crate::handle::runtime_kind::RuntimeKind;
use crate::handle::target::Target;
use crate::manifest::PluginManifest;
use crate::sandbox::machine::{Machine, load_bytes};
use crate::sandbox::plugin::Plugin;
use crate::world::World;

/// A component that was compiled and tried out by the build of this program.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Probed {
    /// Its manifest, with what it provides.
    pub manifest: PluginManifest,
    /// Its compiled form.
    pub compiled: Vec<u8>,
    /// Whether that has fuel.
    pub metered: bool,
}

/// Checks a first-party component, compiles it in this process, and asks it what it provides: for the build of this
/// program, never for what users bring.
///
/// # Errors
/// When it would not be accepted by [`crate::PluginHost::add`] either.
pub async fn probe(component: &[u8], beside: Option<&str>) -> Result<Probed, PluginError> {
    let nobody = PluginError::nobody;
    let facts = crate::component::facts(component).map_err(nobody)?;
    let text = beside.or(facts.manifest.as_deref()).ok_or_else(|| nobody(Problem::Refused("it has no manifest".to_owned())))?;
    let manifest = PluginManifest::parse(text).map_err(nobody)?;
    let digest = crate::component::digest(component);
    let identity = PluginIdentity { id: manifest.id.clone(), version: manifest.version.clone(), digest };
    let of = |problem| PluginError::of(&identity, problem);
    let world = World::of_exports(facts.exports.iter().map(String::as_str)).map_err(of)?;
    let metered = world.metered();
    let compiled = crate::config::precompile(component, metered).map_err(|error| of(Problem::Refused(format!("{error:#}"))))?;
    let machine = Machine::new(metered).map_err(of)?;
    let loaded = load_bytes(&machine.engine, &compiled).map_err(of)?;
    let provides = provides(Plugin::bind(identity.clone(), &machine, &loaded, &manifest)?, &manifest).await?;
    Ok(Probed { manifest: PluginManifest { provides, ..manifest }, compiled, metered })
}

/// Returns what a plugin provides: what it says of itself, which the manifest must agree with where it says anything.
pub(super) async fn provides(plugin: Plugin, manifest: &PluginManifest) -> Result<Vec<String>, PluginError> {
    let identity = plugin.identity.clone();
    let said = match plugin.world {
        World::RuntimeKind => vec![RuntimeKind::new(plugin).await?.describe().id.clone()],
        World::TargetEngine => vec![Target::new(plugin).await?.describe().id.clone()],
        World::AuthMethod => vec![AuthMethod::new(plugin).await?.describe().id.clone()],
        World::ReportValidator => {
            ReportValidator::new(plugin)?.accepts().await?;
            Vec::new()
        }
        World::TargetEndpoint | World::AuthMethodOnline => {
            let world = plugin.world;
            return Err(plugin.error(Problem::Incompatible(format!("it is made for `{world}`, which this host cannot run yet"))));
        }
    };
    if manifest.provides.is_empty() || manifest.provides == said {
        return Ok(said);
    }
    let why = format!("its manifest provides `{}`, it says that it is `{}`", manifest.provides.join(", "), said.join(", "));
    Err(PluginError::of(&identity, Problem::Refused(why)))
}
