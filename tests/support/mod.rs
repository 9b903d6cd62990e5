//! What tests stand on: a consumer's home, the binary, the echo kind, a registry, and the Engine's own word.

pub(crate) mod counting;
pub(crate) mod echo;
pub(crate) mod engine;
#[path = "../../host/plugins/tests/it/guests.rs"]
pub(crate) mod guests;
pub(crate) mod project;
pub(crate) mod proxy;
pub(crate) mod registry;

use std::ffi::OsStr;
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};

use serde_json::Value;

/// A program that set-up made ready, else the machine's own.
pub(crate) fn program(told: &str, own: &str) -> std::ffi::OsString {
    std::env::var_os(told).unwrap_or_else(|| own.into())
}

/// The root of the workspace.
pub(crate) fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..").canonicalize().unwrap()
}

/// The other tool's projects and what it makes of them, where they lie beside the tree; else the test is told to be
/// skipped.
pub(crate) fn corpus(test: &str) -> Option<PathBuf> {
    let corpus = root().join("../shared/corpus");
    if corpus.is_dir() {
        return Some(corpus);
    }
    skip(test, "the corpus is not beside the tree");
    None
}

/// Says that a test does not run, and why: `cargo xtask test` counts it as skipped.
pub(crate) fn skip(test: &str, why: &str) {
    if let Some(path) = std::env::var_os("SPAWNFILE_TEST_SKIPPED") {
        let mut file = std::fs::OpenOptions::new().append(true).open(path).unwrap();
        std::io::Write::write_all(&mut file, format!("{test}: {why}\n").as_bytes()).unwrap();
    }
}

/// A user's machine: an empty home and a working folder. The environment of the test process does not reach the tool.
#[derive(Debug)]
pub(crate) struct User {
    dir: tempfile::TempDir,
}

/// What a run of the tool gave.
#[derive(Debug)]
pub(crate) struct Ran {
    pub(crate) code: i32,
    pub(crate) stdout: String,
    pub(crate) stderr: String,
}

impl Ran {
    pub(crate) fn of(output: &Output) -> Self {
        Self {
            code: output.status.code().unwrap_or(-1),
            stdout: String::from_utf8_lossy(&output.stdout).into_owned(),
            stderr: String::from_utf8_lossy(&output.stderr).into_owned(),
        }
    }

    /// Everything that was printed.
    pub(crate) fn all(&self) -> String {
        format!("{}{}", self.stdout, self.stderr)
    }

    #[track_caller]
    pub(crate) fn expect(self, code: i32) -> Self {
        assert_eq!(self.code, code, "exit code\n--- stdout\n{}\n--- stderr\n{}", self.stdout, self.stderr);
        self
    }

    #[track_caller]
    pub(crate) fn says(self, text: &str) -> Self {
        assert!(self.all().contains(text), "`{text}` is not in\n--- stdout\n{}\n--- stderr\n{}", self.stdout, self.stderr);
        self
    }

    #[track_caller]
    pub(crate) fn json(&self) -> Value {
        serde_json::from_str(&self.stdout)
            .unwrap_or_else(|error| panic!("{error}\n--- stdout\n{}\n--- stderr\n{}", self.stdout, self.stderr))
    }
}

impl User {
    pub(crate) fn new() -> Self {
        Self { dir: tempfile::Builder::new().prefix("spawnfile-user-").tempdir().unwrap() }
    }

    /// A user who has added the echo kind.
    pub(crate) fn with_echo() -> Self {
        let user = Self::new();
        user.run(["plugin", "add", echo::plugin().to_str().unwrap()]).expect(0);
        user
    }

    pub(crate) fn path(&self) -> &Path {
        self.dir.path()
    }

    pub(crate) fn home(&self) -> PathBuf {
        self.dir.path().join("home")
    }

    pub(crate) fn write(&self, name: &str, text: impl AsRef<[u8]>) -> PathBuf {
        let path = self.dir.path().join(name);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(&path, text).unwrap();
        path
    }

    pub(crate) fn command<I: IntoIterator<Item = S>, S: AsRef<OsStr>>(&self, args: I) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_spawnfile"));
        command
            .args(args)
            .current_dir(self.dir.path())
            .env_clear()
            .env("PATH", std::env::var_os("PATH").unwrap_or_default())
            .env("HOME", self.dir.path().join("user"))
            .env("SPAWNFILE_HOME", self.home())
            .stdin(Stdio::null());
        command
    }

    #[track_caller]
    pub(crate) fn run<I: IntoIterator<Item = S>, S: AsRef<OsStr>>(&self, args: I) -> Ran {
        Ran::of(&self.command(args).output().unwrap())
    }

    /// Every file under the home with its content, for looking for what must not be there.
    pub(crate) fn home_files(&self) -> Vec<(PathBuf, Vec<u8>)> {
        let mut files = Vec::new();
        let mut pending = vec![self.home()];
        while let Some(folder) = pending.pop() {
            let Ok(entries) = std::fs::read_dir(&folder) else { continue };
            for entry in entries {
                let entry = entry.unwrap();
                if entry.file_type().unwrap().is_dir() {
                    pending.push(entry.path());
                } else {
                    files.push((entry.path(), std::fs::read(entry.path()).unwrap()));
                }
            }
        }
        files
    }
}

/// Runs a program of the machine and returns what it printed; panics when it fails.
#[track_caller]
pub(crate) fn sh<I: IntoIterator<Item = S>, S: AsRef<OsStr>>(program: &str, args: I) -> String {
    let output = Command::new(program)
        .args(args)
        .stdin(Stdio::null())
        .output()
        .unwrap_or_else(|error| panic!("`{program}` cannot be run ({error}): `cargo xtask setup` installs it"));
    assert!(
        output.status.success(),
        "`{program}` failed\n{}{}",
        String::from_utf8_lossy(&output.stdout),
        String::from_utf8_lossy(&output.stderr)
    );
    String::from_utf8_lossy(&output.stdout).trim().to_owned()
}

/// A name that no other test uses.
pub(crate) fn unique(prefix: &str) -> String {
    use std::sync::atomic::{AtomicU32, Ordering};
    static NEXT: AtomicU32 = AtomicU32::new(0);
    format!("{prefix}-{}-{}", std::process::id(), NEXT.fetch_add(1, Ordering::Relaxed))
}
