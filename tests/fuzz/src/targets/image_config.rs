//! The configuration of an image.

use spawnfile_core::distribution::config;
use spawnfile_core::distribution::manifest::MAX_LAYERS;

pub fn check(bytes: &[u8]) {
    match config::parse(bytes) {
        Ok(config) => {
            assert!(config.diff_ids.len() <= MAX_LAYERS);
            super::is_fit_to_show(&config.platform);
        }
        Err(error) => super::is_fit_to_show(&error.to_string()),
    }
}
