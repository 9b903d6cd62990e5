//! A proxy before the Engine that acts at one request: it calls back, holds the request for a moment, and then lets it
//! go on its way, as a slow Engine would that a signal comes to meet.

use std::io::{Read as _, Write as _};
use std::net::Shutdown;
use std::os::unix::net::{UnixListener, UnixStream};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

/// How long the request is held.
const HELD: Duration = Duration::from_millis(400);

/// Listens at `socket` until the test ends; `act` is called at the first request whose line has `marker` in it.
pub(crate) fn before_engine(socket: &Path, marker: &'static str, act: impl Fn() + Send + Sync + 'static) {
    let listener = UnixListener::bind(socket).unwrap();
    let (act, acted) = (Arc::new(act), Arc::new(AtomicBool::new(false)));
    std::thread::spawn(move || {
        for client in listener.incoming() {
            let client = client.unwrap();
            let engine = UnixStream::connect(engine_socket()).unwrap();
            let (act, acted) = (Arc::clone(&act), Arc::clone(&acted));
            let (from, to) = (client.try_clone().unwrap(), engine.try_clone().unwrap());
            std::thread::spawn(move || {
                pass(from, to, |bytes| {
                    let seen = bytes.windows(marker.len()).any(|window| window == marker.as_bytes());
                    if seen && !acted.swap(true, Ordering::SeqCst) {
                        act();
                        std::thread::sleep(HELD);
                    }
                });
            });
            std::thread::spawn(move || pass(engine, client, |_| ()));
        }
    });
}

fn pass(mut from: UnixStream, mut to: UnixStream, mut look: impl FnMut(&[u8])) {
    let mut buffer = vec![0; 64 * 1024];
    while let Ok(count @ 1..) = from.read(&mut buffer) {
        look(&buffer[..count]);
        if to.write_all(&buffer[..count]).is_err() {
            break;
        }
    }
    // One of them may be gone already.
    let _gone = to.shutdown(Shutdown::Write);
}

fn engine_socket() -> PathBuf {
    let host = std::env::var("DOCKER_HOST").unwrap_or_else(|_| "unix:///var/run/docker.sock".to_owned());
    PathBuf::from(host.strip_prefix("unix://").expect("these tests need an Engine on a Unix socket"))
}
