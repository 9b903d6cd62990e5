//! What is known about an organization, judged: observations with a severity, their summary and the exit code.
//!
//! Facts come in as data (a report, a record, what an Engine said, what a probe answered); the judgement is made here
//! and nowhere else. Texts from outside are escaped in every message.

mod declared;
mod deployment;
mod runtime;
#[cfg(test)]
mod tests;

use std::collections::BTreeMap;

use serde::Serialize;

pub use declared::declared;
pub use deployment::{UnitLook, fingerprint, record, unit};
pub use runtime::{ProbeOutcome, probe, unprobed};

use crate::report::DistributionReport;

/// How good or bad something is. Ordered: the worst is the greatest.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Severity {
    /// As it should be.
    Ok,
    /// Nobody can tell.
    Unknown,
    /// Worth a look; nothing fails for it.
    Warn,
    /// Wrong: the command exits with 1.
    Error,
}

impl Severity {
    /// Returns the word that documents have for it.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Ok => "ok",
            Self::Unknown => "unknown",
            Self::Warn => "warn",
            Self::Error => "error",
        }
    }
}

/// Where an observation comes from.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Source {
    /// The report of the image.
    CompileReport,
    /// What the project declares.
    Declared,
    /// The record and the Engine.
    Deployment,
    /// The argument of the command.
    Input,
    /// A network.
    Network,
    /// A running instance.
    Runtime,
}

/// One thing that was observed. Fields stand in the order in which they are written.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Observation {
    /// More about it, for programs.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub details: Option<BTreeMap<String, String>>,
    /// Dotted key (`runtime.health`).
    pub key: String,
    /// Severity and key, for people.
    pub label: String,
    /// One sentence without a full stop, on one line.
    pub message: String,
    /// How good or bad it is.
    pub severity: Severity,
    /// Where it comes from.
    pub source: Source,
    /// What it is about: a node id, `network:ID`, `runtime-instance:ID`, `deployment:N`, `deployment-unit:N:U`.
    pub subject: String,
}

impl Observation {
    fn new(severity: Severity, key: &str, subject: impl Into<String>, source: Source, message: impl Into<String>) -> Self {
        let label = format!("{} {key}", severity.as_str().to_uppercase());
        Self { details: None, key: key.to_owned(), label, message: message.into(), severity, source, subject: subject.into() }
    }

    fn detail(mut self, key: &str, value: impl Into<String>) -> Self {
        self.details.get_or_insert_default().insert(key.to_owned(), value.into());
        self
    }
}

/// Numbers about an organization and its observations.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct Summary {
    /// Agents.
    pub agents: usize,
    /// Deployments.
    pub deployments: usize,
    /// Observations of severity error.
    pub error: usize,
    /// Networks.
    pub networks: usize,
    /// Observations of severity ok.
    pub ok: usize,
    /// Runtime kinds.
    pub runtimes: usize,
    /// Teams.
    pub teams: usize,
    /// Observations of severity unknown.
    pub unknown: usize,
    /// Observations of severity warn.
    pub warn: usize,
}

/// Returns the numbers.
pub fn summary(report: Option<&DistributionReport>, deployments: usize, observations: &[Observation]) -> Summary {
    let count = |severity| observations.iter().filter(|one| one.severity == severity).count();
    Summary {
        agents: report.map_or(0, |report| report.organization.agents.len()),
        deployments,
        error: count(Severity::Error),
        networks: report.map_or(0, |report| report.moltnet.networks.len()),
        ok: count(Severity::Ok),
        runtimes: report.map_or(0, |report| declared::runtimes(report).len()),
        teams: report.map_or(0, |report| report.organization.teams.len()),
        unknown: count(Severity::Unknown),
        warn: count(Severity::Warn),
    }
}

/// Returns the exit code: 1 with any error, else 0.
pub fn exit_code(observations: &[Observation]) -> u8 {
    u8::from(observations.iter().any(|one| one.severity == Severity::Error))
}
