//! Credential helpers: `docker-credential-<name> get`, the server on standard input, JSON on standard output.
//!
//! Bounded in time and output. What a helper prints is repeated only when it failed, since that is then its message;
//! its standard error is thrown away. It gets the environment of this process, and a terminal if there is one: some
//! ask for a passphrase.

use std::ffi::OsStr;
use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::time::Duration;

use rustix::fs::{Access, access};
use serde::Deserialize;
use spawnfile_core::secret::Secret;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::process::{Child, Command};
use zeroize::Zeroizing;

use super::{Credential, CredentialError, Server};

/// How long a helper may take.
pub(super) const DEADLINE: Duration = Duration::from_secs(30);
/// How much a helper may print.
const LIMIT: usize = 64 << 10;
/// How much of a message is shown.
const MESSAGE_LIMIT: usize = 300;
/// What the protocol says for "I have none", literally.
const NONE: &str = "credentials not found in native keychain";
/// The user that stands for "this is an identity token".
const TOKEN_USER: &str = "<token>";

#[derive(Deserialize)]
struct Answer {
    #[serde(default, rename = "ServerURL")]
    _server: Option<String>,
    #[serde(default, rename = "Username")]
    username: String,
    #[serde(default, rename = "Secret")]
    secret: String,
}

/// Asks a helper for the credential of a server.
pub(super) async fn get(
    helper: &str,
    server: &Server<'_>,
    path: Option<&OsStr>,
    deadline: Duration,
) -> Result<Option<Credential>, CredentialError> {
    if helper.contains(['/', '\\']) || helper.chars().any(char::is_control) || helper.len() > 200 {
        return Err(CredentialError::HelperName { helper: helper.chars().take(200).collect(), host: server.host.to_owned() });
    }
    let fail = |why: String| CredentialError::Helper { helper: helper.to_owned(), host: server.host.to_owned(), why };
    let program = path
        .and_then(|path| find(&format!("docker-credential-{helper}"), path))
        .ok_or_else(|| fail("is not installed: no such program in PATH".to_owned()))?;
    match tokio::time::timeout(deadline, talk(&program, path, server.url())).await {
        Err(_) => Err(fail(format!("did not answer in {} s", deadline.as_secs_f32()))),
        Ok(Err(why)) => Err(fail(why)),
        Ok(Ok((true, output))) => credential(&output).map_err(fail),
        Ok(Ok((false, output))) => match message(&output) {
            said if said == NONE => Ok(None),
            said if said.is_empty() => Err(fail("failed without a message".to_owned())),
            said => Err(fail(format!("failed: {said}"))),
        },
    }
}

/// Returns whether it succeeded, and what it printed. The helper is killed when this is given up.
async fn talk(program: &Path, path: Option<&OsStr>, url: &str) -> Result<(bool, Zeroizing<Vec<u8>>), String> {
    let mut command = Command::new(program);
    command.arg("get").stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::null()).kill_on_drop(true);
    if let Some(path) = path {
        command.env("PATH", path);
    }
    let mut child: Child = command.spawn().map_err(|error| format!("cannot be started: {error}"))?;
    if let Some(mut stdin) = child.stdin.take() {
        // A helper that does not read has failed or will say so; the pipe is closed at the end of this block.
        let _ignored = stdin.write_all(url.as_bytes()).await;
    }
    let mut output = Zeroizing::new(Vec::with_capacity(LIMIT + 1));
    if let Some(stdout) = child.stdout.take() {
        stdout.take(LIMIT as u64 + 1).read_to_end(&mut output).await.map_err(|error| format!("cannot be read: {error}"))?;
    }
    if output.len() > LIMIT {
        return Err(format!("printed more than {LIMIT} bytes"));
    }
    let status = child.wait().await.map_err(|error| format!("cannot be waited for: {error}"))?;
    Ok((status.success(), output))
}

fn credential(output: &[u8]) -> Result<Option<Credential>, String> {
    let answer: Answer = serde_json::from_slice(output).map_err(|_| "printed something that is not the JSON of a credential".to_owned())?;
    let secret = Secret::new(answer.secret.into_bytes());
    match answer.username.as_str() {
        _ if secret.is_empty() => Err("gave no secret".to_owned()),
        "" => Err("gave no user".to_owned()),
        TOKEN_USER => Ok(Some(Credential::IdentityToken(secret))),
        _ => Ok(Some(Credential::Basic { username: answer.username, password: secret })),
    }
}

/// What it said, in one line without control characters, cut.
fn message(output: &[u8]) -> String {
    let text = String::from_utf8_lossy(output);
    let mut line: String =
        text.trim().chars().take(MESSAGE_LIMIT).map(|c| if c.is_control() { char::REPLACEMENT_CHARACTER } else { c }).collect();
    if text.trim().chars().nth(MESSAGE_LIMIT).is_some() {
        line.push('…');
    }
    line
}

/// The first executable file of that name in the absolute folders of PATH.
fn find(name: &str, path: &OsStr) -> Option<PathBuf> {
    std::env::split_paths(path)
        .filter(|folder| folder.is_absolute())
        .map(|folder| folder.join(name))
        .find(|file| file.is_file() && access(file, Access::EXEC_OK).is_ok())
}

#[cfg(test)]
mod tests {
    use std::time::Instant;

    use super::*;

    fn install(folder: &Path, script: &str) {
        let program = folder.join("docker-credential-test");
        if !program.is_symlink() {
            std::os::unix::fs::symlink(concat!(env!("CARGO_MANIFEST_DIR"), "/tests/programs/helper"), program).unwrap();
        }
        std::fs::write(folder.join("docker-credential-test.script"), script).unwrap();
    }

    #[tokio::test]
    async fn one_that_hangs_is_given_up_and_killed() {
        let folder = tempfile::tempdir().unwrap();
        let path = format!("{}:/usr/bin:/bin", folder.path().display());
        for script in ["echo $$ > \"${0%/*}/pid\"; exec sleep 1000", "echo $$ > \"${0%/*}/pid\"; exec sleep 1000 >&-"] {
            install(folder.path(), script);
            let begin = Instant::now();
            let answer = get("test", &Server::new("r.example"), Some(OsStr::new(&path)), Duration::from_millis(700)).await;
            let error = answer.unwrap_err().to_string();
            assert!(error.contains("docker-credential-test") && error.contains("r.example") && error.contains("did not answer"), "{error}");
            assert!(begin.elapsed() < Duration::from_secs(20));
            let pid = std::fs::read_to_string(folder.path().join("pid")).unwrap();
            let stat = Path::new("/proc").join(pid.trim()).join("stat");
            let until = Instant::now() + Duration::from_secs(20);
            while std::fs::read_to_string(&stat).is_ok_and(|stat| !stat.contains(") Z")) {
                assert!(Instant::now() < until, "it lives on");
                tokio::time::sleep(Duration::from_millis(10)).await;
            }
        }
    }
}
