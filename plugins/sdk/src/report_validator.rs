//! The report validator: foreign bytes in, a checked report out.

pub use crate::bindings::report_validator::spawnfile::report_validator::types;

use crate::bindings::report_validator::exports::spawnfile::report_validator::validator::Guest;
use crate::log::{PanicText, install_panic_hook};

/// A validator. Implement it for a unit struct and name that in
/// [`export_report_validator!`](crate::export_report_validator).
pub trait ReportValidator {
    /// Returns the schema versions that are understood.
    fn accepts() -> Vec<String>;

    /// Checks the bytes of a distribution report.
    ///
    /// # Errors
    /// Everything that is wrong with them.
    fn validate_report(bytes: &[u8]) -> Result<types::Report, types::Invalid>;

    /// Checks the bytes of extras and returns them in canonical form.
    ///
    /// # Errors
    /// Everything that is wrong with them.
    fn validate_extras(bytes: &[u8]) -> Result<types::Extras, types::Invalid>;
}

/// The exports of the world, around a validator.
#[doc(hidden)]
#[derive(Debug)]
pub struct Exported<V>(std::marker::PhantomData<V>);

impl<V: ReportValidator> Guest for Exported<V> {
    fn accepts() -> Vec<String> {
        install_panic_hook(PanicText::PlaceOnly);
        V::accepts()
    }

    fn validate_report(bytes: Vec<u8>) -> Result<types::Report, types::Invalid> {
        install_panic_hook(PanicText::PlaceOnly);
        V::validate_report(&bytes)
    }

    fn validate_extras(bytes: Vec<u8>) -> Result<types::Extras, types::Invalid> {
        install_panic_hook(PanicText::PlaceOnly);
        V::validate_extras(&bytes)
    }
}

/// Makes a type the report validator of this module. Natively it only checks the type.
#[macro_export]
macro_rules! export_report_validator {
    ($validator:ty) => {
        const _: () = {
            type Exported = $crate::report_validator::Exported<$validator>;
            #[cfg(target_arch = "wasm32")]
            $crate::bindings::report_validator::export_report_validator_world!(
                Exported with_types_in $crate::bindings::report_validator
            );
            #[cfg(not(target_arch = "wasm32"))]
            const fn is_a_report_validator<
                V: $crate::bindings::report_validator::exports::spawnfile::report_validator::validator::Guest,
            >() {
            }
            #[cfg(not(target_arch = "wasm32"))]
            is_a_report_validator::<Exported>();
        };
    };
}
