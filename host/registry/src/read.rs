//! What can be read: the digest behind a tag, manifests, blobs.

use hyper::Method;
use hyper::header::{CONTENT_TYPE, HeaderName, HeaderValue};
use spawnfile_core::distribution::manifest::{ACCEPTED, Descriptor, MAX_MANIFEST};
use spawnfile_core::oci::digest::Hasher;
use spawnfile_core::oci::{Digest, Reference};

use crate::client::{Ask, Client};
use crate::error::RegistryError;
use crate::transport::Answer;

const CONTENT_DIGEST: HeaderName = HeaderName::from_static("docker-content-digest");

/// A manifest as a registry gave it.
#[derive(Debug, Clone)]
pub struct FetchedManifest {
    /// Digest of its bytes.
    pub digest: Digest,
    /// What it was served as.
    pub media_type: Option<String>,
    /// Its bytes.
    pub bytes: Vec<u8>,
}

impl Client {
    /// Returns the digest that a reference stands for now, by one HEAD; nothing when the registry does not say it.
    ///
    /// # Errors
    /// When the registry does not have it, does not give it, or does not answer properly.
    pub async fn resolve(&self, reference: &Reference) -> Result<Option<Digest>, RegistryError> {
        if let Some(digest) = reference.digest() {
            return Ok(Some(digest.clone()));
        }
        let answer = self.ask(&self.manifest_ask(reference, Method::HEAD)?).await?;
        Ok(content_digest(&answer))
    }

    /// Returns the manifest that a reference stands for. Its bytes have the digest of the reference, if it has one, and
    /// the one that the registry says.
    ///
    /// # Errors
    /// When the registry does not have it, does not give it, or gives something else.
    pub async fn manifest(&self, reference: &Reference) -> Result<FetchedManifest, RegistryError> {
        let ask = self.manifest_ask(reference, Method::GET)?;
        let answer = self.ask(&ask).await?;
        let said = content_digest(&answer);
        let media_type = answer.header(&CONTENT_TYPE, 255).map(str::to_owned);
        let bytes = answer.bytes(&self.transport, &ask.about, MAX_MANIFEST as u64).await?;
        let digest = Digest::of(&bytes);
        for expected in reference.digest().into_iter().chain(&said) {
            if *expected != digest {
                return Err(RegistryError::Digest { what: ask.about.what, expected: expected.clone(), found: digest });
            }
        }
        Ok(FetchedManifest { digest, media_type, bytes })
    }

    /// Returns a blob of a repository in memory.
    ///
    /// # Errors
    /// Like [`Self::blob`].
    pub async fn blob_bytes(&self, reference: &Reference, blob: &Descriptor, max: u64) -> Result<Vec<u8>, RegistryError> {
        let mut bytes = Vec::new();
        self.blob(reference, blob, max, &mut |piece| {
            bytes.extend_from_slice(piece);
            Ok(())
        })
        .await?;
        Ok(bytes)
    }

    /// Gives a blob of a repository to `take`, piece by piece. Only once this returns `Ok` they were the right bytes.
    ///
    /// # Errors
    /// When the registry does not have it, does not give it, or gives more, fewer or other bytes; [`RegistryError::TooLarge`]
    /// without a request when it has more than `max`; and what `take` returns.
    pub async fn blob(
        &self,
        reference: &Reference,
        blob: &Descriptor,
        max: u64,
        take: &mut (dyn FnMut(&[u8]) -> Result<(), RegistryError> + Send),
    ) -> Result<(), RegistryError> {
        let what = format!("blob {} of `{}`", blob.digest.short(), reference.name());
        if blob.size > max {
            return Err(RegistryError::TooLarge { what, max });
        }
        let about = self.about(what, blob.size);
        let ask = Ask { reference, method: Method::GET, path: format!("blobs/{}", blob.digest), accept: None, about };
        let wrong = || RegistryError::Size { what: ask.about.what.clone(), expected: blob.size };
        let mut reader = self.ask(&ask).await?.read(&self.transport, &ask.about, blob.size).map_err(|error| longer(error, &wrong))?;
        let (mut hasher, mut size) = (Hasher::new(), 0);
        while let Some(piece) = reader.next().await.map_err(|error| longer(error, &wrong))? {
            size += piece.len() as u64;
            hasher.update(&piece);
            take(&piece)?;
        }
        if size != blob.size {
            return Err(wrong());
        }
        let found = hasher.finish();
        if found != blob.digest {
            return Err(RegistryError::Digest { what: ask.about.what, expected: blob.digest.clone(), found });
        }
        reader.done();
        Ok(())
    }

    fn manifest_ask<'a>(&self, reference: &'a Reference, method: Method) -> Result<Ask<'a>, RegistryError> {
        let target = match (reference.digest(), reference.tag()) {
            (Some(digest), _) => digest.to_string(),
            (None, tag) => tag.unwrap_or("latest").to_owned(),
        };
        let about = self.about(format!("the manifest of `{reference}`"), 0);
        let accept = HeaderValue::from_str(&ACCEPTED.join(", "));
        let accept = accept.map_err(|_| RegistryError::Setting("no manifest can be asked for".to_owned()))?;
        Ok(Ask { reference, method, path: format!("manifests/{target}"), accept: Some(accept), about })
    }
}

fn content_digest(answer: &Answer) -> Option<Digest> {
    answer.header(&CONTENT_DIGEST, 128).and_then(|text| text.parse().ok())
}

fn longer(error: RegistryError, wrong: &dyn Fn() -> RegistryError) -> RegistryError {
    if matches!(error, RegistryError::TooLarge { .. }) { wrong() } else { error }
}
