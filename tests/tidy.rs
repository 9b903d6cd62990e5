//! What can be seen in the source text: names that do not belong to the host, sizes, headers, loose ends, and whether
//! the table of finding codes is whole. Reads files only; it refuses to know what the code does.
#![allow(clippy::unwrap_used, reason = "tests")]

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;
use std::fs;
use std::path::{Path, PathBuf};

/// Longest source file, in lines.
const MAX_LINES: usize = 400;

/// Import methods: plugins of the kind `auth-method` bring more, but these are in reports that exist already.
const IMPORT_METHODS: [&str; 2] = ["claude-code", "codex"];

/// Runtime kinds in reports that exist already, whether a plugin for them is here or not.
const RUNTIME_KINDS: [&str; 3] = ["openclaw", "picoclaw", "daimon"];

/// Words of the formats and of the driver.
const EXEMPT: [&str; 3] = ["docker", "api_key", "none"];

/// Returns the root of the workspace: the nearest folder above that has `host/core`.
fn root() -> PathBuf {
    let start = option_env!("CARGO_MANIFEST_DIR").map_or_else(|| std::env::current_dir().unwrap(), PathBuf::from);
    let found = start.ancestors().find(|folder| folder.join("host/core/Cargo.toml").is_file());
    found.unwrap_or_else(|| panic!("no workspace above `{}`", start.display())).to_owned()
}

/// A source file of ours.
struct Source {
    /// Path below the root, with slashes.
    path: String,
    text: String,
}

impl Source {
    /// Returns the text without its tests: a file of tests has none, any other ends where its test module starts.
    fn product(&self) -> &str {
        let name = self.path.rsplit('/').next().unwrap();
        if self.path.contains("/tests/") || name == "tests.rs" || name.ends_with("_tests.rs") {
            return "";
        }
        let mut from = 0;
        while let Some(at) = self.text[from..].find("#[cfg(test)]").map(|at| from + at) {
            let after = self.text[at + "#[cfg(test)]".len()..].trim_start();
            if after.starts_with("mod ") && after.lines().next().is_some_and(|line| line.ends_with('{')) {
                return &self.text[..at];
            }
            from = at + 1;
        }
        &self.text
    }

    /// Returns the line of a byte offset, from 1.
    fn line(&self, at: usize) -> usize {
        self.text[..at].matches('\n').count() + 1
    }
}

/// Returns every Rust file below the folders, sorted, without build output.
fn sources(folders: &[&str]) -> Vec<Source> {
    let found = sources_below(folders);
    assert!(found.len() > 5, "the sources were not found");
    found
}

fn sources_below(folders: &[&str]) -> Vec<Source> {
    let root = root();
    let mut found = Vec::new();
    let mut todo: Vec<PathBuf> = folders.iter().map(|folder| root.join(folder)).collect();
    while let Some(folder) = todo.pop() {
        let Ok(entries) = fs::read_dir(&folder) else { continue };
        for path in entries.map(|entry| entry.unwrap().path()) {
            if path.is_dir() && path.file_name().is_some_and(|name| name != "target") {
                todo.push(path);
            } else if path.extension().is_some_and(|extension| extension == "rs") {
                let text = fs::read_to_string(&path).unwrap();
                found.push(Source { path: path.strip_prefix(&root).unwrap().to_str().unwrap().to_owned(), text });
            }
        }
    }
    found.sort_by(|a, b| a.path.cmp(&b.path));
    found
}

fn assert_none(rule: &str, found: &[String]) {
    assert!(found.is_empty(), "{rule}:\n{}", found.join("\n"));
}

/// Returns the ids that runtime kinds and auth methods go by: written in manifests and in the names of folders, and
/// those known from reports.
fn ids_of_plugins() -> BTreeSet<String> {
    let mut ids: BTreeSet<String> = IMPORT_METHODS.iter().chain(&RUNTIME_KINDS).map(|id| (*id).to_owned()).collect();
    let plugins = root().join("plugins");
    for entry in fs::read_dir(&plugins).unwrap() {
        let folder = entry.unwrap().path();
        let name = folder.file_name().unwrap().to_str().unwrap().to_owned();
        ids.extend(name.strip_prefix("runtime-").or_else(|| name.strip_prefix("auth-")).map(str::to_owned));
        for manifest in ["plugin.toml", "bundle.toml"] {
            ids.extend(provided(&fs::read_to_string(folder.join(manifest)).unwrap_or_default()));
        }
    }
    ids.retain(|id| !EXEMPT.contains(&id.as_str()));
    ids
}

