//! What holds for every input.

use std::io::Read as _;

use proptest::prelude::*;
use spawnfile_core::lock::Lock;
use spawnfile_core::manifest;
use spawnfile_core::oci::labels;
use spawnfile_core::project::ProjectSources;

use crate::support::{CANARY, INIT, TIME, compile, compile_with, gather, place};

/// Pieces that manifests are made of, and pieces that break them.
const PIECES: [&str; 32] = [
    "spawnfile_version: \"0.1\"\n",
    "kind: agent\n",
    "kind: team\n",
    "name: a\n",
    "runtime: k\n",
    "workspace:\n",
    "  docs:\n",
    "    system: A.md\n",
    "  skills:\n",
    "    - ref: s\n",
    "environment:\n",
    "  secrets: [{name: A, required: true}]\n",
    "execution:\n",
    "  model: {primary: {provider: p, name: m}}\n",
    "policy: {mode: warn, on_degrade: warn}\n",
    "- ",
    "? ",
    ": ",
    "&a ",
    "*a",
    "!!str ",
    "|\n  x\n",
    ">-\n",
    "'",
    "\"",
    "{",
    "}",
    "[",
    "]",
    "#",
    "---\n",
    "\t",
];

fn analyst() -> (ProjectSources, Vec<u8>, Lock) {
    let case = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/golden/analyst");
    let lock = Lock::parse(&std::fs::read_to_string(case.join("project/Spawnfile.lock")).unwrap()).unwrap();
    (gather(&case.join("project")).unwrap(), std::fs::read(case.join("lowering.json")).unwrap(), lock)
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 1000, ..ProptestConfig::default() })]

    #[test]
    fn parsing_never_panics_on_bytes(bytes in proptest::collection::vec(any::<u8>(), 0..256)) {
        let _ignored = manifest::parse("Spawnfile", &bytes);
        let _ignored = manifest::front_matter("SKILL.md", &bytes);
    }

    #[test]
    fn parsing_never_panics_on_what_looks_like_a_manifest(
        pieces in proptest::collection::vec(prop_oneof![
            4 => proptest::sample::select(PIECES.to_vec()).prop_map(str::to_owned),
            1 => "\\PC{0,6}",
        ], 0..24),
    ) {
        let text = pieces.concat();
        if let Err(findings) = manifest::parse("Spawnfile", text.as_bytes()) {
            prop_assert!(findings.has_errors());
        }
        let _ignored = manifest::front_matter("SKILL.md", format!("---\n{text}\n---\n").as_bytes());
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 32, ..ProptestConfig::default() })]

    #[test]
    fn docs_decide_digests_but_not_the_fingerprint(text in "\\PC{0,40}") {
        let (mut sources, lowering, lock) = analyst();
        let (_, before, _) = compile(&sources, &lowering, &lock).unwrap();
        let old = sources.files.insert("AGENTS.md".into(), text.clone().into_bytes()).unwrap();
        let (_, after, _) = compile(&sources, &lowering, &lock).unwrap();
        prop_assert_eq!(&before.report, &after.report);
        prop_assert_eq!(before.extras.nodes == after.extras.nodes, old == text.as_bytes());
    }
}

#[test]
fn compiling_twice_gives_equal_bytes() {
    let (sources, lowering, lock) = analyst();
    let (_, first, _) = compile(&sources, &lowering, &lock).unwrap();
    let (_, second, _) = compile(&sources, &lowering, &lock).unwrap();
    assert_eq!(first.tree, second.tree);
    assert_eq!(first.labels, second.labels);
}

#[test]
fn no_path_of_the_machine_stands_in_anything_but_the_compile_report() {
    let (sources, lowering, lock) = analyst();
    let (_, compiled, _) = compile(&sources, &lowering, &lock).unwrap();
    let has = |bytes: &[u8]| bytes.windows(CANARY.len()).any(|window| window == CANARY.as_bytes());
    let holders: Vec<&str> = compiled.tree.iter().filter(|(_, file)| has(&file.bytes)).map(|(path, _)| path).collect();
    assert_eq!(holders, ["spawnfile-report.json"]);
    assert!(!format!("{:?} {:?}", compiled.labels, compiled.init_plan).contains(CANARY));
}

