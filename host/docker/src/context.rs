//! What the docker command line keeps on disk: `config.json` and the contexts. Read only, bounded.

use std::fs::File;
use std::io::Read as _;
use std::path::Path;

use serde::Deserialize;
use spawnfile_core::oci::Digest;

use crate::endpoint::EndpointError;
use crate::text::printable;

/// Largest file that is read, in bytes.
const FILE_MAX: u64 = 1024 * 1024;

/// The endpoint of a context.
#[derive(Debug)]
pub(crate) struct ContextEndpoint {
    /// Address as written.
    pub(crate) address: String,
    /// Whether it wants TLS.
    pub(crate) tls: bool,
}

#[derive(Deserialize)]
struct Config {
    #[serde(default, rename = "currentContext")]
    current_context: Option<String>,
}

#[derive(Deserialize)]
struct Meta {
    #[serde(default, rename = "Name")]
    name: String,
    #[serde(default, rename = "Endpoints")]
    endpoints: Endpoints,
}

#[derive(Default, Deserialize)]
struct Endpoints {
    #[serde(default)]
    docker: Option<DockerEndpoint>,
}

#[derive(Deserialize)]
struct DockerEndpoint {
    #[serde(default, rename = "Host")]
    host: String,
    #[serde(default, rename = "SkipTLSVerify")]
    skip_tls_verify: bool,
}

/// Returns `currentContext`, if one is set.
pub(crate) fn current(config_dir: &Path) -> Result<Option<String>, EndpointError> {
    let config: Option<Config> = read_json(&config_dir.join("config.json"))?;
    Ok(config.and_then(|config| config.current_context).filter(|name| !name.trim().is_empty()))
}

/// Returns the endpoint of the context `name`, or nothing when there is no such context.
pub(crate) fn read(config_dir: &Path, name: &str) -> Result<Option<ContextEndpoint>, EndpointError> {
    let id = Digest::of(name.as_bytes());
    let path = config_dir.join("contexts/meta").join(id.hex()).join("meta.json");
    let Some(meta) = read_json::<Meta>(&path)? else { return Ok(None) };
    if meta.name != name {
        return Err(fault(&path, "it is the description of another context"));
    }
    let Some(docker) = meta.endpoints.docker.filter(|docker| !docker.host.trim().is_empty()) else {
        return Err(fault(&path, "the context has no docker endpoint"));
    };
    let keys = config_dir.join("contexts/tls").join(id.hex()).join("docker");
    let tls = docker.skip_tls_verify || ["ca.pem", "cert.pem", "key.pem"].iter().any(|file| keys.join(file).exists());
    Ok(Some(ContextEndpoint { address: docker.host.trim().to_owned(), tls }))
}

fn fault(path: &Path, why: &str) -> EndpointError {
    EndpointError::File { path: printable(&path.to_string_lossy(), 300), why: why.to_owned() }
}

fn read_json<T: for<'a> Deserialize<'a>>(path: &Path) -> Result<Option<T>, EndpointError> {
    let about = match std::fs::metadata(path) {
        Ok(about) => about,
        Err(error) if matches!(error.kind(), std::io::ErrorKind::NotFound | std::io::ErrorKind::NotADirectory) => return Ok(None),
        Err(error) => return Err(fault(path, &error.to_string())),
    };
    // Opening a pipe would wait for a writer.
    if !about.is_file() {
        return Err(fault(path, "it is no regular file"));
    }
    let mut bytes = Vec::new();
    File::open(path).and_then(|file| file.take(FILE_MAX + 1).read_to_end(&mut bytes)).map_err(|error| fault(path, &error.to_string()))?;
    if bytes.len() as u64 > FILE_MAX {
        return Err(fault(path, "it is larger than 1 MiB"));
    }
    // The position only: `config.json` holds logins.
    serde_json::from_slice(&bytes)
        .map(Some)
        .map_err(|error| fault(path, &format!("no valid JSON document of its kind (line {})", error.line())))
}
