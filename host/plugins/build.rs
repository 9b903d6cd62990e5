//! Embeds golden documents of `specs/schemas/examples` for the conformance suite: every file of a folder, so that a case
//! is added by dropping it there.

use std::fmt::Write as _;
use std::fs;
use std::path::{Path, PathBuf};

/// Name of the table and folder of its documents.
const TABLES: [(&str, &str); 4] =
    [("INSTANCES", "instance.v1"), ("PLANS", "deployment-plan.v1"), ("REPORTS", "distribution-report.v1"), ("EXTRAS", "extras.v1")];

fn main() -> Result<(), String> {
    let here = PathBuf::from(variable("CARGO_MANIFEST_DIR")?);
    let examples = here.join("../../specs/schemas/examples");
    let mut source = String::new();
    for (table, folder) in TABLES {
        let folder = examples.join(folder);
        println!("cargo:rerun-if-changed={}", folder.display());
        let documents = documents(&folder)?;
        let _ = writeln!(
            source,
            "/// Golden documents of `{}`: name and text.\npub(super) static {table}: &[(&str, &str)] = &[",
            folder.file_name().unwrap_or_default().display()
        );
        for document in documents {
            let _ = writeln!(source, "    ({:?}, include_str!({:?})),", name(&document), document.display().to_string());
        }
        source.push_str("];\n");
    }
    let out = PathBuf::from(variable("OUT_DIR")?).join("golden.rs");
    fs::write(&out, source).map_err(|error| format!("{}: {error}", out.display()))
}

/// Returns the documents of a folder, sorted; there is at least one.
fn documents(folder: &Path) -> Result<Vec<PathBuf>, String> {
    let told = |error: std::io::Error| format!("{}: {error}", folder.display());
    let mut found = Vec::new();
    for entry in fs::read_dir(folder).map_err(told)? {
        let path = entry.map_err(told)?.path();
        if path.extension().is_some_and(|extension| extension == "json") {
            found.push(path.canonicalize().map_err(told)?);
        }
    }
    found.sort();
    if found.is_empty() { Err(format!("{}: there is no example", folder.display())) } else { Ok(found) }
}

fn name(path: &Path) -> String {
    path.file_stem().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default()
}

fn variable(name: &str) -> Result<String, String> {
    std::env::var(name).map_err(|_| format!("cargo did not set {name}"))
}
