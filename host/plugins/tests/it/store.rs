//! Adding, removing and loading plugins, and everything that is refused on the way.

use std::os::unix::fs::PermissionsExt as _;

use spawnfile_core::name::PluginId;
use spawnfile_plugins::{Builtin, Compiler, Origin, PluginHost, PluginStore, PluginsLock, Problem};

use crate::support::{Home, instance, kind, kind_with, manifest};

const GOOD: &str = "(i32.const 4000)";

fn id(text: &str) -> PluginId {
    text.parse().unwrap()
}

fn component(module: &[u8]) -> Vec<u8> {
    spawnfile_plugins::encode::encode(module).unwrap()
}

#[tokio::test]
async fn what_is_added_is_listed_found_and_works_until_it_is_removed() {
    let mut home = Home::new();
    let path = home.file("guest.wasm", &kind("parrot", GOOD));
    let added = home.host.add(&path).await.unwrap();
    assert_eq!(added.manifest.provides, ["parrot"]);

    home.again();
    let listed = home.host.list().unwrap();
    assert_eq!(listed.len(), 1);
    let found = listed.into_iter().next().unwrap().unwrap();
    assert_eq!(
        (found.manifest.id, found.origin),
        (id("test/parrot"), Origin::Installed(path.canonicalize().unwrap().display().to_string()))
    );
    let kind = home.host.runtime_kind("parrot").await.unwrap();
    assert_eq!(kind.identity().digest, found.component);
    assert_eq!(kind.describe().grouping, "per-agent");
    assert_eq!(kind.check(&instance("x")).await.unwrap(), []);

    let inspection = home.host.inspect(&id("test/parrot")).await.unwrap();
    assert_eq!(inspection.world.name(), "spawnfile:runtime-kind/runtime-kind@0.1.0");
    assert!(inspection.imports.contains(&"spawnfile:common/log@0.1.0".to_owned()), "{:?}", inspection.imports);

    home.host.remove(&id("test/parrot")).unwrap();
    home.again();
    assert!(home.host.list().unwrap().is_empty());
    let stays = ["plugins/.lock", "plugins.lock", "cache/components/key"];
    let left: Vec<_> = walk(&home.home()).into_iter().filter(|path| !stays.iter().any(|stays| path.ends_with(stays))).collect();
    assert!(left.is_empty(), "{left:?}");
    let error = home.host.runtime_kind("parrot").await.unwrap_err().to_string();
    assert_eq!(error, "there is no runtime kind `parrot`; installed: none; add one with `spawnfile plugin add <folder or .wasm>`");
    assert!(matches!(home.host.remove(&id("test/parrot")).unwrap_err().problem(), Problem::NotFound { .. }));
}

fn walk(folder: &std::path::Path) -> Vec<std::path::PathBuf> {
    let mut files = Vec::new();
    for entry in std::fs::read_dir(folder).unwrap().flatten() {
        if entry.path().is_dir() { files.extend(walk(&entry.path())) } else { files.push(entry.path()) }
    }
    files
}

#[tokio::test]
async fn a_folder_with_a_component_and_a_manifest_beside_it_works_too() {
    let home = Home::new();
    let component = component(&kind("parrot", GOOD));
    home.file("plugin/plugin.wasm", &component);
    home.file("plugin/plugin.toml", manifest("parrot").as_bytes());
    let added = home.host.add(&home.folder.path().join("plugin")).await.unwrap();
    assert_eq!(added.locked.component, spawnfile_plugins::component::digest(&component));

    home.file("plugin/plugin.toml", manifest("other").as_bytes());
    let error = home.host.add(&home.folder.path().join("plugin")).await.unwrap_err();
    assert!(error.to_string().contains("not the one inside"), "{error}");
}