/// Returns the texts in every list `provides = [...]`, on one line or several.
fn provided(toml: &str) -> Vec<String> {
    let lists = toml.split("provides").skip(1).filter_map(|rest| rest.trim_start().strip_prefix('=')?.split_once(']'));
    lists.flat_map(|(list, _)| list.split('"').skip(1).step_by(2).map(str::to_owned)).collect()
}

/// Returns where `word` stands as a word of its own; `_` and `-` end a word, so `X_CODEX_Y` holds `codex`.
fn words(text: &str, word: &str) -> Vec<usize> {
    let (text, word) = (text.to_ascii_lowercase(), word.to_ascii_lowercase());
    let edge = |c: Option<char>| !c.is_some_and(|c| c.is_ascii_alphanumeric());
    let forms: BTreeSet<String> = [word.clone(), word.replace('-', "_")].into();
    let at = |form: &String| text.match_indices(form.as_str()).map(|(at, found)| (at, at + found.len())).collect::<Vec<_>>();
    let whole = |(from, to): &(usize, usize)| edge(text[..*from].chars().next_back()) && edge(text[*to..].chars().next());
    forms.iter().flat_map(at).filter(whole).map(|(from, _)| from).collect()
}

#[test]
fn the_host_knows_no_runtime_kind_and_no_import_method() {
    let ids = ids_of_plugins();
    let mut found = Vec::new();
    for source in sources(&["host"]) {
        for id in &ids {
            found.extend(words(source.product(), id).into_iter().map(|at| format!("{}:{}: `{id}`", source.path, source.line(at))));
        }
    }
    assert_none("a plugin brings this, so the host must not name it", &found);
}

#[test]
fn nothing_is_printed_past_the_ui() {
    let macros = ["println", "eprintln", "print", "eprint", "dbg"].map(|name| format!("{name}!("));
    let may = |path: &str| {
        path.starts_with("host/xtask/")
            || path.starts_with("host/init/")
            || path.starts_with("host/cli/src/ui")
            || path.ends_with("/build.rs")
    };
    let mut found = Vec::new();
    for source in sources(&["host", "plugins"]).iter().filter(|source| !may(&source.path)) {
        for (n, line) in source.product().lines().enumerate() {
            let code = line.split("//").next().unwrap();
            let whole = |at: usize| !code[..at].chars().next_back().is_some_and(|c| c.is_alphanumeric() || c == '_');
            if macros.iter().any(|name| code.find(name.as_str()).is_some_and(whole)) {
                found.push(format!("{}:{}", source.path, n + 1));
            }
        }
    }
    assert_none("output goes through the ui module", &found);
}

#[test]
fn no_file_is_longer_than_a_reader_can_hold() {
    let long = |source: &Source| {
        let lines = source.text.lines().count();
        (lines > MAX_LINES).then(|| format!("{}: {lines} lines", source.path))
    };
    let found: Vec<String> = sources(&["host", "plugins"]).iter().filter_map(long).collect();
    assert_none(&format!("more than {MAX_LINES} lines: split it by subject"), &found);
}

#[test]
fn every_file_says_what_it_is_for() {
    // A file of tests is named after what it tests.
    let silent = |source: &&Source| !source.path.ends_with("tests.rs") && !source.text.trim_start().starts_with("//!");
    let found: Vec<String> = sources(&["host", "plugins"]).iter().filter(silent).map(|source| source.path.clone()).collect();
    assert_none("no `//!` header at the top", &found);
}

#[test]
fn there_are_no_loose_ends() {
    // Put together here, so that this file does not find itself.
    let loose = [["to", "do!("].concat(), ["unimple", "mented!("].concat(), ["#[ig", "nore"].concat()];
    let mut found = Vec::new();
    for source in sources(&["host", "plugins", "tests"]) {
        for (n, line) in source.text.lines().enumerate() {
            found.extend(loose.iter().filter(|end| line.contains(end.as_str())).map(|end| format!("{}:{}: {end}", source.path, n + 1)));
        }
    }
    assert_none("finish it, or leave it out", &found);
}

#[test]
fn every_wit_package_stands_in_a_folder_of_its_version() {
    let mut found = Vec::new();
    let mut packages = 0;
    for package in fs::read_dir(root().join("wit")).unwrap().map(|entry| entry.unwrap().path()) {
        let name = package.file_name().unwrap().to_str().unwrap().to_owned();
        for version in fs::read_dir(&package).unwrap().map(|entry| entry.unwrap().path()) {
            let number = version.file_name().unwrap().to_str().unwrap().to_owned();
            let parts: Vec<&str> = number.split('.').collect();
            if parts.len() != 2 || !parts.iter().all(|part| part.parse::<u32>().is_ok()) || !version.is_dir() {
                found.push(format!("wit/{name}/{number} is no folder named MAJOR.MINOR"));
                continue;
            }
            let says = format!("package spawnfile:{name}@{number}.");
            let files = fs::read_dir(&version).unwrap().map(|entry| entry.unwrap().path());
            let wit: Vec<PathBuf> = files.filter(|file| file.extension().is_some_and(|extension| extension == "wit")).collect();
            if wit.is_empty() || !wit.iter().any(|file| fs::read_to_string(file).unwrap().contains(&says)) {
                found.push(format!("wit/{name}/{number} does not say `{says}N;`"));
            }
            packages += 1;
        }
    }
    assert_none("released worlds are found by their version", &found);
    assert!(packages >= 5, "only {packages} packages were found");
}

