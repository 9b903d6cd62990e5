//! The program of runtime kind `echo`: an HTTP server that reports what it was given.
//!
//! `echo CONFIG [SECRETS-FOLDER]`, the folder being `/run/spawnfile/secrets` unless said. It listens on all addresses
//! (or on `address` of its configuration) and answers:
//!
//! | request | answer |
//! |---|---|
//! | `GET /healthz` | 200, or 503 while it starts or was told to be unhealthy |
//! | `GET /report` | JSON: docs with their text; names of variables; name, mode, owner and length of secret files; the configuration; process id, user id, arguments |
//! | `/control/unhealthy`, `/control/healthy` | changes the answer of `/healthz` |
//! | `/control/exit?code=N` | ends with that code |
//!
//! It never reports the value of a secret: of variables the name, of files and patched configuration the length.

mod json;

use std::collections::BTreeMap;
use std::fs;
use std::io::{self, Read as _, Write as _};
use std::net::{TcpListener, TcpStream};
use std::os::unix::fs::MetadataExt as _;
use std::path::Path;
use std::process::ExitCode;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use json::Json;

/// Most bytes read of one file.
const FILE_BYTES: u64 = 1024 * 1024;
/// Most files reported of one folder, and its deepest level.
const FILES: usize = 1000;
const DEPTH: usize = 16;
/// Most bytes of the head of a request, and how long one may take.
const REQUEST_BYTES: u64 = 8 * 1024;
const REQUEST_TIME: Duration = Duration::from_secs(5);

fn main() -> ExitCode {
    let args: Vec<String> = std::env::args().collect();
    match run(&args) {
        Ok(never) => match never {},
        Err(error) => {
            eprintln!("echo: {error}");
            ExitCode::from(2)
        }
    }
}

enum Never {}

fn run(args: &[String]) -> Result<Never, String> {
    let path = args.get(1).ok_or("usage: echo CONFIG [SECRETS-FOLDER]")?;
    let text = read(Path::new(path)).map_err(|error| format!("cannot read `{path}`: {error}"))?;
    let config = Json::parse(&text).map_err(|at| format!("`{path}` is no JSON at byte {at}"))?;
    let option = |name: &str| config.get("options").and_then(|options| options.get(name));
    let number = |name: &str| option(name).and_then(Json::number);

    signals::set(matches!(option("ignore_term"), Some(Json::Bool(true))));
    if let Some(ms) = number("exit_after_ms") {
        let code = number("exit_code").unwrap_or(0);
        thread::spawn(move || {
            thread::sleep(Duration::from_millis(ms));
            exit(code)
        });
    }
    let port = number("port").ok_or_else(|| format!("`{path}` names no port"))?;
    let address = format!("{}:{port}", config.get("address").and_then(Json::text).unwrap_or("0.0.0.0"));
    let server = Arc::new(Server {
        healthy_from: Instant::now() + Duration::from_millis(number("start_delay_ms").unwrap_or(0)),
        unhealthy: AtomicBool::new(false),
        home: config.get("home").and_then(Json::text).unwrap_or("/nowhere").to_owned(),
        workspace: config.get("workspace").and_then(Json::text).unwrap_or("/nowhere").to_owned(),
        secrets: args.get(2).map_or("/run/spawnfile/secrets", String::as_str).to_owned(),
        config: config.without_secrets(),
        args: args.to_vec(),
    });
    let listener = TcpListener::bind(&address).map_err(|error| format!("cannot listen on {address}: {error}"))?;
    // The port is asked for, since 0 lets the system choose one.
    let port = listener.local_addr().map_err(|error| format!("cannot tell the port of {address}: {error}"))?.port();
    eprintln!("echo: listening on port {port}");
    loop {
        let Ok((stream, _)) = listener.accept() else { continue };
        let server = Arc::clone(&server);
        thread::spawn(move || server.serve(stream));
    }
}

fn exit(code: u64) -> ! {
    std::process::exit(i32::try_from(code).unwrap_or(1))
}

mod signals {
    //! SIGTERM: ends at once with code 0, also as PID 1, where the default would do nothing; or is ignored.

    use std::ffi::c_int;

    const SIGTERM: c_int = 15;
    const SIG_IGN: usize = 1;

    unsafe extern "C" {
        fn signal(number: c_int, handler: usize) -> usize;
        fn _exit(code: c_int) -> !;
    }

    extern "C" fn end(_: c_int) {
        // SAFETY: `_exit` is async-signal-safe and does not return.
        unsafe { _exit(0) }
    }

    pub fn set(ignore: bool) {
        let handler = if ignore { SIG_IGN } else { end as *const () as usize };
        // SAFETY: the handler is `SIG_IGN` or a function of the right type that only calls an async-signal-safe one.
        unsafe { signal(SIGTERM, handler) };
    }
}

struct Server {
    healthy_from: Instant,
    unhealthy: AtomicBool,
    home: String,
    workspace: String,
    secrets: String,
    config: Json,
    args: Vec<String>,
}

