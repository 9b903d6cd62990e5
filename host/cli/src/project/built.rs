//! Building a project's image on the Engine, and reading back what is really in it.

use std::path::PathBuf;

use clap::Args;
use spawnfile_core::compile::Compiled;
use spawnfile_core::finding::Findings;
use spawnfile_core::lock::Lock;
use spawnfile_core::oci::reference::ReferenceError;
use spawnfile_core::oci::{Digest, Platform, Reference};
use spawnfile_docker::BuildContext;
use spawnfile_plugins::PluginHost;

use super::gather::Gathered;
use super::pin::{self, Pinning};
use super::{lockfile, pipeline, write};
use crate::engine::{self, Engine, EngineArgs};
use crate::error::CliError;
use crate::image::{self, Opened, Pull};
use crate::ui::Ui;
use crate::world::World;

/// What `build` and `publish` share.
#[derive(Debug, Clone, Args)]
pub(crate) struct BuildArgs {
    /// Project folder or Spawnfile
    #[arg(default_value = ".")]
    pub(crate) path: String,
    #[command(flatten)]
    pub(crate) options: BuildOptions,
    #[command(flatten)]
    pub(crate) engine: EngineArgs,
}

/// How a project is compiled and built.
#[derive(Debug, Clone, Default, Args)]
pub(crate) struct BuildOptions {
    /// Output folder of the compile [default: .spawn beside the Spawnfile]
    #[arg(long, short, value_name = "FOLDER")]
    pub(crate) out: Option<PathBuf>,
    /// Platform to build for [default: this machine's]
    #[arg(long, value_name = "OS/ARCH")]
    pub(crate) platform: Option<Platform>,
    /// Fail if Spawnfile.lock would have to change
    #[arg(long)]
    pub(crate) locked: bool,
}

/// An image that was built and read back.
#[derive(Debug)]
pub(crate) struct Built {
    /// The Engine it is on.
    pub(crate) engine: Engine,
    /// Its id.
    pub(crate) id: Digest,
    /// What is in it, read out of it.
    pub(crate) opened: Opened,
    /// Warnings on the way.
    pub(crate) findings: Findings,
}

/// A project that was compiled and written out, ready for the Engine's builder.
#[derive(Debug)]
pub(crate) struct Ready {
    /// The Engine that pinned what it is made from, and will build it.
    pub(crate) engine: Engine,
    pinned: Lock,
    /// What was compiled.
    pub(crate) compiled: Compiled,
    platform: Platform,
    /// The output folder.
    pub(crate) out: PathBuf,
    /// The root manifest.
    pub(crate) manifest: PathBuf,
    /// The folder of the root manifest.
    pub(crate) folder: PathBuf,
    findings: Findings,
}

/// Pins, compiles and writes the output.
pub(crate) async fn compile(
    world: &World,
    ui: &mut Ui,
    plugins: &PluginHost,
    path: &str,
    options: &BuildOptions,
    engine: &EngineArgs,
) -> Result<Ready, CliError> {
    let prepared = pipeline::prepare(world, plugins, path).await?;
    let mut findings = prepared.findings.clone();
    let engine = engine::connect(world, engine).await?;

    let lock = lockfile::read(&prepared.gathered.folder)?;
    let pinned = pin::pin(world, ui, &engine, &prepared, &lock, &Pinning::default()).await?;
    if pinned.write() != lock.write() {
        if options.locked {
            return Err(CliError::input("--locked: Spawnfile.lock does not hold what the project needs")
                .hint("bring it up to date: spawnfile lock"));
        }
        if lockfile::write(&prepared.gathered.folder, &pinned)? {
            ui.step("Wrote Spawnfile.lock");
        }
    }

    let out = pipeline::output_folder(world, &prepared, options.out.as_deref());
    let platform = pipeline::platform(options.platform);
    let (compiled, more) = pipeline::assemble(world, &prepared, &pinned, platform, &out)?;
    findings.extend(more);
    let Gathered { folder, manifest, .. } = prepared.gathered;
    write::write(&out, &folder, &compiled.tree, world.source_date()?)?;
    ui.step(&format!("Compiled to {}", out.display()));
    Ok(Ready { engine, pinned, compiled, platform, out, manifest, folder, findings })
}

/// Builds what was compiled, and checks what is in the image.
pub(crate) async fn build(world: &World, ui: &mut Ui, plugins: &PluginHost, ready: Ready) -> Result<Built, CliError> {
    let Ready { engine, pinned, compiled, platform, out, findings, .. } = ready;
    pin::fetch(world, ui, &engine, &pinned).await?;
    ui.step("Building the image");
    let context = BuildContext { directory: out, modified_unix_s: world.source_date()? };
    let id = engine
        .docker
        .build(&context, None, Some(platform), &mut |progress| ui.progress(&engine::progress(&progress)))
        .await
        .map_err(|error| engine::failed(&error))?;

    let opened = read_back(world, ui, &engine, plugins, &id, &compiled).await?;
    Ok(Built { engine, id, opened, findings })
}

/// Opens the built image through the same door as a consumer would, and holds it against what was compiled.
async fn read_back(
    world: &World,
    ui: &mut Ui,
    engine: &Engine,
    plugins: &PluginHost,
    id: &Digest,
    compiled: &Compiled,
) -> Result<Opened, CliError> {
    let reference: Reference = id.as_str().parse().map_err(|error: ReferenceError| CliError::failed_from(&error))?;
    let opened = image::open(world, ui, engine, plugins, &reference, Pull::Never).await?;
    let same =
        opened.documents.report == compiled.report_bytes && opened.documents.extras.as_deref() == Some(compiled.extras_bytes.as_slice());
    if !same {
        return Err(CliError::failed(format!("the built image {id} does not hold the documents that were compiled"))
            .hint("a base image that writes below /spawnfile would do that"));
    }
    if let Some((key, value)) = compiled.labels.iter().find(|(key, value)| opened.inspection.labels.get(*key) != Some(value)) {
        return Err(CliError::failed(format!("the built image {id} does not carry the label `{key}={value}`")));
    }
    Ok(opened)
}
