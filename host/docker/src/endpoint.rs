//! Which Engine is meant: the rules of the docker command line, from facts that the caller gives.
//!
//! Refuses: both a context and a host, a named context that is missing (never a fallback), and what is not supported
//! yet (ssh, named pipes, file descriptors, TLS), by name.

use std::fmt;
use std::path::PathBuf;

use spawnfile_core::oci::Digest;

use crate::context;
use crate::text::printable;

const DEFAULT_SOCKET: &str = "/var/run/docker.sock";
const DEFAULT_PORT: u16 = 2375;
/// Longest address that is taken, in bytes.
const ADDRESS_MAX: usize = 4096;

/// What decides the endpoint. Empty texts count as not given.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct EndpointRequest {
    /// `--context`.
    pub context: Option<String>,
    /// `--host`.
    pub host: Option<String>,
    /// `DOCKER_HOST`.
    pub env_docker_host: Option<String>,
    /// `DOCKER_CONTEXT`.
    pub env_docker_context: Option<String>,
    /// `DOCKER_CONFIG`, or `~/.docker`: where `config.json` and the contexts are.
    pub docker_config_dir: PathBuf,
    /// Whether `DOCKER_TLS_VERIFY` is set and not empty.
    pub env_docker_tls_verify: bool,
}

/// How an endpoint was chosen.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum EndpointSource {
    /// `--context NAME`.
    ContextFlag(String),
    /// `--host`.
    HostFlag,
    /// `DOCKER_HOST`.
    HostEnv,
    /// `DOCKER_CONTEXT` with this name.
    ContextEnv(String),
    /// `currentContext` of `config.json`, with this name.
    ContextConfig(String),
    /// Nothing was said.
    Default,
}

impl fmt::Display for EndpointSource {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::ContextFlag(name) => write!(f, "context `{}` by --context", printable(name, 80)),
            Self::HostFlag => f.write_str("by --host"),
            Self::HostEnv => f.write_str("by DOCKER_HOST"),
            Self::ContextEnv(name) => write!(f, "context `{}` by DOCKER_CONTEXT", printable(name, 80)),
            Self::ContextConfig(name) => write!(f, "context `{}` of config.json", printable(name, 80)),
            Self::Default => f.write_str("the default"),
        }
    }
}

/// Why no endpoint follows from a request.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum EndpointError {
    /// `--context` and `--host` together.
    #[error("--context and --host exclude each other")]
    Both,
    /// A context that is not there.
    #[error("docker context `{name}` does not exist ({source_text})")]
    NoContext {
        /// Its name.
        name: String,
        /// How it was chosen.
        source_text: String,
    },
    /// A file of the docker command line that cannot be understood.
    #[error("`{path}`: {why}")]
    File {
        /// The file.
        path: String,
        /// What is wrong.
        why: String,
    },
    /// A kind of endpoint that is not supported.
    #[error("docker endpoint `{address}` ({source_text}) is over {kind}, which is not supported yet; unix:// and tcp:// are")]
    Unsupported {
        /// The address.
        address: String,
        /// How it was chosen.
        source_text: String,
        /// The kind.
        kind: &'static str,
    },
    /// An address that is none.
    #[error("docker endpoint `{address}` ({source_text}) is no address: {why}")]
    Address {
        /// The address.
        address: String,
        /// How it was chosen.
        source_text: String,
        /// What is wrong.
        why: &'static str,
    },
}

/// How the Engine is dialled.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Dial {
    /// A socket file.
    Unix(PathBuf),
    /// Host (a name or an address without brackets) and port.
    Tcp(String, u16),
}

/// An Engine's address and how it was chosen.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Endpoint {
    /// `unix:///…` or `tcp://…`.
    pub address: String,
    /// How it was chosen.
    pub source: EndpointSource,
    /// Name of the docker context; `default` where none was named.
    pub context: String,
    pub(crate) dial: Dial,
}

