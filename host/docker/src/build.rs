//! Builds by the Engine's classic builder, from a folder that is streamed as a tar archive while it is read.
//!
//! Refuses contexts with anything but files, folders and symbolic links. No ignore file is honoured, owners and times
//! are fixed, and entries are sorted: equal folders give equal archives.

use std::fs::File;
use std::io::{Read as _, Write};
use std::path::{Path, PathBuf};
use std::time::Duration;

use futures_util::stream;
use hyper::body::Bytes;
use hyper::header::{CONTENT_TYPE, HeaderValue};
use rustix::fs::OFlags;
use spawnfile_core::oci::{Digest, Platform, Reference};
use tokio::sync::mpsc;

use crate::engine::Docker;
use crate::error::DockerError;
use crate::messages::{Messages, Progress, STREAM_MAX};
use crate::text::{Redactor, printable};
use crate::wire::{BodyOf, Call, within};

/// Time for a whole build.
const WHOLE: Duration = Duration::from_secs(2 * 60 * 60);
/// Time that the reader of the folder has to notice that nobody wants its bytes any more.
const ARCHIVER_END: Duration = Duration::from_secs(5);
/// Most entries of a context.
const ENTRIES_MAX: usize = 200_000;
/// Size of a piece of the archive, in bytes; at most eight are in memory.
const PIECE: usize = 64 * 1024;
/// Output kept for the error, in bytes.
const OUTPUT_MAX: usize = 4096;

/// What is built: a folder with a `Dockerfile` at its top.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BuildContext {
    /// The folder.
    pub directory: PathBuf,
    /// Time of every entry, in seconds since 1970.
    pub modified_unix_s: u64,
}

impl BuildContext {
    /// Returns a context with all times at the epoch.
    pub fn new(directory: impl Into<PathBuf>) -> Self {
        Self { directory: directory.into(), modified_unix_s: 0 }
    }
}

impl Docker {
    /// Builds an image and returns its id. Intermediate containers are removed, base images are not pulled anew. At
    /// most two hours.
    ///
    /// # Errors
    ///
    /// [`DockerError::Build`] with the last output when a step fails, [`DockerError::Local`] when the folder cannot be
    /// read, [`DockerError::Invalid`] for a tag with a digest, and what may happen on the way.
    pub async fn build(
        &self,
        context: &BuildContext,
        tag: Option<&Reference>,
        platform: Option<Platform>,
        progress: &mut (dyn FnMut(Progress) + Send),
    ) -> Result<Digest, DockerError> {
        let shown = tag.map_or_else(|| "an image without a name".to_owned(), |tag| format!("`{tag}`"));
        if tag.is_some_and(|tag| tag.digest().is_some()) {
            return Err(DockerError::invalid(shown, "a digest cannot be given to an image"));
        }
        let what = format!("building {shown}");
        let mut call = Call::post("/build", &what).cap(STREAM_MAX).header(CONTENT_TYPE, HeaderValue::from_static("application/x-tar"));
        for (name, value) in [("version", "1"), ("rm", "1"), ("forcerm", "1"), ("dockerfile", "Dockerfile")] {
            call = call.query(name, value);
        }
        if let Some(tag) = tag {
            call = call.query("t", &tag.to_string());
        }
        if let Some(platform) = platform {
            call = call.query("platform", &platform.to_string());
        }
        let (body, archived) = archive(context.clone());
        let built = within(&what, WHOLE, self.steps(call, body, &shown, progress)).await;
        // A folder that cannot be read breaks the request off; the reason is the better error.
        if built.is_err()
            && let Ok(Ok(Err(local))) = tokio::time::timeout(ARCHIVER_END, archived).await
        {
            return Err(local);
        }
        match built? {
            Built::Id(id) => Ok(id),
            Built::Short(short) => {
                let image = self.inspect_image(&short).await?;
                image.map(|image| image.id).ok_or_else(|| DockerError::malformed(what, "the built image is not there"))
            }
        }
    }

    async fn steps(
        &self,
        call: Call<'_>,
        body: BodyOf,
        shown: &str,
        progress: &mut (dyn FnMut(Progress) + Send),
    ) -> Result<Built, DockerError> {
        let what = call.what;
        let response = self.wire.call(call, body, &Redactor::default()).await?;
        let mut messages = Messages::new(&self.wire, what, response.into_body());
        let mut output = String::new();
        let mut built = None;
        while let Some(message) = messages.next().await? {
            if let Some(failure) = message.failure() {
                let message = printable(failure, 600);
                return Err(DockerError::Build { what: shown.to_owned(), message, output });
            }
            if let Some(id) = message.aux_text("ID").and_then(|id| id.parse().ok()) {
                built = Some(Built::Id(id));
            }
            if let Some(text) = &message.stream {
                if let Some(short) = text.trim().strip_prefix("Successfully built ")
                    && built.is_none()
                {
                    built = Some(Built::Short(short.to_owned()));
                }
                keep(&mut output, text);
            }
            if let Some(step) = message.progress() {
                progress(step);
            }
        }
        built.ok_or_else(|| DockerError::malformed(what, "the engine's answer ends without an image"))
    }
}

/// What a build gave.
enum Built {
    Id(Digest),
    /// The first digits of the id, from Engines that say no more.
    Short(String),
}

/// Appends printable text and keeps the last [`OUTPUT_MAX`] bytes.
fn keep(output: &mut String, text: &str) {
    for line in text.lines().filter(|line| !line.trim().is_empty()) {
        output.push_str(&printable(line, 400));
        output.push('\n');
    }
    if output.len() > OUTPUT_MAX {
        let cut = (output.len() - OUTPUT_MAX..=output.len()).find(|at| output.is_char_boundary(*at)).unwrap_or(output.len());
        output.drain(..cut);
    }
}

/// Starts to archive the folder on a thread of its own and returns the body and the thread's result.
fn archive(context: BuildContext) -> (BodyOf, tokio::task::JoinHandle<Result<(), DockerError>>) {
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

    #[test]
    fn the_end_of_the_output_is_kept() {
        let mut output = String::new();
        for number in 0..2000 {
            keep(&mut output, &format!("Step {number} \u{1b}[0mé\n"));
        }
        assert!(output.len() <= OUTPUT_MAX && output.ends_with("Step 1999 \\u{1b}[0mé\n"), "{output}");
    }
}
