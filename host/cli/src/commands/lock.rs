//! `spawnfile lock`.

use serde::Serialize;

use crate::engine::{self, EngineArgs};
use crate::error::CliError;
use crate::plugins;
use crate::project::{lockfile, pin, pipeline};
use crate::ui::Ui;
use crate::world::World;

/// Pin the images and plugins of a project in Spawnfile.lock
///
/// What is pinned already stays as it is unless --update is given. Commit the file: whoever compiles with it gets the
/// same image.
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Examples:
  spawnfile lock ./org
  spawnfile lock ./org --update
  spawnfile lock ./org --use node:24-bookworm-slim=my-local-node")]
pub(crate) struct Args {
    /// Project folder or Spawnfile
    #[arg(default_value = ".")]
    path: String,
    /// Look everything up again
    #[arg(long)]
    update: bool,
    /// Use a local image of the Engine in place of a reference (repeatable)
    #[arg(long = "use", value_name = "REFERENCE=LOCAL", value_parser = pair)]
    local: Vec<(String, String)>,
    #[command(flatten)]
    engine: EngineArgs,
}

#[derive(Serialize)]
struct Answer {
    lock: String,
    changed: bool,
    images: Vec<Image>,
}

#[derive(Serialize)]
struct Image {
    reference: String,
    pinned: String,
    local: bool,
}

fn pair(text: &str) -> Result<(String, String), String> {
    match text.split_once('=') {
        Some((reference, local)) if !reference.is_empty() && !local.is_empty() => Ok((reference.to_owned(), local.to_owned())),
        _ => Err("expected REFERENCE=LOCAL".to_owned()),
    }
}

pub(crate) async fn run(args: Args, world: &World, ui: &mut Ui) -> Result<u8, CliError> {
    let plugins = plugins::host(world)?;
    let prepared = pipeline::prepare(world, &plugins, &args.path).await?;
    let lock = lockfile::read(&prepared.gathered.folder)?;
    let needs = prepared.image_needs();
    if let Some((unknown, _)) = args.local.iter().find(|(reference, _)| !needs.iter().any(|need| need.reference == *reference)) {
        let known: Vec<&str> = needs.iter().map(|need| need.reference.as_str()).collect();
        return Err(
            CliError::input(format!("--use: the project needs no image `{unknown}`")).hint(format!("it needs: {}", known.join(", ")))
        );
    }
    let engine = engine::connect(world, &args.engine).await?;

    let pinning = pin::Pinning { local: args.local.into_iter().collect(), update: args.update };
    let pinned = pin::pin(world, ui, &engine, &prepared, &lock, &pinning).await?;

    let changed = lockfile::write(&prepared.gathered.folder, &pinned)?;
    let answer = Answer {
        lock: prepared.gathered.folder.join("Spawnfile.lock").display().to_string(),
        changed,
        images: pinned
            .images
            .iter()
            .map(|image| Image { reference: image.reference.clone(), pinned: image.pinned(), local: image.image_id.is_some() })
            .collect(),
    };
    ui.answer(&answer, |answer| {
        let mut text = format!("{} {}", if answer.changed { "wrote" } else { "unchanged" }, answer.lock);
        for image in &answer.images {
            let local = if image.local { " (local image)" } else { "" };
            text.push_str(&format!("\n  {} -> {}{local}", image.reference, image.pinned));
        }
        text
    })?;
    Ok(0)
}
