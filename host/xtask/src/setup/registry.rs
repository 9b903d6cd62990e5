//! A registry of one's own: Debian's docker-registry on 127.0.0.1, with its data in a folder that the caller gives.
//!
//! Only the standard library, so that tests outside this crate can take the file in as it is.

use std::fs::File;
use std::io::{self, Read as _, Write as _};
use std::net::{Ipv4Addr, SocketAddr, TcpListener, TcpStream};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

/// How long it may take to answer; it does in some 100 ms.
const PATIENCE: Duration = Duration::from_secs(20);
/// Times that another program may snatch the free port before ours binds it.
const TRIES: u32 = 3;

/// A running registry. It stops when it is dropped; its data stay.
#[derive(Debug)]
pub(crate) struct Registry {
    child: Child,
    port: u16,
}

impl Registry {
    /// Starts `program` on a free port of 127.0.0.1. Configuration, log and data go into `folder`.
    ///
    /// # Errors
    /// When the folder cannot be written, or the program does not start or does not answer in time.
    pub(crate) fn start(program: &Path, folder: &Path) -> io::Result<Self> {
        let mut tries = 1;
        loop {
            match Self::start_once(program, folder) {
                Err(error) if tries == TRIES => return Err(error),
                Err(_) => tries += 1,
                Ok(registry) => return Ok(registry),
            }
        }
    }

    /// `127.0.0.1:PORT`, the registry's part of a reference.
    pub(crate) fn address(&self) -> String {
        format!("127.0.0.1:{}", self.port)
    }

    fn start_once(program: &Path, folder: &Path) -> io::Result<Self> {
        let port = TcpListener::bind((Ipv4Addr::LOCALHOST, 0))?.local_addr()?.port();
        let data = std::path::absolute(folder)?.join("data");
        std::fs::create_dir_all(&data)?;
        let config = folder.join("config.yml");
        std::fs::write(&config, configuration(port, &data))?;
        let log = File::create(folder.join("log"))?;
        // No OTEL_ or REGISTRY_ variable of the caller's may change what stands in the configuration.
        let child = Command::new(program)
            .arg("serve")
            .arg(&config)
            .env_clear()
            .stdin(Stdio::null())
            .stdout(log.try_clone()?)
            .stderr(log)
            .spawn()?;
        let mut registry = Self { child, port };
        let started = Instant::now();
        while !answers(port) {
            if let Some(status) = registry.child.try_wait()? {
                return Err(io::Error::other(format!("the registry ended: {status}; its log is in `{}`", folder.display())));
            }
            if started.elapsed() > PATIENCE {
                return Err(io::Error::other(format!("the registry does not answer; its log is in `{}`", folder.display())));
            }
            std::thread::sleep(Duration::from_millis(20));
        }
        Ok(registry)
    }
}

impl Drop for Registry {
    fn drop(&mut self) {
        // It keeps nothing in memory that a reader of the data would miss. Both fail only when it is gone already.
        self.child.kill().ok();
        self.child.wait().ok();
    }
}

fn configuration(port: u16, data: &Path) -> String {
    // A YAML string in double quotes takes what Rust's debug form of a plain path escapes.
    format!(
        "version: 0.1\nlog:\n  level: warn\n  accesslog:\n    disabled: true\nstorage:\n  filesystem:\n    rootdirectory: {data:?}\n  delete:\n    enabled: true\n\
         http:\n  addr: 127.0.0.1:{port}\n"
    )
}

fn answers(port: u16) -> bool {
    let ask = || -> io::Result<Vec<u8>> {
        let mut stream = TcpStream::connect_timeout(&SocketAddr::from((Ipv4Addr::LOCALHOST, port)), Duration::from_secs(1))?;
        stream.set_read_timeout(Some(Duration::from_secs(5)))?;
        stream.write_all(b"GET /v2/ HTTP/1.0\r\nHost: 127.0.0.1\r\n\r\n")?;
        let mut reply = Vec::new();
        stream.take(1024).read_to_end(&mut reply)?;
        Ok(reply)
    };
    ask().is_ok_and(|reply| reply.starts_with(b"HTTP/1.0 200") || reply.starts_with(b"HTTP/1.1 200"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_listens_on_loopback_alone() {
        let text = configuration(5123, Path::new("/a \"b\"/data"));
        assert!(text.contains("addr: 127.0.0.1:5123\n"), "{text}");
        assert!(text.contains(r#"rootdirectory: "/a \"b\"/data""#), "{text}");
    }

    #[test]
    fn a_program_that_ends_is_told_with_its_log() {
        let folder = tempfile::tempdir().unwrap();
        let error = Registry::start(Path::new("/bin/false"), folder.path()).unwrap_err();
        assert!(error.to_string().contains(&folder.path().display().to_string()), "{error}");
    }

    #[test]
    fn two_can_run_at_once_until_they_are_dropped() {
        let program = std::env::var_os("SPAWNFILE_TEST_REGISTRY_BIN").unwrap_or_else(|| "/usr/bin/docker-registry".into());
        if !Path::new(&program).is_file() {
            if let Some(skipped) = std::env::var_os("SPAWNFILE_TEST_SKIPPED") {
                let mut file = File::options().append(true).open(skipped).unwrap();
                writeln!(file, "setup::registry: no registry program on this machine").unwrap();
            }
            return;
        }
        let folders = [tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap()];
        let [one, two] = folders.each_ref().map(|folder| Registry::start(Path::new(&program), folder.path()).unwrap());
        assert_ne!(one.address(), two.address());
        assert!(answers(one.port) && answers(two.port));
        let elsewhere = SocketAddr::from(([127, 0, 0, 2], one.port));
        assert!(TcpStream::connect_timeout(&elsewhere, Duration::from_secs(1)).is_err(), "it listens on every address");
        let (first, second) = (one.port, two.port);
        drop(one);
        assert!(!answers(first) && answers(second));
    }
}
