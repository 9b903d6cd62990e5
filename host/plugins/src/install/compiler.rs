//! The parent's side of the compile child: starts it with nothing but its input, and bounds its time and its answer.

use std::ffi::OsString;
use std::io::{Read, Write as _};
use std::os::unix::process::CommandExt as _;
use std::path::PathBuf;
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::mpsc;
use std::time::{Duration, Instant};

use rustix::process::{Pid, Signal, kill_process_group};

use super::child::{self, Job};
use crate::error::{Problem, clean};
use crate::limits::{COMPILED_BYTES, COMPONENT_BYTES};

/// How long the child may take on the clock.
const DEADLINE: Duration = Duration::from_secs(child::CPU_SECONDS + 60);

/// Most bytes of its error text that are read.
const ERROR_BYTES: u64 = 16 * 1024;

/// How to start the compile child.
#[derive(Debug, Clone)]
pub struct Compiler {
    program: PathBuf,
    arguments: Vec<OsString>,
    deadline: Duration,
}

impl Compiler {
    /// Returns the compiler in this very program, behind the hidden argument [`child::ARGUMENT`].
    ///
    /// # Errors
    /// When the system does not say where this program is.
    pub fn this_program() -> std::io::Result<Self> {
        // The link always leads to the running program, even when its file was replaced by an upgrade.
        let program = if cfg!(target_os = "linux") { PathBuf::from("/proc/self/exe") } else { std::env::current_exe()? };
        Ok(Self::new(program, [child::ARGUMENT]))
    }

    /// Returns a compiler that is another program, which calls [`child::main`].
    pub fn new(program: impl Into<PathBuf>, arguments: impl IntoIterator<Item = impl Into<OsString>>) -> Self {
        Self { program: program.into(), arguments: arguments.into_iter().map(Into::into).collect(), deadline: DEADLINE }
    }

    /// Sets how long it may take on the clock.
    #[must_use]
    pub fn deadline(mut self, deadline: Duration) -> Self {
        self.deadline = deadline;
        self
    }

    pub(super) fn encode(&self, module: &[u8]) -> Result<Vec<u8>, Problem> {
        self.run(Job::Encode, module, COMPONENT_BYTES)
    }

    pub(super) fn compile(&self, component: &[u8], metered: bool) -> Result<Vec<u8>, Problem> {
        self.run(if metered { Job::CompileMetered } else { Job::Compile }, component, COMPILED_BYTES)
    }

    fn run(&self, job: Job, input: &[u8], most: u64) -> Result<Vec<u8>, Problem> {
        let io = |error: std::io::Error| Problem::Io(format!("cannot run the compile process: {error}"));
        let until = Instant::now() + self.deadline;
        let mut child = Command::new(&self.program)
            .args(&self.arguments)
            .arg(job.word())
            .env_clear()
            .current_dir("/")
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .process_group(0)
            .spawn()
            .map_err(io)?;
        let (Some(mut stdin), Some(stdout), Some(stderr)) = (child.stdin.take(), child.stdout.take(), child.stderr.take()) else {
            return Err(Problem::Io("the compile process has no pipes".to_owned()));
        };
        let (done, finished) = mpsc::channel();
        let (status, answer, said) = std::thread::scope(|scope| {
            // It may answer, or fail, without reading all of its input.
            scope.spawn(move || {
                let _broken = stdin.write_all(input);
            });
            let said = scope.spawn(move || read(stderr, ERROR_BYTES));
            let answer = scope.spawn(move || {
                let answer = read(stdout, most + 1);
                let _nobody_waits = done.send(());
                answer
            });
            let _in_time = finished.recv_timeout(self.deadline);
            let status = end(&mut child, until);
            (status, answer.join().unwrap_or_default(), said.join().unwrap_or_default())
        });
        let Some(status) = status.map_err(io)? else {
            return Err(Problem::Refused(format!("compiling it took longer than {:?} and was stopped", self.deadline)));
        };
        if answer.len() as u64 > most {
            return Err(Problem::Refused(format!("its compiled form is larger than {most} bytes")));
        }
        if status.success() {
            return Ok(answer);
        }
        Err(Problem::Refused(why(job, status, &String::from_utf8_lossy(&said))))
    }
}

fn read(stream: impl Read, most: u64) -> Vec<u8> {
    let mut bytes = Vec::new();
    // A stream that breaks ends: what the process was able to say is what counts.
    let _broken = stream.take(most).read_to_end(&mut bytes);
    bytes
}

/// Waits for the child, kills it when its time is over. Returns nothing when it was killed.
fn end(child: &mut Child, until: Instant) -> std::io::Result<Option<ExitStatus>> {
    let mut pause = Duration::from_micros(200);
    loop {
        if let Some(status) = child.try_wait()? {
            return Ok(Some(status));
        }
        if Instant::now() >= until {
            // Whatever it may have started holds its pipes too.
            kill_process_group(Pid::from_child(child), Signal::KILL)?;
            child.wait()?;
            return Ok(None);
        }
        std::thread::sleep(pause);
        pause = (pause * 2).min(Duration::from_millis(20));
    }
}

fn why(job: Job, status: ExitStatus, said: &str) -> String {
    use std::os::unix::process::ExitStatusExt as _;

    let doing = if job == Job::Encode { "it cannot be made a component" } else { "it does not compile" };
    match status.signal() {
        Some(_) => format!("{doing}: the compile process was ended by the system (it needs too much memory or time)"),
        None => format!("{doing}: {}", clean(said.trim(), 1000)),
    }
}
