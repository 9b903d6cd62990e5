//! What a consumer brought, held against what the image wants, before anything is created.
//!
//! Only names that the image declares pass, every gap is said at once, and the only way to a deployment plan leads
//! over the [`Cleared`] that `check` gives. Nothing is read from anywhere: values come in as arguments.

mod check;
mod cleared;
mod wanted;

#[cfg(test)]
mod tests;

use std::collections::{BTreeMap, BTreeSet};

pub use check::check;
pub use cleared::{Cleared, ToGenerate};
pub use wanted::{AuthNeed, IMPORTED_AUTH_ENV, Wanted};

use crate::name::EnvName;
use crate::secret::Secret;

/// Where a value came from. Later ones win over earlier ones.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub enum Source {
    /// Made by the host in an earlier `up` of this deployment, and kept.
    Generated,
    /// An auth profile.
    Profile(String),
    /// A file given with `--env-file`, as it is shown to people.
    EnvFile(String),
    /// A name given with `--from-env`.
    FromEnv,
}

impl std::fmt::Display for Source {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Generated => f.write_str("generated"),
            Self::Profile(name) => write!(f, "profile {}", crate::display::escape(name)),
            Self::EnvFile(path) => write!(f, "env file {}", crate::display::escape(path)),
            Self::FromEnv => f.write_str("environment"),
        }
    }
}

/// What the consumer brought.
#[derive(Debug, Clone, Default)]
pub struct Supplied {
    /// Values by name. [`Supplied::give`] keeps the order of precedence.
    pub values: BTreeMap<EnvName, (Source, Secret)>,
    /// Import methods with a credential in the profile.
    pub auth_methods: BTreeSet<String>,
    /// Slots that these credentials fill, by method, as far as it is known; values stay with the host.
    pub slots: BTreeMap<String, BTreeSet<String>>,
    /// Those of the methods whose credential has expired, as the host's clock says.
    pub expired: BTreeSet<String>,
}

impl Supplied {
    /// Adds a value. An empty one counts as not given; a later source wins, and so does a later call of one source.
    pub fn give(&mut self, name: EnvName, source: Source, value: Secret) {
        let wins = self.values.get(&name).is_none_or(|(earlier, _)| rank(earlier) <= rank(&source));
        if wins && !value.is_empty() {
            self.values.insert(name, (source, value));
        }
    }
}

const fn rank(source: &Source) -> u8 {
    match source {
        Source::Generated => 0,
        Source::Profile(_) => 1,
        Source::EnvFile(_) => 2,
        Source::FromEnv => 3,
    }
}
