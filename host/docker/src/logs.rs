//! A container's output: its end, or all of it as it comes.

use http_body_util::BodyExt as _;

use crate::container::name;
use crate::engine::Docker;
use crate::error::{DockerError, cause};
use crate::frames::{Channel, Frames};
use crate::text::Redactor;
use crate::wire::{Call, SHORT, empty, within};

/// Most lines that are asked for.
const LINES_MAX: u32 = 10_000;
/// Cap of the answer, in bytes: the Engine cuts lines at 16 KiB.
const ANSWER_MAX: u64 = 160 * 1024 * 1024;

/// How much of a container's output is wanted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct LogsWanted {
    /// Only the last so many lines of what there is, at most 10,000; all of it without.
    pub tail: Option<u32>,
    /// Whether to wait for what comes, until the container ends.
    pub follow: bool,
}

impl Docker {
    /// Hands on both outputs as they come, until their end or until the caller stops waiting. The bytes are the
    /// program's: escape them before they are shown. No deadline and no cap: nothing is kept here.
    ///
    /// # Errors
    ///
    /// [`DockerError::NotFound`] without the container, [`DockerError::Refused`] where its log driver keeps nothing.
    pub async fn logs(
        &self,
        container: &str,
        wanted: LogsWanted,
        give: &mut (dyn FnMut(Channel, &[u8]) + Send),
    ) -> Result<(), DockerError> {
        name(container)?;
        let what = format!("logs of container `{container}`");
        let tail = wanted.tail.map_or_else(|| "all".to_owned(), |lines| lines.min(LINES_MAX).to_string());
        let call = Call::get(format!("/containers/{container}/logs"), &what)
            .query("stdout", "1")
            .query("stderr", "1")
            .query("tail", &tail)
            .query("follow", if wanted.follow { "1" } else { "0" })
            .cap(u64::MAX);
        let mut body = within(&what, SHORT, self.wire.call(call, empty(), &Redactor::default())).await?.into_body();
        let mut frames = Frames::new();
        while let Some(frame) = body.frame().await {
            let frame = frame.map_err(|error| self.wire.broken(&what, &error))?;
            frames.push(frame.data_ref().map_or(&[], |data| data.as_ref()), &mut *give);
        }
        frames.finish(give);
        Ok(())
    }

    /// Returns the last `lines` (at most 10000) of both outputs together, of these the last `max_bytes`. The bytes are
    /// the program's: escape them before they are shown. 30 s.
    ///
    /// # Errors
    ///
    /// [`DockerError::NotFound`] without the container, [`DockerError::Refused`] where its log driver keeps nothing.
    pub async fn logs_tail(&self, container: &str, lines: u32, max_bytes: usize) -> Result<Vec<u8>, DockerError> {
        name(container)?;
        let what = format!("logs of container `{container}`");
        let call = Call::get(format!("/containers/{container}/logs"), &what)
            .query("stdout", "1")
            .query("stderr", "1")
            .query("tail", &lines.min(LINES_MAX).to_string())
            .cap(ANSWER_MAX);
        within(&what, SHORT, async {
            let mut body = self.wire.call(call, empty(), &Redactor::default()).await?.into_body();
            let mut kept: Vec<u8> = Vec::new();
            let mut keep = |_, content: &[u8]| {
                kept.extend(content);
                // Cut in steps, so that keeping the end costs no more than reading it.
                if kept.len() > max_bytes.saturating_mul(2).saturating_add(64 * 1024) {
                    kept.drain(..kept.len() - max_bytes);
                }
            };
            let mut frames = Frames::new();
            while let Some(frame) = body.frame().await {
                match frame {
                    Ok(frame) => frames.push(frame.data_ref().map_or(&[], |data| data.as_ref()), &mut keep),
                    // More than can be: the beginning of an end is better than none.
                    Err(error) if cause(&error).1 => break,
                    Err(error) => return Err(self.wire.broken(&what, &error)),
                }
            }
            frames.finish(&mut keep);
            kept.drain(..kept.len().saturating_sub(max_bytes));
            Ok(kept)
        })
        .await
    }
}
