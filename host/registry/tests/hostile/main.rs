//! The client against registries that misbehave: scripted ones on loopback, each other host another loopback address.
//! Whatever they do, there is a typed error in bounded time and memory, and no login where it does not belong.
#![allow(clippy::unwrap_used, reason = "tests")]

mod answers;
mod logins;
mod redirects;
mod secure;
mod server;

use std::collections::BTreeSet;
use std::path::Path;
use std::time::Duration;

use spawnfile_core::oci::Digest;
use spawnfile_registry::{Client, ClientOptions, CredentialContext, ProxyContext, Times};

/// The value that must stand nowhere.
pub(crate) const CANARY: &str = "canary-7f3a";

/// A manifest that is in order.
pub(crate) fn manifest() -> String {
    let digest = |digit: char| format!("sha256:{}", digit.to_string().repeat(64));
    format!(
        r#"{{"schemaVersion":2,"mediaType":"application/vnd.oci.image.manifest.v1+json","config":{{"mediaType":"application/vnd.oci.image.config.v1+json","digest":"{}","size":2}},"layers":[{{"mediaType":"application/vnd.oci.image.layer.v1.tar+gzip","digest":"{}","size":9}}]}}"#,
        digest('c'),
        digest('1')
    )
}

pub(crate) fn digest(bytes: impl AsRef<[u8]>) -> Digest {
    Digest::of(bytes.as_ref())
}

/// Options with short times. Whatever is not this machine goes to a proxy that is not there: no test leaves this machine,
/// not even when the client is wrong.
pub(crate) fn options(config: &Path) -> ClientOptions {
    ClientOptions {
        credentials: CredentialContext { docker_config_dir: config.to_owned(), docker_auth_config: None, path: None },
        certs: Vec::new(),
        plain_http: BTreeSet::new(),
        token_realms: BTreeSet::new(),
        proxy: ProxyContext { https: Some("127.0.0.1:1".to_owned()), http: Some("127.0.0.1:1".to_owned()), no: None },
        times: Times {
            connect: Duration::from_secs(5),
            idle: Duration::from_millis(1500),
            whole: Duration::from_millis(3000),
            pause: Duration::from_millis(10),
            longest_wait: Duration::from_secs(1),
        },
    }
}

/// A client without any login.
pub(crate) fn anonymous() -> Client {
    Client::new(options(Path::new("/nonexistent")))
}

/// Options with a login for one registry.
pub(crate) fn with_login(host: &str) -> ClientOptions {
    with_entry(host, &format!(r#"{{"username":"ada","password":"{CANARY}"}}"#))
}

/// Options with an entry of `auths` for one registry.
pub(crate) fn with_entry(host: &str, entry: &str) -> ClientOptions {
    let folder = tempfile::tempdir().unwrap().keep();
    std::fs::write(folder.join("config.json"), format!(r#"{{"auths":{{"{host}":{entry}}}}}"#)).unwrap();
    options(&folder)
}

/// Runs it and returns the error's text, which shows no login and no control character.
#[track_caller]
pub(crate) fn refused<T: std::fmt::Debug>(result: Result<T, spawnfile_registry::RegistryError>, why: &str) -> String {
    let error = result.unwrap_err();
    let text = error.to_string();
    assert!(text.contains(why), "{text} instead of {why}");
    assert!(!format!("{text}{error:?}").contains(CANARY), "{error:?}");
    assert!(!text.chars().any(char::is_control) && text.len() < 2000, "{text:?}");
    text
}