#[tokio::test]
async fn the_files_are_private_and_the_lock_is_the_one_of_the_seams() {
    let home = Home::new();
    home.host.add(&home.file("guest.wasm", &kind("parrot", GOOD))).await.unwrap();
    for path in walk(&home.home()) {
        assert_eq!(path.metadata().unwrap().permissions().mode() & 0o777, 0o600, "{}", path.display());
        assert_eq!(path.parent().unwrap().metadata().unwrap().permissions().mode() & 0o777, 0o700, "{}", path.display());
    }
    let text = std::fs::read_to_string(home.home().join("plugins.lock")).unwrap();
    let lock: PluginsLock = toml::from_str(&text).unwrap();
    assert_eq!(lock.plugins[0].world, "spawnfile:runtime-kind/runtime-kind@0.1.0");
    assert!(text.starts_with("version = 1\n\n[[plugin]]\nid = \"test/parrot\"\nversion = \"1.0.0\"\nworld = "), "{text}");
}

#[tokio::test]
async fn adding_again_replaces_and_leaves_nothing_behind() {
    let mut home = Home::new();
    let path = home.file("guest.wasm", &kind("parrot", GOOD));
    let first = home.host.add(&path).await.unwrap();
    home.file("guest.wasm", &kind("parrot", "(nop) (i32.const 4000)"));
    let second = home.host.add(&path).await.unwrap();
    assert_eq!((&first.replaced, &second.replaced), (&None, &Some(first.locked.clone())));
    let third = home.host.add(&path).await.unwrap();
    assert_eq!(third.replaced.as_ref(), Some(&second.locked), "the same again is said to be that");
    assert_ne!(first.locked.component, second.locked.component);
    home.again();
    assert_eq!(home.host.runtime_kind("parrot").await.unwrap().identity().digest, second.locked.component);
    let old: Vec<_> =
        walk(&home.home()).into_iter().filter(|path| path.display().to_string().contains(first.locked.component.short())).collect();
    assert!(old.is_empty(), "{old:?}");
}

#[tokio::test]
async fn a_component_that_changed_after_it_was_added_does_not_run() {
    let mut home = Home::new();
    let added = home.host.add(&home.file("guest.wasm", &kind("parrot", GOOD))).await.unwrap();
    let file = walk(&home.home()).into_iter().find(|path| path.ends_with("plugin.wasm")).unwrap();
    std::fs::write(&file, component(&kind("parrot", "(unreachable)"))).unwrap();
    home.again();
    let error = home.host.runtime_kind("parrot").await.unwrap_err();
    assert!(matches!(error.problem(), Problem::Changed { recorded, .. } if *recorded == added.locked.component), "{error}");
    assert!(error.to_string().starts_with("plugin `test/parrot@1.0.0` (sha256:"), "{error}");
}

#[tokio::test]
async fn a_manifest_that_asks_for_more_after_it_was_added_is_refused() {
    let mut home = Home::new();
    home.host.add(&home.file("guest.wasm", &kind("parrot", GOOD))).await.unwrap();
    let file = walk(&home.home()).into_iter().find(|path| path.ends_with("plugin.toml")).unwrap();
    let text = std::fs::read_to_string(&file).unwrap();
    std::fs::write(&file, text + "\n[[capability]]\nkind = \"engine\"\n").unwrap();
    home.again();
    let error = home.host.runtime_kind("parrot").await.unwrap_err();
    assert!(matches!(error.problem(), Problem::Refused(why) if why.contains("has changed")), "{error}");
}

#[tokio::test]
async fn a_compiled_form_that_this_program_did_not_write_does_not_run() {
    let mut home = Home::new();
    home.host.add(&home.file("guest.wasm", &kind("parrot", GOOD))).await.unwrap();
    let endings = |home: &Home, ending: &str| {
        walk(&home.home()).into_iter().find(|path| path.extension().is_some_and(|found| found == ending)).unwrap()
    };
    let (code, sum) = (endings(&home, "cwasm"), endings(&home, "sum"));
    let whole = std::fs::read(&code).unwrap();
    // Another home made native code of another component, whole and with its own sidecar: planted under the name of
    // this one, it would run in its place.
    let other = Home::new();
    other.host.add(&other.file("guest.wasm", &kind("parrot", "(unreachable)"))).await.unwrap();
    std::fs::copy(endings(&other, "cwasm"), &code).unwrap();
    std::fs::copy(endings(&other, "sum"), &sum).unwrap();
    home.again();
    assert_eq!(home.host.runtime_kind("parrot").await.unwrap().check(&instance("x")).await.unwrap(), []);
    assert_eq!(std::fs::read(&code).unwrap(), whole, "it is compiled again");
}

