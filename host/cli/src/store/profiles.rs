//! Auth profiles: named sets of secrets, `auth/profiles/<name>/profile.json` under the home. The layout is the
//! TypeScript tool's, so that a profile of either tool serves the other.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};
use spawnfile_core::name::{EnvName, ProfileName};
use spawnfile_core::secret::Secret;
use zeroize::Zeroizing;

use super::atomic;
use crate::error::CliError;

const MAX_BYTES: u64 = 4 * 1024 * 1024;

/// A profile as it is on disk.
#[derive(Default, Serialize, Deserialize)]
struct Document {
    #[serde(default)]
    env: BTreeMap<String, String>,
    #[serde(default)]
    imports: BTreeMap<String, serde_json::Value>,
    #[serde(default)]
    version: u32,
    /// What another tool, or a later version, keeps here too.
    #[serde(flatten)]
    rest: BTreeMap<String, serde_json::Value>,
}

/// A profile with its values typed as secrets.
#[derive(Debug, Default)]
pub(crate) struct Profile {
    /// Secrets by name.
    pub(crate) env: BTreeMap<EnvName, Secret>,
    /// Import methods present, by name; kept as they are.
    pub(crate) imports: BTreeMap<String, serde_json::Value>,
    rest: BTreeMap<String, serde_json::Value>,
}

/// Returns the names of all profiles, sorted.
pub(crate) fn names(home: &Path) -> Result<Vec<ProfileName>, CliError> {
    let folder = home.join("auth/profiles");
    let entries = match std::fs::read_dir(&folder) {
        Ok(entries) => entries,
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(Vec::new()),
        Err(error) => return Err(atomic::io("read", &folder, &error)),
    };
    let mut names = Vec::new();
    for entry in entries {
        let entry = entry.map_err(|error| atomic::io("read", &folder, &error))?;
        names.extend(entry.file_name().to_str().and_then(|name| name.parse::<ProfileName>().ok()));
    }
    names.sort();
    Ok(names)
}

fn path(home: &Path, name: &ProfileName) -> PathBuf {
    home.join("auth/profiles").join(name.as_str()).join("profile.json")
}

/// Loads a profile; nothing when there is none of that name.
pub(crate) fn load(home: &Path, name: &ProfileName) -> Result<Option<Profile>, CliError> {
    let path = path(home, name);
    let Some(bytes) = atomic::read(&path, MAX_BYTES)?.map(Zeroizing::new) else { return Ok(None) };
    // The parser's own message could quote a value.
    let damaged = || {
        CliError::input(format!("auth profile `{name}` at `{}` is damaged", path.display()))
            .hint(format!("move the file away and run `spawnfile auth import env <file> --profile {name}` again"))
    };
    let document: Document = serde_json::from_slice(&bytes).map_err(|_| damaged())?;
    if document.version != 1 {
        return Err(CliError::input(format!("auth profile `{name}` is of version {}, this spawnfile reads version 1", document.version)));
    }
    let mut env = BTreeMap::new();
    for (key, value) in document.env {
        env.insert(key.parse::<EnvName>().map_err(|_| damaged())?, Secret::new(value.into_bytes()));
    }
    Ok(Some(Profile { env, imports: document.imports, rest: document.rest }))
}

/// Adds values to a profile, which is made if need be, under its lock.
pub(crate) fn import_env(home: &Path, name: &ProfileName, values: BTreeMap<EnvName, Secret>) -> Result<Profile, CliError> {
    let path = path(home, name);
    let folder = path.parent().unwrap_or(home);
    let _lock = atomic::try_lock(&folder.join(".lock"))?.ok_or_else(|| {
        CliError::failed(format!("auth profile `{name}` is being changed by another command")).hint("try again in a moment")
    })?;
    let mut profile = load(home, name)?.unwrap_or_default();
    profile.env.extend(values);
    let mut document = Document { version: 1, imports: profile.imports.clone(), rest: profile.rest.clone(), ..Document::default() };
    for (key, value) in &profile.env {
        let text = String::from_utf8(value.expose().to_vec())
            .map_err(|_| CliError::input(format!("the value of `{key}` is not UTF-8, which a profile cannot hold")))?;
        document.env.insert(key.to_string(), text);
    }
    let bytes = Zeroizing::new(serde_json::to_vec_pretty(&document).map_err(|error| CliError::failed_from(&error))?);
    atomic::write(&path, &bytes)?;
    Ok(profile)
}
