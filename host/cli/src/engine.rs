//! The Engine that a command talks to, and the registry logins it hands to it.

use clap::Args;
use spawnfile_core::deployment::record::{TargetRef, endpoint_fingerprint};
use spawnfile_core::oci::Reference;
use spawnfile_docker::{Docker, DockerError, Endpoint, EndpointRequest, EndpointSource, RegistryAuth};
use spawnfile_registry::credentials::{Credential, credentials_for, registry_host};

use crate::error::CliError;
use crate::world::World;

/// Which Engine to talk to. Without either: DOCKER_HOST, DOCKER_CONTEXT, docker's current context, the default socket.
#[derive(Debug, Clone, Default, Args)]
pub(crate) struct EngineArgs {
    /// Docker context to use
    #[arg(long, value_name = "NAME", help_heading = "Engine", conflicts_with = "host")]
    pub(crate) context: Option<String>,
    /// Engine address to use (unix:///path or tcp://host:port)
    #[arg(long, value_name = "ADDRESS", help_heading = "Engine")]
    pub(crate) host: Option<String>,
}

/// An Engine that answered.
#[derive(Debug)]
pub(crate) struct Engine {
    /// The driver.
    pub(crate) docker: Docker,
    /// Where it is, and how that was decided.
    pub(crate) endpoint: Endpoint,
}

/// Decides the endpoint by docker's own rules.
pub(crate) fn endpoint(world: &World, args: &EngineArgs) -> Result<Endpoint, CliError> {
    let request = EndpointRequest {
        context: args.context.clone(),
        host: args.host.clone(),
        env_docker_host: world.env("DOCKER_HOST"),
        env_docker_context: world.env("DOCKER_CONTEXT"),
        docker_config_dir: world.docker_config_dir(),
        env_docker_tls_verify: world.env("DOCKER_TLS_VERIFY").is_some(),
    };
    Endpoint::resolve(&request).map_err(|error| CliError::input_from(&error))
}

/// Connects to the Engine and negotiates the API version.
pub(crate) async fn connect(world: &World, args: &EngineArgs) -> Result<Engine, CliError> {
    connect_to(endpoint(world, args)?).await
}

/// Connects to a decided endpoint.
pub(crate) async fn connect_to(endpoint: Endpoint) -> Result<Engine, CliError> {
    let docker = Docker::connect(&endpoint).await.map_err(|error| {
        CliError::failed_from(&error)
            .hint("is the Docker Engine running? `docker version` tells; another one is named by --context or DOCKER_HOST")
    })?;
    Ok(Engine { docker, endpoint })
}

/// Returns the login that `docker login` stored for the reference's registry, if any.
pub(crate) async fn registry_auth(world: &World, reference: &Reference) -> Result<Option<RegistryAuth>, CliError> {
    let context = crate::registry::credential_context(world);
    let credential = credentials_for(registry_host(reference), &context).await.map_err(|error| CliError::input_from(&error))?;
    Ok(credential.map(|credential| match credential {
        Credential::Basic { username, password } => RegistryAuth::Basic { username, password },
        Credential::IdentityToken(token) => RegistryAuth::IdentityToken(token),
        Credential::RegistryToken(token) => RegistryAuth::RegistryToken(token),
    }))
}

/// Turns a driver's error into the command's, with what to do next.
pub(crate) fn failed(error: &DockerError) -> CliError {
    let plain = CliError::failed_from(error);
    match error {
        DockerError::Auth { .. } => plain.hint("log in with `docker login <registry>`; spawnfile uses docker's credentials"),
        DockerError::NotFound { .. } => CliError::input_from(error),
        DockerError::Refused { message, .. } if ["dial tcp", "no such host", "i/o timeout"].iter().any(|part| message.contains(part)) => {
            plain.hint("the Engine does not reach the registry: check the name, and the Engine's network and proxy settings")
        }
        DockerError::Unreachable { .. } => plain.hint("is the Docker Engine running? `docker version` tells"),
        _ => plain,
    }
}

/// Returns a step of a pull, push or build as a line.
pub(crate) fn progress(progress: &spawnfile_docker::Progress) -> String {
    let mut line = progress.id.as_ref().map_or_else(String::new, |id| format!("{id}: "));
    line.push_str(progress.status.trim());
    if let (Some(current), Some(total)) = (progress.current, progress.total.filter(|total| *total > 0)) {
        line.push_str(&format!(" {} of {} MB", current / 1_000_000, total / 1_000_000));
    }
    line
}

impl Engine {
    /// Returns how a record names this Engine.
    pub(crate) fn recorded(&self) -> TargetRef {
        match self.endpoint.source {
            EndpointSource::HostEnv | EndpointSource::HostFlag => TargetRef::Host { value: self.endpoint.address.clone() },
            _ => TargetRef::Context { name: self.endpoint.context.clone(), endpoint_fingerprint: self.endpoint.fingerprint() },
        }
    }
}

/// Connects to the Engine that a record names. Never to another one: a context that points elsewhere by now, or a
/// flag that names another Engine, is an error.
pub(crate) async fn connect_recorded(world: &World, args: &EngineArgs, target: &TargetRef) -> Result<Engine, CliError> {
    let flags = args.context.is_some() || args.host.is_some();
    let request = match target {
        _ if flags => EndpointRequest {
            context: args.context.clone(),
            host: args.host.clone(),
            docker_config_dir: world.docker_config_dir(),
            ..EndpointRequest::default()
        },
        TargetRef::Host { value } => {
            EndpointRequest { host: Some(value.clone()), docker_config_dir: world.docker_config_dir(), ..EndpointRequest::default() }
        }
        TargetRef::Context { name, .. } => {
            EndpointRequest { context: Some(name.clone()), docker_config_dir: world.docker_config_dir(), ..EndpointRequest::default() }
        }
    };
    let endpoint = Endpoint::resolve(&request).map_err(|error| CliError::input_from(&error))?;
    let same = match target {
        TargetRef::Host { value } => endpoint_fingerprint(value) == endpoint.fingerprint(),
        TargetRef::Context { endpoint_fingerprint, .. } => *endpoint_fingerprint == endpoint.fingerprint(),
    };
    if !same {
        return Err(CliError::failed(format!("the deployment runs on another Engine than {}", endpoint.describe()))
            .hint("the docker context points elsewhere since it was deployed, or --context names another one"));
    }
    connect_to(endpoint).await
}
