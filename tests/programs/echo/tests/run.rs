//! The program as a process on loopback.

use std::fs;
use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::TcpStream;
use std::path::PathBuf;
use std::process::{Child, Command, ExitStatus, Stdio};
use std::thread::sleep;
use std::time::{Duration, Instant};

struct Running {
    child: Child,
    port: u16,
    folder: PathBuf,
}

impl Running {
    fn start(name: &str, options: &str) -> Self {
        let folder = std::env::temp_dir().join(format!("spawnfile-echo-{name}-{}", std::process::id()));
        let path = |name: &str| folder.join(name);
        for sub in ["home", "workspace/docs", "secrets"] {
            fs::create_dir_all(path(sub)).unwrap();
        }
        fs::write(path("workspace/docs/system.md"), "Be kind.\n").unwrap();
        fs::write(path("home/auth-browser.json"), "canary-1").unwrap();
        fs::write(path("secrets/KEY"), "canary-22").unwrap();
        let config = format!(
            r#"{{"address":"127.0.0.1","home":"{0}/home","workspace":"{0}/workspace","mcp":{{"s":{{"secret":"canary-333"}}}},"options":{{"port":0{options}}}}}"#,
            folder.display()
        );
        fs::write(path("home/echo.json"), config).unwrap();
        let mut child = Command::new(env!("CARGO_BIN_EXE_echo"))
            .arg(path("home/echo.json"))
            .arg(path("secrets"))
            .env("CANARY_VARIABLE", "canary-4444")
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        let mut line = String::new();
        BufReader::new(child.stderr.take().unwrap()).read_line(&mut line).unwrap();
        let port = line.trim_end().rsplit(' ').next().and_then(|port| port.parse().ok()).unwrap_or_else(|| panic!("said {line}"));
        Self { child, port, folder }
    }

    fn ask(&self, method: &str, target: &str) -> (u16, String) {
        let mut stream = TcpStream::connect(("127.0.0.1", self.port)).unwrap();
        write!(stream, "{method} {target} HTTP/1.1\r\nHost: x\r\n\r\n").unwrap();
        let mut answer = String::new();
        stream.read_to_string(&mut answer).unwrap();
        let (head, body) = answer.split_once("\r\n\r\n").unwrap();
        (head.split(' ').nth(1).unwrap().parse().unwrap(), body.to_owned())
    }

    fn wait(&mut self) -> ExitStatus {
        let deadline = Instant::now() + Duration::from_secs(10);
        loop {
            match self.child.try_wait().unwrap() {
                Some(status) => return status,
                None => assert!(Instant::now() < deadline, "does not end"),
            }
            sleep(Duration::from_millis(5));
        }
    }

    fn terminate(&self) {
        assert!(Command::new("kill").arg(self.child.id().to_string()).status().unwrap().success());
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
        let _ = fs::remove_dir_all(&self.folder);
    }
}

#[test]
fn it_reports_what_it_was_given_but_no_secret() {
    let running = Running::start("report", "");
    let (status, report) = running.ask("GET", "/report");
    assert_eq!(status, 200);
    for part in [
        r#""docs":{"docs/system.md":"Be kind.\n"}"#,
        r#""CANARY_VARIABLE""#,
        r#""secret_files":[{"name":"KEY","mode":"0"#,
        r#""bytes":9}]"#,
        r#""auth_files":[{"name":"auth-browser.json""#,
        r#""secret":{"bytes":10}"#,
        r#""pid":"#,
        r#""uid":"#,
    ] {
        assert!(report.contains(part), "{part} not in {report}");
    }
    assert!(!report.contains("canary-"), "{report}");
}

#[test]
fn health_follows_time_and_control() {
    let running = Running::start("health", r#","start_delay_ms":1500"#);
    assert_eq!(running.ask("GET", "/healthz").0, 503);
    let deadline = Instant::now() + Duration::from_secs(10);
    while running.ask("GET", "/healthz").0 != 200 {
        assert!(Instant::now() < deadline, "does not become healthy");
        sleep(Duration::from_millis(20));
    }
    assert_eq!(running.ask("POST", "/control/unhealthy").0, 200);
    assert_eq!(running.ask("GET", "/healthz").0, 503);
    assert_eq!(running.ask("GET", "/control/healthy").0, 200);
    assert_eq!(running.ask("GET", "/healthz").0, 200);
    assert_eq!(running.ask("GET", "/else").0, 404);
}

#[test]
fn it_ends_when_and_how_it_is_told() {
    let mut running = Running::start("exit", "");
    assert_eq!(running.ask("GET", "/control/exit?code=7").0, 200);
    assert_eq!(running.wait().code(), Some(7));
    let mut running = Running::start("exit-after", r#","exit_after_ms":100,"exit_code":9"#);
    assert_eq!(running.wait().code(), Some(9));
    let mut running = Running::start("term", "");
    running.terminate();
    assert_eq!(running.wait().code(), Some(0));
}

#[test]
fn it_ignores_the_signal_when_told() {
    let mut running = Running::start("ignore", r#","ignore_term":true"#);
    running.terminate();
    sleep(Duration::from_millis(200));
    assert_eq!(running.ask("GET", "/healthz").0, 200);
    assert!(running.child.try_wait().unwrap().is_none());
}

#[test]
fn without_a_configuration_it_says_so() {
    let output = Command::new(env!("CARGO_BIN_EXE_echo")).arg("/nowhere/echo.json").output().unwrap();
    assert_eq!(output.status.code(), Some(2));
    assert!(String::from_utf8(output.stderr).unwrap().contains("`/nowhere/echo.json`"));
}
