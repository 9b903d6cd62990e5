//! The folder of a build as a tar archive, streamed while it is read.

use std::fs::File;
use std::io::{Read as _, Write};
use std::path::{Path, PathBuf};

use futures_util::stream;
use hyper::body::Bytes;
use rustix::fs::OFlags;
use tokio::sync::mpsc;

use super::BuildContext;
use crate::error::DockerError;
use crate::text::printable;
use crate::wire::BodyOf;

/// Most entries of a context.
const ENTRIES_MAX: usize = 200_000;
/// Size of a piece of the archive, in bytes; at most eight are in memory.
const PIECE: usize = 64 * 1024;

/// Starts to archive the folder on a thread of its own and returns the body and the thread's result.
pub(super) fn archive(context: BuildContext) -> (BodyOf, tokio::task::JoinHandle<Result<(), DockerError>>) {
    let (sender, receiver) = mpsc::channel::<std::io::Result<Bytes>>(8);
    let thread = tokio::task::spawn_blocking(move || {
        let mut pipe = Pipe { sender, piece: Vec::with_capacity(PIECE) };
        let done = write_archive(&context, &mut pipe);
        if pipe.sender.is_closed() {
            // Nobody reads any more: why is known on the other side.
            return Ok(());
        }
        if done.is_err() {
            // Breaks the request off: a cut archive might pass for a whole one.
            let _engine_gone = pipe.sender.blocking_send(Err(std::io::Error::other("the build context cannot be read")));
        }
        done
    });
    let pieces = stream::unfold(receiver, |mut receiver| async move { receiver.recv().await.map(|piece| (piece, receiver)) });
    (bollard::body_try_stream(pieces), thread)
}

/// Hands what is written over in pieces; waits while eight are under way.
struct Pipe {
    sender: mpsc::Sender<std::io::Result<Bytes>>,
    piece: Vec<u8>,
}

impl Write for Pipe {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        let take = bytes.len().min(PIECE - self.piece.len());
        self.piece.extend(bytes.iter().take(take));
        if self.piece.len() == PIECE {
            self.flush()?;
        }
        Ok(take)
    }

    fn flush(&mut self) -> std::io::Result<()> {
        if self.piece.is_empty() {
            return Ok(());
        }
        let piece = std::mem::replace(&mut self.piece, Vec::with_capacity(PIECE));
        self.sender.blocking_send(Ok(piece.into())).map_err(|_| std::io::Error::from(std::io::ErrorKind::BrokenPipe))
    }
}

fn write_archive(context: &BuildContext, out: &mut dyn Write) -> Result<(), DockerError> {
    let mut paths = Vec::new();
    list(&context.directory, Path::new(""), &mut paths)?;
    paths.sort();
    let mut archive = tar::Builder::new(out);
    for path in &paths {
        let full = context.directory.join(path);
        append(&mut archive, &full, path, context.modified_unix_s).map_err(|error| local(&full, &error))?;
    }
    archive.into_inner().and_then(Write::flush).map_err(|error| local(&context.directory, &error))
}

fn local(path: &Path, error: &std::io::Error) -> DockerError {
    DockerError::Local { path: printable(&path.to_string_lossy(), 300), why: printable(&error.to_string(), 300) }
}

fn list(root: &Path, below: &Path, paths: &mut Vec<PathBuf>) -> Result<(), DockerError> {
    let folder = root.join(below);
    for entry in std::fs::read_dir(&folder).map_err(|error| local(&folder, &error))? {
        let entry = entry.map_err(|error| local(&folder, &error))?;
        let path = below.join(entry.file_name());
        if paths.len() >= ENTRIES_MAX {
            return Err(local(root, &std::io::Error::other("more than 200000 entries")));
        }
        paths.push(path.clone());
        if entry.file_type().map_err(|error| local(&path, &error))?.is_dir() {
            list(root, &path, paths)?;
        }
    }
    Ok(())
}

