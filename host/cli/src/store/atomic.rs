//! Durable or not done: every file is written under a temporary name in the same folder, synced, renamed, and the
//! folder synced. Reads are bounded and take regular files only.

use std::fs::{self, DirBuilder, File, OpenOptions};
use std::io::{Read, Write};
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt};
use std::path::Path;
use std::time::Duration;

use crate::error::CliError;

/// Makes a private folder (0700) with its parents.
pub(crate) fn make_folder(path: &Path) -> Result<(), CliError> {
    DirBuilder::new().recursive(true).mode(0o700).create(path).map_err(|error| io("make the folder", path, &error))
}

/// Writes a private file (0600), whole or not at all. The folder is made if need be.
pub(crate) fn write(path: &Path, bytes: &[u8]) -> Result<(), CliError> {
    let folder = path.parent().unwrap_or_else(|| Path::new("."));
    make_folder(folder)?;
    sweep(folder, OLD);
    let mut file = tempfile::Builder::new()
        .prefix(TEMPORARY)
        .permissions(std::os::unix::fs::PermissionsExt::from_mode(0o600))
        .tempfile_in(folder)
        .map_err(|error| io("write in", folder, &error))?;
    file.write_all(bytes).and_then(|()| file.as_file().sync_all()).map_err(|error| io("write", path, &error))?;
    file.persist(path).map_err(|error| io("write", path, &error.error))?;
    sync_folder(folder)
}

const TEMPORARY: &str = ".tmp-";
/// Age from which a temporary file is one that a killed process left.
const OLD: Duration = Duration::from_secs(10 * 60);

/// Removes temporary files of at least that age that a killed process left: they may hold secrets.
pub(crate) fn sweep(folder: &Path, age: Duration) {
    for entry in fs::read_dir(folder).into_iter().flatten().flatten() {
        let ours = entry.file_name().to_str().is_some_and(|name| name.starts_with(TEMPORARY));
        let old = || entry.metadata().and_then(|metadata| metadata.modified()).ok().and_then(|at| at.elapsed().ok());
        if ours && old().is_some_and(|old| old >= age) {
            // What cannot be removed now is tried again by the next writer.
            let _ignored = fs::remove_file(entry.path());
        }
    }
}

/// Syncs a folder, so that a rename in it survives a power cut.
pub(crate) fn sync_folder(folder: &Path) -> Result<(), CliError> {
    File::open(folder).and_then(|dir| dir.sync_all()).map_err(|error| io("sync", folder, &error))
}

/// Reads a regular file of at most `max` bytes; nothing when it does not exist. Never waits on a FIFO.
pub(crate) fn read(path: &Path, max: u64) -> Result<Option<Vec<u8>>, CliError> {
    let flags = rustix::fs::OFlags::NONBLOCK.bits().cast_signed();
    let Some(file) = open(OpenOptions::new().read(true).custom_flags(flags), path)? else { return Ok(None) };
    if !file.metadata().map_err(|error| io("read", path, &error))?.is_file() {
        return Err(CliError::input(format!("`{}` is not a regular file", path.display())));
    }
    take(file, path, max).map(Some)
}

/// Reads what a user named, which may be a pipe that they write to: `<(command)`, `/dev/stdin`.
pub(crate) fn read_any(path: &Path, max: u64) -> Result<Option<Vec<u8>>, CliError> {
    open(OpenOptions::new().read(true), path)?.map(|file| take(file, path, max)).transpose()
}

fn open(options: &OpenOptions, path: &Path) -> Result<Option<File>, CliError> {
    match options.open(path) {
        Ok(file) => Ok(Some(file)),
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(None),
        Err(error) => Err(io("read", path, &error)),
    }
}

fn take(file: File, path: &Path, max: u64) -> Result<Vec<u8>, CliError> {
    let size = file.metadata().map_or(0, |metadata| metadata.len().min(max));
    // Grown by hand a secret would leave copies behind: a pipe's size is not known, so it gets the most.
    let room = if size == 0 { max.min(1024 * 1024) } else { size };
    let mut bytes = Vec::with_capacity(usize::try_from(room).unwrap_or_default() + 1);
    file.take(max + 1).read_to_end(&mut bytes).map_err(|error| io("read", path, &error))?;
    if u64::try_from(bytes.len()).unwrap_or(u64::MAX) > max {
        return Err(CliError::input(format!("`{}` is larger than {max} bytes", path.display())));
    }
    Ok(bytes)
}

/// A lock held until dropped, or until the process ends however it ends.
#[derive(Debug)]
pub(crate) struct Lock {
    _file: File,
}

/// Takes a lock file, which stays for ever, or says at once that somebody else holds it (`None`).
pub(crate) fn try_lock(path: &Path) -> Result<Option<Lock>, CliError> {
    make_folder(path.parent().unwrap_or_else(|| Path::new(".")))?;
    let file =
        OpenOptions::new().create(true).truncate(false).write(true).mode(0o600).open(path).map_err(|error| io("open", path, &error))?;
    match file.try_lock() {
        Ok(()) => Ok(Some(Lock { _file: file })),
        Err(fs::TryLockError::WouldBlock) => Ok(None),
        Err(fs::TryLockError::Error(error)) => Err(io("lock", path, &error)),
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
        let path = dir.path().join(".locks/name");
        let first = try_lock(&path).unwrap();
        assert!(first.is_some());
        assert!(try_lock(&path).unwrap().is_none());
        drop(first);
        assert!(try_lock(&path).unwrap().is_some());
    }

    #[test]
    fn what_a_killed_process_left_is_swept() {
        let dir = tempfile::tempdir().unwrap();
        let (left, own) = (dir.path().join(".tmp-abc"), dir.path().join("kept.json"));
        fs::write(&left, "KEY=secret").unwrap();
        write(&own, b"1").unwrap();
        assert!(left.exists(), "another process may be writing it");
        let long_ago = std::time::SystemTime::now() - OLD - Duration::from_secs(1);
        File::options().write(true).open(&left).unwrap().set_modified(long_ago).unwrap();
        write(&own, b"2").unwrap();
        assert!(!left.exists() && own.exists());
    }
}
