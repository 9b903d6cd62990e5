//! One HTTP GET on loopback, for its status code only. It never blocks for long: the supervisor asks again when its
//! socket is ready. Refuses to read more than the first line, and any address but 127.0.0.1.

use std::io::{ErrorKind, Read, Write};
use std::net::{Ipv4Addr, SocketAddr, TcpStream};
use std::os::fd::{AsFd, BorrowedFd};
use std::time::{Duration, Instant};

use rustix::event::{PollFd, PollFlags, Timespec, poll};

/// A status line may have this many bytes.
const LINE_LIMIT: usize = 4096;
/// Connecting on loopback takes microseconds; a full backlog must not hold up the supervisor.
const CONNECT_TIMEOUT: Duration = Duration::from_millis(50);

/// Returns whether a text can stand as the path of a request.
pub fn is_path(text: &str) -> bool {
    text.starts_with('/') && text.len() <= 2048 && text.bytes().all(|b| b.is_ascii_graphic())
}

/// A request that was sent, waiting for its answer.
#[derive(Debug)]
pub struct Get {
    stream: TcpStream,
    line: Vec<u8>,
    until: Instant,
}

impl Get {
    /// Connects to `port` on 127.0.0.1 and sends the request.
    ///
    /// # Errors
    /// When nobody listens or the connection fails.
    pub fn send(port: u16, path: &str, timeout: Duration) -> Result<Self, String> {
        let until = Instant::now() + timeout;
        let address = SocketAddr::from((Ipv4Addr::LOCALHOST, port));
        let mut stream =
            TcpStream::connect_timeout(&address, CONNECT_TIMEOUT.min(timeout)).map_err(|error| format!("cannot connect: {error}"))?;
        let request = format!(
            "GET {path} HTTP/1.0\r\nHost: 127.0.0.1:{port}\r\nUser-Agent: spawnfile-init\r\nAccept: */*\r\nConnection: close\r\n\r\n"
        );
        stream.set_nonblocking(true).map_err(|error| error.to_string())?;
        // The request is far smaller than any socket buffer.
        stream.write_all(request.as_bytes()).map_err(|error| format!("cannot send: {error}"))?;
        Ok(Self { stream, line: Vec::new(), until })
    }

    /// Returns the status code, or why there is none, or nothing as long as the answer is not there.
    pub fn poll(&mut self) -> Option<Result<u16, String>> {
        let mut buffer = [0; 512];
        loop {
            match self.stream.read(&mut buffer) {
                Ok(0) => return Some(Err("the connection was closed before an answer".to_owned())),
                Ok(count) => self.line.extend_from_slice(buffer.get(..count).unwrap_or_default()),
                Err(error) if error.kind() == ErrorKind::Interrupted => {}
                Err(error) if error.kind() == ErrorKind::WouldBlock => {
                    return (Instant::now() >= self.until).then(|| Err("no answer in time".to_owned()));
                }
                Err(error) => return Some(Err(format!("cannot read: {error}"))),
            }
            if let Some(end) = self.line.iter().position(|byte| *byte == b'\n') {
                return Some(self.line.get(..end).and_then(status).ok_or_else(|| "the answer is not HTTP".to_owned()));
            }
            if self.line.len() > LINE_LIMIT {
                return Some(Err("the answer is not HTTP".to_owned()));
            }
        }
    }

    /// Waits for the answer, at most until the request's time is over.
    ///
    /// # Errors
    /// When there is no status code.
    pub fn wait(mut self) -> Result<u16, String> {
        loop {
            if let Some(answer) = self.poll() {
                return answer;
            }
            let left = timespec(self.until.saturating_duration_since(Instant::now()));
            match poll(&mut [PollFd::new(&self.stream, PollFlags::IN)], Some(&left)) {
                Ok(_) | Err(rustix::io::Errno::INTR) => {}
                Err(error) => return Err(error.to_string()),
            }
        }
    }

    /// Returns when the request's time is over.
    pub const fn until(&self) -> Instant {
        self.until
    }
}

impl AsFd for Get {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.stream.as_fd()
    }
}

/// Returns a duration as the system wants it.
pub fn timespec(duration: Duration) -> Timespec {
    Timespec { tv_sec: duration.as_secs().try_into().unwrap_or(i64::MAX), tv_nsec: duration.subsec_nanos().into() }
}

/// `HTTP/1.x NNN ...`
fn status(line: &[u8]) -> Option<u16> {
    let text = str::from_utf8(line.strip_suffix(b"\r").unwrap_or(line)).ok()?;
    let rest = text.strip_prefix("HTTP/1.0 ").or_else(|| text.strip_prefix("HTTP/1.1 "))?;
    let code = rest.split(' ').next()?;
    (code.len() == 3).then(|| code.parse().ok()).flatten().filter(|code| (100..=599).contains(code))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn status_lines_are_read_strictly() {
        for (line, code) in [
            ("HTTP/1.1 200 OK\r", Some(200)),
            ("HTTP/1.0 404", Some(404)),
            ("HTTP/1.1 503 ", Some(503)),
            ("HTTP/2 200", None),
            ("HTTP/1.1 20", None),
            ("HTTP/1.1 2000", None),
            ("HTTP/1.1 +20", None),
            ("HTTP/1.1 999", None),
            ("SSH-2.0-x", None),
            ("", None),
        ] {
            assert_eq!(status(line.as_bytes()), code, "{line}");
        }
    }
}
