//! `spawnfile-init`: PID 1 of a spawnfile image. It needs no shell and no interpreter.
//!
//! Without a subcommand it reads the plan, checks and prepares what the plan says, and runs and supervises the
//! processes. The subcommands answer the host, which executes them inside the running container.
//!
//! It refuses: a plan that it does not understand whole, a value that cannot be delivered whole, and any file that
//! is not a regular one. It never writes a value to its output or to an argument list.
#![forbid(unsafe_code)]
#![warn(missing_docs)]

pub mod args;
pub mod environment;
pub mod file;
pub mod http;
pub mod plan;
pub mod pointer;
pub mod prepare;
pub mod probe;
pub mod secret;
pub mod state;
pub mod supervise;
pub mod values;

use std::collections::BTreeMap;
use std::ffi::OsString;
use std::io::Write;

use args::{Command, Options};

/// Exit code when all is well.
pub const OK: u8 = 0;
/// Exit code of a subcommand whose answer is no.
pub const NO: u8 = 1;
/// Exit code for arguments that are not understood.
pub const USAGE: u8 = 2;
/// Exit code when the plan or what it needs is not in order: nothing was started (`EX_CONFIG`).
pub const CONFIG: u8 = 78;

/// Runs the program with these arguments (without its name) and this environment; returns the exit code.
pub fn run(args: impl IntoIterator<Item = OsString>, environment: BTreeMap<OsString, OsString>) -> u8 {
    let (options, command) = match args::parse(args) {
        Ok(parsed) => parsed,
        Err(error) => {
            say(&format!("error: {error}"));
            return USAGE;
        }
    };
    match command {
        Command::Run => start(&options, environment),
        Command::Ready(longest) => u8::from(!state::wait_ready(&options.state_dir, longest)),
        Command::Probe(probe) => {
            let answer = probe.run();
            print_json(&answer, answer.ok)
        }
        Command::SecretPut(name) => match secret::put(&options.plan, &name, std::io::stdin().lock()) {
            Ok(()) => OK,
            Err(error) => {
                say(&format!("error: {error}"));
                error.exit_code()
            }
        },
        Command::Status => match state::read(&options.state_dir) {
            Ok(status) => print_json(&status, true),
            Err(error) => {
                say(&format!("error: {error}"));
                NO
            }
        },
        Command::Version => print(concat!("spawnfile-init ", env!("CARGO_PKG_VERSION"), "\n").as_bytes()),
    }
}

fn start(options: &Options, environment: BTreeMap<OsString, OsString>) -> u8 {
    // Before anything else: a signal that comes while files are prepared must not be lost, and PID 1 has no default
    // action for any.
    let signals = match supervise::Signals::install() {
        Ok(signals) => signals,
        Err(error) => {
            say(&format!("error: cannot receive signals: {error}"));
            return CONFIG;
        }
    };
    // A container that is started again keeps its files: readiness of the last run must not count.
    let mut state = state::State::open(&options.state_dir);
    let prepared = plan::load(&options.plan)
        .map_err(|error| vec![error.to_string()])
        .and_then(|plan| prepare::prepare(&plan, environment).map(|prepared| (plan, prepared)));
    match prepared {
        Ok((plan, prepared)) => supervise::supervise(&plan, prepared, signals, &mut state, options.start_wait),
        Err(errors) => {
            for error in errors {
                say(&format!("error: {error}"));
            }
            CONFIG
        }
    }
}

/// Writes one line to standard error. Nobody may be reading: that is no reason to stop.
pub(crate) fn say(line: &str) {
    let _ignored = writeln!(std::io::stderr().lock(), "spawnfile-init: {}", one_line(line));
}

/// Returns the text in one line without control characters, cut after 4,000 characters.
fn one_line(text: &str) -> String {
    text.chars().take(4000).map(|c| if c.is_control() { char::REPLACEMENT_CHARACTER } else { c }).collect()
}

fn print_json<T: serde::Serialize>(answer: &T, yes: bool) -> u8 {
    let Ok(mut line) = serde_json::to_vec(answer) else { return NO };
    line.push(b'\n');
    print(&line).max(u8::from(!yes))
}

fn print(bytes: &[u8]) -> u8 {
    let mut out = std::io::stdout().lock();
    u8::from(out.write_all(bytes).and_then(|()| out.flush()).is_err())
}
