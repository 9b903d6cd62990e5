//! Who may know whom, from `cargo metadata` and from the sources of core. Refuses dependencies that go sideways or up,
//! and crates that only one other crate may know.
#![allow(clippy::unwrap_used, clippy::print_stderr, reason = "tests")]

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

/// What each crate of the workspace may use of the others, tests aside. A crate that is not here is a mistake.
const MAY_USE: [(&str, &[&str]); 13] = [
    ("spawnfile-core", &[]),
    ("spawnfile-plugins", &["spawnfile-core"]),
    ("spawnfile-registry", &["spawnfile-core"]),
    ("spawnfile-docker", &["spawnfile-core"]),
    ("spawnfile-init", &["spawnfile-core"]),
    ("spawnfile", &["spawnfile-bundle", "spawnfile-core", "spawnfile-docker", "spawnfile-plugins", "spawnfile-registry"]),
    ("xtask", &["spawnfile-core", "spawnfile-plugins"]),
    ("spawnfile-bundle", &[]),
    ("spawnfile-plugin", &[]),
    ("runtime-openclaw", &["spawnfile-plugin"]),
    ("runtime-picoclaw", &["spawnfile-plugin"]),
    ("target-docker", &["spawnfile-plugin"]),
    ("report-validator", &["spawnfile-core", "spawnfile-plugin"]),
];

/// Crates that only some may know.
const ONLY_IN: [(&str, &[&str]); 14] = [
    ("wasmtime", &["spawnfile-plugins", "xtask"]),
    ("wasmtime-wasi", &["spawnfile-plugins", "xtask"]),
    ("wit-component", &["spawnfile-plugins", "xtask"]),
    ("bollard", &["spawnfile-docker"]),
    ("wit-bindgen", &["spawnfile-plugin"]),
    ("clap", &["spawnfile", "xtask"]),
    ("saphyr-parser", &["spawnfile-core"]),
    ("icu_collator", &["spawnfile-core"]),
    ("hyper", &["spawnfile-docker", "spawnfile-registry"]),
    ("hyper-util", &["spawnfile-docker", "spawnfile-registry"]),
    ("rustls", &["spawnfile-registry"]),
    ("tokio-rustls", &["spawnfile-registry"]),
    ("flate2", &["spawnfile-registry"]),
    ("url", &["spawnfile-registry"]),
];

/// What core must not have: anything that reaches out of a function's arguments.
const NOT_IN_CORE: [&str; 8] = ["futures-util", "getrandom", "rand", "reqwest", "rustix", "tempfile", "tokio", "ureq"];

/// Returns the root of the workspace: the nearest folder above that has `host/core`.
fn root() -> PathBuf {
    let start = option_env!("CARGO_MANIFEST_DIR").map_or_else(|| std::env::current_dir().unwrap(), PathBuf::from);
    let found = start.ancestors().find(|folder| folder.join("host/core/Cargo.toml").is_file());
    found.unwrap_or_else(|| panic!("no workspace above `{}`", start.display())).to_owned()
}

fn cargo() -> Command {
    let mut cargo = Command::new(std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into()));
    cargo.current_dir(root());
    cargo
}

/// Name of the package, and its dependencies with their kind (`normal`, `dev` or `build`).
type Packages = BTreeMap<String, BTreeSet<(String, String)>>;

fn packages() -> Packages {
    let output = cargo().args(["metadata", "--no-deps", "--offline", "--format-version", "1"]).output().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let metadata = json::parse(&String::from_utf8(output.stdout).unwrap());
    let dependency = |value: &json::Value| {
        let kind = value.get("kind").text().unwrap_or("normal");
        (value.get("name").text().unwrap().to_owned(), kind.to_owned())
    };
    let package = |value: &json::Value| {
        (value.get("name").text().unwrap().to_owned(), value.get("dependencies").items().iter().map(dependency).collect())
    };
    let packages: Packages = metadata.get("packages").items().iter().map(package).collect();
    assert!(packages.contains_key("spawnfile-core"), "no package was read");
    packages
}

#[test]
fn dependencies_only_point_down() {
    let packages = packages();
    let table: BTreeMap<&str, &[&str]> = MAY_USE.into_iter().collect();
    for (name, dependencies) in &packages {
        let may = table.get(name.as_str()).unwrap_or_else(|| panic!("`{name}` is not in the table of layers: say what it may use"));
        for (used, _) in dependencies.iter().filter(|(used, kind)| kind != "dev" && packages.contains_key(used)) {
            assert!(may.contains(&used.as_str()), "`{name}` must not use `{used}`");
        }
        // Not even in tests: a test of the middle that needs its neighbour belongs under tests/.
        let middle = ["spawnfile-plugins", "spawnfile-registry", "spawnfile-docker"];
        if middle.contains(&name.as_str()) {
            let sideways = dependencies.iter().find(|(used, _)| middle.contains(&used.as_str()) && used != name);
            assert!(sideways.is_none(), "`{name}` must not see {sideways:?}");
        }
    }
}

