//! The fuzz targets over their corpus: seeds, and inputs that once broke something. `cargo xtask fuzz` looks for more.

#![expect(
    unreachable_pub,
    clippy::unwrap_used,
    reason = "the targets are a library for their other front end, and panic when they do not hold"
)]

#[path = "../../../tests/fuzz/src/targets/mod.rs"]
mod targets;

use std::collections::BTreeSet;
use std::path::Path;

#[test]
fn every_target_holds_for_its_corpus() {
    let corpus = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../tests/fuzz/corpus");
    for (name, check) in targets::TARGETS {
        let mut inputs = 0;
        for entry in std::fs::read_dir(corpus.join(name)).unwrap_or_else(|error| panic!("corpus of `{name}`: {error}")) {
            let path = entry.unwrap().path();
            let bytes = std::fs::read(&path).unwrap();
            let held = std::panic::catch_unwind(|| check(&bytes));
            assert!(held.is_ok(), "target `{name}` does not hold for `{}`", path.display());
            inputs += 1;
        }
        assert!(inputs > 0, "the corpus of `{name}` is empty");
    }
}

#[test]
fn every_folder_of_the_corpus_is_a_targets() {
    let fuzz = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../tests/fuzz");
    let targets: BTreeSet<String> = targets::TARGETS.iter().map(|(name, _)| (*name).to_owned()).collect();
    let names = |folder: &str| -> BTreeSet<String> {
        let entries = std::fs::read_dir(fuzz.join(folder)).unwrap().map(|entry| entry.unwrap().path());
        entries.map(|path| path.file_stem().unwrap().to_str().unwrap().to_owned()).collect()
    };
    assert_eq!(names("corpus"), targets);
    assert_eq!(names("fuzz_targets"), targets);
}
