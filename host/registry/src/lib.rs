//! OCI registries: the logins of `docker login`, a client that reads, and files out of layers.
//!
//! The client is this program's own, because what others send where is not exact enough: a login never leaves the host
//! that it belongs to, every answer is bounded, every digest checked. It does not write yet: images are pushed by the
//! Engine, which is handed the login.
//!
//! Nothing here reads the environment or a home folder by itself: both come in as arguments. (The system's certificate
//! authorities are found the way OpenSSL finds them, `SSL_CERT_FILE` included.)
#![forbid(unsafe_code)]
#![warn(missing_docs)]

mod auth;
pub mod client;
pub mod credentials;
mod error;
pub mod layer;
mod origin;
mod read;
mod transport;

pub use client::{Client, ClientOptions};
pub use credentials::{Credential, CredentialContext, CredentialError, credentials_for, registry_host};
pub use error::RegistryError;
pub use read::FetchedManifest;
pub use transport::{ProxyContext, Times};
