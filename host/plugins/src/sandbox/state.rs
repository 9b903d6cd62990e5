//! What a store holds for its guest: counters, log, and the one capability that its world has.

use wasmtime_wasi::{WasiCtxView, WasiView};

use super::log::Log;
use super::meter::Meter;
use super::wasi::Wasi;
use crate::handle::engine::EngineCapability;
use crate::limits::Limits;

/// Data of one store.
pub(crate) struct State {
    pub(crate) meter: Meter,
    pub(crate) log: Log,
    pub(crate) engine: Option<Box<dyn EngineCapability>>,
    pub(crate) wasi: Option<Box<Wasi>>,
    elsewhere: bool,
}

impl State {
    pub(crate) fn new(limits: Limits, engine: Option<Box<dyn EngineCapability>>, elsewhere: bool) -> Self {
        Self { meter: Meter::new(limits), log: Log::new(&limits), engine, wasi: None, elsewhere }
    }
}

impl WasiView for State {
    fn ctx(&mut self) -> WasiCtxView<'_> {
        self.wasi.get_or_insert_with(|| Box::new(Wasi::empty(self.elsewhere))).view()
    }
}

impl crate::bindings::common::Host for State {
    async fn emit(&mut self, level: crate::bindings::common::Level, message: String) -> wasmtime::Result<()> {
        use crate::bindings::common::Level;

        self.meter.import(message.len())?;
        let level = match level {
            Level::Debug => "debug",
            Level::Info => "info",
            Level::Warn => "warn",
        };
        self.log.push(level, &message);
        Ok(())
    }
}
