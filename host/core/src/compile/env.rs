//! Variables with fixed values, `environment.env`: no runtime kind is asked, the process of an agent gets them.
//!
//! Refused is what would silently win or lose: a name that the kind sets or gets as a secret, and a name to which two
//! agents of one process give different values.

use std::collections::{BTreeMap, BTreeSet};

use super::init;
use crate::admit::LoweredInstance;
use crate::finding::{Finding, Findings};
use crate::organization::AgentNode;

/// Returns what the agents of an instance declare, for its process.
pub(super) fn of(instance: &LoweredInstance, agents: &BTreeMap<&str, &AgentNode>) -> BTreeMap<String, String> {
    let declared = instance.document().agents.iter().filter_map(|agent| agents.get(agent.id.as_str()));
    declared.flat_map(|agent| agent.env.iter().map(|(name, value)| (name.clone(), value.clone()))).collect()
}

pub(super) fn check(instance: &LoweredInstance, agents: &BTreeMap<&str, &AgentNode>, findings: &mut Findings) {
    let (document, lowering) = (instance.document(), instance.lowering());
    let secrets: BTreeSet<String> = init::secrets(instance).into_iter().collect();
    let own: BTreeSet<&str> = lowering.process.env.iter().map(|variable| variable.name.as_str()).collect();
    let derived: BTreeSet<&str> = lowering.derived_env.iter().map(|derived| derived.name.as_str()).collect();
    let mut known: BTreeMap<&str, (&str, &AgentNode)> = BTreeMap::new();
    for agent in document.agents.iter().filter_map(|agent| agents.get(agent.id.as_str()).copied()) {
        for (name, value) in &agent.env {
            let mut refuse = |message: String| findings.push(Finding::error("compile.env", message).at(&agent.file, None));
            // A derived name is among the secrets, but says less about what is wrong.
            if own.contains(name.as_str()) || derived.contains(name.as_str()) {
                refuse(format!("`{name}` of {} is set by runtime kind `{}` itself", agent.id, document.runtime));
            } else if secrets.contains(name) {
                refuse(format!("`{name}` of {} is also a secret that its process gets", agent.id));
            } else if let Some((_, first)) = known.get(name.as_str()).filter(|(other, _)| other != value) {
                refuse(format!("{} and {} give `{name}` different values, but share one process", first.id, agent.id));
            } else {
                known.insert(name, (value, agent));
            }
        }
    }
}
