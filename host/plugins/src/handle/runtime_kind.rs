//! A runtime kind: what it says about itself, its checks, and its lowerings.

use spawnfile_core::finding::Finding;
use spawnfile_core::instance::{INSTANCE_VERSION, InstanceDocument};
use spawnfile_core::lowering::{KindDescriptor, Lowered};
use wasmtime::Store;

use super::{findings, lowering};
use crate::bindings::runtime_kind::spawnfile::runtime_kind::types::StatusFact;
use crate::bindings::runtime_kind::{RuntimeKind as Guest, RuntimeKindPre};
use crate::bindings::types::Document;
use crate::error::{PluginError, PluginIdentity, Problem};
use crate::sandbox::plugin::Plugin;
use crate::sandbox::state::State;

/// A runtime kind plugin, ready to be called. Every call runs in a fresh instance.
pub struct RuntimeKind {
    plugin: Plugin,
    guest: RuntimeKindPre<State>,
    descriptor: KindDescriptor,
}

impl std::fmt::Debug for RuntimeKind {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        self.plugin.fmt(f)
    }
}

/// Why an instance was not lowered.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum LowerError {
    /// The plugin failed.
    #[error(transparent)]
    Plugin(#[from] PluginError),
    /// The plugin said no, and why.
    #[error("{} finding(s) of the runtime kind", .0.len())]
    Findings(Vec<Finding>),
}

impl RuntimeKind {
    pub(crate) async fn new(plugin: Plugin) -> Result<Self, PluginError> {
        let guest = RuntimeKindPre::new(plugin.instance.clone())
            .map_err(|error| plugin.error(Problem::Incompatible(format!("it does not fit `{}` of this host: {error:#}", plugin.world))))?;
        let mut store = plugin.store(None)?;
        let outcome = plugin
            .within(async {
                let kind: Guest = guest.instantiate_async(&mut store).await?;
                kind.spawnfile_runtime_kind_lowering().call_describe(&mut store).await
            })
            .await;
        let descriptor = lowering::descriptor(plugin.finish(store, outcome)?);
        super::check_id(&plugin, &descriptor.id)?;
        if !descriptor.accepts.iter().any(|schema| schema == INSTANCE_VERSION) {
            let accepts = crate::error::clean(&descriptor.accepts.join(", "), 200);
            return Err(plugin.error(Problem::Incompatible(format!("it accepts {accepts}, this host gives {INSTANCE_VERSION}"))));
        }
        if !matches!(descriptor.grouping.as_str(), "per-agent" | "shared") {
            let grouping = crate::error::clean(&descriptor.grouping, 60);
            return Err(plugin.error(Problem::Incompatible(format!("its grouping is `{grouping}`, not per-agent or shared"))));
        }
        Ok(Self { plugin, guest, descriptor })
    }

    /// Returns who the plugin is.
    pub fn identity(&self) -> PluginIdentity {
        self.plugin.identity.clone()
    }

    /// Returns what it says about itself.
    pub fn describe(&self) -> &KindDescriptor {
        &self.descriptor
    }

    /// Returns the same kind in another place; see [`Plugin::elsewhere`].
    pub(crate) fn elsewhere(&self) -> Self {
        Self { plugin: self.plugin.elsewhere(), guest: self.guest.clone(), descriptor: self.descriptor.clone() }
    }

    /// Asks it again who it is.
    pub(crate) async fn ask(&self) -> Result<KindDescriptor, PluginError> {
        let mut store = self.plugin.store(None)?;
        let outcome = self
            .plugin
            .within(async {
                let kind = self.guest.instantiate_async(&mut store).await?;
                kind.spawnfile_runtime_kind_lowering().call_describe(&mut store).await
            })
            .await;
        Ok(lowering::descriptor(self.plugin.finish(store, outcome)?))
    }

    /// Returns what it finds wrong with an instance.
    ///
    /// # Errors
    /// When the plugin fails.
    pub async fn check(&self, instance: &InstanceDocument) -> Result<Vec<Finding>, PluginError> {
        self.check_document(&self.document(instance)?).await
    }

    /// The same for a document as it is.
    pub(crate) async fn check_document(&self, document: &Document) -> Result<Vec<Finding>, PluginError> {
        let mut store = self.store(document)?;
        let outcome = self
            .plugin
            .within(async {
                let kind = self.guest.instantiate_async(&mut store).await?;
                kind.spawnfile_runtime_kind_lowering().call_check(&mut store, document).await
            })
            .await;
        Ok(findings(self.plugin.finish(store, outcome)?))
    }

    /// Lowers an instance.
    ///
    /// # Errors
    /// When the plugin fails, or finds an error in the instance.
    pub async fn lower(&self, instance: &InstanceDocument) -> Result<Lowered, LowerError> {
        self.lower_document(&self.document(instance)?).await
    }

    /// The same for a document as it is.
    pub(crate) async fn lower_document(&self, document: &Document) -> Result<Lowered, LowerError> {
        let mut store = self.store(document)?;
        let outcome = self
            .plugin
            .within(async {
                let kind = self.guest.instantiate_async(&mut store).await?;
                kind.spawnfile_runtime_kind_lowering().call_lower(&mut store, document).await
            })
            .await;
        match self.plugin.finish(store, outcome)? {
            Ok((lowered, notes)) => Ok(Lowered { lowering: lowering::lowering(lowered), findings: findings(notes) }),
            Err(refusals) => Err(LowerError::Findings(findings(refusals))),
        }
    }

    /// Calls what this host does not call yet (networks, images without extras, raw probe facts) and drops the answers:
    /// whether the kind survives it.
    pub(crate) async fn call_the_rest(&self, instance: &Document, report_instance: &Document) -> Result<(), PluginError> {
        let network = Document { schema: "spawnfile.network.v0".to_owned(), json: b"{}".to_vec() };
        let facts = [
            fact("nobody-knows-this", Vec::new(), Some(500), None),
            fact("health", b"\xff\xfe\0 no text".to_vec(), None, Some(-1)),
            fact("", vec![b'['; 100_000], None, None),
        ];
        let mut store = self.store(instance)?;
        let outcome = self
            .plugin
            .within(async {
                let kind = self.guest.instantiate_async(&mut store).await?;
                let kind = kind.spawnfile_runtime_kind_lowering();
                let _refused = kind.call_lower_network(&mut store, instance, &network).await?;
                let _refused = kind.call_legacy_auth(&mut store, report_instance).await?;
                let _observations = kind.call_read_status(&mut store, &facts).await?;
                Ok(())
            })
            .await;
        self.plugin.finish(store, outcome)
    }

    fn document(&self, instance: &InstanceDocument) -> Result<Document, PluginError> {
        let json = serde_json::to_vec(instance).map_err(|error| self.plugin.error(Problem::Refused(error.to_string())))?;
        Ok(Document { schema: INSTANCE_VERSION.to_owned(), json })
    }

    fn store(&self, document: &Document) -> Result<Store<State>, PluginError> {
        self.plugin.check_input(document.json.len())?;
        self.plugin.store(None)
    }
}

fn fact(probe: &str, body: Vec<u8>, http_status: Option<u16>, exit_code: Option<i32>) -> StatusFact {
    StatusFact { probe: probe.to_owned(), ok: false, http_status, exit_code, body, error: Some("no answer".to_owned()) }
}
