//! OCI registries.
//!
//! So far this crate answers one question: which credential `docker login` left for a registry host. The
//! distribution client (manifests, blobs, referrers; credentials that never leave the host they belong to) is built
//! here on top of it; until then pulls and pushes go through the Engine, which is handed the credential.
//!
//! Nothing here reads the environment or a home folder by itself: both come in as arguments.
#![forbid(unsafe_code)]
#![warn(missing_docs)]

pub mod credentials;

pub use credentials::{Credential, CredentialContext, CredentialError, credentials_for, registry_host};