impl Server {
    fn serve(&self, mut stream: TcpStream) {
        let _ = stream.set_read_timeout(Some(REQUEST_TIME));
        let _ = stream.set_write_timeout(Some(REQUEST_TIME));
        let Some(target) = request_target(&mut stream) else { return };
        let (path, query) = target.split_once('?').unwrap_or((&target, ""));
        let (status, body) = match path {
            "/healthz" if self.is_healthy() => ("200 OK", "ok\n".to_owned()),
            "/healthz" => ("503 Service Unavailable", "not healthy\n".to_owned()),
            "/report" => ("200 OK", format!("{}\n", self.report())),
            "/control/unhealthy" | "/control/healthy" => {
                self.unhealthy.store(path == "/control/unhealthy", Ordering::SeqCst);
                ("200 OK", "ok\n".to_owned())
            }
            "/control/exit" => ("200 OK", "ending\n".to_owned()),
            _ => ("404 Not Found", "not found\n".to_owned()),
        };
        let kind = if path == "/report" { "application/json" } else { "text/plain" };
        let head = format!("HTTP/1.1 {status}\r\nContent-Type: {kind}\r\nContent-Length: {}\r\nConnection: close\r\n\r\n", body.len());
        let _ = stream.write_all(head.as_bytes()).and_then(|()| stream.write_all(body.as_bytes())).and_then(|()| stream.flush());
        if path == "/control/exit" {
            drop(stream);
            exit(query.strip_prefix("code=").and_then(|code| code.parse().ok()).unwrap_or(0));
        }
    }

    fn is_healthy(&self) -> bool {
        Instant::now() >= self.healthy_from && !self.unhealthy.load(Ordering::SeqCst)
    }

    fn report(&self) -> Json {
        let mut docs = BTreeMap::new();
        texts(Path::new(&self.workspace), "", 0, &mut docs);
        let mut names: Vec<String> = std::env::vars_os().map(|(name, _)| name.to_string_lossy().into_owned()).collect();
        names.sort_unstable();
        let texts = |texts: &[String]| Json::List(texts.iter().cloned().map(Json::Text).collect());
        let auth_file = |name: &str| name.starts_with("auth-") && name.ends_with(".json");
        Json::Object(vec![
            ("docs".into(), Json::Object(docs.into_iter().map(|(path, text)| (path, Json::Text(text))).collect())),
            ("env_names".into(), texts(&names)),
            ("secret_files".into(), file_facts(&self.secrets, |_| true)),
            ("auth_files".into(), file_facts(&self.home, auth_file)),
            ("config".into(), self.config.clone()),
            ("pid".into(), Json::Number(std::process::id().to_string())),
            ("uid".into(), uid().map_or(Json::Null, Json::Number)),
            ("args".into(), texts(&self.args)),
        ])
    }
}

/// Returns the path and query of a request, or nothing when it is none.
fn request_target(stream: &mut TcpStream) -> Option<String> {
    let mut head = Vec::new();
    let mut bytes = io::Read::by_ref(stream).take(REQUEST_BYTES);
    let mut buffer = [0; 1024];
    while !head.windows(4).any(|four| four == b"\r\n\r\n") {
        match bytes.read(&mut buffer) {
            Ok(read @ 1..) => head.extend_from_slice(&buffer[..read]),
            _ => return None,
        }
    }
    let line = head.split(|byte| *byte == b'\r').next()?;
    let mut words = std::str::from_utf8(line).ok()?.split(' ');
    matches!(words.next()?, "GET" | "POST").then_some(())?;
    words.next().map(str::to_owned)
}

/// Collects the text of the regular files below a folder by relative path; links are not followed.
fn texts(folder: &Path, prefix: &str, depth: usize, found: &mut BTreeMap<String, String>) {
    let Ok(entries) = fs::read_dir(folder) else { return };
    for entry in entries.flatten() {
        let (Ok(kind), name) = (entry.file_type(), entry.file_name()) else { continue };
        let path = format!("{prefix}{}", name.to_string_lossy());
        if kind.is_dir() && depth < DEPTH {
            texts(&entry.path(), &format!("{path}/"), depth + 1, found);
        } else if kind.is_file()
            && found.len() < FILES
            && let Ok(text) = read(&entry.path())
        {
            found.insert(path, text);
        }
    }
}

/// Returns name, mode, owner and length of the files in a folder, never what is in them.
fn file_facts(folder: &str, wanted: impl Fn(&str) -> bool) -> Json {
    let mut found = BTreeMap::new();
    for entry in fs::read_dir(folder).into_iter().flatten().flatten().take(FILES) {
        let name = entry.file_name().to_string_lossy().into_owned();
        let Ok(facts) = entry.metadata() else { continue };
        if facts.is_file() && wanted(&name) {
            let fields = vec![
                ("name".into(), Json::Text(name.clone())),
                ("mode".into(), Json::Text(format!("{:04o}", facts.mode() & 0o7777))),
                ("uid".into(), Json::Number(facts.uid().to_string())),
                ("bytes".into(), Json::Number(facts.len().to_string())),
            ];
            found.insert(name, Json::Object(fields));
        }
    }
    Json::List(found.into_values().collect())
}

fn read(path: &Path) -> io::Result<String> {
    let mut bytes = Vec::new();
    fs::File::open(path)?.take(FILE_BYTES).read_to_end(&mut bytes)?;
    Ok(String::from_utf8_lossy(&bytes).into_owned())
}

/// Returns the effective user id.
fn uid() -> Option<String> {
    let status = read(Path::new("/proc/self/status")).ok()?;
    let line = status.lines().find_map(|line| line.strip_prefix("Uid:"))?;
    line.split_whitespace().nth(1).map(str::to_owned)
}
