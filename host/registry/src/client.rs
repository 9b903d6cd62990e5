//! The client: references to digests, manifests and blobs, by the rules of the OCI distribution specification.
//!
//! Requests only read. Every answer is bounded in bytes and time, every digest is checked, redirects are followed by
//! hand, and what belongs to one origin goes to no other.

use std::collections::{BTreeMap, BTreeSet};
use std::path::PathBuf;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use http_body_util::Full;
use hyper::header::{ACCEPT, ACCEPT_ENCODING, AUTHORIZATION, HOST, HeaderName, HeaderValue, LOCATION, RETRY_AFTER, USER_AGENT};
use hyper::{Method, Request};
use spawnfile_core::oci::Reference;
use tokio::time::Instant;

use crate::auth::Login;
use crate::credentials::{Credential, CredentialContext, credentials_for, registry_host};
use crate::error::RegistryError;
use crate::origin::{self, Origin, is_hub};
use crate::transport::{About, Answer, ChosenBy, ProxyContext, Times, Transport};

/// How this program is called in requests.
pub(crate) const AGENT: &str = concat!("spawnfile/", env!("CARGO_PKG_VERSION"));
/// Most redirects of one request.
const MAX_REDIRECTS: usize = 5;
/// How often a request is made at most.
const MAX_TRIES: u32 = 3;
/// Most bytes of an error that is shown.
const MAX_ERROR: u64 = 64 * 1024;
/// What a server of TLS says to a request without.
const WANTS_TLS: &str = "Client sent an HTTP request to an HTTPS server";

/// What a client is made with.
#[derive(Debug, Clone)]
pub struct ClientOptions {
    /// Where logins are looked for.
    pub credentials: CredentialContext,
    /// Folders like docker's `certs.d`: below them, for each registry (`host[:port]`), the `*.crt` that it is believed by.
    pub certs: Vec<PathBuf>,
    /// Registries (`host[:port]`) that are spoken to in plain HTTP though they are not on this machine.
    pub plain_http: BTreeSet<String>,
    /// Hosts of token services that may have the login of a registry on another host.
    pub token_realms: BTreeSet<String>,
    /// Proxies.
    pub proxy: ProxyContext,
    /// How long things may take.
    pub times: Times,
}

/// A client of registries. It keeps connections and tokens for as long as it lives, in memory only.
pub struct Client {
    pub(crate) options: ClientOptions,
    pub(crate) transport: Transport,
    credentials: tokio::sync::Mutex<BTreeMap<String, Option<Credential>>>,
    logins: Mutex<BTreeMap<(String, String), Login>>,
    /// Registries on this machine that turned out to speak TLS.
    secure: Mutex<BTreeSet<String>>,
}

impl std::fmt::Debug for Client {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Client").field("options", &self.options).finish_non_exhaustive()
    }
}

/// A repository at its registry.
pub(crate) struct Site {
    /// Registry as it stands in references and configurations.
    pub(crate) host: String,
    pub(crate) origin: Origin,
    pub(crate) repository: String,
}

/// What is asked for.
pub(crate) struct Ask<'a> {
    pub(crate) reference: &'a Reference,
    pub(crate) method: Method,
    /// Path below the repository.
    pub(crate) path: String,
    pub(crate) accept: Option<HeaderValue>,
    pub(crate) about: About,
}

impl Client {
    /// Makes a client; nothing is read or connected yet.
    pub fn new(options: ClientOptions) -> Self {
        let transport = Transport::new(options.times, options.proxy.clone(), options.certs.clone());
        Self { options, transport, credentials: tokio::sync::Mutex::default(), logins: Mutex::default(), secure: Mutex::default() }
    }

    pub(crate) fn about(&self, what: String, size: u64) -> About {
        let more = Duration::from_secs(size / Times::SLOWEST);
        About { what, deadline: Instant::now() + self.options.times.whole + more }
    }

    fn site(&self, reference: &Reference) -> Result<Site, RegistryError> {
        let host = registry_host(reference).to_owned();
        let bad = |why| RegistryError::Unreachable { host: host.clone(), why };
        let plain = Origin::of_registry(&host, false).map_err(bad)?;
        let known = || self.secure.lock().unwrap_or_else(PoisonError::into_inner).contains(&host);
        let is_plain =
            self.options.plain_http.contains(&host) || (plain.is_loopback() && !self.transport.has_certificates(&host) && !known());
        let origin = if is_plain { plain } else { Origin::of_registry(&host, true).map_err(bad)? };
        let bare = is_hub(&host) && !reference.repository().contains('/');
        let repository = if bare { format!("library/{}", reference.repository()) } else { reference.repository().to_owned() };
        Ok(Site { host, origin, repository })
    }

