//! Pull and push. The Engine uses the login given here, never one of its own.

use std::time::Duration;

use spawnfile_core::oci::{Digest, Reference};

use crate::auth::{self, RegistryAuth};
use crate::engine::Docker;
use crate::error::DockerError;
use crate::messages::{Message, Messages, Progress, STREAM_MAX};
use crate::text::Redactor;
use crate::wire::{Call, empty, within};

/// Time for a whole transfer.
const WHOLE: Duration = Duration::from_secs(2 * 60 * 60);
/// Time in which the Engine says nothing.
const SILENCE: Duration = Duration::from_secs(5 * 60);

impl Docker {
    /// Has the Engine pull an image: by digest where the reference has one, else by its tag, else `latest`. At most
    /// two hours, and five minutes without a word.
    ///
    /// # Errors
    ///
    /// [`DockerError::Auth`] when the registry wants another login, [`DockerError::NotFound`] when it has no such
    /// image, and what may happen on the way.
    pub async fn pull(
        &self,
        reference: &Reference,
        auth: Option<&RegistryAuth>,
        progress: &mut (dyn FnMut(Progress) + Send),
    ) -> Result<(), DockerError> {
        let what = format!("image `{reference}`");
        let (name, value, redactor) = auth::header(reference, auth)?;
        // Without a tag the Engine would pull every tag there is.
        let tag = reference.digest().map(Digest::as_str).or_else(|| reference.tag()).unwrap_or("latest");
        let call = Call::post("/images/create", &what).query("fromImage", &reference.name()).query("tag", tag);
        let call = call.header(name, value).cap(STREAM_MAX);
        within(&what, WHOLE, self.transfer(call, &redactor, progress, &mut |_| ())).await
    }

    /// Has the Engine push an image by its tag (`latest` where the reference has none) and returns its digest there:
    /// what the stream says, else what the Engine then knows of the repository. At most two hours, and five minutes
    /// without a word.
    ///
    /// # Errors
    ///
    /// [`DockerError::Invalid`] for a reference with a digest, [`DockerError::Auth`], [`DockerError::NotFound`] without
    /// such an image, and what may happen on the way.
    pub async fn push(
        &self,
        reference: &Reference,
        auth: Option<&RegistryAuth>,
        progress: &mut (dyn FnMut(Progress) + Send),
    ) -> Result<Option<Digest>, DockerError> {
        let what = format!("pushing `{reference}`");
        if reference.digest().is_some() {
            return Err(DockerError::invalid(what, "a digest cannot be pushed to"));
        }
        let (name, value, redactor) = auth::header(reference, auth)?;
        let call = Call::post(format!("/images/{}/push", reference.name()), &what).query("tag", reference.tag().unwrap_or("latest"));
        let call = call.header(name, value).cap(STREAM_MAX);
        let mut digest: Option<Digest> = None;
        let mut look = |message: &Message| {
            if let Some(found) = message.aux_text("Digest").and_then(|text| text.parse().ok()) {
                digest = Some(found);
            }
        };
        within(&what, WHOLE, self.transfer(call, &redactor, progress, &mut look)).await?;
        if digest.is_some() {
            return Ok(digest);
        }
        Ok(self.inspect_image(&reference.to_string()).await?.and_then(|image| image.digest_in(reference)))
    }

    async fn transfer(
        &self,
        call: Call<'_>,
        redactor: &Redactor,
        progress: &mut (dyn FnMut(Progress) + Send),
        look: &mut (dyn FnMut(&Message) + Send),
    ) -> Result<(), DockerError> {
        let what = call.what;
        let response = within(what, SILENCE, self.wire.call(call, empty(), redactor)).await.map_err(DockerError::of_registry)?;
        let mut messages = Messages::new(&self.wire, what, response.into_body());
        let mut heard = false;
        while let Some(message) = within(what, SILENCE, messages.next()).await? {
            heard = true;
            if let Some(failure) = message.failure() {
                let message = redactor.clean(failure);
                return Err(DockerError::Refused { what: what.to_owned(), status: 200, message }.of_registry());
            }
            look(&message);
            if let Some(step) = message.progress() {
                progress(step);
            }
        }
        if heard { Ok(()) } else { Err(DockerError::malformed(what, "the engine's answer is empty")) }
    }
}
