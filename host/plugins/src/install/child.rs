//! The child process that works on foreign wasm: it limits itself first, reads wasm on standard input, and writes its
//! answer on standard output. The compiler never runs in the process that holds the user's credentials.

use std::io::{self, Read as _, Write as _};
use std::process::ExitCode;

use rustix::process::{Resource, Rlimit, Signal, getrlimit, set_parent_process_death_signal, setrlimit};

use crate::limits::COMPONENT_BYTES;

/// The hidden argument of the program that calls [`main`].
pub const ARGUMENT: &str = "__compile-component";

/// Address space, in bytes.
const ADDRESS_SPACE: u64 = 4 << 30;

/// Processor time, in seconds.
pub(super) const CPU_SECONDS: u64 = 120;

/// Open files.
const FILES: u64 = 16;

/// What the child does; its last argument.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Job {
    /// Turns a core module into a component.
    Encode,
    /// Compiles a component.
    Compile,
    /// Compiles a component with fuel.
    CompileMetered,
}

impl Job {
    pub(super) const fn word(self) -> &'static str {
        match self {
            Self::Encode => "encode",
            Self::Compile => "compile",
            Self::CompileMetered => "compile-metered",
        }
    }

    fn parse(word: &str) -> Option<Self> {
        [Self::Encode, Self::Compile, Self::CompileMetered].into_iter().find(|job| job.word() == word)
    }
}

/// Runs the child: to be called by `main` of a program when its first argument is [`ARGUMENT`], before anything else.
/// The job is the last argument: `encode`, `compile` or `compile-metered`.
pub fn main() -> ExitCode {
    let outcome = limit().map_err(|error| format!("cannot limit itself: {error}")).and_then(|()| work());
    match outcome {
        Ok(()) => ExitCode::SUCCESS,
        Err(message) => {
            let _unread = io::stderr().write_all(message.as_bytes());
            ExitCode::FAILURE
        }
    }
}

/// Takes away what a compiler does not need. No file can be written at all.
fn limit() -> rustix::io::Result<()> {
    for (resource, most) in
        [(Resource::Core, 0), (Resource::Fsize, 0), (Resource::Nofile, FILES), (Resource::Cpu, CPU_SECONDS), (Resource::As, ADDRESS_SPACE)]
    {
        // Whoever started this program may have set a lower bound already, which cannot be raised.
        let most = getrlimit(resource).maximum.map_or(most, |set| set.min(most));
        setrlimit(resource, Rlimit { current: Some(most), maximum: Some(most) })?;
    }
    #[cfg(target_os = "linux")]
    set_parent_process_death_signal(Some(Signal::KILL))?;
    Ok(())
}

fn work() -> Result<(), String> {
    let job = std::env::args().next_back().as_deref().and_then(Job::parse).ok_or("the last argument is no job")?;
    let mut wasm = Vec::new();
    io::stdin().take(COMPONENT_BYTES + 1).read_to_end(&mut wasm).map_err(|error| error.to_string())?;
    if wasm.len() as u64 > COMPONENT_BYTES {
        return Err(format!("it is larger than {COMPONENT_BYTES} bytes"));
    }
    let answer = match job {
        Job::Encode => crate::encode::encode(&wasm)?,
        Job::Compile | Job::CompileMetered => {
            crate::config::precompile(&wasm, job == Job::CompileMetered).map_err(|error| format!("{error:#}"))?
        }
    };
    io::stdout().write_all(&answer).map_err(|error| error.to_string())
}
