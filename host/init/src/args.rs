//! Arguments: options, then at most one subcommand. Refuses what it does not know and values that are no UTF-8
//! where a name is wanted.

use std::ffi::OsString;
use std::path::PathBuf;
use std::time::Duration;

use spawnfile_core::init_plan::{INIT_PLAN_PATH, STATE_DIR};
use spawnfile_core::name::EnvName;

use crate::probe::{Action, Probe};

/// How long a process waits for those it comes after, unless `--start-wait-ms` says otherwise.
const START_WAIT: Duration = Duration::from_secs(60);
/// Limit of one probe, unless `--timeout-ms` says otherwise.
const PROBE_TIMEOUT: Duration = Duration::from_secs(2);
/// No duration may be longer than this many milliseconds (ten minutes).
const LONGEST_MS: u64 = 600_000;

/// What holds for every subcommand.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Options {
    /// The plan (`--plan`).
    pub plan: PathBuf,
    /// Folder of `status.json` and `ready` (`--state-dir`).
    pub state_dir: PathBuf,
    /// How long a process waits for those it comes after (`--start-wait-ms`).
    pub start_wait: Duration,
}

/// What to do.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Command {
    /// Be PID 1.
    Run,
    /// Say whether everything is ready, waiting for it up to this long (`--wait-ms`).
    Ready(Duration),
    /// Ask one question.
    Probe(Probe),
    /// Take a secret from standard input.
    SecretPut(EnvName),
    /// Print the state.
    Status,
    /// Print the version.
    Version,
}

