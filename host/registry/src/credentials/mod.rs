//! Credentials of `docker login`, found the way the docker command finds them.
//!
//! Order: `DOCKER_AUTH_CONFIG`, then in `config.json` the helper of the host (`credHelpers`), else the general one
//! (`credsStore`), else the entries of `auths`. A helper that is configured decides alone: what it does not have is
//! anonymous, and what goes wrong with it is an error that names it. It refuses to take any other failure for "no
//! credential": a user who logged in is never silently anonymous.

mod config;
mod entry;
mod helper;

use std::ffi::OsString;
use std::path::PathBuf;

use spawnfile_core::oci::Reference;
use spawnfile_core::secret::Secret;

use config::{Config, EnvironmentConfig};

/// Host of references that name none.
const HUB: &str = "docker.io";
/// What Docker Hub is called in `config.json` and by helpers.
const HUB_KEY: &str = "https://index.docker.io/v1/";

/// Where credentials are looked for.
#[derive(Clone)]
pub struct CredentialContext {
    /// Folder of `config.json`: the value of `DOCKER_CONFIG`, else `.docker` in the home folder.
    pub docker_config_dir: PathBuf,
    /// Value of `DOCKER_AUTH_CONFIG`.
    pub docker_auth_config: Option<String>,
    /// Value of `PATH`, for helpers; without it no helper is found.
    pub path: Option<OsString>,
}

impl std::fmt::Debug for CredentialContext {
    /// Does not show `DOCKER_AUTH_CONFIG`, which holds passwords.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("CredentialContext")
            .field("docker_config_dir", &self.docker_config_dir)
            .field("docker_auth_config", &self.docker_auth_config.as_ref().map(|_| "[secret]"))
            .field("path", &self.path)
            .finish()
    }
}

/// What a registry is shown.
#[derive(Debug, Clone)]
pub enum Credential {
    /// User and password, or a personal token in the password's place.
    Basic {
        /// User.
        username: String,
        /// Password.
        password: Secret,
    },
    /// A refresh token for the registry's token service.
    IdentityToken(Secret),
    /// A bearer token for the registry itself.
    RegistryToken(Secret),
}

/// Why a credential could not be looked up. No text holds a value.
#[derive(Debug, thiserror::Error)]
pub enum CredentialError {
    /// The host would break the helper's protocol.
    #[error("`{}` is not a registry host", .0.escape_debug())]
    Host(String),
    /// The configuration cannot be read.
    #[error("cannot read `{}`: {source}", path.display())]
    Read {
        /// The file.
        path: PathBuf,
        /// What the system said.
        source: std::io::Error,
    },
    /// The configuration is a folder, a FIFO or the like.
    #[error("`{}` is not a regular file", .0.display())]
    NotRegular(PathBuf),
    /// The configuration is too long.
    #[error("`{}` is longer than {limit} bytes", path.display())]
    TooLong {
        /// The file.
        path: PathBuf,
        /// What is allowed.
        limit: usize,
    },
    /// A configuration is not of the form.
    #[error("{place} is not of the form that docker writes (line {line}, column {column})")]
    Form {
        /// The file, or the variable.
        place: String,
        /// Line, from 1.
        line: usize,
        /// Column, from 1; 0 for a whole line.
        column: usize,
    },
    /// The entry of a host is there but broken.
    #[error("{place}: the entry of `{key}` {why}")]
    Entry {
        /// The file, or the variable.
        place: String,
        /// Key of the entry.
        key: String,
        /// What is wrong.
        why: &'static str,
    },
    /// The name of a helper is not a name.
    #[error("credential helper `{}` for `{host}` is not a plain name", helper.escape_debug())]
    HelperName {
        /// Name as configured.
        helper: String,
        /// Registry host.
        host: String,
    },
    /// A helper failed.
    #[error("credential helper `docker-credential-{helper}` for `{host}` {why}")]
    Helper {
        /// Name as configured.
        helper: String,
        /// Registry host.
        host: String,
        /// What it said, or what went wrong; one line, bounded.
        why: String,
    },
}