    pub(crate) async fn credential(&self, host: &str) -> Result<Option<Credential>, RegistryError> {
        let mut known = self.credentials.lock().await;
        if let Some(credential) = known.get(host) {
            return Ok(credential.clone());
        }
        let credential = credentials_for(host, &self.options.credentials).await?;
        known.insert(host.to_owned(), credential.clone());
        Ok(credential)
    }

    /// Asks, and asks again when the registry has too much to do. Returns an answer of status 200.
    pub(crate) async fn ask(&self, ask: &Ask<'_>) -> Result<Answer, RegistryError> {
        let times = self.options.times;
        let mut pause = times.pause;
        for attempt in 1.. {
            let (host, answer) = self.authorized(ask).await?;
            let status = answer.status();
            match status {
                200 => return Ok(answer),
                404 => return Err(RegistryError::NotFound(ask.about.what.clone())),
                429 | 502 | 503 | 504 => {
                    let told = answer.header(&RETRY_AFTER, 20).and_then(|text| text.trim().parse::<u64>().ok());
                    let wait = told.map_or(pause, Duration::from_secs);
                    if attempt >= MAX_TRIES || wait > times.longest_wait || Instant::now() + wait > ask.about.deadline {
                        return Err(RegistryError::Busy { host, wait: told });
                    }
                    drop(answer);
                    tokio::time::sleep(wait).await;
                    pause *= 2;
                }
                _ => {
                    let what = ask.about.what.clone();
                    let said = self.said(answer, &ask.about, &host).await;
                    return Err(RegistryError::Status { host, status, what, said });
                }
            }
        }
        Err(RegistryError::Busy { host: registry_host(ask.reference).to_owned(), wait: None })
    }

    /// Asks, with a login if the registry wants one. Returns the registry's host too.
    async fn authorized(&self, ask: &Ask<'_>) -> Result<(String, Answer), RegistryError> {
        let site = self.site(ask.reference)?;
        let key = (site.host.clone(), site.repository.clone());
        let mut login = self.logins.lock().unwrap_or_else(PoisonError::into_inner).get(&key).cloned();
        let mut renewed = false;
        loop {
            let (answer, moved) = self.follow(&site, ask, login.as_ref()).await?;
            match answer.status() {
                400 if !site.origin.tls && !moved && site.origin.is_loopback() && !self.options.plain_http.contains(&site.host) => {
                    let said = self.said(answer, &ask.about, &site.host).await;
                    if !said.contains(WANTS_TLS) {
                        let what = ask.about.what.clone();
                        return Err(RegistryError::Status { host: site.host, status: 400, what, said });
                    }
                    self.secure.lock().unwrap_or_else(PoisonError::into_inner).insert(site.host.clone());
                    return Box::pin(self.authorized(ask)).await;
                }
                401 if moved => {
                    let why = "it sends to another host, which wants a login".to_owned();
                    return Err(RegistryError::Redirect { host: site.host, why });
                }
                // A token that was kept may have ended: once more, from the beginning.
                401 if !renewed => {
                    let new = self.login(&site, &answer, &ask.about).await?;
                    self.logins.lock().unwrap_or_else(PoisonError::into_inner).insert(key.clone(), new.clone());
                    login = Some(new);
                    renewed = true;
                }
                status @ (401 | 403) => {
                    let withheld = login.map(|login| login.withheld).unwrap_or_default();
                    let said = self.said(answer, &ask.about, &site.host).await;
                    let (host, what) = (site.host, ask.about.what.clone());
                    return Err(RegistryError::Denied { host, what, said: format!(" ({status}{said})"), withheld });
                }
                _ => return Ok((site.host, answer)),
            }
        }
    }

