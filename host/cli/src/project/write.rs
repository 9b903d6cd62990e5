//! Writes a compile output: staged beside its place, then exchanged with it in one step, so that a failed compile
//! leaves the old output. The folder `deployments` inside an old output is carried over, never touched. Refuses every
//! folder that holds anything that compile does not write.

use std::fs;
use std::io::Write;
use std::os::unix::fs::{OpenOptionsExt, PermissionsExt};
use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use rustix::fs::{CWD, RenameFlags, renameat_with};
use spawnfile_core::tree::OutputTree;
use tempfile::TempDir;

use crate::error::CliError;
use crate::store::atomic::{io, sync_folder};

/// Records of project deployments live here, inside the output folder.
const DEPLOYMENTS: &str = "deployments";
/// What an output may hold at its top besides what is about to be written: outputs of older versions and of the
/// TypeScript tool, and [`DEPLOYMENTS`].
const KNOWN: &[&str] = &[
    ".dockerignore",
    ".env.example",
    "Dockerfile",
    "container",
    DEPLOYMENTS,
    "distribution-report.json",
    "entrypoint.sh",
    "image",
    "moltnet",
    "moltnet-bin",
    "rootfs.tar",
    "runtimes",
    "spawnfile-report.json",
    "world-bindings.json",
];

/// Writes the tree to `out`, which must not be the project's own folder or hold it. Every file bears the time
/// `modified_unix_s`: any `docker build` takes it into the image.
///
/// Other processes see the old output or the new one. A machine that loses power may be left with neither: an output is
/// made again from its project, which the records inside are not, so those alone are waited for until they are on disk.
pub(crate) fn write(out: &Path, project: &Path, tree: &OutputTree, modified_unix_s: u64) -> Result<(), CliError> {
    let (parent, name) = place(out)?;
    fs::create_dir_all(&parent).map_err(|error| io("make the folder", &parent, &error))?;
    let out = parent.join(&name);
    check(&out, project, tree)?;
    let prefix = format!(".{name}-staged-");
    recover(&parent, &prefix, &out)?;

    // Removed when it is dropped, whatever it holds by then: what was half written, or what was replaced.
    let staged = tempfile::Builder::new()
        .prefix(&prefix)
        .permissions(fs::Permissions::from_mode(0o755))
        .tempdir_in(&parent)
        .map_err(|error| io("write in", &parent, &error))?;
    fill(staged.path(), tree, UNIX_EPOCH + Duration::from_secs(modified_unix_s))?;
    publish(staged, &out)
}

/// Splits an output path into its folder and its name. `.`, `..` and `/` have no name to exchange.
fn place(out: &Path) -> Result<(PathBuf, String), CliError> {
    let name = out.file_name().and_then(|name| name.to_str()).filter(|_| !out.ends_with(".")).map(str::to_owned);
    let name = name.ok_or_else(|| {
        CliError::input(format!("`{}` cannot be an output folder", out.display())).hint("name a folder of its own: --out build")
    })?;
    let parent = out.parent().filter(|parent| !parent.as_os_str().is_empty()).unwrap_or_else(|| Path::new("."));
    Ok((parent.to_owned(), name))
}

/// Refuses a place that is not for compile.
fn check(out: &Path, project: &Path, tree: &OutputTree) -> Result<(), CliError> {
    let refuse = |why: String| {
        Err(CliError::input(format!("`{}` is not replaced: {why}", out.display()))
            .hint("choose another folder with --out, or move that one away"))
    };
    let Ok(metadata) = fs::symlink_metadata(out) else { return Ok(()) };
    if !metadata.is_dir() {
        return refuse("it is no folder".to_owned());
    }
    let real = |path: &Path| fs::canonicalize(path).map_err(|error| io("read", path, &error));
    if real(project)?.starts_with(real(out)?) {
        return refuse("the project itself is in it".to_owned());
    }
    let written: Vec<&str> = tree.iter().filter_map(|(path, _)| path.split('/').next()).collect();
    for entry in fs::read_dir(out).map_err(|error| io("read", out, &error))? {
        let name = entry.map_err(|error| io("read", out, &error))?.file_name();
        if !name.to_str().is_some_and(|name| KNOWN.contains(&name) || written.contains(&name)) {
            return refuse(format!("it holds `{}`, which compile does not write", name.display()));
        }
    }
    Ok(())
}

/// Brings back the records of a run that was killed between the exchange and the move, and sweeps what such runs left.
fn recover(parent: &Path, prefix: &str, out: &Path) -> Result<(), CliError> {
    for entry in fs::read_dir(parent).map_err(|error| io("read", parent, &error))? {
        let entry = entry.map_err(|error| io("read", parent, &error))?;
        if !entry.file_name().to_str().is_some_and(|name| name.starts_with(prefix)) {
            continue;
        }
        let (left, records) = (entry.path(), out.join(DEPLOYMENTS));
        if left.join(DEPLOYMENTS).is_dir() {
            if records.exists() || !out.is_dir() {
                continue;
            }
            fs::rename(left.join(DEPLOYMENTS), &records).map_err(|error| io("bring back", &records, &error))?;
        } else if !is_old(&left) {
            // Another compile may be writing it right now.
            continue;
        }
        fs::remove_dir_all(&left).map_err(|error| io("remove", &left, &error))?;
    }
    Ok(())
}

