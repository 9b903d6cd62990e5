//! `cargo xtask demo`: the whole way once, with the commands that a reader would type. A creator publishes
//! examples/research-cell to a registry on this machine; a consumer with nothing but the reference and two secrets runs it.
//!
//! The registry ends with the demo. The deployment stays, to be looked at, until `--down` or the next demo.

use std::path::{Path, PathBuf};
use std::process::{Command, ExitCode};

use crate::error::{Context as _, Error, Result};
use crate::setup::engine::docker;
use crate::setup::registry::Registry;
use crate::setup::{self, Images, Setup};
use crate::tree::Tree;
use crate::{console, program};

/// What `cargo xtask demo` was told.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    #[command(flatten)]
    images: Images,
    /// Only take down what an earlier demo left
    #[arg(long)]
    down: bool,
}

const PROJECT: &str = "research-cell";
const NAME_AND_TAG: &str = "demo/research-cell:1.0.0";
const ENV_FILE: &str = "cell.env";
/// They open nothing: the runtime starts with them, and a question to the model would be refused.
const SECRETS: &str = "ANTHROPIC_API_KEY=a-dummy-key-that-opens-nothing\nLIBRARY_TOKEN=a-dummy-token-that-opens-nothing\n";

/// Runs the chore.
pub(crate) fn chore(tree: &Tree, args: &Args) -> Result<ExitCode> {
    let setup = if args.down { None } else { Some(setup::run(tree, args.images)?) };
    crate::assets(tree)?;
    console::step("demo", "building spawnfile");
    program::run(crate::cargo(tree).args(["build", "--package", "spawnfile"]))?;
    let demo = Demo { folder: tree.target().join("demo"), program: tree.target().join("debug/spawnfile") };
    demo.take_down()?;
    if let Some(setup) = setup {
        demo.show(tree, &setup).map_err(|error| error.hint("what it left goes with `cargo xtask demo --down`"))?;
    }
    Ok(ExitCode::SUCCESS)
}

/// One demo's folder and the program that it shows.
#[derive(Debug)]
struct Demo {
    folder: PathBuf,
    program: PathBuf,
}

impl Demo {
    fn show(&self, tree: &Tree, setup: &Setup) -> Result<()> {
        let creator = self.folder.join("creator");
        let consumer = self.folder.join("consumer");
        copy(&tree.root().join("examples").join(PROJECT), &creator.join(PROJECT))?;
        make_folder(&consumer)?;
        let registry_program = setup.registry.as_deref().ok_or_else(|| Error::new("set-up gave no registry"))?;
        let registry_folder = self.folder.join("registry");
        make_folder(&registry_folder)?;
        let registry = Registry::start(registry_program, &registry_folder).context(|| "starting a registry".to_owned())?;
        let reference = format!("{}/{NAME_AND_TAG}", registry.address());
        write(&self.reference_file(), &reference)?;

        console::progress(format_args!("\nThe creator, in {}. A registry listens on {}.", creator.display(), registry.address()));
        let mut lock = self.spawnfile(&creator);
        lock.args(["lock", PROJECT]);
        for image in setup.images.iter() {
            let Some(stands_for) = &image.stands_for else { continue };
            if image.is_lookalike() {
                console::progress(format_args!(
                    "{stands_for} is not in the Engine: {}, made on this machine, takes its place.",
                    image.name
                ));
            }
            lock.args(["--use", &format!("{stands_for}={}", image.name)]);
        }
        typed(&mut lock)?;
        typed(self.spawnfile(&creator).args(["publish", PROJECT, "--tag", &reference]))?;

        console::progress(format_args!("\nThe consumer, in {}, who has the reference and secrets of their own.", consumer.display()));
        write(&consumer.join(ENV_FILE), SECRETS)?;
        typed(self.spawnfile(&consumer).args(["status", &reference]))?;
        typed(self.spawnfile(&consumer).args(["up", &reference, "--env-file", ENV_FILE, "--network", "none"]))?;
        typed(self.spawnfile(&consumer).args(["status", "--deployment", PROJECT, "--live"]))?;
        drop(registry);
        console::progress(self.farewell(&consumer));
        Ok(())
    }

