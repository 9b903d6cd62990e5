//! The one engine configuration: whoever compiles a component and whoever loads it use this, so they always agree.

use std::hash::{Hash as _, Hasher as _};

use wasmtime::{Config, Engine, OptLevel};

/// Milliseconds between two epochs: how soon a guest that never calls the host gives way to other tasks.
pub const EPOCH_MS: u64 = 10;

/// Stack of the guest's own frames, in bytes.
const WASM_STACK: usize = 512 * 1024;

/// Stack of a fiber, in bytes: the guest's frames and those of the host functions that it calls.
const FIBER_STACK: usize = 2 * 1024 * 1024;

/// Returns the target triple that components are compiled for on this machine. Naming it makes the compiler use the
/// architecture's baseline instead of what the building CPU happens to have.
pub fn host_triple() -> String {
    let system = match std::env::consts::OS {
        "macos" => "apple-darwin",
        "windows" => "pc-windows-msvc",
        _ => "unknown-linux-gnu",
    };
    format!("{}-{system}", std::env::consts::ARCH)
}

/// Returns the configuration of every engine.
///
/// `target` is given by whoever compiles, and left out by whoever only loads. `metered` adds fuel, which gives the same
/// verdict on every machine: for the report validator. What plugins have no use for is switched off.
///
/// # Errors
/// When the target triple is not one that wasmtime knows.
pub fn engine_config(target: Option<&str>, metered: bool) -> wasmtime::Result<Config> {
    let mut config = Config::new();
    if let Some(triple) = target {
        config.target(triple)?;
    }
    config.wasm_component_model(true);
    config.epoch_interruption(true);
    config.consume_fuel(metered);
    config.max_wasm_stack(WASM_STACK);
    config.async_stack_size(FIBER_STACK);
    config.cranelift_opt_level(OptLevel::Speed);
    config.cranelift_nan_canonicalization(true);

    config.gc_support(false);
    config.shared_memory(false);
    config.concurrency_support(false);
    config.wasm_memory64(false);
    config.wasm_relaxed_simd(false);
    config.wasm_tail_call(false);
    config.wasm_multi_memory(false);
    config.wasm_custom_page_sizes(false);
    config.wasm_wide_arithmetic(false);
    config.wasm_stack_switching(false);
    Ok(config)
}

/// Returns a short key that changes whenever code compiled before could not be loaded any more: wasmtime's version,
/// the settings above, and the target.
///
/// # Errors
/// When there is no compiler for this machine.
pub fn config_key(metered: bool) -> wasmtime::Result<String> {
    let engine = Engine::new(&engine_config(Some(&host_triple()), metered)?)?;
    // SipHash with fixed keys: this names a file in a private cache, it guards nothing.
    #[expect(deprecated, reason = "the documented algorithm of this hasher does not change, that of DefaultHasher may")]
    let mut hasher = std::hash::SipHasher::new();
    engine.precompile_compatibility_hash().hash(&mut hasher);
    Ok(format!("{:016x}", hasher.finish()))
}

/// Compiles a component for [`host_triple`].
///
/// # Errors
/// When the bytes are no valid component, or use a feature that is switched off.
pub fn precompile(component: &[u8], metered: bool) -> wasmtime::Result<Vec<u8>> {
    Engine::new(&engine_config(Some(&host_triple()), metered)?)?.precompile_component(component)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_key_is_stable_and_tells_the_two_configurations_apart() {
        let plain = config_key(false).unwrap();
        assert_eq!(plain, config_key(false).unwrap());
        assert_ne!(plain, config_key(true).unwrap());
    }

    #[test]
    fn what_is_compiled_for_the_baseline_loads_into_an_engine_of_this_machine() {
        let component = wat::parse_str("(component)").unwrap();
        for metered in [false, true] {
            let code = precompile(&component, metered).unwrap();
            let engine = Engine::new(&engine_config(None, metered).unwrap()).unwrap();
            assert_eq!(Engine::detect_precompiled(&code), Some(wasmtime::Precompiled::Component));
            crate::sandbox::machine::load_bytes(&engine, &code).unwrap();
            let other = Engine::new(&engine_config(None, !metered).unwrap()).unwrap();
            assert!(crate::sandbox::machine::load_bytes(&other, &code).is_err(), "the other configuration must refuse it");
        }
    }

    #[test]
    fn features_that_plugins_do_not_need_are_refused() {
        for text in [
            "(component (core module (memory i64 1)))",
            "(component (core module (memory 1 1 shared)))",
            "(component (core module (type (struct))))",
            "(component (core module (memory 1) (memory 1)))",
        ] {
            let component = wat::parse_str(text).unwrap();
            assert!(precompile(&component, false).is_err(), "{text}");
        }
    }
}
