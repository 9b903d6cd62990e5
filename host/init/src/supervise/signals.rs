//! Signals as bytes in sockets: one pair for each, so that the supervisor can wait for all of them and for its
//! probes at once, and no handler does more than one write.

use std::io::Read;
use std::os::fd::{AsFd, BorrowedFd};
use std::os::unix::net::UnixStream;

use rustix::process::Signal;

/// Signals by the names that a plan may use. The first two ask PID 1 itself to stop; the next four are passed on.
const NAMES: [(&str, Signal); 10] = [
    ("SIGTERM", Signal::TERM),
    ("SIGINT", Signal::INT),
    ("SIGHUP", Signal::HUP),
    ("SIGQUIT", Signal::QUIT),
    ("SIGUSR1", Signal::USR1),
    ("SIGUSR2", Signal::USR2),
    ("SIGWINCH", Signal::WINCH),
    ("SIGKILL", Signal::KILL),
    ("SIGABRT", Signal::ABORT),
    ("SIGALRM", Signal::ALARM),
];

/// Returns the signal of a name with its `SIG`.
pub fn signal_named(name: &str) -> Option<Signal> {
    NAMES.iter().find(|(known, _)| *known == name).map(|(_, signal)| *signal)
}

/// The name of a signal, for messages.
pub(super) fn name_of(signal: Signal) -> &'static str {
    NAMES.iter().find(|(_, known)| *known == signal).map_or("a signal", |(name, _)| name)
}

/// What a signal asks for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Request {
    /// Stop.
    Stop,
    /// Pass it on.
    Forward(Signal),
}

/// The signals that PID 1 receives.
#[derive(Debug)]
pub struct Signals(Vec<(Option<Request>, UnixStream)>);

impl Signals {
    /// Starts to receive them.
    ///
    /// # Errors
    /// When the system gives no sockets or no handlers.
    pub fn install() -> std::io::Result<Self> {
        let requests = [
            (Signal::CHILD, None),
            (Signal::TERM, Some(Request::Stop)),
            (Signal::INT, Some(Request::Stop)),
            (Signal::HUP, Some(Request::Forward(Signal::HUP))),
            (Signal::QUIT, Some(Request::Forward(Signal::QUIT))),
            (Signal::USR1, Some(Request::Forward(Signal::USR1))),
            (Signal::USR2, Some(Request::Forward(Signal::USR2))),
        ];
        let install = |(signal, request): (Signal, Option<Request>)| {
            let (here, there) = UnixStream::pair()?;
            here.set_nonblocking(true)?;
            signal_hook::low_level::pipe::register(signal.as_raw(), there)?;
            Ok((request, here))
        };
        requests.into_iter().map(install).collect::<std::io::Result<_>>().map(Self)
    }

    /// Returns what was asked for since the last time, each as often as it came. Children that ended are not told:
    /// the supervisor looks for them every time.
    pub(super) fn take(&mut self) -> Vec<Request> {
        let mut requests = Vec::new();
        for (request, stream) in &mut self.0 {
            let mut buffer = [0; 64];
            while let Ok(count @ 1..) = stream.read(&mut buffer) {
                requests.extend(std::iter::repeat_n(*request, count).flatten());
            }
        }
        requests
    }

    pub(super) fn fds(&self) -> impl Iterator<Item = BorrowedFd<'_>> {
        self.0.iter().map(|(_, stream)| stream.as_fd())
    }
}
