//! The connection to the Engine: one per request, with a cap on the bytes that are read from it.
//!
//! Below bollard and below the requests made here. Refuses answers that are longer than their cap and gives every
//! path the negotiated API version.

use std::pin::Pin;
use std::sync::OnceLock;
use std::task::{Context, Poll};
use std::time::Duration;

use bollard::BollardRequest;
use http_body_util::BodyExt as _;
use hyper::body::Incoming;
use hyper::header::{CONTENT_TYPE, HOST, HeaderName, HeaderValue};
use hyper::{Method, Request, Response, StatusCode, Uri};
use hyper_util::rt::TokioIo;
use serde::Deserialize;
use serde::de::DeserializeOwned;
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::net::{TcpStream, UnixStream};

use crate::endpoint::{Dial, Endpoint};
use crate::error::{DockerError, TooLong, cause};
use crate::text::Redactor;

/// Cap of an answer that is one JSON document, in bytes.
pub(crate) const DOCUMENT_MAX: u64 = 16 * 1024 * 1024;
/// Cap of what is read of a refusal, in bytes.
const REFUSAL_MAX: usize = 64 * 1024;
/// Time for facts and small effects.
pub(crate) const SHORT: Duration = Duration::from_secs(30);
/// Time for effects that touch file systems and networks.
pub(crate) const LONG: Duration = Duration::from_secs(120);

/// An Engine that answers, and its version.
#[derive(Debug)]
pub(crate) struct Wire {
    dial: Dial,
    endpoint: String,
    version: OnceLock<(u32, u32)>,
}

/// A request that does not go through bollard.
#[derive(Debug)]
pub(crate) struct Call<'a> {
    method: Method,
    path: String,
    query: String,
    headers: Vec<(HeaderName, HeaderValue)>,
    cap: u64,
    /// The object, for errors.
    pub(crate) what: &'a str,
}

impl<'a> Call<'a> {
    pub(crate) fn new(method: Method, path: impl Into<String>, what: &'a str) -> Self {
        Self { method, path: path.into(), query: String::new(), headers: Vec::new(), cap: DOCUMENT_MAX, what }
    }

    pub(crate) fn get(path: impl Into<String>, what: &'a str) -> Self {
        Self::new(Method::GET, path, what)
    }

    pub(crate) fn post(path: impl Into<String>, what: &'a str) -> Self {
        Self::new(Method::POST, path, what)
    }

    #[must_use]
    pub(crate) fn query(mut self, name: &str, value: &str) -> Self {
        self.query.push(if self.query.is_empty() { '?' } else { '&' });
        self.query.push_str(name);
        self.query.push('=');
        self.query.push_str(&percent(value));
        self
    }

    #[must_use]
    pub(crate) fn header(mut self, name: HeaderName, value: HeaderValue) -> Self {
        self.headers.push((name, value));
        self
    }

    /// Sets the cap of the answer, in bytes.
    #[must_use]
    pub(crate) const fn cap(mut self, cap: u64) -> Self {
        self.cap = cap;
        self
    }
}

/// Returns an empty body.
pub(crate) fn empty() -> BodyOf {
    bollard::body_full(hyper::body::Bytes::new())
}

/// The body type of bollard, which has no public name of its own.
pub(crate) type BodyOf = <BollardRequest as Part>::Body;

/// Names the body of a request type.
pub(crate) trait Part {
    /// The body.
    type Body;
}

impl<B> Part for Request<B> {
    type Body = B;
}

#[derive(Deserialize)]
struct Refusal {
    message: String,
}

impl Wire {
    pub(crate) fn new(endpoint: &Endpoint) -> Self {
        Self { dial: endpoint.dial.clone(), endpoint: endpoint.describe(), version: OnceLock::new() }
    }

    /// Returns endpoint and how it was chosen, for errors.
    pub(crate) fn endpoint(&self) -> &str {
        &self.endpoint
    }

    /// Sets the API version of all later requests. Only the first call counts.
    pub(crate) fn set_version(&self, version: (u32, u32)) {
        let _already_set = self.version.set(version);
    }

