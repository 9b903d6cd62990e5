//! What PID 1 says about itself: `status.json` and `ready` in its state folder. Both die with the container, so they
//! are replaced whole but not waited for on disk. A folder that cannot be written is said once, and life goes on.

use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt};
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use spawnfile_core::init_plan::InitStatus;

use crate::file::{self, FileError, Links};
use crate::say;

const STATUS: &str = "status.json";
const READY: &str = "ready";
/// `status.json` may have this many bytes when it is read.
const STATUS_LIMIT: usize = 4 << 20;

/// The state folder, being written.
#[derive(Debug)]
pub struct State {
    folder: PathBuf,
    said: bool,
    last: Vec<u8>,
}

impl State {
    /// Makes the folder if need be and takes the readiness of an earlier run away.
    pub fn open(folder: &Path) -> Self {
        let mut state = Self { folder: folder.to_owned(), said: false, last: Vec::new() };
        let made = std::fs::DirBuilder::new().recursive(true).mode(0o755).create(folder);
        state.note(made);
        state.set_ready(false);
        let _ignored = std::fs::remove_file(folder.join(STATUS));
        state
    }

    /// Writes `status.json` when it changed.
    pub fn write(&mut self, status: &InitStatus) {
        let Ok(mut bytes) = serde_json::to_vec_pretty(status) else { return };
        bytes.push(b'\n');
        if bytes != self.last {
            let written = put(&self.folder, STATUS, &bytes);
            self.last = bytes;
            self.note(written);
        }
    }

    /// Makes or removes the file that says that everything is ready.
    pub fn set_ready(&mut self, ready: bool) {
        let done = if ready { put(&self.folder, READY, b"ready\n") } else { remove(&self.folder.join(READY)) };
        self.note(done);
    }

    fn note(&mut self, result: std::io::Result<()>) {
        if let Err(error) = result
            && !self.said
        {
            self.said = true;
            say(&format!("cannot write the state to `{}`: {error}; `ready` and `status` will not work", self.folder.display()));
        }
    }
}

/// Returns whether everything is ready.
pub fn is_ready(folder: &Path) -> bool {
    folder.join(READY).is_file()
}

/// Returns whether everything is ready, or becomes so within `longest`.
pub fn wait_ready(folder: &Path, longest: Duration) -> bool {
    /// A look costs microseconds; whoever waits from outside would pay a call of the Engine each time.
    const PAUSE: Duration = Duration::from_millis(10);
    let begun = Instant::now();
    while !is_ready(folder) {
        if begun.elapsed() >= longest {
            return false;
        }
        std::thread::sleep(PAUSE);
    }
    true
}

/// Why the state cannot be told.
#[derive(Debug, thiserror::Error)]
pub enum StateError {
    /// It cannot be read.
    #[error("state: {0}")]
    File(#[from] FileError),
    /// Something else stands there.
    #[error("state: `{STATUS}` is not of the form that this version writes")]
    Form,
}

/// Returns what PID 1 wrote last.
///
/// # Errors
/// When there is nothing, or something else.
pub fn read(folder: &Path) -> Result<InitStatus, StateError> {
    let (bytes, _) = file::read(&folder.join(STATUS), STATUS_LIMIT, Links::Refuse)?;
    serde_json::from_slice(&bytes).map_err(|_| StateError::Form)
}

fn put(folder: &Path, name: &str, bytes: &[u8]) -> std::io::Result<()> {
    use std::io::Write;
    let temporary = folder.join(format!(".{name}.new"));
    remove(&temporary)?;
    std::fs::OpenOptions::new().write(true).create_new(true).mode(0o644).open(&temporary)?.write_all(bytes)?;
    std::fs::rename(&temporary, folder.join(name))
}

fn remove(path: &Path) -> std::io::Result<()> {
    match std::fs::remove_file(path) {
        Err(error) if error.kind() != std::io::ErrorKind::NotFound => Err(error),
        _ => Ok(()),
    }
}