/// Returns the host of a reference's registry: `docker.io` when it names none.
pub fn registry_host(reference: &Reference) -> &str {
    reference.registry().unwrap_or(HUB)
}

/// Returns the credential for a registry host (with port), or nothing when there is none: the registry is then asked
/// without.
///
/// May run a credential helper, for at most 30 seconds.
///
/// # Errors
/// When a configuration cannot be read or understood, or a configured helper fails.
pub async fn credentials_for(host: &str, context: &CredentialContext) -> Result<Option<Credential>, CredentialError> {
    // A helper reads one line: a second one would ask for another host.
    if host.is_empty() || !host.bytes().all(|b| b.is_ascii_graphic()) {
        return Err(CredentialError::Host(host.chars().take(200).collect()));
    }
    let server = Server::new(host);
    if let Some(text) = context.docker_auth_config.as_deref().filter(|text| !text.is_empty())
        && let Some(credential) = EnvironmentConfig::parse(text)?.find(&server)?
    {
        return Ok(Some(credential));
    }
    let Some(config) = Config::read(&context.docker_config_dir).await? else { return Ok(None) };
    match config.helper(&server) {
        Some(helper) => helper::get(helper, &server, context.path.as_deref(), helper::DEADLINE).await,
        None => config.find(&server),
    }
}

/// A registry under the names that it has in configurations.
#[derive(Debug)]
struct Server<'a> {
    host: &'a str,
    keys: Vec<&'a str>,
}

impl<'a> Server<'a> {
    fn new(host: &'a str) -> Self {
        let hub = [HUB, "index.docker.io", "registry-1.docker.io"].iter().any(|name| name.eq_ignore_ascii_case(host));
        Self { host, keys: if hub { vec![HUB_KEY, "index.docker.io", HUB] } else { vec![host] } }
    }

    /// The name by which helpers know it.
    fn url(&self) -> &'a str {
        self.keys.first().copied().unwrap_or(self.host)
    }

    /// Whether a key of `auths` is one of its names, with a scheme and a path as older versions wrote it.
    fn is_called(&self, key: &str) -> bool {
        let bare = key.strip_prefix("https://").or_else(|| key.strip_prefix("http://")).unwrap_or(key);
        let name = bare.split('/').next().unwrap_or(bare);
        self.keys.contains(&name)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn references_without_a_host_are_hubs() {
        for (text, host) in [("a/b:1", "docker.io"), ("ghcr.io/a:1", "ghcr.io"), ("127.0.0.1:5000/a", "127.0.0.1:5000")] {
            assert_eq!(registry_host(&text.parse().unwrap()), host);
        }
    }

    #[test]
    fn debug_shows_no_value() {
        let context = CredentialContext { docker_config_dir: "/c".into(), docker_auth_config: Some("canary".to_owned()), path: None };
        let basic = Credential::Basic { username: "user".to_owned(), password: Secret::new(b"canary".to_vec()) };
        let token = Credential::IdentityToken(Secret::new(b"canary".to_vec()));
        assert!(!format!("{context:?}{basic:?}{token:?}").contains("canary"));
    }

    #[test]
    fn old_keys_are_recognised_by_their_host() {
        let server = Server::new("r.example:5000");
        for key in ["r.example:5000", "https://r.example:5000", "http://r.example:5000/v1/", "r.example:5000/v2"] {
            assert!(server.is_called(key), "{key}");
        }
        for key in [
            "r.example",
            "https://r.example/v1/",
            "ftp://r.example:5000",
            "evil.example/r.example:5000",
            "https://r.example:5000.evil.example/",
        ] {
            assert!(!server.is_called(key), "{key}");
        }
        assert!(Server::new("Docker.io").is_called("https://index.docker.io/v1/"));
    }
}
