//! What can go wrong between here and the Engine. Every text names the object or the endpoint; what the Engine said
//! is bounded, escaped and free of the secrets of the request.

use std::time::Duration;

use crate::endpoint::EndpointError;
use crate::text::{MESSAGE_MAX, printable};

/// Why a call did not do what it was asked to.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum DockerError {
    /// No endpoint follows from what was asked for.
    #[error(transparent)]
    Endpoint(#[from] EndpointError),
    /// The Engine cannot be reached, or went away before its answer was complete.
    #[error("the docker engine at {endpoint} does not answer: {why}")]
    Unreachable {
        /// Endpoint and how it was chosen.
        endpoint: String,
        /// What happened.
        why: String,
    },
    /// The Engine speaks no API version that is supported.
    #[error("the docker engine at {endpoint} speaks API {found}; 1.41 or newer is needed (Engine 20.10)")]
    Version {
        /// Endpoint and how it was chosen.
        endpoint: String,
        /// The newest version that it speaks.
        found: String,
    },
    /// The object does not exist.
    #[error("{what} does not exist: {message}")]
    NotFound {
        /// The object.
        what: String,
        /// What the Engine said.
        message: String,
    },
    /// The object is in a state, or a name in a use, that does not allow it.
    #[error("{what} is in conflict with what is there: {message}")]
    Conflict {
        /// The object.
        what: String,
        /// What the Engine said.
        message: String,
    },
    /// The Engine refused, or failed while it did what was asked.
    #[error("{what}: the docker engine answers {status}: {message}")]
    Refused {
        /// The object.
        what: String,
        /// Status of the answer; 200 when the refusal came in the stream of an answer that had begun well.
        status: u16,
        /// What the Engine said.
        message: String,
    },
    /// The registry wants other credentials, or any.
    #[error("{what}: the registry refuses the login or wants one: {message}")]
    Auth {
        /// The image.
        what: String,
        /// What the Engine said.
        message: String,
    },
    /// It took too long.
    #[error("{what} took longer than {} s", .after.as_secs())]
    Deadline {
        /// The object.
        what: String,
        /// The time that it had.
        after: Duration,
    },
    /// The answer is not what an Engine answers, or not what may be taken.
    #[error("{what}: {why}")]
    Malformed {
        /// The object.
        what: String,
        /// What is wrong.
        why: String,
    },
    /// A build failed.
    #[error("building {what} failed: {message}")]
    Build {
        /// The image.
        what: String,
        /// What the Engine said.
        message: String,
        /// The last lines of the output of the steps, at most 4 KiB.
        output: String,
    },
    /// The request is refused before it is sent.
    #[error("{what} is refused: {why}")]
    Invalid {
        /// The object.
        what: String,
        /// What is wrong.
        why: String,
    },
    /// A file or folder of this machine cannot be read.
    #[error("`{path}`: {why}")]
    Local {
        /// Path as given.
        path: String,
        /// What is wrong.
        why: String,
    },
}

impl DockerError {
    /// Returns whether the object was not there.
    pub const fn is_not_found(&self) -> bool {
        matches!(self, Self::NotFound { .. })
    }

    pub(crate) fn invalid(what: impl Into<String>, why: impl Into<String>) -> Self {
        Self::Invalid { what: what.into(), why: why.into() }
    }

    pub(crate) fn malformed(what: impl Into<String>, why: impl Into<String>) -> Self {
        Self::Malformed { what: what.into(), why: why.into() }
    }

    /// Returns the error for a refusal. `message` is already clean.
    pub(crate) fn from_status(what: &str, status: u16, message: String) -> Self {
        let what = what.to_owned();
        match status {
            // A proxy's page is no statement of an Engine about the object.
            _ if message.starts_with('<') => Self::Refused { what, status, message },
            404 => Self::NotFound { what, message },
            409 => Self::Conflict { what, message },
            _ => Self::Refused { what, status, message },
        }
    }

    /// Turns a refusal into what the registry behind the Engine meant.
    pub(crate) fn of_registry(self) -> Self {
        let (Self::Refused { what, message, .. } | Self::NotFound { what, message }) = &self else { return self };
        let said = message.to_lowercase();
        let login = [
            "no basic auth credentials",
            "unauthorized",
            "authentication required",
            "incorrect username or password",
            "access denied",
            "requested access to the resource is denied",
            "403 forbidden",
        ];
        if login.iter().any(|part| said.contains(part)) || said.trim() == "denied" || said.starts_with("denied:") {
            return Self::Auth { what: what.clone(), message: message.clone() };
        }
        if said.contains("manifest unknown") || said.contains("name unknown") {
            return Self::NotFound { what: what.clone(), message: message.clone() };
        }
        self
    }
}

/// An answer that is longer than it may be; travels through hyper as the source of its error.
#[derive(Debug, thiserror::Error)]
#[error("the answer is longer than {0} bytes")]
pub(crate) struct TooLong(pub(crate) u64);

/// Returns the deepest cause, which is the one that says something, and whether the answer was too long.
pub(crate) fn cause(error: &(dyn std::error::Error + 'static)) -> (String, bool) {
    let mut current = error;
    let mut too_long = false;
    loop {
        if let Some(io) = current.downcast_ref::<std::io::Error>()
            && let Some(inner) = io.get_ref()
        {
            too_long |= inner.is::<TooLong>();
        }
        match current.source() {
            Some(source) => current = source,
            None => break,
        }
    }
    let text = current.to_string();
    // `TooLong` may be hidden in an error that was made from the text of another one.
    too_long |= text.starts_with("the answer is longer than");
    (printable(&text, MESSAGE_MAX), too_long)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn missing_credentials_are_told_from_other_failures() {
        let refused = |status, message: &str| DockerError::from_status("image `a`", status, message.to_owned()).of_registry();
        assert!(matches!(refused(500, "Get http://127.0.0.1:5000/v2/: no basic auth credentials"), DockerError::Auth { .. }));
        assert!(matches!(
            refused(404, "pull access denied for a, repository does not exist or may require 'docker login'"),
            DockerError::Auth { .. }
        ));
        assert!(matches!(refused(200, "denied: permission_denied: write_package"), DockerError::Auth { .. }));
        assert!(matches!(refused(404, "manifest for a:1 not found: manifest unknown"), DockerError::NotFound { .. }));
        assert!(matches!(refused(500, "manifest unknown"), DockerError::NotFound { .. }));
        assert!(matches!(refused(500, "disk full"), DockerError::Refused { status: 500, .. }));
        assert!(matches!(refused(404, "<html>proxy</html>"), DockerError::Refused { status: 404, .. }));
    }
}
