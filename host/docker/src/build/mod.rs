//! Builds by the Engine's classic builder, from a folder that is streamed as a tar archive while it is read.
//!
//! Refuses contexts with anything but files, folders and symbolic links. No ignore file is honoured, owners and times
//! are fixed, and entries are sorted: equal folders give equal archives.

mod folder;

use std::path::PathBuf;
use std::time::Duration;

use hyper::header::{CONTENT_TYPE, HeaderValue};
use spawnfile_core::oci::{Digest, Platform, Reference};

use crate::engine::Docker;
use crate::error::DockerError;
use crate::messages::{Messages, Progress, STREAM_MAX};
use crate::text::{Redactor, printable};
use crate::wire::{BodyOf, Call, within};

/// Time for a whole build.
const WHOLE: Duration = Duration::from_secs(2 * 60 * 60);
/// Time that the reader of the folder has to notice that nobody wants its bytes any more.
const ARCHIVER_END: Duration = Duration::from_secs(5);
/// Output kept for the error, in bytes.
const OUTPUT_MAX: usize = 4096;
/// What the Engine says when an image that a step was cached as went away while the build was using it.
const LOST: [&str; 4] = ["failed to get digest sha256:", "layer does not exist", "unknown parent image ID", "No such image: sha256:"];

/// What is built: a folder with a `Dockerfile` at its top.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BuildContext {
    /// The folder.
    pub directory: PathBuf,
    /// Time of every entry, in seconds since 1970.
    pub modified_unix_s: u64,
}

impl BuildContext {
    /// Returns a context with all times at the epoch.
    pub fn new(directory: impl Into<PathBuf>) -> Self {
        Self { directory: directory.into(), modified_unix_s: 0 }
    }
}

impl Docker {
    /// Builds an image and returns its id. Intermediate containers are removed, base images are not pulled anew. When the
    /// Engine loses a layer of its cache on the way (somebody removed an image), it builds once more without the cache.
    /// At most two hours each.
    ///
    /// # Errors
    ///
    /// [`DockerError::Build`] with the last output when a step fails, [`DockerError::Local`] when the folder cannot be
    /// read, [`DockerError::Invalid`] for a tag with a digest, and what may happen on the way.
    pub async fn build(
        &self,
        context: &BuildContext,
        tag: Option<&Reference>,
        platform: Option<Platform>,
        progress: &mut (dyn FnMut(Progress) + Send),
    ) -> Result<Digest, DockerError> {
        let shown = tag.map_or_else(|| "an image without a name".to_owned(), |tag| format!("`{tag}`"));
        if tag.is_some_and(|tag| tag.digest().is_some()) {
            return Err(DockerError::invalid(shown, "a digest cannot be given to an image"));
        }
        match self.build_once(context, tag, platform, true, &shown, progress).await {
            Err(DockerError::Build { message, .. }) if LOST.iter().any(|lost| message.contains(lost)) => {
                self.build_once(context, tag, platform, false, &shown, progress).await
            }
            built => built,
        }
    }

    async fn build_once(
        &self,
        context: &BuildContext,
        tag: Option<&Reference>,
        platform: Option<Platform>,
        cached: bool,
        shown: &str,
        progress: &mut (dyn FnMut(Progress) + Send),
    ) -> Result<Digest, DockerError> {
        let what = format!("building {shown}");
        let mut call = Call::post("/build", &what).cap(STREAM_MAX).header(CONTENT_TYPE, HeaderValue::from_static("application/x-tar"));
        for (name, value) in [("version", "1"), ("rm", "1"), ("forcerm", "1"), ("dockerfile", "Dockerfile")] {
            call = call.query(name, value);
        }
        if !cached {
            call = call.query("nocache", "1");
        }
        if let Some(tag) = tag {
            call = call.query("t", &tag.to_string());
        }
        if let Some(platform) = platform {
            call = call.query("platform", &platform.to_string());
        }
        let (body, archived) = folder::archive(context.clone());
        let built = within(&what, WHOLE, self.steps(call, body, shown, progress)).await;
        // A folder that cannot be read breaks the request off; the reason is the better error.
        if built.is_err()
            && let Ok(Ok(Err(local))) = tokio::time::timeout(ARCHIVER_END, archived).await
        {
            return Err(local);
        }
        match built? {
            Built::Id(id) => Ok(id),
            Built::Short(short) => {
                let image = self.inspect_image(&short).await?;
                image.map(|image| image.id).ok_or_else(|| DockerError::malformed(what, "the built image is not there"))
            }
        }
    }

    async fn steps(
        &self,
        call: Call<'_>,
        body: BodyOf,
        shown: &str,
        progress: &mut (dyn FnMut(Progress) + Send),
    ) -> Result<Built, DockerError> {
        let what = call.what;
        let response = self.wire.call(call, body, &Redactor::default()).await?;
        let mut messages = Messages::new(&self.wire, what, response.into_body());
        let mut output = String::new();
        let mut built = None;
        while let Some(message) = messages.next().await? {
            if let Some(failure) = message.failure() {
                let message = printable(failure, 600);
                return Err(DockerError::Build { what: shown.to_owned(), message, output });
            }
            if let Some(id) = message.aux_text("ID").and_then(|id| id.parse().ok()) {
                built = Some(Built::Id(id));
            }
            if let Some(text) = &message.stream {
                if let Some(short) = text.trim().strip_prefix("Successfully built ")
                    && built.is_none()
                {
                    built = Some(Built::Short(short.to_owned()));
                }
                keep(&mut output, text);
            }
            if let Some(step) = message.progress() {
                progress(step);
            }
        }
        built.ok_or_else(|| DockerError::malformed(what, "the engine's answer ends without an image"))
    }
}

/// What a build gave.
enum Built {
    Id(Digest),
    /// The first digits of the id, from Engines that say no more.
    Short(String),
}

/// Appends printable text and keeps the last [`OUTPUT_MAX`] bytes.
fn keep(output: &mut String, text: &str) {
    for line in text.lines().filter(|line| !line.trim().is_empty()) {
        output.push_str(&printable(line, 400));
        output.push('\n');
    }
    if output.len() > OUTPUT_MAX {
        let cut = (output.len() - OUTPUT_MAX..=output.len()).find(|at| output.is_char_boundary(*at)).unwrap_or(output.len());
        output.drain(..cut);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_end_of_the_output_is_kept() {
        let mut output = String::new();
        for number in 0..2000 {
            keep(&mut output, &format!("Step {number} \u{1b}[0mé\n"));
        }
        assert!(output.len() <= OUTPUT_MAX && output.ends_with("Step 1999 \\u{1b}[0mé\n"), "{output}");
    }
}