/// Returns the codes of the table under a heading of specs/FINDINGS.md: first column, in backticks.
fn table(heading: &str) -> BTreeSet<String> {
    let path = root().join("specs/FINDINGS.md");
    let text = fs::read_to_string(&path).unwrap_or_else(|error| panic!("`{}`: {error}", path.display()));
    let section = text.split("\n## ").find(|section| section.starts_with(heading));
    let section = section.unwrap_or_else(|| panic!("specs/FINDINGS.md has no section `{heading}`"));
    let rows = section.lines().filter_map(|line| line.strip_prefix("| `")?.split_once('`'));
    let mut codes = BTreeSet::new();
    for (code, _) in rows {
        assert!(codes.insert(code.to_owned()), "specs/FINDINGS.md has `{code}` twice");
    }
    assert!(!codes.is_empty(), "section `{heading}` has no table");
    codes
}

/// Returns whether a text is shaped like a code: words of lower-case letters, digits, `-` and `_`, joined by dots.
fn is_code(text: &str) -> bool {
    let part = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || matches!(c, '-' | '_');
    let word = |part_of: &str| part_of.starts_with(|c: char| c.is_ascii_lowercase()) && part_of.chars().all(part);
    text.contains('.') && text.split('.').all(word)
}

/// Returns whether a code could also be the name of a file.
fn is_file(code: &str) -> bool {
    ["json", "keep", "lock", "md", "rs", "sock", "tar", "toml", "wasm", "yaml"].contains(&code.rsplit('.').next().unwrap())
}

/// Collects the codes that a file makes findings with, and where: the first text given to a constructor of a finding
/// or diagnostic, and every text of a namespace.
fn codes(source: &Source, namespaces: &BTreeSet<&str>, into: &mut BTreeMap<String, String>) {
    let constructors = ["Finding::error(", "Finding::warning(", "Diagnostic::error(", "Diagnostic::warning(", "Diagnostic::info("];
    literals(source, |literal, before, place| {
        let called = constructors.iter().any(|call| before.ends_with(call));
        // Keys of capabilities look like codes, but are words of the format.
        if before.ends_with("capability(node,") {
            return;
        }
        if called || namespaces.contains(literal.split('.').next().unwrap()) && !is_file(literal) {
            into.entry(literal.to_owned()).or_insert(place);
        }
    });
}

/// Calls `each` with every text of a file that is shaped like a code, what stands before it, and its place.
fn literals(source: &Source, mut each: impl FnMut(&str, &str, String)) {
    let text = source.product();
    for (at, _) in text.match_indices('"') {
        let Some((literal, _)) = text[at + 1..].split_once('"') else { continue };
        let line = &text[text[..at].rfind('\n').map_or(0, |start| start + 1)..at];
        if literal.len() <= 80 && is_code(literal) && !line.trim_start().starts_with("//") {
            each(literal, text[..at].trim_end(), format!("{}:{}", source.path, source.line(at)));
        }
    }
}

/// Compares a table with what is used; `elsewhere` may be used too, another table has it.
fn compare(heading: &str, used: &BTreeMap<String, String>, elsewhere: &BTreeSet<String>) {
    let documented = table(heading);
    let mut message = String::new();
    for (code, place) in used.iter().filter(|(code, _)| !documented.contains(*code) && !elsewhere.contains(*code)) {
        writeln!(message, "not in specs/FINDINGS.md, section `{heading}`: `{code}` ({place})").unwrap();
    }
    for code in documented.iter().filter(|code| !used.contains_key(*code)) {
        writeln!(message, "in specs/FINDINGS.md, section `{heading}`, but nobody makes it: `{code}`").unwrap();
    }
    assert!(message.is_empty(), "{message}");
}

fn made(heading: &str, folder: &str) -> BTreeMap<String, String> {
    let documented = table(heading);
    let namespaces = documented.iter().map(|code| code.split('.').next().unwrap()).collect();
    let mut used = BTreeMap::new();
    sources(&[folder]).iter().for_each(|source| codes(source, &namespaces, &mut used));
    used
}

