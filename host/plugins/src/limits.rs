//! What a guest may use. Every number is a bound that the host enforces by itself; none is a request.

use std::time::Duration;

use crate::config::EPOCH_MS;

/// Largest component that is read, in bytes.
pub const COMPONENT_BYTES: u64 = 64 * 1024 * 1024;

/// Largest compiled component that is taken from the compiler or the cache, in bytes.
pub const COMPILED_BYTES: u64 = 512 * 1024 * 1024;

/// Largest `plugin.toml`, in bytes.
pub const MANIFEST_BYTES: u64 = 64 * 1024;

const MIB: usize = 1024 * 1024;

/// Bounds of one call.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limits {
    /// Memory of all instances together, in bytes.
    pub memory_bytes: usize,
    /// Elements of all tables together.
    pub table_elements: usize,
    /// Core instances, memories, and tables: each at most this many.
    pub instances: usize,
    /// Bytes that may be copied out of the guest by one call or one of its imports.
    pub copied_bytes: usize,
    /// Bytes that a guest may hand to imports during the whole call.
    pub imported_bytes: usize,
    /// Bytes given to the guest by one call.
    pub input_bytes: usize,
    /// Calls of imports.
    pub calls: u32,
    /// Log lines kept; later ones are counted and dropped.
    pub log_lines: usize,
    /// Bytes of log kept.
    pub log_bytes: usize,
    /// Time on the clock, imports included.
    pub wall: Duration,
    /// Epochs spent running guest code.
    pub guest_epochs: u32,
    /// Fuel, where the engine is metered.
    pub fuel: u64,
}

impl Limits {
    /// Returns the stricter of both, bound by bound.
    #[must_use]
    pub fn and(self, other: Self) -> Self {
        Self {
            memory_bytes: self.memory_bytes.min(other.memory_bytes),
            table_elements: self.table_elements.min(other.table_elements),
            instances: self.instances.min(other.instances),
            copied_bytes: self.copied_bytes.min(other.copied_bytes),
            imported_bytes: self.imported_bytes.min(other.imported_bytes),
            input_bytes: self.input_bytes.min(other.input_bytes),
            calls: self.calls.min(other.calls),
            log_lines: self.log_lines.min(other.log_lines),
            log_bytes: self.log_bytes.min(other.log_bytes),
            wall: self.wall.min(other.wall),
            guest_epochs: self.guest_epochs.min(other.guest_epochs),
            fuel: self.fuel.min(other.fuel),
        }
    }
}

/// A pure world: bytes in, bytes out.
pub const PURE: Limits = Limits {
    memory_bytes: 64 * MIB,
    table_elements: 10_000,
    instances: 32,
    copied_bytes: 8 * MIB,
    imported_bytes: 16 * MIB,
    input_bytes: 8 * MIB,
    calls: 10_000,
    log_lines: 200,
    log_bytes: 64 * 1024,
    wall: Duration::from_secs(10),
    guest_epochs: (10_000 / EPOCH_MS) as u32,
    // A report of the largest size costs half of this at most; a loop that counts ends within a second.
    fuel: 4_000_000_000,
};

/// A target: waits for the Engine, so its clock runs longer; its own computing does not.
pub const TARGET: Limits = Limits { wall: Duration::from_secs(600), ..PURE };
