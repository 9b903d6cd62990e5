//! The connection to one Engine.

use std::sync::Arc;
use std::time::Duration;

use bollard::errors::Error;

use crate::endpoint::Endpoint;
use crate::error::DockerError;
use crate::text::Redactor;
use crate::wire::{Call, DOCUMENT_MAX, Wire, empty, within};

/// Oldest API version that is spoken (Engine 20.10).
const OLDEST: (u32, u32) = (1, 41);
/// Time that an Engine has to say who it is.
const PING: Duration = Duration::from_secs(5);
/// Longest time that bollard waits by itself, in seconds: every call has its own shorter deadline.
const BOLLARD_WAIT: u64 = 24 * 60 * 60;

/// An Engine that has answered. Cheap to clone.
#[derive(Debug, Clone)]
pub struct Docker {
    pub(crate) wire: Arc<Wire>,
    pub(crate) api: bollard::Docker,
    version: (u32, u32),
}

impl Docker {
    /// Asks the Engine for its API version (at most 5 s) and settles on the newest that both speak.
    ///
    /// # Errors
    ///
    /// [`DockerError::Unreachable`] and [`DockerError::Deadline`] when nothing answers, [`DockerError::Malformed`]
    /// when what answers is no Engine, [`DockerError::Version`] when it is too old. Each names the endpoint and how
    /// it was chosen.
    pub async fn connect(endpoint: &Endpoint) -> Result<Self, DockerError> {
        let wire = Arc::new(Wire::new(endpoint));
        let what = format!("the docker engine at {}", endpoint.describe());
        let found = within(&format!("asking {what} for its version"), PING, ping(&wire, &what)).await?;
        if found < OLDEST {
            return Err(DockerError::Version { endpoint: endpoint.describe(), found: format!("{}.{}", found.0, found.1) });
        }
        let ours = bollard::API_DEFAULT_VERSION;
        let newest = (u32::try_from(ours.major_version).unwrap_or(1), u32::try_from(ours.minor_version).unwrap_or(41));
        let version = found.min(newest);
        wire.set_version(version);
        let below = Arc::clone(&wire);
        let api = bollard::Docker::connect_with_custom_transport(
            move |request| {
                let wire = Arc::clone(&below);
                async move { wire.send(request, DOCUMENT_MAX).await }
            },
            Some("http://docker"),
            BOLLARD_WAIT,
            ours,
        )
        .map_err(|error| wire.broken(&what, &error))?;
        Ok(Self { wire, api, version })
    }

    /// Returns endpoint and how it was chosen, for people.
    pub fn describe(&self) -> &str {
        self.wire.endpoint()
    }

    /// Returns the API version that is spoken, major and minor.
    pub const fn api_version(&self) -> (u32, u32) {
        self.version
    }

    /// Turns an error of bollard into ours.
    pub(crate) fn failed(&self, what: &str, error: &Error) -> DockerError {
        match error {
            Error::DockerResponseServerError { status_code, message } => {
                DockerError::from_status(what, *status_code, Redactor::default().clean(message))
            }
            Error::DockerStreamError { error } => DockerError::from_status(what, 200, Redactor::default().clean(error)),
            Error::RequestTimeoutError => DockerError::Deadline { what: what.to_owned(), after: Duration::from_secs(BOLLARD_WAIT) },
            Error::JsonDataError { column, .. } => {
                DockerError::malformed(what, format!("the engine's answer is no document of the wanted form (column {column})"))
            }
            Error::JsonSerdeError { err } => {
                DockerError::malformed(what, format!("the engine's answer is no document of the wanted form (column {})", err.column()))
            }
            other => self.wire.broken(what, other),
        }
    }
}

async fn ping(wire: &Wire, what: &str) -> Result<(u32, u32), DockerError> {
    let response = wire.call(Call::get("/_ping", what).cap(64 * 1024), empty(), &Redactor::default()).await?;
    let stated = response.headers().get("api-version").and_then(|value| value.to_str().ok());
    stated
        .and_then(parse_version)
        .ok_or_else(|| DockerError::malformed(what, "what answers there is no docker engine: it states no API version"))
}

fn parse_version(text: &str) -> Option<(u32, u32)> {
    let (major, minor) = text.trim().split_once('.')?;
    Some((major.parse().ok()?, minor.parse().ok()?))
}
