//! A server on loopback that answers as it is told.

use std::io::{Read, Write};
use std::net::{Ipv4Addr, TcpListener};
use std::sync::{Arc, Mutex};

/// Answers every request with the same bytes until told otherwise.
pub struct Server {
    pub port: u16,
    answer: Arc<Mutex<Vec<u8>>>,
}

impl Server {
    pub fn new(answer: &[u8]) -> Self {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
        let port = listener.local_addr().unwrap().port();
        let server = Self { port, answer: Arc::new(Mutex::new(answer.to_vec())) };
        let answer = Arc::clone(&server.answer);
        std::thread::spawn(move || {
            // Held, so that an empty answer means silence, not an end.
            let mut silent = Vec::new();
            for stream in listener.incoming() {
                let mut stream = stream.unwrap();
                let answer = answer.lock().unwrap().clone();
                if answer.is_empty() {
                    silent.push(stream);
                    continue;
                }
                let _ignored = stream.read(&mut [0; 1024]);
                let _ignored = stream.write_all(&answer);
            }
        });
        server
    }

    pub fn status(code: u16) -> Self {
        Self::new(Self::answer(code).as_bytes())
    }

    pub fn set_status(&self, code: u16) {
        *self.answer.lock().unwrap() = Self::answer(code).into_bytes();
    }

    fn answer(code: u16) -> String {
        format!("HTTP/1.1 {code} Told\r\nContent-Length: 0\r\n\r\n")
    }
}

/// A port on which nobody listens.
pub fn closed_port() -> u16 {
    TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap().local_addr().unwrap().port()
}
