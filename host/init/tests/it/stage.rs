//! A temporary folder with a plan, and the program running on it.

use std::fmt::Debug;
use std::io::Read;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Output, Stdio};
use std::time::{Duration, Instant};

use rustix::process::{Pid, Signal, kill_process};
use serde_json::{Value, json};

/// Everything that is waited for comes long before this, on a machine that is not stuck.
const PATIENCE: Duration = Duration::from_secs(30);

pub struct Stage {
    folder: tempfile::TempDir,
    pub plan: Value,
    pub env: Vec<(String, String)>,
    pub options: Vec<String>,
    pub launcher: Vec<String>,
}

impl Stage {
    pub fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let plan = json!({
            "version": "spawnfile.init.v1", "require_env": [], "require_files": [],
            "secrets_dir": folder.path().join("secrets"),
            "json_patches": [], "derived_env": [], "env_files": [], "processes": [], "exit": "first-death",
        });
        let path = ("PATH".to_owned(), std::env::var("PATH").unwrap());
        Self { folder, plan, env: vec![path], options: Vec::new(), launcher: vec![env!("CARGO_BIN_EXE_spawnfile-init").to_owned()] }
    }

    pub fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    pub fn text(&self, name: &str) -> String {
        self.path(name).display().to_string()
    }

    pub fn set(&mut self, key: &str, value: Value) -> &mut Self {
        self.plan[key] = value;
        self
    }

    /// Adds a process that runs a shell script; `more` are further keys.
    #[expect(clippy::needless_pass_by_value, reason = "reads better in tests")]
    pub fn process(&mut self, id: &str, script: &str, more: Value) -> &mut Self {
        let mut process = json!({
            "id": id, "argv": ["/bin/sh", "-c", script], "workdir": self.folder.path(),
            "stop_signal": "SIGTERM", "stop_grace_ms": 20000,
        });
        for (key, value) in more.as_object().unwrap() {
            process[key] = value.clone();
        }
        self.plan["processes"].as_array_mut().unwrap().push(process);
        self
    }

    pub fn env(&mut self, name: &str, value: &str) -> &mut Self {
        self.env.push((name.to_owned(), value.to_owned()));
        self
    }

    pub fn secret(&self, name: &str, value: &[u8]) -> &Self {
        std::fs::create_dir_all(self.path("secrets")).unwrap();
        self.write(&format!("secrets/{name}"), value)
    }

    pub fn write(&self, name: &str, bytes: &[u8]) -> &Self {
        std::fs::write(self.path(name), bytes).unwrap();
        self
    }

    pub fn read(&self, name: &str) -> String {
        std::fs::read_to_string(self.path(name)).unwrap_or_else(|error| panic!("{name}: {error}"))
    }

    pub fn json(&self, name: &str) -> Value {
        serde_json::from_str(&self.read(name)).unwrap()
    }

    pub fn mode(&self, name: &str) -> u32 {
        std::fs::metadata(self.path(name)).unwrap().permissions().mode() & 0o7777
    }

    pub fn command(&self, subcommand: &[&str]) -> Command {
        let mut command = Command::new(&self.launcher[0]);
        command.args(&self.launcher[1..]).arg("--plan").arg(self.path("init.json")).arg("--state-dir").arg(self.path("state"));
        command.args(&self.options).args(subcommand).env_clear().envs(self.env.iter().map(|(name, value)| (name, value)));
        command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
        command
    }

    pub fn write_plan(&self) {
        std::fs::write(self.path("init.json"), serde_json::to_vec(&self.plan).unwrap()).unwrap();
    }

    /// Starts it as PID 1 would be started.
    pub fn start(&self) -> Running {
        self.write_plan();
        Running(Some(self.command(&[]).spawn().unwrap()))
    }

    /// Runs it to its end.
    pub fn run(&self) -> Output {
        self.start().end()
    }

    /// Runs a subcommand to its end.
    pub fn ask(&self, subcommand: &[&str]) -> Output {
        self.command(subcommand).output().unwrap()
    }

    /// Waits until a file is there and not empty; returns its text.
    pub fn wait_for(&self, name: &str) -> String {
        let path = self.path(name);
        until(name, || std::fs::read_to_string(&path).ok().filter(|text| !text.is_empty()))
    }

    /// Waits until the state says that a process is in this state; returns what it says about it.
    pub fn wait_for_state(&self, id: &str, state: &str) -> Value {
        until(&format!("{id} {state}"), || {
            let status: Value = serde_json::from_slice(&std::fs::read(self.path("state/status.json")).ok()?).ok()?;
            status["processes"].as_array()?.iter().find(|process| process["id"] == id && process["state"] == state).cloned()
        })
    }

    /// Fails when any file of the stage or this output holds the text.
    pub fn assert_nowhere(&self, canary: &str, output: &Output, except: &[&str]) {
        for bytes in [&output.stdout, &output.stderr] {
            assert!(!String::from_utf8_lossy(bytes).contains(canary));
        }
        let except: Vec<_> = except.iter().map(|name| self.path(name)).collect();
        let mut folders = vec![self.folder.path().to_owned()];
        while let Some(folder) = folders.pop() {
            for entry in std::fs::read_dir(folder).unwrap() {
                let path = entry.unwrap().path();
                if path.is_symlink() || except.contains(&path) {
                    continue;
                }
                if path.is_dir() {
                    folders.push(path);
                } else {
                    let text = String::from_utf8_lossy(&std::fs::read(&path).unwrap()).into_owned();
                    assert!(!text.contains(canary), "{}", path.display());
                }
            }
        }
    }
}

