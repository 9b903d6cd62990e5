//! Rosters: who somebody of a team sees, and as what.

use super::yaml::{entry, key};
use super::{Kind, Place, Team};

/// Returns the members of a team that somebody in `slot` sees, in the order written. In a hierarchical team the lead
/// sees all, and all see the lead.
pub(super) fn visible<'t>(team: &'t Team<'_>, slot: &'t str) -> Box<dyn Iterator<Item = &'t super::Slot<'t>> + 't> {
    match team.lead {
        Some(lead) if lead != slot => Box::new(team.slot(lead).into_iter()),
        _ => Box::new(team.slots.iter().filter(move |member| member.id != slot)),
    }
}

/// Returns the roster of a place in a team.
pub(super) fn text(team: &Team<'_>, place: &Place<'_>, context_key: &str) -> String {
    let mut lines = Vec::new();
    match &place.kind {
        Kind::Direct => lines.push("context_kind: direct".to_owned()),
        Kind::Representative { delegate_role, .. } => {
            lines.push("context_kind: representative".to_owned());
            lines.push("represents:".to_owned());
            lines.push(entry(2, "delegate_role", delegate_role));
            lines.push(entry(2, "representative", place.own));
            lines.push(entry(2, "slot", place.slot));
        }
    }
    lines.push(team.lead.map_or_else(|| "lead: null".to_owned(), |lead| entry(0, "lead", lead)));
    let mut members = visible(team, place.slot).peekable();
    lines.push(if members.peek().is_some() { "members:" } else { "members: {}" }.to_owned());
    for member in members {
        lines.push(match &member.team {
            None => member.block.clone(),
            Some(_) => team_block(team, member, context_key),
        });
    }
    lines.push(entry(0, "mode", team.node.mode.as_str()));
    lines.push(entry(0, "self", place.own));
    lines.push(entry(0, "team", &team.node.name));
    lines.join("\n") + "\n"
}

/// Returns what a roster says about a member that is an agent: the same whoever reads it.
pub(super) fn agent_block(id: &str, description: &str, is_lead: bool) -> String {
    let role = if is_lead { "lead" } else { "member" };
    [
        format!("  {}", key(id)),
        "    addresses: {}".to_owned(),
        entry(4, "description", description),
        entry(4, "role", role),
        "    surfaces: []".to_owned(),
    ]
    .join("\n")
}

/// Where the card of a nested team stands.
pub(super) fn card_path(context_key: &str, slot: &str) -> String {
    format!(".spawnfile/team-cards/{context_key}/{slot}.md")
}

fn team_block(team: &Team<'_>, member: &super::Slot<'_>, context_key: &str) -> String {
    let description = member.description;
    let mut lines = vec![
        format!("  {}", key(member.id)),
        "    addresses: {}".to_owned(),
        "    card:".to_owned(),
        entry(6, "path", &card_path(context_key, member.id)),
        entry(6, "summary", description),
        entry(4, "description", description),
    ];
    let is_lead = team.lead == Some(member.id);
    if is_lead {
        lines.push("    is_lead: true".to_owned());
    }
    lines.push(if member.representatives.is_empty() { "    representatives: {}" } else { "    representatives:" }.to_owned());
    for representative in &member.representatives {
        lines.extend([
            format!("      {}", key(&representative.name)),
            "        addresses: {}".to_owned(),
            entry(8, "delegate_role", delegate_role(team, member.id)),
            entry(8, "description", representative.description),
            "        surfaces: []".to_owned(),
        ]);
    }
    lines.extend(["    role: team".to_owned(), "    surfaces: []".to_owned()]);
    lines.join("\n")
}

/// Who stands for the leading team leads in its place.
pub(super) fn delegate_role(team: &Team<'_>, slot: &str) -> &'static str {
    if team.lead == Some(slot) { "lead" } else { "representative" }
}
