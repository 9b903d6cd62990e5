//! Manifests and indexes, of OCI and of docker: what a registry says an image is made of.
//!
//! Read strictly and within bounds. A document that two readers could take for different things is refused: one with
//! both `manifests` and `layers`, one whose `mediaType` is not the one that it was served as, one of schema version 1.

use std::fmt;

use crate::display::excerpt;
use crate::json::{self, Value};
use crate::oci::{Digest, Platform};

/// Largest manifest, in bytes: what every registry has to take.
pub const MAX_MANIFEST: usize = 4 * 1024 * 1024;
/// Most layers of an image.
pub const MAX_LAYERS: usize = 512;
/// Most manifests of an index.
pub const MAX_MANIFESTS: usize = 512;
/// Largest size that a descriptor may announce, in bytes (1 TiB).
const MAX_SIZE: u64 = 1 << 40;
/// Longest media type.
const MAX_MEDIA_TYPE: usize = 255;

/// Media type of an OCI image manifest.
pub const OCI_MANIFEST: &str = "application/vnd.oci.image.manifest.v1+json";
/// Media type of an OCI index.
pub const OCI_INDEX: &str = "application/vnd.oci.image.index.v1+json";
/// Media type of docker's image manifest.
pub const DOCKER_MANIFEST: &str = "application/vnd.docker.distribution.manifest.v2+json";
/// Media type of docker's manifest list.
pub const DOCKER_LIST: &str = "application/vnd.docker.distribution.manifest.list.v2+json";
/// What is asked for, exactly.
pub const ACCEPTED: [&str; 4] = [OCI_INDEX, OCI_MANIFEST, DOCKER_LIST, DOCKER_MANIFEST];

const CONFIGS: [&str; 2] = ["application/vnd.oci.image.config.v1+json", "application/vnd.docker.container.image.v1+json"];

/// A blob or manifest by digest.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Descriptor {
    /// Media type.
    pub media_type: String,
    /// Digest of the bytes.
    pub digest: Digest,
    /// Number of bytes.
    pub size: u64,
}

/// A layer of an image.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Layer {
    /// Where it is.
    pub blob: Descriptor,
    /// How it is packed.
    pub packing: Packing,
}

/// How a layer is packed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Packing {
    /// A plain tar.
    Plain,
    /// A tar in gzip.
    Gzip,
    /// Something that is not read here (zstd, encryption), or that must not be distributed.
    Other,
}

/// One platform's image.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ImageManifest {
    /// The image's configuration.
    pub config: Descriptor,
    /// Layers, the lowest first.
    pub layers: Vec<Layer>,
}

/// An entry of an index that can be run.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Entry {
    /// The manifest.
    pub manifest: Descriptor,
    /// `os/architecture[/variant]`; none: the index does not say.
    pub platform: Option<String>,
}

/// What a registry answered.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Manifest {
    /// An image.
    Image(ImageManifest),
    /// An image for several platforms: the entries that can be run, without attestations and other artifacts.
    Index(Vec<Entry>),
}

/// Why a manifest is refused.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ManifestError {
    /// No JSON that is accepted.
    #[error("the manifest is no JSON that is accepted: {0}")]
    Json(String),
    /// Another media type than the registry served it as.
    #[error("the manifest says it is `{said}`, but was served as `{served}`")]
    MediaType {
        /// In the document.
        said: String,
        /// In the header.
        served: String,
    },
    /// No kind of manifest that an image has.
    #[error("the manifest is of the type `{0}`, which is no image")]
    Unknown(String),
    /// Something that is not as it must be.
    #[error("the manifest is not as it must be: {0}")]
    Form(String),
    /// No image for the platform.
    #[error("there is no image for {wanted}, only for {found}")]
    Platform {
        /// What was wanted.
        wanted: Platform,
        /// What there is.
        found: String,
    },
}

fn form(what: impl fmt::Display) -> ManifestError {
    ManifestError::Form(what.to_string())
}

/// Reads a manifest. `served` is the `Content-Type` that it came with; its parameters do not count.
///
/// # Errors
/// The first thing that is not as it must be.
pub fn parse(bytes: &[u8], served: Option<&str>) -> Result<Manifest, ManifestError> {
    let value = json::parse(bytes).map_err(|problem| ManifestError::Json(excerpt(&problem.to_string())))?;
    if !matches!(value, Value::Fields(_)) {
        return Err(form("it is no object"));
    }
    let said = value.get("mediaType").map(|said| text(said, "mediaType")).transpose()?;
    let served = served.map(|served| served.split(';').next().unwrap_or_default().trim()).filter(|served| ACCEPTED.contains(served));
    let media_type = match (said, served) {
        (Some(said), Some(served)) if said != served => {
            return Err(ManifestError::MediaType { said: excerpt(said), served: excerpt(served) });
        }
        (Some(said), _) => said,
        (None, Some(served)) => served,
        // It may be left out; what is there decides, and both is refused below.
        (None, None) if value.get("manifests").is_some() => OCI_INDEX,
        (None, None) => OCI_MANIFEST,
    };
    if integer(&value, "schemaVersion") != Some(2) {
        return Err(form("its schema version is not 2"));
    }
    let has = |key| value.get(key).is_some();
    if has("manifests") && (has("layers") || has("config")) {
        return Err(form("it is an index and an image at once"));
    }
    match media_type {
        OCI_MANIFEST | DOCKER_MANIFEST => image(&value).map(Manifest::Image),
        OCI_INDEX | DOCKER_LIST => index(&value).map(Manifest::Index),
        other => Err(ManifestError::Unknown(excerpt(other))),
    }
}

