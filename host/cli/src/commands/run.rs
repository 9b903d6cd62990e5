//! `spawnfile run`: a project in the foreground, of which nothing is left.

use spawnfile_core::name::DeploymentName;
use spawnfile_core::oci::reference::ReferenceError;
use spawnfile_core::subject::{self, Subject};

use crate::engine::{self, EngineArgs};
use crate::error::CliError;
use crate::plugins;
use crate::project::built::{self, BuildOptions, Built};
use crate::run::follow;
use crate::run::secrets::{self, SecretArgs};
use crate::run::settings::SettingsArgs;
use crate::run::start::{self, Identity, Request, Start};
use crate::store::deployments::Deployments;
use crate::ui::Ui;
use crate::world::World;

/// Run a project in the foreground; nothing is left when it ends
///
/// The project is compiled, built and started, and its output shown, until it ends or Ctrl-C stops it. Its container,
/// its volumes and the values made for it are removed then, and nothing is recorded: `spawnfile up` is for what stays.
#[derive(Debug, clap::Args)]
#[command(after_help = "Examples:\n  spawnfile run ./org --env-file .env\n  spawnfile run --from-env ANTHROPIC_API_KEY --network none")]
pub(crate) struct Args {
    /// Project folder or Spawnfile
    #[arg(value_name = "PROJECT", default_value = ".")]
    subject: String,
    /// Remove the container when it ends (always so; accepted for habit)
    #[arg(long)]
    rm: bool,
    #[command(flatten)]
    settings: SettingsArgs,
    #[command(flatten, next_help_heading = "Projects")]
    build: BuildOptions,
    #[command(flatten)]
    secrets: SecretArgs,
    #[command(flatten)]
    engine: EngineArgs,
}

pub(crate) async fn run(args: Args, world: &World, ui: &mut Ui) -> Result<u8, CliError> {
    if ui.is_json() {
        return Err(CliError::input("`run` shows the output of the organization and has no answer for --json")
            .hint("`spawnfile up <project> --json` answers when it is healthy"));
    }
    let exists = world.cwd.join(&args.subject).exists();
    let path = match subject::classify(&args.subject, exists, false).map_err(|error| super::no_subject(&error))? {
        Subject::Project(path) => path,
        Subject::Image(reference) => {
            return Err(CliError::input(format!("`run` is for projects; `{reference}` is an image"))
                .hint(format!("spawnfile up {reference} --attach")));
        }
    };
    let plugins = plugins::host(world)?;
    let supplied = secrets::supplied(world, &args.secrets)?;
    let ready = built::compile(world, ui, &plugins, &path, &args.build, &args.engine).await?;
    start::cleared(&path, &ready.compiled.report, Some(&ready.compiled.extras), supplied.clone())?;

    let name: DeploymentName = format!("run-{}", random()?).parse().map_err(|error| CliError::failed(format!("{error}")))?;
    let scope = super::up::scope(&ready.compiled.report.organization.project, &name);
    let owner = Deployments::of_project(&ready.out).owner()?;
    let Built { engine, id, mut opened, findings } = built::build(world, ui, &plugins, ready).await?;
    ui.findings(&findings);
    opened.reference = id.as_str().parse().map_err(|error: ReferenceError| CliError::failed_from(&error))?;

    let identity = Identity { name, scope, owner };
    let settings = args.settings.settings(ui);
    let request = Request { engine: &engine, plugins: &plugins, opened: &opened, identity: &identity, settings, supplied };
    let start = Start::decide(request, secrets::generate_once, ui).await?;
    let docker = &engine.docker;
    let units = super::interruptible(docker, &start.undo, start.healthy(ui)).await?;
    ui.step("It is healthy; Ctrl-C ends it");

    let followed = super::until_signal(async {
        for unit in &units {
            follow::follow(docker, &unit.native, &start.redactor).await?;
        }
        Ok::<(), CliError>(())
    });
    let followed = followed.await;
    let ended = match &followed {
        Err(_signal) => {
            ui.step("Stopping it");
            None
        }
        Ok(_) => ended(&engine, &units).await,
    };
    let mut stopped = Ok(());
    for unit in &units {
        match docker.stop(&unit.native, start.grace()).await {
            Err(error) if !error.is_not_found() => stopped = Err(engine::failed(&error)),
            _ => {}
        }
    }
    let left = start.undo.run(docker).await;
    if let Some(left) = left.first() {
        return Err(CliError::failed(format!("not all of it could be removed: {left}")).hint("remove it by hand"));
    }
    stopped?;
    match followed {
        Err(number) => Ok(128_u8.saturating_add(number)),
        Ok(followed) => {
            followed?;
            match ended {
                Some(0) => Ok(0),
                Some(code) => Err(CliError::failed(format!("it ended with exit code {code}"))),
                None => Err(CliError::failed("it ended, and its exit code is not known")),
            }
        }
    }
}

/// Returns the exit code of the first unit that failed, else of any that ended.
async fn ended(engine: &engine::Engine, units: &[spawnfile_plugins::UnitRef]) -> Option<i32> {
    let ids: Vec<String> = units.iter().map(|unit| unit.native.clone()).collect();
    let facts = engine.docker.facts(&ids).await.ok()?;
    facts.iter().filter_map(|facts| facts.exit_code).max()
}

fn random() -> Result<String, CliError> {
    let mut bytes = [0_u8; 4];
    getrandom::fill(&mut bytes).map_err(|error| CliError::failed(format!("the system gives no randomness: {error}")))?;
    Ok(bytes.iter().map(|byte| format!("{byte:02x}")).collect())
}
