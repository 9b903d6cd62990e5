//! The environment of one process, and where its program is found.
//!
//! A process gets what the container came with, less what its patterns scrub and less every secret; then the values
//! it is granted by name; then its fixed ones.

use std::collections::{BTreeMap, BTreeSet};
use std::ffi::{OsStr, OsString};
use std::os::unix::ffi::{OsStrExt, OsStringExt};
use std::path::{Path, PathBuf};

use rustix::fs::{Access, access};
use spawnfile_core::init_plan::Process;

use crate::values::Values;

/// Where programs are looked for when the environment has no PATH.
const DEFAULT_PATH: &str = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin";

/// Returns the environment of a process. `unset` are names that were written to files and go no further.
pub fn of(process: &Process, values: &Values, unset: &BTreeSet<String>) -> BTreeMap<OsString, OsString> {
    let mut environment: BTreeMap<OsString, OsString> = values
        .inherited()
        .iter()
        .filter(|(name, _)| {
            // A name that is no text cannot be a secret of ours.
            name.to_str().is_none_or(|name| {
                !values.is_secret(name) && !unset.contains(name) && !process.scrub_env.iter().any(|pattern| matches(pattern, name))
            })
        })
        .map(|(name, value)| (name.clone(), value.clone()))
        .collect();
    for name in process.env_from.iter().filter(|name| !unset.contains(*name)) {
        if let Some(value) = values.get(name) {
            environment.insert(name.into(), OsString::from_vec(value.to_vec()));
        }
    }
    environment.extend(process.env.iter().map(|(name, value)| (name.into(), value.into())));
    environment
}

fn matches(pattern: &str, name: &str) -> bool {
    pattern.strip_suffix('*').map_or(pattern == name, |prefix| name.starts_with(prefix))
}

/// Returns the program's path: `name` itself when it has a slash, else the first executable file of that name in the
/// absolute folders of PATH.
pub fn program(name: &str, environment: &BTreeMap<OsString, OsString>) -> Option<PathBuf> {
    if name.contains('/') {
        return Some(PathBuf::from(name));
    }
    let path = environment.get(OsStr::new("PATH")).map_or(DEFAULT_PATH.as_bytes(), |path| path.as_bytes());
    path.split(|byte| *byte == b':')
        .map(|folder| Path::new(OsStr::from_bytes(folder)))
        .filter(|folder| folder.is_absolute())
        .map(|folder| folder.join(name))
        .find(|file| file.is_file() && access(file, Access::EXEC_OK).is_ok())
}
