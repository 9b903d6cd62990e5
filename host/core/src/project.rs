//! The sources of a project: what a manifest wants read, and what was read. Reading itself is the caller's; it also
//! refuses symbolic links and enforces the bounds while reading.

use std::collections::BTreeMap;

use crate::finding::Position;

/// Largest manifest, in bytes.
pub const MAX_MANIFEST_BYTES: u64 = 1 << 20;
/// Largest doc, in bytes.
pub const MAX_DOC_BYTES: u64 = 1 << 20;
/// Most files of a skill.
pub const MAX_SKILL_FILES: u32 = 1000;
/// Most bytes of a skill's files together.
pub const MAX_SKILL_BYTES: u64 = 16 << 20;

/// Files of a project.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct ProjectSources {
    /// Key of the root manifest in `files`: its file name.
    pub root: String,
    /// Path to bytes. Paths are normalised and relative to the root manifest's folder; they may start with `../`.
    pub files: BTreeMap<String, Vec<u8>>,
}

/// Something that a manifest names and that has to be read before the project is resolved.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Wanted {
    /// One regular file.
    File {
        /// Key in [`ProjectSources::files`].
        path: String,
        /// Largest size.
        max_bytes: u64,
        /// Key of the manifest that names it (`workspace.docs.system`).
        key: String,
        /// Where the manifest names it.
        position: Position,
    },
    /// Every regular file of a folder and its subfolders, under `path/`.
    Folder {
        /// Prefix of the keys in [`ProjectSources::files`], without a trailing slash.
        path: String,
        /// Most files.
        max_files: u32,
        /// Most bytes of all files together.
        max_bytes: u64,
        /// Key of the manifest that names it (`workspace.skills[0].ref`).
        key: String,
        /// Where the manifest names it.
        position: Position,
    },
}

/// Why a path of a manifest cannot be used.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum PathError {
    /// It is empty.
    #[error("it is empty")]
    Empty,
    /// It is absolute.
    #[error("it is absolute; paths are relative to the manifest's folder")]
    Absolute,
    /// It has a backslash or a control character.
    #[error("it has a backslash or a control character; parts are separated by `/`")]
    Character,
}

/// Returns the key in [`ProjectSources::files`] of a path that the manifest at key `manifest` names. `.` stands for
/// the root manifest's folder itself.
pub fn locate(manifest: &str, written: &str) -> Result<String, PathError> {
    if written.is_empty() {
        return Err(PathError::Empty);
    }
    if written.starts_with('/') {
        return Err(PathError::Absolute);
    }
    if written.chars().any(|c| c == '\\' || c.is_control()) {
        return Err(PathError::Character);
    }
    let folder = manifest.rsplit_once('/').map_or("", |(folder, _)| folder);
    let mut parts: Vec<&str> = Vec::new();
    for part in folder.split('/').chain(written.split('/')) {
        match part {
            "" | "." => {}
            ".." if parts.last().is_some_and(|last| *last != "..") => {
                parts.pop();
            }
            part => parts.push(part),
        }
    }
    Ok(if parts.is_empty() { ".".to_owned() } else { parts.join("/") })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths_are_normalised_against_the_manifest() {
        for (manifest, written, key) in [
            ("Spawnfile", "./skills/x/", "skills/x"),
            ("Spawnfile", "../shared/A.md", "../shared/A.md"),
            ("Spawnfile", "a/../../b", "../b"),
            ("agents/a/Spawnfile", "../../B.md", "B.md"),
            ("../org/Spawnfile", "../../x", "../../x"),
            ("Spawnfile", "a/..", "."),
        ] {
            assert_eq!(locate(manifest, written).as_deref(), Ok(key), "{manifest} {written}");
        }
        assert_eq!(locate("Spawnfile", "/etc/passwd"), Err(PathError::Absolute));
        assert_eq!(locate("Spawnfile", "a\\b"), Err(PathError::Character));
        assert_eq!(locate("Spawnfile", ""), Err(PathError::Empty));
    }
}
