//! A record held against what the Engine says.

use super::{Observation, Severity, Source};
use crate::deployment::plan::ContainerFacts;
use crate::deployment::record::{DeploymentRecord, RecordUnit, Source as From};
use crate::display::excerpt;
use crate::oci::labels;

/// Fewest characters of an id that count as a beginning of another.
const SHORT_ID: usize = 12;

/// What a look at a unit's container gave.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum UnitLook {
    /// Nobody looked.
    NotAsked,
    /// It is there.
    Found(ContainerFacts),
    /// It was taken down, as the record says.
    Down,
    /// The Engine has none of that id or name.
    Missing,
    /// The Engine could not be asked, and why.
    Failed(String),
}

/// Returns that the deployment is recorded, and from what.
pub fn record(record: &DeploymentRecord) -> Observation {
    let from = match &record.source {
        From::Image { reference, digest: Some(digest) } => format!("image {} ({})", excerpt(reference), excerpt(digest)),
        From::Image { reference, digest: None } => format!("image {}", excerpt(reference)),
        From::Project { root } => format!("project {}", excerpt(root)),
    };
    let message = format!("recorded at {} from {from}", excerpt(&record.created_at));
    Observation::new(Severity::Ok, "deployment.record", format!("deployment:{}", record.name), Source::Deployment, message)
}

/// Returns a warning when the record speaks of another report than the one at hand.
pub fn fingerprint(record: &DeploymentRecord, reported: &str) -> Option<Observation> {
    let recorded = record.compile_fingerprint.as_str();
    (recorded != reported).then(|| {
        let message = format!("the record has fingerprint {}, the report {}", excerpt(recorded), excerpt(reported));
        let subject = format!("deployment:{}", record.name);
        Observation::new(Severity::Warn, "deployment.compile_fingerprint", subject, Source::Deployment, message)
    })
}

/// Judges one unit: the unit itself, everything that it hosts, and, when it does not run, its runtime instances.
pub fn unit(record: &DeploymentRecord, unit: &RecordUnit, look: &UnitLook) -> Vec<Observation> {
    let (severity, message) = judge(record, unit, look);
    let subject = format!("deployment-unit:{}:{}", record.name, unit.id);
    let mut main = Observation::new(severity, "deployment.unit", subject, Source::Deployment, message.clone());
    if let UnitLook::Found(facts) = look {
        main = details(main, facts);
    }
    let mut all = vec![main];
    for contained in &unit.contains {
        let message = format!("hosted by {}: {message}", excerpt(&unit.id));
        all.push(Observation::new(severity, "deployment.hosting", contained.id.clone(), Source::Deployment, message));
    }
    let down = match look {
        UnitLook::NotAsked | UnitLook::Down => None,
        UnitLook::Found(facts) if facts.state == "running" => None,
        UnitLook::Found(_) | UnitLook::Missing => Some((Severity::Error, "its container does not run")),
        UnitLook::Failed(_) => Some((Severity::Unknown, "its container cannot be looked at")),
    };
    if let Some((severity, message)) = down {
        all.extend(
            unit.runtime_instances.iter().map(|instance| {
                Observation::new(severity, "runtime.probe", format!("runtime-instance:{instance}"), Source::Runtime, message)
            }),
        );
    }
    all
}

fn judge(record: &DeploymentRecord, unit: &RecordUnit, look: &UnitLook) -> (Severity, String) {
    let named = excerpt(unit.container_id.as_deref().or(unit.container_name.as_deref()).unwrap_or("without a name"));
    match look {
        UnitLook::NotAsked => (Severity::Ok, format!("container {named} is recorded")),
        UnitLook::Down => (Severity::Ok, "taken down; its volumes are kept".to_owned()),
        UnitLook::Missing => (Severity::Warn, format!("recorded container {named} is missing")),
        UnitLook::Failed(why) => (Severity::Error, format!("unable to inspect container {named}: {}", excerpt(why))),
        UnitLook::Found(facts) if facts.state != "running" => {
            let code = facts.exit_code.map_or_else(String::new, |code| format!(", exit code {code}"));
            (Severity::Error, format!("container is not running ({}{code})", excerpt(&facts.state)))
        }
        UnitLook::Found(facts) => match drift(record, unit, facts) {
            Some(drift) => (Severity::Warn, format!("container is running ({}), but {drift}", excerpt(&facts.state))),
            None if facts.restart_count > 0 => {
                (Severity::Warn, format!("container is running ({}), restarted {} times", excerpt(&facts.state), facts.restart_count))
            }
            None => (Severity::Ok, format!("container is running ({})", excerpt(&facts.state))),
        },
    }
}

/// Returns in what the container is not the recorded one.
fn drift(record: &DeploymentRecord, unit: &RecordUnit, facts: &ContainerFacts) -> Option<String> {
    let differs = |recorded: &Option<String>, found: &str| recorded.as_deref().is_some_and(|recorded| !same_id(recorded, found));
    if differs(&unit.container_id, &facts.id) {
        return Some(format!("it is container {}, not the recorded one", excerpt(&facts.id)));
    }
    if differs(&unit.image_id, &facts.image_id) {
        return Some(format!("its image is {}, not the recorded one", excerpt(&facts.image_id)));
    }
    match facts.labels.get(labels::DEPLOYMENT) {
        Some(deployment) if deployment == record.name.as_str() => None,
        Some(deployment) => Some(format!("its labels are of deployment {}", excerpt(deployment))),
        None => Some("it has no labels of a deployment".to_owned()),
    }
}

/// Two ids of one thing: equal, or one the beginning of the other.
fn same_id(a: &str, b: &str) -> bool {
    fn hex(id: &str) -> &str {
        id.strip_prefix("sha256:").unwrap_or(id)
    }
    let (a, b) = (hex(a), hex(b));
    a == b || (a.len().min(b.len()) >= SHORT_ID && (a.starts_with(b) || b.starts_with(a)))
}

fn details(observation: Observation, facts: &ContainerFacts) -> Observation {
    let mut observation = observation.detail("state", excerpt(&facts.state)).detail("container_id", excerpt(&facts.id));
    if let Some(code) = facts.exit_code {
        observation = observation.detail("exit_code", code.to_string());
    }
    if let Some(started) = facts.started_unix_ms {
        observation = observation.detail("started_unix_ms", started.to_string());
    }
    if facts.restart_count > 0 {
        observation = observation.detail("restart_count", facts.restart_count.to_string());
    }
    observation
}
