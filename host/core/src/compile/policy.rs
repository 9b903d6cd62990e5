//! What degraded and unsupported features lead to, by the policy of each agent and team.

use std::collections::BTreeMap;

use super::CompileInput;
use super::team::TeamOutcome;
use crate::finding::{Finding, Findings};
use crate::lowering::CapabilityOutcome;
use crate::manifest::{OnDegrade, Policy, PolicyMode};

const HINT: &str = "`policy` in the manifest decides what this leads to";

pub(super) fn check(input: &CompileInput<'_>, teams: &[TeamOutcome<'_>], findings: &mut Findings) {
    let agents = input.organization.agents_by_id();
    for capability in input.instances.iter().flat_map(|instance| &instance.lowering().capabilities) {
        let Some(agent) = agents.get(capability.node.as_str()) else { continue };
        findings.extend(finding(agent.policy, &capability.outcome, sentence(capability), &agent.file));
    }
    // The features of a team are degraded together and for one reason: one finding says it.
    for TeamOutcome { team, capabilities, .. } in teams {
        let mut by_reason: BTreeMap<(&str, &str), Vec<&str>> = BTreeMap::new();
        for capability in capabilities {
            by_reason.entry((&capability.outcome, &capability.message)).or_default().push(&capability.key);
        }
        for ((outcome, why), keys) in by_reason {
            let message = format!("{} of {} are {outcome}: {why}", keys.join(", "), team.id);
            findings.extend(finding(team.policy, outcome, message, &team.file));
        }
    }
}

fn finding(policy: Policy, outcome: &str, message: String, file: &str) -> Option<Finding> {
    let finding = match verdict(policy, outcome) {
        Verdict::Fine => return None,
        Verdict::Warning => Finding::warning("policy.warning", message),
        Verdict::Error => Finding::error("policy.refused", message),
    };
    Some(finding.at(file, None).hint(HINT))
}

/// Returns the warnings of one node as the compile report has them.
pub(super) fn diagnostics<'a>(policy: Policy, capabilities: impl Iterator<Item = &'a CapabilityOutcome>) -> Vec<String> {
    let warned = capabilities.filter(|capability| matches!(verdict(policy, &capability.outcome), Verdict::Warning));
    warned.map(|capability| format!("Policy warning: {}", sentence(capability))).collect()
}

enum Verdict {
    Fine,
    Warning,
    Error,
}

fn verdict(policy: Policy, outcome: &str) -> Verdict {
    match (outcome, policy.mode, policy.on_degrade) {
        ("unsupported", PolicyMode::Strict, _) | ("degraded", _, OnDegrade::Error) => Verdict::Error,
        ("unsupported", PolicyMode::Warn, _) | ("degraded", _, OnDegrade::Warn) => Verdict::Warning,
        _ => Verdict::Fine,
    }
}

fn sentence(capability: &CapabilityOutcome) -> String {
    let CapabilityOutcome { node, key, outcome, message } = capability;
    let why = if message.is_empty() { String::new() } else { format!(": {message}") };
    format!("{key} is {outcome} for {node}{why}")
}