#[test]
fn the_table_of_findings_is_whole() {
    const HEADING: &str = "Findings of the host";
    compare(HEADING, &made(HEADING, "host"), &table("Observations"));
}

#[test]
fn the_table_of_diagnostics_is_whole() {
    const HEADING: &str = "Diagnostics of the plugins here";
    compare(HEADING, &made(HEADING, "plugins"), &BTreeSet::new());
}

#[test]
fn the_table_of_observations_is_whole() {
    let mut used = BTreeMap::new();
    for source in sources(&["host"]).iter().filter(|source| source.path.starts_with("host/core/src/status")) {
        literals(source, |literal, _, place| {
            used.entry(literal.to_owned()).or_insert(place);
        });
    }
    compare("Observations", &used, &BTreeSet::new());
}

/// Returns the files that a path names: itself, or every Rust file below it.
fn files_at(path: &str) -> Vec<String> {
    let full = root().join(path);
    if full.is_file() {
        return vec![fs::read_to_string(full).unwrap()];
    }
    if full.is_dir() { sources_below(&[path]).into_iter().map(|source| source.text).collect() } else { Vec::new() }
}

/// Returns path and names of the tests that a text refers to: `path: name, name` or `path` in backticks.
fn references(text: &str) -> Vec<(String, Vec<String>)> {
    let spans = text.split('`').skip(1).step_by(2).map(|span| span.replace('\n', " "));
    let paths =
        spans.filter(|span| span.starts_with("tests/") || span.starts_with("host/") && span.contains("/tests") || span.contains(".rs: "));
    let split = |span: String| match span.split_once(": ") {
        Some((path, names)) => (path.to_owned(), names.split(',').map(|name| name.trim().to_owned()).collect()),
        None => (span, Vec::new()),
    };
    paths.map(split).collect()
}

#[test]
fn every_invariant_is_backed_by_a_test_that_exists() {
    let text = fs::read_to_string(root().join("ARCHITECTURE.md")).unwrap();
    let invariants = text.split("## Invariants").nth(1).unwrap().split("\n## ").next().unwrap();
    let mut found = Vec::new();
    for invariant in invariants.split("\n- ").skip(1) {
        let backing = references(invariant);
        if backing.is_empty() {
            found.push(format!("no test: {}", invariant.lines().next().unwrap()));
        }
        for (path, names) in backing {
            let texts = files_at(&path);
            if texts.is_empty() {
                found.push(format!("`{path}` does not exist"));
            }
            let there = |name: &str| texts.iter().any(|text| text.contains(&format!("fn {name}(")));
            found.extend(names.iter().filter(|name| !there(name)).map(|name| format!("`{path}` has no test `{name}`")));
        }
    }
    assert_none("ARCHITECTURE.md names what is not there", &found);
}

#[test]
fn the_rules_find_what_they_look_for() {
    assert_eq!(words("a CODEX_HOME b codexes", "codex"), [2]);
    assert_eq!(words("x = \"claude-code\"; CLAUDE_CODE", "claude-code").len(), 2);
    assert_eq!(provided("provides = [\n  \"a\", # x\n  \"b-c\",\n]\n[[x]]\nprovides=[\"d\"]"), ["a", "b-c", "d"]);
    let source = |text: &str| Source { path: "host/x/src/y.rs".to_owned(), text: text.to_owned() };
    let file = source(
        "fn a() {\n    Finding::error(\n        \"x.y-z\", m);\n    // \"m.comment\"\n    b(\"m.used\", \"m.json\", \"n.other\");\n}\n#[cfg(test)]\nmod tests {\n    \"m.test\" codex\n}\n",
    );
    let mut found = BTreeMap::new();
    codes(&file, &["m"].into(), &mut found);
    assert_eq!(found.keys().collect::<Vec<_>>(), ["m.used", "x.y-z"]);
    assert!(!file.product().contains("codex"));
    assert!(source("#[cfg(test)]\nmod tests;\nfn a() {}\n").product().ends_with("fn a() {}\n"));
    assert!(is_code("manifest.not-yet") && !is_code("error") && !is_code("1.2") && !is_code("a.B"));
    assert!(is_file("plugin.toml") && !is_file("manifest.not-yet"));
    assert_eq!(
        references("see `a/b.rs: x,\n  y` and `tests/t.rs`, not `host/core`"),
        [("a/b.rs".to_owned(), vec!["x".to_owned(), "y".to_owned()]), ("tests/t.rs".to_owned(), Vec::new())]
    );
    assert!(Path::new(&root()).join("Cargo.toml").is_file());
}
