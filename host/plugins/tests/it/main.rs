//! The sandbox and the store from outside: hostile guests, installed plugins, and the first-party ones.
#![allow(clippy::unwrap_used, clippy::panic, reason = "tests")]

mod first_party;
mod hostile;
mod store;
mod support;
