//! Debian's docker-registry on loopback, one for all tests of a run (and one that wants a login).

use std::io::Write;
use std::net::{TcpListener, TcpStream};
use std::path::Path;
use std::process::{Command, Stdio};
use std::sync::OnceLock;
use std::time::{Duration, Instant};

use super::program;

/// Returns `127.0.0.1:PORT` of a registry that anybody may use.
pub(crate) fn open() -> &'static str {
    static STARTED: OnceLock<String> = OnceLock::new();
    STARTED.get_or_init(|| start(None))
}

/// Returns `127.0.0.1:PORT` of a registry that wants user `ada` with password `lovelace`.
pub(crate) fn private() -> &'static str {
    static STARTED: OnceLock<String> = OnceLock::new();
    // The password's bcrypt hash: the registry takes no other kind.
    STARTED.get_or_init(|| start(Some("ada:$2b$05$XBxTXI/14/kVXQ6kMDFMv.HUz6tSN.aEo49UEEPjTE7JIBXjC8yZW")))
}

fn start(htpasswd: Option<&str>) -> String {
    // Freed again at once: the registry takes the port a moment later.
    let port = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
    let address = format!("127.0.0.1:{port}");
    let dir = tempfile::Builder::new().prefix("spawnfile-registry-").tempdir().unwrap().keep();
    let auth = htpasswd.map_or_else(String::new, |line| {
        std::fs::write(dir.join("htpasswd"), format!("{line}\n")).unwrap();
        format!("auth:\n  htpasswd:\n    realm: test\n    path: {}\n", dir.join("htpasswd").display())
    });
    let config = format!(
        "version: 0.1\nlog:\n  level: error\n  accesslog:\n    disabled: true\nstorage:\n  filesystem:\n    rootdirectory: {}\n  delete:\n    enabled: true\nhttp:\n  addr: {address}\n{auth}",
        dir.join("data").display()
    );
    let path = dir.join("config.yml");
    std::fs::File::create(&path).unwrap().write_all(config.as_bytes()).unwrap();
    spawn_for_this_process(&path);
    let begun = Instant::now();
    while TcpStream::connect(&address).is_err() {
        assert!(begun.elapsed() < Duration::from_secs(20), "the registry does not answer at {address}");
        std::thread::sleep(Duration::from_millis(20));
    }
    address
}

/// Starts the registry so that it ends with this process. The signal is tied to the thread that starts it, so that
/// thread stays.
fn spawn_for_this_process(config: &Path) {
    let config = config.to_owned();
    let (started, wait) = std::sync::mpsc::channel();
    std::thread::spawn(move || {
        let child = Command::new("setpriv")
            .args(["--pdeathsig", "KILL"])
            .arg(program("SPAWNFILE_TEST_REGISTRY_BIN", "docker-registry"))
            .arg("serve")
            .arg(&config)
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn();
        started.send(child.is_ok()).unwrap();
        if let Ok(mut child) = child {
            let _ignored = child.wait();
        }
    });
    assert!(wait.recv().unwrap(), "docker-registry cannot be started: run the tests by `cargo xtask test`");
}
