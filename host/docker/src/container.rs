//! The life of a container that exists.

use std::time::Duration;

use bollard::errors::Error;
use bollard::models::{ContainerUpdateBody, RestartPolicy, RestartPolicyNameEnum};
use bollard::query_parameters::{
    KillContainerOptionsBuilder, RemoveContainerOptionsBuilder, RenameContainerOptionsBuilder, StopContainerOptionsBuilder,
    WaitContainerOptionsBuilder,
};
use futures_util::StreamExt as _;

use crate::engine::Docker;
use crate::error::DockerError;
use crate::text::printable;
use crate::wire::{LONG, SHORT, within};

/// Checks that a text is an id or name of a container, so that it stays one part of a path.
pub(crate) fn name(text: &str) -> Result<(), DockerError> {
    if is_object_name(text) {
        Ok(())
    } else {
        Err(DockerError::invalid(format!("container `{}`", printable(text, 120)), "it is no name or id of a container"))
    }
}

/// `[A-Za-z0-9][A-Za-z0-9_.-]*`, at most 255 bytes: what containers, volumes and networks can be called.
pub(crate) fn is_object_name(text: &str) -> bool {
    text.len() <= 255
        && text.bytes().next().is_some_and(|b| b.is_ascii_alphanumeric())
        && text.bytes().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'_' | b'.' | b'-'))
}

impl Docker {
    /// Starts a container; one that runs stays as it is. 120 s.
    ///
    /// # Errors
    ///
    /// [`DockerError::NotFound`] without it, [`DockerError::Refused`] when its process cannot be started or a port is
    /// taken.
    pub async fn start(&self, container: &str) -> Result<(), DockerError> {
        self.effect(container, LONG, self.api.start_container(container, None)).await
    }

    /// Stops a container: its stop signal, and after `grace` (rounded up to seconds) the end. One that does not run
    /// stays as it is. 60 s beyond the grace.
    ///
    /// # Errors
    ///
    /// [`DockerError::NotFound`] without it.
    pub async fn stop(&self, container: &str, grace: Duration) -> Result<(), DockerError> {
        let seconds = grace.as_secs() + u64::from(grace.subsec_nanos() > 0);
        let options = StopContainerOptionsBuilder::new().t(i32::try_from(seconds).unwrap_or(i32::MAX)).build();
        let after = grace.saturating_add(Duration::from_secs(60));
        self.effect(container, after, self.api.stop_container(container, Some(options))).await
    }

    /// Sends a signal (`SIGTERM`) to the first process of a container. 30 s.
    ///
    /// # Errors
    ///
    /// [`DockerError::NotFound`] without it, [`DockerError::Conflict`] when it does not run, [`DockerError::Invalid`]
    /// for what is no signal's name.
    pub async fn kill(&self, container: &str, signal: &str) -> Result<(), DockerError> {
        if signal.is_empty() || !signal.bytes().all(|b| b.is_ascii_uppercase() || b.is_ascii_digit() || b == b'+' || b == b'-') {
            return Err(DockerError::invalid(format!("signal `{}`", printable(signal, 40)), "it is no name of a signal"));
        }
        let options = KillContainerOptionsBuilder::new().signal(signal).build();
        self.effect(container, SHORT, self.api.kill_container(container, Some(options))).await
    }

    /// Gives a container another name. 30 s.
    ///
    /// # Errors
    ///
    /// [`DockerError::NotFound`] without it, [`DockerError::Conflict`] when the name is in use.
    pub async fn rename(&self, container: &str, new_name: &str) -> Result<(), DockerError> {
        name(new_name)?;
        let options = RenameContainerOptionsBuilder::new().name(new_name).build();
        self.effect(container, SHORT, self.api.rename_container(container, options)).await
    }

    /// Removes a container; `force` kills it first, `volumes` removes its anonymous volumes (never named ones). 120 s.
    ///
    /// # Errors
    ///
    /// [`DockerError::NotFound`] without it, [`DockerError::Conflict`] when it runs and is not forced, or is being
    /// removed already.
    pub async fn remove(&self, container: &str, force: bool, volumes: bool) -> Result<(), DockerError> {
        let options = RemoveContainerOptionsBuilder::new().force(force).v(volumes).build();
        self.effect(container, LONG, self.api.remove_container(container, Some(options))).await
    }

    /// Sets the restart policy: `no`, `on-failure` or `unless-stopped`. 30 s.
    ///
    /// # Errors
    ///
    /// [`DockerError::Invalid`] for another word, [`DockerError::NotFound`] without the container.
    pub async fn set_restart_policy(&self, container: &str, policy: &str) -> Result<(), DockerError> {
        let word = match policy {
            "no" => RestartPolicyNameEnum::NO,
            "on-failure" => RestartPolicyNameEnum::ON_FAILURE,
            "unless-stopped" => RestartPolicyNameEnum::UNLESS_STOPPED,
            other => {
                let what = format!("restart policy `{}`", printable(other, 80));
                return Err(DockerError::invalid(what, "it is none of no, on-failure, unless-stopped"));
            }
        };
        let update = ContainerUpdateBody {
            restart_policy: Some(RestartPolicy { name: Some(word), maximum_retry_count: None }),
            ..ContainerUpdateBody::default()
        };
        self.effect(container, SHORT, self.api.update_container(container, update)).await
    }

    /// Waits until a container does not run and returns its exit code, or nothing when it still runs after `longest`.
    ///
    /// # Errors
    ///
    /// [`DockerError::NotFound`] without it.
    pub async fn wait_exit(&self, container: &str, longest: Duration) -> Result<Option<i32>, DockerError> {
        name(container)?;
        let what = format!("container `{container}`");
        let options = WaitContainerOptionsBuilder::new().condition("not-running").build();
        let mut answers = std::pin::pin!(self.api.wait_container(container, Some(options)));
        let code = match tokio::time::timeout(longest, answers.next()).await {
            Err(_) => return Ok(None),
            Ok(None) => return Err(DockerError::malformed(what, "the engine's answer is empty")),
            // bollard counts an exit code above zero as an error.
            Ok(Some(Err(Error::DockerContainerWaitError { code, error }))) if error.is_empty() => code,
            Ok(Some(Err(Error::DockerContainerWaitError { error, .. }))) => {
                return Err(DockerError::malformed(what, printable(&error, 400)));
            }
            Ok(Some(Err(error))) => return Err(self.failed(&what, &error)),
            Ok(Some(Ok(answer))) => answer.status_code,
        };
        i32::try_from(code).map(Some).map_err(|_| DockerError::malformed(what, "its exit code is out of range"))
    }

    /// Runs one effect on a container. The name is checked before the request is made.
    async fn effect<T>(&self, container: &str, after: Duration, call: impl Future<Output = Result<T, Error>>) -> Result<(), DockerError> {
        name(container)?;
        let what = format!("container `{container}`");
        within(&what, after, async { call.await.map(drop).map_err(|error| self.failed(&what, &error)) }).await
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_stay_one_part_of_a_path() {
        for bad in ["", "-a", "../x", "a/b", "a?b", "a b", ".", "ä", "a%2fb"] {
            assert!(name(bad).is_err(), "{bad}");
        }
        for good in ["a", "spawnfile-x_1.previous-ab12", "0123456789abcdef"] {
            assert!(name(good).is_ok(), "{good}");
        }
    }
}
