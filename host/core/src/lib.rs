//! Formats, contract and decisions of spawnfile.
//!
//! Everything here is a function of its arguments: no file, socket, clock, environment or thread. It builds for
//! `wasm32-unknown-unknown`, and the report validator runs it inside the sandbox.
//!
//! Order of modules: a later one may use an earlier one, never the other way round (tested by `tests/layering.rs`).
#![forbid(unsafe_code)]
#![warn(missing_docs)]

#[cfg(feature = "collation")]
pub mod collate;
pub mod display;
pub mod finding;
pub mod name;
pub mod oci;
pub mod path;
pub mod secret;

pub mod nearest;
pub mod reserved;

pub mod json;

pub mod archive;
#[cfg(feature = "project")]
pub mod distribution;
pub mod env_file;

pub mod report;

pub mod contract;
pub mod extras;
pub mod fill;
pub mod init_plan;

#[cfg(feature = "project")]
pub mod subject;

pub mod instance;
pub mod lowering;

#[cfg(feature = "project")]
pub mod project;

#[cfg(feature = "project")]
pub mod manifest;

#[cfg(feature = "project")]
pub mod organization;

#[cfg(feature = "project")]
pub mod view;

#[cfg(feature = "project")]
pub mod lock;
pub mod tree;

#[cfg(feature = "project")]
pub mod admit;
#[cfg(feature = "project")]
pub mod compile;
#[cfg(feature = "project")]
pub mod leak;

pub mod preflight;

pub mod interface;

pub mod deployment;

pub mod status;