#[tokio::test]
async fn a_damaged_lock_says_what_to_do() {
    let mut home = Home::new();
    home.host.add(&home.file("guest.wasm", &kind("parrot", GOOD))).await.unwrap();
    let lock = home.home().join("plugins.lock");
    let good = std::fs::read(&lock).unwrap();
    for damage in [&b"version = 1\n[[plugin]]\nid = 7\n"[..], b"\xff\xfe", b"version = 9\n", &good[..good.len() / 2], b"<<<<<<< HEAD\n"] {
        std::fs::write(&lock, damage).unwrap();
        home.again();
        let errors = [
            home.host.runtime_kind("parrot").await.unwrap_err(),
            home.host.list().unwrap_err(),
            home.host.remove(&id("test/parrot")).unwrap_err(),
            home.host.add(&home.file("guest.wasm", &kind("parrot", GOOD))).await.unwrap_err(),
        ];
        for error in errors {
            assert!(matches!(error.problem(), Problem::DamagedLock { .. }), "{error}");
            let text = error.to_string();
            assert!(text.contains("plugins.lock") && text.contains("move it away") && text.contains("plugin add"), "{text}");
        }
    }
    std::fs::remove_file(&lock).unwrap();
    home.again();
    home.host.add(&home.file("guest.wasm", &kind("parrot", GOOD))).await.unwrap();
}

#[tokio::test]
async fn the_namespace_of_this_program_is_its_own() {
    let home = Home::new();
    for name in ["runtime-new", "target-docker"] {
        let text = manifest("x").replace("test/x", &format!("spawnfile/{name}"));
        let error = home.host.add(&home.file("guest.wasm", &kind_with("new", &text, GOOD, "", ""))).await.unwrap_err().to_string();
        assert!(error.contains("in the namespace `spawnfile/`") && error.contains("plugin.toml"), "{error}");
        assert!(error.starts_with(&format!("plugin `spawnfile/{name}@1.0.0` (sha256:")), "{error}");
    }
    let near = manifest("x").replace("test/x", "spawnfile-x/runtime-new");
    home.host.add(&home.file("guest.wasm", &kind_with("new", &near, GOOD, "", ""))).await.unwrap();
}

#[tokio::test]
async fn a_damaged_or_missing_cache_is_made_again() {
    let mut home = Home::new();
    home.host.add(&home.file("guest.wasm", &kind("parrot", GOOD))).await.unwrap();
    let code = walk(&home.home()).into_iter().find(|path| path.extension().is_some_and(|ending| ending == "cwasm")).unwrap();
    let whole = std::fs::read(&code).unwrap();
    for damage in [&whole[..whole.len() / 2], b"", b"\x7fELF garbage"] {
        std::fs::write(&code, damage).unwrap();
        home.again();
        home.host.runtime_kind("parrot").await.unwrap();
        assert_eq!(std::fs::read(&code).unwrap(), whole);
    }
    std::fs::remove_dir_all(home.home().join("cache")).unwrap();
    home.again();
    home.host.runtime_kind("parrot").await.unwrap();
    assert!(code.exists());
}

