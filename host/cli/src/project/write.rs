//! Writes a compile output: staged beside its place, then exchanged with it in one step, so that a failed compile
//! leaves the old output. The folder `deployments` inside an old output is carried over, never touched.

use std::fs;
use std::io::Write;
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};

use rustix::fs::{CWD, RenameFlags, renameat_with};
use spawnfile_core::tree::OutputTree;

use crate::error::CliError;
use crate::store::atomic::{io, sync_folder};

/// Records of project deployments live here, inside the output folder.
const DEPLOYMENTS: &str = "deployments";
/// Marks a folder as ours to replace.
const MARKER: &str = "spawnfile-report.json";

/// Writes the tree to `out`.
pub(crate) fn write(out: &Path, tree: &OutputTree) -> Result<(), CliError> {
    let parent = out.parent().unwrap_or_else(|| Path::new("."));
    fs::create_dir_all(parent).map_err(|error| io("make the folder", parent, &error))?;
    if out.exists() && !is_ours(out) {
        return Err(CliError::input(format!("`{}` exists and is no compile output", out.display()))
            .hint("choose another folder with --out, or remove that one"));
    }
    let staged = tempfile::Builder::new().prefix(".spawn-staged-").tempdir_in(parent).map_err(|error| io("write in", parent, &error))?;
    for (path, file) in tree.iter() {
        let path = staged.path().join(path);
        let folder = path.parent().unwrap_or(parent);
        fs::create_dir_all(folder).map_err(|error| io("make the folder", folder, &error))?;
        fs::OpenOptions::new()
            .write(true)
            .create_new(true)
            .mode(file.mode)
            .open(&path)
            .and_then(|mut handle| handle.write_all(&file.bytes).and_then(|()| handle.sync_all()))
            .map_err(|error| io("write", &path, &error))?;
    }
    sync_folder(staged.path())?;
    let staged: PathBuf = staged.keep();
    publish(&staged, out)?;
    sync_folder(parent)
}

/// Puts the staged folder in place and removes what it replaced.
fn publish(staged: &Path, out: &Path) -> Result<(), CliError> {
    // A private folder by mkdtemp; the output is for everybody who may read the project.
    fs::set_permissions(staged, std::os::unix::fs::PermissionsExt::from_mode(0o755)).map_err(|error| io("change", staged, &error))?;
    if !out.exists() {
        return fs::rename(staged, out).map_err(|error| io("write", out, &error));
    }
    renameat_with(CWD, staged, CWD, out, RenameFlags::EXCHANGE).map_err(|error| io("replace", out, &error.into()))?;
    let (old_records, new_records) = (staged.join(DEPLOYMENTS), out.join(DEPLOYMENTS));
    if old_records.exists() {
        fs::rename(&old_records, &new_records).map_err(|error| io("keep", &new_records, &error))?;
    }
    fs::remove_dir_all(staged).map_err(|error| io("remove", staged, &error))
}

/// Returns whether a folder was made by compile (or is empty, or holds nothing but deployment records).
fn is_ours(out: &Path) -> bool {
    let Ok(mut entries) = fs::read_dir(out) else { return false };
    out.join(MARKER).is_file() || entries.all(|entry| entry.is_ok_and(|entry| entry.file_name() == DEPLOYMENTS))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn tree(text: &str) -> OutputTree {
        let mut tree = OutputTree::default();
        assert!(tree.add(MARKER, 0o644, text.into()));
        assert!(tree.add("a/b", 0o755, text.into()));
        tree
    }

    #[test]
    fn replaces_an_output_and_keeps_its_records() {
        let dir = tempfile::tempdir().unwrap();
        let out = dir.path().join(".spawn");
        write(&out, &tree("1")).unwrap();
        fs::create_dir(out.join(DEPLOYMENTS)).unwrap();
        fs::write(out.join(DEPLOYMENTS).join("default.json"), "{}").unwrap();
        write(&out, &tree("2")).unwrap();
        assert_eq!(fs::read_to_string(out.join("a/b")).unwrap(), "2");
        assert!(out.join("deployments/default.json").is_file());
        assert_eq!(fs::read_dir(dir.path()).unwrap().count(), 1, "nothing staged is left");
    }

    #[test]
    fn refuses_a_folder_that_is_not_ours() {
        let dir = tempfile::tempdir().unwrap();
        fs::write(dir.path().join("precious"), "x").unwrap();
        assert!(write(dir.path(), &tree("1")).is_err());
        assert!(dir.path().join("precious").is_file());
    }
}
