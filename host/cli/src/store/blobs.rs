//! What was read from registries, by digest and shared by all images; and which digest a tag had when it was last read.
//!
//! What stands here is checked against its digest at every use: something else counts as absent. A cache that cannot be
//! written costs the next request, and is no error.

use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};
use spawnfile_core::oci::{Digest, Reference};

use super::atomic;

/// Largest entry: the budget of what is read of one image.
const MAX_BYTES: u64 = 8 * 1024 * 1024;
const MAX_TAG: u64 = 4096;

/// The cache of a home.
#[derive(Debug, Clone)]
pub(crate) struct Blobs {
    folder: PathBuf,
}

#[derive(Serialize, Deserialize)]
struct Tag {
    reference: String,
    digest: Digest,
}

impl Blobs {
    pub(crate) fn of(home: &Path) -> Self {
        Self { folder: home.join("cache/registry") }
    }

    fn blob(&self, digest: &Digest) -> PathBuf {
        self.folder.join("sha256").join(digest.hex())
    }

    fn tag(&self, reference: &Reference) -> PathBuf {
        self.folder.join("tags").join(Digest::of(reference.to_string().as_bytes()).hex())
    }

    /// Returns the bytes with a digest.
    pub(crate) fn get(&self, digest: &Digest) -> Option<Vec<u8>> {
        let bytes = atomic::read(&self.blob(digest), MAX_BYTES).ok()??;
        (Digest::of(&bytes) == *digest).then_some(bytes)
    }

    /// Keeps bytes under their digest.
    pub(crate) fn put(&self, digest: &Digest, bytes: &[u8]) {
        let _next_time_again = atomic::write(&self.blob(digest), bytes);
    }

    /// Returns the digest that a tag had when it was last read.
    pub(crate) fn tagged(&self, reference: &Reference) -> Option<Digest> {
        let bytes = atomic::read(&self.tag(reference), MAX_TAG).ok()??;
        let tag: Tag = serde_json::from_slice(&bytes).ok()?;
        (tag.reference == reference.to_string()).then_some(tag.digest)
    }

    /// Keeps the digest that a tag has now.
    pub(crate) fn set_tag(&self, reference: &Reference, digest: &Digest) {
        let tag = Tag { reference: reference.to_string(), digest: digest.clone() };
        let _next_time_again = atomic::write(&self.tag(reference), &spawnfile_core::json::pretty(&tag));
    }
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::PermissionsExt as _;

    use super::*;

    #[test]
    fn what_has_another_digest_counts_as_absent() {
        let home = tempfile::tempdir().unwrap();
        let blobs = Blobs::of(home.path());
        let digest = Digest::of(b"bytes");
        assert_eq!(blobs.get(&digest), None);
        blobs.put(&digest, b"bytes");
        assert_eq!(blobs.get(&digest).as_deref(), Some(&b"bytes"[..]));
        let path = blobs.blob(&digest);
        assert_eq!(std::fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o600);
        assert_eq!(std::fs::metadata(path.parent().unwrap()).unwrap().permissions().mode() & 0o777, 0o700);
        std::fs::write(&path, b"other").unwrap();
        assert_eq!(blobs.get(&digest), None);
    }

    #[test]
    fn a_tag_is_known_by_its_whole_reference() {
        let home = tempfile::tempdir().unwrap();
        let blobs = Blobs::of(home.path());
        let [one, two]: [Reference; 2] = ["127.0.0.1:1/a:1", "127.0.0.1:1/a:2"].map(|text| text.parse().unwrap());
        blobs.set_tag(&one, &Digest::of(b"x"));
        assert_eq!((blobs.tagged(&one), blobs.tagged(&two)), (Some(Digest::of(b"x")), None));
        std::fs::copy(blobs.tag(&one), blobs.tag(&two)).unwrap();
        assert_eq!(blobs.tagged(&two), None);
    }

    #[test]
    fn a_home_that_cannot_be_written_is_no_cache() {
        let home = tempfile::tempdir().unwrap();
        std::fs::write(home.path().join("cache"), b"").unwrap();
        let blobs = Blobs::of(home.path());
        blobs.put(&Digest::of(b"x"), b"x");
        assert_eq!(blobs.get(&Digest::of(b"x")), None);
    }
}
