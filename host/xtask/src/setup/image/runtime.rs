//! A look-alike of a runtime image: from scratch, one relocatable tree with an npm package and its dependencies.
//!
//! npm puts the package beside its dependencies; the tree has the package at its root and them below its `node_modules`,
//! where Node.js finds them the same way from wherever the tree is put.

use std::path::{Path, PathBuf};
use std::process::Command;

use super::{node, pack};
use crate::console;
use crate::error::{Context as _, Error, Result};
use crate::program;
use crate::third_party::{Runtime, ThirdParty};
use crate::tree::Tree;

/// Writes the image's archive.
pub(super) fn make(tree: &Tree, third_party: &ThirdParty, runtime: &Runtime, archive: &Path) -> Result<()> {
    let local = node::unpacked(tree, third_party, third_party.base().map_err(Error::new)?)?;
    let path = node::path(&local)?;
    let work = tempfile::tempdir_in(tree.setup_folder("")?).context(|| "making a folder".to_owned())?;
    let at = |name: &str| -> Result<PathBuf> {
        let folder = work.path().join(name);
        std::fs::create_dir_all(&folder).context(|| format!("making `{}`", folder.display()))?;
        Ok(folder)
    };

    let wanted = format!("{}@{}", runtime.package, runtime.version);
    console::step("images", format_args!("installing {wanted} by npm"));
    let project = at("project")?;
    std::fs::write(project.join("package.json"), "{\"private\":true}\n").context(|| "writing `package.json`".to_owned())?;
    // Its install scripts are not run: whatever they would do is not of the package.
    let mut npm = Command::new(local.join("bin/node"));
    npm.arg(local.join("lib/node_modules/npm/bin/npm-cli.js"))
        .args(["install", "--omit=dev", "--ignore-scripts", "--no-package-lock", "--no-fund", "--no-audit", "--no-update-notifier"])
        .arg("--loglevel=error")
        .arg(&wanted)
        .current_dir(&project)
        .env("PATH", &path);
    program::run(node::trusting(&mut npm))?;

    let root = at("root")?;
    let in_image = root.join(runtime.tree.trim_start_matches('/'));
    relocate(&project.join("node_modules"), &runtime.package, &in_image)?;
    // It really starts, from its new place and with nothing of the old one.
    std::fs::remove_dir_all(&project).context(|| format!("removing `{}`", project.display()))?;
    let entry = in_image.join(&runtime.entry);
    let version = program::output(Command::new(local.join("bin/node")).arg(&entry).arg("--version").env("HOME", at("home")?))?;
    if !version.contains(&runtime.version) {
        return Err(Error::new(format!("`{wanted}` says that its version is `{version}`")));
    }
    let top = runtime.tree.trim_start_matches('/').split('/').next().unwrap_or_default();
    pack(&root, archive, &[top])
}

/// Makes the tree out of what npm installed.
fn relocate(modules: &Path, package: &str, to: &Path) -> Result<()> {
    let rename =
        |from: &Path, to: &Path| std::fs::rename(from, to).context(|| format!("renaming `{}` to `{}`", from.display(), to.display()));
    if let Some(parent) = to.parent() {
        std::fs::create_dir_all(parent).context(|| format!("making `{}`", parent.display()))?;
    }
    rename(&modules.join(package), to)?;
    let below = to.join("node_modules");
    if below.exists() {
        // Both would be right, each for another package: no one folder can be.
        return Err(Error::new(format!("npm gave `{package}` dependencies of its own beside those that it shares")));
    }
    rename(modules, &below)?;
    // npm's note of where each package came from: no part of the runtime, and it names servers.
    match std::fs::remove_file(below.join(".package-lock.json")) {
        Err(error) if error.kind() != std::io::ErrorKind::NotFound => Err(Error::new(format!("removing npm's lock: {error}"))),
        _ => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn installed() -> tempfile::TempDir {
        let folder = tempfile::tempdir().unwrap();
        for (path, text) in [("agent/main.mjs", "m"), ("left/index.js", "l"), ("@scope/right/index.js", "r"), (".package-lock.json", "{}")]
        {
            let path = folder.path().join("node_modules").join(path);
            std::fs::create_dir_all(path.parent().unwrap()).unwrap();
            std::fs::write(path, text).unwrap();
        }
        folder
    }

    #[test]
    fn the_package_is_the_root_and_its_dependencies_are_below() {
        let folder = installed();
        let to = folder.path().join("opt/runtime");
        relocate(&folder.path().join("node_modules"), "agent", &to).unwrap();
        assert!(to.join("main.mjs").is_file());
        assert!(to.join("node_modules/left/index.js").is_file() && to.join("node_modules/@scope/right/index.js").is_file());
        assert!(!to.join("node_modules/agent").exists() && !to.join("node_modules/.package-lock.json").exists());
    }

    #[test]
    fn dependencies_in_two_places_are_refused() {
        let folder = installed();
        std::fs::create_dir_all(folder.path().join("node_modules/agent/node_modules/left")).unwrap();
        let error = relocate(&folder.path().join("node_modules"), "agent", &folder.path().join("opt/runtime")).unwrap_err();
        assert!(error.to_string().contains("dependencies of its own"), "{error}");
    }
}
