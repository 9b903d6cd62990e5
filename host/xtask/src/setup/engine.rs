//! The Docker Engine: uses the one that answers; starts one as root where none does. It is never stopped or configured.

use std::fs::File;
use std::io::{Read as _, Write as _};
use std::os::unix::net::UnixStream;
use std::path::Path;
use std::process::Command;
use std::time::{Duration, Instant};

use crate::error::{Context as _, Error, Result};
use crate::tree::Tree;
use crate::{console, program};

const SOCKET: &str = "/var/run/docker.sock";
/// How long a fresh Engine may take; the first start makes its storage and network.
const PATIENCE: Duration = Duration::from_secs(90);

/// Makes sure that an Engine answers where the docker CLI will look for it.
pub(super) fn ensure(tree: &Tree) -> Result<()> {
    if let Some(host) = std::env::var_os("DOCKER_HOST").filter(|host| !host.is_empty()) {
        let host = host.to_string_lossy().into_owned();
        if !program::succeeds(docker().args(["version", "--format", "{{.Server.Version}}"])) {
            return Err(Error::new(format!("the Engine at `{host}` does not answer")).hint("start it, or unset DOCKER_HOST"));
        }
        console::step("engine", format_args!("answers at {host}"));
        return Ok(());
    }
    let socket = Path::new(SOCKET);
    if answers(socket) {
        console::step("engine", "answers");
        return Ok(());
    }
    if !program::is_root() {
        return Err(Error::new(format!("no Docker Engine answers at `{SOCKET}`, or it does not let you in"))
            .hint("sudo systemctl start docker; sudo usermod --append --groups docker \"$USER\", then log in again"));
    }
    start(tree, socket)
}

/// The docker command line.
pub(crate) fn docker() -> Command {
    Command::new("docker")
}

fn start(tree: &Tree, socket: &Path) -> Result<()> {
    if Path::new("/run/systemd/system").is_dir() {
        console::step("engine", "starting docker.service");
        program::run(Command::new("systemctl").args(["start", "docker.service"]))?;
        return wait(socket, || Ok(()));
    }
    let log = tree.setup_folder("")?.join("dockerd.log");
    console::step("engine", format_args!("starting dockerd, log in {}", log.display()));
    let file = File::create(&log).context(|| format!("opening `{}`", log.display()))?;
    let errors = file.try_clone().context(|| format!("opening `{}`", log.display()))?;
    // In a session of its own, so that the end of this one, or an interrupt, does not reach it.
    let mut child = Command::new("setsid")
        .arg(program::find("dockerd").unwrap_or_else(|| "dockerd".into()))
        .arg("--host")
        .arg(format!("unix://{SOCKET}"))
        .stdin(std::process::Stdio::null())
        .stdout(file)
        .stderr(errors)
        .spawn()
        .context(|| "starting `dockerd`".to_owned())?;
    wait(socket, || match child.try_wait() {
        Ok(Some(status)) => {
            let said = std::fs::read_to_string(&log).unwrap_or_default();
            let lines: Vec<_> = said.lines().collect();
            let last = lines[lines.len().saturating_sub(5)..].join("\n");
            Err(Error::new(format!("dockerd ended: {status}\n{last}")).hint(format!("read {}", log.display())))
        }
        _ => Ok(()),
    })
}

fn wait(socket: &Path, mut alive: impl FnMut() -> Result<()>) -> Result<()> {
    let started = Instant::now();
    while !answers(socket) {
        alive()?;
        if started.elapsed() > PATIENCE {
            return Err(Error::new(format!("the Engine does not answer after {} seconds", PATIENCE.as_secs())));
        }
        std::thread::sleep(Duration::from_millis(200));
    }
    console::step("engine", format_args!("answers after {:.1} s", started.elapsed().as_secs_f32()));
    Ok(())
}

/// Whether an Engine answers `_ping` on a socket.
fn answers(socket: &Path) -> bool {
    ping(socket).is_ok_and(|reply| reply.starts_with("HTTP/1.") && reply.lines().next().is_some_and(|line| line.contains(" 200")))
}

fn ping(socket: &Path) -> std::io::Result<String> {
    let mut stream = UnixStream::connect(socket)?;
    stream.set_read_timeout(Some(Duration::from_secs(5)))?;
    stream.set_write_timeout(Some(Duration::from_secs(5)))?;
    stream.write_all(b"GET /_ping HTTP/1.0\r\nHost: docker\r\n\r\n")?;
    let mut reply = String::new();
    stream.take(4096).read_to_string(&mut reply)?;
    Ok(reply)
}

#[cfg(test)]
mod tests {
    use std::os::unix::net::UnixListener;

    use super::*;

    #[test]
    fn only_an_engine_that_says_ok_answers() {
        let folder = tempfile::tempdir().unwrap();
        for (name, reply, expected) in [
            ("ok", "HTTP/1.0 200 OK\r\n\r\nOK", true),
            ("ill", "HTTP/1.0 500 Internal Server Error\r\n\r\n200", false),
            ("else", "SSH-2.0\r\n 200", false),
            ("mute", "", false),
        ] {
            let path = folder.path().join(name);
            let listener = UnixListener::bind(&path).unwrap();
            let server = std::thread::spawn(move || {
                let (mut stream, _) = listener.accept().unwrap();
                let mut request = [0; 512];
                let read = stream.read(&mut request).unwrap();
                stream.write_all(reply.as_bytes()).unwrap();
                assert!(request[..read].starts_with(b"GET /_ping "));
            });
            assert_eq!(answers(&path), expected, "{name}");
            server.join().unwrap();
        }
        assert!(!answers(&folder.path().join("absent")));
    }
}
