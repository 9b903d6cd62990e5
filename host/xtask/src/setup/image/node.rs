//! The pinned Node.js and npm of this machine: unpacked once, put into the base image, and used to install runtimes.

use std::os::unix::fs::symlink;
use std::path::{Path, PathBuf};
use std::process::Command;

use crate::console;
use crate::error::{Context as _, Error, Result};
use crate::program;
use crate::third_party::{Base, ThirdParty};
use crate::tree::Tree;

/// A folder with `bin/node`, `bin/npm` and what they need, as it stands below /usr/local in the image.
pub(super) fn unpacked(tree: &Tree, third_party: &ThirdParty, base: &Base) -> Result<PathBuf> {
    let arch = std::env::consts::ARCH;
    let node = third_party.node(&base.node, arch).map_err(Error::new)?;
    let folder = tree.setup_folder("node")?.join(format!("{}-npm-{}-{arch}", base.node, base.npm));
    if folder.is_dir() {
        return Ok(folder);
    }
    console::step("images", format_args!("getting {} {} and npm {}", node.name, node.version, base.npm));
    let work = tempfile::tempdir_in(tree.setup_folder("")?).context(|| "making a folder".to_owned())?;
    let at = |path: &str| work.path().join("local").join(path);
    for path in ["bin", "lib/node_modules", "share/doc/node"] {
        std::fs::create_dir_all(at(path)).context(|| format!("making `{path}`"))?;
    }
    let package = fetch(work.path(), &node.name, &node.version)?;
    rename(&package.join("bin/node"), &at("bin/node"))?;
    rename(&package.join("LICENSE"), &at("share/doc/node/LICENSE"))?;
    rename(&fetch(work.path(), "npm", &base.npm)?, &at("lib/node_modules/npm"))?;
    for name in ["npm", "npx"] {
        symlink(format!("../lib/node_modules/npm/bin/{name}-cli.js"), at("bin").join(name)).context(|| format!("linking `{name}`"))?;
    }
    rename(&at(""), &folder)?;
    Ok(folder)
}

/// A PATH on which the unpacked programs come first.
pub(super) fn path(local: &Path) -> Result<std::ffi::OsString> {
    let old = std::env::var_os("PATH").unwrap_or_default();
    std::env::join_paths(std::iter::once(local.join("bin")).chain(std::env::split_paths(&old))).context(|| "extending PATH".to_owned())
}

/// Has npm trust whom this machine trusts: Node.js brings certificates of its own and knows of no other.
pub(super) fn trusting(npm: &mut Command) -> &mut Command {
    const OWN: &str = "NODE_EXTRA_CA_CERTS";
    const SYSTEM: &str = "/etc/ssl/certs/ca-certificates.crt";
    if std::env::var_os(OWN).is_none() && Path::new(SYSTEM).exists() {
        npm.env(OWN, SYSTEM);
    }
    npm
}

/// Fetches one npm package, unpacks it and gives its folder. npm itself checks it against the registry's digest.
fn fetch(work: &Path, name: &str, version: &str) -> Result<PathBuf> {
    let folder = work.join(name);
    std::fs::create_dir(&folder).context(|| format!("making `{}`", folder.display()))?;
    let mut npm = Command::new("npm");
    npm.current_dir(&folder).args(["pack", "--loglevel=error", "--ignore-scripts", &format!("{name}@{version}")]);
    program::output(trusting(&mut npm))?;
    program::run(Command::new("tar").current_dir(&folder).arg("-xzf").arg(format!("{name}-{version}.tgz")))?;
    Ok(folder.join("package"))
}

fn rename(from: &Path, to: &Path) -> Result<()> {
    std::fs::rename(from, to).context(|| format!("renaming `{}` to `{}`", from.display(), to.display()))
}
