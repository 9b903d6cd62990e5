//! Guests made of a few lines of text, and a home folder to add them to.

use std::fmt::Write as _;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use spawnfile_core::instance::{INSTANCE_VERSION, InstanceDocument};
use spawnfile_plugins::limits::Limits;
use spawnfile_plugins::{Builtin, Compiler, PluginHost, PluginStore};

/// A home folder with a host over it.
pub(crate) struct Home {
    pub(crate) folder: tempfile::TempDir,
    pub(crate) host: PluginHost,
}

/// Limits of tests: what loops is stopped after a third of a second of its own, or two on the clock.
pub(crate) const SHORT: Limits =
    Limits { guest_epochs: 30, wall: std::time::Duration::from_secs(2), fuel: 10_000_000, ..spawnfile_plugins::limits::PURE };

impl Home {
    pub(crate) fn new() -> Self {
        Self::with_builtin(&[])
    }

    /// A home whose plugins are stopped soon.
    pub(crate) fn impatient() -> Self {
        let Self { folder, host } = Self::new();
        Self { folder, host: host.with_limits(SHORT) }
    }

    pub(crate) fn with_builtin(builtin: &'static [Builtin]) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let host = host(&folder.path().join("home"), builtin);
        Self { folder, host }
    }

    /// Forgets what is loaded, as a new process would.
    pub(crate) fn again(&mut self) {
        self.host = host(&self.home(), &[]);
    }

    pub(crate) fn home(&self) -> PathBuf {
        self.folder.path().join("home")
    }

    /// Writes bytes to a file outside the home folder.
    pub(crate) fn file(&self, name: &str, bytes: &[u8]) -> PathBuf {
        let path = self.folder.path().join(name);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(&path, bytes).unwrap();
        path
    }
}

pub(crate) fn store(home: &Path) -> PluginStore {
    let none: [&str; 0] = [];
    PluginStore::open(home).unwrap().with_compiler(Compiler::new(env!("CARGO_BIN_EXE_spawnfile-compile-component"), none))
}

fn host(home: &Path, builtin: &'static [Builtin]) -> PluginHost {
    PluginHost::new(builtin, Some(store(home)))
}

/// The plugins of this program.
pub(crate) fn builtin() -> &'static [Builtin] {
    let embedded = spawnfile_bundle::BUILTIN.iter();
    Vec::leak(embedded.map(|one| Builtin { manifest: one.manifest, digest: one.digest, cwasm: one.cwasm, metered: one.metered }).collect())
}

/// An instance with nothing in it.
pub(crate) fn instance(id: &str) -> InstanceDocument {
    InstanceDocument {
        version: INSTANCE_VERSION.to_owned(),
        id: id.to_owned(),
        runtime: "hostile".to_owned(),
        root: "/r".to_owned(),
        runtime_root: "/p".to_owned(),
        index: 0,
        agents: Vec::new(),
    }
}

/// The manifest of a runtime kind.
pub(crate) fn manifest(name: &str) -> String {
    format!(
        "schema = 1\nid = \"test/{name}\"\nkind = \"runtime-kind\"\nversion = \"1.0.0\"\n\
         world = \"spawnfile:runtime-kind/runtime-kind@0.1.0\"\ntitle = \"Test\"\n"
    )
}

/// Core module of a runtime kind of that id. `check` is the body of its `check`: parameters `$schema $schema_len $json
/// $json_len`, result a pointer to pointer and length of the diagnostics. 4000 holds an empty list.
pub(crate) fn kind(id: &str, check: &str) -> Vec<u8> {
    kind_with(id, &manifest(id), check, "", "")
}

