//! Pins the images that a project is made from: by digest where a registry has them, by local id where none does.

use std::collections::BTreeMap;

use spawnfile_core::compile::ImageNeed;
use spawnfile_core::lock::{Lock, LockedImage, LockedPlugin};
use spawnfile_core::oci::digest::DigestError;
use spawnfile_core::oci::reference::ReferenceError;
use spawnfile_core::oci::{Digest, Reference};

use super::pipeline::Prepared;
use crate::engine::{self, Engine};
use crate::error::CliError;
use crate::ui::Ui;
use crate::world::World;

/// How a lock is brought up to date.
#[derive(Debug, Default)]
pub(crate) struct Pinning {
    /// Local images to use instead of what a reference names.
    pub(crate) local: BTreeMap<String, String>,
    /// Whether what is pinned already is looked up again.
    pub(crate) update: bool,
}

/// Returns the lock with everything pinned that the project needs, and nothing else.
pub(crate) async fn pin(
    world: &World,
    ui: &mut Ui,
    engine: &Engine,
    prepared: &Prepared,
    lock: &Lock,
    pinning: &Pinning,
) -> Result<Lock, CliError> {
    let mut pinned = Lock::empty();
    for need in prepared.image_needs() {
        let kept = lock.image(&need.reference).filter(|_| !pinning.update && !pinning.local.contains_key(&need.reference));
        let image = match kept {
            Some(image) => image.clone(),
            None => resolve(world, ui, engine, &need, pinning).await?,
        };
        if !pinned.images.contains(&image) {
            pinned.images.push(image);
        }
    }
    for instance in &prepared.instances {
        let digest: Digest = instance.by().digest.parse().map_err(|error: DigestError| CliError::failed_from(&error))?;
        let plugin = LockedPlugin { id: instance.by().plugin.clone(), version: instance.by().version.clone(), digest };
        if !pinned.plugins.contains(&plugin) {
            pinned.plugins.push(plugin);
        }
    }
    Ok(pinned)
}

async fn resolve(world: &World, ui: &mut Ui, engine: &Engine, need: &ImageNeed, pinning: &Pinning) -> Result<LockedImage, CliError> {
    let locked = |digest: Option<Digest>, image_id: Option<Digest>| LockedImage {
        role: need.role.clone(),
        kind: need.kind.clone(),
        reference: need.reference.clone(),
        digest,
        image_id,
    };
    if let Some(name) = pinning.local.get(&need.reference) {
        let local = engine.docker.inspect_image(name).await.map_err(|error| engine::failed(&error))?;
        let local = local.ok_or_else(|| {
            CliError::input(format!(
                "local image `{name}`, to be used as `{}`, is not on the Engine at {}",
                need.reference,
                engine.endpoint.describe()
            ))
        })?;
        return Ok(locked(None, Some(local.id)));
    }
    let reference: Reference = need.reference.parse().map_err(|error: ReferenceError| CliError::input_from(&error))?;
    if let Some(digest) = reference.digest() {
        return Ok(locked(Some(digest.clone()), None));
    }
    let local = engine.docker.inspect_image(&need.reference).await.map_err(|error| engine::failed(&error))?;
    if let Some(digest) = local.as_ref().and_then(|image| image.digest_in(&reference)) {
        return Ok(locked(Some(digest), None));
    }
    let auth = engine::registry_auth(world, &reference).await?;
    match (engine.docker.registry_digest(&reference, auth.as_ref()).await, local) {
        (Ok(Some(digest)), _) => Ok(locked(Some(digest), None)),
        (Ok(None) | Err(_), Some(local)) => {
            ui.warn(&format!("`{reference}` is in no registry: pinned to the local image {}, which only this Engine has", local.id));
            Ok(locked(None, Some(local.id)))
        }
        (Ok(None), None) => Err(missing(&need.reference)),
        (Err(error), None) => Err(missing(&need.reference).detail(error.to_string())),
    }
}

fn missing(reference: &str) -> CliError {
    CliError::failed(format!("image `{reference}` is neither on the Engine nor to be had from its registry"))
        .hint(format!("use a local image in its place: spawnfile lock --use {reference}=<local image>"))
}

/// Makes sure that the Engine has every pinned image, so that the build itself pulls nothing.
pub(crate) async fn fetch(world: &World, ui: &mut Ui, engine: &Engine, lock: &Lock) -> Result<(), CliError> {
    for image in &lock.images {
        let name = image.pinned();
        if engine.docker.inspect_image(&name).await.map_err(|error| engine::failed(&error))?.is_some() {
            continue;
        }
        if image.digest.is_none() {
            return Err(CliError::input(format!(
                "`{}` is pinned to the local image {name}, which the Engine does not have",
                image.reference
            ))
            .hint("pin it again: spawnfile lock --update"));
        }
        let reference: Reference = name.parse().map_err(|error: ReferenceError| CliError::input_from(&error))?;
        let auth = engine::registry_auth(world, &reference).await?;
        ui.step(&format!("Pulling {reference}"));
        engine
            .docker
            .pull(&reference, auth.as_ref(), &mut |progress| ui.progress(&engine::progress(&progress)))
            .await
            .map_err(|error| engine::failed(&error))?;
    }
    Ok(())
}
