//! Golden folders: `tests/golden/<case>/project` and `lowering.json` (else a kind that places everything) in, `expected/` out. `UPDATE=1` rewrites what is
//! expected.

use std::collections::BTreeMap;
use std::path::Path;

use spawnfile_core::finding::Findings;
use spawnfile_core::lock::Lock;
use spawnfile_core::view::{Style, tree};

use crate::support::{compile, compile_with, files, gather, listing, place};

#[test]
fn golden_folders_come_out_as_expected() {
    let cases = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/golden");
    let mut seen = 0;
    for case in std::fs::read_dir(&cases).unwrap() {
        check(&case.unwrap().path());
        seen += 1;
    }
    assert!(seen >= 4, "{seen} cases");
}

fn check(case: &Path) {
    let found = output(case);
    let expected = case.join("expected");
    if std::env::var_os("UPDATE").is_some_and(|value| value == "1") {
        if expected.is_dir() {
            std::fs::remove_dir_all(&expected).unwrap();
        }
        for (path, bytes) in &found {
            let path = expected.join(path);
            std::fs::create_dir_all(path.parent().unwrap()).unwrap();
            std::fs::write(path, bytes).unwrap();
        }
    }
    let expected = files(&expected);
    let names = |map: &BTreeMap<String, Vec<u8>>| map.keys().cloned().collect::<Vec<_>>();
    assert_eq!(names(&found), names(&expected), "{}", case.display());
    for (path, bytes) in found {
        let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
        assert_eq!(text(&bytes), text(&expected[&path]), "{}: {path}", case.display());
    }
}

/// Everything that a compile gives, as files; or the findings alone.
fn output(case: &Path) -> BTreeMap<String, Vec<u8>> {
    let project = case.join("project");
    let lock = std::fs::read_to_string(project.join("Spawnfile.lock")).map_or_else(|_| Lock::empty(), |text| Lock::parse(&text).unwrap());
    let lowering = std::fs::read(case.join("lowering.json"));
    let compiled = gather(&project).and_then(|sources| match lowering {
        Ok(lowering) => compile(&sources, &lowering, &lock),
        Err(_) => compile_with(&sources, &lock, place),
    });
    let mut found = BTreeMap::new();
    let findings = match compiled {
        Err(findings) => findings,
        Ok((organization, compiled, findings)) => {
            for (path, file) in compiled.tree.iter() {
                if path == "rootfs.tar" {
                    found.insert("tree/rootfs.tar.txt".to_owned(), listing(&file.bytes).into_bytes());
                } else {
                    found.insert(format!("tree/{path}"), file.bytes.clone());
                }
            }
            let mut plan = serde_json::to_vec_pretty(&compiled.init_plan).unwrap();
            plan.push(b'\n');
            found.insert("init.json".to_owned(), plan);
            found.insert("view.txt".to_owned(), tree(&organization, Style::default()).into_bytes());
            findings
        }
    };
    found.insert("findings.txt".to_owned(), shown(&findings).into_bytes());
    found
}

fn shown(findings: &Findings) -> String {
    let mut text = String::new();
    for finding in findings.sorted() {
        let severity = format!("{:?}", finding.severity).to_lowercase();
        text.push_str(&format!("{severity} {}: {finding}\n", finding.code));
        if let Some(hint) = &finding.hint {
            text.push_str(&format!("  hint: {hint}\n"));
        }
    }
    text
}
