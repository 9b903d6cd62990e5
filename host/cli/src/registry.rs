//! The registries that a command talks to by itself: the client with this machine's settings, and what its errors mean.

use std::collections::BTreeSet;
use std::path::PathBuf;

use clap::Args;
use spawnfile_core::distribution::manifest::ManifestError;
use spawnfile_core::oci::{Platform, Reference};
use spawnfile_registry::{Client, ClientOptions, CredentialContext, ProxyContext, RegistryError, Times, registry_host};

use crate::error::CliError;
use crate::world::World;

/// Where docker keeps the authorities that registries are believed by.
const SYSTEM_CERTS: &str = "/etc/docker/certs.d";

/// How a registry is read.
#[derive(Debug, Clone, Default, Args)]
pub(crate) struct RegistryArgs {
    /// Ask no registry: what was read before has to do
    #[arg(long, help_heading = "Registry", conflicts_with_all = ["pull", "remote"])]
    pub(crate) offline: bool,
    /// Read from the registry, even if the Engine has the image
    #[arg(long, help_heading = "Registry", conflicts_with_all = ["local", "pull"])]
    pub(crate) remote: bool,
    /// Read from the Engine only
    #[arg(long, help_heading = "Registry")]
    pub(crate) local: bool,
    /// Platform to look at, of an image for several [default: this machine's]
    #[arg(long, value_name = "PLATFORM", help_heading = "Registry", conflicts_with_all = ["local", "pull"])]
    pub(crate) platform: Option<Platform>,
    /// Speak to the registry in plain HTTP, logins included
    #[arg(long, help_heading = "Registry", conflicts_with = "pull")]
    pub(crate) plain_http: bool,
    /// Host of a token service that may get the registry's login although it is another host
    #[arg(long, value_name = "HOST", help_heading = "Registry", conflicts_with = "pull")]
    pub(crate) token_realm: Vec<String>,
}

impl RegistryArgs {
    /// Returns the platform to look at.
    pub(crate) fn platform(&self) -> Result<Platform, CliError> {
        let own = || format!("linux/{}", std::env::consts::ARCH).parse();
        self.platform.map_or_else(own, Ok).map_err(|error| CliError::input_from(&error).hint("say which: --platform linux/amd64"))
    }
}

/// Returns where logins of `docker login` are found.
pub(crate) fn credential_context(world: &World) -> CredentialContext {
    CredentialContext {
        docker_config_dir: world.docker_config_dir(),
        docker_auth_config: world.env("DOCKER_AUTH_CONFIG"),
        path: world.env_os("PATH"),
    }
}

/// Makes a client for a reference's registry.
pub(crate) fn client(world: &World, args: &RegistryArgs, reference: &Reference) -> Client {
    let variable = |upper: &str| world.env(upper).or_else(|| world.env(&upper.to_ascii_lowercase()));
    let plain_http = if args.plain_http { BTreeSet::from([registry_host(reference).to_owned()]) } else { BTreeSet::new() };
    Client::new(ClientOptions {
        credentials: credential_context(world),
        certs: vec![PathBuf::from(SYSTEM_CERTS), world.docker_config_dir().join("certs.d")],
        plain_http,
        token_realms: args.token_realm.iter().map(|host| host.to_ascii_lowercase()).collect(),
        proxy: ProxyContext { https: variable("HTTPS_PROXY"), http: variable("HTTP_PROXY"), no: variable("NO_PROXY") },
        times: Times::default(),
    })
}

/// Turns a client's error into the command's, with what to do next.
pub(crate) fn failed(error: &RegistryError, reference: &Reference) -> CliError {
    use RegistryError as E;
    let host = registry_host(reference);
    match error {
        E::NotFound(_) => {
            CliError::input_from(error).hint("check the name and the tag; a registry may also hide what a login is needed for")
        }
        E::LoginNeeded { .. } => {
            CliError::failed_from(error).hint(format!("log in with `docker login {host}`; spawnfile uses docker's credentials"))
        }
        E::Denied { withheld, .. } if !withheld.is_empty() => {
            CliError::failed_from(error).hint("if that host may have the login: --token-realm <host>")
        }
        E::Denied { .. } => {
            CliError::failed_from(error).hint(format!("log in again with `docker login {host}`, as somebody who may read it"))
        }
        E::Challenge { .. } | E::Redirect { .. } => CliError::failed_from(error)
            .hint(format!("the registry `{host}` is set up in a way that is not safe to follow: ask whoever runs it")),
        E::Busy { .. } => CliError::failed_from(error).hint("try again later; with a login there is often more room"),
        E::Unreachable { .. } => CliError::failed_from(error).hint("check the name of the registry, the network and HTTPS_PROXY"),
        E::Tls { .. } => {
            CliError::failed_from(error).hint(format!("a registry with its own authority: put it at {SYSTEM_CERTS}/{host}/ca.crt"))
        }
        E::Manifest { why: ManifestError::Platform { .. }, .. } => {
            CliError::input_from(error).hint("look at one that is there: --platform")
        }
        E::Layer { .. } | E::Unpack { .. } => through_engine(CliError::input_from(error), reference),
        E::Manifest { .. } | E::TooLarge { .. } | E::Size { .. } | E::Digest { .. } | E::Setting(_) | E::Credential(_) => {
            CliError::input_from(error)
        }
        _ => CliError::failed_from(error),
    }
}

/// Says how to read an image that cannot be read directly.
pub(crate) fn through_engine(error: CliError, reference: &Reference) -> CliError {
    error.hint(format!("an Engine reads it by pulling the whole image: `spawnfile status {reference} --pull`"))
}
