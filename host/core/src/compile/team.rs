//! What became of a team: no runtime kind lowers one to something of its own, its members are told who they are to each
//! other.

use std::collections::BTreeSet;

use super::{CompileInput, resources};
use crate::lowering::CapabilityOutcome;
use crate::organization::{AgentNode, TeamNode};

/// What a runtime of teams would have to do itself.
const NATIVE: [&str; 6] = ["team.members", "team.mode", "team.lead", "team.external", "team.shared", "team.nested"];

/// What every team gets.
const TOLD: [(&str, &str); 4] = [
    ("team.roster", "Context-scoped team rosters were emitted"),
    ("team.context_orientation", "Team context orientation was surfaced through runtime system instructions"),
    ("team.active_environments", "Derived active environment bindings were emitted in team-contexts.yaml"),
    ("team.representatives", "Representative chains were resolved"),
];

/// A team with what its direct members say about it.
pub(super) struct TeamOutcome<'a> {
    pub(super) team: &'a TeamNode,
    /// The first of its direct members that are agents, when they all have one runtime kind.
    pub(super) runtime: Option<&'a AgentNode>,
    pub(super) capabilities: Vec<CapabilityOutcome>,
    /// What the compile report says first about it.
    pub(super) summary: String,
}

/// Returns the teams in plan order.
pub(super) fn outcomes<'a>(input: &'a CompileInput<'_>) -> Vec<TeamOutcome<'a>> {
    let agents = input.organization.agents_by_id();
    let outcome = |team: &'a TeamNode| {
        let members: Vec<&AgentNode> = team.members.iter().filter_map(|member| agents.get(member.node.as_str()).copied()).collect();
        let kinds: BTreeSet<&str> = members.iter().map(|agent| agent.runtime.as_str()).collect();
        let runtime = members.first().copied().filter(|_| kinds.len() == 1);
        let (why, summary) = match runtime {
            Some(AgentNode { runtime, .. }) => (
                format!("Runtime {runtime} does not provide native team compilation in v0.1"),
                format!("Runtime {runtime} did not emit a native team artifact for {}", team.name),
            ),
            None => (
                "Team spans multiple runtimes and cannot lower to one native team artifact in v0.1".to_owned(),
                format!("Team {} spans multiple runtimes and was not emitted as a native team artifact", team.name),
            ),
        };
        let capability = |key: &str, outcome: &str, message: &str| CapabilityOutcome {
            node: team.id.clone(),
            key: key.to_owned(),
            outcome: outcome.to_owned(),
            message: message.to_owned(),
        };
        let native = NATIVE.iter().map(|key| capability(key, "degraded", &why));
        let resources = resources::outcome(&team.id, &team.resources);
        let capabilities = native.chain(resources).chain(TOLD.iter().map(|(key, message)| capability(key, "supported", message))).collect();
        TeamOutcome { team, runtime, capabilities, summary }
    };
    input.organization.teams.iter().map(outcome).collect()
}
