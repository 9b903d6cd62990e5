//! The files that a compile puts into an image, read back out of its own output.

use std::io::Read as _;

use serde::Serialize;
use spawnfile_core::compile::Compiled;
use spawnfile_core::init_plan::INIT_PATH;
use spawnfile_core::leak::{Authored, Class};
use spawnfile_core::oci::Digest;

use crate::error::CliError;

/// A file of the image that comes from the project.
#[derive(Debug, Clone, Serialize)]
pub(crate) struct AuthoredFile {
    /// Absolute path in the image.
    pub(crate) path: String,
    /// Size in bytes.
    pub(crate) bytes: u64,
    /// SHA-256 of the content.
    pub(crate) digest: Digest,
    /// Permission bits, octal.
    pub(crate) mode: String,
    #[serde(skip)]
    content: Vec<u8>,
}

/// Returns the files of the image, sorted by path: the instances, PID 1 and its plan, report and extras.
pub(crate) fn files(compiled: &Compiled) -> Result<Vec<AuthoredFile>, CliError> {
    const DOCUMENTS: &str = "image/";
    let mut files = Vec::new();
    for (path, file) in compiled.tree.iter() {
        if let Some(rest) = path.strip_prefix(DOCUMENTS) {
            files.push(of(format!("/{rest}"), file.mode, file.bytes.clone()));
        }
    }
    let tree = compiled.tree.get("rootfs.tar").map(|file| file.bytes.as_slice()).unwrap_or_default();
    let mut archive = tar::Archive::new(tree);
    let broken = |error: std::io::Error| CliError::failed(format!("rootfs.tar cannot be read back: {error}"));
    for entry in archive.entries().map_err(broken)? {
        let mut entry = entry.map_err(broken)?;
        if !entry.header().entry_type().is_file() {
            continue;
        }
        let path = String::from_utf8_lossy(&entry.path_bytes()).into_owned();
        let mode = entry.header().mode().map_err(broken)?;
        let mut content = Vec::new();
        entry.read_to_end(&mut content).map_err(broken)?;
        files.push(of(format!("/{path}"), mode, content));
    }
    files.sort_by(|a, b| a.path.cmp(&b.path));
    Ok(files)
}

fn of(path: String, mode: u32, content: Vec<u8>) -> AuthoredFile {
    let bytes = u64::try_from(content.len()).unwrap_or(u64::MAX);
    AuthoredFile { path, bytes, digest: Digest::of(&content), mode: format!("{mode:04o}"), content }
}

/// Returns what of them the creator wrote or a compile made: all but the program of PID 1.
pub(crate) fn written(files: &[AuthoredFile]) -> impl Iterator<Item = Authored<'_>> {
    files.iter().filter(|file| file.path != INIT_PATH).map(|file| Authored {
        file: &file.path,
        class: Class::of(&file.path),
        bytes: &file.content,
    })
}