#[test]
fn what_one_crate_wraps_no_other_knows() {
    let packages = packages();
    for (wrapped, only) in ONLY_IN {
        for (name, dependencies) in &packages {
            let uses = dependencies.iter().any(|(used, _)| used == wrapped);
            assert!(!uses || only.contains(&name.as_str()), "`{name}` must not use `{wrapped}`, only {only:?} may");
        }
    }
    for (used, kind) in &packages["spawnfile-core"] {
        assert!(kind == "dev" || !NOT_IN_CORE.contains(&used.as_str()), "core is pure, it must not use `{used}`");
    }
}

#[test]
fn the_lock_has_one_source_and_no_other_tls() {
    let lock = fs::read_to_string(root().join("Cargo.lock")).unwrap();
    let sources: BTreeSet<&str> = lock.lines().filter_map(|line| line.strip_prefix("source = ")).collect();
    assert_eq!(sources, BTreeSet::from(["\"registry+https://github.com/rust-lang/crates.io-index\""]));
    let names: BTreeSet<&str> = lock.lines().filter_map(|line| line.strip_prefix("name = \"")?.strip_suffix('"')).collect();
    assert!(names.contains("spawnfile-core"), "the lock was not read");
    for banned in ["openssl", "openssl-sys", "native-tls"] {
        assert!(!names.contains(banned), "`{banned}` must not be used: TLS is rustls");
    }
}

#[test]
fn plugins_of_tests_are_written_with_the_sdk_alone() {
    let Ok(folders) = fs::read_dir(root().join("tests/plugins")) else { return };
    for folder in folders.map(|entry| entry.unwrap().path()) {
        let Ok(manifest) = fs::read_to_string(folder.join("Cargo.toml")) else { continue };
        let paths = manifest.split("path = \"").skip(1).map(|rest| rest.split('"').next().unwrap());
        let foreign: Vec<&str> = paths.filter(|path| path.contains("..") && !path.ends_with("plugins/sdk")).collect();
        assert!(foreign.is_empty(), "`{}` uses {foreign:?}", folder.display());
    }
}

/// Returns the modules of core in the order of lib.rs.
fn modules(core: &Path) -> Vec<String> {
    let lib = fs::read_to_string(core.join("lib.rs")).unwrap();
    let names = lib.lines().filter_map(|line| line.trim().strip_prefix("pub mod ").or_else(|| line.trim().strip_prefix("mod ")));
    names.filter_map(|rest| rest.strip_suffix(';').map(str::to_owned)).collect()
}

/// Returns the files of a module.
fn files(core: &Path, module: &str) -> Vec<PathBuf> {
    let mut found = vec![core.join(format!("{module}.rs"))];
    let mut folders = vec![core.join(module)];
    while let Some(folder) = folders.pop() {
        for path in fs::read_dir(folder).into_iter().flatten().map(|entry| entry.unwrap().path()) {
            if path.is_dir() { folders.push(path) } else { found.push(path) }
        }
    }
    let test = |path: &PathBuf| path.file_name().is_some_and(|name| name == "tests.rs" || name.to_string_lossy().ends_with("_tests.rs"));
    found.retain(|path| path.is_file() && path.extension().is_some_and(|extension| extension == "rs") && !test(path));
    found
}

/// Returns the modules that a source names by `crate::module`, comments and tests aside.
fn named(text: &str) -> BTreeSet<String> {
    let product = text.split("#[cfg(test)]\nmod tests {").next().unwrap();
    let mut found = BTreeSet::new();
    for line in product.lines() {
        let code = line.split("//").next().unwrap();
        for rest in code.split("crate::").skip(1) {
            let list = rest.strip_prefix('{').map_or(rest, |list| list.split('}').next().unwrap());
            let heads = if rest.starts_with('{') { list.split(", ").collect() } else { vec![list] };
            let head = |text: &str| text.chars().take_while(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || *c == '_').collect();
            found.extend(heads.into_iter().map(head).filter(|name: &String| !name.is_empty()));
        }
    }
    found
}

