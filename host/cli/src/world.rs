//! What a command may know of the process it runs in, captured once in `main`.
//!
//! Environment values are asked for by name, by the code whose documented job it is; nothing takes them wholesale.

use std::ffi::OsString;
use std::io::IsTerminal;
use std::path::{Path, PathBuf};
use std::time::{SystemTime, UNIX_EPOCH};

use crate::error::CliError;

/// The surroundings of a command.
#[derive(Debug)]
pub(crate) struct World {
    /// Working folder.
    pub(crate) cwd: PathBuf,
    /// `SPAWNFILE_HOME`, else `~/.spawnfile`.
    pub(crate) home: PathBuf,
    /// The user's own home folder, if known.
    pub(crate) user_home: Option<PathBuf>,
    /// Whether stdout is a terminal.
    pub(crate) stdout_is_terminal: bool,
}

impl World {
    /// Captures the surroundings.
    pub(crate) fn capture() -> Result<Self, CliError> {
        let cwd = std::env::current_dir().map_err(|error| CliError::input(format!("cannot tell the working folder: {error}")))?;
        let user_home = std::env::var_os("HOME").filter(|home| !home.is_empty()).map(PathBuf::from);
        let home = match std::env::var_os("SPAWNFILE_HOME").filter(|home| !home.is_empty()) {
            Some(home) => cwd.join(expand(&home, user_home.as_deref())),
            None => user_home
                .as_ref()
                .map(|home| home.join(".spawnfile"))
                .ok_or_else(|| CliError::input("neither HOME nor SPAWNFILE_HOME is set").hint("set SPAWNFILE_HOME to a folder of yours"))?,
        };
        Ok(Self { cwd, home, user_home, stdout_is_terminal: std::io::stdout().is_terminal() })
    }

    /// Returns an environment variable's text; empty counts as absent.
    #[expect(clippy::unused_self, reason = "the environment belongs to the world, and only the world reads it")]
    pub(crate) fn env(&self, name: &str) -> Option<String> {
        std::env::var(name).ok().filter(|value| !value.is_empty())
    }

    /// Returns an environment variable as it is.
    #[expect(clippy::unused_self, reason = "the environment belongs to the world, and only the world reads it")]
    pub(crate) fn env_os(&self, name: &str) -> Option<OsString> {
        std::env::var_os(name)
    }

    /// Returns docker's configuration folder.
    pub(crate) fn docker_config_dir(&self) -> PathBuf {
        match self.env_os("DOCKER_CONFIG").filter(|dir| !dir.is_empty()) {
            Some(dir) => self.cwd.join(dir),
            None => self.user_home.clone().unwrap_or_else(|| PathBuf::from("/")).join(".docker"),
        }
    }

    /// Returns the time now, in milliseconds since 1970.
    #[expect(clippy::unused_self, reason = "the clock belongs to the world, and only the world reads it")]
    pub(crate) fn now_unix_ms(&self) -> u64 {
        let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
        u64::try_from(since.as_millis()).unwrap_or(u64::MAX)
    }

    /// Returns the source date: `SOURCE_DATE_EPOCH`, else the epoch. In seconds.
    pub(crate) fn source_date(&self) -> Result<u64, CliError> {
        match self.env("SOURCE_DATE_EPOCH") {
            None => Ok(0),
            Some(text) => text.trim().parse().map_err(|_| {
                CliError::input(format!("SOURCE_DATE_EPOCH `{}` is no number of seconds", text.chars().take(40).collect::<String>()))
            }),
        }
    }
}

/// Replaces a leading `~/`.
fn expand(path: &OsString, user_home: Option<&Path>) -> PathBuf {
    match (path.to_str(), user_home) {
        (Some("~"), Some(home)) => home.to_owned(),
        (Some(text), Some(home)) if text.starts_with("~/") => home.join(text.trim_start_matches("~/")),
        _ => PathBuf::from(path),
    }
}

/// Returns a time as ISO 8601 with milliseconds, in UTC.
pub(crate) fn iso(unix_ms: u64) -> String {
    let ms = i64::try_from(unix_ms).unwrap_or(i64::MAX);
    jiff::Timestamp::from_millisecond(ms).map_or_else(|_| String::new(), |time| format!("{time:.3}"))
}

#[cfg(test)]
mod tests {
    #[test]
    fn times_have_milliseconds() {
        assert_eq!(super::iso(0), "1970-01-01T00:00:00.000Z");
        assert_eq!(super::iso(1_795_000_000_123), "2026-11-18T11:06:40.123Z");
    }
}
