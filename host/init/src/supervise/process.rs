//! One supervised process: started, asked whether it is ready, stopped, and what is left of its group.

use std::os::unix::process::CommandExt;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use rustix::io::Errno;
use rustix::process::{Pid, Signal, WaitStatus, kill_process, kill_process_group, test_kill_process_group};
use spawnfile_core::init_plan::{Process, ProcessStatus};

use super::readiness::Readiness;
use super::signals::{name_of, signal_named};
use crate::environment;
use crate::prepare::Prepared;
use crate::say;

/// Exit codes of shells for programs that cannot be found or started.
const NOT_FOUND: i32 = 127;
const NOT_STARTED: i32 = 126;

/// A process of the plan and how it is.
#[derive(Debug)]
pub(super) struct Supervised<'a> {
    spec: &'a Process,
    state: State,
    pid: Option<Pid>,
    /// Its group, as long as somebody may be in it.
    group: Option<Pid>,
    started_ms: Option<u64>,
    exit_code: Option<i32>,
    readiness: Readiness<'a>,
    kill_at: Option<Instant>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum State {
    Waiting,
    Suppressed,
    Running,
    Stopping,
    Exited,
    Failed,
}

impl<'a> Supervised<'a> {
    pub(super) fn new(spec: &'a Process, suppressed: bool) -> Self {
        let state = if suppressed { State::Suppressed } else { State::Waiting };
        let readiness = Readiness::new(spec.ready.as_ref());
        Self { spec, state, pid: None, group: None, started_ms: None, exit_code: None, readiness, kill_at: None }
    }

    pub(super) const fn spec(&self) -> &'a Process {
        self.spec
    }

    pub(super) const fn pid(&self) -> Option<Pid> {
        self.pid
    }

    pub(super) const fn is_waiting(&self) -> bool {
        matches!(self.state, State::Waiting)
    }

    /// Whether those that come after it need not wait for it.
    pub(super) const fn is_ready(&self) -> bool {
        matches!(self.state, State::Suppressed) || (matches!(self.state, State::Running) && self.readiness.is_ready())
    }

    /// Whether nothing of it is left.
    pub(super) const fn is_gone(&self) -> bool {
        self.pid.is_none() && self.group.is_none()
    }

    /// Starts it; returns the exit code that stands for it when that fails.
    pub(super) fn start(&mut self, prepared: &Prepared) -> Result<(), i32> {
        let environment = environment::of(self.spec, &prepared.values, &prepared.unset);
        let (name, arguments) = self.spec.argv.split_first().map_or(("", [].as_slice()), |(name, rest)| (name, rest));
        let Some(program) = environment::program(name, &environment) else {
            return self.fail(NOT_FOUND, &format!("`{name}` is not in its PATH"));
        };
        let mut command = Command::new(&program);
        command.args(arguments).env_clear().envs(&environment).stdin(Stdio::null()).process_group(0);
        if let Some(workdir) = &self.spec.workdir {
            command.current_dir(workdir);
        }
        match command.spawn() {
            Ok(child) => {
                self.pid = i32::try_from(child.id()).ok().and_then(Pid::from_raw);
                self.group = self.pid;
                self.state = State::Running;
                self.started_ms = Some(now_ms());
                self.readiness.begin(Instant::now());
                Ok(())
            }
            Err(error) => {
                let code = if error.kind() == std::io::ErrorKind::NotFound { NOT_FOUND } else { NOT_STARTED };
                self.fail(code, &format!("cannot start `{}`: {error}", program.display()))
            }
        }
    }

    fn fail(&mut self, code: i32, why: &str) -> Result<(), i32> {
        say(&format!("process `{}`: {why}", self.spec.id));
        self.state = State::Failed;
        self.exit_code = Some(code);
        Err(code)
    }

    /// Asks it to stop and sets the time at which it is killed.
    pub(super) fn stop(&mut self, now: Instant) {
        if self.kill_at.is_none() && !self.is_gone() {
            self.kill_at = Some(now + Duration::from_millis(self.spec.stop_grace_ms.into()));
            if self.state == State::Running {
                self.state = State::Stopping;
                self.signal(self.stop_signal());
            }
        }
    }

    /// Sends it a signal.
    pub(super) fn signal(&self, signal: Signal) {
        if let Some(pid) = self.pid
            && let Err(error) = kill_process(pid, signal)
        {
            say(&format!("process `{}`: cannot send {}: {error}", self.spec.id, name_of(signal)));
        }
    }

    /// Kills it and its whole group when its time is over, or `now` is nothing; returns whether it did.
    pub(super) fn kill_if_due(&mut self, now: Option<Instant>) -> bool {
        let Some(group) = self.group.filter(|_| now.is_none_or(|now| self.kill_at.is_some_and(|at| at <= now))) else { return false };
        self.kill_at = None;
        match kill_process_group(group, Signal::KILL) {
            Ok(()) | Err(Errno::SRCH) => true,
            Err(error) => {
                say(&format!("process `{}`: cannot kill it: {error}", self.spec.id));
                true
            }
        }
    }

    /// Called while it has ended but is not yet reaped, so that its group's number cannot be another's: what it left
    /// behind is asked to stop, as it was or would have been.
    pub(super) fn leave(&self) {
        if let Some(group) = self.group {
            let _ignored = kill_process_group(group, self.stop_signal());
        }
    }

    /// Notes that it was reaped; returns its exit code.
    pub(super) fn ended(&mut self, status: WaitStatus) -> i32 {
        let code = status.exit_status().or_else(|| status.terminating_signal().map(|signal| 128 + signal)).unwrap_or(1);
        self.pid = None;
        self.state = State::Exited;
        self.exit_code = Some(code);
        self.readiness.end();
        code
    }

    /// Forgets its group when nobody is in it any more.
    pub(super) fn look_after_group(&mut self) {
        if self.pid.is_none() && self.group.is_some_and(|group| test_kill_process_group(group) == Err(Errno::SRCH)) {
            self.group = None;
            self.kill_at = None;
        }
    }

    pub(super) const fn readiness(&self) -> &Readiness<'a> {
        &self.readiness
    }

    /// Goes on with finding out whether it is ready.
    pub(super) fn check(&mut self, now: Instant) {
        if self.state == State::Running {
            self.readiness.check(now);
        }
    }

    /// When something is to be done about it.
    pub(super) fn due(&self) -> Option<Instant> {
        let ready = if self.state == State::Running { self.readiness.due() } else { None };
        ready.into_iter().chain(self.kill_at).min()
    }

    pub(super) fn status(&self) -> ProcessStatus {
        let state = match self.state {
            State::Waiting => "waiting",
            State::Suppressed => "suppressed",
            State::Running => "running",
            State::Stopping => "stopping",
            State::Exited => "exited",
            State::Failed => "failed",
        };
        ProcessStatus {
            id: self.spec.id.clone(),
            pid: self.pid.and_then(|pid| u32::try_from(pid.as_raw_nonzero().get()).ok()),
            state: state.to_owned(),
            started_ms: self.started_ms,
            exit_code: self.exit_code,
            ready: self.state == State::Running && self.readiness.is_ready(),
        }
    }

    fn stop_signal(&self) -> Signal {
        signal_named(&self.spec.stop_signal).unwrap_or(Signal::TERM)
    }
}

/// Milliseconds since 1970.
pub(super) fn now_ms() -> u64 {
    SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |since| u64::try_from(since.as_millis()).unwrap_or(u64::MAX))
}
