//! A program run inside a running container, its output capped, its time limited.

use std::time::Duration;

use bollard::models::ExecConfig;
use hyper::header::{CONNECTION, HeaderValue, UPGRADE};
use hyper_util::rt::TokioIo;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};

use crate::container::name;
use crate::engine::Docker;
use crate::error::DockerError;
use crate::frames::{Channel, Frames};
use crate::text::Redactor;
use crate::wire::{Call, within};

/// Most bytes that are read from a program, kept or not.
const OUTPUT_READ_MAX: u64 = 1024 * 1024 * 1024;
/// Time between two questions whether the program has ended, when its output has.
const ASK_AGAIN: Duration = Duration::from_millis(20);

/// What a program gave.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ExecOutput {
    /// Exit code.
    pub exit_code: i32,
    /// Standard output, as far as it was kept.
    pub stdout: Vec<u8>,
    /// Standard error, as far as it was kept.
    pub stderr: Vec<u8>,
    /// Whether there was more than was kept.
    pub truncated: bool,
}

impl Docker {
    /// Runs a program (an absolute path and arguments, no shell, no terminal) in a running container, as the
    /// container's user, and waits for its end. Both outputs together are kept up to `max_output` bytes; what comes
    /// after is read and dropped, so that the program does not stall.
    ///
    /// # Errors
    ///
    /// [`DockerError::Deadline`] when it takes longer than `deadline`: the Engine cannot end it, so it may go on.
    /// [`DockerError::Conflict`] when the container does not run, [`DockerError::NotFound`] without it. A program that
    /// cannot be started gives exit code 126 or 127 and the reason as output.
    pub async fn exec(
        &self,
        container: &str,
        argv: &[String],
        stdin: Option<&[u8]>,
        max_output: usize,
        deadline: Duration,
    ) -> Result<ExecOutput, DockerError> {
        name(container)?;
        let what = format!("running a program in container `{container}`");
        if argv.first().is_none_or(String::is_empty) {
            return Err(DockerError::invalid(what, "no program is named"));
        }
        within(&what, deadline, self.exec_inner(container, argv, stdin, max_output, &what)).await
    }

    async fn exec_inner(
        &self,
        container: &str,
        argv: &[String],
        stdin: Option<&[u8]>,
        max_output: usize,
        what: &str,
    ) -> Result<ExecOutput, DockerError> {
        let config = ExecConfig {
            cmd: Some(argv.to_vec()),
            attach_stdin: Some(stdin.is_some()),
            attach_stdout: Some(true),
            attach_stderr: Some(true),
            tty: Some(false),
            privileged: Some(false),
            ..ExecConfig::default()
        };
        let id = self.api.create_exec(container, config).await.map_err(|error| self.failed(what, &error))?.id;
        name(&id).map_err(|_| DockerError::malformed(what, "the engine gives it an id that is none"))?;
        let mut output = ExecOutput { exit_code: 0, stdout: Vec::new(), stderr: Vec::new(), truncated: false };
        self.exchange(&id, stdin, max_output, what, &mut output).await?;
        loop {
            let state = self.api.inspect_exec(&id).await.map_err(|error| self.failed(what, &error))?;
            if state.running == Some(false)
                && let Some(code) = state.exit_code
            {
                output.exit_code = i32::try_from(code).map_err(|_| DockerError::malformed(what, "its exit code is out of range"))?;
                return Ok(output);
            }
            tokio::time::sleep(ASK_AGAIN).await;
        }
    }

    /// Sends the input and reads the output, both at once: a program may do the same.
    async fn exchange(
        &self,
        id: &str,
        stdin: Option<&[u8]>,
        max_output: usize,
        what: &str,
        output: &mut ExecOutput,
    ) -> Result<(), DockerError> {
        let call = Call::post(format!("/exec/{id}/start"), what)
            .header(CONNECTION, HeaderValue::from_static("Upgrade"))
            .header(UPGRADE, HeaderValue::from_static("tcp"))
            .cap(OUTPUT_READ_MAX);
        let redactor = Redactor::new(stdin);
        let body = bollard::body_full(r#"{"Detach":false,"Tty":false}"#.into());
        let response = self.wire.call(call, body, &redactor).await?;
        let upgraded = hyper::upgrade::on(response).await.map_err(|error| self.wire.broken(what, &error))?;
        let (mut read, mut write) = tokio::io::split(TokioIo::new(upgraded));
        let send = async {
            if let Some(bytes) = stdin {
                // A program that ends without reading its input closes the connection: its exit code says the rest.
                let _closed = write.write_all(bytes).await;
                let _closed = write.shutdown().await;
            }
        };
        let mut keep = |channel, content: &[u8]| {
            let room = max_output.saturating_sub(output.stdout.len() + output.stderr.len());
            let kept = content.get(..content.len().min(room)).unwrap_or_default();
            output.truncated |= kept.len() < content.len();
            match channel {
                Channel::Out => output.stdout.extend(kept),
                Channel::Err => output.stderr.extend(kept),
            }
        };
        let receive = async {
            let mut frames = Frames::new();
            let mut buffer = vec![0; 32 * 1024];
            loop {
                match read.read(&mut buffer).await {
                    Ok(0) => break,
                    Ok(count) => frames.push(buffer.get(..count).unwrap_or_default(), &mut keep),
                    Err(error) => return Err(self.wire.broken(what, &error)),
                }
            }
            frames.finish(&mut keep);
            Ok(())
        };
        let ((), received) = tokio::join!(send, receive);
        received
    }
}
