//! Connects: names to addresses, a proxy's tunnel, TLS.

use std::io;
use std::net::SocketAddr;
use std::pin::Pin;
use std::task::{Context, Poll};

use rustls::pki_types::ServerName;
use tokio::io::{AsyncRead, AsyncReadExt as _, AsyncWrite, AsyncWriteExt as _, ReadBuf};
use tokio::net::TcpStream;
use tokio_rustls::TlsConnector;
use tokio_rustls::client::TlsStream;

use super::proxy::Proxy;
use super::{ChosenBy, Transport};
use crate::error::RegistryError;
use crate::origin::{Origin, is_loopback, is_nowhere};

/// Most bytes of a proxy's answer.
const MAX_TUNNEL_HEAD: usize = 8 * 1024;
/// Most addresses of one name that are tried.
const MAX_ADDRESSES: usize = 8;

/// A connection, plain or secure.
pub(super) enum Stream {
    Plain(TcpStream),
    Tls(Box<TlsStream<TcpStream>>),
}

impl Transport {
    /// Connects to an origin. Plain HTTP to a name that stands for this machine goes to this machine only.
    pub(super) async fn connect(&self, to: &Origin, chosen: ChosenBy) -> Result<Stream, RegistryError> {
        let fail = |why: String| RegistryError::Unreachable { host: to.authority(), why };
        if to.ip().is_some_and(|ip| is_nowhere(&ip)) {
            return Err(fail("no registry can be at such an address".to_owned()));
        }
        let tcp = match self.proxy.on_the_way(to)? {
            Some(proxy) => {
                if chosen == ChosenBy::Registry(false) && to.ip().is_some_and(|ip| is_loopback(&ip)) {
                    return Err(fail("it is on this machine, which the registry does not choose".to_owned()));
                }
                let tcp = TcpStream::connect((proxy.host.as_str(), proxy.port)).await;
                let tcp = tcp.map_err(|error| fail(format!("the proxy `{}:{}`: {error}", proxy.host, proxy.port)))?;
                tunnel(tcp, to, &proxy).await.map_err(|why| fail(format!("the proxy `{}:{}` {why}", proxy.host, proxy.port)))?
            }
            None => direct(to, chosen).await.map_err(fail)?,
        };
        // Requests are small and wait for their answer.
        let _slower = tcp.set_nodelay(true);
        if !to.tls {
            return Ok(Stream::Plain(tcp));
        }
        let config = self.trust.of(to)?;
        let name = ServerName::try_from(to.host.clone()).map_err(|_| fail("its name is none that a certificate can have".to_owned()))?;
        let secure = TlsConnector::from(config).connect(name, tcp).await;
        let why = |error: io::Error| RegistryError::Tls { host: to.authority(), why: spawnfile_core::display::excerpt(&error.to_string()) };
        secure.map(|stream| Stream::Tls(Box::new(stream))).map_err(why)
    }
}

async fn direct(to: &Origin, chosen: ChosenBy) -> Result<TcpStream, String> {
    let found = tokio::net::lookup_host((to.host.as_str(), to.port)).await.map_err(|error| error.to_string())?;
    let found: Vec<SocketAddr> = found.take(MAX_ADDRESSES).collect();
    let may = |address: &SocketAddr| {
        let ip = address.ip();
        let here = is_loopback(&ip);
        !is_nowhere(&ip) && (here || !to.is_loopback()) && (!here || chosen != ChosenBy::Registry(false))
    };
    let mut why = match found.first() {
        None => "its name has no address".to_owned(),
        Some(first) => format!("its address {} is not one where the registry may send to", first.ip()),
    };
    for address in found.into_iter().filter(may) {
        match TcpStream::connect(address).await {
            Ok(tcp) => return Ok(tcp),
            Err(error) => why = error.to_string(),
        }
    }
    Err(why)
}

/// Asks a proxy for a connection. Plain HTTP goes through one too: so its requests look the same with and without.
async fn tunnel(mut tcp: TcpStream, to: &Origin, proxy: &Proxy) -> Result<TcpStream, String> {
    let host = if to.host.contains(':') { format!("[{}]", to.host) } else { to.host.clone() };
    let target = format!("{host}:{}", to.port);
    let mut head = format!("CONNECT {target} HTTP/1.1\r\nHost: {target}\r\n");
    if let Some(authorization) = &proxy.authorization {
        head.push_str(&format!("Proxy-Authorization: {authorization}\r\n"));
    }
    head.push_str("\r\n");
    tcp.write_all(head.as_bytes()).await.map_err(|error| error.to_string())?;
    let mut answer = Vec::new();
    while !answer.ends_with(b"\r\n\r\n") {
        if answer.len() >= MAX_TUNNEL_HEAD {
            return Err("does not answer as a proxy does".to_owned());
        }
        // Byte by byte: what comes after the head belongs to the connection.
        answer.push(tcp.read_u8().await.map_err(|error| error.to_string())?);
    }
    let status = answer.strip_prefix(b"HTTP/1.").and_then(|rest| str::from_utf8(rest.get(2..5)?).ok()).unwrap_or("nothing");
    if status == "200" { Ok(tcp) } else { Err(format!("does not connect: it answers {}", spawnfile_core::display::excerpt(status))) }
}

impl AsyncRead for Stream {
    fn poll_read(self: Pin<&mut Self>, context: &mut Context<'_>, buffer: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        match self.get_mut() {
            Self::Plain(stream) => Pin::new(stream).poll_read(context, buffer),
            Self::Tls(stream) => Pin::new(stream).poll_read(context, buffer),
        }
    }
}

impl AsyncWrite for Stream {
    fn poll_write(self: Pin<&mut Self>, context: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        match self.get_mut() {
            Self::Plain(stream) => Pin::new(stream).poll_write(context, bytes),
            Self::Tls(stream) => Pin::new(stream).poll_write(context, bytes),
        }
    }

    fn poll_flush(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        match self.get_mut() {
            Self::Plain(stream) => Pin::new(stream).poll_flush(context),
            Self::Tls(stream) => Pin::new(stream).poll_flush(context),
        }
    }

    fn poll_shutdown(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        match self.get_mut() {
            Self::Plain(stream) => Pin::new(stream).poll_shutdown(context),
            Self::Tls(stream) => Pin::new(stream).poll_shutdown(context),
        }
    }
}
