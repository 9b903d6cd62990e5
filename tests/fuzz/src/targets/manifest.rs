//! A Spawnfile, and the front matter of a skill: out of a project that somebody else wrote.

use std::collections::BTreeMap;

use spawnfile_core::finding::Findings;
use spawnfile_core::manifest::{front_matter, parse};
use spawnfile_core::organization::resolve;
use spawnfile_core::project::ProjectSources;

pub fn check(bytes: &[u8]) {
    match parse("Spawnfile", bytes) {
        Ok((manifest, findings)) => {
            are_fit_to_show(&findings);
            assert!(!findings.has_errors());
            assert!(manifest.wanted().len() <= bytes.len(), "nothing is wanted that is not written");
            let sources = ProjectSources { root: "Spawnfile".into(), files: BTreeMap::from([("Spawnfile".into(), bytes.to_vec())]) };
            match resolve(&sources) {
                Ok((_, findings)) | Err(findings) => are_fit_to_show(&findings),
            }
        }
        Err(findings) => {
            assert!(findings.has_errors());
            are_fit_to_show(&findings);
        }
    }
    if let Err(findings) = front_matter("SKILL.md", bytes) {
        are_fit_to_show(&findings);
    }
}

fn are_fit_to_show(findings: &Findings) {
    findings.iter().for_each(|finding| super::is_fit_to_show(&finding.message));
}
