//! Named volumes of the Engine's local driver.

use std::collections::BTreeMap;

use bollard::models::VolumeCreateRequest;
use bollard::query_parameters::RemoveVolumeOptionsBuilder;
use serde::Deserialize;

use crate::container::is_object_name;
use crate::engine::Docker;
use crate::error::DockerError;
use crate::text::{Redactor, printable};
use crate::wire::{Call, LONG, SHORT, empty, within};

/// Checks that a text is a volume's name and no host path.
pub(crate) fn name(text: &str) -> Result<(), DockerError> {
    if is_object_name(text) {
        Ok(())
    } else {
        Err(DockerError::invalid(format!("volume `{}`", printable(text, 120)), "it is no name of a volume"))
    }
}

#[derive(Deserialize)]
struct Document {
    #[serde(default, rename = "Labels")]
    labels: Option<BTreeMap<String, String>>,
}

#[derive(Deserialize)]
struct Listed {
    #[serde(default, rename = "Volumes")]
    volumes: Option<Vec<Named>>,
}

#[derive(Deserialize)]
struct Named {
    #[serde(rename = "Name")]
    name: String,
}

/// Most volumes that are listed.
const VOLUMES_MAX: usize = 1000;

impl Docker {
    /// Makes a volume unless there is one of that name, and returns the labels that it really has: those of an older
    /// volume stay. 60 s.
    ///
    /// # Errors
    ///
    /// [`DockerError::Invalid`] for what is no name, and what may happen on the way.
    pub async fn ensure_volume(&self, volume: &str, labels: &BTreeMap<String, String>) -> Result<BTreeMap<String, String>, DockerError> {
        if let Some(there) = self.volume_labels(volume).await? {
            return Ok(there);
        }
        let what = format!("volume `{volume}`");
        let request = VolumeCreateRequest {
            name: Some(volume.to_owned()),
            driver: Some("local".to_owned()),
            labels: Some(labels.clone().into_iter().collect()),
            ..VolumeCreateRequest::default()
        };
        within(&what, SHORT, async { self.api.create_volume(request).await.map_err(|error| self.failed(&what, &error)) }).await?;
        // Somebody else may have made it meanwhile.
        Ok(self.volume_labels(volume).await?.unwrap_or_default())
    }

    /// Returns the labels of a volume, or nothing without it. 30 s.
    ///
    /// # Errors
    ///
    /// [`DockerError::Invalid`] for what is no name, and what may happen on the way.
    pub async fn volume_labels(&self, volume: &str) -> Result<Option<BTreeMap<String, String>>, DockerError> {
        name(volume)?;
        let what = format!("volume `{volume}`");
        let call = Call::get(format!("/volumes/{volume}"), &what);
        match within(&what, SHORT, self.wire.json::<Document>(call, empty(), &Redactor::default())).await {
            Ok(document) => Ok(Some(document.labels.unwrap_or_default())),
            Err(DockerError::NotFound { .. }) => Ok(None),
            Err(error) => Err(error),
        }
    }

    /// Returns the names of all volumes that have these labels with these values, sorted. 120 s.
    ///
    /// # Errors
    ///
    /// [`DockerError::Malformed`] for more than 1000, and what may happen on the way.
    pub async fn find_volumes(&self, labels: &BTreeMap<String, String>) -> Result<Vec<String>, DockerError> {
        let what = "the volumes of the engine";
        let wanted: Vec<String> = labels.iter().map(|(name, value)| format!("{name}={value}")).collect();
        let filters = serde_json::json!({ "label": wanted }).to_string();
        let call = Call::get("/volumes", what).query("filters", &filters);
        let listed: Listed = within(what, LONG, self.wire.json(call, empty(), &Redactor::default())).await?;
        let mut names: Vec<String> = listed.volumes.unwrap_or_default().into_iter().map(|volume| volume.name).collect();
        if names.len() > VOLUMES_MAX {
            return Err(DockerError::malformed(what, format!("{} have the wanted labels; at most {VOLUMES_MAX} are taken", names.len())));
        }
        names.sort();
        Ok(names)
    }

    /// Removes a volume and what is in it. 120 s.
    ///
    /// # Errors
    ///
    /// [`DockerError::Conflict`] while a container uses it, [`DockerError::NotFound`] without it.
    pub async fn remove_volume(&self, volume: &str) -> Result<(), DockerError> {
        name(volume)?;
        let what = format!("volume `{volume}`");
        let options = RemoveVolumeOptionsBuilder::new().force(false).build();
        within(&what, LONG, async { self.api.remove_volume(volume, Some(options)).await.map_err(|error| self.failed(&what, &error)) }).await
    }
}