#[test]
fn the_archive_holds_the_program_of_pid_1_its_plan_and_the_sources() {
    let (sources, lowering, lock) = analyst();
    let (_, compiled, _) = compile(&sources, &lowering, &lock).unwrap();
    let bytes = &compiled.tree.get("rootfs.tar").unwrap().bytes;
    let mut archive = tar::Archive::new(bytes.as_slice());
    let mut found = std::collections::BTreeMap::new();
    for entry in archive.entries().unwrap() {
        let mut entry = entry.unwrap();
        assert_eq!(entry.header().mtime().unwrap(), TIME);
        assert_eq!(entry.header().username().unwrap().unwrap_or_default(), "");
        let mut content = Vec::new();
        entry.read_to_end(&mut content).unwrap();
        found.insert(entry.path().unwrap().to_str().unwrap().to_owned(), content);
    }
    assert_eq!(found["spawnfile/init"], INIT);
    assert_eq!(
        serde_json::from_slice::<serde_json::Value>(&found["spawnfile/init.json"]).unwrap(),
        serde_json::to_value(&compiled.init_plan).unwrap()
    );
    assert!(found.values().any(|content| *content == sources.files["AGENTS.md"]));
}

#[test]
fn labels_carry_the_digests_of_both_documents_and_the_last_line_copies_them() {
    let (sources, lowering, lock) = analyst();
    let (_, compiled, _) = compile(&sources, &lowering, &lock).unwrap();
    let digest = |bytes: &[u8]| spawnfile_core::oci::Digest::of(bytes).to_string();
    assert_eq!(compiled.labels[labels::REPORT_DIGEST], digest(&compiled.report_bytes));
    assert_eq!(compiled.labels[labels::EXTRAS_DIGEST], digest(&compiled.extras_bytes));
    assert_eq!(compiled.tree.get("image/spawnfile/spawnfile-report.json").unwrap().bytes, compiled.report_bytes);
    assert_eq!(compiled.tree.get("image/spawnfile/spawnfile-extras.json").unwrap().bytes, compiled.extras_bytes);
    let dockerfile = String::from_utf8(compiled.tree.get("Dockerfile").unwrap().bytes.clone()).unwrap();
    assert_eq!(dockerfile.lines().last().unwrap(), "COPY image/spawnfile/ /spawnfile/");
}

#[test]
fn a_repeated_piece_ends_in_an_answer() {
    for piece in PIECES.iter().chain(&["a: ", "[[", "{a: ", "\u{feff}", "\\", "%TAG ! x\n", "&a [", "a\n", " ", "\n", "\r", "a: b\n"]) {
        let text = piece.repeat((256 << 10) / piece.len());
        assert!(manifest::parse("Spawnfile", text.as_bytes()).is_err(), "{piece:?}");
    }
}

/// A hierarchical team of inline agents that share a skill.
fn large(agents: usize) -> ProjectSources {
    let mut text = String::from(
        "spawnfile_version: \"0.1\"\nkind: team\nname: large\nmode: hierarchical\nlead: m0\nshared:\n  workspace:\n    docs: {soul: S.md}\n    skills: [{ref: s}]\nmembers:\n",
    );
    for n in 0..agents {
        text.push_str(&format!("  - {{id: m{n}, runtime: probe, workspace: {{docs: {{system: S.md}}}}}}\n"));
    }
    let skill = "---\nname: s\ndescription: d\n---\n";
    let files = [("Spawnfile", text.as_str()), ("S.md", "A doc.\n"), ("s/SKILL.md", skill)];
    let files = files.into_iter().map(|(path, text)| (path.to_owned(), text.as_bytes().to_vec())).collect();
    ProjectSources { root: "Spawnfile".into(), files }
}

#[test]
fn a_large_organization_compiles_to_documents_that_are_read() {
    let (organization, compiled, _) = compile_with(&large(1000), &Lock::empty(), place).unwrap();
    assert_eq!(organization.agents.len(), 1000);
    let report = spawnfile_core::report::parse(&compiled.report_bytes).unwrap();
    let extras = spawnfile_core::extras::parse(&compiled.extras_bytes).unwrap();
    assert!(extras.agree(&report).is_empty());
    assert_eq!(compiled.init_plan.processes.len(), 1000);
    // Agents are told apart by name and place, so twice as many of them are about twice as much.
    let size = |compiled: &spawnfile_core::compile::Compiled| compiled.tree.iter().map(|(_, file)| file.bytes.len()).sum::<usize>();
    let (_, half, _) = compile_with(&large(500), &Lock::empty(), place).unwrap();
    assert!(size(&compiled) < size(&half) * 9 / 4, "{} {}", size(&compiled), size(&half));
}
