//! Workspace resources: a folder that is made or cloned, and a link to it. Whatever else stands at the link's place is
//! refused, never replaced. A resource's own links are never followed.
//!
//! `readonly` takes the permission to write away at every start. The processes run as the user who owns the files, so one
//! that means to can give it back to itself: it guards against accidents, and nothing more.

use std::io::ErrorKind;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;

use spawnfile_core::init_plan::Resource;

use super::{PrepareError, git};
use crate::file::{self, FileError};
use crate::values::Values;

/// Folders in a read-only resource are followed down this far.
const DEPTH: usize = 64;

pub(super) fn prepare(resource: &Resource, values: &Values) -> Result<(), PrepareError> {
    let backing = Path::new(&resource.backing);
    if resource.kind == "git" {
        git::prepare(resource, values)?;
    } else {
        file::make_folder(backing)?;
    }
    if resource.mode == "readonly" {
        protect(backing, DEPTH)?;
    }
    link(resource, backing)
}

fn link(resource: &Resource, backing: &Path) -> Result<(), PrepareError> {
    let link = Path::new(&resource.link);
    if let Some(folder) = link.parent() {
        file::make_folder(folder)?;
    }
    match std::os::unix::fs::symlink(backing, link) {
        Ok(()) => Ok(()),
        Err(error) if error.kind() == ErrorKind::AlreadyExists => match std::fs::read_link(link) {
            Ok(target) if target == backing => Ok(()),
            _ => Err(PrepareError::Occupied { id: resource.id.clone(), link: link.to_owned() }),
        },
        Err(error) => Err(FileError::system("make link", link)(error).into()),
    }
}

/// Takes the write permissions away from a folder and everything below it.
fn protect(path: &Path, depth: usize) -> Result<(), FileError> {
    let metadata = std::fs::symlink_metadata(path).map_err(FileError::system("read", path))?;
    if metadata.is_symlink() {
        return Ok(());
    }
    if metadata.is_dir() && depth > 0 {
        for entry in std::fs::read_dir(path).map_err(FileError::system("list", path))? {
            let entry = entry.map_err(FileError::system("list", path))?;
            protect(&entry.path(), depth - 1)?;
        }
    }
    let mode = metadata.permissions().mode() & 0o7777;
    if mode & 0o222 != 0 {
        std::fs::set_permissions(path, std::fs::Permissions::from_mode(mode & !0o222)).map_err(FileError::system("protect", path))?;
    }
    Ok(())
}
