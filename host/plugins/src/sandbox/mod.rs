//! Running guests: the engines, what a guest may reach, and how long it may go on.

pub(crate) mod log;
pub(crate) mod machine;
pub(crate) mod meter;
pub(crate) mod plugin;
pub(crate) mod state;
pub(crate) mod ticker;
pub(crate) mod wasi;
