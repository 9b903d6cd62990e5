//! One request to one origin: connections, proxies, TLS, and a reader of answers that is bounded in bytes and time.
//!
//! Knows nothing of registries and follows nothing. A connection is kept for the next request to the same origin. It
//! refuses to connect where no registry can be, and, for whom the registry did not choose by itself, to this machine.

mod body;
mod dial;
mod proxy;
mod tls;

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use http_body_util::Full;
use hyper::body::{Bytes, Incoming};
use hyper::client::conn::http1::{Builder, SendRequest};
use hyper::{Request, Response};
use hyper_util::rt::TokioIo;
use tokio::time::{Instant, timeout, timeout_at};

pub use proxy::ProxyContext;

use crate::error::RegistryError;
use crate::origin::Origin;

/// Most bytes of the head of an answer.
const MAX_HEAD: usize = 64 * 1024;
/// Most headers of an answer.
const MAX_HEADERS: usize = 64;
/// How long a kept connection may take to be ready again.
const READY: Duration = Duration::from_millis(200);

/// How long things may take.
#[derive(Debug, Clone, Copy)]
pub struct Times {
    /// To connect, handshakes included.
    pub connect: Duration,
    /// Between two pieces of an answer, and until its head.
    pub idle: Duration,
    /// For a whole request about something small. Blobs get a second more for every [`Times::SLOWEST`] bytes.
    pub whole: Duration,
    /// Wait before the first repetition of a request when the registry names none; doubled each time.
    pub pause: Duration,
    /// Longest wait that a registry may ask for.
    pub longest_wait: Duration,
}

impl Times {
    /// Fewest bytes a second of a blob.
    pub const SLOWEST: u64 = 16 * 1024;
}

impl Default for Times {
    fn default() -> Self {
        Self {
            connect: Duration::from_secs(10),
            idle: Duration::from_secs(30),
            whole: Duration::from_secs(60),
            pause: Duration::from_millis(500),
            longest_wait: Duration::from_secs(30),
        }
    }
}

/// Who chose where a request goes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum ChosenBy {
    /// The user, by naming the registry.
    User,
    /// A registry, which may be on this machine itself (`true`): only then it may choose this machine.
    Registry(bool),
}

/// What a request is about, and when it must be done.
#[derive(Debug, Clone)]
pub(crate) struct About {
    /// For messages: "the manifest of `a/b:1`".
    pub(crate) what: String,
    /// When all of it must be done.
    pub(crate) deadline: Instant,
}

/// An answer whose body was not read yet.
#[derive(Debug)]
pub(crate) struct Answer {
    pub(crate) response: Response<Incoming>,
    pub(crate) origin: Origin,
    sender: SendRequest<Full<Bytes>>,
}

/// Connections and what they need.
#[derive(Debug)]
pub(crate) struct Transport {
    pub(crate) times: Times,
    proxy: ProxyContext,
    trust: tls::Trust,
    kept: Mutex<BTreeMap<Origin, SendRequest<Full<Bytes>>>>,
}

impl Transport {
    pub(crate) fn new(times: Times, proxy: ProxyContext, certs: Vec<PathBuf>) -> Self {
        Self { times, proxy, trust: tls::Trust::new(certs), kept: Mutex::default() }
    }

    /// Whether the user gave certificates for a registry.
    pub(crate) fn has_certificates(&self, registry: &str) -> bool {
        self.trust.knows(registry)
    }

    /// Sends a request. Its address is a path; the origin says where it goes.
    pub(crate) async fn send(
        &self,
        to: &Origin,
        chosen: ChosenBy,
        request: Request<Full<Bytes>>,
        about: &About,
    ) -> Result<Answer, RegistryError> {
        let kept = self.kept.lock().unwrap_or_else(PoisonError::into_inner).remove(to);
        if let Some(mut sender) = kept
            && matches!(timeout(READY, sender.ready()).await, Ok(Ok(())))
        {
            // One that was closed meanwhile is no failure: the request goes over a new connection.
            if let Ok(answer) = self.exchange(to, sender, request.clone(), about).await {
                return Ok(answer);
            }
        }
        let sender = self.open(to, chosen, about).await?;
        self.exchange(to, sender, request, about).await
    }

    async fn exchange(
        &self,
        to: &Origin,
        mut sender: SendRequest<Full<Bytes>>,
        request: Request<Full<Bytes>>,
        about: &About,
    ) -> Result<Answer, RegistryError> {
        let until = about.deadline.min(Instant::now() + self.times.idle);
        match timeout_at(until, sender.send_request(request)).await {
            Ok(Ok(response)) => Ok(Answer { response, origin: to.clone(), sender }),
            Ok(Err(error)) => Err(broken(to, about, &error)),
            Err(_) => Err(RegistryError::Slow { host: to.authority(), what: about.what.clone() }),
        }
    }

    async fn open(&self, to: &Origin, chosen: ChosenBy, about: &About) -> Result<SendRequest<Full<Bytes>>, RegistryError> {
        let until = about.deadline.min(Instant::now() + self.times.connect);
        let slow = || RegistryError::Unreachable { host: to.authority(), why: "it does not answer in time".to_owned() };
        let stream = timeout_at(until, self.connect(to, chosen)).await.map_err(|_| slow())??;
        let mut builder = Builder::new();
        builder.max_buf_size(MAX_HEAD).max_headers(MAX_HEADERS);
        let handshake = timeout_at(until, builder.handshake(TokioIo::new(stream))).await.map_err(|_| slow())?;
        let (sender, connection) = handshake.map_err(|error| broken(to, about, &error))?;
        // Ends with the sender, or with the body that is read over it. What breaks it, the request sees too.
        tokio::spawn(async move {
            let _seen_by_the_request = connection.await;
        });
        Ok(sender)
    }

    /// Keeps the connection of an answer that was read to its end.
    fn keep(&self, origin: Origin, sender: SendRequest<Full<Bytes>>) {
        self.kept.lock().unwrap_or_else(PoisonError::into_inner).insert(origin, sender);
    }
}

fn broken(to: &Origin, about: &About, error: &hyper::Error) -> RegistryError {
    let mut why = error.to_string();
    if let Some(source) = std::error::Error::source(error) {
        why = format!("{why}: {source}");
    }
    RegistryError::Broken { host: to.authority(), what: about.what.clone(), why: spawnfile_core::display::excerpt(&why) }
}
