//! An image in a registry, described without an Engine and without pulling it: manifest, configuration, and of the
//! layers only as many as it takes to find the documents, from the last one downwards.
//!
//! What an upper layer takes away is gone, as for an Engine. It refuses to guess: a layer that is too large for the
//! budget, or can be read in two ways, ends it with a word about the Engine.

use spawnfile_core::archive::layer::Seen;
use spawnfile_core::contract::{self, ImageContract};
use spawnfile_core::distribution::manifest::{self, Descriptor, ImageManifest, Manifest};
use spawnfile_core::distribution::{config, config::ImageConfig};
use spawnfile_core::extras::Extras;
use spawnfile_core::oci::{Digest, Reference, labels};
use spawnfile_core::report::DistributionReport;
use spawnfile_plugins::PluginHost;
use spawnfile_registry::layer::{Look, look};
use spawnfile_registry::{Client, RegistryError};

use super::{MAX_DOCUMENT, accept};
use crate::error::CliError;
use crate::registry::{self, RegistryArgs};
use crate::store::blobs::Blobs;
use crate::store::reports::Documents;
use crate::world::World;

/// Most bytes of all layers of one image that are fetched.
const BUDGET: u64 = 8 * 1024 * 1024;
/// Most bytes of one layer unpacked.
const MAX_UNPACKED: u64 = 64 * 1024 * 1024;
/// Most bytes of a configuration.
const MAX_CONFIG: u64 = 4 * 1024 * 1024;

/// An image in a registry that was found to be what it says.
#[derive(Debug)]
pub(crate) struct Remote {
    /// Digest of its configuration: the id that an Engine gives it.
    pub(crate) id: Digest,
    /// Digest that the reference stands for.
    pub(crate) digest: Digest,
    /// Report, validated.
    pub(crate) report: DistributionReport,
    /// Extras, validated, if the image has any.
    pub(crate) extras: Option<Extras>,
    /// `registry`, or `cache` when nothing was fetched.
    pub(crate) source: &'static str,
}

/// Opens an image in a registry.
pub(crate) async fn open(world: &World, plugins: &PluginHost, reference: &Reference, args: &RegistryArgs) -> Result<Remote, CliError> {
    let client = (!args.offline).then(|| registry::client(world, args, reference));
    let mut reading = Reading { reference, client, cache: Blobs::of(&world.home), fetched: false };
    let (digest, top) = reading.top().await?;
    let image = reading.image(top, args).await?;
    let bytes = reading.blob(&image.config, MAX_CONFIG).await?;
    let config = config::parse(&bytes).map_err(|error| CliError::input(format!("`{reference}`: {error}")))?;
    let contract = contract::verify(&config.labels).map_err(|error| CliError::input(format!("`{reference}`: {error}")))?;
    let documents = reading.documents(&image, &config, &contract).await?;
    let (report, extras) = accept(plugins, reference, &contract, &documents).await?;
    let source = if reading.fetched { "registry" } else { "cache" };
    Ok(Remote { id: image.config.digest, digest, report, extras, source })
}

/// The reading of one image.
struct Reading<'a> {
    reference: &'a Reference,
    /// None: no registry is asked.
    client: Option<Client>,
    cache: Blobs,
    fetched: bool,
}