    /// Takes down what an earlier demo left; nothing left is fine.
    fn take_down(&self) -> Result<()> {
        if !self.folder.exists() {
            console::step("demo", "nothing to take down");
            return Ok(());
        }
        let consumer = self.folder.join("consumer");
        if self.home(&consumer).exists() {
            let down = typed(self.spawnfile(&consumer).args(["down", "--deployment", PROJECT, "--volumes"]));
            // A demo that ended before its `up` left no deployment; one that left a container is not done with.
            if let Err(error) = down
                && !program::output(docker().args([
                    "ps",
                    "--all",
                    "--quiet",
                    "--filter",
                    &format!("label=com.spawnfile.deployment={PROJECT}"),
                ]))?
                .is_empty()
            {
                return Err(error);
            }
        }
        if let Ok(reference) = std::fs::read_to_string(self.reference_file())
            && program::succeeds(docker().args(["image", "inspect", &reference]))
        {
            program::output(docker().args(["image", "rm", &reference]))?;
        }
        std::fs::remove_dir_all(&self.folder).context(|| format!("removing `{}`", self.folder.display()))?;
        console::step("demo", "what an earlier demo left is taken down");
        Ok(())
    }

    /// The program in somebody's folder, with a home there. Nothing of the user's own home is read or written.
    fn spawnfile(&self, folder: &Path) -> Command {
        let mut command = Command::new(&self.program);
        command.current_dir(folder).env("SPAWNFILE_HOME", self.home(folder)).env_remove("ANTHROPIC_API_KEY");
        command
    }

    fn home(&self, folder: &Path) -> PathBuf {
        folder.join("home")
    }

    fn reference_file(&self) -> PathBuf {
        self.folder.join("reference")
    }

    fn farewell(&self, consumer: &Path) -> String {
        format!(
            "\nIt runs, and has no network: {PROJECT} is live and healthy, and can reach nobody.\n\
             To look around:\n\
             \x20 export SPAWNFILE_HOME={home} PATH={bin}:$PATH\n\
             \x20 spawnfile list\n\
             \x20 spawnfile status --deployment {PROJECT} --live --json\n\
             \x20 docker ps --filter label=com.spawnfile.deployment={PROJECT}\n\
             To take it down:\n\
             \x20 cargo xtask demo --down",
            home = self.home(consumer).display(),
            bin = self.program.parent().unwrap_or(Path::new("")).display(),
        )
    }
}

/// Shows a command as a reader would type it, then runs it.
fn typed(command: &mut Command) -> Result<()> {
    let line = program::line(command);
    let arguments = line.split_once(' ').map_or("", |(_, arguments)| arguments);
    console::typed(format_args!("spawnfile {arguments}"));
    let status = command.stdin(std::process::Stdio::null()).status().context(|| format!("starting `{line}`"))?;
    if status.success() { Ok(()) } else { Err(Error::new(format!("`spawnfile {arguments}` ended: {status}"))) }
}

/// Copies a project: folders and regular files, nothing else.
fn copy(from: &Path, to: &Path) -> Result<()> {
    make_folder(to)?;
    for entry in std::fs::read_dir(from).context(|| format!("reading `{}`", from.display()))? {
        let entry = entry.context(|| format!("reading `{}`", from.display()))?;
        let kind = entry.file_type().context(|| format!("looking at `{}`", entry.path().display()))?;
        let target = to.join(entry.file_name());
        if kind.is_dir() {
            copy(&entry.path(), &target)?;
        } else if kind.is_file() {
            std::fs::copy(entry.path(), &target).context(|| format!("copying `{}`", entry.path().display()))?;
        } else {
            return Err(Error::new(format!("`{}` is neither a file nor a folder", entry.path().display())));
        }
    }
    Ok(())
}

fn make_folder(folder: &Path) -> Result<()> {
    std::fs::create_dir_all(folder).context(|| format!("making `{}`", folder.display()))
}

/// Writes a file that only its owner reads.
fn write(path: &Path, text: &str) -> Result<()> {
    use std::io::Write as _;
    use std::os::unix::fs::OpenOptionsExt as _;
    let open = std::fs::OpenOptions::new().write(true).create(true).truncate(true).mode(0o600).open(path);
    open.and_then(|mut file| file.write_all(text.as_bytes())).context(|| format!("writing `{}`", path.display()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_project_is_copied_whole_and_a_link_is_refused() {
        let folder = tempfile::tempdir().unwrap();
        let (from, to) = (folder.path().join("from"), folder.path().join("to"));
        std::fs::create_dir_all(from.join("skills/look")).unwrap();
        std::fs::write(from.join("skills/look/SKILL.md"), "x").unwrap();
        copy(&from, &to).unwrap();
        assert_eq!(std::fs::read_to_string(to.join("skills/look/SKILL.md")).unwrap(), "x");
        std::os::unix::fs::symlink("/etc/passwd", from.join("skills/link")).unwrap();
        assert!(copy(&from, &to).unwrap_err().to_string().contains("neither a file"));
    }
}