fn append<W: Write>(archive: &mut tar::Builder<W>, full: &Path, name: &Path, modified: u64) -> std::io::Result<()> {
    use std::os::unix::fs::{OpenOptionsExt as _, PermissionsExt as _};
    let about = std::fs::symlink_metadata(full)?;
    let mut header = tar::Header::new_gnu();
    header.set_mtime(modified);
    header.set_uid(0);
    header.set_gid(0);
    header.set_mode(about.permissions().mode() & 0o7777);
    header.set_size(0);
    if about.is_dir() {
        header.set_entry_type(tar::EntryType::Directory);
        return archive.append_data(&mut header, name, std::io::empty());
    }
    if about.is_symlink() {
        header.set_entry_type(tar::EntryType::Symlink);
        return archive.append_link(&mut header, name, std::fs::read_link(full)?);
    }
    if !about.is_file() {
        return Err(std::io::Error::other("neither a file, a folder nor a symbolic link"));
    }
    // Never waits and never follows: the path may have become a pipe or a link since it was looked at.
    let flags = OFlags::NONBLOCK | OFlags::NOFOLLOW | OFlags::CLOEXEC;
    let file = File::options().read(true).custom_flags(flags.bits().cast_signed()).open(full)?;
    let size = file.metadata()?.len();
    header.set_entry_type(tar::EntryType::Regular);
    header.set_size(size);
    let mut exact = Exact { inner: file.take(size), left: size };
    archive.append_data(&mut header, name, &mut exact)
}

/// Fails where a file ends before its size.
struct Exact<R> {
    inner: R,
    left: u64,
}

impl<R: std::io::Read> std::io::Read for Exact<R> {
    fn read(&mut self, buffer: &mut [u8]) -> std::io::Result<usize> {
        let read = self.inner.read(buffer)?;
        if read == 0 && self.left > 0 && !buffer.is_empty() {
            return Err(std::io::Error::other("it became shorter while it was read"));
        }
        self.left = self.left.saturating_sub(read as u64);
        Ok(read)
    }
}

#[cfg(test)]
mod tests {
    use std::fs::Permissions;
    use std::os::unix::fs::{PermissionsExt as _, symlink};

    use super::*;

    #[test]
    fn equal_folders_give_equal_sorted_archives() {
        let make = |order: &[&str]| {
            let dir = tempfile::tempdir().unwrap();
            std::fs::create_dir(dir.path().join("b")).unwrap();
            for name in order {
                std::fs::write(dir.path().join(name), name).unwrap();
                std::fs::set_permissions(dir.path().join(name), Permissions::from_mode(0o640)).unwrap();
            }
            std::fs::set_permissions(dir.path().join("b"), Permissions::from_mode(0o755)).unwrap();
            std::fs::write(dir.path().join(".dockerignore"), "*").unwrap();
            std::fs::set_permissions(dir.path().join(".dockerignore"), Permissions::from_mode(0o644)).unwrap();
            symlink("../outside", dir.path().join("link")).unwrap();
            let mut bytes = Vec::new();
            write_archive(&BuildContext::new(dir.path()), &mut bytes).unwrap();
            bytes
        };
        let first = make(&["a", "b/c", "z"]);
        assert_eq!(first, make(&["z", "b/c", "a"]));
        let mut archive = tar::Archive::new(first.as_slice());
        let seen: Vec<_> = archive
            .entries()
            .unwrap()
            .map(|entry| {
                let entry = entry.unwrap();
                (
                    entry.path().unwrap().into_owned(),
                    entry.header().mode().unwrap(),
                    entry.header().mtime().unwrap(),
                    entry.header().uid().unwrap(),
                )
            })
            .collect();
        let names: Vec<_> = seen.iter().map(|(path, ..)| path.to_str().unwrap().trim_end_matches('/').to_owned()).collect();
        assert_eq!(names, [".dockerignore", "a", "b", "b/c", "link", "z"]);
        assert!(seen.iter().all(|(_, _, time, uid)| *time == 0 && *uid == 0));
        assert_eq!(seen[1].1, 0o640);
    }

    #[test]
    fn a_missing_folder_is_named() {
        let said = write_archive(&BuildContext::new("/nonexistent/context"), &mut Vec::new()).unwrap_err().to_string();
        assert!(said.contains("/nonexistent/context"), "{said}");
    }
}
