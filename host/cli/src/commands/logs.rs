//! `spawnfile logs`: what a deployment's containers say, without the secrets that they were given.

use std::collections::BTreeSet;

use spawnfile_core::deployment::record::DeploymentRecord;
use spawnfile_core::extras::Extras;
use spawnfile_core::name::DeploymentName;
use spawnfile_core::report::DistributionReport;
use spawnfile_docker::LogsWanted;

use crate::engine::{self, Engine, EngineArgs};
use crate::error::CliError;
use crate::project::pipeline;
use crate::run::follow;
use crate::run::redact::Redactor;
use crate::store::deployments::Deployments;
use crate::ui::Ui;
use crate::world::World;
use crate::{image, plugins};

/// Show what a deployment says
///
/// Both outputs of its containers, each on its own. Values of the secrets that they were given are taken out, control
/// characters are escaped.
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Examples:
  spawnfile logs --deployment org
  spawnfile logs --deployment org --follow --tail 20
  spawnfile logs ./org --follow")]
pub(crate) struct Args {
    /// Project folder or Spawnfile, for a deployment that `up <project>` made
    project: Option<String>,
    /// Name of the deployment [default with a project: default]
    #[arg(long, value_name = "NAME", required_unless_present = "project")]
    deployment: Option<DeploymentName>,
    /// Go on with what comes, until it ends or Ctrl-C
    #[arg(long, short)]
    follow: bool,
    /// Begin with the last N lines [default: with all that the Engine has]
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(0..=10_000))]
    tail: Option<u32>,
    /// Output folder of the project's compile [default: .spawn beside the Spawnfile]
    #[arg(long, short, value_name = "FOLDER", requires = "project")]
    out: Option<std::path::PathBuf>,
    #[command(flatten)]
    engine: EngineArgs,
}

pub(crate) async fn run(args: Args, world: &World, ui: &mut Ui) -> Result<u8, CliError> {
    if ui.is_json() {
        return Err(CliError::input("`logs` shows the output of the organization as it is, and has no answer for --json"));
    }
    let store = match &args.project {
        Some(project) => pipeline::store(world, project, args.out.as_deref())?,
        None => Deployments::of(&world.home),
    };
    let name = match args.deployment.clone() {
        Some(name) => name,
        None => super::up::default_name()?,
    };
    let record = store.require(&name)?;
    let (report, extras) = image::validate(&plugins::host(world)?, &store.documents(&name)?).await?;
    let engine = engine::connect_recorded(world, &args.engine, &record.target).await?;
    let containers = containers(&engine, &record).await?;
    let mut given = Vec::new();
    for container in &containers {
        given.extend(secrets(&engine, container, &report, extras.as_ref()).await?);
    }
    let redactor = Redactor::new(&given);

    let wanted = LogsWanted { tail: args.tail, follow: args.follow };
    let shown = super::until_signal(async {
        for container in &containers {
            follow::show(&engine.docker, container, wanted, &redactor).await?;
        }
        Ok::<(), CliError>(())
    });
    match shown.await {
        Ok(shown) => shown.map(|()| 0),
        Err(number) => Ok(128_u8.saturating_add(number)),
    }
}

/// Returns the containers of a deployment that are there, running or not.
async fn containers(engine: &Engine, record: &DeploymentRecord) -> Result<Vec<String>, CliError> {
    let ids: Vec<String> = record.units.iter().filter_map(|unit| unit.container_id.clone()).collect();
    let nothing = |why: &str| CliError::input(format!("deployment `{}` says nothing: {why}", record.name));
    if ids.is_empty() {
        return Err(nothing("it is down").hint("`spawnfile list` shows what is up"));
    }
    let facts = engine.docker.facts(&ids).await.map_err(|error| engine::failed(&error))?;
    if facts.is_empty() {
        return Err(nothing("its container is gone from the Engine").hint("something else removed it; `spawnfile up` makes it again"));
    }
    Ok(facts.into_iter().map(|facts| facts.id).collect())
}

/// Returns the values that a container was given for the names of its image.
async fn secrets(
    engine: &Engine,
    container: &str,
    report: &DistributionReport,
    extras: Option<&Extras>,
) -> Result<Vec<spawnfile_core::secret::Secret>, CliError> {
    let names: BTreeSet<&str> = report.secrets.all().map(|(_, secret)| secret.name.as_str()).collect();
    let folder = extras.filter(|extras| extras.init.secret_delivery.iter().any(|way| way == "file"));
    let folder = folder.map(|extras| extras.init.secrets_dir.as_str());
    engine
        .docker
        .given_secrets(container, folder, &names)
        .await
        .map_err(|error| engine::failed(&error).hint("what it says is shown only when the values to take out are known"))
}