fn is_old(path: &Path) -> bool {
    const OLD: Duration = Duration::from_secs(60 * 60);
    let modified = fs::metadata(path).and_then(|metadata| metadata.modified());
    modified.is_ok_and(|modified| modified.elapsed().is_ok_and(|age| age > OLD))
}

fn fill(staged: &Path, tree: &OutputTree, modified: SystemTime) -> Result<(), CliError> {
    for (path, file) in tree.iter() {
        let path = staged.join(path);
        let folder = path.parent().unwrap_or(staged);
        make_folders(staged, folder)?;
        fs::OpenOptions::new()
            .write(true)
            .create_new(true)
            .mode(file.mode)
            .open(&path)
            .and_then(|mut handle| {
                handle.write_all(&file.bytes)?;
                // Whatever the umask: modes are part of what the image holds.
                handle.set_permissions(fs::Permissions::from_mode(file.mode))?;
                handle.set_modified(modified)
            })
            .map_err(|error| io("write", &path, &error))?;
    }
    Ok(())
}

/// Makes the folders from `staged` down to `folder`, whatever the umask.
fn make_folders(staged: &Path, folder: &Path) -> Result<(), CliError> {
    let missing: Vec<&Path> = folder.ancestors().take_while(|path| *path != staged && !path.exists()).collect();
    for path in missing.into_iter().rev() {
        fs::create_dir(path)
            .and_then(|()| fs::set_permissions(path, fs::Permissions::from_mode(0o755)))
            .map_err(|error| io("make the folder", path, &error))?;
    }
    Ok(())
}

/// Puts the staged folder in place; what it replaced goes with `staged`.
fn publish(staged: TempDir, out: &Path) -> Result<(), CliError> {
    if !out.exists() {
        let staged = staged.keep();
        return fs::rename(&staged, out).map_err(|error| {
            // It was never in place: nothing of anybody's is in it.
            let _ignored = fs::remove_dir_all(&staged);
            io("write", out, &error)
        });
    }
    renameat_with(CWD, staged.path(), CWD, out, RenameFlags::EXCHANGE).map_err(|error| io("replace", out, &error.into()))?;
    let (old_records, new_records) = (staged.path().join(DEPLOYMENTS), out.join(DEPLOYMENTS));
    if !old_records.exists() {
        return Ok(());
    }
    if let Err(error) = fs::rename(&old_records, &new_records) {
        // The records are worth more than a tidy folder.
        let kept = staged.keep();
        return Err(io("carry over", &kept.join(DEPLOYMENTS), &error));
    }
    sync_folder(out)
}

#[cfg(test)]
mod tests {
    use super::*;

    const REPORT: &str = "spawnfile-report.json";

    fn tree(text: &str) -> OutputTree {
        let mut tree = OutputTree::default();
        assert!(tree.add(REPORT, 0o644, text.into()));
        assert!(tree.add("a/b", 0o755, text.into()));
        tree
    }

    #[test]
    fn replaces_an_output_and_keeps_its_records() {
        let dir = tempfile::tempdir().unwrap();
        let (out, project) = (dir.path().join(".spawn"), dir.path());
        write(&out, project, &tree("1"), 0).unwrap();
        fs::create_dir(out.join(DEPLOYMENTS)).unwrap();
        fs::write(out.join(DEPLOYMENTS).join("default.json"), "{}").unwrap();
        write(&out, project, &tree("2"), 0).unwrap();
        assert_eq!(fs::read_to_string(out.join("a/b")).unwrap(), "2");
        assert!(out.join("deployments/default.json").is_file());
        assert_eq!(fs::read_dir(dir.path()).unwrap().count(), 1, "nothing staged is left");
    }

    #[test]
    fn records_of_a_killed_run_come_back() {
        let dir = tempfile::tempdir().unwrap();
        let (out, project) = (dir.path().join(".spawn"), dir.path());
        write(&out, project, &tree("1"), 0).unwrap();
        let left = dir.path().join("..spawn-staged-abc");
        fs::create_dir_all(left.join(DEPLOYMENTS)).unwrap();
        fs::write(left.join(DEPLOYMENTS).join("default.json"), "{}").unwrap();
        write(&out, project, &tree("2"), 0).unwrap();
        assert!(out.join("deployments/default.json").is_file());
        assert!(!left.exists());
    }

    #[test]
    fn refuses_what_is_not_its_own() {
        let dir = tempfile::tempdir().unwrap();
        let project = dir.path().join("project");
        fs::create_dir(&project).unwrap();
        for (name, text) in [("Spawnfile", "x"), (REPORT, "{}")] {
            fs::write(project.join(name), text).unwrap();
        }
        for out in [project.clone(), dir.path().to_owned(), project.join("."), project.join(".."), project.join("Spawnfile")] {
            assert!(write(&out, &project, &tree("1"), 0).is_err(), "{}", out.display());
        }
        let out = project.join(".spawn");
        write(&out, &project, &tree("1"), 0).unwrap();
        fs::write(out.join(".env"), "KEY=1").unwrap();
        assert!(write(&out, &project, &tree("2"), 0).is_err(), "a user's own file would be lost");
        assert!(out.join(".env").is_file() && project.join("Spawnfile").is_file());
        assert_eq!(fs::read_dir(&project).unwrap().count(), 3, "nothing staged is left");
    }
}
