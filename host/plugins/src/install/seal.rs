//! The seal of the cache: a message authentication code with a key of this home, so that an entry which this program
//! did not write itself (unpacked from an archive, copied from another home, filed under another name) does not load.
//! Does not guard against programs of the same user: those can read the key, and change this program too.

use std::fs::File;
use std::io::Read as _;
use std::os::unix::fs::MetadataExt as _;
use std::path::{Path, PathBuf};

use sha2::{Digest as _, Sha256};

use super::durable;

/// Bytes of a key.
const KEY: usize = 32;

/// Bytes that SHA-256 takes at a time: what a key of HMAC is filled up to.
const BLOCK: usize = 64;

/// The key of a folder.
pub(super) struct Seal {
    key: [u8; KEY],
}

impl Seal {
    /// Returns the key of a folder; nothing when there is none that only this user can read.
    pub(super) fn read(folder: &Path) -> Option<Self> {
        let path = path(folder);
        let found = std::fs::symlink_metadata(&path).ok()?;
        if !found.is_file() || found.uid() != rustix::process::geteuid().as_raw() || found.mode() & 0o077 != 0 {
            return None;
        }
        let key = crate::component::read_bounded(&path, KEY as u64).ok()?;
        Some(Self { key: key.try_into().ok()? })
    }

    /// Returns the key of a folder, a new one where there is none that can be used. Entries under an old one no longer
    /// load then, and are made again.
    pub(super) fn read_or_make(folder: &Path) -> std::io::Result<Self> {
        if let Some(seal) = Self::read(folder) {
            return Ok(seal);
        }
        let mut key = [0; KEY];
        File::open("/dev/urandom")?.read_exact(&mut key)?;
        durable::write(&path(folder), &key)?;
        // Two processes may both make one; the one that stands there counts.
        Self::read(folder).ok_or_else(|| std::io::Error::other("the key of the cache was not kept"))
    }

    /// Returns the code over these parts, as hexadecimal digits. The length of each part is part of it.
    pub(super) fn code(&self, parts: &[&[u8]]) -> String {
        let padded = |with: u8| {
            let mut block = [with; BLOCK];
            block.iter_mut().zip(self.key).for_each(|(byte, key)| *byte ^= key);
            block
        };
        let mut inner = Sha256::new_with_prefix(padded(0x36));
        for part in parts {
            inner.update((part.len() as u64).to_le_bytes());
            inner.update(part);
        }
        let outer = Sha256::new_with_prefix(padded(0x5c)).chain_update(inner.finalize());
        outer.finalize().iter().map(|byte| format!("{byte:02x}")).collect()
    }
}

fn path(folder: &Path) -> PathBuf {
    folder.join("key")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn codes_depend_on_key_parts_and_their_borders() {
        let seal = |with| Seal { key: [with; KEY] };
        let codes =
            [seal(1).code(&[b"ab", b"c"]), seal(2).code(&[b"ab", b"c"]), seal(1).code(&[b"a", b"bc"]), seal(1).code(&[b"ab", b"c", b""])];
        assert_eq!(codes.iter().collect::<std::collections::BTreeSet<_>>().len(), 4);
        assert_eq!(codes[0], seal(1).code(&[b"ab", b"c"]));
        assert!(codes[0].len() == 64);
    }

    #[test]
    fn a_key_is_made_once_is_private_and_one_that_others_can_read_does_not_count() {
        use std::os::unix::fs::PermissionsExt as _;

        let folder = tempfile::tempdir().unwrap();
        assert!(Seal::read(folder.path()).is_none());
        let first = Seal::read_or_make(folder.path()).unwrap().key;
        assert_eq!(Seal::read_or_make(folder.path()).unwrap().key, first);
        let file = path(folder.path());
        assert_eq!(file.metadata().unwrap().permissions().mode() & 0o777, 0o600);
        std::fs::set_permissions(&file, std::fs::Permissions::from_mode(0o644)).unwrap();
        assert!(Seal::read(folder.path()).is_none());
        assert_ne!(Seal::read_or_make(folder.path()).unwrap().key, first);
        std::fs::write(&file, b"short").unwrap();
        assert!(Seal::read(folder.path()).is_none());
    }
}
