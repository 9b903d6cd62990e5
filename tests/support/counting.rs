//! A proxy before a registry that counts: requests by their first line, and the bytes that come back.

use std::io::{Read as _, Write as _};
use std::net::{Shutdown, TcpListener, TcpStream};
use std::sync::{Arc, Mutex};

/// A registry under another port.
pub(crate) struct Counting {
    /// `127.0.0.1:PORT`.
    pub(crate) address: String,
    seen: Arc<Mutex<Seen>>,
}

/// What went through.
#[derive(Debug, Clone, Default)]
pub(crate) struct Seen {
    /// First lines of the requests.
    pub(crate) requests: Vec<String>,
    /// Bytes that the registry sent.
    pub(crate) bytes: usize,
}

impl Counting {
    pub(crate) fn before(registry: &'static str) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let counting = Self { address: listener.local_addr().unwrap().to_string(), seen: Arc::default() };
        let seen = Arc::clone(&counting.seen);
        std::thread::spawn(move || {
            for client in listener.incoming() {
                let client = client.unwrap();
                let server = TcpStream::connect(registry).unwrap();
                let (from, to) = (client.try_clone().unwrap(), server.try_clone().unwrap());
                let (there, back) = (Arc::clone(&seen), Arc::clone(&seen));
                // A request of this client is one piece: it waits for each answer.
                std::thread::spawn(move || {
                    pass(from, to, |piece| {
                        let line = String::from_utf8_lossy(piece).lines().next().unwrap_or_default().to_owned();
                        there.lock().unwrap().requests.push(line);
                    });
                });
                std::thread::spawn(move || pass(server, client, |piece| back.lock().unwrap().bytes += piece.len()));
            }
        });
        counting
    }

    /// Returns what went through since the last time.
    pub(crate) fn take(&self) -> Seen {
        std::mem::take(&mut self.seen.lock().unwrap())
    }
}

fn pass(mut from: TcpStream, mut to: TcpStream, mut look: impl FnMut(&[u8])) {
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