impl Endpoint {
    /// Returns the endpoint that the docker command line would take: `--context`, `--host`, `DOCKER_HOST`,
    /// `DOCKER_CONTEXT`, `currentContext`, the default, in this order. The context `default` is `DOCKER_HOST` where
    /// that is set.
    ///
    /// # Errors
    ///
    /// See [`EndpointError`].
    pub fn resolve(request: &EndpointRequest) -> Result<Self, EndpointError> {
        let said = |text: &Option<String>| text.as_deref().map(str::trim).filter(|text| !text.is_empty()).map(str::to_owned);
        let (context, host) = (said(&request.context), said(&request.host));
        let (env_host, env_context) = (said(&request.env_docker_host), said(&request.env_docker_context));
        let source = match (context, host.as_deref(), env_host.as_deref(), env_context) {
            (Some(_), Some(_), ..) => return Err(EndpointError::Both),
            (Some(name), ..) => EndpointSource::ContextFlag(name),
            (None, Some(_), ..) => EndpointSource::HostFlag,
            (None, None, Some(_), _) => EndpointSource::HostEnv,
            (None, None, None, Some(name)) => EndpointSource::ContextEnv(name),
            (None, None, None, None) => match context::current(&request.docker_config_dir)? {
                Some(name) => EndpointSource::ContextConfig(name),
                None => EndpointSource::Default,
            },
        };
        let name = match &source {
            EndpointSource::ContextFlag(name) | EndpointSource::ContextEnv(name) | EndpointSource::ContextConfig(name) => name.as_str(),
            _ => "default",
        };
        if name != "default" {
            let context = name.to_owned();
            let found = context::read(&request.docker_config_dir, name)?
                .ok_or_else(|| EndpointError::NoContext { name: printable(name, 80), source_text: source.to_string() })?;
            return Self::parse(&found.address, source, context, found.tls);
        }
        let (address, source) = match (host, env_host) {
            (Some(host), _) => (host, source),
            (None, Some(host)) => (host, EndpointSource::HostEnv),
            (None, None) => (format!("unix://{DEFAULT_SOCKET}"), source),
        };
        Self::parse(&address, source, "default".to_owned(), request.env_docker_tls_verify)
    }

    fn parse(address: &str, source: EndpointSource, context: String, tls: bool) -> Result<Self, EndpointError> {
        let text = address.trim();
        let shown = || printable(text, 200);
        let wrong = |why| EndpointError::Address { address: shown(), source_text: source.to_string(), why };
        let unsupported = |kind| EndpointError::Unsupported { address: shown(), source_text: source.to_string(), kind };
        if text.len() > ADDRESS_MAX {
            return Err(wrong("it is too long"));
        }
        let (scheme, rest) = text.split_once("://").unwrap_or(("tcp", text));
        let (address, dial) = match scheme {
            "unix" => {
                let path = if rest.is_empty() { DEFAULT_SOCKET } else { rest };
                if !path.starts_with('/') || path.contains('\0') {
                    return Err(wrong("the path of its socket is not absolute"));
                }
                (format!("unix://{path}"), Dial::Unix(PathBuf::from(path)))
            }
            "tcp" if tls => return Err(unsupported("TLS")),
            "tcp" => {
                let (host, port) = host_and_port(rest).map_err(wrong)?;
                (format!("tcp://{rest}"), Dial::Tcp(host, port))
            }
            "ssh" => return Err(unsupported("ssh")),
            "npipe" => return Err(unsupported("a named pipe")),
            "fd" => return Err(unsupported("a file descriptor")),
            "http" | "https" => return Err(unsupported("a web address")),
            _ => return Err(wrong("its scheme is unknown")),
        };
        Ok(Self { address, source, context, dial })
    }

    /// Returns `sha256:` and the first 32 hexadecimal digits of the SHA-256 of the address: how records recognise an
    /// endpoint.
    pub fn fingerprint(&self) -> String {
        let digest = Digest::of(self.address.trim().as_bytes());
        format!("sha256:{}", digest.hex().get(..32).unwrap_or_default())
    }

    /// Returns the address and how it was chosen, for people.
    pub fn describe(&self) -> String {
        format!("`{}` ({})", printable(&self.address, 200), self.source)
    }
}

fn host_and_port(rest: &str) -> Result<(String, u16), &'static str> {
    if rest.contains(['/', '?', '#', '@']) || rest.chars().any(|c| c.is_control() || c.is_whitespace()) {
        return Err("more than a host and a port");
    }
    let (host, port) = match rest.strip_prefix('[') {
        Some(bracketed) => {
            let (host, after) = bracketed.split_once(']').ok_or("a bracket is not closed")?;
            if host.parse::<std::net::Ipv6Addr>().is_err() {
                return Err("what stands in brackets is no IPv6 address");
            }
            (host, after.strip_prefix(':').or_else(|| after.is_empty().then_some("")).ok_or("something follows the bracket")?)
        }
        None => {
            let (host, port) = rest.split_once(':').unwrap_or((rest, ""));
            if port.contains(':') {
                return Err("an IPv6 address stands in brackets");
            }
            (host, port)
        }
    };
    let host = if host.is_empty() { "127.0.0.1" } else { host };
    let port = match port {
        "" => DEFAULT_PORT,
        digits if digits.bytes().all(|b| b.is_ascii_digit()) => digits.parse().map_err(|_| "its port is out of range")?,
        _ => return Err("its port is no number"),
    };
    Ok((host.to_owned(), port))
}

#[cfg(test)]
#[path = "endpoint_tests.rs"]
mod tests;
