//! What can go wrong with a registry. Every text names the thing, is bounded and fit to show, and holds no credential.

use spawnfile_core::archive::layer::LayerError;
use spawnfile_core::distribution::challenge::ChallengeError;
use spawnfile_core::distribution::manifest::ManifestError;
use spawnfile_core::oci::Digest;

use crate::credentials::CredentialError;

/// Why something could not be read from a registry.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum RegistryError {
    /// The registry does not have it.
    #[error("{0} is not in the registry")]
    NotFound(String),
    /// The registry wants a login, and there is none.
    #[error("`{host}` wants a login for {what}, and there is none")]
    LoginNeeded {
        /// Registry host.
        host: String,
        /// What was asked for.
        what: String,
    },
    /// The login does not suffice, or is wrong.
    #[error("`{host}` does not give {what}{said}{withheld}")]
    Denied {
        /// Registry host.
        host: String,
        /// What was asked for.
        what: String,
        /// What it said: empty, or `: text`.
        said: String,
        /// Empty, or that the login was not sent to a token service and why.
        withheld: String,
    },
    /// It asks for a login in a way that is not followed.
    #[error("`{host}` asks for a login in a way that is not followed: {why}")]
    Challenge {
        /// Registry host.
        host: String,
        /// Why not.
        why: String,
    },
    /// It sends on in a way that is not followed.
    #[error("`{host}` redirects in a way that is not followed: {why}")]
    Redirect {
        /// Host that redirected.
        host: String,
        /// Why not.
        why: String,
    },
    /// It is overloaded, or limits requests.
    #[error("`{host}` takes no more requests now{}", wait.map_or_else(String::new, |wait| format!(": it says to wait {wait} s")))]
    Busy {
        /// Registry host.
        host: String,
        /// Seconds that it says to wait.
        wait: Option<u64>,
    },
    /// Another status than was expected.
    #[error("`{host}` answered {status} when asked for {what}{said}")]
    Status {
        /// Host.
        host: String,
        /// HTTP status.
        status: u16,
        /// What was asked for.
        what: String,
        /// What it said: empty, or `: text`.
        said: String,
    },
    /// No connection.
    #[error("`{host}` cannot be reached: {why}")]
    Unreachable {
        /// Host.
        host: String,
        /// Why not.
        why: String,
    },
    /// No secure connection.
    #[error("no secure connection to `{host}`: {why}")]
    Tls {
        /// Host.
        host: String,
        /// Why not.
        why: String,
    },
    /// The connection broke, or what came is no HTTP.
    #[error("`{host}` does not answer properly when asked for {what}: {why}")]
    Broken {
        /// Host.
        host: String,
        /// What was asked for.
        what: String,
        /// What is wrong.
        why: String,
    },
    /// It takes too long.
    #[error("`{host}` takes too long with {what}")]
    Slow {
        /// Host.
        host: String,
        /// What was asked for.
        what: String,
    },
    /// More bytes than are read.
    #[error("{what} has more than the {max} bytes that are read")]
    TooLarge {
        /// What.
        what: String,
        /// How many may be.
        max: u64,
    },
    /// Other bytes than were asked for.
    #[error("{what} is not what was asked for: its digest is {found} instead of {expected}")]
    Digest {
        /// What.
        what: String,
        /// Wanted digest.
        expected: Digest,
        /// Digest of what came.
        found: Digest,
    },
    /// Another size than the manifest says.
    #[error("{what} has not the {expected} bytes that its manifest says")]
    Size {
        /// What.
        what: String,
        /// Announced size.
        expected: u64,
    },
    /// A manifest that is refused.
    #[error("{what}: {}", spawnfile_core::display::escape(&why.to_string()))]
    Manifest {
        /// What.
        what: String,
        /// Why.
        why: ManifestError,
    },
    /// A layer that is not read.
    #[error("{what} is not read: {why}")]
    Layer {
        /// What.
        what: String,
        /// Why.
        why: LayerError,
    },
    /// A layer that does not unpack.
    #[error("{what} does not unpack: {why}")]
    Unpack {
        /// What.
        what: String,
        /// Why.
        why: String,
    },
    /// A setting of the user's that cannot be used.
    #[error("{0}")]
    Setting(String),
    /// The login could not be looked up.
    #[error(transparent)]
    Credential(#[from] CredentialError),
}

impl RegistryError {
    /// A challenge that is not understood.
    pub(crate) fn challenge(host: &str, error: ChallengeError) -> Self {
        Self::Challenge { host: host.to_owned(), why: error.to_string() }
    }
}
