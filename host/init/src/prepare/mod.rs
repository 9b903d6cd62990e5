//! Everything before the first process starts: what is missing is told all at once, then derived values, files of
//! values, workspace resources, JSON patches and networks, in this order. Doing it again changes nothing more.

mod git;
mod patches;
mod resources;

use std::collections::{BTreeMap, BTreeSet};
use std::ffi::OsString;
use std::path::{Path, PathBuf};

use spawnfile_core::init_plan::{EnvFile, InitPlan};

use crate::file::{self, FileError};
use crate::plan::check;
use crate::values::{ValueError, Values};
use patches::Patches;

/// What the processes start with.
#[derive(Debug)]
pub struct Prepared {
    /// The values of the plan's names.
    pub values: Values,
    /// Names that were written to files and reach no process.
    pub unset: BTreeSet<String>,
    /// Ids of processes that are not started.
    pub suppressed: BTreeSet<String>,
}

/// Why the preparation stopped. Names and paths only.
#[derive(Debug, thiserror::Error)]
pub enum PrepareError {
    /// A value cannot be taken or delivered.
    #[error(transparent)]
    Value(#[from] ValueError),
    /// A file cannot be read or written.
    #[error(transparent)]
    File(#[from] FileError),
    /// A JSON file cannot be patched.
    #[error("cannot patch `{}`: {why}", file.display())]
    Patch {
        /// The file.
        file: PathBuf,
        /// Why, with the place.
        why: String,
    },
    /// Something else stands where the link of a resource goes.
    #[error("resource `{id}`: `{}` is there already and is not the link to it", link.display())]
    Occupied {
        /// The resource.
        id: String,
        /// Its link.
        link: PathBuf,
    },
    /// A resource cannot be had, or is another one.
    #[error("resource `{id}`: {what}")]
    Resource {
        /// The resource.
        id: String,
        /// Why.
        what: String,
    },
    /// Nothing would run.
    #[error("every process is suppressed: nothing to run")]
    NothingToRun,
}

/// Checks what the plan requires and does what it says, up to the processes.
///
/// # Errors
/// One text for each kind of gap, or the first thing that failed.
pub fn prepare(plan: &InitPlan, environment: BTreeMap<OsString, OsString>) -> Result<Prepared, Vec<String>> {
    let one = |error: PrepareError| vec![error.to_string()];
    let mut values = Values::gather(plan, environment).map_err(|error| one(error.into()))?;
    let gaps = gaps(plan, &values);
    if !gaps.is_empty() {
        return Err(gaps);
    }
    fill(plan, &mut values).map_err(one)?;
    let suppressed = suppressed(plan, &values);
    if suppressed.len() == plan.processes.len() {
        return Err(one(PrepareError::NothingToRun));
    }
    let unset = plan.env_files.iter().filter(|file| file.then_unset).map(|file| file.env.clone()).collect();
    Ok(Prepared { values, unset, suppressed })
}

fn fill(plan: &InitPlan, values: &mut Values) -> Result<(), PrepareError> {
    for derived in &plan.derived_env {
        values.derive(derived)?;
    }
    for file in &plan.env_files {
        env_file(file, values)?;
    }
    for resource in &plan.resources {
        resources::prepare(resource, values)?;
    }
    let mut patches = Patches::default();
    for patch in &plan.json_patches {
        if let Some(value) = values.text(&patch.from.env)? {
            let prefix = if patch.transform == "bearer" { "Bearer " } else { "" };
            patches.add(&patch.file, &patch.pointer, prefix, value);
        }
    }
    for network in &plan.networks {
        if let Some(url) = values.text(&network.url_env)? {
            for rebind in &network.rebinds {
                patches.add(&rebind.file, &rebind.pointer, "", url);
            }
        }
        for token in &network.tokens {
            for name in &token.env {
                if let Some(value) = values.text(name)? {
                    patches.add(&token.file, &token.pointer, "", value);
                    break;
                }
            }
        }
    }
    patches.apply()
}

fn gaps(plan: &InitPlan, values: &Values) -> Vec<String> {
    let names: Vec<_> = plan.require_env.iter().filter(|name| values.get(name).is_none()).map(|name| format!("`{name}`")).collect();
    let files: Vec<_> = plan.require_files.iter().filter(|file| !Path::new(file).exists()).map(|file| format!("`{file}`")).collect();
    [("values are missing", names), ("files are missing", files)]
        .into_iter()
        .filter(|(_, gaps)| !gaps.is_empty())
        .map(|(what, gaps)| format!("{what}: {}", gaps.join(", ")))
        .collect()
}

fn env_file(file: &EnvFile, values: &Values) -> Result<(), PrepareError> {
    let Some(value) = values.get(&file.env) else { return Ok(()) };
    let path = Path::new(&file.path);
    if let Some(folder) = path.parent() {
        file::make_folder(folder)?;
    }
    // The plan was checked: the mode is one.
    Ok(file::replace(path, value, check::mode(&file.mode).unwrap_or(0o600))?)
}

fn suppressed(plan: &InitPlan, values: &Values) -> BTreeSet<String> {
    let served_elsewhere =
        plan.networks.iter().filter(|network| values.get(&network.url_env).is_some()).filter_map(|network| network.server.clone());
    plan.processes
        .iter()
        .filter(|process| process.suppressed_by.as_deref().is_some_and(|name| values.get(name).is_some()))
        .map(|process| process.id.clone())
        .chain(served_elsewhere)
        .collect()
}
