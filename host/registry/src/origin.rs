//! Where a request goes: scheme, host and port. What is sent to one origin belongs to that origin alone.

use std::net::IpAddr;

use spawnfile_core::display::excerpt;
use url::{Host, Url};

/// Host of Docker Hub's registry.
const HUB_REGISTRY: &str = "registry-1.docker.io";
/// Longest address that is followed.
const MAX_URL: usize = 8 * 1024;

/// Scheme, host and port.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Origin {
    /// Whether it is https.
    pub(crate) tls: bool,
    /// Name or IP address, lower case, without brackets.
    pub(crate) host: String,
    /// Port.
    pub(crate) port: u16,
}

impl Origin {
    /// Returns the origin of a registry as it stands in references (`host[:port]`).
    pub(crate) fn of_registry(host: &str, tls: bool) -> Result<Self, String> {
        let host = if is_hub(host) { HUB_REGISTRY } else { host };
        let scheme = if tls { "https" } else { "http" };
        Self::of(&parse(&format!("{scheme}://{host}/"))?)
    }

    /// Returns the origin of an address that [`parse`] gave.
    pub(crate) fn of(url: &Url) -> Result<Self, String> {
        let host = match url.host() {
            Some(Host::Domain(name)) => name.trim_end_matches('.').to_ascii_lowercase(),
            Some(Host::Ipv4(ip)) => ip.to_string(),
            Some(Host::Ipv6(ip)) => ip.to_string(),
            None => return Err("it names no host".to_owned()),
        };
        let port = url.port_or_known_default().filter(|port| *port > 0).ok_or("it names no port")?;
        Ok(Self { tls: url.scheme() == "https", host, port })
    }

    /// Returns the host as an IP address, if it is one.
    pub(crate) fn ip(&self) -> Option<IpAddr> {
        self.host.parse().ok()
    }

    /// Whether it is on this machine, by its name alone.
    pub(crate) fn is_loopback(&self) -> bool {
        self.host == "localhost" || self.ip().is_some_and(|ip| is_loopback(&ip))
    }

    /// Returns host and port as they stand in a `Host` header.
    pub(crate) fn authority(&self) -> String {
        let host = if self.host.contains(':') { format!("[{}]", self.host) } else { self.host.clone() };
        if self.port == if self.tls { 443 } else { 80 } { host } else { format!("{host}:{}", self.port) }
    }

    /// Returns the address of a path there.
    pub(crate) fn url(&self, path: &str) -> Result<Url, String> {
        parse(&format!("{}://{}{path}", if self.tls { "https" } else { "http" }, self.authority()))
    }
}

/// Whether a registry's name is one of Docker Hub's.
pub(crate) fn is_hub(host: &str) -> bool {
    ["docker.io", "index.docker.io", HUB_REGISTRY].iter().any(|name| name.eq_ignore_ascii_case(host))
}

/// Whether an address is this machine's, also when it is written as IPv6.
pub(crate) fn is_loopback(ip: &IpAddr) -> bool {
    ip.to_canonical().is_loopback()
}

/// Whether no registry, token service or storage can be there: link-local (services of a cloud's machines), multicast,
/// nowhere.
pub(crate) fn is_nowhere(ip: &IpAddr) -> bool {
    match ip.to_canonical() {
        IpAddr::V4(ip) => ip.is_link_local() || ip.is_multicast() || ip.is_unspecified() || ip.is_broadcast(),
        IpAddr::V6(ip) => ip.is_unicast_link_local() || ip.is_multicast() || ip.is_unspecified(),
    }
}

/// Reads an absolute address that may be followed: http or https, without user and password.
pub(crate) fn parse(text: &str) -> Result<Url, String> {
    check(Url::parse(text).map_err(|error| format!("`{}` is no address: {error}", excerpt(text)))?)
}

/// Reads an address that may be relative to another.
pub(crate) fn join(base: &Url, text: &str) -> Result<Url, String> {
    check(base.join(text).map_err(|error| format!("`{}` is no address: {error}", excerpt(text)))?)
}

fn check(url: Url) -> Result<Url, String> {
    if url.as_str().len() > MAX_URL {
        return Err("the address is too long".to_owned());
    }
    if !matches!(url.scheme(), "http" | "https") {
        return Err(format!("`{}` is no address of HTTP", excerpt(url.as_str())));
    }
    if !url.username().is_empty() || url.password().is_some() {
        return Err("the address has a user in it".to_owned());
    }
    Ok(url)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn this_machine_is_known_in_every_spelling() {
        for host in ["127.0.0.1:5000", "127.9.9.9", "localhost:5000", "LOCALHOST"] {
            assert!(Origin::of_registry(host, false).unwrap().is_loopback(), "{host}");
        }
        for url in ["http://[::1]:5000/", "http://[::ffff:127.0.0.1]/", "http://2130706433/", "http://0x7f.1/", "http://localhost./"] {
            assert!(Origin::of(&parse(url).unwrap()).unwrap().is_loopback(), "{url}");
        }
        for host in ["localhost.example.com", "127.0.0.1.example.com", "example.com:5000"] {
            assert!(!Origin::of_registry(host, true).unwrap().is_loopback(), "{host}");
        }
    }

    #[test]
    fn what_is_no_address_of_http_is_refused() {
        for url in ["file:///etc/passwd", "ftp://a/", "http://u:p@a/", "//a", "javascript:x", &format!("http://a/{}", "x".repeat(9000))] {
            assert!(parse(url).is_err(), "{url}");
        }
        assert!(is_nowhere(&"169.254.169.254".parse().unwrap()) && is_nowhere(&"::ffff:169.254.169.254".parse().unwrap()));
        assert!(is_nowhere(&"0.0.0.0".parse().unwrap()) && !is_nowhere(&"127.0.0.1".parse().unwrap()));
    }

    #[test]
    fn the_hub_has_one_address() {
        assert_eq!(Origin::of_registry("docker.io", true).unwrap().authority(), "registry-1.docker.io");
        assert_eq!(Origin::of_registry("r.example:444", true).unwrap().authority(), "r.example:444");
    }
}
