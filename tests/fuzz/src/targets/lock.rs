//! Spawnfile.lock, out of a project that somebody else committed.

use spawnfile_core::lock::Lock;

pub fn check(bytes: &[u8]) {
    let Ok(text) = std::str::from_utf8(bytes) else { return };
    match Lock::parse(text) {
        Ok(lock) => {
            let written = lock.write();
            let read = Lock::parse(&written).unwrap();
            assert_eq!(read.write(), written, "written and read back");
            assert_eq!((read.images.len(), read.plugins.len()), (lock.images.len(), lock.plugins.len()));
            lock.images.iter().for_each(|image| assert!(!image.pinned().is_empty()));
        }
        // Made of lines: the reader of TOML shows the place.
        Err(error) => error.to_string().lines().for_each(super::is_fit_to_show),
    }
}
