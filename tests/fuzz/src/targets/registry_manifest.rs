//! A manifest or index of a registry, and the choice of a platform.

use spawnfile_core::distribution::manifest::{self, MAX_LAYERS, MAX_MANIFESTS, Manifest};
use spawnfile_core::oci::Platform;

pub fn check(bytes: &[u8]) {
    for served in [None, Some(manifest::OCI_MANIFEST), Some(manifest::DOCKER_LIST), Some("text/html")] {
        match manifest::parse(bytes, served) {
            Ok(Manifest::Image(image)) => {
                assert!(!image.layers.is_empty() && image.layers.len() <= MAX_LAYERS);
                assert!(served != Some(manifest::DOCKER_LIST), "an image that was served as an index");
            }
            Ok(Manifest::Index(entries)) => {
                assert!(entries.len() <= MAX_MANIFESTS && served != Some(manifest::OCI_MANIFEST));
                match manifest::choose(&entries, Platform::LinuxArm64) {
                    Ok(entry) => assert!(entry.platform.as_deref().is_some_and(|platform| platform.contains('/'))),
                    Err(error) => assert_eq!(spawnfile_core::display::escape(&error.to_string()), error.to_string()),
                }
            }
            // Escaped by the error of the client that holds it: a digest is quoted as it is.
            Err(error) => super::is_fit_to_show(&spawnfile_core::display::escape(&error.to_string())),
        }
    }
}
