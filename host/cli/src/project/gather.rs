//! Reads a project's sources: the manifest first, then what it names. No symbolic link is followed, every read is
//! bounded, and what cannot be read is reported all at once.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Component, Path, PathBuf};

use spawnfile_core::finding::{Finding, Findings};
use spawnfile_core::manifest;
use spawnfile_core::project::{ProjectSources, Wanted};

use crate::error::CliError;
use crate::store::atomic;

const MANIFEST: &str = "Spawnfile";
const MAX_MANIFEST: u64 = 1024 * 1024;
const MAX_TOTAL: u64 = 256 * 1024 * 1024;

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
    let manifest = if path.is_dir() { path.join(MANIFEST) } else { path };
    if manifest.is_file() {
        return Ok(manifest);
    }
    Err(CliError::input(format!("no {MANIFEST} found at `{}`", manifest.display()))
        .hint("pass a project folder or the path of a Spawnfile; see `examples/` for one to start from"))
}

/// Reads everything that the project at `typed` names.
pub(crate) fn gather(cwd: &Path, typed: &str) -> Result<Gathered, CliError> {
    let manifest = find(cwd, typed)?;
    let folder = manifest.parent().map_or_else(|| cwd.to_owned(), Path::to_owned);
    let name = manifest.file_name().and_then(|name| name.to_str()).unwrap_or(MANIFEST).to_owned();
    let bytes = atomic::read(&manifest, MAX_MANIFEST)?.unwrap_or_default();
    let (parsed, _) =
        manifest::parse(&name, &bytes).map_err(|findings| CliError::findings(&format!("`{typed}` is not valid"), &findings))?;

    let mut files = BTreeMap::from([(name.clone(), bytes)]);
    let mut findings = Findings::default();
    let mut budget = MAX_TOTAL;
    for wanted in parsed.wanted() {
        let problem = match &wanted {
            Wanted::File { path, max_bytes, .. } => read_file(&folder, path, *max_bytes, &mut budget, &mut files),
            Wanted::Folder { path, max_files, max_bytes, .. } => {
                let limits = Limits { files: *max_files, bytes: *max_bytes };
                read_folder(&folder, path, limits, &mut budget, &mut files)
                    .map(|hidden| findings.extend(hidden.iter().map(|path| left_out(path))))
            }
        };
        if let Err(message) = problem {
            let (key, position) = match &wanted {
                Wanted::File { key, position, .. } | Wanted::Folder { key, position, .. } => (key, position),
            };
            findings.push(Finding::error("project.source", format!("`{key}`: {message}")).at(&name, Some(*position)));
        }
    }
    if findings.has_errors() {
        return Err(CliError::findings(&format!("`{typed}` is not valid"), &findings));
    }
    Ok(Gathered { sources: ProjectSources { root: name, files }, manifest, folder, findings })
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