/// The program while it runs; killed when the test forgets it.
pub struct Running(pub Option<Child>);

impl Running {
    pub fn pid(&self) -> Pid {
        Pid::from_raw(i32::try_from(self.0.as_ref().unwrap().id()).unwrap()).unwrap()
    }

    pub fn signal(&mut self, signal: Signal) -> &mut Self {
        kill_process(self.pid(), signal).unwrap();
        self
    }

    pub fn is_over(&mut self) -> bool {
        self.0.as_mut().unwrap().try_wait().unwrap().is_some()
    }

    /// Waits for its end.
    pub fn end(&mut self) -> Output {
        let mut child = self.0.take().unwrap();
        let (mut out, mut err) = (child.stdout.take().unwrap(), child.stderr.take().unwrap());
        let read = |stream: &mut dyn Read| {
            let mut bytes = Vec::new();
            stream.read_to_end(&mut bytes).unwrap();
            bytes
        };
        let until = Instant::now() + PATIENCE;
        let status = loop {
            if let Some(status) = child.try_wait().unwrap() {
                break status;
            }
            if Instant::now() > until {
                child.kill().unwrap();
                panic!("it does not end: {}", String::from_utf8_lossy(&read(&mut err)));
            }
            std::thread::sleep(Duration::from_millis(10));
        };
        Output { status, stdout: read(&mut out), stderr: read(&mut err) }
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        if let Some(mut child) = self.0.take() {
            let _ignored = child.kill();
            let _ignored = child.wait();
        }
    }
}

/// Waits until there is something.
pub fn until<T: Debug>(what: &str, mut there: impl FnMut() -> Option<T>) -> T {
    let end = Instant::now() + PATIENCE;
    loop {
        if let Some(found) = there() {
            return found;
        }
        assert!(Instant::now() < end, "never came: {what}");
        std::thread::sleep(Duration::from_millis(10));
    }
}

pub fn stderr(output: &Output) -> String {
    String::from_utf8(output.stderr.clone()).unwrap()
}

pub fn is_alive(pid: &str) -> bool {
    let stat = std::fs::read_to_string(Path::new("/proc").join(pid.trim()).join("stat")).unwrap_or_default();
    stat.rsplit(')').next().is_some_and(|rest| !rest.trim_start().starts_with('Z') && !rest.is_empty())
}
