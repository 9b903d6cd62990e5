//! Files that are not, or no longer, what they should be: refused by name when they are added or used, nothing kept.

use super::{SPAWNFILE, kind, named, written};
use crate::support::guests::hostile;
use crate::support::{User, echo};

/// Replaces bytes by as many others, wherever they stand.
fn patched(mut wasm: Vec<u8>, from: &[u8], to: &[u8]) -> Vec<u8> {
    assert_eq!(from.len(), to.len());
    let mut found = 0;
    for at in 0..wasm.len().saturating_sub(from.len()) {
        if &wasm[at..at + from.len()] == from {
            wasm[at..at + from.len()].copy_from_slice(to);
            found += 1;
        }
    }
    assert!(found > 0);
    wasm
}

/// A component by hand: it imports one instance and exports it as another.
fn component(import: &str, export: &str, manifest: &str) -> Vec<u8> {
    fn size(mut n: usize) -> Vec<u8> {
        let mut bytes = Vec::new();
        loop {
            let low = u8::try_from(n & 0x7f).unwrap();
            n >>= 7;
            bytes.push(if n > 0 { low | 0x80 } else { low });
            if n == 0 {
                return bytes;
            }
        }
    }
    let text = |text: &str| [size(text.len()), text.as_bytes().to_vec()].concat();
    let section = |id: u8, body: Vec<u8>| [vec![id], size(body.len()), body].concat();
    [
        b"\0asm\x0d\0\x01\0".to_vec(),
        section(0, [text("spawnfile:plugin"), manifest.as_bytes().to_vec()].concat()),
        section(7, vec![1, 0x42, 0]),
        section(10, [vec![1, 0], text(import), vec![5, 0]].concat()),
        section(11, [vec![1, 0], text(export), vec![5, 0, 0]].concat()),
    ]
    .concat()
}

/// Nothing of a plugin that was refused is kept, and the next command works.
#[track_caller]
fn nothing_is_kept(user: &User) {
    let kept: Vec<_> = user.home_files().into_iter().map(|(path, _)| path).filter(|path| path.to_string_lossy().contains("wasm")).collect();
    assert!(kept.is_empty(), "{kept:?}");
    user.run(["plugin", "list"]).expect(0).says("spawnfile/target-docker");
}

#[test]
fn a_component_that_wants_more_than_its_world_is_refused_by_name() {
    let user = User::new();
    let manifest = "schema = 1\nid = \"test/hostile\"\nkind = \"runtime-kind\"\nversion = \"0.1.0\"\n\
                    world = \"spawnfile:runtime-kind/runtime-kind@0.1.0\"\ntitle = \"x\"\n";
    for import in ["wasi:sockets/tcp@0.2.0", "wasi:filesystem/preopens@0.2.0", "spawnfile:target/engine@0.1.0", "acme:secret/door"] {
        let wasm = component(import, "spawnfile:runtime-kind/lowering@0.1.0", manifest);
        let path = written(&user, "greedy.wasm", &wasm);
        named(user.run(["plugin", "add", &path]).expect(2)).says(&format!("it imports `{import}`"));
    }
    nothing_is_kept(&user);
}

#[test]
fn a_component_of_another_world_is_refused() {
    let user = User::new();
    let lying = patched(hostile("kind", "none"), b"kind = \"runtime-kind\"", b"kind = \"auth-method\" ");
    named(user.run(["plugin", "add", &written(&user, "lying.wasm", &lying)]).expect(2)).says("the component is a runtime-kind");
    nothing_is_kept(&user);
}

#[test]
fn newer_and_older_worlds_say_who_has_to_be_upgraded() {
    let user = User::new();
    for (version, says) in [(b"@0.2.0", "this host has 0.1: upgrade spawnfile"), (b"@0.0.9", "this host has 0.1: upgrade the plugin")] {
        let skewed = patched(hostile("kind", "none"), b"@0.1.0", version);
        named(user.run(["plugin", "add", &written(&user, "skewed.wasm", &skewed)]).expect(2)).says(says);
    }
    nothing_is_kept(&user);
}

#[test]
fn a_corrupt_file_is_refused() {
    let user = User::new();
    let whole = hostile("kind", "none");
    for at in [4, 100, whole.len() / 2, whole.len() - 10] {
        let path = written(&user, "cut.wasm", &whole[..at]);
        user.run(["plugin", "add", &path]).expect(2).says("cut.wasm");
    }
    nothing_is_kept(&user);
}

