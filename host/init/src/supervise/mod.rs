//! The supervisor: one thread and one loop over signals, ended children, times and answers of probes.
//!
//! It starts the processes in order, forwards signals, reaps every child (also those that others left to PID 1), and
//! ends when one of its processes ended by itself or it was asked to stop. It never restarts a process: that is the
//! Engine's business, with the whole container.

mod process;
mod readiness;
mod signals;

use std::time::{Duration, Instant};

use rustix::event::{PollFd, PollFlags, poll};
use rustix::io::Errno;
use rustix::process::{WaitId, WaitIdOptions, WaitOptions, WaitStatus, getpid, set_child_subreaper, wait, waitid, waitpid};
use spawnfile_core::init_plan::{InitPlan, InitStatus, STATUS_VERSION};

use crate::http::timespec;
use crate::prepare::Prepared;
use crate::say;
use crate::state::State;
use process::{Supervised, now_ms};
use signals::Request;
pub use signals::{Signals, signal_named};

/// Even a killed process may hang in the kernel; PID 1 does not wait for it longer than this.
const AFTER_KILL: Duration = Duration::from_secs(5);

/// Runs the processes of a checked plan until one ends by itself or a signal asks to stop; returns the exit code.
///
/// `start_wait` is how long a process waits for those that it comes after; then it is started all the same, and the
/// container does not become ready before all are.
pub fn supervise(plan: &InitPlan, prepared: Prepared, signals: Signals, state: &mut State, start_wait: Duration) -> u8 {
    if !getpid().is_init() {
        // Not PID 1 (an Engine with its own): orphans must come here all the same.
        let _ignored = set_child_subreaper(Some(getpid()));
    }
    let processes = plan.processes.iter().map(|spec| Supervised::new(spec, prepared.suppressed.contains(&spec.id))).collect();
    let now = Instant::now();
    Supervisor { processes, prepared, start_by: now + start_wait, started_ms: now_ms(), end: None, asks: 0, ready: false, give_up_at: None }
        .run(signals, state)
}

struct Supervisor<'a> {
    processes: Vec<Supervised<'a>>,
    prepared: Prepared,
    /// When waiting for others ends; moves on with every start.
    start_by: Instant,
    started_ms: u64,
    end: Option<End>,
    /// How often it was asked to stop.
    asks: u32,
    ready: bool,
    give_up_at: Option<Instant>,
}

/// Why it ends.
#[derive(Clone, Copy, PartialEq, Eq)]
enum End {
    Asked,
    Died(i32),
}

