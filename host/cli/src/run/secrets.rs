//! Where the consumer's secrets come from: a profile, an env file, or a variable named on the command line. Nothing
//! is ever taken from the environment by itself.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use clap::Args;
use serde::{Deserialize, Serialize};
use spawnfile_core::env_file;
use spawnfile_core::name::{EnvName, ProfileName};
use spawnfile_core::preflight::{Source, Supplied, ToGenerate};
use spawnfile_core::secret::Secret;
use zeroize::Zeroizing;

use crate::error::CliError;
use crate::store::{atomic, profiles};
use crate::world::World;

const MAX_ENV_FILE: u64 = 1024 * 1024;

/// Where secrets come from. Later sources win: profile, env file, single variables.
#[derive(Debug, Clone, Default, Args)]
pub(crate) struct SecretArgs {
    /// Auth profile to take secrets from
    #[arg(long, value_name = "NAME", help_heading = "Secrets")]
    pub(crate) auth_profile: Option<ProfileName>,
    /// File with NAME=value lines
    #[arg(long, value_name = "FILE", help_heading = "Secrets")]
    pub(crate) env_file: Option<PathBuf>,
    /// Take this variable from the environment of this command (repeatable)
    #[arg(long, value_name = "NAME", help_heading = "Secrets")]
    pub(crate) from_env: Vec<String>,
}

/// Reads an env file.
pub(crate) fn read_env_file(world: &World, path: &Path) -> Result<BTreeMap<EnvName, Secret>, CliError> {
    let full = world.cwd.join(path);
    let bytes = atomic::read_any(&full, MAX_ENV_FILE)?
        .map(Zeroizing::new)
        .ok_or_else(|| CliError::input(format!("env file `{}` does not exist", full.display())))?;
    env_file::parse(&bytes).map_err(|error| CliError::input(format!("env file `{}`: {error}", full.display())))
}

/// Gathers everything that the consumer brought.
pub(crate) fn supplied(world: &World, args: &SecretArgs) -> Result<Supplied, CliError> {
    let mut supplied = Supplied::default();
    if let Some(name) = &args.auth_profile {
        let profile = profiles::load(&world.home, name)?.ok_or_else(|| {
            CliError::input(format!("auth profile `{name}` does not exist"))
                .hint(format!("make it with `spawnfile auth import env <file> --profile {name}`"))
        })?;
        for (key, value) in profile.env {
            supplied.give(key, Source::Profile(name.to_string()), value);
        }
    }
    if let Some(path) = &args.env_file {
        for (key, value) in read_env_file(world, path)? {
            supplied.give(key, Source::EnvFile(path.display().to_string()), value);
        }
    }
    for text in &args.from_env {
        let name = from_env_name(text)?;
        let value = world
            .env_os(name.as_str())
            .filter(|value| !value.is_empty())
            .ok_or_else(|| CliError::input(format!("--from-env {name}: the variable is not set in this environment")))?;
        let bytes = std::os::unix::ffi::OsStringExt::into_vec(value);
        supplied.give(name, Source::FromEnv, Secret::new(bytes));
    }
    Ok(supplied)
}

/// Reads the argument of `--from-env`. Not clap's part: it would show `NAME=value` with the value.
fn from_env_name(text: &str) -> Result<EnvName, CliError> {
    if let Some((name, _)) = text.split_once('=') {
        let name = spawnfile_core::display::escape(name);
        return Err(CliError::input(format!("--from-env {name}=…: it takes a name, not a value; the value would be seen by others"))
            .hint(format!("export {name} first, then: --from-env {name}")));
    }
    text.parse().map_err(|error| CliError::input(format!("--from-env `{}`: {error}", spawnfile_core::display::escape(text))))
}

/// Values that the host made for a deployment. They survive redeploys, so that clients keep working.
#[derive(Default, Serialize, Deserialize)]
struct Generated {
    version: u32,
    values: BTreeMap<String, String>,
}

/// Returns a new random value for each name, which nobody keeps.
pub(crate) fn generate_once(wanted: &[ToGenerate]) -> Result<BTreeMap<EnvName, Secret>, CliError> {
    wanted.iter().map(|wanted| Ok((wanted.name.clone(), Secret::new(random(wanted)?.into_bytes())))).collect()
}

/// Returns a value for each name: the deployment's own from last time, else a new random one, which is kept.
pub(crate) fn generate(folder: &Path, wanted: &[ToGenerate]) -> Result<BTreeMap<EnvName, Secret>, CliError> {
    let path = folder.join("generated.json");
    let mut generated = match atomic::read(&path, MAX_ENV_FILE)?.map(Zeroizing::new) {
        Some(bytes) => serde_json::from_slice::<Generated>(&bytes)
            .ok()
            .filter(|generated| generated.version == 1)
            .ok_or_else(|| CliError::input(format!("`{}` is damaged or of another version", path.display())))?,
        None => Generated { version: 1, ..Generated::default() },
    };
    let mut values = BTreeMap::new();
    let mut changed = false;
    for wanted in wanted {
        let text = match generated.values.get(wanted.name.as_str()) {
            Some(text) => text.clone(),
            None => {
                changed = true;
                let text = random(wanted)?;
                generated.values.insert(wanted.name.to_string(), text.clone());
                text
            }
        };
        values.insert(wanted.name.clone(), Secret::new(text.into_bytes()));
    }
    if changed {
        let bytes = Zeroizing::new(serde_json::to_vec_pretty(&generated).map_err(|error| CliError::failed_from(&error))?);
        atomic::write(&path, &bytes)?;
    }
    Ok(values)
}

/// Returns random bytes in the wanted form.
fn random(wanted: &ToGenerate) -> Result<String, CliError> {
    const DIGITS: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
    let count = usize::try_from(wanted.bytes).unwrap_or(24).clamp(16, 1024);
    let mut bytes = Zeroizing::new(vec![0_u8; count]);
    getrandom::fill(&mut bytes).map_err(|error| CliError::failed(format!("the system gives no randomness: {error}")))?;
    Ok(match wanted.form.as_str() {
        // One character for each byte keeps six of its eight bits; a third more characters keep the strength.
        "base64url" => {
            let mut more = Zeroizing::new(vec![0_u8; count.div_ceil(3) * 4]);
            getrandom::fill(&mut more).map_err(|error| CliError::failed(format!("the system gives no randomness: {error}")))?;
            more.iter().filter_map(|byte| DIGITS.get(usize::from(byte & 63))).map(|digit| char::from(*digit)).collect()
        }
        _ => bytes.iter().map(|byte| format!("{byte:02x}")).collect(),
    })
}
