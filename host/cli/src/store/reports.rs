//! Documents read out of images, cached by image id: an image never changes, so a second look needs no helper
//! container. What is cached is the bytes as the image had them; they are validated at every use.

use std::path::{Path, PathBuf};

use spawnfile_core::oci::Digest;

use super::atomic;
use crate::error::CliError;

const MAX_BYTES: u64 = 4 * 1024 * 1024;

/// The two documents of an image.
#[derive(Debug, Clone)]
pub(crate) struct Documents {
    /// The distribution report's bytes.
    pub(crate) report: Vec<u8>,
    /// The bytes of the extras, if the image has any.
    pub(crate) extras: Option<Vec<u8>>,
}

fn folder(home: &Path, image: &Digest) -> PathBuf {
    home.join("cache/images").join(image.hex())
}

/// Returns the cached documents of an image.
pub(crate) fn load(home: &Path, image: &Digest, has_extras: bool) -> Result<Option<Documents>, CliError> {
    let folder = folder(home, image);
    let Some(report) = atomic::read(&folder.join("report.json"), MAX_BYTES)? else { return Ok(None) };
    let extras = atomic::read(&folder.join("extras.json"), MAX_BYTES)?;
    // The report is written last, so a report without its extras is no half-written entry but a damaged one.
    Ok((extras.is_some() == has_extras).then_some(Documents { report, extras }))
}

/// Caches the documents of an image.
pub(crate) fn save(home: &Path, image: &Digest, documents: &Documents) -> Result<(), CliError> {
    let folder = folder(home, image);
    if let Some(extras) = &documents.extras {
        atomic::write(&folder.join("extras.json"), extras)?;
    }
    atomic::write(&folder.join("report.json"), &documents.report)
}