impl Reading<'_> {
    fn client(&self) -> Result<&Client, CliError> {
        self.client.as_ref().ok_or_else(|| {
            let reference = self.reference;
            CliError::input(format!("`{reference}` was not read from its registry before, and --offline asks none"))
                .hint(format!("once without it: spawnfile status {reference}"))
        })
    }

    fn failed(&self, error: &RegistryError) -> CliError {
        registry::failed(error, self.reference)
    }

    /// Returns the digest that the reference stands for, and the manifest: cached, of a tag after one HEAD.
    async fn top(&mut self) -> Result<(Digest, Manifest), CliError> {
        if let Some(digest) = self.reference.digest().cloned() {
            let manifest = self.manifest(&digest).await?;
            return Ok((digest, manifest));
        }
        if let Some(before) = self.cache.tagged(self.reference).filter(|digest| self.cache.get(digest).is_some()) {
            let now = match &self.client {
                None => Some(before),
                Some(client) => client.resolve(self.reference).await.map_err(|error| self.failed(&error))?,
            };
            if let Some(digest) = now {
                let manifest = self.manifest(&digest).await?;
                self.cache.set_tag(self.reference, &digest);
                return Ok((digest, manifest));
            }
        }
        let (digest, manifest) = self.fetch(self.reference).await?;
        self.cache.set_tag(self.reference, &digest);
        Ok((digest, manifest))
    }

    async fn manifest(&mut self, digest: &Digest) -> Result<Manifest, CliError> {
        match self.cache.get(digest) {
            Some(bytes) => self.parsed(&bytes, None),
            None => Ok(self.fetch(&self.reference.at(digest.clone())).await?.1),
        }
    }

    async fn fetch(&mut self, reference: &Reference) -> Result<(Digest, Manifest), CliError> {
        let fetched = self.client()?.manifest(reference).await.map_err(|error| self.failed(&error))?;
        let manifest = self.parsed(&fetched.bytes, fetched.media_type.as_deref())?;
        self.cache.put(&fetched.digest, &fetched.bytes);
        self.fetched = true;
        Ok((fetched.digest, manifest))
    }

    fn parsed(&self, bytes: &[u8], served: Option<&str>) -> Result<Manifest, CliError> {
        let wrong = |why| RegistryError::Manifest { what: format!("`{}`", self.reference), why };
        manifest::parse(bytes, served).map_err(|why| self.failed(&wrong(why)))
    }

    /// Chooses the platform's image of an index.
    async fn image(&mut self, top: Manifest, args: &RegistryArgs) -> Result<ImageManifest, CliError> {
        let entries = match top {
            Manifest::Image(image) => return Ok(image),
            Manifest::Index(entries) => entries,
        };
        let wrong = |why| RegistryError::Manifest { what: format!("`{}`", self.reference), why };
        let chosen = manifest::choose(&entries, args.platform()?).map_err(|why| self.failed(&wrong(why)))?;
        match self.manifest(&chosen.manifest.digest).await? {
            Manifest::Image(image) => Ok(image),
            Manifest::Index(_) => Err(CliError::input(format!("`{}`: an index of indexes is no image", self.reference))),
        }
    }

    async fn blob(&mut self, blob: &Descriptor, max: u64) -> Result<Vec<u8>, CliError> {
        if let Some(bytes) = self.cache.get(&blob.digest) {
            return Ok(bytes);
        }
        let bytes = self.client()?.blob_bytes(self.reference, blob, max).await.map_err(|error| self.failed(&error))?;
        self.cache.put(&blob.digest, &bytes);
        self.fetched = true;
        Ok(bytes)
    }

    /// Reads the documents from the last layer, or from as many below it as the budget allows.
    async fn documents(&mut self, image: &ImageManifest, config: &ImageConfig, contract: &ImageContract) -> Result<Documents, CliError> {
        let reference = self.reference;
        if image.layers.len() != config.diff_ids.len() {
            return Err(CliError::input(format!("`{reference}`: its manifest and its configuration have different numbers of layers")));
        }
        let mut paths = vec![contract.report_path.as_str()];
        if contract.extras_digest.is_some() {
            paths.push(labels::EXTRAS_PATH);
        }
        let mut found: Vec<Seen> = vec![Seen::Untouched; paths.len()];
        let mut left = BUDGET;
        for (layer, diff_id) in image.layers.iter().zip(&config.diff_ids).rev() {
            let Some(after) = left.checked_sub(layer.blob.size) else {
                let size = layer.blob.size / 1_000_000;
                let error =
                    CliError::input(format!("`{reference}`: its documents are not in the last layers, and the next one has {size} MB"));
                return Err(registry::through_engine(error, reference));
            };
            left = after;
            let packed = self.blob(&layer.blob, BUDGET).await?;
            let what = format!("layer {} of `{reference}`", layer.blob.digest.short());
            let wanted =
                Look { what: &what, packing: layer.packing, diff_id, paths: &paths, max_file: MAX_DOCUMENT, max_unpacked: MAX_UNPACKED };
            let seen = look(&packed, &wanted).map_err(|error| self.failed(&error))?;
            for (known, new) in found.iter_mut().zip(seen).filter(|(known, _)| **known == Seen::Untouched) {
                *known = new;
            }
            if !found.contains(&Seen::Untouched) {
                break;
            }
        }
        let mut files = Vec::new();
        for (path, seen) in paths.iter().zip(found) {
            files.push(match seen {
                Seen::File(bytes) => bytes,
                Seen::Other(what) => {
                    let error = CliError::input(format!("`{reference}`: `{path}` is {what}, not a file"));
                    return Err(registry::through_engine(error, reference));
                }
                Seen::Gone | Seen::Untouched => return Err(CliError::input(format!("`{reference}`: the image has no `{path}`"))),
            });
        }
        let mut files = files.into_iter();
        let report = files.next().unwrap_or_default();
        Ok(Documents { report, extras: files.next() })
    }
}