/// Arguments that are not understood. They may hold anything, so only known words are repeated.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{0} (known: no subcommand, ready [--wait-ms N], probe http|file|dir|json|exec, secret put, status --json, --version)")]
pub struct UsageError(&'static str);

/// Parses arguments without the program's name.
///
/// # Errors
/// When a word is unknown, missing or one too many, or a number is out of range.
pub fn parse(args: impl IntoIterator<Item = OsString>) -> Result<(Options, Command), UsageError> {
    let mut args = args.into_iter();
    let mut options = Options { plan: INIT_PLAN_PATH.into(), state_dir: STATE_DIR.into(), start_wait: START_WAIT };
    let command = loop {
        let Some(word) = args.next() else { break Command::Run };
        match word.to_str() {
            Some("--plan") => options.plan = args.next().ok_or(UsageError("`--plan` needs a path"))?.into(),
            Some("--state-dir") => options.state_dir = args.next().ok_or(UsageError("`--state-dir` needs a path"))?.into(),
            Some("--start-wait-ms") => options.start_wait = milliseconds(args.next())?,
            Some("--version" | "-V") => break Command::Version,
            Some("ready") => break ready(&mut args)?,
            Some("probe") => break Command::Probe(probe(&mut args)?),
            Some("secret") => match args.next().as_ref().and_then(|verb| verb.to_str()) {
                Some("put") => break Command::SecretPut(env_name(args.next())?),
                _ => return Err(UsageError("`secret` needs `put NAME`")),
            },
            Some("status") => match args.next().as_ref().and_then(|flag| flag.to_str()) {
                Some("--json") => break Command::Status,
                _ => return Err(UsageError("`status` needs `--json`")),
            },
            _ => return Err(UsageError("unknown argument")),
        }
    };
    match args.next() {
        None => Ok((options, command)),
        Some(_) => Err(UsageError("too many arguments")),
    }
}

fn ready(args: &mut impl Iterator<Item = OsString>) -> Result<Command, UsageError> {
    match args.next() {
        None => Ok(Command::Ready(Duration::ZERO)),
        Some(flag) if flag == "--wait-ms" => Ok(Command::Ready(milliseconds(args.next())?)),
        Some(_) => Err(UsageError("`ready` takes nothing but `--wait-ms N`")),
    }
}

fn probe(args: &mut impl Iterator<Item = OsString>) -> Result<Probe, UsageError> {
    const NEEDS: UsageError =
        UsageError("`probe` needs `http PORT PATH`, `file PATH`, `dir PATH`, `json PATH POINTER` or `exec -- PROGRAM ...`");
    let mut timeout = PROBE_TIMEOUT;
    let mut words = Vec::new();
    let mut program = None;
    while let Some(word) = args.next() {
        match word.to_str() {
            Some("--timeout-ms") => timeout = milliseconds(args.next())?,
            Some("--") => {
                program = Some(args.by_ref().collect::<Vec<_>>());
                break;
            }
            _ => words.push(word),
        }
    }
    let mut words = words.into_iter();
    let kind = words.next().ok_or(NEEDS)?;
    let mut operand = || words.next();
    let action = match (kind.to_str(), program) {
        (Some("http"), None) => {
            let port = operand().and_then(|port| port.to_str()?.parse().ok()).filter(|port| *port != 0).ok_or(NEEDS)?;
            let path = operand().and_then(|path| path.into_string().ok()).ok_or(NEEDS)?;
            if !crate::http::is_path(&path) {
                return Err(UsageError("the path of `probe http` must start with `/` and have no white space"));
            }
            Action::Http { port, path }
        }
        (Some("file"), None) => Action::File(operand().ok_or(NEEDS)?.into()),
        (Some("dir"), None) => Action::Dir(operand().ok_or(NEEDS)?.into()),
        (Some("json"), None) => Action::Json {
            path: operand().ok_or(NEEDS)?.into(),
            pointer: operand().and_then(|pointer| pointer.into_string().ok()).ok_or(NEEDS)?,
        },
        (Some("exec"), Some(argv)) if !argv.is_empty() => Action::Exec(argv),
        _ => return Err(NEEDS),
    };
    if words.next().is_some() {
        return Err(UsageError("too many arguments"));
    }
    Ok(Probe { action, timeout })
}

fn env_name(word: Option<OsString>) -> Result<EnvName, UsageError> {
    word.and_then(|word| word.to_str()?.parse().ok()).ok_or(UsageError("`secret put` needs the name of an environment variable"))
}

fn milliseconds(word: Option<OsString>) -> Result<Duration, UsageError> {
    word.and_then(|word| word.to_str()?.parse().ok())
        .filter(|ms| (1..=LONGEST_MS).contains(ms))
        .map(Duration::from_millis)
        .ok_or(UsageError("a duration is a number of milliseconds from 1 to 600000"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn words(line: &str) -> Result<(Options, Command), UsageError> {
        parse(line.split_whitespace().map(OsString::from))
    }

    #[test]
    fn commands_are_understood_whole_or_not_at_all() {
        assert_eq!(words("").unwrap().1, Command::Run);
        assert_eq!(words("--plan /p --state-dir /s ready").unwrap().1, Command::Ready(Duration::ZERO));
        assert_eq!(words("ready --wait-ms 5").unwrap().1, Command::Ready(Duration::from_millis(5)));
        assert_eq!(words("status --json").unwrap().1, Command::Status);
        let (_, command) = words("probe http 80 /x --timeout-ms 5").unwrap();
        let action = Action::Http { port: 80, path: "/x".to_owned() };
        assert_eq!(command, Command::Probe(Probe { action, timeout: Duration::from_millis(5) }));
        let (_, command) = words("probe exec --timeout-ms 7 -- /bin/x --timeout-ms 9").unwrap();
        let action = Action::Exec(["/bin/x", "--timeout-ms", "9"].map(OsString::from).to_vec());
        assert_eq!(command, Command::Probe(Probe { action, timeout: Duration::from_millis(7) }));
        for bad in [
            "nonsense",
            "ready now",
            "ready --wait-ms",
            "ready --wait-ms 5 5",
            "status",
            "secret",
            "secret put",
            "secret put A=B",
            "secret put ../x",
            "secret put A B",
            "probe",
            "probe http",
            "probe http 0 /x",
            "probe http 65536 /x",
            "probe http 80 x",
            "probe http 80 /x y",
            "probe exec",
            "probe exec --",
            "probe exec ls",
            "probe file",
            "probe file /x -- y",
            "probe json /x",
            "probe http 80 /x --timeout-ms 0",
            "probe http 80 /x --timeout-ms 600001",
            "--plan",
        ] {
            assert!(words(bad).is_err(), "{bad}");
        }
    }
}