    /// Sends a request and follows where it is sent on to. Returns whether it came to another origin.
    async fn follow(&self, site: &Site, ask: &Ask<'_>, login: Option<&Login>) -> Result<(Answer, bool), RegistryError> {
        let fail = |host: &Origin, why: String| RegistryError::Redirect { host: host.authority(), why };
        let path = format!("/v2/{}/{}", site.repository, ask.path);
        let mut url = site.origin.url(&path).map_err(|why| RegistryError::Unreachable { host: site.host.clone(), why })?;
        let mut to = site.origin.clone();
        let mut moved = false;
        for _ in 0..=MAX_REDIRECTS {
            let target = url.query().map_or_else(|| url.path().to_owned(), |query| format!("{}?{query}", url.path()));
            let request = Request::builder().method(ask.method.clone()).uri(target).body(Full::default());
            let mut request = request.map_err(|_| fail(&to, "its address cannot be asked for".to_owned()))?;
            let headers = request.headers_mut();
            headers.insert(HOST, HeaderValue::from_str(&to.authority()).map_err(|_| fail(&to, "its address has no name".to_owned()))?);
            headers.insert(USER_AGENT, HeaderValue::from_static(AGENT));
            headers.insert(ACCEPT_ENCODING, HeaderValue::from_static("identity"));
            if let Some(accept) = &ask.accept {
                headers.insert(ACCEPT, accept.clone());
            }
            if let Some(login) = login.filter(|_| !moved) {
                headers.insert(AUTHORIZATION, login.header.clone());
            }
            let chosen = if moved { ChosenBy::Registry(site.origin.is_loopback()) } else { ChosenBy::User };
            let answer = self.transport.send(&to, chosen, request, &ask.about).await?;
            if !matches!(answer.status(), 301 | 302 | 303 | 307 | 308) {
                return Ok((answer, moved));
            }
            let next = answer.header(&LOCATION, 8 * 1024).ok_or_else(|| fail(&to, "it does not say where to".to_owned()))?;
            let next = origin::join(&url, next).map_err(|why| fail(&to, why))?;
            let next_to = Origin::of(&next).map_err(|why| fail(&to, why))?;
            let here = next_to.is_loopback();
            if here && !site.origin.is_loopback() {
                return Err(fail(&to, "to this machine".to_owned()));
            }
            if !next_to.tls && !here && next_to != site.origin {
                return Err(fail(&to, format!("to `{}`, which is not https", next_to.authority())));
            }
            // Once elsewhere, it stays without a login, also on the way back.
            moved |= next_to != site.origin;
            (url, to) = (next, next_to);
        }
        Err(fail(&to, format!("more than {MAX_REDIRECTS} times")))
    }

    /// Returns what an error says, fit to show and without what was sent; empty, or `: text`.
    pub(crate) async fn said(&self, answer: Answer, about: &About, host: &str) -> String {
        let plain = answer.header(&HeaderName::from_static("content-type"), 255).is_none_or(|media| media.starts_with("text/plain"));
        // What cannot be read says nothing.
        let body = answer.bytes(&self.transport, about, MAX_ERROR).await.unwrap_or_default();
        let text = message(&body).or_else(|| plain.then(|| String::from_utf8_lossy(&body).trim().to_owned())).unwrap_or_default();
        if text.is_empty() {
            return String::new();
        }
        let mut secrets: Vec<Vec<u8>> = Vec::new();
        if let Some(Some(credential)) = self.credentials.lock().await.get(host) {
            secrets.push(match credential {
                Credential::Basic { password, .. } => password.expose().to_vec(),
                Credential::IdentityToken(token) | Credential::RegistryToken(token) => token.expose().to_vec(),
            });
        }
        for login in self.logins.lock().unwrap_or_else(PoisonError::into_inner).values() {
            secrets.extend(login.header.as_bytes().split(|b| *b == b' ').nth(1).map(<[u8]>::to_vec));
        }
        let echoes =
            secrets.iter().filter(|secret| !secret.is_empty()).any(|secret| text.as_bytes().windows(secret.len()).any(|w| w == secret));
        if echoes {
            ": (what it says holds the login, and is not shown)".to_owned()
        } else {
            format!(": {}", spawnfile_core::display::excerpt(&text))
        }
    }
}

/// Returns the first message of an error document.
fn message(body: &[u8]) -> Option<String> {
    use spawnfile_core::json::{Value, parse};
    let value = parse(body).ok()?;
    let Some(Value::List(errors)) = value.get("errors") else { return None };
    let text = |key| if let Some(Value::Text(text)) = errors.first()?.get(key) { Some(text.clone()) } else { None };
    text("message").filter(|message| !message.is_empty()).or_else(|| text("code"))
}
