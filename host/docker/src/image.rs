//! Images: what the Engine knows of one, and its names.

use std::collections::BTreeMap;

use bollard::query_parameters::{RemoveImageOptionsBuilder, TagImageOptionsBuilder};
use serde::Deserialize;
use serde::de::IgnoredAny;
use spawnfile_core::oci::{Digest, Reference};

use crate::auth::{self, RegistryAuth};
use crate::engine::Docker;
use crate::error::DockerError;
use crate::text::{Redactor, printable};
use crate::wire::{Call, LONG, SHORT, empty, within};

/// What the Engine says about an image. Everything but the id is the image's own claim.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ImageInspection {
    /// Id: what later calls use.
    pub id: Digest,
    /// Labels.
    pub labels: BTreeMap<String, String>,
    /// `repository@digest` of every registry that the Engine had it from or pushed it to.
    pub repo_digests: Vec<String>,
    /// `linux/amd64`.
    pub platform: String,
    /// User as written in the image; empty for root.
    pub user: String,
    /// Entrypoint.
    pub entrypoint: Vec<String>,
    /// Arguments.
    pub cmd: Vec<String>,
    /// Ports as written (`80/tcp`), sorted.
    pub exposed_ports: Vec<String>,
    /// Paths that every container gets an anonymous volume at, sorted.
    pub volumes: Vec<String>,
    /// Size, in bytes.
    pub size: u64,
}

/// The part of the Engine's document that is read. Environment, health check and triggers are not.
#[derive(Deserialize)]
struct Document {
    #[serde(rename = "Id")]
    id: String,
    #[serde(default, rename = "RepoDigests")]
    repo_digests: Option<Vec<String>>,
    #[serde(default, rename = "Os")]
    os: Option<String>,
    #[serde(default, rename = "Architecture")]
    architecture: Option<String>,
    #[serde(default, rename = "Variant")]
    variant: Option<String>,
    #[serde(default, rename = "Size")]
    size: Option<u64>,
    #[serde(default, rename = "Config")]
    config: Option<Config>,
}

#[derive(Default, Deserialize)]
struct Config {
    #[serde(default, rename = "Labels")]
    labels: Option<BTreeMap<String, String>>,
    #[serde(default, rename = "User")]
    user: Option<String>,
    #[serde(default, rename = "Entrypoint")]
    entrypoint: Option<Vec<String>>,
    #[serde(default, rename = "Cmd")]
    cmd: Option<Vec<String>>,
    #[serde(default, rename = "ExposedPorts")]
    exposed_ports: Option<BTreeMap<String, IgnoredAny>>,
    #[serde(default, rename = "Volumes")]
    volumes: Option<BTreeMap<String, IgnoredAny>>,
}

#[derive(Deserialize)]
struct Distribution {
    #[serde(rename = "Descriptor")]
    descriptor: Descriptor,
}

#[derive(Deserialize)]
struct Descriptor {
    digest: String,
}

impl ImageInspection {
    /// Returns the digest under which the image is known in the reference's own repository: the reference's digest
    /// where it has one and the Engine confirms it, else the first entry of that repository.
    pub fn digest_in(&self, reference: &Reference) -> Option<Digest> {
        let wanted = canonical(reference);
        let mut found = self.repo_digests.iter().filter_map(|entry| {
            let entry: Reference = entry.parse().ok()?;
            (canonical(&entry) == wanted).then(|| entry.digest().cloned())?
        });
        match reference.digest() {
            Some(digest) => found.find(|candidate| candidate == digest),
            None => found.next(),
        }
    }
}

/// Returns registry and repository with Docker Hub's short forms written out.
fn canonical(reference: &Reference) -> (String, String) {
    let registry = reference.registry().unwrap_or("docker.io").to_ascii_lowercase();
    let hub = matches!(registry.as_str(), "docker.io" | "index.docker.io" | "registry-1.docker.io");
    let repository = reference.repository();
    match hub {
        true if !repository.contains('/') => ("docker.io".to_owned(), format!("library/{repository}")),
        true => ("docker.io".to_owned(), repository.to_owned()),
        false => (registry, repository.to_owned()),
    }
}

