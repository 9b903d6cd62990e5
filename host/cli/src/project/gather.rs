//! Reads a project's sources: the root manifest first, then what each manifest names. No symbolic link is followed, every read is
//! bounded, and what cannot be read is reported all at once.

use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::fs;
use std::path::{Component, Path, PathBuf};

use spawnfile_core::finding::{Finding, Findings};
use spawnfile_core::manifest;
use spawnfile_core::project::{
    MANIFEST_NAME, MAX_MANIFEST_BYTES, MAX_MANIFESTS_BYTES, MAX_NODES, MAX_PROJECT_BYTES, ProjectSources, Wanted,
};

use crate::error::CliError;
use crate::store::atomic;

/// A project's sources and where they came from.
#[derive(Debug)]
pub(crate) struct Gathered {
    /// Sources by path relative to the root manifest's folder.
    pub(crate) sources: ProjectSources,
    /// The root manifest.
    pub(crate) manifest: PathBuf,
    /// The folder of the root manifest.
    pub(crate) folder: PathBuf,
    /// What was left out.
    pub(crate) findings: Findings,
}

/// Finds the root manifest of what was typed: a folder with a Spawnfile, or a file.
pub(crate) fn find(cwd: &Path, typed: &str) -> Result<PathBuf, CliError> {
    let path = cwd.join(typed);
    let manifest = if path.is_dir() { path.join(MANIFEST_NAME) } else { path };
    if manifest.is_file() {
        return Ok(manifest);
    }
    Err(CliError::input(format!("no {MANIFEST_NAME} found at `{}`", manifest.display()))
        .hint("pass a project folder or the path of a Spawnfile; see `examples/` for one to start from"))
}

/// Reads everything that the project at `typed` names, manifest after manifest.
pub(crate) fn gather(cwd: &Path, typed: &str) -> Result<Gathered, CliError> {
    let manifest = find(cwd, typed)?;
    let folder = manifest.parent().map_or_else(|| cwd.to_owned(), Path::to_owned);
    let name = manifest.file_name().and_then(|name| name.to_str()).unwrap_or(MANIFEST_NAME).to_owned();
    let bytes = atomic::read(&manifest, MAX_MANIFEST_BYTES)?.unwrap_or_default();

    let mut reader = Reader {
        folder: &folder,
        files: BTreeMap::from([(name.clone(), bytes)]),
        folders: BTreeSet::new(),
        manifests: BTreeSet::from([name.clone()]),
        budget: MAX_PROJECT_BYTES,
        manifest_budget: MAX_MANIFESTS_BYTES,
        findings: Findings::default(),
    };
    let mut pending = VecDeque::from([name.clone()]);
    while let Some(file) = pending.pop_front() {
        let Some(bytes) = reader.files.get(&file) else { continue };
        match manifest::parse(&file, bytes) {
            Ok((parsed, _)) => {
                for wanted in parsed.wanted() {
                    pending.extend(reader.read(&file, &wanted));
                }
            }
            Err(findings) => reader.findings.extend(findings),
        }
    }
    let Reader { files, findings, .. } = reader;
    if findings.has_errors() {
        return Err(CliError::findings(&format!("`{typed}` is not valid"), &findings));
    }
    Ok(Gathered { sources: ProjectSources { root: name, files }, manifest, folder, findings })
}

/// What was read so far and what may still be.
struct Reader<'a> {
    folder: &'a Path,
    files: BTreeMap<String, Vec<u8>>,
    /// Folders that were read: agents of a team share them.
    folders: BTreeSet<String>,
    manifests: BTreeSet<String>,
    budget: u64,
    manifest_budget: u64,
    findings: Findings,
}

impl Reader<'_> {
    /// Reads what the manifest `file` wants. Returns the key of a manifest that was not seen before.
    fn read(&mut self, file: &str, wanted: &Wanted) -> Option<String> {
        let (result, key, position) = match wanted {
            Wanted::Manifest { path, key, position } => {
                if !self.manifests.insert(path.clone()) {
                    return None;
                }
                (self.manifest(path), key, position)
            }
            Wanted::File { path, max_bytes, key, position } => {
                (read_file(self.folder, path, *max_bytes, &mut self.budget, &mut self.files).map(|()| None), key, position)
            }
            Wanted::Folder { path, max_files, max_bytes, key, position } => {
                if !self.folders.insert(path.clone()) {
                    return None;
                }
                let limits = Limits { files: *max_files, bytes: *max_bytes };
                let hidden = read_folder(self.folder, path, limits, &mut self.budget, &mut self.files);
                (hidden.map(|hidden| self.hide(&hidden)), key, position)
            }
        };
        match result {
            Ok(found) => found,
            Err(message) => {
                self.findings.push(Finding::error("project.source", format!("`{key}`: {message}")).at(file, Some(*position)));
                None
            }
        }
    }

    fn manifest(&mut self, path: &str) -> Result<Option<String>, String> {
        if self.manifests.len() > MAX_NODES {
            return Err(format!("the project has more than {MAX_NODES} manifests"));
        }
        let before = self.manifest_budget;
        read_file(self.folder, path, MAX_MANIFEST_BYTES, &mut self.manifest_budget, &mut self.files)?;
        self.budget = self.budget.saturating_sub(before - self.manifest_budget);
        Ok(Some(path.to_owned()))
    }

    fn hide(&mut self, hidden: &[String]) -> Option<String> {
        self.findings.extend(hidden.iter().map(|path| left_out(path)));
        None
    }
}

