//! `probe`: one question about the container, asked from inside, answered as one line of JSON. What a probed program
//! prints is thrown away, since it may hold secrets.

use std::ffi::OsString;
use std::os::unix::process::{CommandExt, ExitStatusExt};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use rustix::process::{Pid, Signal, kill_process_group};
use serde::Serialize;

use crate::file::{self, Links};
use crate::http::Get;
use crate::pointer;

/// A JSON file that is asked about may have this many bytes.
const JSON_LIMIT: usize = 16 << 20;

/// A question and its limit.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Probe {
    /// What is asked.
    pub action: Action,
    /// How long the answer may take (`http` and `exec`).
    pub timeout: Duration,
}

/// What is asked.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Action {
    /// Is there an answer of 200 to 299 on loopback?
    Http {
        /// Port.
        port: u16,
        /// Path.
        path: String,
    },
    /// Is there a regular file?
    File(PathBuf),
    /// Is there a folder?
    Dir(PathBuf),
    /// Is there a value other than null?
    Json {
        /// The file.
        path: PathBuf,
        /// Where in it.
        pointer: String,
    },
    /// Does this program end with 0?
    Exec(Vec<OsString>),
}

/// The answer.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Answer {
    /// Whether it is yes.
    pub ok: bool,
    /// Status code of an HTTP answer.
    pub http_status: Option<u16>,
    /// Exit code of a program (128 and the signal's number when a signal ended it).
    pub exit_code: Option<i32>,
    /// Why it is not yes.
    pub error: Option<String>,
}

impl Answer {
    const fn new(ok: bool) -> Self {
        Self { ok, http_status: None, exit_code: None, error: None }
    }

    fn because(error: &impl ToString) -> Self {
        Self { error: Some(error.to_string()), ..Self::new(false) }
    }
}

impl Probe {
    /// Asks.
    pub fn run(&self) -> Answer {
        match &self.action {
            Action::Http { port, path } => match Get::send(*port, path, self.timeout).and_then(Get::wait) {
                Ok(code) => {
                    let ok = (200..=299).contains(&code);
                    let error = (!ok).then(|| format!("status {code}"));
                    Answer { ok, http_status: Some(code), exit_code: None, error }
                }
                Err(error) => Answer::because(&error),
            },
            Action::File(path) => kind(path, "regular file", std::fs::Metadata::is_file),
            Action::Dir(path) => kind(path, "folder", std::fs::Metadata::is_dir),
            Action::Json { path, pointer } => json(path, pointer),
            Action::Exec(argv) => exec(argv, self.timeout),
        }
    }
}

fn kind(path: &Path, name: &str, is: impl Fn(&std::fs::Metadata) -> bool) -> Answer {
    match std::fs::metadata(path) {
        Ok(metadata) if is(&metadata) => Answer::new(true),
        Ok(_) => Answer::because(&format!("`{}` is not a {name}", path.display())),
        Err(error) => Answer::because(&format!("`{}`: {error}", path.display())),
    }
}

fn json(path: &Path, at: &str) -> Answer {
    let bytes = match file::read(path, JSON_LIMIT, Links::Follow) {
        Ok((bytes, _)) => bytes,
        Err(error) => return Answer::because(&error),
    };
    let Ok(mut document) = serde_json::from_slice::<serde_json::Value>(&bytes) else {
        return Answer::because(&format!("`{}` is not JSON", path.display()));
    };
    let there = document.pointer(at).is_some_and(|value| !value.is_null());
    pointer::wipe(&mut document);
    if there { Answer::new(true) } else { Answer::because(&format!("`{}` has no value at `{at}`", path.display())) }
}

fn exec(argv: &[OsString], timeout: Duration) -> Answer {
    let Some((program, rest)) = argv.split_first() else { return Answer::because(&"no program") };
    let child = Command::new(program).args(rest).stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null()).process_group(0).spawn();
    match child {
        Ok(child) => wait(child, timeout),
        Err(error) => Answer::because(&format!("cannot run `{}`: {error}", program.display())),
    }
}

fn wait(mut child: Child, timeout: Duration) -> Answer {
    let until = Instant::now() + timeout;
    let mut pause = Duration::from_millis(1);
    loop {
        match child.try_wait() {
            Ok(Some(status)) => {
                let code = status.code().or_else(|| status.signal().map(|signal| 128 + signal));
                let error = (!status.success()).then(|| "the program failed".to_owned());
                return Answer { ok: status.success(), http_status: None, exit_code: code, error };
            }
            Ok(None) if Instant::now() < until => {}
            Ok(None) => {
                if let Some(group) = i32::try_from(child.id()).ok().and_then(Pid::from_raw) {
                    let _ignored = kill_process_group(group, Signal::KILL);
                }
                let _ignored = child.wait();
                return Answer::because(&"the program did not end in time");
            }
            Err(error) => return Answer::because(&error),
        }
        std::thread::sleep(pause.min(until.saturating_duration_since(Instant::now())));
        pause = (pause * 2).min(Duration::from_millis(20));
    }
}