/// Returns a name for the Engine's path of an image: an id (whole or a prefix of it) or a reference.
pub(crate) fn image_name(name_or_id: &str) -> Result<String, DockerError> {
    let hex = name_or_id.strip_prefix("sha256:").unwrap_or(name_or_id);
    if (1..=64).contains(&hex.len()) && hex.bytes().all(|b| matches!(b, b'0'..=b'9' | b'a'..=b'f')) {
        return Ok(name_or_id.to_owned());
    }
    match name_or_id.parse::<Reference>() {
        Ok(reference) => Ok(engine_name(&reference)),
        Err(_) => Err(DockerError::invalid(format!("image `{}`", printable(name_or_id, 120)), "it is no image id or reference")),
    }
}

/// Returns the reference as the Engine takes it: with a digest, the tag says nothing.
pub(crate) fn engine_name(reference: &Reference) -> String {
    match reference.digest() {
        Some(digest) => reference.at(digest.clone()).to_string(),
        None => reference.to_string(),
    }
}

impl Docker {
    /// Returns what the Engine knows of an image, or nothing when it has none of that name or id. 30 s.
    ///
    /// # Errors
    ///
    /// [`DockerError::Invalid`] for a text that is neither, and what may happen on the way.
    pub async fn inspect_image(&self, name_or_id: &str) -> Result<Option<ImageInspection>, DockerError> {
        let name = image_name(name_or_id)?;
        let what = format!("image `{name}`");
        let call = Call::get(format!("/images/{name}/json"), &what);
        let document: Document = match within(&what, SHORT, self.wire.json(call, empty(), &Redactor::default())).await {
            Ok(document) => document,
            Err(DockerError::NotFound { .. }) => return Ok(None),
            Err(error) => return Err(error),
        };
        // Some Engines leave the algorithm out.
        let id = if document.id.contains(':') { document.id } else { format!("sha256:{}", document.id) };
        let id = id.parse().map_err(|_| DockerError::malformed(&what, "the engine gives it an id that is no sha256 digest"))?;
        let config = document.config.unwrap_or_default();
        let part = |text: Option<String>| text.filter(|text| !text.is_empty());
        let mut platform = format!("{}/{}", part(document.os).as_deref().unwrap_or("linux"), document.architecture.unwrap_or_default());
        if let Some(variant) = part(document.variant) {
            platform = format!("{platform}/{variant}");
        }
        Ok(Some(ImageInspection {
            id,
            labels: config.labels.unwrap_or_default(),
            repo_digests: document.repo_digests.unwrap_or_default(),
            platform,
            user: config.user.unwrap_or_default(),
            entrypoint: config.entrypoint.unwrap_or_default(),
            cmd: config.cmd.unwrap_or_default(),
            exposed_ports: config.exposed_ports.unwrap_or_default().into_keys().collect(),
            volumes: config.volumes.unwrap_or_default().into_keys().collect(),
            size: document.size.unwrap_or_default(),
        }))
    }

    /// Gives an image another name (`latest` where the reference has no tag). 30 s.
    ///
    /// # Errors
    ///
    /// [`DockerError::Invalid`] for a reference with a digest, [`DockerError::NotFound`] without such an image.
    pub async fn tag(&self, id: &str, reference: &Reference) -> Result<(), DockerError> {
        let name = image_name(id)?;
        let what = format!("image `{name}`");
        if reference.digest().is_some() {
            return Err(DockerError::invalid(format!("the name `{reference}`"), "a digest cannot be given to an image"));
        }
        let options = TagImageOptionsBuilder::new().repo(&reference.name()).tag(reference.tag().unwrap_or("latest")).build();
        within(&what, SHORT, async { self.api.tag_image(&name, Some(options)).await.map_err(|error| self.failed(&what, &error)) }).await
    }

