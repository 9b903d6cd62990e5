//! The sources of a project: what a manifest wants read, and what was read. Reading itself is the caller's; it also
//! refuses symbolic links and enforces the bounds while reading.

use std::collections::BTreeMap;

use crate::finding::Position;

/// File name of a manifest that is named by its folder.
pub const MANIFEST_NAME: &str = "Spawnfile";
/// Most agents and teams of a project: what a report can hold.
pub const MAX_NODES: usize = 5_000;
/// Most members and subagents of a project, each counted wherever it is named.
pub const MAX_EDGES: usize = 20_000;
/// Most bytes of all manifests of a project together.
pub const MAX_MANIFESTS_BYTES: u64 = 32 << 20;
/// Most bytes of docs, skills and team context of all agents together: each agent has its own copy in the image.
pub const MAX_PLACED_BYTES: u64 = 256 << 20;
/// Most files of the skills of all agents together.
pub const MAX_PLACED_FILES: usize = 100_000;
/// Deepest nesting of teams and subagents.
pub const MAX_DEPTH: usize = 32;
/// Most bytes of all files of a project together.
pub const MAX_PROJECT_BYTES: u64 = 256 << 20;
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
    /// Path to bytes, manifests included. Paths are normalised and relative to the root manifest's folder; they may start with `../`.
    pub files: BTreeMap<String, Vec<u8>>,
}

/// Something that a manifest names and that has to be read before the project is resolved.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Wanted {
    /// The manifest of a member or subagent, which wants more in its turn.
    Manifest {
        /// Key in [`ProjectSources::files`].
        path: String,
        /// Key of the manifest that names it (`members[0].ref`).
        key: String,
        /// Where the manifest names it.
        position: Position,
    },
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
