//! What can go wrong with a plugin. Every error says which plugin it was: id, version and digest of the component.

use std::fmt;
use std::path::PathBuf;

use serde::{Deserialize, Serialize};
use spawnfile_core::name::PluginId;
use spawnfile_core::oci::Digest;

/// Who a plugin is.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct PluginIdentity {
    /// `namespace/name`.
    pub id: PluginId,
    /// Version, as the manifest says.
    pub version: String,
    /// Digest of the component.
    pub digest: Digest,
}

impl fmt::Display for PluginIdentity {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "plugin `{}@{}` (sha256:{})", self.id, self.version, self.digest.short())
    }
}

/// A line that a guest logged, control characters removed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LogLine {
    /// `debug`, `info` or `warn`.
    pub level: &'static str,
    /// The text.
    pub message: String,
}

/// What a guest may run out of.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum Resource {
    /// Linear memory or table elements.
    #[error("memory")]
    Memory,
    /// Call stack.
    #[error("stack")]
    Stack,
    /// Fuel.
    #[error("fuel")]
    Fuel,
    /// Time, its own or on the clock.
    #[error("time")]
    Time,
    /// Calls of imports.
    #[error("host calls")]
    HostCalls,
    /// Bytes across the boundary.
    #[error("bytes")]
    Bytes,
}

/// What went wrong.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Problem {
    /// No plugin, built-in or installed, is or does what is asked for.
    #[error("there is no {wanted}; installed: {}; add one with `spawnfile plugin add <folder or .wasm>`", list(.installed))]
    NotFound {
        /// What was asked for.
        wanted: String,
        /// What there is.
        installed: Vec<String>,
    },
    /// It is made for another version of the interface, or for something that this host does not have.
    #[error("{0}")]
    Incompatible(String),
    /// It imports something that its world does not have, or that its manifest does not declare.
    #[error("it imports `{import}`, {why}")]
    Undeclared {
        /// Name of the import.
        import: String,
        /// Why that is refused.
        why: String,
    },
    /// It crashed: a bug in the plugin.
    #[error("it crashed ({0}): this is a bug in the plugin")]
    Trapped(String),
    /// It used more than it may.
    #[error("it used more {0} than it may and was stopped")]
    Exhausted(Resource),
    /// It was not accepted, or answered with something that cannot be.
    #[error("{0}")]
    Refused(String),
    /// A file is not what it should be.
    #[error("{0}")]
    Corrupt(String),
    /// plugins.lock is damaged: what is installed is not known.
    #[error(
        "`{}` is damaged ({why}): restore it, or move it away and add your plugins again with `spawnfile plugin add`; \
         the built-in ones need no lock", path.display()
    )]
    DamagedLock {
        /// The file.
        path: PathBuf,
        /// What is wrong with it.
        why: String,
    },
    /// The component is not the one that was added.
    #[error("its component has changed since it was added (recorded {recorded}, found {found}); add it again if that was meant")]
    Changed {
        /// Digest in plugins.lock.
        recorded: Digest,
        /// Digest of the file.
        found: Digest,
    },
    /// A file could not be read or written, or a process not started.
    #[error("{0}")]
    Io(String),
}

fn list(names: &[String]) -> String {
    if names.is_empty() { "none".to_owned() } else { names.join(", ") }
}

/// Returns foreign text fit to be shown: what steers a terminal, or hides, is written out; at most `most` bytes.
pub(crate) fn clean(text: &str, most: usize) -> String {
    // Escaping makes it longer, never shorter, so no more than this can be needed.
    let head = text.get(..text.floor_char_boundary(most + 1)).unwrap_or_default();
    let mut shown = spawnfile_core::display::escape(head).into_owned();
    if shown.len() > most || head.len() < text.len() {
        shown.truncate(shown.floor_char_boundary(most));
        shown.push('…');
    }
    shown
}

/// A problem and who caused it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PluginError(Box<Details>);

#[derive(Debug, Clone, PartialEq, Eq)]
struct Details {
    who: Who,
    problem: Problem,
    log: Vec<LogLine>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
enum Who {
    Plugin(PluginIdentity),
    Named(String),
    Nobody,
}

impl PluginError {
    /// Returns an error of a plugin that is known.
    pub fn of(plugin: &PluginIdentity, problem: Problem) -> Self {
        Self(Box::new(Details { who: Who::Plugin(plugin.clone()), problem, log: Vec::new() }))
    }

    /// Returns an error of something that is not known to be a plugin yet: a path, or an id.
    pub fn named(name: impl Into<String>, problem: Problem) -> Self {
        Self(Box::new(Details { who: Who::Named(name.into()), problem, log: Vec::new() }))
    }

    /// Returns an error that no plugin caused.
    pub fn nobody(problem: Problem) -> Self {
        Self(Box::new(Details { who: Who::Nobody, problem, log: Vec::new() }))
    }

    /// Returns what went wrong, and the last words where it crashed, without saying who it was.
    pub fn said(&self) -> String {
        match (&self.0.problem, self.0.log.last()) {
            (Problem::Trapped(_), Some(last)) => format!("{}; it said: {}", self.0.problem, last.message),
            (problem, _) => problem.to_string(),
        }
    }

    pub(crate) fn with_log(mut self, log: Vec<LogLine>) -> Self {
        self.0.log = log;
        self
    }

    /// Returns what went wrong.
    pub fn problem(&self) -> &Problem {
        &self.0.problem
    }

    /// Returns the plugin, once it is known.
    pub fn plugin(&self) -> Option<&PluginIdentity> {
        match &self.0.who {
            Who::Plugin(plugin) => Some(plugin),
            Who::Named(_) | Who::Nobody => None,
        }
    }

    /// Returns what the guest logged as a warning before it failed, text of a panic included.
    pub fn log(&self) -> &[LogLine] {
        &self.0.log
    }
}

impl fmt::Display for PluginError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.0.who {
            Who::Plugin(plugin) => write!(f, "{plugin}: ")?,
            Who::Named(name) => write!(f, "`{name}`: ")?,
            Who::Nobody => {}
        }
        f.write_str(&self.said())
    }
}

impl std::error::Error for PluginError {}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn foreign_text_is_escaped_cut_between_characters_and_said_to_be_cut() {
        for (text, shown) in [
            ("plain", "plain"),
            ("12345678", "12345678"),
            ("123456789", "12345678…"),
            ("1234567é", "1234567…"),
            ("1234567éé", "1234567…"),
            ("a\u{1b}[31m", "a\\u{1b}[…"),
            ("\u{202e}", "\\u{202e}"),
            ("a\nb", "a\\nb"),
        ] {
            assert_eq!(clean(text, 8), shown, "{text:?}");
        }
    }
}
