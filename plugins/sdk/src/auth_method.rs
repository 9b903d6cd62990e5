//! Auth methods: how bytes that the host read from places the user agreed to become one credential.
//!
//! The only plugins that hold secret values: they have no import but the log, and the panic hook of this world passes
//! on places, never messages, since a message could quote a value. Methods that must talk (device flows, refresh) use
//! another world, which this crate does not carry yet.

pub use crate::bindings::auth_method::exports::spawnfile::auth_method::method::{Credential, Descriptor, Found, Problem};
pub use crate::bindings::auth_method::spawnfile::auth_method::types::{Slot, Source, Wanted};

use crate::bindings::auth_method::exports::spawnfile::auth_method::method::Guest;
use crate::log::{PanicText, install_panic_hook};

/// An auth method. Implement it for a unit struct and name that in [`export_auth_method!`](crate::export_auth_method).
pub trait AuthMethod {
    /// Returns who the method is, what it wants to read and which slots it fills (`anthropic/access`).
    fn describe() -> Descriptor;

    /// Makes one credential of the bytes that were found.
    ///
    /// # Errors
    /// What is wrong with them, in words that quote no value.
    fn parse(found: Vec<Found>) -> Result<Credential, Problem>;

    /// Returns whether a credential still works at a time, in seconds since 1970. By default: unless it has expired
    /// and cannot be refreshed.
    ///
    /// # Errors
    /// What is wrong with it.
    fn check(credential: &Credential, now_unix: u64) -> Result<(), Problem> {
        match credential.expires_unix {
            Some(expires) if expires <= now_unix && !credential.refreshable => Err(Problem::Expired(expires)),
            _ => Ok(()),
        }
    }
}

/// The exports of the world, around a method.
#[doc(hidden)]
#[derive(Debug)]
pub struct Exported<M>(std::marker::PhantomData<M>);

impl<M: AuthMethod> Guest for Exported<M> {
    fn describe() -> Descriptor {
        install_panic_hook(PanicText::PlaceOnly);
        M::describe()
    }

    fn parse(found: Vec<Found>) -> Result<Credential, Problem> {
        install_panic_hook(PanicText::PlaceOnly);
        M::parse(found)
    }

    fn check(credential: Credential, now_unix: u64) -> Result<(), Problem> {
        install_panic_hook(PanicText::PlaceOnly);
        M::check(&credential, now_unix)
    }
}

/// Makes a type the auth method of this module. Natively it only checks the type.
#[macro_export]
macro_rules! export_auth_method {
    ($method:ty) => {
        const _: () = {
            type Exported = $crate::auth_method::Exported<$method>;
            #[cfg(target_arch = "wasm32")]
    $crate::bindings::auth_method::export_auth_method_world!(Exported with_types_in $crate::bindings::auth_method);
            #[cfg(not(target_arch = "wasm32"))]
            const fn is_an_auth_method<M: $crate::bindings::auth_method::exports::spawnfile::auth_method::method::Guest>() {}
            #[cfg(not(target_arch = "wasm32"))]
            is_an_auth_method::<Exported>();
        };
    };
}
