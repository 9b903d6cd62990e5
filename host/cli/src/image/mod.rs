//! The one door to an image: resolve once, check the labels, read the documents, validate them in the sandbox.
//!
//! `up`, `status <ref>` and the check before a push all come through here. Everything after the first line works on
//! the image's id, so the image that was looked at is the image that runs. [`remote`] is the same door for images that
//! are in a registry and stay there.

pub(crate) mod remote;

use spawnfile_core::contract::{self, ImageContract};
use spawnfile_core::extras::Extras;
use spawnfile_core::oci::{Digest, Reference, labels};
use spawnfile_core::report::DistributionReport;
use spawnfile_docker::{FileWanted, ImageInspection, Progress};
use spawnfile_plugins::PluginHost;

use crate::engine::{self, Engine};
use crate::error::CliError;
use crate::store::reports::{self, Documents};
use crate::ui::Ui;
use crate::world::World;

const MAX_DOCUMENT: u64 = 4 * 1024 * 1024;

/// When an image is pulled.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Pull {
    /// Never: the Engine's own image or an error.
    Never,
    /// When the Engine does not have it.
    IfMissing,
    /// Always, first.
    Always,
}

/// An image that was looked at and found to be what it says.
#[derive(Debug)]
pub(crate) struct Opened {
    /// As the user wrote it.
    pub(crate) reference: Reference,
    /// What the Engine says about it; its id is what everything later uses.
    pub(crate) inspection: ImageInspection,
    /// Digest in the reference's own repository, when it was pushed or pulled.
    pub(crate) digest: Option<Digest>,
    /// Report, validated.
    pub(crate) report: DistributionReport,
    /// Extras, validated, if the image has any.
    pub(crate) extras: Option<Extras>,
    /// The bytes of both.
    pub(crate) documents: Documents,
}

/// Opens an image by reference.
pub(crate) async fn open(
    world: &World,
    ui: &mut Ui,
    engine: &Engine,
    plugins: &PluginHost,
    reference: &Reference,
    pull: Pull,
) -> Result<Opened, CliError> {
    let inspection = obtain(world, ui, engine, reference, pull).await?;
    let contract = contract::verify(&inspection.labels).map_err(|error| CliError::input(format!("`{reference}`: {error}")))?;
    let cached = reports::load(&world.home, &inspection.id, contract.extras_digest.is_some()).unwrap_or_default();
    let accepted = match cached {
        // A cached entry that does not hold is damaged, and says nothing about the image.
        Some(documents) => accept(plugins, reference, &contract, &documents).await.ok().map(|accepted| (documents, accepted)),
        None => None,
    };
    let (documents, (report, extras)) = match accepted {
        Some(accepted) => accepted,
        None => {
            let documents = read(engine, &inspection, &contract).await?;
            let accepted = accept(plugins, reference, &contract, &documents).await?;
            reports::save(&world.home, &inspection.id, &documents)?;
            (documents, accepted)
        }
    };
    let digest = reference.digest().cloned().or_else(|| inspection.digest_in(reference));
    Ok(Opened { reference: reference.clone(), inspection, digest, report, extras, documents })
}

/// Returns the Engine's image, pulled first where the policy says so.
async fn obtain(world: &World, ui: &mut Ui, engine: &Engine, reference: &Reference, pull: Pull) -> Result<ImageInspection, CliError> {
    let name = reference.to_string();
    if pull != Pull::Always
        && let Some(found) = engine.docker.inspect_image(&name).await.map_err(|error| engine::failed(&error))?
    {
        return Ok(found);
    }
    if pull == Pull::Never {
        return Err(CliError::input(format!("image `{reference}` is not on the Engine at {}", engine.endpoint.describe()))
            .hint(format!("get it first: `spawnfile status {reference} --pull`, or `docker pull {reference}`")));
    }
    let auth = engine::registry_auth(world, reference).await?;
    ui.step(&format!("Pulling {reference}"));
    engine
        .docker
        .pull(reference, auth.as_ref(), &mut |progress: Progress| ui.progress(&crate::engine::progress(&progress)))
        .await
        .map_err(|error| engine::failed(&error))?;
    let found = engine.docker.inspect_image(&name).await.map_err(|error| engine::failed(&error))?;
    found.ok_or_else(|| CliError::failed(format!("`{reference}` was pulled, but the Engine does not have it")))
}

