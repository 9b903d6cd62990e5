//! The built program with real plans, files, children and signals.
#![allow(unreachable_pub, clippy::unwrap_used, clippy::expect_used, clippy::print_stderr, reason = "tests")]

mod arm64;
mod git;
mod prepare;
mod probe;
mod reap;
mod refuse;
mod secret;
mod server;
mod stage;
mod stop;
mod supervise;
