//! Stores of deployments, with one advisory lock a deployment. Each deployment has its record, the documents of the
//! image it came from, and the values that the host generated for it.
//!
//! The store of a home has them all in `deployments/<name>/`. That of a project stands in its compile output, where the
//! TypeScript tool has it too: the record is `deployments/<name>.json`, the rest `deployments/<name>/`.

use std::fs;
use std::path::{Path, PathBuf};

use spawnfile_core::deployment::record::{self, DeploymentRecord};
use spawnfile_core::name::DeploymentName;

use super::atomic::{self, Lock, io};
use super::home;
use super::reports::Documents;
use crate::error::CliError;

const MAX_RECORD: u64 = 4 * 1024 * 1024;
const MAX_DOCUMENT: u64 = 4 * 1024 * 1024;
const RECORD: &str = "record.json";
/// Folder of lock files; no deployment can have its name.
const LOCKS: &str = ".locks";
const REPORT: &str = "spawnfile-report.json";
const EXTRAS: &str = "spawnfile-extras.json";

/// A store of deployments.
#[derive(Debug)]
pub(crate) struct Deployments {
    folder: PathBuf,
    /// Where the id is that labels what the store owns.
    owner: PathBuf,
    of_project: bool,
}

impl Deployments {
    /// Returns the store of a home. Nothing is made before something is written.
    pub(crate) fn of(home: &Path) -> Self {
        Self { folder: home.join("deployments"), owner: home.to_owned(), of_project: false }
    }

    /// Returns the store of a project, by its compile output.
    pub(crate) fn of_project(out: &Path) -> Self {
        let folder = out.join("deployments");
        Self { owner: folder.clone(), folder, of_project: true }
    }

    /// Returns the id that labels what this store owns on an Engine, made if need be.
    pub(crate) fn owner(&self) -> Result<String, CliError> {
        home::id(&self.owner)
    }

    /// Returns the id of a store that has one.
    pub(crate) fn known_owner(&self) -> Result<Option<String>, CliError> {
        home::existing(&self.owner)
    }

    fn record_path(&self, name: &DeploymentName) -> PathBuf {
        if self.of_project { self.folder.join(format!("{name}.json")) } else { self.folder(name).join(RECORD) }
    }

    /// Returns the folder of a deployment.
    pub(crate) fn folder(&self, name: &DeploymentName) -> PathBuf {
        self.folder.join(name.as_str())
    }

    /// Takes the lock of a deployment.
    pub(crate) fn lock(&self, name: &DeploymentName) -> Result<Lock, CliError> {
        // Outside the deployment's folder: that one is removed while the lock is held.
        let lock = atomic::try_lock(&self.folder.join(LOCKS).join(name.as_str()))?.ok_or_else(|| {
            CliError::failed(format!("deployment `{name}` is being changed by another command"))
                .hint("wait until it is done, then try again")
        })?;
        // Nobody else writes there now: every temporary file is one that a killed command left.
        atomic::sweep(&self.folder(name), std::time::Duration::ZERO);
        Ok(lock)
    }

    /// Loads a record; nothing when there is none. A damaged one is an error, never absent.
    pub(crate) fn load(&self, name: &DeploymentName) -> Result<Option<DeploymentRecord>, CliError> {
        let path = self.record_path(name);
        let Some(bytes) = atomic::read(&path, MAX_RECORD)? else { return Ok(None) };
        let record = record::parse(&bytes).map_err(|error| {
            CliError::input(format!("the record of deployment `{name}` at `{}` cannot be used: {error}", path.display()))
                .hint("nothing was changed; move the file away if the deployment is truly gone")
        })?;
        if record.name != *name {
            return Err(CliError::input(format!("the record at `{}` is of deployment `{}`, not `{name}`", path.display(), record.name)));
        }
        Ok(Some(record))
    }

    /// Loads a record that must exist.
    pub(crate) fn require(&self, name: &DeploymentName) -> Result<DeploymentRecord, CliError> {
        self.load(name)?.ok_or_else(|| {
            let names: Vec<String> = self.names().unwrap_or_default().iter().map(ToString::to_string).collect();
            let known = if names.is_empty() { "there is none".to_owned() } else { format!("there are: {}", names.join(", ")) };
            let (store, other) = if self.of_project {
                ("project", format!("one that came from an image has no project: spawnfile status --deployment {name}"))
            } else {
                ("home", "one that came from a project is named with it: spawnfile status <project>".to_owned())
            };
            CliError::input(format!("no deployment `{name}` in the {store} store `{}`", self.folder.display())).hint(known).hint(other)
        })
    }

    /// Writes the documents, then the record: a record never stands without what it speaks of.
    pub(crate) fn save(&self, record: &DeploymentRecord, documents: &Documents) -> Result<PathBuf, CliError> {
        let folder = self.folder(&record.name);
        match &documents.extras {
            Some(extras) => atomic::write(&folder.join(EXTRAS), extras)?,
            None => remove_file(&folder.join(EXTRAS))?,
        }
        atomic::write(&folder.join(REPORT), &documents.report)?;
        let path = self.record_path(&record.name);
        atomic::write(&path, &record.to_bytes())?;
        Ok(path)
    }

    /// Writes a changed record.
    pub(crate) fn update(&self, record: &DeploymentRecord) -> Result<(), CliError> {
        atomic::write(&self.record_path(&record.name), &record.to_bytes())
    }

    /// Loads the documents of the image that a deployment came from.
    pub(crate) fn documents(&self, name: &DeploymentName) -> Result<Documents, CliError> {
        let folder = self.folder(name);
        let report = atomic::read(&folder.join(REPORT), MAX_DOCUMENT)?.ok_or_else(|| {
            CliError::input(format!("deployment `{name}` has a record but no cached report at `{}`", folder.join(REPORT).display()))
                .hint(format!("take it down and up again: spawnfile down --deployment {name}"))
        })?;
        Ok(Documents { report, extras: atomic::read(&folder.join(EXTRAS), MAX_DOCUMENT)? })
    }

    /// Removes everything of a deployment: the record first, so that what is left half-way is no deployment any more.
    pub(crate) fn forget(&self, name: &DeploymentName) -> Result<(), CliError> {
        let folder = self.folder(name);
        let record = self.record_path(name);
        remove_file(&record)?;
        if let Some(parent) = record.parent().filter(|parent| parent.exists()) {
            atomic::sync_folder(parent)?;
        }
        if !folder.exists() {
            return Ok(());
        }
        fs::remove_dir_all(&folder).map_err(|error| io("remove", &folder, &error))
    }

    /// Returns the names of all deployments that have a record, sorted.
    pub(crate) fn names(&self) -> Result<Vec<DeploymentName>, CliError> {
        let entries = match fs::read_dir(&self.folder) {
            Ok(entries) => entries,
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(Vec::new()),
            Err(error) => return Err(io("read", &self.folder, &error)),
        };
        let mut names = Vec::new();
        for entry in entries {
            let entry = entry.map_err(|error| io("read", &self.folder, &error))?;
            let file = entry.file_name();
            let file = file.to_str().map(|file| if self.of_project { file.strip_suffix(".json").unwrap_or_default() } else { file });
            let name = file.and_then(|name| name.parse::<DeploymentName>().ok());
            if let Some(name) = name.filter(|name| self.record_path(name).exists()) {
                names.push(name);
            }
        }
        names.sort();
        Ok(names)
    }
}

fn remove_file(path: &Path) -> Result<(), CliError> {
    match fs::remove_file(path) {
        Err(error) if error.kind() != std::io::ErrorKind::NotFound => Err(io("remove", path, &error)),
        _ => Ok(()),
    }
}