#[test]
fn a_module_of_core_uses_earlier_ones_only() {
    let core = root().join("host/core/src");
    let order = modules(&core);
    assert!(order.len() > 10, "the modules were not found: {order:?}");
    for (at, module) in order.iter().enumerate() {
        for file in files(&core, module) {
            for used in named(&fs::read_to_string(&file).unwrap()) {
                let Some(place) = order.iter().position(|other| *other == used) else { continue };
                assert!(place <= at, "`{}`: `{module}` uses `{used}`, which lib.rs has later", file.display());
            }
        }
    }
}

#[test]
fn core_builds_where_there_is_no_system() {
    const TARGET: &str = "wasm32-unknown-unknown";
    let libdir = Command::new(std::env::var_os("RUSTC").unwrap_or_else(|| "rustc".into()))
        .args(["--print", "target-libdir", "--target", TARGET])
        .current_dir(root())
        .output()
        .unwrap();
    if !Path::new(String::from_utf8_lossy(&libdir.stdout).trim()).is_dir() {
        crate::support::skip(
            "layering::core_builds_where_there_is_no_system",
            "target wasm32-unknown-unknown is not installed: rustup target add wasm32-unknown-unknown",
        );
        return;
    }
    let folder = std::env::var_os("CARGO_TARGET_DIR").map_or_else(|| root().join("target"), PathBuf::from).join("layering");
    let output = cargo()
        .args(["check", "--quiet", "--offline", "--package", "spawnfile-core", "--target", TARGET])
        .env("CARGO_TARGET_DIR", folder)
        .output()
        .unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
}

#[test]
fn names_are_found_in_every_form_of_use() {
    let text = "use crate::{a::B, c};\nuse crate::d_e::F; // crate::g\n/// [`crate::h`]\nlet x = crate::i::j();\n#[cfg(test)]\nmod tests {\nuse crate::k;";
    assert_eq!(named(text).into_iter().collect::<Vec<_>>(), ["a", "c", "d_e", "i"]);
}

/// Just enough JSON for cargo's own output: this file must compile without any crate.
mod json {
    use std::collections::BTreeMap;
    use std::iter::Peekable;
    use std::str::Chars;

    #[derive(Debug)]
    pub(super) enum Value {
        Text(String),
        List(Vec<Self>),
        Map(BTreeMap<String, Self>),
        Other,
    }

    impl Value {
        pub(super) fn get(&self, key: &str) -> &Self {
            match self {
                Self::Map(map) => map.get(key).unwrap_or(&Self::Other),
                _ => &Self::Other,
            }
        }

        pub(super) fn items(&self) -> &[Self] {
            if let Self::List(items) = self { items } else { &[] }
        }

        pub(super) fn text(&self) -> Option<&str> {
            if let Self::Text(text) = self { Some(text) } else { None }
        }
    }

    pub(super) fn parse(text: &str) -> Value {
        value(&mut text.chars().peekable())
    }

    fn value(chars: &mut Peekable<Chars<'_>>) -> Value {
        space(chars);
        match chars.peek() {
            Some('"') => Value::Text(string(chars)),
            Some('[') => {
                let mut items = Vec::new();
                chars.next();
                while !ended(chars, ']') {
                    items.push(value(chars));
                }
                Value::List(items)
            }
            Some('{') => {
                let mut map = BTreeMap::new();
                chars.next();
                while !ended(chars, '}') {
                    let key = string(chars);
                    space(chars);
                    assert_eq!(chars.next(), Some(':'));
                    map.insert(key, value(chars));
                }
                Value::Map(map)
            }
            _ => {
                while chars.next_if(|c| c.is_ascii_alphanumeric() || "+-.".contains(*c)).is_some() {}
                Value::Other
            }
        }
    }

    fn space(chars: &mut Peekable<Chars<'_>>) {
        while chars.next_if(|c| c.is_ascii_whitespace()).is_some() {}
    }

    /// Skips a comma; returns whether the list or map ends here.
    fn ended(chars: &mut Peekable<Chars<'_>>, end: char) -> bool {
        space(chars);
        chars.next_if_eq(&',');
        space(chars);
        assert!(chars.peek().is_some(), "cargo's output is cut off");
        chars.next_if_eq(&end).is_some()
    }

    fn string(chars: &mut Peekable<Chars<'_>>) -> String {
        assert_eq!(chars.next(), Some('"'));
        let mut text = String::new();
        while let Some(c) = chars.next() {
            match c {
                '"' => return text,
                // Names need no escapes; whatever else has some is not looked at.
                '\\' => text.extend(chars.next()),
                c => text.push(c),
            }
        }
        panic!("cargo's output is cut off")
    }
}
