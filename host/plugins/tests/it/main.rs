//! The sandbox and the store from outside: hostile guests, installed plugins, and the first-party ones.
#![allow(clippy::unwrap_used, clippy::panic, reason = "tests")]

mod conformance;
mod first_party;
mod guests;
mod hostile;
mod store;
mod support;
