//! What must hold for any bytes, one module a reader of foreign bytes: a function that panics when it does not.
//!
//! Two front ends use them. libFuzzer (`fuzz_targets/`, `cargo xtask fuzz`) looks for bytes that break them. The test
//! `fuzz_corpus` of core runs them over `corpus/<target>/` with every `cargo test`: the seeds, and whatever was found.
//!
//! In all of them: no panic, an answer in bounded memory (libFuzzer's limits), messages that are short and cannot
//! steer a terminal, and what is printed reads back as what was printed.

#[path = "targets/mod.rs"]
mod targets;

pub use targets::*;
