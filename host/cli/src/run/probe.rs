//! Asks a running unit how it is: each probe of the image's extras by one call of our own PID 1 inside, all at once,
//! each with its deadline. One dead probe neither delays nor hides the others.

use std::time::Duration;

use futures_util::future::join_all;
use serde::Deserialize;
use spawnfile_core::extras::{Extras, Probe};
use spawnfile_core::init_plan::INIT_PATH;
use spawnfile_core::status::{self, Observation, ProbeOutcome};
use spawnfile_docker::{Docker, DockerError};

/// Most probes of one unit that are asked.
const MOST: usize = 256;
/// What a call of the Engine may take on top of the probe's own limit.
const CALL: Duration = Duration::from_secs(8);
const MAX_TIMEOUT_MS: u32 = 30_000;

/// What `init probe` prints.
#[derive(Deserialize)]
struct Answer {
    ok: bool,
    #[serde(default)]
    http_status: Option<u16>,
    #[serde(default)]
    exit_code: Option<i32>,
}

/// Asks every probe of every instance in the container.
pub(crate) async fn all(docker: &Docker, container: &str, extras: &Extras) -> Vec<Observation> {
    let probes = extras.instances.iter().flat_map(|instance| instance.probes.iter().map(move |probe| (instance, probe)));
    let mut observations = join_all(probes.take(MOST).map(|(instance, probe)| async move {
        let outcome = ask(docker, container, probe).await;
        status::probe(&instance.id, probe, &outcome)
    }))
    .await;
    let silent = extras.instances.iter().filter(|instance| instance.probes.is_empty());
    observations.extend(silent.map(|instance| status::unprobed(&instance.id)));
    observations
}

async fn ask(docker: &Docker, container: &str, probe: &Probe) -> ProbeOutcome {
    let timeout = probe.timeout_ms.clamp(1, MAX_TIMEOUT_MS);
    let Some(argv) = argv(probe, timeout) else { return ProbeOutcome::NotAsked("it has no action".to_owned()) };
    let deadline = Duration::from_millis(u64::from(timeout)) + CALL;
    let output = match docker.exec(container, &argv, None, 4096, deadline).await {
        Ok(output) => output,
        Err(DockerError::Deadline { .. }) => return ProbeOutcome::TimedOut,
        Err(error) => return ProbeOutcome::NotAsked(error.to_string()),
    };
    // The image is a stranger: what its init prints is taken for no more than a yes or a no with numbers.
    match serde_json::from_slice::<Answer>(&output.stdout) {
        Ok(answer) if answer.ok && output.exit_code == 0 => ProbeOutcome::Passed,
        Ok(Answer { http_status, exit_code, .. }) => ProbeOutcome::Failed { http_status, exit_code },
        Err(_) => ProbeOutcome::NotAsked("the image's init did not answer as an init does".to_owned()),
    }
}

fn argv(probe: &Probe, timeout: u32) -> Option<Vec<String>> {
    let mut argv = vec![INIT_PATH.to_owned(), "probe".to_owned()];
    let mut add = |words: &[&str]| argv.extend(words.iter().map(|word| (*word).to_owned()));
    let limit = timeout.to_string();
    if let Some(http) = &probe.http_get {
        add(&["http", &http.port.to_string(), &http.path, "--timeout-ms", &limit]);
    } else if let Some(path) = &probe.file_exists {
        add(&["file", path]);
    } else if let Some(path) = &probe.dir_exists {
        add(&["dir", path]);
    } else if let Some(file) = &probe.json_file {
        add(&["json", &file.path, &file.pointer]);
    } else if let Some(program) = &probe.exec {
        add(&["exec", "--timeout-ms", &limit, "--"]);
        argv.extend(program.iter().cloned());
    } else {
        return None;
    }
    Some(argv)
}
