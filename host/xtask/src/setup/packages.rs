//! Debian packages: installs the missing ones as root, else says the one line to type; unpacks those that should not be
//! installed.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::process::Command;

use crate::error::{Context as _, Error, Result};
use crate::third_party::{Debian, ThirdParty};
use crate::tree::Tree;
use crate::{console, program};

/// Installs what is missing of the packages that are to be installed.
pub(super) fn ensure(third_party: &ThirdParty) -> Result<()> {
    let wanted: Vec<_> = third_party.debian.iter().filter(|package| package.unpack.is_none()).collect();
    let installed = installed(&wanted);
    let there = |package: &Debian| {
        package.program.as_deref().is_some_and(|name| program::find(name).is_some()) || installed.contains(&package.name)
    };
    let missing: Vec<_> = wanted.into_iter().filter(|package| !there(package)).collect();
    if missing.is_empty() {
        console::step("packages", "all are there");
        return Ok(());
    }
    for package in &missing {
        console::step("packages", format_args!("{} is missing ({})", package.name, package.purpose));
    }
    let mut install = apt_get();
    install.args(["install", "--yes", "--no-install-recommends"]).args(missing.iter().map(|package| &package.name));
    if !program::is_root() || program::find("apt-get").is_none() {
        let names: Vec<_> = missing.iter().map(|package| package.name.as_str()).collect();
        return Err(Error::new(format!("{} Debian packages are missing", names.len())).hint(format!("sudo {}", program::line(&install))));
    }
    program::run(apt_get().arg("update"))?;
    program::run(&mut install)
}

/// The wanted file of a package that is unpacked: that of the system where it is, else one of our own.
pub(super) fn unpacked(tree: &Tree, third_party: &ThirdParty, name: &str) -> Result<PathBuf> {
    let package = third_party.debian.iter().find(|package| package.name == name);
    let Some((package, file)) = package.and_then(|package| Some((package, package.unpack.as_deref()?))) else {
        return Err(Error::new(format!("Debian package `{name}` is not listed with `unpack`")));
    };
    let systems = match &package.program {
        Some(program) => program::find(program),
        None => installed(&[package]).contains(name).then(|| Path::new("/").join(file)).filter(|path| path.is_file()),
    };
    if let Some(path) = systems {
        console::step("packages", format_args!("{name} is there"));
        return Ok(path);
    }
    let folder = tree.setup_folder("debian")?.join(name);
    let path = folder.join(file);
    if path.is_file() {
        console::step("packages", format_args!("{name} is there, unpacked"));
        return Ok(path);
    }
    console::step("packages", format_args!("unpacking {name} ({})", package.purpose));
    let work = tempfile::tempdir_in(tree.setup_folder("")?).context(|| format!("unpacking `{name}`"))?;
    download(name, work.path())?;
    let deb = std::fs::read_dir(work.path())
        .context(|| format!("reading `{}`", work.path().display()))?
        .filter_map(|entry| Some(entry.ok()?.path()))
        .find(|path| path.extension().is_some_and(|extension| extension == "deb"))
        .ok_or_else(|| Error::new(format!("apt-get gave no package file for `{name}`")))?;
    let staged = work.path().join("files");
    program::run(Command::new("dpkg-deb").arg("-x").arg(deb).arg(&staged))?;
    std::fs::rename(&staged, &folder).context(|| format!("renaming to `{}`", folder.display()))?;
    if path.is_file() { Ok(path) } else { Err(Error::new(format!("package `{name}` holds no `{file}`"))) }
}

/// A Debian without package lists gets them first, if we may.
fn download(name: &str, folder: &Path) -> Result<()> {
    let mut download = apt_get();
    download.current_dir(folder).args(["download", name]);
    match program::output(&mut download) {
        Ok(_) => Ok(()),
        Err(_) if program::is_root() => {
            program::run(apt_get().arg("update"))?;
            program::output(&mut download).map(drop)
        }
        Err(error) => Err(error.hint("sudo apt-get update")),
    }
}

fn apt_get() -> Command {
    let mut command = Command::new("apt-get");
    command.env("DEBIAN_FRONTEND", "noninteractive").arg("--quiet");
    command
}

/// Which of the packages dpkg has installed; none where there is no dpkg.
fn installed(packages: &[&Debian]) -> BTreeSet<String> {
    let mut query = Command::new("dpkg-query");
    query.args(["--show", "--showformat", "${db:Status-Status} ${Package}\n"]).args(packages.iter().map(|package| &package.name));
    // It fails when it knows one of them not at all, and still prints the others.
    let printed = query.output().map(|output| String::from_utf8_lossy(&output.stdout).into_owned()).unwrap_or_default();
    printed.lines().filter_map(|line| line.strip_prefix("installed ")).map(str::to_owned).collect()
}
