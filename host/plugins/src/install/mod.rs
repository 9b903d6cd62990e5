//! Installed plugins: their files and lock under the home folder, the limited child process that compiles them once,
//! and the private cache of what it made.

pub mod child;
pub mod compiler;
pub mod lock;
pub mod store;

mod cache;
mod candidate;
mod durable;
mod seal;
