//! Compiling a project: against the corpus, against golden folders, and against properties.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::print_stderr, reason = "tests")]

mod corpus;
mod environment;
mod golden;
mod properties;
mod resources;
mod support;