    /// Returns the error for an answer that did not come, or not wholly.
    pub(crate) fn broken(&self, what: &str, error: &(dyn std::error::Error + 'static)) -> DockerError {
        let (why, too_long) = cause(error);
        if too_long { DockerError::malformed(what, why) } else { DockerError::Unreachable { endpoint: self.endpoint.clone(), why } }
    }

    /// Sends a request on a connection of its own; at most `cap` bytes of it are read.
    pub(crate) async fn send(&self, mut request: BollardRequest, cap: u64) -> Result<Response<Incoming>, bollard::errors::Error> {
        let path = request.uri().path_and_query().map_or("/", |path| path.as_str());
        let versioned = match self.version.get() {
            Some((major, minor)) => format!("/v{major}.{minor}{path}"),
            None => path.to_owned(),
        };
        *request.uri_mut() = versioned.parse::<Uri>()?;
        request.headers_mut().insert(HOST, HeaderValue::from_static("docker"));
        match &self.dial {
            Dial::Unix(path) => speak(UnixStream::connect(path).await?, request, cap).await,
            Dial::Tcp(host, port) => speak(TcpStream::connect((host.as_str(), *port)).await?, request, cap).await,
        }
    }

    /// Makes a request and returns the answer when it is a success (or a change of protocols).
    pub(crate) async fn call(&self, call: Call<'_>, body: BodyOf, redactor: &Redactor) -> Result<Response<Incoming>, DockerError> {
        let Call { method, path, query, headers, cap, what } = call;
        let mut request = Request::new(body);
        *request.method_mut() = method;
        *request.uri_mut() = format!("{path}{query}").parse().map_err(|_| DockerError::invalid(what, "it cannot be part of a request"))?;
        request.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
        for (name, value) in headers {
            request.headers_mut().insert(name, value);
        }
        let response = self.send(request, cap).await.map_err(|error| self.broken(what, &error))?;
        let status = response.status();
        if status.is_success() || status == StatusCode::SWITCHING_PROTOCOLS {
            return Ok(response);
        }
        let body = self.collect(response.into_body(), REFUSAL_MAX).await;
        let message = match serde_json::from_slice::<Refusal>(&body) {
            Ok(refusal) => refusal.message,
            Err(_) => String::from_utf8_lossy(&body).into_owned(),
        };
        Err(DockerError::from_status(what, status.as_u16(), redactor.clean(&message)))
    }

    /// Makes a request and reads the answer as one document.
    pub(crate) async fn json<T: DeserializeOwned>(&self, call: Call<'_>, body: BodyOf, redactor: &Redactor) -> Result<T, DockerError> {
        let what = call.what;
        let response = self.call(call, body, redactor).await?;
        let bytes = response.into_body().collect().await.map_err(|error| self.broken(what, &error))?.to_bytes();
        // The position only: an inspect answer holds the environment of a container.
        serde_json::from_slice(&bytes).map_err(|error| {
            let why = format!("the engine's answer is no document of the wanted form (line {}, column {})", error.line(), error.column());
            DockerError::malformed(what, why)
        })
    }

    /// Reads at most `max` bytes; a stream that breaks gives what came before.
    async fn collect(&self, mut body: Incoming, max: usize) -> Vec<u8> {
        let mut bytes = Vec::new();
        while let Some(Ok(frame)) = body.frame().await {
            let Some(data) = frame.data_ref() else { continue };
            let room = max.saturating_sub(bytes.len());
            bytes.extend(data.iter().take(room));
            if data.len() >= room {
                break;
            }
        }
        bytes
    }
}

/// Runs a call with a deadline.
pub(crate) async fn within<T>(what: &str, after: Duration, call: impl Future<Output = Result<T, DockerError>>) -> Result<T, DockerError> {
    match tokio::time::timeout(after, call).await {
        Ok(done) => done,
        Err(_) => Err(DockerError::Deadline { what: what.to_owned(), after }),
    }
}

async fn speak<S>(stream: S, request: BollardRequest, cap: u64) -> Result<Response<Incoming>, bollard::errors::Error>
where
    S: AsyncRead + AsyncWrite + Send + Unpin + 'static,
{
    let metered = TokioIo::new(Metered { inner: stream, left: cap, cap });
    let (mut sender, connection) = hyper::client::conn::http1::handshake(metered).await?;
    // Ends by itself: when the answer is read or dropped, or the request is dropped before it.
    drop(tokio::spawn(connection.with_upgrades()));
    Ok(sender.send_request(request).await?)
}

/// Fails as soon as more than `cap` bytes have been read.
struct Metered<S> {
    inner: S,
    left: u64,
    cap: u64,
}

impl<S: AsyncRead + Unpin> AsyncRead for Metered<S> {
    fn poll_read(mut self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &mut ReadBuf<'_>) -> Poll<std::io::Result<()>> {
        let before = buf.filled().len();
        std::task::ready!(Pin::new(&mut self.inner).poll_read(cx, buf))?;
        let read = (buf.filled().len() - before) as u64;
        match self.left.checked_sub(read) {
            Some(left) => {
                self.left = left;
                Poll::Ready(Ok(()))
            }
            None => Poll::Ready(Err(std::io::Error::other(TooLong(self.cap)))),
        }
    }
}

impl<S: AsyncWrite + Unpin> AsyncWrite for Metered<S> {
    fn poll_write(mut self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &[u8]) -> Poll<std::io::Result<usize>> {
        Pin::new(&mut self.inner).poll_write(cx, buf)
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<std::io::Result<()>> {
        Pin::new(&mut self.inner).poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<std::io::Result<()>> {
        Pin::new(&mut self.inner).poll_shutdown(cx)
    }
}

/// Escapes a value for a query.
pub(crate) fn percent(value: &str) -> String {
    use std::fmt::Write as _;
    let mut out = String::with_capacity(value.len());
    for byte in value.bytes() {
        match byte {
            b'A'..=b'Z' | b'a'..=b'z' | b'0'..=b'9' | b'-' | b'.' | b'_' | b'~' => out.push(char::from(byte)),
            byte => {
                let _infallible = write!(out, "%{byte:02X}");
            }
        }
    }
    out
}
