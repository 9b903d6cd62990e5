//! `cargo xtask setup`: makes a machine ready to build, test and show the project, by itself and again only what is
//! missing. It installs no more than `third-party.toml` lists, and never stops or reconfigures what already runs.

pub(crate) mod engine;
mod image;
mod packages;
pub(crate) mod registry;
mod rust_targets;

use std::path::PathBuf;
use std::process::ExitCode;

use clap::ValueEnum;

use crate::console;
use crate::error::{Context as _, Result};
use crate::tree::Tree;
pub(crate) use image::Ready;

/// What `cargo xtask setup` was told.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// Only these steps
    #[arg(long, value_delimiter = ',')]
    only: Vec<Step>,
    #[command(flatten)]
    pub(crate) images: Images,
}

/// How the images of other people are had.
#[derive(Debug, Clone, Copy, Default, clap::Args)]
pub(crate) struct Images {
    /// Pull the real base and runtime images, rather than making look-alikes where they are not in the Engine
    #[arg(long)]
    pub(crate) pull: bool,
}

/// A step of set-up; later ones may need earlier ones.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Step {
    /// Targets of the Rust toolchain: guests, and static programs for amd64 and arm64
    Rust,
    /// Debian packages of this machine
    Packages,
    /// The Docker Engine
    Engine,
    /// The registry program and busybox, unpacked rather than installed
    Programs,
    /// Base and runtime images, or look-alikes of them
    Images,
}

/// What set-up made or found. Empty where a step was left out.
#[derive(Debug, Default)]
pub(crate) struct Setup {
    /// The program of a registry, see [`registry::Registry`].
    pub(crate) registry: Option<PathBuf>,
    /// A static busybox.
    busybox: Option<PathBuf>,
    /// Images in the Engine.
    pub(crate) images: Vec<Ready>,
}

impl Setup {
    /// The environment that tells tests where everything is.
    pub(crate) fn environment(&self) -> Vec<(String, String)> {
        let images = self.images.iter().map(|image| (image.env.clone(), image.id.clone()));
        let programs = [(REGISTRY_BIN, &self.registry), (BUSYBOX_BIN, &self.busybox)];
        let programs = programs.into_iter().filter_map(|(name, path)| Some((name.to_owned(), path.as_ref()?.display().to_string())));
        images.chain(programs).collect()
    }
}

const REGISTRY_BIN: &str = "SPAWNFILE_TEST_REGISTRY_BIN";
const BUSYBOX_BIN: &str = "SPAWNFILE_TEST_BUSYBOX_BIN";

/// Runs the chore and prints the environment as its answer.
pub(crate) fn chore(tree: &Tree, args: &Args) -> Result<ExitCode> {
    let steps = if args.only.is_empty() { Step::value_variants() } else { &args.only };
    for (name, value) in run_steps(tree, steps, args.images)?.environment() {
        console::answer(format_args!("{name}={value}"));
    }
    Ok(ExitCode::SUCCESS)
}

/// Runs every step.
pub(crate) fn run(tree: &Tree, images: Images) -> Result<Setup> {
    run_steps(tree, Step::value_variants(), images)
}

fn run_steps(tree: &Tree, steps: &[Step], images: Images) -> Result<Setup> {
    let _alone = alone(tree)?;
    let third_party = tree.third_party()?;
    let mut setup = Setup::default();
    // In the order of the steps, whatever the order of the arguments.
    for step in Step::value_variants().iter().filter(|step| steps.contains(step)) {
        match step {
            Step::Rust => rust_targets::ensure(tree)?,
            Step::Packages => packages::ensure(&third_party)?,
            Step::Engine => engine::ensure(tree)?,
            Step::Programs => {
                setup.registry = Some(packages::unpacked(tree, &third_party, "docker-registry")?);
                setup.busybox = Some(packages::unpacked(tree, &third_party, "busybox-static")?);
            }
            Step::Images => setup.images = image::ensure(tree, &third_party, images)?,
        }
    }
    Ok(setup)
}

/// Two set-ups of one tree wait for each other; the kernel lets go of the lock with the process.
fn alone(tree: &Tree) -> Result<std::fs::File> {
    let path = tree.setup_folder("")?.join("lock");
    let file = std::fs::File::create(&path).context(|| format!("opening `{}`", path.display()))?;
    file.lock().context(|| format!("locking `{}`", path.display()))?;
    Ok(file)
}
