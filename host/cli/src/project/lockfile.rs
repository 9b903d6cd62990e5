//! `Spawnfile.lock` beside the root Spawnfile: reading, writing.

use std::path::{Path, PathBuf};

use spawnfile_core::lock::Lock;

use crate::error::CliError;
use crate::store::atomic;

const NAME: &str = "Spawnfile.lock";
const MAX_BYTES: u64 = 1024 * 1024;

fn path(folder: &Path) -> PathBuf {
    folder.join(NAME)
}

/// Reads the lock of a project; an empty one when there is none.
pub(crate) fn read(folder: &Path) -> Result<Lock, CliError> {
    let Some(bytes) = atomic::read(&path(folder), MAX_BYTES)? else { return Ok(Lock::empty()) };
    let text = String::from_utf8(bytes).map_err(|_| CliError::input(format!("`{}` is not UTF-8", path(folder).display())))?;
    Lock::parse(&text).map_err(|error| {
        CliError::input_from(&error).hint(format!("`{}` can be made anew: remove it and run `spawnfile lock`", path(folder).display()))
    })
}

/// Writes the lock of a project; returns whether it changed.
pub(crate) fn write(folder: &Path, lock: &Lock) -> Result<bool, CliError> {
    let path = path(folder);
    let text = lock.write();
    if atomic::read(&path, MAX_BYTES)?.as_deref() == Some(text.as_bytes()) {
        return Ok(false);
    }
    atomic::write(&path, text.as_bytes())?;
    // It is committed beside the Spawnfile, so it is no private file.
    std::fs::set_permissions(&path, std::os::unix::fs::PermissionsExt::from_mode(0o644))
        .map_err(|error| atomic::io("change", &path, &error))?;
    Ok(true)
}
