//! `spawnfile publish`.

use serde::Serialize;
use spawnfile_core::oci::Reference;

use crate::engine;
use crate::error::CliError;
use crate::plugins;
use crate::project::built::{self, BuildArgs};
use crate::project::leak;
use crate::ui::Ui;
use crate::world::World;

/// Compile, build, check and push a project's image
///
/// Before the push, report, extras and labels are read back out of the built image and checked. The last line on
/// standard output is the image's name with its digest: pin that.
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Examples:
  spawnfile publish ./org --tag ghcr.io/you/org:1.0.0
  spawnfile publish ./org --tag 127.0.0.1:5000/org:dev --locked")]
pub(crate) struct Args {
    #[command(flatten)]
    build: BuildArgs,
    /// Name to publish under, with a tag
    #[arg(long, short, value_name = "REFERENCE")]
    tag: Reference,
}

#[derive(Serialize)]
struct Answer {
    reference: String,
    digest: String,
    name_with_digest: String,
    image: String,
    compile_fingerprint: String,
}

pub(crate) async fn run(args: Args, world: &World, ui: &mut Ui) -> Result<u8, CliError> {
    if args.tag.tag().is_none() || args.tag.digest().is_some() {
        return Err(CliError::input(format!("--tag `{}` must have a tag and no digest", args.tag))
            .hint(format!("for example: --tag {}:1.0.0", args.tag.name())));
    }
    let plugins = plugins::host(world)?;
    let built = built::build(world, ui, &plugins, &args.build).await?;
    ui.findings(&built.findings);
    leak::check(world, &args.build.path, &built.opened)?;

    let docker = &built.engine.docker;
    docker.tag(built.id.as_str(), &args.tag).await.map_err(|error| engine::failed(&error))?;
    let auth = engine::registry_auth(world, &args.tag).await?;
    ui.step(&format!("Pushing {}", args.tag));
    let digest = docker
        .push(&args.tag, auth.as_ref(), &mut |progress| ui.progress(&engine::progress(&progress)))
        .await
        .map_err(|error| engine::failed(&error))?
        .ok_or_else(|| CliError::failed(format!("`{}` was pushed, but the Engine does not tell its digest", args.tag)))?;

    let answer = Answer {
        reference: args.tag.to_string(),
        digest: digest.to_string(),
        name_with_digest: args.tag.at(digest).to_string(),
        image: built.id.to_string(),
        compile_fingerprint: built.opened.report.compile_fingerprint.clone(),
    };
    ui.step(&format!("Published {}; run it anywhere: spawnfile up {}", answer.reference, answer.reference));
    ui.answer(&answer, |answer| answer.name_with_digest.clone())?;
    Ok(0)
}
