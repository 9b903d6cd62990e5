//! The empty WASI context for guests of other languages: no argument, no variable, no file, no socket, closed input, a
//! clock that stands still, and the same random numbers in every run. What they print goes to their log.

use std::time::Duration;

use wasmtime::component::ResourceTable;
use wasmtime_wasi::p2::pipe::MemoryOutputPipe;
use wasmtime_wasi::random::Deterministic;
use wasmtime_wasi::{HostMonotonicClock, HostWallClock, WasiCtx, WasiCtxBuilder, WasiCtxView};

use super::log::Log;

/// The bytes that "random" numbers repeat.
const SEED: &[u8] = b"spawnfile plugins get the same numbers in every run";

/// What stands in for both where the conformance suite asks for another place.
const OTHER_SEED: &[u8] = b"and elsewhere they get other ones";
const OTHER_TIME: Duration = Duration::from_secs(86_400);

/// Most bytes of standard output, and of standard error.
const OUTPUT: usize = 64 * 1024;

/// The context of one store.
pub(crate) struct Wasi {
    context: WasiCtx,
    table: ResourceTable,
    out: MemoryOutputPipe,
    err: MemoryOutputPipe,
}

struct Still {
    since: Duration,
}

impl HostWallClock for Still {
    fn resolution(&self) -> Duration {
        Duration::from_secs(1)
    }

    fn now(&self) -> Duration {
        self.since
    }
}

impl HostMonotonicClock for Still {
    fn resolution(&self) -> u64 {
        1
    }

    fn now(&self) -> u64 {
        u64::try_from(self.since.as_nanos()).unwrap_or_default()
    }
}

impl Wasi {
    /// Returns the context. `elsewhere` is for the conformance suite: another clock and other numbers, so that a guest
    /// whose answer depends on them is found out.
    pub(crate) fn empty(elsewhere: bool) -> Self {
        let (seed, insecure, since) = if elsewhere { (OTHER_SEED, 1, OTHER_TIME) } else { (SEED, 0, Duration::ZERO) };
        let (out, err) = (MemoryOutputPipe::new(OUTPUT), MemoryOutputPipe::new(OUTPUT));
        let context = WasiCtxBuilder::new()
            .stdout(out.clone())
            .stderr(err.clone())
            .secure_random(Deterministic::new(seed.to_vec()))
            .insecure_random(Deterministic::new(seed.to_vec()))
            .insecure_random_seed(insecure)
            .max_random_size(1024 * 1024)
            .wall_clock(Still { since })
            .monotonic_clock(Still { since })
            .allow_tcp(false)
            .allow_udp(false)
            .allow_ip_name_lookup(false)
            .build();
        Self { context, table: ResourceTable::new(), out, err }
    }

    pub(crate) fn view(&mut self) -> WasiCtxView<'_> {
        WasiCtxView { ctx: &mut self.context, table: &mut self.table }
    }

    /// Moves what was printed into the log.
    pub(crate) fn drain(&self, log: &mut Log) {
        for (level, pipe) in [("info", &self.out), ("warn", &self.err)] {
            for line in String::from_utf8_lossy(&pipe.contents()).lines() {
                log.push(level, line);
            }
        }
    }
}
