//! The scripted Engine itself: a Unix socket and what it answers.
#![allow(clippy::unwrap_used, missing_debug_implementations, reason = "tests")]

use std::path::PathBuf;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use spawnfile_docker::{Docker, Endpoint, EndpointRequest};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{UnixListener, UnixStream};

/// What the fake does with a request.
pub(crate) enum Reply {
    /// Sends these bytes and closes.
    Bytes(Vec<u8>),
    /// Sends these bytes and then this piece for ever.
    Endless(Vec<u8>, Vec<u8>),
    /// Says nothing.
    Silence,
}

pub(crate) struct Fake {
    _dir: tempfile::TempDir,
    pub(crate) endpoint: Endpoint,
    pub(crate) seen: Arc<Mutex<Vec<String>>>,
}

impl Fake {
    /// Starts an Engine that answers `_ping` with this version and everything else by `script`, which is given the
    /// request line and the head.
    pub(crate) fn start(version: &'static str, script: impl Fn(&str) -> Reply + Send + Sync + 'static) -> Self {
        Self::bare(move |head| {
            if head.starts_with("GET /_ping ") {
                return Reply::Bytes(format!("HTTP/1.1 200 OK\r\nApi-Version: {version}\r\nContent-Length: 2\r\n\r\nOK").into_bytes());
            }
            script(head)
        })
    }

    pub(crate) fn bare(script: impl Fn(&str) -> Reply + Send + Sync + 'static) -> Self {
        let dir = tempfile::tempdir().unwrap();
        let socket: PathBuf = dir.path().join("engine.sock");
        let listener = UnixListener::bind(&socket).unwrap();
        let seen = Arc::new(Mutex::new(Vec::new()));
        let (script, log) = (Arc::new(script), Arc::clone(&seen));
        tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                let (script, log) = (Arc::clone(&script), Arc::clone(&log));
                tokio::spawn(async move { serve(stream, &*script, &log).await });
            }
        });
        let request = EndpointRequest {
            host: Some(format!("unix://{}", socket.display())),
            docker_config_dir: dir.path().to_owned(),
            ..EndpointRequest::default()
        };
        Self { endpoint: Endpoint::resolve(&request).unwrap(), _dir: dir, seen }
    }

    pub(crate) async fn docker(&self) -> Docker {
        Docker::connect(&self.endpoint).await.unwrap()
    }

    pub(crate) fn requests(&self) -> Vec<String> {
        self.seen.lock().unwrap().iter().map(|head| head.lines().next().unwrap_or_default().to_owned()).collect()
    }

    /// Returns whether such a line comes within a second.
    pub(crate) async fn comes(&self, line: &str) -> bool {
        for _ in 0..50 {
            if self.requests().iter().any(|seen| seen == line) {
                return true;
            }
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
        false
    }

    pub(crate) fn heads(&self) -> Vec<String> {
        self.seen.lock().unwrap().clone()
    }
}

async fn serve(mut stream: UnixStream, script: &(dyn Fn(&str) -> Reply + Send + Sync), log: &Mutex<Vec<String>>) {
    let mut head = Vec::new();
    while !head.ends_with(b"\r\n\r\n") {
        let Ok(byte) = stream.read_u8().await else { return };
        head.push(byte);
    }
    let head = String::from_utf8(head).unwrap();
    log.lock().unwrap().push(head.clone());
    match script(&head) {
        Reply::Bytes(bytes) => {
            let _gone = stream.write_all(&bytes).await;
            let _gone = stream.shutdown().await;
            // Reads what the client still sends, so that the close is no reset.
            let mut rest = Vec::new();
            let _gone = tokio::time::timeout(Duration::from_secs(2), stream.read_to_end(&mut rest)).await;
        }
        Reply::Endless(start, piece) => {
            let mut gone = stream.write_all(&start).await;
            while gone.is_ok() {
                gone = stream.write_all(&piece).await;
            }
            log.lock().unwrap().push("(left)".to_owned());
        }
        Reply::Silence => std::future::pending().await,
    }
}

pub(crate) fn http(status: u16, kind: &str, body: &[u8]) -> Vec<u8> {
    let mut bytes = format!("HTTP/1.1 {status} X\r\nContent-Type: {kind}\r\nContent-Length: {}\r\n\r\n", body.len()).into_bytes();
    bytes.extend(body);
    bytes
}

pub(crate) fn json(status: u16, body: &str) -> Reply {
    Reply::Bytes(http(status, "application/json", body.as_bytes()))
}
