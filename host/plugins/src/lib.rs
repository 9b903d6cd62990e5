//! The sandbox: the only crate that knows wasmtime.
//!
//! A plugin is a wasm component of one of the worlds under `wit/`. It is compiled ahead of time (first-party ones when
//! the program is built, installed ones once in a limited child process), runs with bounded memory, stack, time, calls
//! and bytes, and reaches nothing but the imports of its world. Every error names the plugin that caused it.
//!
//! `unsafe` stands in one place, `sandbox/machine.rs`, where precompiled code is loaded.
#![deny(unsafe_code)]
#![warn(missing_docs)]

pub mod component;
pub mod config;
pub mod conformance;
pub mod encode;
pub mod error;
pub mod handle;
pub mod host;
pub mod install;
pub mod limits;
pub mod manifest;
pub mod world;

mod bindings;
mod sandbox;

pub use error::{LogLine, PluginError, PluginIdentity, Problem, Resource};
pub use handle::engine::{BoxFuture, EngineCapability, EngineRefusal};
pub use handle::report_validator::{InvalidReport, ReportValidator, Violation};
pub use handle::runtime_kind::{LowerError, RuntimeKind};
pub use handle::target::{Target, TargetDescriptor, TargetFailure, UnitFacts, UnitRef};
pub use host::{Builtin, Inspection, Listed, Origin, PluginHost, Probed, probe};
pub use install::child as compile_child;
pub use install::compiler::Compiler;
pub use install::lock::{Grant, LockedPlugin, PluginsLock};
pub use install::store::{Added, Installed, PluginStore};
pub use manifest::{Capability, PluginManifest};
pub use world::World;