/// Reads the documents of an image through a helper container that never starts.
async fn read(engine: &Engine, image: &ImageInspection, contract: &ImageContract) -> Result<Documents, CliError> {
    let has_extras = contract.extras_digest.is_some();
    // Helpers that a killed run left behind go when the next one needs a helper itself.
    engine.docker.sweep_helpers().await.map_err(|error| engine::failed(&error))?;
    let mut wanted = vec![FileWanted { path: contract.report_path.clone(), max_bytes: MAX_DOCUMENT, optional: false }];
    if has_extras {
        wanted.push(FileWanted { path: labels::EXTRAS_PATH.to_owned(), max_bytes: MAX_DOCUMENT, optional: false });
    }
    let mut read = engine.docker.read_files(&image.id, &wanted).await.map_err(|error| unreadable(&error))?.into_iter();
    let report = read.next().flatten().ok_or_else(|| CliError::input(format!("the image has no report at `{}`", contract.report_path)))?;
    Ok(Documents { report, extras: read.next().flatten() })
}

/// A document that is missing or no plain file is the image's fault, not the Engine's.
fn unreadable(error: &spawnfile_docker::DockerError) -> CliError {
    use spawnfile_docker::DockerError;
    match error {
        DockerError::NotFound { .. } | DockerError::Malformed { .. } | DockerError::Invalid { .. } => {
            CliError::input_from(error).hint("the image does not keep the contract that its labels promise: ask whoever published it")
        }
        _ => engine::failed(error),
    }
}

/// Validates both documents in the sandbox and holds them against the labels.
async fn accept(
    plugins: &PluginHost,
    reference: &Reference,
    contract: &ImageContract,
    documents: &Documents,
) -> Result<(DistributionReport, Option<Extras>), CliError> {
    let bad = |error: &dyn std::fmt::Display| CliError::input(format!("`{reference}`: the image contradicts itself: {error}"));
    let Validated { report, extras, computed } =
        validated(plugins, documents).await.map_err(|error| error.about(&reference.to_string()))?;
    let extras_digest = documents.extras.as_deref().map(Digest::of);
    contract.accept(&Digest::of(&documents.report), &report, &computed, extras_digest.as_ref()).map_err(|error| bad(&error))?;
    Ok((report, extras))
}

/// Validates documents that were accepted with their image before: those of a deployment.
pub(crate) async fn validate(plugins: &PluginHost, documents: &Documents) -> Result<(DistributionReport, Option<Extras>), CliError> {
    let validated = validated(plugins, documents).await?;
    Ok((validated.report, validated.extras))
}

struct Validated {
    report: DistributionReport,
    extras: Option<Extras>,
    computed: String,
}

/// Lets the validator read both documents: the bytes are a stranger's, and the host never parses them itself.
async fn validated(plugins: &PluginHost, documents: &Documents) -> Result<Validated, CliError> {
    let bad = |what: &str, error: &dyn std::fmt::Display| CliError::input(format!("the embedded {what} is not valid: {error}"));
    let validator = plugins.validator().await.map_err(|error| CliError::failed_from(&error))?;
    let (report, computed) = validator.validate_report(&documents.report).await.map_err(|error| bad("report", &error))?;
    let extras = match &documents.extras {
        Some(bytes) => Some(validator.validate_extras(bytes).await.map_err(|error| bad("extras document", &error))?),
        None => None,
    };
    if let Some(violation) = extras.as_ref().and_then(|extras| extras.agree(&report).into_iter().next()) {
        return Err(bad("extras document", &violation));
    }
    Ok(Validated { report, extras, computed })
}