/// Reads one file, refusing links on the way to it.
fn read_file(folder: &Path, relative: &str, max_bytes: u64, budget: &mut u64, files: &mut BTreeMap<String, Vec<u8>>) -> Result<(), String> {
    if files.contains_key(relative) {
        return Ok(());
    }
    let path = resolve(folder, relative)?;
    let metadata = fs::symlink_metadata(&path).map_err(|error| describe(relative, &error))?;
    if !metadata.is_file() {
        return Err(format!("`{relative}` is not a regular file"));
    }
    let allowed = max_bytes.min(*budget);
    if metadata.len() > allowed {
        return Err(format!("`{relative}` is larger than {allowed} bytes"));
    }
    let bytes = atomic::read(&path, allowed).map_err(|error| error.to_string())?.ok_or_else(|| format!("`{relative}` does not exist"))?;
    *budget = budget.saturating_sub(u64::try_from(bytes.len()).unwrap_or(u64::MAX));
    files.insert(relative.to_owned(), bytes);
    Ok(())
}

/// What a folder may hold.
#[derive(Clone, Copy)]
struct Limits {
    files: u32,
    bytes: u64,
}

/// A skill is published whole, and what hides in a folder (`.env`, `.git`) is seldom meant to be.
fn left_out(path: &str) -> Finding {
    Finding::warning("project.hidden", format!("`{path}` is left out: hidden files of a skill are not published"))
}

/// Reads a folder with everything below it but hidden files; returns those.
fn read_folder(
    folder: &Path,
    relative: &str,
    limits: Limits,
    budget: &mut u64,
    files: &mut BTreeMap<String, Vec<u8>>,
) -> Result<Vec<String>, String> {
    let mut hidden = Vec::new();
    let mut allowed = limits.bytes.min(*budget);
    let before = allowed;
    let mut count = 0;
    let mut pending = vec![relative.to_owned()];
    while let Some(at) = pending.pop() {
        let path = resolve(folder, &at)?;
        let entries = fs::read_dir(&path).map_err(|error| describe(&at, &error))?;
        for entry in entries {
            let entry = entry.map_err(|error| describe(&at, &error))?;
            let name = entry.file_name().into_string().map_err(|_| format!("a file name in `{at}` is not UTF-8"))?;
            let child = format!("{at}/{name}");
            let kind = entry.file_type().map_err(|error| describe(&child, &error))?;
            if name.starts_with('.') {
                hidden.push(child);
                continue;
            }
            if kind.is_dir() {
                pending.push(child);
            } else if kind.is_file() {
                count += 1;
                if count > limits.files {
                    return Err(format!("`{relative}` has more than {} files", limits.files));
                }
                read_file(folder, &child, allowed, &mut allowed, files)?;
            } else {
                return Err(format!("`{child}` is a link or a special file"));
            }
        }
    }
    *budget = budget.saturating_sub(before - allowed);
    hidden.sort();
    Ok(hidden)
}

/// Joins a relative path to the project's folder, refusing symbolic links in any of its parts.
fn resolve(folder: &Path, relative: &str) -> Result<PathBuf, String> {
    let mut path = folder.to_owned();
    for part in Path::new(relative).components() {
        match part {
            Component::Normal(name) => path.push(name),
            Component::ParentDir => {
                path = fs::canonicalize(&path).map_err(|error| describe(relative, &error))?;
                path.pop();
                continue;
            }
            Component::CurDir => continue,
            Component::RootDir | Component::Prefix(_) => return Err(format!("`{relative}` is an absolute path")),
        }
        let metadata = fs::symlink_metadata(&path).map_err(|error| describe(relative, &error))?;
        if metadata.is_symlink() {
            return Err(format!("`{relative}` leads through a symbolic link, which is not followed"));
        }
    }
    Ok(path)
}

fn describe(relative: &str, error: &std::io::Error) -> String {
    if error.kind() == std::io::ErrorKind::NotFound {
        format!("`{relative}` does not exist")
    } else {
        format!("cannot read `{relative}`: {error}")
    }
}
