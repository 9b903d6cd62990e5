//! Values by name: secret files first, then what came with the container's environment, and what the plan derives
//! from them. An empty value counts as none. Values leave here only as bytes for a file or a process's environment.

use std::collections::{BTreeMap, BTreeSet};
use std::ffi::{OsStr, OsString};
use std::fmt;
use std::os::unix::ffi::OsStrExt;
use std::path::Path;

use spawnfile_core::init_plan::{DerivedEnv, InitPlan};
use spawnfile_core::name::EnvName;
use spawnfile_core::secret::Secret;
use zeroize::Zeroizing;

use crate::file::{self, FileError, Links};

/// A value may have this many bytes.
pub const VALUE_LIMIT: usize = 1 << 20;
/// So many names in the folder of secrets are looked at.
const HELD_LIMIT: usize = 10_000;

/// Why the values could not be taken. Names only.
#[derive(Debug, thiserror::Error)]
pub enum ValueError {
    /// A secret file cannot be read.
    #[error("secret `{name}`: {source}")]
    File {
        /// Which.
        name: String,
        /// Why.
        source: FileError,
    },
    /// The folder cannot be listed.
    #[error("secrets: {0}")]
    Folder(FileError),
    /// No environment and no text holds a NUL byte.
    #[error("the value of `{0}` has a NUL byte")]
    Nul(String),
    /// A JSON document holds only text.
    #[error("the value of `{0}` is not UTF-8 and cannot be put into a JSON file")]
    NotText(String),
    /// A template made it too long.
    #[error("the derived value of `{0}` is longer than {VALUE_LIMIT} bytes")]
    TooLong(String),
}

/// The values that the plan's names have.
pub struct Values {
    made: BTreeMap<String, Secret>,
    files: BTreeMap<String, Secret>,
    inherited: BTreeMap<OsString, OsString>,
    secret_names: BTreeSet<String>,
}

impl fmt::Debug for Values {
    /// Shows names only: what is inherited may hold secrets, too.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Values").field("made", &self.made.keys()).field("files", &self.files.keys()).finish_non_exhaustive()
    }
}

impl Values {
    /// Reads the secret files of all names in the plan.
    ///
    /// # Errors
    /// When a secret file is no regular file, too long or unreadable, or a value has a NUL byte.
    pub fn gather(plan: &InitPlan, inherited: BTreeMap<OsString, OsString>) -> Result<Self, ValueError> {
        let folder = Path::new(&plan.secrets_dir);
        let names = names(plan);
        let mut files = BTreeMap::new();
        for name in &names {
            let (mut bytes, _) = match file::read(&folder.join(name), VALUE_LIMIT, Links::Follow) {
                Ok(read) => read,
                Err(FileError::Missing(_)) => continue,
                Err(source) => return Err(ValueError::File { name: (*name).to_owned(), source }),
            };
            if bytes.contains(&0) {
                return Err(ValueError::Nul((*name).to_owned()));
            }
            files.insert((*name).to_owned(), Secret::new(std::mem::take(&mut *bytes)));
        }
        // Where the network is and whether a process runs is no secret; everything else that the plan hands out by
        // name is treated as one, and so is everything delivered as a file.
        let public: BTreeSet<&str> = plan
            .networks
            .iter()
            .map(|network| network.url_env.as_str())
            .chain(plan.processes.iter().filter_map(|process| process.suppressed_by.as_deref()))
            .collect();
        let mut secret_names: BTreeSet<String> =
            names.iter().filter(|name| !public.contains(*name)).map(|name| (*name).to_owned()).collect();
        secret_names.extend(held(folder)?);
        Ok(Self { made: BTreeMap::new(), files, inherited, secret_names })
    }

    /// Returns the value of a name, if it has one.
    pub fn get(&self, name: &str) -> Option<&[u8]> {
        [&self.made, &self.files]
            .into_iter()
            .filter_map(|values| values.get(name).map(Secret::expose))
            .chain(self.inherited.get(OsStr::new(name)).map(|value| value.as_bytes()))
            .find(|value| !value.is_empty())
    }

    /// Returns the value of a name as text, if it has one.
    ///
    /// # Errors
    /// When it is not UTF-8.
    pub fn text(&self, name: &str) -> Result<Option<&str>, ValueError> {
        self.get(name).map(|value| str::from_utf8(value).map_err(|_| ValueError::NotText(name.to_owned()))).transpose()
    }

