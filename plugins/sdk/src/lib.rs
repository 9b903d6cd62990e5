//! Write spawnfile plugins: runtime kinds, auth methods, targets and report validators.
//!
//! A plugin is a wasm component without any access: it is given values and returns values, and its only import is a
//! log (targets also get an Engine that the host scopes to one deployment). This crate holds the bindings of each
//! world under a feature, a trait with defaults for each, the documents as types, and helpers that keep a plugin
//! short. It refuses to be more: no file, no network, no clock, no randomness.
//!
//! # A runtime kind in one page
//!
//! ```
//! # #[cfg(feature = "runtime-kind")] mod parrot {
//! use spawnfile_plugin::runtime_kind::{self, Descriptor, Lowering, Paths, RuntimeKind};
//! use spawnfile_plugin::{Diagnostic, Instance, env, file, source};
//!
//! struct Parrot;
//!
//! impl RuntimeKind for Parrot {
//!     fn describe() -> Descriptor {
//!         runtime_kind::descriptor("parrot", "Parrot agents", None)
//!     }
//!
//!     fn lower(instance: &Instance) -> Result<(Lowering, Vec<Diagnostic>), Vec<Diagnostic>> {
//!         let Instance { root, runtime_root, .. } = instance;
//!         let [agent] = instance.agents.as_slice() else {
//!             return Err(vec![Diagnostic::error("parrot.agents", "a parrot is one agent")]);
//!         };
//!         let paths = Paths { config: format!("{root}/parrot.json"), home: None, workspace: format!("{root}/workspace") };
//!         let argv = vec![format!("{runtime_root}/parrot"), paths.config.clone()];
//!         let process = runtime_kind::process(argv, paths.workspace.clone(), vec![env("PARROT_PORT", "7800")]);
//!         let install = runtime_kind::runtime_image("scratch", "acme/parrot:1.0", runtime_root);
//!
//!         let mut lowering = Lowering::new(paths, process, install);
//!         lowering.files.push(file(&lowering.paths.config, "{}\n"));
//!         for doc in &agent.docs {
//!             let path = format!("{}/{}.md", lowering.paths.workspace, doc.role);
//!             lowering.files.push(source(path, &doc.source));
//!             lowering.capabilities.push(runtime_kind::capability(&agent.id, format!("docs.{}", doc.role)));
//!         }
//!         lowering.ports.push(runtime_kind::port("http", 7800, true));
//!         lowering.probes.push(runtime_kind::http_probe("health", "runtime.health", "http", "/healthz"));
//!         Ok((lowering, Vec::new()))
//!     }
//! }
//!
//! spawnfile_plugin::export_runtime_kind!(Parrot);
//! spawnfile_plugin::plugin_manifest!("schema = 1\nid = \"acme/runtime-parrot\"\nkind = \"runtime-kind\"\n");
//!
//! pub fn a_test() {
//!     let (lowering, found) = runtime_kind::check_and_lower::<Parrot>(&Instance::sample("parrot", "polly")).unwrap();
//!     assert!(found.is_empty());
//!     assert_eq!(lowering.process.argv[0], "/opt/spawnfile/runtime-installs/parrot/parrot");
//! }
//! # }
//! # #[cfg(feature = "runtime-kind")] parrot::a_test();
//! ```
//!
//! # Building it
//!
//! `Cargo.toml`: `crate-type = ["cdylib", "rlib"]` (the library lets native tests call the kind), a release profile
//! with `opt-level = "s"`, `lto = true` and `panic = "abort"`. Then:
//!
//! ```text
//! rustup target add wasm32-unknown-unknown
//! cargo build --release --target wasm32-unknown-unknown
//! spawnfile plugin add target/wasm32-unknown-unknown/release/runtime_parrot.wasm
//! ```
//!
//! Use `BTreeMap` in everything that is written: the host runs a plugin twice and compares. Clocks and randomness do
//! not exist on that target; a crate that wants them (`getrandom`, `rand`, `uuid`) does not build or traps.

pub mod bindings;
pub mod diagnostic;
pub mod document;
pub mod file;
pub mod log;
pub mod manifest;
pub mod template;

#[cfg(feature = "auth-method")]
pub mod auth_method;
#[cfg(feature = "report-validator")]
pub mod report_validator;
#[cfg(feature = "runtime-kind")]
pub mod runtime_kind;
#[cfg(feature = "target")]
pub mod target;

pub use bindings::common::spawnfile::common::types::Pair;
pub use diagnostic::{Diagnostic, Severity, pointer_key};
pub use document::Document;
pub use document::instance::Instance;
pub use document::plan::DeploymentPlan;
pub use file::{Content, EnvValue, EnvVar, File, env, env_from_secret, file, secret_env, secret_file, slot_env, source};
pub use template::{Encoding, Hole, Template};
