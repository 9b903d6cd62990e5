//! A loaded plugin: a component with its imports bound, ready to be instantiated afresh for every call.

use std::fmt;

use wasmtime::component::{Component, HasSelf, InstancePre, Linker};
use wasmtime::{Store, Trap};

use super::machine::Machine;
use super::meter::Spent;
use super::state::State;
use crate::bindings;
use crate::error::{PluginError, PluginIdentity, Problem, Resource};
use crate::handle::engine::EngineCapability;
use crate::limits::Limits;
use crate::manifest::PluginManifest;
use crate::world::World;

/// A component that passed the checks of its world.
#[derive(Clone)]
pub(crate) struct Plugin {
    pub(crate) identity: PluginIdentity,
    pub(crate) world: World,
    pub(crate) instance: InstancePre<State>,
    machine: Machine,
    limits: Limits,
    elsewhere: bool,
}

impl fmt::Debug for Plugin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} of {}", self.identity, self.world)
    }
}

impl Plugin {
    /// Checks a loaded component once more (the code that runs counts, not the file it came from) and binds its imports.
    ///
    /// # Errors
    /// When world, imports or manifest do not agree.
    pub(crate) fn bind(
        identity: PluginIdentity,
        machine: &Machine,
        component: &Component,
        manifest: &PluginManifest,
    ) -> Result<Self, PluginError> {
        let of = |problem| PluginError::of(&identity, problem);
        let types = component.component_type();
        let exports: Vec<_> = types.exports(&machine.engine).map(|(name, _)| name).collect();
        let imports: Vec<_> = types.imports(&machine.engine).map(|(name, _)| name).collect();
        let world = World::of_exports(exports.iter().copied()).map_err(of)?;
        manifest.check_world(world).map_err(of)?;
        let wasi = world.check_imports(imports.iter().copied(), &manifest.capability_kinds()).map_err(of)?;
        let instance = link(machine, component, world, wasi)
            .map_err(|error| of(Problem::Incompatible(format!("it does not fit `{world}` of this host: {error:#}"))))?;
        Ok(Self { limits: world.limits(), identity, world, instance, machine: machine.clone(), elsewhere: false })
    }

    /// Takes stricter limits.
    pub(crate) fn with_limits(self, limits: Limits) -> Self {
        Self { limits: self.limits.and(limits), ..self }
    }

    /// Returns the same plugin in a place where what it must not depend on is different: the clock and the random
    /// numbers of WASI.
    pub(crate) fn elsewhere(&self) -> Self {
        Self { elsewhere: true, ..self.clone() }
    }

    /// Returns the names that it imports.
    pub(crate) fn imports(&self) -> Vec<String> {
        let types = self.instance.component().component_type();
        types.imports(&self.machine.engine).map(|(name, _)| name.to_owned()).collect()
    }

    /// Returns an error that this plugin caused.
    pub(crate) fn error(&self, problem: Problem) -> PluginError {
        PluginError::of(&self.identity, problem)
    }

    /// Checks the size of what is to be given to the guest.
    pub(crate) fn check_input(&self, bytes: usize) -> Result<(), PluginError> {
        if bytes > self.limits.input_bytes {
            let most = self.limits.input_bytes;
            return Err(self.error(Problem::Refused(format!("it cannot be given {bytes} bytes (at most {most})"))));
        }
        Ok(())
    }

    /// Returns a fresh store with every bound set.
    pub(crate) fn store(&self, engine: Option<Box<dyn EngineCapability>>) -> Result<Store<State>, PluginError> {
        let mut store = Store::new(&self.machine.engine, State::new(self.limits, engine, self.elsewhere));
        store.limiter(|state| &mut state.meter);
        store.set_hostcall_fuel(self.limits.copied_bytes);
        store.set_max_component_handles(1000);
        store.set_epoch_deadline(1);
        store.epoch_deadline_callback(|mut context| context.data_mut().meter.epoch());
        if self.world.metered() {
            store.set_fuel(self.limits.fuel).map_err(|error| self.error(Problem::Incompatible(format!("{error:#}"))))?;
        }
        Ok(store)
    }

    /// Waits for a call, not longer than it may take. The clock of the epochs runs meanwhile.
    pub(crate) async fn within<T>(&self, call: impl Future<Output = wasmtime::Result<T>>) -> wasmtime::Result<T> {
        let _ticking = self.machine.ticker.tick()?;
        match tokio::time::timeout(self.limits.wall, call).await {
            Ok(outcome) => outcome,
            Err(_) => Err(Spent(Resource::Time).into()),
        }
    }

    /// Ends a call: the store is dropped whatever came of it, and an error is turned into what it means.
    pub(crate) fn finish<T>(&self, store: Store<State>, outcome: wasmtime::Result<T>) -> Result<T, PluginError> {
        let mut state = store.into_data();
        outcome.map_err(|error| {
            if let Some(wasi) = &state.wasi {
                wasi.drain(&mut state.log);
            }
            let problem = judge(&error, state.meter.denied);
            self.error(problem).with_log(state.log.into_warnings())
        })
    }
}

fn link(machine: &Machine, component: &Component, world: World, wasi: bool) -> wasmtime::Result<InstancePre<State>> {
    let mut linker = Linker::new(&machine.engine);
    bindings::common::add_to_linker::<State, HasSelf<State>>(&mut linker, |state| state)?;
    if world == World::TargetEngine {
        bindings::engine::add_to_linker::<State, HasSelf<State>>(&mut linker, |state| state)?;
    }
    if wasi {
        wasmtime_wasi::p2::add_to_linker_async(&mut linker)?;
    }
    linker.instantiate_pre(component)
}

/// Returns what an error of wasmtime means.
fn judge(error: &wasmtime::Error, denied: bool) -> Problem {
    if let Some(Spent(resource)) = error.downcast_ref::<Spent>() {
        return Problem::Exhausted(*resource);
    }
    if let Some(trap) = error.downcast_ref::<Trap>() {
        return match trap {
            Trap::OutOfFuel => Problem::Exhausted(Resource::Fuel),
            Trap::StackOverflow => Problem::Exhausted(Resource::Stack),
            Trap::Interrupt => Problem::Exhausted(Resource::Time),
            _ if denied => Problem::Exhausted(Resource::Memory),
            Trap::MemoryOutOfBounds => Problem::Trapped("out of bounds memory access, or more stack than its own".to_owned()),
            trap => Problem::Trapped(trap.to_string().trim_start_matches("wasm trap: ").to_owned()),
        };
    }
    if let Some(exit) = error.downcast_ref::<wasmtime_wasi::I32Exit>() {
        return Problem::Trapped(format!("it ended itself with code {}", exit.0));
    }
    if let Some(error) = error.downcast_ref::<std::io::Error>() {
        return Problem::Io(format!("this machine could not run it: {error}"));
    }
    // The error type is private; the version is pinned, and a test shows that the text still is this.
    let text = format!("{error:#}");
    if text.contains("too much data is being copied") {
        return Problem::Exhausted(Resource::Bytes);
    }
    if denied || text.contains("resource limit exceeded") {
        return Problem::Exhausted(Resource::Memory);
    }
    Problem::Trapped(crate::error::clean(&text, 400))
}