#[tokio::test]
async fn what_is_no_plugin_is_refused_by_its_path() {
    let home = Home::new();
    let lowering = r#"(instance $i) (export "spawnfile:runtime-kind/lowering@0.1.0" (instance $i))"#;
    let newer = r#"(instance $i) (export "spawnfile:runtime-kind/lowering@0.3.0" (instance $i))"#;
    let custom = format!("(@custom \"spawnfile:plugin\" {:?})", manifest("x"));
    for (wasm, says) in [
        (b"PK\x03\x04 not wasm".to_vec(), "no valid wasm"),
        (b"\0asm\x0d\0\x01\0\xff\xff\xff".to_vec(), "no valid wasm"),
        (wat::parse_str("(module)").unwrap(), "core wasm module"),
        (wat::parse_str(r#"(module (@custom "component-type:x" "rubbish"))"#).unwrap(), "cannot be made a component"),
        (wat::parse_str("(component)").unwrap(), "no manifest"),
        (wat::parse_str(format!("(component {custom})")).unwrap(), "exports nothing"),
        (wat::parse_str(format!("(component {custom} {newer})")).unwrap(), "upgrade spawnfile"),
        (wat::parse_str(format!("(component {custom} {lowering})")).unwrap(), "does not fit"),
        (
            wat::parse_str(format!("(component {custom} (import \"wasi:sockets/tcp@0.2.6\" (instance)) {lowering})")).unwrap(),
            "it imports `wasi:sockets/tcp@0.2.6`",
        ),
        (wat::parse_str(format!("(component {custom} (core module (memory i64 1)) {lowering})")).unwrap(), "does not compile"),
    ] {
        let error = home.host.add(&home.file("guest.wasm", &wasm)).await.unwrap_err().to_string();
        assert!(error.contains(says), "wanted `{says}`, got: {error}");
        assert!(error.contains("guest.wasm") || error.contains("test/x@1.0.0"), "{error}");
    }
    assert!(home.host.list().unwrap().is_empty());
    assert!(home.host.add(&home.folder.path().join("none.wasm")).await.unwrap_err().to_string().contains("none.wasm"));
    let empty = home.folder.path().join("empty");
    std::fs::create_dir(&empty).unwrap();
    assert!(home.host.add(&empty).await.unwrap_err().to_string().contains("no .wasm file"));
}

#[tokio::test]
async fn an_id_or_a_kind_that_is_taken_is_refused() {
    let module = kind("parrot", GOOD);
    let probed = spawnfile_plugins::probe(&component(&module), None).await.unwrap();
    let builtin: &'static [Builtin] = Vec::leak(vec![Builtin {
        manifest: String::leak(toml::to_string(&probed.manifest).unwrap()),
        digest: String::leak(spawnfile_plugins::component::digest(&component(&module)).to_string()),
        cwasm: Vec::leak(probed.compiled),
        metered: probed.metered,
    }]);
    let home = Home::with_builtin(builtin);
    assert_eq!(home.host.runtime_kind("parrot").await.unwrap().check(&instance("x")).await.unwrap(), []);
    assert_eq!(home.host.inspect(&id("test/parrot")).await.unwrap().origin, Origin::Builtin);

    let same_id = home.host.add(&home.file("a.wasm", &module)).await.unwrap_err().to_string();
    assert!(same_id.contains("part of this program"), "{same_id}");
    let same_kind = kind_with("parrot", &manifest("another"), GOOD, "", "");
    let error = home.host.add(&home.file("b.wasm", &same_kind)).await.unwrap_err().to_string();
    assert!(error.contains("already provided by `test/parrot`"), "{error}");
    assert!(home.host.remove(&id("test/parrot")).unwrap_err().to_string().contains("cannot be removed"));

    home.host.add(&home.file("c.wasm", &kind("crow", GOOD))).await.unwrap();
    let error = home.host.add(&home.file("d.wasm", &kind_with("crow", &manifest("raven"), GOOD, "", ""))).await.unwrap_err().to_string();
    assert!(error.contains("already provided by `test/crow`"), "{error}");
}

#[tokio::test]
async fn a_manifest_that_provides_something_else_than_the_plugin_says_is_refused() {
    let home = Home::new();
    let lying = manifest("parrot") + "provides = [\"crow\"]\n";
    let error = home.host.add(&home.file("guest.wasm", &kind_with("parrot", &lying, GOOD, "", ""))).await.unwrap_err().to_string();
    assert!(error.contains("it says that it is `parrot`"), "{error}");
}

