//! `spawnfile build`.

use serde::Serialize;
use spawnfile_core::oci::Reference;

use crate::engine;
use crate::error::CliError;
use crate::plugins;
use crate::project::built::{self, BuildArgs};
use crate::ui::Ui;
use crate::world::World;

/// Compile a project and build its image on the Engine
///
/// What the image holds is read back out of it and checked before the command succeeds.
#[derive(Debug, clap::Args)]
#[command(after_help = "Example:\n  spawnfile build ./org --tag org:dev")]
pub(crate) struct Args {
    #[command(flatten)]
    build: BuildArgs,
    /// Name to give the image
    #[arg(long, short, value_name = "REFERENCE")]
    tag: Option<Reference>,
}

#[derive(Serialize)]
struct Answer {
    image: String,
    tag: Option<String>,
    compile_fingerprint: String,
}

pub(crate) async fn run(args: Args, world: &World, ui: &mut Ui) -> Result<u8, CliError> {
    if let Some(tag) = args.tag.as_ref().filter(|tag| tag.digest().is_some()) {
        return Err(CliError::input(format!("--tag `{tag}` has a digest; an image gets its digest when it is pushed")));
    }
    let plugins = plugins::host(world)?;
    let ready = built::compile(world, ui, &plugins, &args.build.path, &args.build.options, &args.build.engine).await?;
    let built = built::build(world, ui, &plugins, ready).await?;
    if let Some(tag) = &args.tag {
        built.engine.docker.tag(built.id.as_str(), tag).await.map_err(|error| engine::failed(&error))?;
    }
    ui.findings(&built.findings);
    let answer = Answer {
        image: built.id.to_string(),
        tag: args.tag.as_ref().map(ToString::to_string),
        compile_fingerprint: built.opened.report.compile_fingerprint.clone(),
    };
    ui.answer(&answer, |answer| match &answer.tag {
        Some(tag) => format!("built image {tag}\nid: {}", answer.image),
        None => format!("built image\nid: {}", answer.image),
    })?;
    Ok(0)
}
