//! Who is believed to be a host: the authorities of the system, and for a registry those that docker's `certs.d` has.
//!
//! There is no way to believe everybody.

use std::collections::BTreeMap;
use std::io::Read as _;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};

use rustls::pki_types::CertificateDer;
use rustls::pki_types::pem::PemObject as _;
use rustls::{ClientConfig, RootCertStore};

use crate::error::RegistryError;
use crate::origin::Origin;

/// Largest file of certificates.
const MAX_FILE: u64 = 1024 * 1024;
/// Most files of one registry.
const MAX_FILES: usize = 32;

/// Configurations, made when they are first needed.
#[derive(Debug)]
pub(super) struct Trust {
    folders: Vec<PathBuf>,
    made: Mutex<BTreeMap<String, Arc<ClientConfig>>>,
}

impl Trust {
    pub(super) fn new(folders: Vec<PathBuf>) -> Self {
        Self { folders, made: Mutex::default() }
    }

    /// Whether `certs.d` has a folder for a registry (`host[:port]`): then it speaks TLS, wherever it is.
    pub(super) fn knows(&self, registry: &str) -> bool {
        self.folders.iter().any(|folder| certificates(folder, registry).next().is_some())
    }

    /// Returns the configuration for an origin.
    pub(super) fn of(&self, to: &Origin) -> Result<Arc<ClientConfig>, RegistryError> {
        let registry = to.authority();
        let key = if self.knows(&registry) { registry.clone() } else { String::new() };
        let mut made = self.made.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(config) = made.get(&key) {
            return Ok(Arc::clone(config));
        }
        let config = Arc::new(self.make(&key)?);
        made.insert(key, Arc::clone(&config));
        Ok(config)
    }

    fn make(&self, registry: &str) -> Result<ClientConfig, RegistryError> {
        let mut roots = RootCertStore::empty();
        let system = rustls_native_certs::load_native_certs();
        roots.add_parsable_certificates(system.certs);
        if !registry.is_empty() {
            for folder in &self.folders {
                for file in certificates(folder, registry).take(MAX_FILES) {
                    add(&mut roots, &file)?;
                }
            }
        }
        if roots.is_empty() {
            return Err(RegistryError::Setting("this machine has no certificate authorities: install `ca-certificates`".to_owned()));
        }
        let provider = Arc::new(rustls::crypto::ring::default_provider());
        let builder = ClientConfig::builder_with_provider(provider)
            .with_safe_default_protocol_versions()
            .map_err(|error| RegistryError::Setting(format!("TLS cannot be set up: {error}")))?;
        Ok(builder.with_root_certificates(roots).with_no_client_auth())
    }
}

/// Files `*.crt` of a registry. A name that is no plain folder name has none.
fn certificates(folder: &Path, registry: &str) -> impl Iterator<Item = PathBuf> + use<> {
    let plain = !registry.is_empty() && !registry.starts_with('.') && !registry.contains('/');
    let entries = plain.then(|| std::fs::read_dir(folder.join(registry)).ok()).flatten();
    let mut files: Vec<PathBuf> = entries.into_iter().flatten().flatten().map(|entry| entry.path()).collect();
    files.retain(|path| path.extension().is_some_and(|extension| extension == "crt"));
    files.sort();
    files.into_iter()
}

fn add(roots: &mut RootCertStore, file: &Path) -> Result<(), RegistryError> {
    let bad = |why: &dyn std::fmt::Display| RegistryError::Setting(format!("`{}`: {why}", file.display()));
    let opened = std::fs::File::open(file).map_err(|error| bad(&error))?;
    if !opened.metadata().is_ok_and(|metadata| metadata.is_file() && metadata.len() <= MAX_FILE) {
        return Err(bad(&"it is no file of at most 1 MiB"));
    }
    let mut bytes = Vec::new();
    opened.take(MAX_FILE).read_to_end(&mut bytes).map_err(|error| bad(&error))?;
    for certificate in CertificateDer::pem_slice_iter(&bytes) {
        let certificate = certificate.map_err(|_| bad(&"it has something that is no certificate"))?;
        roots.add(certificate).map_err(|_| bad(&"it has a certificate that cannot be used"))?;
    }
    Ok(())
}
