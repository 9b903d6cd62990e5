//! The secrets that a container was given, read back so that they can be taken out of what it says.

use std::collections::BTreeSet;

use serde::Deserialize;
use spawnfile_core::secret::Secret;

use crate::container::name;
use crate::engine::Docker;
use crate::error::DockerError;
use crate::extract::FileWanted;
use crate::text::Redactor;
use crate::wire::{Call, LONG, empty, within};

/// Largest value that is read back, in bytes.
const VALUE_MAX: u64 = 1024 * 1024;

#[derive(Deserialize)]
struct Inspected {
    #[serde(rename = "Config")]
    config: Config,
}

#[derive(Deserialize)]
struct Config {
    #[serde(default, rename = "Env")]
    env: Option<Vec<String>>,
}

impl Docker {
    /// Returns the values of the secrets of these names: from files in `dir` where there is one, else from the
    /// environment that the container was made with. Names without a value are left out. The container need not run.
    /// 120 s.
    ///
    /// # Errors
    ///
    /// [`DockerError::NotFound`] without the container, [`DockerError::Malformed`] for a value that is no file, or too
    /// large.
    pub async fn given_secrets(&self, container: &str, dir: Option<&str>, names: &BTreeSet<&str>) -> Result<Vec<Secret>, DockerError> {
        name(container)?;
        if let Some(dir) = dir {
            let file = |name: &&str| FileWanted { path: format!("{dir}/{name}"), max_bytes: VALUE_MAX, optional: true };
            let wanted: Vec<FileWanted> = names.iter().map(file).collect();
            return Ok(self.read_container_files(container, &wanted).await?.into_iter().flatten().map(Secret::new).collect());
        }
        let what = format!("container `{container}`");
        let call = Call::get(format!("/containers/{container}/json"), &what);
        let inspected: Inspected = within(&what, LONG, self.wire.json(call, empty(), &Redactor::default())).await?;
        let given = inspected.config.env.unwrap_or_default();
        let secrets = given.iter().filter_map(|line| line.split_once('=')).filter(|(name, _)| names.contains(name));
        Ok(secrets.map(|(_, value)| Secret::new(value.as_bytes().to_vec())).collect())
    }
}
