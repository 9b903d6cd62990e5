//! The Docker Engine driver: facts and effects, no judgement. The only crate that knows bollard.
//!
//! Every call has a deadline and every answer a cap, in bytes read from the connection ([`wire`]). bollard makes the
//! small requests and has the request types; it does not do the rest, for reasons that were measured or read:
//! - its JSON-line and log decoders buffer without bound, so streams are read here ([`messages`], [`frames`]);
//! - it logs request bodies and decoded answers, so what carries secrets (create, archives) or the environment of a
//!   container (inspect) does not pass through it;
//! - it encodes registry credentials with the wrong base64 alphabet, so that header is made here ([`auth`]);
//! - it loses the API version when it joins paths, so [`wire`] puts the version in.
//!
//! Refuses: Engines older than API 1.41, endpoints over ssh, named pipes or TLS (by name), images by a name that can
//! move where something is created from them, host paths as mounts, and reading the process's environment: what
//! decides the endpoint is given in [`EndpointRequest`].
#![forbid(unsafe_code)]
#![warn(missing_docs)]

mod auth;
mod build;
mod container;
mod context;
mod create;
mod deliver;
mod endpoint;
mod engine;
mod error;
mod exec;
mod extract;
mod frames;
mod given;
mod image;
mod logs;
mod messages;
mod network;
mod observe;
mod text;
mod transfer;
mod volume;
mod wire;

pub use auth::RegistryAuth;
pub use build::BuildContext;
pub use create::CreateExtras;
pub use endpoint::{Endpoint, EndpointError, EndpointRequest, EndpointSource};
pub use engine::Docker;
pub use error::DockerError;
pub use exec::ExecOutput;
pub use extract::FileWanted;
pub use frames::Channel;
pub use image::ImageInspection;
pub use logs::LogsWanted;
pub use messages::Progress;
