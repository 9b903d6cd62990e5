//! A tree of output files: what a decision wants written, before anybody writes it.

use std::collections::BTreeMap;

/// A file to write.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TreeFile {
    /// Permission bits.
    pub mode: u32,
    /// Content.
    pub bytes: Vec<u8>,
}

/// Relative path (slashes, no `..`, no leading slash) to file, sorted.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct OutputTree(BTreeMap<String, TreeFile>);

impl OutputTree {
    /// Adds a file. Returns false, adding nothing, when the path is taken or is no clean relative path.
    #[must_use]
    pub fn add(&mut self, path: &str, mode: u32, bytes: Vec<u8>) -> bool {
        let clean = !path.is_empty() && path.split('/').all(|part| !part.is_empty() && part != "." && part != ".." && !part.contains('\0'));
        if !clean || self.0.contains_key(path) {
            return false;
        }
        self.0.insert(path.to_owned(), TreeFile { mode, bytes });
        true
    }

    /// Returns the file at `path`.
    pub fn get(&self, path: &str) -> Option<&TreeFile> {
        self.0.get(path)
    }

    /// Returns paths and files, sorted by path.
    pub fn iter(&self) -> impl Iterator<Item = (&str, &TreeFile)> {
        self.0.iter().map(|(path, file)| (path.as_str(), file))
    }
}