impl Supervisor<'_> {
    fn run(mut self, mut signals: Signals, state: &mut State) -> u8 {
        let start_wait = self.start_by.saturating_duration_since(Instant::now());
        loop {
            for request in signals.take() {
                self.obey(request, state);
            }
            self.reap(state);
            let now = Instant::now();
            for process in &mut self.processes {
                process.check(now);
            }
            // One that started may be what another waited for.
            while self.start_due(now, start_wait, state) {}
            self.kill_due(now);
            self.tell(state);
            if self.is_over(now) {
                break;
            }
            self.wait(&signals);
        }
        self.finish(state)
    }

    fn obey(&mut self, request: Request, state: &mut State) {
        match request {
            Request::Forward(signal) => self.processes.iter().for_each(|process| process.signal(signal)),
            Request::Stop => {
                self.asks += 1;
                if self.asks == 1 { self.stop(End::Asked, state) } else { self.kill_all() }
            }
        }
    }

    /// Begins to stop everything, for the first reason that comes up.
    fn stop(&mut self, end: End, state: &mut State) {
        self.end.get_or_insert(end);
        // Before anything is stopped: nobody must be told of a readiness that is over.
        if std::mem::take(&mut self.ready) {
            state.set_ready(false);
        }
        let now = Instant::now();
        self.processes.iter_mut().for_each(|process| process.stop(now));
    }

    fn kill_all(&mut self) {
        for process in &mut self.processes {
            process.kill_if_due(None);
        }
        self.give_up_at = Some(Instant::now() + AFTER_KILL);
    }

    fn kill_due(&mut self, now: Instant) {
        for process in &mut self.processes {
            process.look_after_group();
            if process.kill_if_due(Some(now)) {
                say(&format!("process `{}` did not stop in {} ms and was killed", process.spec().id, process.spec().stop_grace_ms));
                self.give_up_at = Some(now + AFTER_KILL);
            }
        }
    }

    /// Reaps every child that ended, ours first: what one of them left behind must be told while its number is its own.
    fn reap(&mut self, state: &mut State) {
        for index in 0..self.processes.len() {
            let Some(process) = self.processes.get_mut(index) else { continue };
            let Some(pid) = process.pid() else { continue };
            let peek = waitid(WaitId::Pid(pid), WaitIdOptions::EXITED | WaitIdOptions::NOHANG | WaitIdOptions::NOWAIT);
            if matches!(peek, Ok(Some(_))) {
                process.leave();
                if let Ok(Some((_, status))) = waitpid(Some(pid), WaitOptions::NOHANG) {
                    self.note_end(index, status, state);
                }
            }
        }
        // Orphans, and one of ours that ended just now: numbers are given out in turn, so that of its group cannot be
        // another's within the next instruction.
        while let Ok(Some((pid, status))) = wait(WaitOptions::NOHANG) {
            if let Some(index) = self.processes.iter().position(|process| process.pid() == Some(pid)) {
                if let Some(process) = self.processes.get(index) {
                    process.leave();
                }
                self.note_end(index, status, state);
            }
        }
    }

    fn note_end(&mut self, index: usize, status: WaitStatus, state: &mut State) {
        let Some(process) = self.processes.get_mut(index) else { return };
        let code = process.ended(status);
        if self.end.is_none() {
            say(&format!("process `{}` ended by itself with exit code {code}", process.spec().id));
            self.stop(End::Died(code), state);
        }
    }

    /// Starts every process whose turn it is, in the plan's order; returns whether there was one.
    fn start_due(&mut self, now: Instant, start_wait: Duration, state: &mut State) -> bool {
        let mut any = false;
        for index in 0..self.processes.len() {
            let Some(process) = self.processes.get(index).filter(|process| self.end.is_none() && process.is_waiting()) else { continue };
            let unready: Vec<&str> = process.spec().after.iter().map(String::as_str).filter(|id| !self.is_ready(id)).collect();
            if !unready.is_empty() {
                // What has not even been started is waited for all the same: its own turn comes.
                let unstarted = self.processes.iter().any(|other| other.is_waiting() && unready.contains(&other.spec().id.as_str()));
                if now < self.start_by || unstarted {
                    continue;
                }
                say(&format!("process `{}` starts although these are not ready: {}", process.spec().id, unready.join(", ")));
            }
            any = true;
            self.start_by = now + start_wait;
            let started = self.processes.get_mut(index).map_or(Ok(()), |process| process.start(&self.prepared));
            if let Err(code) = started {
                self.stop(End::Died(code), state);
            }
        }
        any
    }

    fn is_ready(&self, id: &str) -> bool {
        self.processes.iter().any(|process| process.spec().id == id && process.is_ready())
    }

    fn is_over(&self, now: Instant) -> bool {
        self.end.is_some() && (self.processes.iter().all(Supervised::is_gone) || self.give_up_at.is_some_and(|at| at <= now))
    }

    fn tell(&mut self, state: &mut State) {
        let ready = self.end.is_none() && self.processes.iter().all(Supervised::is_ready);
        state.write(&self.status(match self.end {
            None if ready => "ready",
            None => "starting",
            Some(_) => "stopping",
        }));
        if ready != std::mem::replace(&mut self.ready, ready) {
            state.set_ready(ready);
        }
    }

    fn status(&self, phase: &str) -> InitStatus {
        InitStatus {
            version: STATUS_VERSION.to_owned(),
            init_version: env!("CARGO_PKG_VERSION").to_owned(),
            phase: phase.to_owned(),
            started_ms: self.started_ms,
            processes: self.processes.iter().map(Supervised::status).collect(),
        }
    }

    fn wait(&self, signals: &Signals) {
        let waits_to_start = self.processes.iter().any(Supervised::is_waiting) && self.end.is_none();
        let due = self
            .processes
            .iter()
            .filter_map(Supervised::due)
            .chain(waits_to_start.then_some(self.start_by))
            .chain(self.give_up_at)
            .min()
            .map(|at| timespec(at.saturating_duration_since(Instant::now())));
        let answers = self.processes.iter().filter_map(|process| process.readiness().fd());
        let mut fds: Vec<PollFd<'_>> = signals.fds().chain(answers).map(|fd| PollFd::from_borrowed_fd(fd, PollFlags::IN)).collect();
        match poll(&mut fds, due.as_ref()) {
            Ok(_) | Err(Errno::INTR) => {}
            // Nothing sensible is left but not to burn the processor.
            Err(_) => std::thread::sleep(Duration::from_millis(50)),
        }
    }

    fn finish(self, state: &mut State) -> u8 {
        state.write(&self.status("stopped"));
        match self.end {
            None | Some(End::Asked) => crate::OK,
            Some(End::Died(code)) => u8::try_from(code).unwrap_or(1),
        }
    }
}
