//! A scripted registry on loopback: it answers what a test says, byte for byte, and writes down what it was asked.

use std::io::{Read as _, Write as _};
use std::net::{TcpListener, TcpStream};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

/// A request as it came.
#[derive(Debug, Clone)]
pub(crate) struct Asked {
    pub(crate) line: String,
    pub(crate) headers: Vec<(String, String)>,
    pub(crate) body: String,
}

impl Asked {
    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        self.headers.iter().find(|(known, _)| known == name).map(|(_, value)| value.as_str())
    }
}

/// What is answered.
pub(crate) enum Reply {
    /// These bytes; the connection stays.
    Bytes(Vec<u8>),
    /// These bytes, then the connection is closed.
    Close(Vec<u8>),
    /// These bytes, then the second ones for as long as somebody reads, with a pause between.
    Endless(Vec<u8>, Vec<u8>, Duration),
}

/// An answer with a body of that length.
pub(crate) fn reply(status: u16, headers: &[(&str, &str)], body: &[u8]) -> Reply {
    let mut out = format!("HTTP/1.1 {status} Scripted\r\nContent-Length: {}\r\n", body.len()).into_bytes();
    for (name, value) in headers {
        out.extend(format!("{name}: {value}\r\n").bytes());
    }
    out.extend(b"\r\n");
    out.extend(body);
    Reply::Bytes(out)
}

pub(crate) struct Server {
    /// `127.0.0.x:PORT`.
    pub(crate) address: String,
    asked: Arc<Mutex<Vec<Asked>>>,
    sent: Arc<AtomicUsize>,
}

impl Server {
    /// Listens on 127.0.0.1.
    pub(crate) fn new(script: impl Fn(&Asked, usize) -> Reply + Send + Sync + 'static) -> Self {
        Self::at("127.0.0.1", script)
    }

    /// Listens on a loopback address. The script gets a request and how many came before it.
    pub(crate) fn at(ip: &str, script: impl Fn(&Asked, usize) -> Reply + Send + Sync + 'static) -> Self {
        let listener = TcpListener::bind((ip, 0)).unwrap();
        let address = listener.local_addr().unwrap().to_string();
        let (asked, sent) = (Arc::new(Mutex::new(Vec::new())), Arc::new(AtomicUsize::new(0)));
        let server = Self { address, asked: Arc::clone(&asked), sent: Arc::clone(&sent) };
        let script = Arc::new(script);
        std::thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                let (script, asked, sent) = (Arc::clone(&script), Arc::clone(&asked), Arc::clone(&sent));
                std::thread::spawn(move || serve(stream, &*script, &asked, &sent));
            }
        });
        server
    }

    /// Everything that it was asked.
    pub(crate) fn asked(&self) -> Vec<Asked> {
        self.asked.lock().unwrap().clone()
    }

    /// How many bytes went out.
    pub(crate) fn sent(&self) -> usize {
        self.sent.load(Ordering::SeqCst)
    }
}

fn serve(mut stream: TcpStream, script: &dyn Fn(&Asked, usize) -> Reply, all: &Mutex<Vec<Asked>>, sent: &AtomicUsize) {
    stream.set_nodelay(true).unwrap();
    while let Some(asked) = read(&mut stream) {
        let before = {
            let mut all = all.lock().unwrap();
            all.push(asked.clone());
            all.len() - 1
        };
        let mut send = |bytes: &[u8]| {
            let written = stream.write_all(bytes).is_ok();
            sent.fetch_add(if written { bytes.len() } else { 0 }, Ordering::SeqCst);
            written
        };
        match script(&asked, before) {
            Reply::Bytes(bytes) => {
                if !send(&bytes) {
                    return;
                }
            }
            Reply::Close(bytes) => {
                send(&bytes);
                return;
            }
            Reply::Endless(head, piece, pause) => {
                let mut going = send(&head);
                while going {
                    going = send(&piece);
                    std::thread::sleep(pause);
                }
                return;
            }
        }
    }
}

fn read(stream: &mut TcpStream) -> Option<Asked> {
    let mut head = Vec::new();
    let mut byte = [0];
    while !head.ends_with(b"\r\n\r\n") {
        if stream.read(&mut byte).ok()? == 0 {
            return None;
        }
        head.push(byte[0]);
    }
    let head = String::from_utf8(head).ok()?;
    let mut lines = head.lines();
    let line = lines.next()?.to_owned();
    let headers: Vec<(String, String)> =
        lines.filter_map(|line| line.split_once(": ")).map(|(name, value)| (name.to_ascii_lowercase(), value.to_owned())).collect();
    let length = headers.iter().find(|(name, _)| name == "content-length").map_or(0, |(_, value)| value.parse().unwrap());
    let mut body = vec![0; length];
    stream.read_exact(&mut body).ok()?;
    Some(Asked { line, headers, body: String::from_utf8(body).ok()? })
}