#[test]
fn a_file_that_changed_after_it_was_added_does_not_run() {
    let user = User::new();
    user.write("org/Spawnfile", SPAWNFILE);
    user.run(["plugin", "add", &kind(&user, "none")]).expect(0);
    let (component, bytes) = user.home_files().into_iter().find(|(path, _)| path.ends_with("plugin.wasm")).unwrap();
    std::fs::write(&component, patched(bytes, b"=none.", b"=panic")).unwrap();
    named(user.run(["validate", "org"]).expect(1)).says("changed since it was added").says("add it again");
    named(user.run(["plugin", "test", "test/hostile"]).expect(1)).says("FAILED").says("changed since it was added");
    user.run(["plugin", "list"]).expect(0).says("changed since it was added").says("spawnfile/target-docker");
    user.run(["plugin", "add", &kind(&user, "none")]).expect(0);
    user.run(["validate", "org"]).expect(0);
}

#[test]
fn the_namespace_of_first_party_plugins_is_refused() {
    let user = User::new();
    // As long as `test/hostile`.
    let ours = patched(hostile("kind", "none"), b"id = \"test/hostile\"", b"id= \"spawnfile/abc\"");
    let path = written(&user, "ours.wasm", &ours);
    user.run(["plugin", "add", &path]).expect(2).says("`spawnfile/abc` is in the namespace `spawnfile/`");
    nothing_is_kept(&user);
}

#[test]
fn replacing_a_plugin_says_what_was_there() {
    let user = User::new();
    let add = |word: &str| user.run(["plugin", "add", &kind(&user, word)]).expect(0);
    let first = add("none");
    assert!(first.stdout.starts_with("added test/hostile@0.1.0 (sha256:"), "{}", first.stdout);
    assert!(add("none").stdout.contains("again, as it was"));
    let replaced = add("panic");
    let line = replaced.stdout.lines().next().unwrap();
    assert!(line.starts_with("replaced test/hostile@0.1.0 (sha256:") && line.contains(" by test/hostile@0.1.0 (sha256:"), "{line}");
    let again = user.run(["plugin", "add", &kind(&user, "loop"), "--json"]).expect(0).json();
    assert_eq!(again["replaced"]["version"], "0.1.0");
    assert_ne!(again["replaced"]["digest"], again["digest"]);
    assert!(user.run(["plugin", "add", echo::plugin().to_str().unwrap(), "--json"]).expect(0).json()["replaced"].is_null());
}

#[test]
fn a_damaged_lock_says_what_to_do() {
    let user = User::new();
    user.run(["plugin", "add", &kind(&user, "none")]).expect(0);
    user.write("home/plugins.lock", "version = 1\n[[plugin]]\nid = \n");
    user.write("org/Spawnfile", SPAWNFILE);
    for command in [&["plugin", "list"][..], &["validate", "org"], &["plugin", "remove", "test/hostile"]] {
        let ran = user.run(command);
        assert!(ran.code == 1 || ran.code == 2, "{ran:?}");
        ran.says("plugins.lock").says("is damaged").says("move it away").says("plugin add");
    }
}

#[test]
fn what_a_plugin_says_of_itself_does_not_steer_the_terminal() {
    let user = User::new();
    let title = "Mis\u{202e}behaves on p\u{200b}";
    let steering = patched(hostile("kind", "none"), b"Misbehaves on purpose\"", format!("{title}\"").as_bytes());
    let path = written(&user, "steering.wasm", &steering);
    for ran in [
        user.run(["plugin", "add", &path]).expect(0),
        user.run(["plugin", "inspect", "test/hostile"]).expect(0),
        user.run(["plugin", "inspect", "test/hostile", "--json"]).expect(0),
        user.run(["plugin", "list", "--json"]).expect(0),
        user.run(["plugin", "test", "test/hostile"]).expect(1).says("FAILED  manifest"),
        user.run(["plugin", "test", "test/hostile", "--json"]).expect(1),
    ] {
        let text = ran.all();
        assert!(!text.contains('\u{202e}') && !text.contains('\u{200b}'), "{text:?}");
        assert!(text.contains("202e"), "{text}");
    }
    assert_eq!(user.run(["plugin", "inspect", "test/hostile", "--json"]).expect(0).json()["title"], title);
}
