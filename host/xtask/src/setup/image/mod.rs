//! Images in the Engine: the real ones where they are, else look-alikes made on this machine.
//!
//! An image is made anew only when its recipe's hash, which it bears as a label, is another. The archive that it was
//! imported from stays below target/setup, so an Engine that lost it gets it back without a download.

mod base;
mod busybox;
mod node;
mod runtime;

use std::path::{Path, PathBuf};
use std::process::Command;

use crate::console;
use crate::error::{Context as _, Error, Result};
use crate::program;
use crate::setup::engine::docker;
use crate::setup::{Images, packages};
use crate::third_party::{Image, Recipe, ThirdParty};
use crate::tree::Tree;

/// Label of every image that only looks like the real one.
const LOOKALIKE: &str = "com.spawnfile.lookalike=true";
/// Label with the hash of the recipe that an image was made from.
const RECIPE: &str = "com.spawnfile.recipe";
const BUSYBOX: &str = "spawnfile-test/busybox";
const BUSYBOX_ENV: &str = "SPAWNFILE_TEST_BUSYBOX";

/// An image that is in the Engine.
#[derive(Debug)]
pub(crate) struct Ready {
    /// Environment variable that tells its id to tests.
    pub(crate) env: String,
    /// `sha256:…`, the Engine's id.
    pub(crate) id: String,
    /// Its name in the Engine.
    pub(crate) name: String,
    /// The reference that projects name, where it stands for one.
    pub(crate) stands_for: Option<String>,
}

impl Ready {
    /// Whether it only looks like what it stands for.
    pub(crate) fn is_lookalike(&self) -> bool {
        self.stands_for.as_ref().is_some_and(|reference| *reference != self.name)
    }
}

/// Makes every image that is missing.
pub(super) fn ensure(tree: &Tree, third_party: &ThirdParty, images: Images) -> Result<Vec<Ready>> {
    let mut ready = Vec::new();
    for image in &third_party.image {
        ready.push(of_other_people(tree, third_party, image, images)?);
    }
    let (recipe, archive) = archive_of(tree, &Recipe::Busybox, BUSYBOX)?;
    let id = import(&recipe, BUSYBOX, &[], &archive, |to| busybox::make(&packages::unpacked(tree, third_party, "busybox-static")?, to))?;
    ready.push(Ready { env: BUSYBOX_ENV.to_owned(), id, name: BUSYBOX.to_owned(), stands_for: None });
    Ok(ready)
}

fn of_other_people(tree: &Tree, third_party: &ThirdParty, image: &Image, images: Images) -> Result<Ready> {
    let reference = &image.stands_for;
    let ready = |name: &str, id| Ready { env: image.env.clone(), id, name: name.to_owned(), stands_for: Some(reference.clone()) };
    if images.pull {
        console::step("images", format_args!("pulling {reference}"));
        program::run(docker().args(["pull", reference]))?;
    }
    if let Some((id, _)) = inspect(reference) {
        console::step("images", format_args!("{reference} is there, the real one"));
        return Ok(ready(reference, id));
    }
    let name = &image.lookalike;
    let recipe = image.recipe().map_err(Error::new)?;
    let (hash, archive) = archive_of(tree, &recipe, name)?;
    let lookalike = format!("LABEL {LOOKALIKE}");
    let id = match recipe {
        Recipe::Base(base) => {
            let changes: Vec<_> = base::changes(&base).into_iter().chain([lookalike]).collect();
            import(&hash, name, &changes, &archive, |to| base::make(tree, third_party, &base, to))?
        }
        Recipe::Runtime(runtime) => import(&hash, name, &[lookalike], &archive, |to| runtime::make(tree, third_party, &runtime, to))?,
        Recipe::Busybox => return Err(Error::new(format!("image `{reference}` has no recipe"))),
    };
    Ok(ready(name, id))
}

/// The recipe's hash, and the file that its image is imported from.
fn archive_of(tree: &Tree, recipe: &Recipe, name: &str) -> Result<(String, PathBuf)> {
    let hash = recipe.hash(std::env::consts::ARCH);
    let file: String = name.chars().map(|c| if c.is_ascii_alphanumeric() || c == '.' { c } else { '-' }).collect();
    Ok((hash.clone(), tree.setup_folder("images")?.join(format!("{file}-{hash}.tar"))))
}

fn import(hash: &str, name: &str, changes: &[String], archive: &Path, make: impl Fn(&Path) -> Result<()>) -> Result<String> {
    if let Some((id, label)) = inspect(name)
        && label == hash
    {
        console::step("images", format_args!("{name} is there"));
        return Ok(id);
    }
    if !archive.is_file() {
        console::step("images", format_args!("making {name}"));
        let staged = archive.with_extension("part");
        make(&staged)?;
        std::fs::rename(&staged, archive).context(|| format!("renaming to `{}`", archive.display()))?;
    }
    let mut import = docker();
    import.args(["import", "--message", "made on this machine by cargo xtask setup; not the image of anyone else"]);
    for change in changes.iter().cloned().chain([format!("LABEL {RECIPE}={hash}")]) {
        import.args(["--change", &change]);
    }
    let id = program::output(import.arg(archive).arg(name))?;
    console::step("images", format_args!("{name} is made"));
    Ok(id)
}

/// Id and recipe of an image that is in the Engine.
fn inspect(name: &str) -> Option<(String, String)> {
    let format = format!("{{{{.Id}}}} {{{{index .Config.Labels \"{RECIPE}\"}}}}");
    let line = program::output(docker().args(["image", "inspect", "--format", &format, name])).ok()?;
    let (id, recipe) = line.split_once(' ').unwrap_or((&line, ""));
    Some((id.to_owned(), recipe.to_owned()))
}

/// Packs a folder the same way whoever packs it, whenever: root's, sorted, without times.
fn pack(folder: &Path, to: &Path, entries: &[&str]) -> Result<()> {
    program::run(
        Command::new("tar")
            .args([
                "--create",
                "--sort=name",
                "--owner=0",
                "--group=0",
                "--numeric-owner",
                "--mtime=@0",
                "--mode=u+rwX,go+rX,go-w",
                "--file",
            ])
            .arg(to)
            .arg("--directory")
            .arg(folder)
            .args(entries),
    )
}
