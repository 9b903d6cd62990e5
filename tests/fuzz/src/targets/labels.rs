//! The labels of an image: lines of `key=value`.

use std::collections::BTreeMap;

use spawnfile_core::contract::verify;
use spawnfile_core::name::is_label_value;
use spawnfile_core::oci::labels;

pub fn check(bytes: &[u8]) {
    let Ok(text) = std::str::from_utf8(bytes) else { return };
    let mut all: BTreeMap<String, String> = BTreeMap::new();
    for line in text.split('\n') {
        let (key, value) = line.split_once('=').unwrap_or((line, ""));
        all.insert(key.to_owned(), value.to_owned());
    }
    match verify(&all) {
        Ok(contract) => {
            assert!(is_label_value(&contract.project) && is_label_value(&contract.compile_fingerprint));
            let path = &contract.report_path;
            assert!(path.starts_with("/spawnfile/") && path.ends_with(".json") && path != labels::EXTRAS_PATH, "{path}");
            assert!(path.split('/').skip(1).all(|part| !matches!(part, "" | "." | "..")), "{path}");
            assert!(path.ends_with(contract.report_name()) && !contract.report_name().contains('/'));
            let digests = [(labels::REPORT_DIGEST, &contract.report_digest), (labels::EXTRAS_DIGEST, &contract.extras_digest)];
            for (label, digest) in digests {
                assert_eq!(all.get(label).cloned(), digest.as_ref().map(ToString::to_string), "{label}");
            }
        }
        Err(error) => super::is_fit_to_show(&error.to_string()),
    }
}
