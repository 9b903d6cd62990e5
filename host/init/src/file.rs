//! Files: read whole and bounded, replaced whole and durable. Refuses everything that is not a regular file, so that
//! a FIFO or a device cannot make PID 1 hang.

use std::fs::{File, OpenOptions};
use std::io::{ErrorKind, Read, Write};
use std::os::unix::fs::{DirBuilderExt, MetadataExt, OpenOptionsExt, PermissionsExt};
use std::path::{Path, PathBuf};

use rustix::fs::OFlags;
use rustix::io::Errno;
use zeroize::Zeroizing;

/// Name of the temporary file in the folder of the one that is replaced. No variable's name starts with a dot.
const TEMPORARY: &str = ".spawnfile-new";

/// Why a file could not be read or replaced.
#[derive(Debug, thiserror::Error)]
pub enum FileError {
    /// It is not there.
    #[error("`{}` does not exist", .0.display())]
    Missing(PathBuf),
    /// It is a folder, a link, a device or the like.
    #[error("`{}` is not a regular file", .0.display())]
    NotRegular(PathBuf),
    /// It is longer than allowed.
    #[error("`{}` is longer than {limit} bytes", path.display())]
    TooLong {
        /// The file.
        path: PathBuf,
        /// What is allowed.
        limit: usize,
    },
    /// The system says no.
    #[error("cannot {verb} `{}`: {source}", path.display())]
    System {
        /// What was tried.
        verb: &'static str,
        /// The file or folder.
        path: PathBuf,
        /// What the system said.
        source: std::io::Error,
    },
}

impl FileError {
    pub(crate) fn system(verb: &'static str, path: &Path) -> impl FnOnce(std::io::Error) -> Self {
        move |source| match source.kind() {
            ErrorKind::NotFound => Self::Missing(path.to_owned()),
            _ => Self::System { verb, path: path.to_owned(), source },
        }
    }
}

/// Whether a symbolic link at the end of a path is followed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Links {
    /// It is.
    Follow,
    /// It is refused.
    Refuse,
}

/// Returns the bytes of a regular file of at most `limit` bytes, and its mode.
///
/// # Errors
/// When it is missing, no regular file, too long or unreadable.
pub fn read(path: &Path, limit: usize, links: Links) -> Result<(Zeroizing<Vec<u8>>, u32), FileError> {
    let mut flags = OFlags::NONBLOCK | OFlags::NOCTTY;
    if links == Links::Refuse {
        flags |= OFlags::NOFOLLOW;
    }
    let file = match OpenOptions::new().read(true).custom_flags(flags.bits().cast_signed()).open(path) {
        Ok(file) => file,
        Err(error) if links == Links::Refuse && error.raw_os_error() == Some(Errno::LOOP.raw_os_error()) => {
            return Err(FileError::NotRegular(path.to_owned()));
        }
        Err(error) => return Err(FileError::system("open", path)(error)),
    };
    let metadata = file.metadata().map_err(FileError::system("read", path))?;
    if !metadata.is_file() {
        return Err(FileError::NotRegular(path.to_owned()));
    }
    // Room for all of it at once, so that no half-filled buffer with a secret is left behind by growing.
    let room = usize::try_from(metadata.len()).unwrap_or(usize::MAX).min(limit).saturating_add(1);
    let mut bytes = Zeroizing::new(Vec::with_capacity(room));
    file.take(u64::try_from(limit).unwrap_or(u64::MAX).saturating_add(1))
        .read_to_end(&mut bytes)
        .map_err(FileError::system("read", path))?;
    if bytes.len() > limit {
        return Err(FileError::TooLong { path: path.to_owned(), limit });
    }
    Ok((bytes, metadata.mode() & 0o7777))
}

/// Puts `bytes` at `path` with this mode: a new file in the same folder, synchronised, then renamed over the old one.
///
/// # Errors
/// When the system says no; the old file is untouched then.
pub fn replace(path: &Path, bytes: &[u8], mode: u32) -> Result<(), FileError> {
    replace_for(path, bytes, mode, None)
}

/// As [`replace`], and gives the file to this user and group.
///
/// # Errors
/// As [`replace`].
pub fn replace_for(path: &Path, bytes: &[u8], mode: u32, owner: Option<(u32, u32)>) -> Result<(), FileError> {
    let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
    let temporary = folder.join(TEMPORARY);
    let result =
        fill(&temporary, bytes, mode, owner).and_then(|()| std::fs::rename(&temporary, path)).and_then(|()| File::open(folder)?.sync_all());
    result.map_err(|error| {
        let _ignored = std::fs::remove_file(&temporary);
        FileError::system("write", path)(error)
    })
}

fn fill(temporary: &Path, bytes: &[u8], mode: u32, owner: Option<(u32, u32)>) -> std::io::Result<()> {
    match std::fs::remove_file(temporary) {
        Err(error) if error.kind() != ErrorKind::NotFound => return Err(error),
        _ => {}
    }
    let mut file = OpenOptions::new().write(true).create_new(true).mode(0o600).open(temporary)?;
    file.write_all(bytes)?;
    if let Some((user, group)) = owner {
        std::os::unix::fs::fchown(&file, Some(user), Some(group))?;
    }
    file.set_permissions(std::fs::Permissions::from_mode(mode))?;
    file.sync_all()
}

/// Makes a folder and the missing ones above it, private to the user.
///
/// # Errors
/// When the system says no.
pub fn make_folder(path: &Path) -> Result<(), FileError> {
    std::fs::DirBuilder::new().recursive(true).mode(0o700).create(path).map_err(FileError::system("make folder", path))
}
