//! `spawnfile auth`: named sets of secrets. Names are shown, values never.

use std::path::PathBuf;

use clap::Subcommand;
use serde::Serialize;
use spawnfile_core::name::ProfileName;

use crate::error::CliError;
use crate::run::secrets::read_env_file;
use crate::store::profiles::{self, Profile};
use crate::ui::Ui;
use crate::world::World;

/// Manage auth profiles: named sets of your secrets
#[derive(Debug, clap::Args)]
#[command(after_help = "Examples:\n  spawnfile auth import env .env --profile work\n  spawnfile auth show --profile work")]
pub(crate) struct Args {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Put secrets into a profile
    Import {
        #[command(subcommand)]
        source: Source,
    },
    /// Show the names of what a profile holds
    Show {
        /// Profile
        #[arg(long, short, default_value = "default", value_name = "NAME")]
        profile: ProfileName,
    },
}

#[derive(Debug, Subcommand)]
enum Source {
    /// From a file with NAME=value lines
    Env {
        /// The file
        file: PathBuf,
        /// Profile; made if need be
        #[arg(long, short, default_value = "default", value_name = "NAME")]
        profile: ProfileName,
    },
}

#[derive(Serialize)]
struct Answer {
    profile: String,
    env: Vec<String>,
    imports: Vec<String>,
}

pub(crate) fn run(args: Args, world: &World, ui: &mut Ui) -> Result<u8, CliError> {
    let (name, profile) = match args.command {
        Command::Import { source: Source::Env { file, profile } } => {
            let values = read_env_file(world, &file)?;
            let stored = profiles::import_env(&world.home, &profile, values)?;
            (profile, stored)
        }
        Command::Show { profile } => {
            let stored = profiles::load(&world.home, &profile)?.ok_or_else(|| {
                CliError::input(format!("auth profile `{profile}` does not exist"))
                    .hint(format!("make it with `spawnfile auth import env <file> --profile {profile}`"))
            })?;
            (profile, stored)
        }
    };
    ui.answer(&answer(&name, &profile), |answer| {
        let list = |names: &[String]| if names.is_empty() { "none".to_owned() } else { names.join(", ") };
        format!("profile: {}\nenv: {}\nimports: {}", answer.profile, list(&answer.env), list(&answer.imports))
    })?;
    Ok(0)
}

fn answer(name: &ProfileName, profile: &Profile) -> Answer {
    Answer {
        profile: name.to_string(),
        env: profile.env.keys().map(ToString::to_string).collect(),
        imports: profile.imports.keys().cloned().collect(),
    }
}
