//! `config.json` and `DOCKER_AUTH_CONFIG`. A file that is not there says nothing; one that cannot be read or
//! understood is an error. Parser messages are not repeated, since they may quote a password.

use std::collections::BTreeMap;
use std::io::{ErrorKind, Read};
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};

use rustix::fs::OFlags;
use serde::Deserialize;
use zeroize::Zeroizing;

use super::entry::{Entry, Text};
use super::{Credential, CredentialError, Server};

/// `config.json` may have this many bytes.
const LIMIT: usize = 1 << 20;
const VARIABLE: &str = "`DOCKER_AUTH_CONFIG`";

/// What of `config.json` is about credentials; all else is docker's own.
#[derive(Deserialize)]
struct Document {
    #[serde(default, rename = "credHelpers")]
    helpers: Option<BTreeMap<String, String>>,
    #[serde(default, rename = "credsStore")]
    store: Option<String>,
    #[serde(default)]
    auths: Option<BTreeMap<String, Entry>>,
}

/// `config.json`, as far as it is about credentials.
pub(super) struct Config {
    place: String,
    document: Document,
}

impl Config {
    /// Reads it; nothing when it is not there or empty.
    pub(super) async fn read(folder: &Path) -> Result<Option<Self>, CredentialError> {
        let path = folder.join("config.json");
        let place = format!("`{}`", path.display());
        let bytes = tokio::task::spawn_blocking(move || bytes(path))
            .await
            .map_err(|error| CredentialError::Read { path: folder.join("config.json"), source: std::io::Error::other(error) })??;
        match bytes {
            Some(bytes) if !bytes.trim_ascii().is_empty() => {
                let document = serde_json::from_slice(&bytes).map_err(|error| form(&place, &error))?;
                Ok(Some(Self { place, document }))
            }
            _ => Ok(None),
        }
    }

    /// Returns the helper that decides for a server. An empty name for a host switches the general one off there.
    pub(super) fn helper(&self, server: &Server<'_>) -> Option<&str> {
        let own = self.document.helpers.as_ref().and_then(|helpers| server.keys.iter().find_map(|key| helpers.get(*key)));
        own.or(self.document.store.as_ref()).map(String::as_str).filter(|name| !name.is_empty())
    }

    /// Returns the credential in `auths`: by exact key, else by the host in a key.
    pub(super) fn find(&self, server: &Server<'_>) -> Result<Option<Credential>, CredentialError> {
        let Some(auths) = &self.document.auths else { return Ok(None) };
        let exact = server.keys.iter().find_map(|key| auths.get_key_value(*key));
        match exact.or_else(|| auths.iter().find(|(key, _)| server.is_called(key))) {
            Some((key, entry)) => entry.credential(&self.place, key),
            None => Ok(None),
        }
    }
}

fn bytes(path: PathBuf) -> Result<Option<Zeroizing<Vec<u8>>>, CredentialError> {
    // Without waiting for a writer: what stands there may be a FIFO.
    let flags = (OFlags::NONBLOCK | OFlags::NOCTTY).bits().cast_signed();
    let file = match std::fs::OpenOptions::new().read(true).custom_flags(flags).open(&path) {
        Ok(file) => file,
        Err(error) if matches!(error.kind(), ErrorKind::NotFound | ErrorKind::NotADirectory) => return Ok(None),
        Err(source) => return Err(CredentialError::Read { path, source }),
    };
    match file.metadata() {
        Ok(metadata) if metadata.is_file() => {}
        Ok(_) => return Err(CredentialError::NotRegular(path)),
        Err(source) => return Err(CredentialError::Read { path, source }),
    }
    let mut bytes = Zeroizing::new(Vec::with_capacity(64 << 10));
    match file.take(LIMIT as u64 + 1).read_to_end(&mut bytes) {
        Ok(length) if length > LIMIT => Err(CredentialError::TooLong { path, limit: LIMIT }),
        Ok(_) => Ok(Some(bytes)),
        Err(source) => Err(CredentialError::Read { path, source }),
    }
}

/// `DOCKER_AUTH_CONFIG`: only `auths` with `auth`, strictly.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct EnvironmentConfig {
    #[serde(default)]
    auths: BTreeMap<String, EnvironmentEntry>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct EnvironmentEntry {
    #[serde(default)]
    auth: Text,
}

impl EnvironmentConfig {
    pub(super) fn parse(text: &str) -> Result<Self, CredentialError> {
        if text.len() > LIMIT {
            return Err(CredentialError::TooLong { path: PathBuf::from("DOCKER_AUTH_CONFIG"), limit: LIMIT });
        }
        serde_json::from_str(text).map_err(|error| form(VARIABLE, &error))
    }

    pub(super) fn find(self, server: &Server<'_>) -> Result<Option<Credential>, CredentialError> {
        let mut auths = self.auths;
        let key = server.keys.iter().find(|key| auths.contains_key(**key)).map(|key| (*key).to_owned());
        let key = key.or_else(|| auths.keys().find(|key| server.is_called(key)).cloned());
        let Some((key, entry)) = key.and_then(|key| auths.remove_entry(&key)) else { return Ok(None) };
        if entry.auth.is_empty() {
            return Err(CredentialError::Entry { place: VARIABLE.to_owned(), key, why: "has no `auth`" });
        }
        Entry::with_auth(entry.auth).credential(VARIABLE, &key)
    }
}

fn form(place: &str, error: &serde_json::Error) -> CredentialError {
    CredentialError::Form { place: place.to_owned(), line: error.line(), column: error.column() }
}
