//! Paths: of the creator's machine (which never reach an image) and of the image (which are plain, absolute texts).
//!
//! Nothing here touches a file system.

use std::fmt;
use std::path::{Path, PathBuf};

use serde::Serializer;

/// Longest path in the image, in bytes.
pub const MAX_PATH: usize = 1024;
/// Longest part of a path in the image, in bytes.
pub const MAX_SEGMENT: usize = 255;

/// A path on the machine that compiles. It has no `Serialize` and its `Debug` shows nothing, so no document takes one
/// by accident; those that stay on the machine opt in with [`HostPath::serialize`], field by field.
#[derive(Clone, PartialEq, Eq)]
pub struct HostPath(PathBuf);

impl HostPath {
    /// Takes a path in.
    pub fn new(path: impl Into<PathBuf>) -> Self {
        Self(path.into())
    }

    /// Returns the path.
    pub fn as_path(&self) -> &Path {
        &self.0
    }

    /// Writes the path; for `#[serde(serialize_with)]` in documents that never leave the machine.
    pub fn serialize<S: Serializer>(path: &Self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&path.0.to_string_lossy())
    }
}

impl fmt::Debug for HostPath {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("[host path]")
    }
}

/// Returns whether a text is one part of a path: no separator, no control character, not `.` or `..`, at most
/// [`MAX_SEGMENT`] bytes.
pub fn is_segment(text: &str) -> bool {
    !text.is_empty()
        && text.len() <= MAX_SEGMENT
        && text != "."
        && text != ".."
        && !text.chars().any(|c| c == '/' || c == '\\' || c.is_control())
}

/// Returns whether a text is an absolute, normalised path of the image, other than `/`.
pub fn is_clean_absolute(text: &str) -> bool {
    text.len() <= MAX_PATH && text.strip_prefix('/').is_some_and(|rest| rest.split('/').all(is_segment))
}

/// Returns whether a text is a relative, normalised path without `..`.
pub fn is_clean_relative(text: &str) -> bool {
    text.len() <= MAX_PATH && text.split('/').all(is_segment)
}

/// Returns whether `path` lies strictly below `folder`; both normalised.
pub fn is_below(path: &str, folder: &str) -> bool {
    path.strip_prefix(folder).is_some_and(|rest| rest.len() > 1 && rest.starts_with('/'))
}

/// Returns whether a text may stand where the report wants a path: clean, and without white space or colon.
pub fn is_report_path(text: &str) -> bool {
    is_clean_absolute(text) && !text.chars().any(|c| c.is_whitespace() || c == ':')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn refuses_what_would_escape() {
        for bad in ["", "/", "a", "/a/", "/a//b", "/a/../b", "/./a", "/a\0", "/a\\b", "/a\nb"] {
            assert!(!is_clean_absolute(bad), "{bad:?}");
        }
        assert!(is_clean_absolute("/a/b c/d.e"));
        assert!(is_below("/a/b", "/a"));
        for not_below in ["/a", "/ab", "/a/", "/b/a"] {
            assert!(!is_below(not_below, "/a"), "{not_below}");
        }
        assert!(!is_report_path("/a:b"));
        assert!(is_clean_relative("a/b") && !is_clean_relative("../a") && !is_clean_relative("/a"));
    }

    #[test]
    fn debug_shows_nothing() {
        assert_eq!(format!("{:?}", HostPath::new("/home/canary")), "[host path]");
    }
}
