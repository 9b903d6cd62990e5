//! Logins: what a registry is shown, and what a token service is shown on the way.
//!
//! A login goes to the registry that it belongs to. To a token service it goes only when that is on the registry's own
//! host, on the host's parent domain, Docker Hub's known one, or allowed by name, and over https or on this machine.
//! Any other service is asked without a login, and the error of a refusal says so. Tokens are asked for one repository
//! and for reading, whatever the registry suggests.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use http_body_util::Full;
use hyper::body::Bytes;
use hyper::header::{ACCEPT, AUTHORIZATION, CONTENT_TYPE, HOST, HeaderValue, USER_AGENT, WWW_AUTHENTICATE};
use hyper::{Method, Request};
use spawnfile_core::display::excerpt;
use spawnfile_core::distribution::challenge::{self, Challenge};
use spawnfile_core::json::{self, Value};
use url::Url;
use zeroize::Zeroizing;

use crate::client::{AGENT, Client, Site};
use crate::credentials::Credential;
use crate::error::RegistryError;
use crate::origin::{self, Origin, is_hub};
use crate::transport::{About, Answer, ChosenBy};

/// Most bytes of a token service's answer.
const MAX_TOKEN_ANSWER: u64 = 64 * 1024;
/// Longest token.
const MAX_TOKEN: usize = 32 * 1024;
/// Docker Hub's token service, below the domain of the hub.
const HUB_REALM: (&str, &str) = ("auth", ".docker.io");

/// What is sent with requests to one registry.
#[derive(Clone)]
pub(crate) struct Login {
    /// Value of `Authorization`.
    pub(crate) header: HeaderValue,
    /// Said when it does not suffice: the login was not sent to the token service.
    pub(crate) withheld: String,
}

impl Client {
    /// Does what a registry asks for in its 401.
    pub(crate) async fn login(&self, site: &Site, answer: &Answer, about: &About) -> Result<Login, RegistryError> {
        let mut headers = answer.response.headers().get_all(WWW_AUTHENTICATE).iter().map(HeaderValue::as_bytes);
        let mut all = headers.next().map(<[u8]>::to_vec).unwrap_or_default();
        for next in headers {
            // Bounded by the head of the answer.
            all.extend_from_slice(b", ");
            all.extend_from_slice(next);
        }
        let asked = challenge::parse(&all).map_err(|error| RegistryError::challenge(&site.host, error))?;
        let credential = self.credential(&site.host).await?;
        if let Some(Credential::RegistryToken(token)) = &credential {
            return bearer(token.expose(), &site.host);
        }
        match (asked, credential) {
            (Challenge::Basic, Some(Credential::Basic { username, password })) => {
                Ok(Login { header: basic(&username, password.expose(), &site.host)?, withheld: String::new() })
            }
            (Challenge::Basic, Some(_)) => Err(RegistryError::Challenge {
                host: site.host.clone(),
                why: "it wants user and password, and there is a token".to_owned(),
            }),
            (Challenge::Basic, None) => Err(RegistryError::LoginNeeded { host: site.host.clone(), what: about.what.clone() }),
            (Challenge::Bearer { realm, service }, credential) => {
                self.token(site, &realm, service.as_deref(), credential.as_ref(), about).await
            }
        }
    }

