//! Proxies, by the variables that other programs read: `HTTPS_PROXY`, `HTTP_PROXY`, `NO_PROXY`, or in lower case.
//!
//! This machine is never reached through one. A proxy is spoken to in plain HTTP; other kinds are refused, not skipped.

use std::net::IpAddr;

use base64::Engine as _;
use url::Url;

use crate::error::RegistryError;
use crate::origin::Origin;

/// The values of the variables.
#[derive(Clone, Default)]
pub struct ProxyContext {
    /// `HTTPS_PROXY` or `https_proxy`.
    pub https: Option<String>,
    /// `HTTP_PROXY` or `http_proxy`.
    pub http: Option<String>,
    /// `NO_PROXY` or `no_proxy`: hosts, domains, addresses and networks that are reached without, separated by commas.
    pub no: Option<String>,
}

impl std::fmt::Debug for ProxyContext {
    /// Does not show the addresses, which may have a password.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("ProxyContext")
    }
}

/// A proxy on the way.
pub(super) struct Proxy {
    pub(super) host: String,
    pub(super) port: u16,
    /// Value of `Proxy-Authorization`.
    pub(super) authorization: Option<String>,
}

impl ProxyContext {
    /// Returns the proxy on the way to an origin.
    pub(super) fn on_the_way(&self, to: &Origin) -> Result<Option<Proxy>, RegistryError> {
        let (name, value) = if to.tls { ("HTTPS_PROXY", &self.https) } else { ("HTTP_PROXY", &self.http) };
        let Some(value) = value.as_deref().map(str::trim).filter(|value| !value.is_empty()) else { return Ok(None) };
        if to.is_loopback() || self.no.as_deref().is_some_and(|no| is_excepted(no, to)) {
            return Ok(None);
        }
        // The value is not repeated: it may have a password.
        let bad = |why: &str| RegistryError::Setting(format!("{name} {why}"));
        let text = if value.contains("://") { value.to_owned() } else { format!("http://{value}") };
        let url = Url::parse(&text).map_err(|_| bad("is no address"))?;
        if url.scheme() != "http" {
            return Err(bad("is not the address of a proxy that is spoken to in plain HTTP (http://host:port)"));
        }
        let host = url.host_str().filter(|host| !host.is_empty()).ok_or_else(|| bad("names no host"))?;
        let authorization = (!url.username().is_empty()).then(|| {
            let user = percent_decoded(url.username());
            let password = percent_decoded(url.password().unwrap_or_default());
            let plain = zeroize::Zeroizing::new([&user[..], b":", &password[..]].concat());
            format!("Basic {}", base64::engine::general_purpose::STANDARD.encode(&*plain))
        });
        let host = host.trim_start_matches('[').trim_end_matches(']').to_owned();
        Ok(Some(Proxy { host, port: url.port_or_known_default().unwrap_or(80), authorization }))
    }
}

fn is_excepted(list: &str, to: &Origin) -> bool {
    let ip = to.ip();
    list.split(',').map(str::trim).filter(|item| !item.is_empty()).any(|item| {
        if item == "*" {
            return true;
        }
        if let (Some((network, bits)), Some(ip)) = (item.split_once('/'), ip) {
            return network.parse().is_ok_and(|network| bits.parse().is_ok_and(|bits| is_in(ip, network, bits)));
        }
        let (name, port) = match item.rsplit_once(':') {
            Some((name, port)) if !name.contains(':') => (name, Some(port)),
            _ => (item, None),
        };
        if port.is_some_and(|port| port.parse() != Ok(to.port)) {
            return false;
        }
        let name = name.trim_start_matches("*.").trim_start_matches('.').to_ascii_lowercase();
        to.host == name || (ip.is_none() && to.host.strip_suffix(&name).is_some_and(|rest| rest.ends_with('.')))
    })
}

fn is_in(ip: IpAddr, network: IpAddr, bits: u32) -> bool {
    match (ip, network) {
        (IpAddr::V4(ip), IpAddr::V4(network)) if bits <= 32 => {
            let mask = u32::MAX.checked_shl(32 - bits).unwrap_or(0);
            ip.to_bits() & mask == network.to_bits() & mask
        }
        (IpAddr::V6(ip), IpAddr::V6(network)) if bits <= 128 => {
            let mask = u128::MAX.checked_shl(128 - bits).unwrap_or(0);
            ip.to_bits() & mask == network.to_bits() & mask
        }
        _ => false,
    }
}

fn percent_decoded(text: &str) -> zeroize::Zeroizing<Vec<u8>> {
    let mut out = zeroize::Zeroizing::new(Vec::with_capacity(text.len()));
    let mut rest = text.as_bytes();
    while let Some((first, after)) = rest.split_first() {
        let hex = after.get(..2).filter(|_| *first == b'%').and_then(|hex| u8::from_str_radix(str::from_utf8(hex).ok()?, 16).ok());
        out.push(hex.unwrap_or(*first));
        rest = if hex.is_some() { after.get(2..).unwrap_or_default() } else { after };
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    fn way(proxy: &str, no: &str, to: &str) -> Option<String> {
        let context = ProxyContext { https: Some(proxy.to_owned()), http: None, no: Some(no.to_owned()) };
        let origin = Origin::of_registry(to, true).unwrap();
        context.on_the_way(&origin).unwrap().map(|proxy| format!("{}:{} {}", proxy.host, proxy.port, proxy.authorization.is_some()))
    }

    #[test]
    fn this_machine_and_exceptions_are_reached_directly() {
        assert_eq!(way("http://127.0.0.2:3128", "", "r.example").as_deref(), Some("127.0.0.2:3128 false"));
        assert_eq!(way("ada:p%40ss@127.0.0.2:3128", "", "r.example").as_deref(), Some("127.0.0.2:3128 true"));
        for (no, to) in [
            ("", "127.0.0.1:5000"),
            ("", "localhost:5000"),
            ("*", "r.example"),
            ("a, r.example", "r.example"),
            (".example", "r.example"),
            ("*.example", "r.example"),
            ("r.example:443", "r.example"),
            ("10.0.0.0/8", "10.1.2.3"),
        ] {
            assert_eq!(way("http://127.0.0.2:1", no, to), None, "{no} {to}");
        }
        for (no, to) in [("ample", "r.example"), ("r.example:444", "r.example"), ("10.0.0.0/33", "10.1.2.3"), ("10.0.0.0/16", "10.1.2.3")] {
            assert!(way("http://127.0.0.2:1", no, to).is_some(), "{no} {to}");
        }
    }

    #[test]
    fn other_kinds_are_refused_and_not_shown() {
        for value in ["socks5://u:canary@127.0.0.2:1", "https://u:canary@127.0.0.2", "http://", "http://u:canary@["] {
            let context = ProxyContext { https: Some(value.to_owned()), ..ProxyContext::default() };
            let error = context.on_the_way(&Origin::of_registry("r.example", true).unwrap()).err().unwrap().to_string();
            assert!(error.contains("HTTPS_PROXY") && !error.contains("canary"), "{error}");
        }
    }
}
