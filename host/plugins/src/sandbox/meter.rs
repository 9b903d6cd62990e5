//! What a guest has used so far: memory and tables asked for, imports called, bytes handed over, epochs spent.

use std::time::Instant;

use wasmtime::{ResourceLimiter, UpdateDeadline};

use crate::error::Resource;
use crate::limits::Limits;

/// A bound that was hit, as an error that travels through wasmtime.
#[derive(Debug, Clone, Copy, thiserror::Error)]
#[error("used more {0} than it may")]
pub(crate) struct Spent(pub(crate) Resource);

/// Counters of one call.
#[derive(Debug)]
pub(crate) struct Meter {
    limits: Limits,
    memory: usize,
    elements: usize,
    /// Whether memory or a table was refused: a guest that stops afterwards ran out of it.
    pub(crate) denied: bool,
    calls: u32,
    bytes: usize,
    epochs: u32,
    until: Instant,
}

impl Meter {
    pub(crate) fn new(limits: Limits) -> Self {
        Self { limits, memory: 0, elements: 0, denied: false, calls: 0, bytes: 0, epochs: 0, until: Instant::now() + limits.wall }
    }

    /// Counts a call of an import that was handed `bytes`.
    pub(crate) fn import(&mut self, bytes: usize) -> Result<(), Spent> {
        self.calls += 1;
        self.bytes = self.bytes.saturating_add(bytes);
        if self.calls > self.limits.calls {
            Err(Spent(Resource::HostCalls))
        } else if self.bytes > self.limits.imported_bytes {
            Err(Spent(Resource::Bytes))
        } else {
            Ok(())
        }
    }

    /// Counts an epoch in which guest code ran, and lets other tasks have their turn.
    pub(crate) fn epoch(&mut self) -> wasmtime::Result<UpdateDeadline> {
        self.epochs += 1;
        if self.epochs > self.limits.guest_epochs || Instant::now() >= self.until {
            return Err(Spent(Resource::Time).into());
        }
        Ok(UpdateDeadline::Yield(1))
    }

    fn grow(total: &mut usize, current: usize, desired: usize, most: usize) -> bool {
        let after = total.saturating_add(desired.saturating_sub(current));
        if after <= most {
            *total = after;
        }
        after <= most
    }
}

impl ResourceLimiter for Meter {
    fn memory_growing(&mut self, current: usize, desired: usize, _maximum: Option<usize>) -> wasmtime::Result<bool> {
        let granted = Self::grow(&mut self.memory, current, desired, self.limits.memory_bytes);
        self.denied |= !granted;
        Ok(granted)
    }

    fn table_growing(&mut self, current: usize, desired: usize, _maximum: Option<usize>) -> wasmtime::Result<bool> {
        let granted = Self::grow(&mut self.elements, current, desired, self.limits.table_elements);
        self.denied |= !granted;
        Ok(granted)
    }

    fn instances(&self) -> usize {
        self.limits.instances
    }

    fn tables(&self) -> usize {
        self.limits.instances
    }

    fn memories(&self) -> usize {
        self.limits.instances
    }
}
