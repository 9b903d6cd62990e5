//! Turns the core module that cargo builds for `wasm32-unknown-unknown` into a component.

use wit_component::ComponentEncoder;

/// Returns the component of a core module that carries component type information.
///
/// # Errors
/// When the module does not carry it, or does not fit to it.
pub fn encode(module: &[u8]) -> Result<Vec<u8>, String> {
    let mut encoder = ComponentEncoder::default();
    encoder.module(module).map_err(|error| format!("{error:#}"))?;
    encoder.validate(true).encode().map_err(|error| format!("{error:#}"))
}
