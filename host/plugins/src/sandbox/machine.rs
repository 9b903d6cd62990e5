//! The two engines of a process, plain and metered, and the loading of compiled components.

use std::fmt;
use std::sync::Arc;

use wasmtime::Engine;
use wasmtime::component::Component;

use super::ticker::Ticker;
use crate::config::engine_config;
use crate::error::Problem;

/// An engine with the clock of its epochs.
#[derive(Clone)]
pub(crate) struct Machine {
    pub(crate) engine: Engine,
    pub(crate) ticker: Arc<Ticker>,
}

impl Machine {
    pub(crate) fn new(metered: bool) -> Result<Self, Problem> {
        let engine = engine_config(None, metered)
            .and_then(|config| Engine::new(&config))
            .map_err(|error| Problem::Incompatible(format!("this machine cannot run plugins: {error:#}")))?;
        let ticker = Arc::new(Ticker::new(&engine));
        Ok(Self { engine, ticker })
    }
}

impl fmt::Debug for Machine {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Machine")
    }
}

/// Loads a compiled component.
///
/// The bytes hold native code that will run in this process, so callers pass only what this program's own compiler
/// made: the components embedded in the binary, and entries of the private cache whose code was checked with the key of
/// this home on these very bytes (not on a file that is read again afterwards). wasmtime refuses code of another version,
/// configuration or CPU by itself.
#[expect(unsafe_code, reason = "loading precompiled code has no safe form; the two callers hold what is said above")]
pub(crate) fn load_bytes(engine: &Engine, compiled: &[u8]) -> Result<Component, Problem> {
    // SAFETY: `compiled` is unmodified output of `Engine::precompile_component`: both callers, `Builtin` and
    // `install::cache`, take bytes that only our build step or our compile child wrote, and the cache checks them
    // against the code made when they were written, with a key in a folder that only this user can read and write.
    unsafe { Component::deserialize(engine, compiled) }
        .map_err(|error| Problem::Corrupt(format!("its compiled form does not load: {error:#}")))
}
