//! Whether a process is ready: at once, or as soon as it answers. Once ready it stays so while it runs; how it is
//! later is for the host's probes.

use std::os::fd::{AsFd, BorrowedFd};
use std::time::{Duration, Instant};

use spawnfile_core::init_plan::Ready;

use crate::http::Get;

/// Limit of one question.
const TIMEOUT: Duration = Duration::from_secs(2);
/// Pause between two questions in the first seconds, when most programs become ready, and later.
const PAUSE_AT_FIRST: Duration = Duration::from_millis(50);
const PAUSE_LATER: Duration = Duration::from_millis(500);
const AT_FIRST: Duration = Duration::from_secs(10);

#[derive(Debug)]
pub(super) struct Readiness<'a> {
    question: Option<&'a Ready>,
    state: State,
}

#[derive(Debug)]
enum State {
    NotStarted,
    Pausing { since: Instant, until: Instant },
    Asking { since: Instant, get: Get },
    Ready,
}

impl<'a> Readiness<'a> {
    pub(super) const fn new(question: Option<&'a Ready>) -> Self {
        Self { question, state: State::NotStarted }
    }

    pub(super) fn begin(&mut self, now: Instant) {
        self.state = if self.question.is_some() { State::Pausing { since: now, until: now } } else { State::Ready };
    }

    pub(super) fn end(&mut self) {
        self.state = State::NotStarted;
    }

    pub(super) const fn is_ready(&self) -> bool {
        matches!(self.state, State::Ready)
    }

    /// Asks when it is time to, and looks for the answer.
    pub(super) fn check(&mut self, now: Instant) {
        let Some(question) = self.question else { return };
        if let State::Pausing { since, until } = self.state
            && until <= now
        {
            self.state = match Get::send(question.http_get.port, &question.http_get.path, TIMEOUT) {
                Ok(get) => State::Asking { since, get },
                Err(_) => pause(since, now),
            };
        }
        if let State::Asking { since, get } = &mut self.state
            && let Some(answer) = get.poll()
        {
            self.state = if answer.is_ok_and(|code| (200..=299).contains(&code)) { State::Ready } else { pause(*since, now) };
        }
    }

    /// When [`Self::check`] has something to do, unless the answer comes before.
    pub(super) const fn due(&self) -> Option<Instant> {
        match &self.state {
            State::Pausing { until, .. } => Some(*until),
            State::Asking { get, .. } => Some(get.until()),
            State::NotStarted | State::Ready => None,
        }
    }

    /// What to wait for the answer on.
    pub(super) fn fd(&self) -> Option<BorrowedFd<'_>> {
        match &self.state {
            State::Asking { get, .. } => Some(get.as_fd()),
            State::NotStarted | State::Pausing { .. } | State::Ready => None,
        }
    }
}

fn pause(since: Instant, now: Instant) -> State {
    let pause = if now.saturating_duration_since(since) < AT_FIRST { PAUSE_AT_FIRST } else { PAUSE_LATER };
    State::Pausing { since, until: now + pause }
}