/// Chooses the entry of a platform: the first that fits.
///
/// # Errors
/// When none fits, with what there is.
pub fn choose(entries: &[Entry], wanted: Platform) -> Result<&Entry, ManifestError> {
    let fits = |entry: &&Entry| entry.platform.as_deref().is_some_and(|platform| platform.parse() == Ok(wanted));
    entries.iter().find(fits).ok_or_else(|| {
        let found = entries.iter().map(|entry| entry.platform.as_deref().unwrap_or("unknown"));
        let found = if entries.is_empty() { "none".to_owned() } else { crate::display::list(found) };
        ManifestError::Platform { wanted, found }
    })
}

fn image(value: &Value) -> Result<ImageManifest, ManifestError> {
    let config = descriptor(value.get("config").ok_or_else(|| form("it has no `config`"))?, "config")?;
    if !CONFIGS.contains(&config.media_type.as_str()) {
        return Err(ManifestError::Unknown(excerpt(&config.media_type)));
    }
    let layers = list(value, "layers", MAX_LAYERS)?;
    if layers.is_empty() {
        return Err(form("it has no layer"));
    }
    let layers = layers.iter().map(|layer| {
        let blob = descriptor(layer, "layers")?;
        let packing = match blob.media_type.as_str() {
            // A layer that is fetched from a place that the manifest names is not fetched.
            _ if layer.get("urls").is_some_and(|urls| !matches!(urls, Value::List(urls) if urls.is_empty())) => Packing::Other,
            "application/vnd.oci.image.layer.v1.tar" | "application/vnd.docker.image.rootfs.diff.tar" => Packing::Plain,
            "application/vnd.oci.image.layer.v1.tar+gzip" | "application/vnd.docker.image.rootfs.diff.tar.gzip" => Packing::Gzip,
            _ => Packing::Other,
        };
        Ok(Layer { blob, packing })
    });
    Ok(ImageManifest { config, layers: layers.collect::<Result<_, _>>()? })
}

fn index(value: &Value) -> Result<Vec<Entry>, ManifestError> {
    let mut entries = Vec::new();
    for item in list(value, "manifests", MAX_MANIFESTS)? {
        let manifest = descriptor(item, "manifests")?;
        if !matches!(manifest.media_type.as_str(), OCI_MANIFEST | DOCKER_MANIFEST) || item.get("artifactType").is_some() {
            continue;
        }
        let platform = item.get("platform").map(platform).transpose()?;
        if platform.as_deref().is_some_and(|platform| platform.starts_with("unknown/")) {
            continue;
        }
        entries.push(Entry { manifest, platform });
    }
    Ok(entries)
}

fn platform(value: &Value) -> Result<String, ManifestError> {
    let part = |key| value.get(key).map(|part| text(part, "platform")).transpose();
    let (os, architecture, variant) = (part("os")?, part("architecture")?, part("variant")?);
    let mut out = format!("{}/{}", os.unwrap_or("unknown"), architecture.unwrap_or("unknown"));
    if let Some(variant) = variant.filter(|variant| !variant.is_empty()) {
        out.push('/');
        out.push_str(variant);
    }
    Ok(out)
}

fn descriptor(value: &Value, of: &str) -> Result<Descriptor, ManifestError> {
    let field = |key: &str| value.get(key).ok_or_else(|| form(format_args!("a descriptor of `{of}` has no `{key}`")));
    let digest = text(field("digest")?, "digest")?;
    let size = integer(value, "size").filter(|size| *size <= MAX_SIZE);
    Ok(Descriptor {
        media_type: text(field("mediaType")?, "mediaType")?.to_owned(),
        digest: digest.parse().map_err(form)?,
        size: size.ok_or_else(|| form(format_args!("a descriptor of `{of}` has no `size` that can be one")))?,
    })
}

fn list<'v>(value: &'v Value, key: &str, most: usize) -> Result<&'v [Value], ManifestError> {
    match value.get(key) {
        Some(Value::List(items)) if items.len() <= most => Ok(items),
        Some(Value::List(_)) => Err(form(format_args!("`{key}` has more than {most} entries"))),
        _ => Err(form(format_args!("it has no list `{key}`"))),
    }
}

fn integer(value: &Value, key: &str) -> Option<u64> {
    if let Some(Value::Number(number)) = value.get(key) { number.as_u64() } else { None }
}

fn text<'v>(value: &'v Value, key: &str) -> Result<&'v str, ManifestError> {
    match value {
        Value::Text(text) if text.len() <= MAX_MEDIA_TYPE => Ok(text),
        _ => Err(form(format_args!("a `{key}` is no text of at most {MAX_MEDIA_TYPE} bytes"))),
    }
}

#[cfg(test)]
#[path = "manifest_tests.rs"]
mod tests;
