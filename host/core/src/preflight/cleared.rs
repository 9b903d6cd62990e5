//! Proof that preflight passed, with the values that may go on.

use std::collections::{BTreeMap, BTreeSet};

use super::{AuthNeed, Source};
use crate::name::EnvName;
use crate::secret::Secret;

/// A secret that the host has to make.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ToGenerate {
    /// Name of the variable.
    pub name: EnvName,
    /// `hex` or `base64url`.
    pub form: String,
    /// Random bytes before encoding.
    pub bytes: u32,
}

/// What passed preflight. Made by [`super::check`] alone; a deployment plan is made from nothing else.
#[derive(Debug)]
pub struct Cleared {
    pub(super) values: BTreeMap<EnvName, (Source, Secret)>,
    pub(super) to_generate: Vec<ToGenerate>,
    pub(super) unset: BTreeSet<EnvName>,
    pub(super) auth: Vec<AuthNeed>,
}

impl Cleared {
    /// Returns the values that may be delivered, with their source: declared names only.
    pub const fn values(&self) -> &BTreeMap<EnvName, (Source, Secret)> {
        &self.values
    }

    /// Returns what the host still has to make, by name.
    pub fn to_generate(&self) -> &[ToGenerate] {
        &self.to_generate
    }

    /// Returns the optional names that nobody gave a value.
    pub const fn unset(&self) -> &BTreeSet<EnvName> {
        &self.unset
    }

    /// Returns the model logins of the instances that come from imported credentials.
    pub fn imports(&self) -> impl Iterator<Item = &AuthNeed> {
        self.auth.iter().filter(|need| need.is_import())
    }

    /// Returns the names of everything that will be delivered, the ones still to be made included.
    pub fn names(&self) -> BTreeSet<&str> {
        self.values.keys().chain(self.to_generate.iter().map(|secret| &secret.name)).map(EnvName::as_str).collect()
    }

    /// Takes in a value that the host made. Returns false, taking nothing, when the name is not awaited or the value
    /// is empty.
    #[must_use]
    pub fn give_generated(&mut self, name: &EnvName, value: Secret) -> bool {
        let Some(at) = self.to_generate.iter().position(|secret| secret.name == *name) else { return false };
        if value.is_empty() {
            return false;
        }
        self.to_generate.remove(at);
        self.values.insert(name.clone(), (Source::Generated, value));
        true
    }
}
