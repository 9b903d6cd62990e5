//! What degraded and unsupported features lead to, by the policy of each agent.

use super::CompileInput;
use crate::admit::LoweredInstance;
use crate::finding::{Finding, Findings};
use crate::lowering::CapabilityOutcome;
use crate::manifest::{OnDegrade, Policy, PolicyMode};

pub(super) fn check(input: &CompileInput<'_>, findings: &mut Findings) {
    for (agent, capability) in outcomes(input) {
        let (allowed, key) = match verdict(agent.policy, &capability.outcome) {
            Verdict::Fine => continue,
            Verdict::Warning => (true, "policy.warning"),
            Verdict::Error => (false, "policy.refused"),
        };
        let message = sentence(capability);
        let finding = if allowed { Finding::warning(key, message) } else { Finding::error(key, message) };
        let hint = "`policy` in the manifest decides what this leads to";
        findings.push(finding.at(&agent.file, None).hint(hint));
    }
}

/// Returns the warnings of one agent as the compile report has them.
pub(super) fn diagnostics(policy: Policy, instance: &LoweredInstance, node: &str) -> Vec<String> {
    let capabilities = instance.lowering().capabilities.iter().filter(|capability| capability.node == node);
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

fn outcomes<'a>(input: &'a CompileInput<'_>) -> impl Iterator<Item = (&'a crate::organization::AgentNode, &'a CapabilityOutcome)> {
    let organization = input.organization;
    let capabilities = input.instances.iter().flat_map(|instance| &instance.lowering().capabilities);
    capabilities.filter_map(move |capability| Some((organization.agent(&capability.node)?, capability)))
}
