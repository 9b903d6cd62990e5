//! Durable or not done: every file is written under a temporary name in the same folder, synced, renamed, and the
//! folder synced. Reads are bounded and take regular files only.

use std::fs::{self, DirBuilder, File, OpenOptions};
use std::io::{Read, Write};
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt};
use std::path::{Path, PathBuf};

use crate::error::CliError;

/// Makes a private folder (0700) with its parents.
pub(crate) fn make_folder(path: &Path) -> Result<(), CliError> {
    DirBuilder::new().recursive(true).mode(0o700).create(path).map_err(|error| io("make the folder", path, &error))
}

/// Writes a private file (0600), whole or not at all. The folder is made if need be.
pub(crate) fn write(path: &Path, bytes: &[u8]) -> Result<(), CliError> {
    let folder = path.parent().unwrap_or_else(|| Path::new("."));
    make_folder(folder)?;
    let mut file = tempfile::Builder::new()
        .prefix(".tmp-")
        .permissions(std::os::unix::fs::PermissionsExt::from_mode(0o600))
        .tempfile_in(folder)
        .map_err(|error| io("write in", folder, &error))?;
    file.write_all(bytes).and_then(|()| file.as_file().sync_all()).map_err(|error| io("write", path, &error))?;
    file.persist(path).map_err(|error| io("write", path, &error.error))?;
    sync_folder(folder)
}

/// Syncs a folder, so that a rename in it survives a power cut.
pub(crate) fn sync_folder(folder: &Path) -> Result<(), CliError> {
    File::open(folder).and_then(|dir| dir.sync_all()).map_err(|error| io("sync", folder, &error))
}

/// Reads a regular file of at most `max` bytes; nothing when it does not exist. Never waits on a FIFO.
pub(crate) fn read(path: &Path, max: u64) -> Result<Option<Vec<u8>>, CliError> {
    let opened = OpenOptions::new().read(true).custom_flags(rustix::fs::OFlags::NONBLOCK.bits().cast_signed()).open(path);
    let file = match opened {
        Ok(file) => file,
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(None),
        Err(error) => return Err(io("read", path, &error)),
    };
    let metadata = file.metadata().map_err(|error| io("read", path, &error))?;
    if !metadata.is_file() {
        return Err(CliError::input(format!("`{}` is not a regular file", path.display())));
    }
    let mut bytes = Vec::with_capacity(usize::try_from(metadata.len().min(max)).unwrap_or_default());
    file.take(max + 1).read_to_end(&mut bytes).map_err(|error| io("read", path, &error))?;
    if u64::try_from(bytes.len()).unwrap_or(u64::MAX) > max {
        return Err(CliError::input(format!("`{}` is larger than {max} bytes", path.display())));
    }
    Ok(Some(bytes))
}

/// A lock held until dropped, or until the process ends however it ends.
#[derive(Debug)]
pub(crate) struct Lock {
    _file: File,
}

/// Takes the lock of a folder, or says at once that somebody else holds it (`None`).
pub(crate) fn try_lock(folder: &Path) -> Result<Option<Lock>, CliError> {
    make_folder(folder)?;
    let path: PathBuf = folder.join(".lock");
    let file =
        OpenOptions::new().create(true).truncate(false).write(true).mode(0o600).open(&path).map_err(|error| io("open", &path, &error))?;
    match file.try_lock() {
        Ok(()) => Ok(Some(Lock { _file: file })),
        Err(fs::TryLockError::WouldBlock) => Ok(None),
        Err(fs::TryLockError::Error(error)) => Err(io("lock", &path, &error)),
    }
}

/// Returns the error of a failed file operation.
pub(crate) fn io(verb: &str, path: &Path, error: &std::io::Error) -> CliError {
    CliError::failed(format!("cannot {verb} `{}`: {error}", path.display()))
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::PermissionsExt;

    use super::*;

    #[test]
    fn files_are_private_and_leave_no_temporary_behind() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("a/b/c.json");
        write(&path, b"1").unwrap();
        write(&path, b"2").unwrap();
        assert_eq!(read(&path, 10).unwrap().unwrap(), b"2");
        assert_eq!(fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o600);
        assert_eq!(fs::metadata(path.parent().unwrap()).unwrap().permissions().mode() & 0o777, 0o700);
        assert_eq!(fs::read_dir(path.parent().unwrap()).unwrap().count(), 1);
    }

    #[test]
    fn reads_are_bounded_and_take_regular_files_only() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("f");
        assert!(read(&path, 1).unwrap().is_none());
        write(&path, b"123").unwrap();
        assert!(read(&path, 2).is_err());
        assert!(read(dir.path(), 2).is_err());
        rustix::fs::mknodat(rustix::fs::CWD, dir.path().join("fifo"), rustix::fs::FileType::Fifo, 0o600.into(), 0).unwrap();
        assert!(read(&dir.path().join("fifo"), 2).is_err());
    }

    #[test]
    fn a_lock_has_one_holder() {
        let dir = tempfile::tempdir().unwrap();
        let first = try_lock(dir.path()).unwrap();
        assert!(first.is_some());
        assert!(try_lock(dir.path()).unwrap().is_none());
        drop(first);
        assert!(try_lock(dir.path()).unwrap().is_some());
    }
}