    /// Returns the environment that the container came with.
    pub const fn inherited(&self) -> &BTreeMap<OsString, OsString> {
        &self.inherited
    }

    /// Returns whether a name is a secret's: processes only get those that they are granted.
    pub fn is_secret(&self, name: &str) -> bool {
        self.secret_names.contains(name)
    }

    /// Computes a value from others; nothing when one of them is missing, or when it is there and shall stay.
    ///
    /// # Errors
    /// When it becomes longer than [`VALUE_LIMIT`].
    pub fn derive(&mut self, derived: &DerivedEnv) -> Result<(), ValueError> {
        if derived.unless_set && self.get(&derived.name).is_some() {
            return Ok(());
        }
        let Some(parts) = pieces(&derived.template)
            .unwrap_or_default()
            .into_iter()
            .map(|piece| match piece {
                Piece::Text(text) => Some(text.as_bytes()),
                Piece::Name(name) => self.get(name),
            })
            .collect::<Option<Vec<_>>>()
        else {
            return Ok(());
        };
        let length = parts.iter().fold(0_usize, |sum, part| sum.saturating_add(part.len()));
        if length > VALUE_LIMIT {
            return Err(ValueError::TooLong(derived.name.clone()));
        }
        let mut value = Zeroizing::new(Vec::with_capacity(length));
        for part in parts {
            value.extend_from_slice(part);
        }
        self.made.insert(derived.name.clone(), Secret::new(std::mem::take(&mut *value)));
        Ok(())
    }
}

/// A part of a template.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Piece<'a> {
    /// Stands as it is.
    Text(&'a str),
    /// `{NAME}`.
    Name(&'a str),
}

/// Returns the parts of a template, or nothing when a brace is not part of a `{NAME}`.
pub fn pieces(template: &str) -> Option<Vec<Piece<'_>>> {
    let mut pieces = Vec::new();
    let mut rest = template;
    while let Some((text, after)) = rest.split_once('{') {
        let (name, after) = after.split_once('}')?;
        if text.contains('}') || name.contains('{') {
            return None;
        }
        pieces.extend([Piece::Text(text), Piece::Name(name)]);
        rest = after;
    }
    pieces.push(Piece::Text(rest));
    (!rest.contains('}')).then_some(pieces)
}

/// Every name whose value the plan asks for.
fn names(plan: &InitPlan) -> BTreeSet<&str> {
    let mut names: BTreeSet<&str> = plan.require_env.iter().map(String::as_str).collect();
    names.extend(plan.json_patches.iter().map(|patch| patch.from.env.as_str()));
    names.extend(plan.env_files.iter().map(|file| file.env.as_str()));
    for derived in &plan.derived_env {
        names.insert(&derived.name);
        names.extend(pieces(&derived.template).unwrap_or_default().into_iter().filter_map(|piece| match piece {
            Piece::Name(name) => Some(name),
            Piece::Text(_) => None,
        }));
    }
    for network in &plan.networks {
        names.insert(&network.url_env);
        names.extend(network.tokens.iter().flat_map(|token| &token.env).map(String::as_str));
    }
    for process in &plan.processes {
        names.extend(process.env_from.iter().chain(&process.suppressed_by).map(String::as_str));
    }
    names
}

/// Names of the files in the folder of secrets. A folder that is not there holds none.
fn held(folder: &Path) -> Result<Vec<String>, ValueError> {
    let entries = match std::fs::read_dir(folder).map_err(FileError::system("list", folder)) {
        Ok(entries) => entries,
        Err(FileError::Missing(_)) => return Ok(Vec::new()),
        Err(error) => return Err(ValueError::Folder(error)),
    };
    let mut names = Vec::new();
    for entry in entries.take(HELD_LIMIT) {
        let entry = entry.map_err(|error| ValueError::Folder(FileError::system("list", folder)(error)))?;
        names.extend(entry.file_name().to_str().filter(|name| name.parse::<EnvName>().is_ok()).map(str::to_owned));
    }
    Ok(names)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn templates_are_taken_apart() {
        assert_eq!(pieces("hooks-{A}"), Some(vec![Piece::Text("hooks-"), Piece::Name("A"), Piece::Text("")]));
        assert_eq!(pieces("plain"), Some(vec![Piece::Text("plain")]));
        for bad in ["{", "}", "a{b", "a}b", "{{A}}", "{A}}", "x}{A}"] {
            assert_eq!(pieces(bad), None, "{bad}");
        }
    }
}
