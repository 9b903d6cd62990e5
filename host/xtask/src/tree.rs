//! Where things are: the working tree, and what set-up and demo keep below its target folder.

use std::path::{Path, PathBuf};

use crate::error::{Context as _, Error, Result};
use crate::third_party::ThirdParty;

/// The working tree and its target folder.
#[derive(Debug)]
pub(crate) struct Tree {
    root: PathBuf,
    target: PathBuf,
}

impl Tree {
    /// Finds the tree that this program was started for.
    pub(crate) fn find() -> Result<Self> {
        let start = match std::env::var_os("CARGO_MANIFEST_DIR") {
            Some(folder) => PathBuf::from(folder),
            None => std::env::current_dir().context(|| "finding the current folder".to_owned())?,
        };
        let root = start
            .ancestors()
            .find(|folder| folder.join(THIRD_PARTY).is_file())
            .ok_or_else(|| Error::new(format!("no `{THIRD_PARTY}` in `{}` or above", start.display())).hint("start it as `cargo xtask`"))?
            .to_owned();
        let target = match std::env::var_os("CARGO_TARGET_DIR") {
            Some(folder) => std::path::absolute(folder).context(|| "resolving CARGO_TARGET_DIR".to_owned())?,
            None => root.join("target"),
        };
        Ok(Self { root, target })
    }

    /// The folder of the root Cargo.toml.
    pub(crate) fn root(&self) -> &Path {
        &self.root
    }

    /// Cargo's target folder.
    pub(crate) fn target(&self) -> &Path {
        &self.target
    }

    /// A folder below target/setup, made if absent.
    pub(crate) fn setup_folder(&self, name: &str) -> Result<PathBuf> {
        let folder = self.target.join("setup").join(name);
        std::fs::create_dir_all(&folder).context(|| format!("making `{}`", folder.display()))?;
        Ok(folder)
    }

    /// What third-party.toml says.
    pub(crate) fn third_party(&self) -> Result<ThirdParty> {
        let path = self.root.join(THIRD_PARTY);
        let text = std::fs::read_to_string(&path).context(|| format!("reading `{}`", path.display()))?;
        ThirdParty::parse(&text).context(|| format!("reading `{}`", path.display()))
    }
}

const THIRD_PARTY: &str = "third-party.toml";
