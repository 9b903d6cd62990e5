//! The wait until a started unit is ready: PID 1 inside knows, and one call waits there instead of asking again and
//! again from outside. A unit that ends is noticed at once.

use std::time::{Duration, Instant};

use spawnfile_core::deployment::plan::ContainerFacts;
use spawnfile_core::display::escape;
use spawnfile_core::extras::Extras;
use spawnfile_core::init_plan::INIT_PATH;
use spawnfile_docker::Docker;

use crate::engine;
use crate::error::CliError;
use crate::run::redact::Redactor;
use crate::ui::Ui;

/// How long one call waits inside the container before the container is looked at from outside again.
const SLICE: Duration = Duration::from_secs(2);
/// How long a unit without probes must stay up to count as started.
const SETTLE: Duration = Duration::from_secs(3);
/// What is shown of a container that failed: lines, bytes that are read for them, characters of a line.
const LINES: u32 = 20;
const MOST: usize = 64 * 1024;
const LINE: usize = 400;
/// Bounds on what an image may ask for.
const MIN_WAIT: Duration = Duration::from_secs(10);
const MAX_WAIT: Duration = Duration::from_secs(15 * 60);

/// Returns how long the image's own probes may take until ready.
pub(crate) fn budget(extras: &Extras, attempts: Option<u32>) -> Duration {
    let longest = extras
        .instances
        .iter()
        .flat_map(|instance| &instance.probes)
        .filter(|probe| probe.phase == "ready")
        .map(|probe| {
            let attempts = u64::from(attempts.unwrap_or(probe.attempts));
            Duration::from_millis(attempts.saturating_mul(u64::from(probe.interval_ms.max(1))))
                + Duration::from_millis(u64::from(probe.timeout_ms))
        })
        .max()
        .unwrap_or_default();
    longest.clamp(MIN_WAIT, MAX_WAIT)
}

/// Waits until the container is ready, or says why it will not be.
pub(crate) async fn wait(
    docker: &Docker,
    container: &str,
    extras: Option<&Extras>,
    budget: Duration,
    redactor: &Redactor,
    ui: &mut Ui,
) -> Result<(), CliError> {
    let begun = Instant::now();
    loop {
        let facts = look(docker, container).await?;
        if facts.state != "running" {
            return Err(ended(docker, &facts, redactor).await);
        }
        let waited = begun.elapsed();
        match extras {
            Some(_) => {
                let slice = SLICE.min(budget.saturating_sub(waited)).max(Duration::from_millis(100));
                match ready(docker, container, slice).await {
                    Ok(true) => return Ok(()),
                    Ok(false) => {}
                    // The container may have ended while the call was on its way: that is what to say then.
                    Err(error) => {
                        let facts = look(docker, container).await?;
                        return Err(if facts.state == "running" { error } else { ended(docker, &facts, redactor).await });
                    }
                }
            }
            None if waited >= SETTLE => return Ok(()),
            None => tokio::time::sleep(Duration::from_millis(200)).await,
        }
        if begun.elapsed() >= budget {
            let tail = tail(docker, container, redactor).await;
            return Err(CliError::failed(format!("it is not healthy after {} s", budget.as_secs())).detail(tail));
        }
        ui.progress(&format!("waiting until it is healthy ({} s)", begun.elapsed().as_secs()));
    }
}

/// Asks PID 1 whether everything is ready, waiting there for up to `slice`.
async fn ready(docker: &Docker, container: &str, slice: Duration) -> Result<bool, CliError> {
    let argv = [INIT_PATH.to_owned(), "ready".to_owned(), "--wait-ms".to_owned(), slice.as_millis().to_string()];
    match docker.exec(container, &argv, None, 4096, slice + Duration::from_secs(10)).await {
        // What the Engine's runtime answers for a program that is not there or cannot be run.
        Ok(output) if matches!(output.exit_code, 126 | 127) => {
            let reason = escape(String::from_utf8_lossy(&[output.stdout, output.stderr].concat()).trim()).to_string();
            Err(CliError::failed(format!("{INIT_PATH} cannot be run in the container, though the image says that it has it"))
                .detail(reason))
        }
        Ok(output) => Ok(output.exit_code == 0),
        // The container ended, or has not begun: the next look from outside tells which.
        Err(spawnfile_docker::DockerError::Conflict { .. } | spawnfile_docker::DockerError::NotFound { .. }) => Ok(false),
        Err(error) => Err(engine::failed(&error)),
    }
}

async fn look(docker: &Docker, container: &str) -> Result<ContainerFacts, CliError> {
    let facts = docker.facts(&[container.to_owned()]).await.map_err(|error| engine::failed(&error))?;
    facts.into_iter().next().ok_or_else(|| CliError::failed("the container is gone: something else removed it"))
}

async fn ended(docker: &Docker, facts: &ContainerFacts, redactor: &Redactor) -> CliError {
    let code = facts.exit_code.map_or_else(|| "no exit code".to_owned(), |code| format!("exit code {code}"));
    let tail = tail(docker, &facts.id, redactor).await;
    CliError::failed(format!("it ended before it was healthy ({}, {code})", facts.state)).detail(tail)
}

/// Returns the last lines of a container for people: bounded, redacted, escaped.
async fn tail(docker: &Docker, container: &str, redactor: &Redactor) -> String {
    match docker.logs_tail(container, LINES, MOST).await {
        Ok(bytes) => {
            // A value that the cut went through would not be recognised: the line that was cut goes as a whole.
            let whole =
                if bytes.len() < MOST { bytes.as_slice() } else { bytes.splitn(2, |byte| *byte == b'\n').nth(1).unwrap_or_default() };
            let text = redactor.redact(&String::from_utf8_lossy(whole));
            let lines: Vec<String> = text
                .lines()
                .map(|line| line.chars().take(LINE).collect::<String>())
                .map(|line| format!("  | {}", spawnfile_core::display::escape(&line)))
                .collect();
            format!("its last lines:\n{}", lines.join("\n"))
        }
        Err(error) => format!("its last lines cannot be read: {error}"),
    }
}
