//! `spawnfile publish`.

use serde::Serialize;
use spawnfile_core::finding::Finding;
use spawnfile_core::oci::Reference;

use crate::engine;
use crate::error::CliError;
use crate::plugins;
use crate::project::authored::{self, AuthoredFile};
use crate::project::built::{self, BuildArgs};
use crate::project::{leak, lockfile, pipeline};
use crate::ui::Ui;
use crate::world::World;

/// Compile, build, check and push a project's image
///
/// Nothing is pushed that names a folder of this machine or holds a secret or what looks like one. Before the push,
/// report, extras and labels are read back out of the built image and checked. The last line on standard output is the
/// image's name with its digest: pin that.
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Examples:
  spawnfile publish ./org --tag ghcr.io/you/org:1.0.0
  spawnfile publish ./org --tag 127.0.0.1:5000/org:dev --locked
  spawnfile publish ./org --dry-run")]
pub(crate) struct Args {
    #[command(flatten)]
    build: BuildArgs,
    /// Name to publish under, with a tag
    #[arg(long, short, value_name = "REFERENCE", required_unless_present = "dry_run")]
    tag: Option<Reference>,
    /// Show every file that would be published, with size and digest; build, push and write nothing
    #[arg(long)]
    dry_run: bool,
}

#[derive(Serialize)]
struct Answer {
    reference: String,
    digest: String,
    name_with_digest: String,
    image: String,
    compile_fingerprint: String,
}

/// What `--dry-run` shows.
#[derive(Serialize)]
struct Shown {
    compile_fingerprint: String,
    /// Images that it is made from: reference, and what it is pinned to.
    from: Vec<Base>,
    files: Vec<AuthoredFile>,
    labels: std::collections::BTreeMap<String, String>,
    findings: Vec<Finding>,
}

#[derive(Serialize)]
struct Base {
    role: String,
    reference: String,
    pinned: Option<String>,
}

pub(crate) async fn run(args: Args, world: &World, ui: &mut Ui) -> Result<u8, CliError> {
    if let Some(tag) = args.tag.as_ref().filter(|tag| tag.tag().is_none() || tag.digest().is_some()) {
        return Err(CliError::input(format!("--tag `{tag}` must have a tag and no digest"))
            .hint(format!("for example: --tag {}:1.0.0", tag.name())));
    }
    match args.tag.clone().filter(|_| !args.dry_run) {
        Some(tag) => Box::pin(push(args, &tag, world, ui)).await,
        None => show(args, world, ui).await,
    }
}

async fn push(args: Args, tag: &Reference, world: &World, ui: &mut Ui) -> Result<u8, CliError> {
    let plugins = plugins::host(world)?;
    let ready = built::compile(world, ui, &plugins, &args.build.path, &args.build.options, &args.build.engine).await?;
    let warnings = leak::check(world, &ready.folder, &ready.compiled, &authored::files(&ready.compiled)?)?;
    ui.findings(&warnings);
    let built = built::build(world, ui, &plugins, ready).await?;
    ui.findings(&built.findings);

    let docker = &built.engine.docker;
    docker.tag(built.id.as_str(), tag).await.map_err(|error| engine::failed(&error))?;
    let auth = engine::registry_auth(world, tag).await?;
    ui.step(&format!("Pushing {tag}"));
    let digest = docker
        .push(tag, auth.as_ref(), &mut |progress| ui.progress(&engine::progress(&progress)))
        .await
        .map_err(|error| engine::failed(&error).hint(format!("the image is built, and on the Engine as {tag}")))?
        .ok_or_else(|| CliError::failed(format!("`{tag}` was pushed, but the Engine does not tell its digest")))?;

    let answer = Answer {
        reference: tag.to_string(),
        digest: digest.to_string(),
        name_with_digest: tag.at(digest).to_string(),
        image: built.id.to_string(),
        compile_fingerprint: built.opened.report.compile_fingerprint.clone(),
    };
    ui.step(&format!("Published {}; run it anywhere: spawnfile up {}", answer.reference, answer.reference));
    ui.answer(&answer, |answer| answer.name_with_digest.clone())?;
    Ok(0)
}

/// Needs no Engine, and takes the lock as it is.
async fn show(args: Args, world: &World, ui: &mut Ui) -> Result<u8, CliError> {
    let plugins = plugins::host(world)?;
    let prepared = pipeline::prepare(world, &plugins, &args.build.path).await?;
    let lock = lockfile::read(&prepared.gathered.folder)?;
    let out = pipeline::output_folder(world, &prepared, args.build.options.out.as_deref());
    let (compiled, more) = pipeline::assemble(world, &prepared, &lock, pipeline::platform(args.build.options.platform), &out)?;
    let files = authored::files(&compiled)?;
    let mut findings = prepared.findings.clone();
    findings.extend(more);
    findings.extend(leak::check(world, &prepared.gathered.folder, &compiled, &files)?);
    if !ui.is_json() {
        ui.findings(&findings);
    }
    let from = |need: &spawnfile_core::compile::ImageNeed| Base {
        role: need.role.clone(),
        reference: need.reference.clone(),
        pinned: need.pinned.clone(),
    };
    let shown = Shown {
        compile_fingerprint: compiled.report.compile_fingerprint.clone(),
        from: compiled.images.iter().map(from).collect(),
        files,
        labels: compiled.labels.clone(),
        findings: findings.sorted(),
    };
    ui.answer(&shown, human)?;
    Ok(0)
}

fn human(shown: &Shown) -> String {
    let mut lines = Vec::new();
    for Base { role, reference, pinned } in &shown.from {
        lines.push(format!("{role} image {reference} ({})", pinned.as_deref().unwrap_or("not pinned")));
    }
    let width = shown.files.iter().map(|file| file.bytes.to_string().len()).max().unwrap_or_default();
    for AuthoredFile { path, bytes, digest, mode, .. } in &shown.files {
        lines.push(format!("{mode} {bytes:>width$} {digest} {}", spawnfile_core::display::escape(path)));
    }
    for (key, value) in &shown.labels {
        lines.push(format!("label {key}={value}"));
    }
    let total: u64 = shown.files.iter().map(|file| file.bytes).sum();
    lines.push(format!("{} files, {total} bytes, on top of the images above; nothing was built, pushed or written", shown.files.len()));
    lines.join("\n")
}
