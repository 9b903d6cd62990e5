//! What an agent reads about its teams beside the rosters: the list of its places, the same for people, cards of nested
//! teams, and the pointer at the end of its instructions.

use std::fmt::Write as _;

use super::yaml::entry;
use super::{Kind, Place, Team, card_paths};

/// A place with what its files are called.
pub(super) struct Named<'p, 't> {
    pub(super) place: &'p Place<'t>,
    pub(super) team: &'p Team<'t>,
    pub(super) key: String,
}

impl Named<'_, '_> {
    pub(super) fn roster(&self) -> String {
        format!(".spawnfile/rosters/{}.yaml", self.key)
    }

    pub(super) fn team_doc(&self) -> String {
        format!(".spawnfile/team-contexts/{}/TEAM.md", self.key)
    }
}

/// Returns `.spawnfile/team-contexts.yaml`.
pub(super) fn contexts_yaml(places: &[Named<'_, '_>], aliased: bool) -> String {
    let direct: Vec<&Named<'_, '_>> = places.iter().filter(|named| matches!(named.place.kind, Kind::Direct)).collect();
    let represented: Vec<&Named<'_, '_>> = places.iter().filter(|named| !matches!(named.place.kind, Kind::Direct)).collect();
    let mut lines = Vec::new();
    lines.push(if direct.is_empty() { "direct_memberships: []" } else { "direct_memberships:" }.to_owned());
    for named in direct {
        let mut item = Vec::new();
        if aliased {
            item.extend(["    aliases:".to_owned(), entry(6, "roster", ".spawnfile/roster.yaml"), entry(6, "team_doc", "TEAM.md")]);
        }
        item.extend([entry(4, "context_key", &named.key), entry(4, "member", named.place.slot)]);
        finish(item, named, &mut lines);
    }
    lines.push(if represented.is_empty() { "representations: []" } else { "representations:" }.to_owned());
    for named in represented {
        let Kind::Representative { delegate_role } = named.place.kind else { continue };
        let cards = card_paths(named);
        let mut item = vec![if cards.is_empty() { "    cards: []" } else { "    cards:" }.to_owned()];
        item.extend(cards.iter().map(|card| format!("      - {card}")));
        item.extend([
            entry(4, "context_key", &named.key),
            entry(4, "delegate_role", delegate_role),
            entry(4, "representative", named.place.own),
            entry(4, "represents", named.place.slot),
        ]);
        finish(item, named, &mut lines);
    }
    lines.join("\n") + "\n"
}

/// Adds what every item ends with, and makes it an item of its list.
fn finish(mut item: Vec<String>, named: &Named<'_, '_>, lines: &mut Vec<String>) {
    item.extend([
        entry(4, "roster", &named.roster()),
        "    surfaces:".to_owned(),
        "      moltnet: []".to_owned(),
        entry(4, "team", &named.team.node.name),
        entry(4, "team_doc", &named.team_doc()),
    ]);
    if let Some(first) = item.first_mut() {
        first.replace_range(..4, "  - ");
    }
    lines.append(&mut item);
}

/// Returns `.spawnfile/team-contexts.md`.
pub(super) fn contexts_markdown(places: &[Named<'_, '_>]) -> String {
    let mut text = String::from(
        "# Team contexts\n\nThe teams that you belong to or speak for. `.spawnfile/team-contexts.yaml` has the same for programs.\n",
    );
    for named in places {
        let Place { slot, own, kind, .. } = named.place;
        let team = &named.team.node.name;
        let what = match kind {
            Kind::Direct => format!("You are its member `{slot}`."),
            Kind::Representative { .. } => format!("You stand for its member `{slot}`, a team in which you are `{own}`."),
        };
        // Writing to a string never fails.
        let _ignored = write!(
            text,
            "\n## {team}\n\n{what}\n\n- What the team is for: `{}`\n- Who you see there: `{}`\n",
            named.team_doc(),
            named.roster()
        );
        for card in card_paths(named) {
            let _ignored = writeln!(text, "- A team inside it: `{card}`");
        }
    }
    text
}

/// Returns the card of a nested team.
pub(super) fn card(team: &Team<'_>) -> String {
    let mut text = format!("# {}\n", team.node.name);
    if !team.node.description.is_empty() {
        let _ignored = write!(text, "\n{}\n", team.node.description);
    }
    let external = team.node.external.iter().map(|id| format!("`{id}`")).collect::<Vec<_>>().join(", ");
    let external = if external.is_empty() { "nobody".to_owned() } else { external };
    let _ignored = write!(text, "\nA {} team. It is spoken for by {external}.\n", team.node.mode.as_str());
    text
}

/// Start and end of the pointer: what a program finds it by.
const MARKS: (&str, &str) = ("<!-- spawnfile-team-context:start -->", "<!-- spawnfile-team-context:end -->");

/// Returns what is appended to an agent's instructions, which may be empty.
pub(super) fn pointer(instructions: &str, aliased: bool) -> String {
    let gap = match instructions {
        "" => "",
        text if text.ends_with('\n') => "\n",
        _ => "\n\n",
    };
    let own = if aliased { "- `TEAM.md`: what your team is for\n- `.spawnfile/roster.yaml`: who you see there, and as what\n" } else { "" };
    let (start, end) = MARKS;
    format!(
        "{gap}{start}\n## Team context\n\nYou work in an organization. Before you work with others, read in your workspace:\n\n- \
         `.spawnfile/team-contexts.md`: the teams that you belong to or speak for\n- `.spawnfile/team-contexts.yaml`: the same for \
         programs\n{own}\nWhat a team is for is in the TEAM.md of its context, who you see there in its roster.\n{end}\n"
    )
}
