//! Runtime kinds: how the agents of one program family become files, processes, ports and probes.
//!
//! A kind is a function: the instance document in, everything about the instance out. It sees no file, no clock and
//! no secret, and gives the same bytes for the same input.

mod builder;
pub mod mcp;
pub mod single;
pub mod workspace;

pub use crate::bindings::runtime_kind::spawnfile::runtime_kind::types::{
    AuthPlace, Capability, DerivedEnv, Descriptor, EnvNeed, HttpProbe, Install, JsonPatch, JsonProbe, Lowering, Observation, Paths, Port,
    Probe, ProbeAction, Process, StatusFact,
};
pub use builder::{
    as_declared, base_image, capability, env_need, file_probe, folder_probe, http_probe, json_patch, port, process, runtime_image,
};

use crate::bindings::runtime_kind::exports::spawnfile::runtime_kind::lowering::Guest;
use crate::diagnostic::Diagnostic;
use crate::document::instance::{INSTANCE_VERSION, Instance};
use crate::document::{self, Document};
use crate::log::{PanicText, install_panic_hook};

/// A runtime kind. Implement it for a unit struct and name that in [`export_runtime_kind!`](crate::export_runtime_kind).
pub trait RuntimeKind {
    /// Returns who the kind is and what it accepts.
    fn describe() -> Descriptor;

    /// Returns what is wrong with an instance without lowering it: model targets, auth methods, options. `validate`
    /// shows it.
    fn check(instance: &Instance) -> Vec<Diagnostic> {
        let _ = instance;
        Vec::new()
    }

    /// Lowers one instance. Called after [`RuntimeKind::check`] found no error.
    ///
    /// # Errors
    /// All there is to say, at least one of it an error, when nothing can be lowered.
    fn lower(instance: &Instance) -> Result<(Lowering, Vec<Diagnostic>), Vec<Diagnostic>>;

    /// Returns what an attachment to a network adds to the instance. Refuses unless overridden.
    ///
    /// # Errors
    /// Diagnostics, when the kind cannot take part in such a network.
    fn lower_network(instance: &Instance, attachment: &Document) -> Result<Lowering, Vec<Diagnostic>> {
        let message = format!("runtime kind `{}` cannot be attached to a network (`{}`)", instance.runtime, attachment.schema);
        Err(vec![Diagnostic::error("runtime-kind.network.unsupported", message).hint("remove the network from the agent's surfaces")])
    }

    /// Returns the places for credentials in an image that carries no extras, from its report's entry for the
    /// instance. Refuses unless overridden.
    ///
    /// # Errors
    /// A diagnostic, when the places of such an image are not known.
    fn legacy_auth(report_instance: &Document) -> Result<Vec<AuthPlace>, Diagnostic> {
        let message =
            format!("this runtime kind knows no places for credentials in an image without extras (`{}`)", report_instance.schema);
        Err(Diagnostic::error("runtime-kind.legacy-auth.unsupported", message).hint("use an API key, or an image that carries extras"))
    }

    /// Reads raw probe facts into observations, where the probes alone cannot say it. None unless overridden.
    fn read_status(facts: &[StatusFact]) -> Vec<Observation> {
        let _ = facts;
        Vec::new()
    }
}

/// A [`Descriptor`] of a kind that is asked for one instance an agent and accepts `spawnfile.instance.v1`.
pub fn descriptor(id: &str, title: &str, options_schema: Option<String>) -> Descriptor {
    Descriptor {
        id: id.to_owned(),
        title: title.to_owned(),
        accepts: vec![INSTANCE_VERSION.to_owned()],
        options_schema,
        grouping: "per-agent".to_owned(),
    }
}

/// Lowers as the host does: checks first, and keeps the warnings of both. For tests of a kind.
///
/// # Errors
/// All diagnostics, when one of them is an error.
pub fn check_and_lower<K: RuntimeKind>(instance: &Instance) -> Result<(Lowering, Vec<Diagnostic>), Vec<Diagnostic>> {
    let mut found = K::check(instance);
    if found.iter().any(Diagnostic::is_error) {
        return Err(found);
    }
    match K::lower(instance) {
        Ok((lowering, more)) => {
            found.extend(more);
            Ok((lowering, found))
        }
        Err(more) => {
            found.extend(more);
            Err(found)
        }
    }
}

/// The exports of the world, around a kind.
#[doc(hidden)]
#[derive(Debug)]
pub struct Exported<K>(std::marker::PhantomData<K>);

impl<K: RuntimeKind> Guest for Exported<K> {
    fn describe() -> Descriptor {
        install_panic_hook(PanicText::Full);
        K::describe()
    }

    fn check(instance: Document) -> Vec<Diagnostic> {
        install_panic_hook(PanicText::Full);
        match document::parse(&instance, &[INSTANCE_VERSION]) {
            Ok(instance) => K::check(&instance),
            Err(diagnostic) => vec![diagnostic],
        }
    }

    fn lower(instance: Document) -> Result<(Lowering, Vec<Diagnostic>), Vec<Diagnostic>> {
        install_panic_hook(PanicText::Full);
        let instance = document::parse(&instance, &[INSTANCE_VERSION]).map_err(|diagnostic| vec![diagnostic])?;
        check_and_lower::<K>(&instance)
    }

    fn lower_network(instance: Document, attachment: Document) -> Result<Lowering, Vec<Diagnostic>> {
        install_panic_hook(PanicText::Full);
        let instance = document::parse(&instance, &[INSTANCE_VERSION]).map_err(|diagnostic| vec![diagnostic])?;
        K::lower_network(&instance, &attachment)
    }

    fn legacy_auth(report_instance: Document) -> Result<Vec<AuthPlace>, Diagnostic> {
        install_panic_hook(PanicText::Full);
        K::legacy_auth(&report_instance)
    }

    fn read_status(facts: Vec<StatusFact>) -> Vec<Observation> {
        install_panic_hook(PanicText::Full);
        K::read_status(&facts)
    }
}

/// Makes a type the runtime kind of this module.
///
/// Natively it only checks the type: the exports exist in wasm alone, so that a kind's logic is tested as a library.
#[macro_export]
macro_rules! export_runtime_kind {
    ($kind:ty) => {
        const _: () = {
            type Exported = $crate::runtime_kind::Exported<$kind>;
            #[cfg(target_arch = "wasm32")]
    $crate::bindings::runtime_kind::export_runtime_kind_world!(Exported with_types_in $crate::bindings::runtime_kind);
            #[cfg(not(target_arch = "wasm32"))]
            const fn is_a_runtime_kind<K: $crate::bindings::runtime_kind::exports::spawnfile::runtime_kind::lowering::Guest>() {}
            #[cfg(not(target_arch = "wasm32"))]
            is_a_runtime_kind::<Exported>();
        };
    };
}
