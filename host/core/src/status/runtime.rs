//! Answers of probes.

use super::{Observation, Severity, Source};
use crate::display::excerpt;
use crate::extras::Probe;

/// What came of asking a probe.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ProbeOutcome {
    /// It answered as it should.
    Passed,
    /// It answered, but not as it should: an HTTP status, an exit code, or neither for a file that is not there.
    Failed {
        /// Status of an HTTP probe.
        http_status: Option<u16>,
        /// Exit code of a program.
        exit_code: Option<i32>,
    },
    /// It did not answer within its time.
    TimedOut,
    /// It could not be asked, and why: nothing is known.
    NotAsked(String),
}

/// Judges the answer of a probe of an instance.
pub fn probe(instance: &str, probe: &Probe, outcome: &ProbeOutcome) -> Observation {
    let what = action(probe);
    let (severity, message) = match outcome {
        ProbeOutcome::Passed => (Severity::Ok, format!("{what} is well")),
        ProbeOutcome::Failed { http_status: Some(status), .. } => (Severity::Error, format!("{what} answers with status {status}")),
        ProbeOutcome::Failed { exit_code: Some(code), .. } => (Severity::Error, format!("{what} ends with exit code {code}")),
        ProbeOutcome::Failed { .. } => (Severity::Error, format!("{what} is not as it should be")),
        ProbeOutcome::TimedOut => (Severity::Error, format!("{what} gives no answer within {} ms", probe.timeout_ms)),
        ProbeOutcome::NotAsked(why) => (Severity::Unknown, format!("{what} could not be asked: {}", excerpt(why))),
    };
    let observation = Observation::new(severity, &probe.observation, format!("runtime-instance:{instance}"), Source::Runtime, message);
    let observation = observation.detail("probe", excerpt(&probe.id));
    match outcome {
        ProbeOutcome::Failed { http_status: Some(status), .. } => observation.detail("http_status", status.to_string()),
        ProbeOutcome::Failed { exit_code: Some(code), .. } => observation.detail("exit_code", code.to_string()),
        ProbeOutcome::Passed | ProbeOutcome::Failed { .. } | ProbeOutcome::TimedOut | ProbeOutcome::NotAsked(_) => observation,
    }
}

/// Returns that nothing tells how an instance is, for images and instances without probes.
pub fn unprobed(instance: &str) -> Observation {
    let subject = format!("runtime-instance:{instance}");
    Observation::new(Severity::Unknown, "runtime.probe", subject, Source::Runtime, "the image has no probe that tells how it is")
}

fn action(probe: &Probe) -> String {
    if let Some(http) = &probe.http_get {
        format!("port {}{}", http.port, excerpt(&http.path))
    } else if let Some(path) = probe.file_exists.as_ref().or(probe.dir_exists.as_ref()) {
        excerpt(path)
    } else if let Some(file) = &probe.json_file {
        format!("{} at {}", excerpt(&file.path), excerpt(&file.pointer))
    } else {
        format!("probe {}", excerpt(&probe.id))
    }
}