    /// Removes a name, or an image by id with its names if they are of one repository. 120 s.
    ///
    /// # Errors
    ///
    /// [`DockerError::Conflict`] while a container or another name needs it, [`DockerError::NotFound`] without it.
    pub async fn remove_image(&self, id: &str) -> Result<(), DockerError> {
        let name = image_name(id)?;
        let what = format!("image `{name}`");
        let options = RemoveImageOptionsBuilder::new().force(false).noprune(false).build();
        within(&what, LONG, async {
            self.api.remove_image(&name, Some(options), None).await.map(drop).map_err(|error| self.failed(&what, &error))
        })
        .await
    }

    /// Asks the registry, through the Engine, what digest a reference has there; nothing when it has none. 30 s.
    ///
    /// # Errors
    ///
    /// [`DockerError::Auth`] when the registry wants another login, and what may happen on the way.
    pub async fn registry_digest(&self, reference: &Reference, auth: Option<&RegistryAuth>) -> Result<Option<Digest>, DockerError> {
        let what = format!("image `{reference}` in its registry");
        let (name, value, redactor) = auth::header(reference, auth)?;
        let mut text = engine_name(reference);
        if reference.tag().is_none() && reference.digest().is_none() {
            text.push_str(":latest");
        }
        let call = Call::get(format!("/distribution/{text}/json"), &what).header(name, value);
        let answer: Result<Distribution, DockerError> = within(&what, SHORT, self.wire.json(call, empty(), &redactor)).await;
        match answer.map_err(DockerError::of_registry) {
            Ok(found) => {
                found.descriptor.digest.parse().map(Some).map_err(|_| DockerError::malformed(&what, "its digest is no sha256 digest"))
            }
            Err(DockerError::NotFound { .. }) => Ok(None),
            Err(error) => Err(error),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn image(repo_digests: &[String]) -> ImageInspection {
        ImageInspection {
            id: Digest::of(b"id"),
            labels: BTreeMap::new(),
            repo_digests: repo_digests.to_vec(),
            platform: "linux/amd64".to_owned(),
            user: String::new(),
            entrypoint: Vec::new(),
            cmd: Vec::new(),
            exposed_ports: Vec::new(),
            volumes: Vec::new(),
            size: 0,
        }
    }

    #[test]
    fn the_digest_is_that_of_the_own_repository() {
        let (a, b, c) = (Digest::of(b"a"), Digest::of(b"b"), Digest::of(b"c"));
        let image =
            image(&[format!("ghcr.io/x/y@{a}"), format!("busybox@{b}"), format!("127.0.0.1:5000/x/y@{c}"), "<none>@<none>".to_owned()]);
        let digest = |text: &str| image.digest_in(&text.parse().unwrap());
        assert_eq!(digest("127.0.0.1:5000/x/y:1"), Some(c));
        assert_eq!(digest("ghcr.io/x/y"), Some(a.clone()));
        assert_eq!(digest("GHCR.io/x/y"), Some(a.clone()));
        for hub in ["busybox", "library/busybox:1", "docker.io/busybox", "docker.io/library/busybox:2", "index.docker.io/library/busybox"] {
            assert_eq!(digest(hub), Some(b.clone()), "{hub}");
        }
        assert_eq!(digest("x/y:1"), None);
        assert_eq!(digest("127.0.0.1:5001/x/y:1"), None);
        assert_eq!(digest(&format!("ghcr.io/x/y@{a}")), Some(a));
        assert_eq!(digest(&format!("ghcr.io/x/y@{b}")), None);
    }

    #[test]
    fn names_that_would_change_the_path_are_refused() {
        for bad in ["", "../containers", "a/../../x", "a?b", "a b", "-a/..", "sha256:", "A%2f", "/a"] {
            assert!(image_name(bad).is_err(), "{bad}");
        }
        for good in ["a", "abcdef012345", "127.0.0.1:5000/a/b:1", "ghcr.io/a"] {
            assert_eq!(image_name(good).unwrap(), good);
        }
        let digest = Digest::of(b"x");
        assert_eq!(image_name(digest.as_str()).unwrap(), digest.as_str());
        assert_eq!(image_name(&format!("a:1@{digest}")).unwrap(), format!("a@{digest}"));
    }
}
