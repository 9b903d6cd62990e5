//! The product as a person uses it: the built binary, a real Engine, real registries.
//!
//! Nothing here skips in silence: what a machine lacks is an error that says what to install, since the project's
//! test command installs it.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::print_stderr, reason = "tests")]

mod support;

mod cli;
mod flows;
mod hostile;
mod layering;
mod tidy;
