//! `Spawnfile.lock`: the images and plugins that a project compiles with, pinned. Written beside the root Spawnfile
//! and committed by the creator.

use serde::{Deserialize, Serialize};

use crate::display::{excerpt, shortened};
use crate::oci::Digest;

/// Most characters of what the reader of TOML says: it quotes keys in full.
const MESSAGE_CHARS: usize = 400;

/// The lock file's version.
pub const LOCK_VERSION: u32 = 1;

/// The lock file.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Lock {
    /// Always [`LOCK_VERSION`].
    pub version: u32,
    /// Images, sorted by role, kind and reference.
    #[serde(default, rename = "image", skip_serializing_if = "Vec::is_empty")]
    pub images: Vec<LockedImage>,
    /// Plugins, sorted by id.
    #[serde(default, rename = "plugin", skip_serializing_if = "Vec::is_empty")]
    pub plugins: Vec<LockedPlugin>,
}

/// A pinned image. Exactly one of `digest` and `image_id` is set.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct LockedImage {
    /// `base` or `runtime`.
    pub role: String,
    /// Runtime kind, for the role `runtime`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub kind: Option<String>,
    /// Reference that the runtime kind asks for.
    pub reference: String,
    /// Digest in the registry (of the index, where there is one).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub digest: Option<Digest>,
    /// Id of a local image that was never pushed: good on this Engine only.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub image_id: Option<Digest>,
}

/// A pinned plugin.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct LockedPlugin {
    /// `namespace/name`.
    pub id: String,
    /// Version.
    pub version: String,
    /// Digest of the component.
    pub digest: Digest,
}

/// Why a lock file cannot be used.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum LockError {
    /// It is no TOML, or has an unknown key or a wrong type.
    #[error("Spawnfile.lock, line {line}: {message}")]
    Malformed {
        /// Line, from 1.
        line: usize,
        /// What is wrong; escaped for display.
        message: String,
    },
    /// It is of another version.
    #[error("Spawnfile.lock is of version {0}, this spawnfile reads version {LOCK_VERSION}")]
    Version(u32),
    /// An image has neither or both of digest and image id.
    #[error("Spawnfile.lock: image `{0}` must have exactly one of `digest` and `image_id`")]
    Pin(String),
}

impl Lock {
    /// Returns a lock with nothing in it.
    pub const fn empty() -> Self {
        Self { version: LOCK_VERSION, images: Vec::new(), plugins: Vec::new() }
    }

    /// Parses the text of a lock file.
    pub fn parse(text: &str) -> Result<Self, LockError> {
        let lock: Self = toml::from_str(text).map_err(|error| {
            let before = error.span().and_then(|span| text.get(..span.start)).unwrap_or_default();
            LockError::Malformed { line: before.matches('\n').count() + 1, message: shortened(error.message(), MESSAGE_CHARS) }
        })?;
        if lock.version != LOCK_VERSION {
            return Err(LockError::Version(lock.version));
        }
        match lock.images.iter().find(|image| image.digest.is_some() == image.image_id.is_some()) {
            Some(image) => Err(LockError::Pin(excerpt(&image.reference))),
            None => Ok(lock),
        }
    }

    /// Returns the canonical text of the lock file.
    pub fn write(&self) -> String {
        let mut sorted = self.clone();
        sorted.images.sort_by(|a, b| (&a.role, &a.kind, &a.reference).cmp(&(&b.role, &b.kind, &b.reference)));
        sorted.plugins.sort_by(|a, b| a.id.cmp(&b.id));
        // A struct of strings and integers always serialises.
        toml::to_string(&sorted).unwrap_or_default()
    }

    /// Returns how `reference` is pinned.
    pub fn image(&self, reference: &str) -> Option<&LockedImage> {
        self.images.iter().find(|image| image.reference == reference)
    }
}

impl LockedImage {
    /// Returns what a Dockerfile names: `reference@digest` or the local id.
    pub fn pinned(&self) -> String {
        match (&self.digest, &self.image_id) {
            (Some(digest), _) => format!("{}@{digest}", strip_tag(&self.reference)),
            (None, Some(id)) => id.to_string(),
            (None, None) => self.reference.clone(),
        }
    }
}

/// Returns the reference without its tag: a name with both tag and digest is refused by the classic builder.
fn strip_tag(reference: &str) -> &str {
    match reference.rfind(':') {
        Some(colon) if !reference.get(colon..).unwrap_or_default().contains('/') => reference.get(..colon).unwrap_or(reference),
        _ => reference,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_what_it_writes_and_pins() {
        let lock = Lock {
            version: 1,
            images: vec![
                LockedImage {
                    role: "runtime".into(),
                    kind: Some("k".into()),
                    reference: "o/r:1".into(),
                    digest: Some(Digest::of(b"a")),
                    image_id: None,
                },
                LockedImage {
                    role: "base".into(),
                    kind: None,
                    reference: "localhost:5000/b".into(),
                    digest: None,
                    image_id: Some(Digest::of(b"b")),
                },
            ],
            plugins: vec![LockedPlugin { id: "a/b".into(), version: "0.1.0".into(), digest: Digest::of(b"c") }],
        };
        let read = Lock::parse(&lock.write()).unwrap();
        assert_eq!(read.write(), lock.write());
        assert_eq!(read.image("o/r:1").unwrap().pinned(), format!("o/r@{}", Digest::of(b"a")));
        assert_eq!(read.image("localhost:5000/b").unwrap().pinned(), Digest::of(b"b").to_string());
    }

    #[test]
    fn refuses_unknown_keys_versions_and_loose_images() {
        let unknown = Lock::parse("version = 1\n\"a\u{202e}\" = 1").unwrap_err().to_string();
        assert!(unknown.starts_with("Spawnfile.lock, line 2: unknown field `a\\u{202e}`"), "{unknown}");
        assert!(Lock::parse(&format!("{} = 1", "x".repeat(10_000))).unwrap_err().to_string().len() < 1000);
        assert!(matches!(Lock::parse("version = 2"), Err(LockError::Version(2))));
        assert!(matches!(Lock::parse("version = 1\n[[image]]\nrole='base'\nreference='x'"), Err(LockError::Pin(_))));
    }
}
