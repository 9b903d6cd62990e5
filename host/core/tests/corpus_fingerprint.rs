//! The fingerprint of every report in the corpus comes out equal. Skipped, and said, where the corpus is absent.
#![allow(clippy::unwrap_used, clippy::print_stderr, reason = "tests")]

use spawnfile_core::report::{DistributionReport, fingerprint};

#[test]
fn fingerprints_of_the_corpus_are_equal() {
    let expected = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("../../../shared/corpus/expected");
    let Ok(projects) = std::fs::read_dir(&expected) else {
        eprintln!("skipped: the corpus is not there");
        return;
    };
    for project in projects {
        let path = project.unwrap().path().join("distribution-report.json");
        let report: DistributionReport = serde_json::from_slice(&std::fs::read(&path).unwrap()).unwrap();
        assert_eq!(fingerprint(&report), report.compile_fingerprint, "{}", path.display());
    }
}