    async fn token(
        &self,
        site: &Site,
        realm: &str,
        service: Option<&str>,
        credential: Option<&Credential>,
        about: &About,
    ) -> Result<Login, RegistryError> {
        let fail = |why: String| RegistryError::Challenge { host: site.host.clone(), why };
        let mut url = origin::parse(realm).map_err(fail)?;
        let to = Origin::of(&url).map_err(fail)?;
        let shown = excerpt(&to.authority());
        let local = site.origin.is_loopback();
        if to.is_loopback() && !local {
            return Err(fail(format!("its token service `{shown}` would be on this machine")));
        }
        // Over plain HTTP where the registry itself was asked for that way.
        let asked_plain = !site.origin.tls && to.host == site.origin.host;
        if !to.tls && !to.is_loopback() && !asked_plain {
            return Err(fail(format!("its token service `{shown}` is not https")));
        }
        let trusted = self.trusts(site, &to);
        let withheld = match credential {
            Some(_) if !trusted => format!(
                "; the login for `{}` was not sent to its token service `{shown}`, which is on another host and not allowed by name",
                site.host
            ),
            _ => String::new(),
        };
        let credential = credential.filter(|_| trusted);
        let scope = format!("repository:{}:pull", site.repository);
        let about = About { what: format!("a token for {}", about.what), ..about.clone() };
        let request = match credential {
            Some(Credential::IdentityToken(token)) => refresh(&url, &scope, service, token.expose()),
            _ => {
                let mut query = url.query_pairs_mut();
                if let Some(service) = service {
                    query.append_pair("service", service);
                }
                query.append_pair("scope", &scope);
                drop(query);
                Request::builder().method(Method::GET).uri(path(&url)).body(Full::default())
            }
        };
        let mut request = request.map_err(|_| fail("its token service has no address that can be asked".to_owned()))?;
        let headers = request.headers_mut();
        headers.insert(HOST, HeaderValue::from_str(&to.authority()).map_err(|_| fail("its token service has no name".to_owned()))?);
        headers.insert(USER_AGENT, HeaderValue::from_static(AGENT));
        headers.insert(ACCEPT, HeaderValue::from_static("application/json"));
        if let Some(Credential::Basic { username, password }) = credential {
            headers.insert(AUTHORIZATION, basic(username, password.expose(), &site.host)?);
        }
        let chosen = if to == site.origin { ChosenBy::User } else { ChosenBy::Registry(local) };
        let answer = self.transport.send(&to, chosen, request, &about).await?;
        match answer.status() {
            200 => {
                let body = Zeroizing::new(answer.bytes(&self.transport, &about, MAX_TOKEN_ANSWER).await?);
                let token = token_in(&body).ok_or_else(|| fail(format!("its token service `{shown}` gives no token")))?;
                Ok(Login { withheld, ..bearer(token.as_bytes(), &site.host)? })
            }
            // A redirect is not followed: a token service is where the registry says that it is.
            status @ (401 | 403) => {
                let said = self.said(answer, &about, &site.host).await;
                Err(match (credential, withheld.is_empty()) {
                    (None, true) => RegistryError::LoginNeeded { host: site.host.clone(), what: about.what },
                    _ => RegistryError::Denied { host: site.host.clone(), what: about.what, said: format!(" ({status}{said})"), withheld },
                })
            }
            status => {
                let said = self.said(answer, &about, &site.host).await;
                Err(RegistryError::Status { host: shown, status, what: about.what, said })
            }
        }
    }

    /// Whether a login for a registry may go to a token service.
    fn trusts(&self, site: &Site, to: &Origin) -> bool {
        let own = site.origin.host.as_str();
        // `registry.example.com` and `example.com`: whoever has the second gives out the first.
        let parent = own.split_once('.').map(|(_, parent)| parent).filter(|parent| parent.contains('.') && site.origin.ip().is_none());
        to.host == own
            || parent == Some(to.host.as_str())
            || (is_hub(&site.host) && to.host.strip_suffix(HUB_REALM.1) == Some(HUB_REALM.0))
            || self.options.token_realms.contains(&to.host)
            || self.options.token_realms.contains(&to.authority())
    }
}

fn path(url: &Url) -> String {
    url.query().map_or_else(|| url.path().to_owned(), |query| format!("{}?{query}", url.path()))
}

fn refresh(url: &Url, scope: &str, service: Option<&str>, token: &[u8]) -> Result<Request<Full<Bytes>>, hyper::http::Error> {
    let token = Zeroizing::new(String::from_utf8_lossy(token).into_owned());
    let mut form = url::form_urlencoded::Serializer::new(String::new());
    form.append_pair("grant_type", "refresh_token").append_pair("client_id", AGENT).append_pair("scope", scope);
    form.append_pair("service", service.unwrap_or_default()).append_pair("refresh_token", &token);
    let body = Full::new(Bytes::from(form.finish()));
    Request::builder().method(Method::POST).uri(path(url)).header(CONTENT_TYPE, "application/x-www-form-urlencoded").body(body)
}

/// Returns the token of a service's answer.
fn token_in(body: &[u8]) -> Option<String> {
    let value = json::parse(body).ok()?;
    let token = ["token", "access_token"].iter().find_map(|key| match value.get(key) {
        Some(Value::Text(token)) if !token.is_empty() => Some(token.clone()),
        _ => None,
    })?;
    (token.len() <= MAX_TOKEN && token.bytes().all(|b| b.is_ascii_graphic())).then_some(token)
}

fn bearer(token: &[u8], host: &str) -> Result<Login, RegistryError> {
    let text = Zeroizing::new([b"Bearer ", token].concat());
    Ok(Login { header: header(&text, host)?, withheld: String::new() })
}

fn basic(username: &str, password: &[u8], host: &str) -> Result<HeaderValue, RegistryError> {
    let plain = Zeroizing::new([username.as_bytes(), b":", password].concat());
    let text = Zeroizing::new(format!("Basic {}", STANDARD.encode(&*plain)));
    header(text.as_bytes(), host)
}

fn header(text: &[u8], host: &str) -> Result<HeaderValue, RegistryError> {
    let bad = |_| RegistryError::Setting(format!("the login for `{host}` has a character that no header can have"));
    let mut value = HeaderValue::from_bytes(text).map_err(bad)?;
    value.set_sensitive(true);
    Ok(value)
}