#[tokio::test]
async fn a_component_that_is_a_bomb_to_compile_is_ended_in_its_child() {
    let home = Home::new();
    let child = env!("CARGO_BIN_EXE_spawnfile-compile-component");
    let with = |compiler| PluginHost::new(&[], Some(PluginStore::open(home.home()).unwrap().with_compiler(compiler)));

    // Half a million blocks in one function: the register allocator sees them all at once.
    let bomb = "(local i64) ".to_owned()
        + &"(local.set 4 (i64.add (local.get 4) (i64.div_u (local.get 4) (local.get 4)))) (if (i32.wrap_i64 (local.get 4)) (then (local.set 4 (i64.const 1))))"
            .repeat(60_000)
        + "(i32.const 4000)";
    let path = home.file("bomb.wasm", &kind("bomb", &bomb));
    let started = std::time::Instant::now();
    let none: [&str; 0] = [];
    let error = with(Compiler::new(child, none).deadline(std::time::Duration::from_millis(500))).add(&path).await.unwrap_err().to_string();
    assert!(error.starts_with("plugin `test/bomb@1.0.0` (sha256:") && error.contains("took longer than 500ms"), "{error}");
    assert!(started.elapsed() < std::time::Duration::from_secs(20), "{:?}", started.elapsed());

    // The same child with less of everything than it takes for itself: a lower bound of the system is kept.
    for (limit, says) in [("ulimit -v 120000", "compil"), ("ulimit -t 1", "ended by the system")] {
        let script = format!("{limit}; exec \"$0\" \"$@\"");
        let error = with(Compiler::new("/bin/sh", ["-c", &script, child])).add(&path).await.unwrap_err().to_string();
        assert!(error.starts_with("plugin `test/bomb@1.0.0` (sha256:") && error.contains(says), "{limit}: {error}");
    }
    assert!(home.host.list().unwrap().is_empty());
    home.host.add(&home.file("good.wasm", &kind("good", GOOD))).await.unwrap();
}

#[tokio::test]
async fn the_compile_child_is_bounded_in_time_and_answer() {
    let home = Home::new();
    let path = home.file("guest.wasm", &kind("parrot", GOOD));
    let with = |compiler| PluginHost::new(&[], Some(PluginStore::open(home.home()).unwrap().with_compiler(compiler)));

    let slow = Compiler::new("/bin/sh", ["-c", "sleep 60"]).deadline(std::time::Duration::from_millis(300));
    let error = with(slow).add(&path).await.unwrap_err().to_string();
    assert!(error.contains("took longer"), "{error}");

    let endless = Compiler::new("/bin/sh", ["-c", "exec cat /dev/zero"]);
    let error = with(endless).add(&path).await.unwrap_err().to_string();
    assert!(error.contains("larger than"), "{error}");

    let lying = Compiler::new("/bin/sh", ["-c", "echo no wasm at all"]);
    let error = with(lying).add(&path).await.unwrap_err().to_string();
    assert!(error.contains("no valid wasm"), "{error}");

    let missing = Compiler::new("/nowhere/at/all", ["x"]);
    assert!(matches!(with(missing).add(&path).await.unwrap_err().problem(), Problem::Io(_)));
    assert!(home.host.list().unwrap().is_empty());
}

#[test]
fn the_compile_child_has_taken_limits_before_it_reads() {
    use std::io::{Read as _, Write as _};

    let mut child = std::process::Command::new(env!("CARGO_BIN_EXE_spawnfile-compile-component"))
        .arg("compile")
        .stdin(std::process::Stdio::piped())
        .stdout(std::process::Stdio::piped())
        .stderr(std::process::Stdio::piped())
        .spawn()
        .unwrap();
    let file = format!("/proc/{}/limits", child.id());
    let limit = |name: &str| {
        let limits = std::fs::read_to_string(&file).unwrap();
        let line = limits.lines().find(|line| line.starts_with(name)).unwrap().to_owned();
        line.trim_start_matches(name).split_whitespace().nth(1).unwrap().to_owned()
    };
    // It waits for its input; the limits are there soon after it started.
    for _ in 0..500 {
        if limit("Max address space") != "unlimited" {
            break;
        }
        std::thread::sleep(std::time::Duration::from_millis(10));
    }
    assert_eq!(limit("Max address space"), (4_u64 << 30).to_string());
    assert_eq!(limit("Max cpu time"), "120");
    assert_eq!(limit("Max core file size"), "0");
    assert_eq!(limit("Max file size"), "0");
    assert_eq!(limit("Max open files"), "16");
    child.stdin.take().unwrap().write_all(b"garbage").unwrap();
    assert!(!child.wait().unwrap().success());
    let mut said = String::new();
    child.stderr.take().unwrap().read_to_string(&mut said).unwrap();
    assert!(!said.is_empty());
}
