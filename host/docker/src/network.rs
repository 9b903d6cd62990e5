//! The internal network of a deployment: containers reach each other, nothing beyond.
//!
//! Refuses to use or remove a network of the same name that somebody else made.

use std::collections::BTreeMap;

use bollard::models::NetworkCreateRequest;
use serde::Deserialize;
use spawnfile_core::oci::labels;

use crate::container::is_object_name;
use crate::engine::Docker;
use crate::error::DockerError;
use crate::text::Redactor;
use crate::wire::{Call, SHORT, empty, within};

#[derive(Deserialize)]
struct Document {
    #[serde(default, rename = "Internal")]
    internal: bool,
    #[serde(default, rename = "Labels")]
    labels: Option<BTreeMap<String, String>>,
}

/// Returns the name of the network of the deployment that the labels name.
pub(crate) fn name_of(container_labels: &BTreeMap<String, String>) -> Result<String, String> {
    let deployment = container_labels.get(labels::DEPLOYMENT).map(String::as_str).unwrap_or_default();
    if is_object_name(deployment) {
        Ok(format!("spawnfile-{deployment}"))
    } else {
        Err(format!("the network `internal` needs the label `{}`", labels::DEPLOYMENT))
    }
}

/// The labels that say whose network it is.
fn owner(container_labels: &BTreeMap<String, String>) -> BTreeMap<String, String> {
    let keys = [labels::DEPLOYMENT, labels::HOME, labels::PROJECT];
    container_labels.iter().filter(|(key, _)| keys.contains(&key.as_str())).map(|(key, value)| (key.clone(), value.clone())).collect()
}

impl Docker {
    /// Makes the internal network `spawnfile-<deployment>` of these labels unless it is there.
    pub(crate) async fn ensure_network(&self, container_labels: &BTreeMap<String, String>) -> Result<(), DockerError> {
        let network = name_of(container_labels).map_err(|why| DockerError::invalid("a container", why))?;
        let what = format!("network `{network}`");
        match self.network(&network, &what).await {
            Ok(document) => return check(&document, container_labels, &what),
            Err(DockerError::NotFound { .. }) => {}
            Err(error) => return Err(error),
        }
        let request = NetworkCreateRequest {
            name: network,
            driver: Some("bridge".to_owned()),
            internal: Some(true),
            labels: Some(owner(container_labels).into_iter().collect()),
            ..NetworkCreateRequest::default()
        };
        within(&what, SHORT, async { self.api.create_network(request).await.map(drop).map_err(|error| self.failed(&what, &error)) }).await
    }

    /// Removes the internal network of a deployment, given the labels of its containers. 30 s.
    ///
    /// # Errors
    ///
    /// [`DockerError::NotFound`] without it, [`DockerError::Conflict`] when somebody else made it,
    /// [`DockerError::Refused`] while a container uses it.
    pub async fn remove_network(&self, container_labels: &BTreeMap<String, String>) -> Result<(), DockerError> {
        let network = name_of(container_labels).map_err(|why| DockerError::invalid("a network", why))?;
        let what = format!("network `{network}`");
        check(&self.network(&network, &what).await?, container_labels, &what)?;
        within(&what, SHORT, async { self.api.remove_network(&network).await.map_err(|error| self.failed(&what, &error)) }).await
    }

    async fn network(&self, network: &str, what: &str) -> Result<Document, DockerError> {
        within(what, SHORT, self.wire.json(Call::get(format!("/networks/{network}"), what), empty(), &Redactor::default())).await
    }
}

fn check(document: &Document, container_labels: &BTreeMap<String, String>, what: &str) -> Result<(), DockerError> {
    let there = document.labels.clone().unwrap_or_default();
    let same = [labels::DEPLOYMENT, labels::HOME].iter().all(|key| there.get(*key) == container_labels.get(*key));
    if same && document.internal {
        return Ok(());
    }
    Err(DockerError::Conflict {
        what: what.to_owned(),
        message: "a network of that name is there that is not this deployment's".to_owned(),
    })
}
