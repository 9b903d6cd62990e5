//! The look before a push: no path of this machine, no value of a secret and nothing with the shape of either in what
//! we put into the image.

use std::path::Path;

use spawnfile_core::compile::Compiled;
use spawnfile_core::env_file;
use spawnfile_core::finding::Findings;
use spawnfile_core::leak::{self, Allow, Authored, Class, Known};
use spawnfile_core::secret::Secret;

use super::authored::{self, AuthoredFile};
use crate::error::CliError;
use crate::store::{atomic, profiles};
use crate::world::World;

/// Findings that the creator accepts, beside the Spawnfile.
const ALLOW: &str = "Spawnfile.allow";
const MAX_ALLOW: u64 = 256 * 1024;
/// A file that creators often keep their own values in; compile never reads it.
const ENV_FILE: &str = ".env";
const MAX_ENV_FILE: u64 = 1024 * 1024;

/// Looks at everything that would be published; returns what only warns.
///
/// # Errors
/// What must not be published, all of it; nothing of it is shown.
pub(crate) fn check(world: &World, folder: &Path, compiled: &Compiled, files: &[AuthoredFile]) -> Result<Findings, CliError> {
    let known = Known { folders: folders(world, folder), values: values(world, folder, compiled)? };
    let labels: String = compiled.labels.iter().map(|(key, value)| format!("{key}={value}\n")).collect();
    let steps = compiled.tree.get("Dockerfile").map(|file| file.bytes.as_slice()).unwrap_or_default();
    let described = [
        Authored { file: "labels", class: Class::Machine, bytes: labels.as_bytes() },
        Authored { file: "Dockerfile", class: Class::Machine, bytes: steps },
    ];
    let findings = leak::check(authored::written(files).chain(described), &known, &allowed(folder)?);
    if findings.has_errors() {
        return Err(CliError::findings("this must not be published", &findings)
            .hint("take it out of the project; what is harmless is accepted in Spawnfile.allow, see specs/DISTRIBUTION.md")
            .hint("nothing was pushed"));
    }
    Ok(findings)
}

fn allowed(folder: &Path) -> Result<Allow, CliError> {
    let path = folder.join(ALLOW);
    let Some(bytes) = atomic::read(&path, MAX_ALLOW)? else { return Ok(Allow::default()) };
    let text = String::from_utf8(bytes).map_err(|_| CliError::input(format!("`{}` is not UTF-8", path.display())))?;
    Allow::parse(&text).map_err(|error| CliError::input(format!("`{}`: {error}", path.display())))
}

/// Folders of this machine that would tell something: short ones stand in the paths of any image.
fn folders(world: &World, folder: &Path) -> Vec<String> {
    let resolved = std::fs::canonicalize(folder).ok();
    let all = [Some(folder.to_owned()), resolved, Some(world.cwd.clone()), Some(world.home.clone()), world.user_home.clone()];
    let mut names: Vec<String> = all
        .into_iter()
        .flatten()
        .filter(|folder| folder.components().count() > 2)
        .filter_map(|folder| Some(folder.to_str()?.trim_end_matches(['/', '.']).to_owned()))
        .collect();
    names.sort();
    names.dedup();
    names
}

/// Values that this machine has for the names that the project declares, and those of the creator's profiles and of a
/// `.env` beside the Spawnfile. They are compared with, and go nowhere.
fn values(world: &World, folder: &Path, compiled: &Compiled) -> Result<Vec<(String, Secret)>, CliError> {
    let mut values = Vec::new();
    for (_, secret) in compiled.report.secrets.all() {
        if let Some(value) = world.env_os(&secret.name) {
            values.push((secret.name.clone(), Secret::new(std::os::unix::ffi::OsStringExt::into_vec(value))));
        }
    }
    for name in profiles::names(&world.home)? {
        if let Some(profile) = profiles::load(&world.home, &name)? {
            values.extend(profile.env.into_iter().map(|(name, value)| (name.to_string(), value)));
        }
    }
    // One that is not of the form has nothing to compare with; what reads it says so.
    let own = atomic::read(&folder.join(ENV_FILE), MAX_ENV_FILE)?.and_then(|bytes| env_file::parse(&bytes).ok());
    values.extend(own.into_iter().flatten().map(|(name, value)| (name.to_string(), value)));
    values.sort_by(|a, b| a.0.cmp(&b.0));
    Ok(values)
}
