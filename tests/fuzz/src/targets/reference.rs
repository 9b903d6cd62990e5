//! An image reference or a path, as a command is given it.

use spawnfile_core::oci::Reference;
use spawnfile_core::subject::{Subject, classify};

pub fn check(bytes: &[u8]) {
    let Ok(text) = std::str::from_utf8(bytes) else { return };
    match text.parse::<Reference>() {
        Ok(reference) => {
            let printed = reference.to_string();
            assert_eq!(printed.parse::<Reference>().as_ref(), Ok(&reference), "printed and read back");
            assert_eq!(printed, text.trim(), "nothing is filled in");
            assert!(!text.trim().starts_with(['.', '/', '-']), "a path or an option");
            super::is_fit_to_show(&printed);
        }
        Err(error) => super::is_fit_to_show(&error.to_string()),
    }
    for (exists, force_image) in [(false, false), (true, false), (false, true), (true, true)] {
        match classify(text, exists, force_image) {
            Ok(Subject::Project(path)) => assert!(exists && !force_image && path == text),
            Ok(Subject::Image(reference)) => assert!(force_image || !exists && reference.is_explicit()),
            Err(error) => super::is_fit_to_show(&error.to_string()),
        }
    }
}