/// The same with another manifest, more module fields, and more WIT imports.
pub(crate) fn kind_with(id: &str, manifest: &str, check: &str, fields: &str, imports: &str) -> Vec<u8> {
    let interface = "spawnfile:runtime-kind/lowering@0.1.0";
    // The descriptor at 1024: id, title, accepts (one string at 1100), no options schema, grouping.
    let words: [u32; 11] = [2000, u32::try_from(id.len()).unwrap(), 2100, 4, 1100, 1, 0, 0, 0, 2200, 9];
    let accepts: [u32; 2] = [2300, 21];
    let text = format!(
        r#"(module
            (import "spawnfile:common/log@0.1.0" "emit" (func $emit (param i32 i32 i32)))
            {fields}
            (memory (export "memory") 1)
            (global $free (mut i32) (i32.const 8192))
            (@custom "spawnfile:plugin" {manifest:?})
            (data (i32.const 1024) "{}") (data (i32.const 1100) "{}")
            (data (i32.const 2000) "{id}") (data (i32.const 2100) "Test") (data (i32.const 2200) "per-agent")
            (data (i32.const 2300) "spawnfile.instance.v1") (data (i32.const 3000) "about to fail\1b[31m")
            (func (export "cabi_realloc") (param i32 i32 i32 i32) (result i32)
                (local $at i32)
                (local.set $at (i32.and (i32.add (global.get $free) (i32.const 7)) (i32.const -8)))
                (global.set $free (i32.add (local.get $at) (local.get 3)))
                (block $fits
                    (br_if $fits (i32.le_u (global.get $free) (i32.mul (memory.size) (i32.const 65536))))
                    (br_if $fits (i32.ne (i32.const -1)
                        (memory.grow (i32.add (i32.const 1) (i32.shr_u (local.get 3) (i32.const 16))))))
                    (unreachable))
                (local.get $at))
            (func (export "{interface}#describe") (result i32) (i32.const 1024))
            (func $check (export "{interface}#check") (param $schema i32) (param $schema_len i32) (param $json i32) (param $json_len i32) (result i32)
                {check})
            (func (export "{interface}#lower") (param i32 i32 i32 i32) (result i32) (unreachable))
            (func (export "{interface}#lower-network") (param i32 i32 i32 i32 i32 i32 i32 i32) (result i32) (unreachable))
            (func (export "{interface}#legacy-auth") (param i32 i32 i32 i32) (result i32) (unreachable))
            (func (export "{interface}#read-status") (param i32 i32) (result i32) (unreachable)))"#,
        bytes(&words),
        bytes(&accepts),
    );
    let world = format!(
        "package test:guest; world guest {{ import spawnfile:common/log@0.1.0; {imports} export spawnfile:runtime-kind/lowering@0.1.0; }}"
    );
    typed(&text, &["common", "runtime-kind"], &world)
}

/// Core module of a report validator whose functions all have this body.
pub(crate) fn validator(name: &str, body: &str) -> Vec<u8> {
    let interface = "spawnfile:report-validator/validator@0.1.0";
    let manifest = manifest(name).replace("runtime-kind", "report-validator");
    let text = format!(
        r#"(module
            (memory (export "memory") 1)
            (@custom "spawnfile:plugin" {manifest:?})
            (func (export "cabi_realloc") (param i32 i32 i32 i32) (result i32) (i32.const 1024))
            (func (export "{interface}#accepts") (result i32) (i32.const 512))
            (func (export "{interface}#validate-report") (param i32 i32) (result i32) {body})
            (func (export "{interface}#validate-extras") (param i32 i32) (result i32) {body}))"#
    );
    typed(&text, &["common", "report-validator"], "package test:guest; world guest { export spawnfile:report-validator/validator@0.1.0; }")
}

/// Compiles the text and adds the type information of a world, as wit-bindgen does.
pub(crate) fn typed(text: &str, packages: &[&str], world: &str) -> Vec<u8> {
    let wit = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../wit");
    let mut resolve = wit_parser::Resolve::default();
    for package in packages {
        resolve.push_path(wit.join(package).join("0.1")).unwrap();
    }
    resolve
        .push_str("extra.wit", "package wasi:random@0.2.6; interface insecure-seed { insecure-seed: func() -> tuple<u64, u64>; }")
        .unwrap();
    resolve.push_str("io.wit", "package wasi:io@0.2.6; interface poll { resource pollable { block: func(); } }").unwrap();
    resolve
        .push_str(
            "clocks.wit",
            "package wasi:clocks@0.2.6; interface monotonic-clock { use wasi:io/poll@0.2.6.{pollable}; subscribe-duration: func(when: u64) -> pollable; }",
        )
        .unwrap();
    let package = resolve.push_str("guest.wit", world).unwrap();
    let world = resolve.select_world(&[package], Some("guest")).unwrap();
    let mut module = wat::parse_str(text).unwrap();
    wit_component::embed_component_metadata(&mut module, &resolve, world, wit_component::StringEncoding::UTF8).unwrap();
    module
}

fn bytes(words: &[u32]) -> String {
    let mut text = String::new();
    for byte in words.iter().flat_map(|word| word.to_le_bytes()) {
        write!(text, "\\{byte:02x}").unwrap();
    }
    text
}

/// Adds a runtime kind with that `check` and calls it.
pub(crate) async fn added(check: &str) -> (Home, Arc<spawnfile_plugins::RuntimeKind>) {
    added_to(Home::impatient(), check).await
}

/// As [`added`], in a home of the caller's.
pub(crate) async fn added_to(home: Home, check: &str) -> (Home, Arc<spawnfile_plugins::RuntimeKind>) {
    let path = home.file("guest.wasm", &kind("hostile", check));
    home.host.add(&path).await.unwrap();
    let kind = home.host.runtime_kind("hostile").await.unwrap();
    (home, kind)
}
