//! Compiled components, by digest of the component and key of the engine configuration. A private folder; every entry
//! has a sidecar with a code over its name and its bytes, made with a key of this home, and one that does not match is
//! dropped: what stands here is native code that this process will run.

use std::path::{Path, PathBuf};

use spawnfile_core::oci::Digest;

use super::durable;
use super::seal::Seal;
use crate::error::Problem;
use crate::limits::COMPILED_BYTES;

/// The cache under a home folder.
pub(super) struct Cache {
    folder: PathBuf,
}

impl Cache {
    pub(super) fn of(home: &Path) -> Self {
        Self { folder: home.join("cache").join("components") }
    }

    /// Returns the compiled form of a component, checked; nothing when there is none that is whole.
    pub(super) fn get(&self, component: &Digest, key: &str) -> Option<Vec<u8>> {
        if !durable::is_private(&self.folder) {
            return None;
        }
        let (code, sum) = self.paths(component, key);
        let compiled = crate::component::read_bounded(&code, COMPILED_BYTES).ok()?;
        let wanted = crate::component::read_bounded(&sum, 200).ok()?;
        let seal = Seal::read(&self.folder)?;
        if wanted == sum_of(&seal, component, key, &compiled).as_bytes() {
            return Some(compiled);
        }
        self.drop_entry(component, key);
        None
    }

    /// Keeps the compiled form of a component.
    pub(super) fn put(&self, component: &Digest, key: &str, compiled: &[u8]) -> Result<(), Problem> {
        let io = |error: std::io::Error| Problem::Io(format!("cannot write into `{}`: {error}", self.folder.display()));
        durable::folder(&self.folder).map_err(io)?;
        if !durable::is_private(&self.folder) {
            return Err(Problem::Refused(format!("`{}` must belong to you and be closed to others (chmod 700)", self.folder.display())));
        }
        let seal = Seal::read_or_make(&self.folder).map_err(io)?;
        let (code, sum) = self.paths(component, key);
        durable::write(&code, compiled).map_err(io)?;
        durable::write(&sum, sum_of(&seal, component, key, compiled).as_bytes()).map_err(io)
    }

    /// Drops one entry.
    pub(super) fn drop_entry(&self, component: &Digest, key: &str) {
        let (code, sum) = self.paths(component, key);
        // The sidecar first: code without one does not count.
        let _gone = std::fs::remove_file(sum);
        let _gone = std::fs::remove_file(code);
    }

    /// Drops every entry of a component.
    pub(super) fn forget(&self, component: &Digest) {
        let Ok(entries) = std::fs::read_dir(&self.folder) else { return };
        for entry in entries.flatten() {
            if entry.file_name().to_string_lossy().starts_with(component.hex()) {
                let _gone = std::fs::remove_file(entry.path());
            }
        }
    }

    fn paths(&self, component: &Digest, key: &str) -> (PathBuf, PathBuf) {
        let name = format!("{}-{key}", component.hex());
        (self.folder.join(format!("{name}.cwasm")), self.folder.join(format!("{name}.sum")))
    }
}

fn sum_of(seal: &Seal, component: &Digest, key: &str, compiled: &[u8]) -> String {
    seal.code(&[component.hex().as_bytes(), key.as_bytes(), compiled]) + "\n"
}

#[cfg(test)]
mod tests {
    use super::*;

    fn filled() -> (tempfile::TempDir, Cache, Digest) {
        let home = tempfile::tempdir().unwrap();
        let cache = Cache::of(home.path());
        let component = Digest::of(b"component");
        cache.put(&component, "k", b"code").unwrap();
        (home, cache, component)
    }

    #[test]
    fn what_was_put_comes_back_for_the_same_key_only() {
        let (_home, cache, component) = filled();
        assert_eq!(cache.get(&component, "k").as_deref(), Some(&b"code"[..]));
        assert_eq!(cache.get(&component, "other"), None);
        assert_eq!(cache.get(&Digest::of(b"x"), "k"), None);
        cache.forget(&component);
        assert_eq!(cache.get(&component, "k"), None);
    }

    #[test]
    fn a_damaged_entry_is_dropped() {
        for damage in [&b"cod"[..], b"codE", b"code and more", b""] {
            let (_home, cache, component) = filled();
            let (code, sum) = cache.paths(&component, "k");
            std::fs::write(&code, damage).unwrap();
            assert_eq!(cache.get(&component, "k"), None);
            assert!(!code.exists() && !sum.exists());
        }
        let (_home, cache, component) = filled();
        std::fs::remove_file(cache.paths(&component, "k").1).unwrap();
        assert_eq!(cache.get(&component, "k"), None, "code without a sidecar does not count");
    }

    #[test]
    fn an_entry_that_was_not_made_under_this_name_in_this_home_does_not_load() {
        // Code and sidecar of another component, both rewritten.
        let (_home, cache, component) = filled();
        let other = Digest::of(b"other");
        cache.put(&other, "k", b"other code").unwrap();
        let (from, to) = (cache.paths(&other, "k"), cache.paths(&component, "k"));
        std::fs::copy(from.0, to.0).unwrap();
        std::fs::copy(from.1, to.1).unwrap();
        assert_eq!(cache.get(&component, "k"), None);

        // A whole entry of another home, which has another key.
        let (_there, foreign, same) = filled();
        let (_here, cache, component) = filled();
        assert_eq!(same, component);
        std::fs::copy(foreign.paths(&same, "k").0, cache.paths(&component, "k").0).unwrap();
        std::fs::copy(foreign.paths(&same, "k").1, cache.paths(&component, "k").1).unwrap();
        assert_eq!(cache.get(&component, "k"), None);

        // A checksum that anybody can make.
        let (_home, cache, component) = filled();
        let (code, sum) = cache.paths(&component, "k");
        std::fs::write(&code, b"forged").unwrap();
        std::fs::write(&sum, format!("6 {}\n", Digest::of(b"forged"))).unwrap();
        assert_eq!(cache.get(&component, "k"), None);
    }

    #[test]
    fn a_folder_that_others_can_write_is_not_used() {
        use std::os::unix::fs::PermissionsExt as _;

        let (_home, cache, component) = filled();
        std::fs::set_permissions(&cache.folder, std::fs::Permissions::from_mode(0o777)).unwrap();
        assert_eq!(cache.get(&component, "k"), None);
        assert!(matches!(cache.put(&component, "k", b"code"), Err(Problem::Refused(_))));
    }
}
