//! What tells an agent about its teams: rosters, team docs, cards of nested teams and the pointer in its instructions.
//! All of it depends on the project alone; nothing of the machine that compiles is in it.

mod places;
mod roster;
mod text;
mod yaml;

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use super::content::Contents;
use super::graph::Graph;
use super::{DocNode, Organization, Source, TeamNode};
use crate::finding::Finding;
use crate::oci::Digest;
use crate::oci::digest::Hasher;
use crate::project::MAX_PLACED_BYTES;
use places::{Delegate, Kind, Place, delegates, named, places};
use text::Named;

/// What contexts are made from.
pub(super) struct Contexts<'a> {
    pub(super) graph: &'a Graph,
    /// Id and slug of each node of the graph.
    pub(super) ids: &'a [(String, String)],
    /// Where the agent of a node stands in the organization.
    pub(super) places: &'a [Option<usize>],
    pub(super) contents: &'a Contents<'a>,
}

/// A team as its rosters show it.
struct Team<'t> {
    node: &'t TeamNode,
    lead: Option<&'t str>,
    slots: Vec<Slot<'t>>,
    by_id: BTreeMap<&'t str, usize>,
    doc: Option<&'t Source>,
}

impl<'t> Team<'t> {
    fn slot(&self, id: &str) -> Option<&Slot<'t>> {
        self.slots.get(*self.by_id.get(id)?)
    }
}

/// A member of a team.
struct Slot<'t> {
    id: &'t str,
    description: &'t str,
    /// The node of the graph, when it is a team.
    team: Option<usize>,
    /// Who stands for it, when it is a team.
    representatives: Vec<Representative<'t>>,
    /// What rosters say about it, when it is an agent.
    block: String,
}

struct Representative<'t> {
    name: String,
    description: &'t str,
}

/// Adds to each agent what it must know of its teams, at most `budget` bytes together.
pub(super) fn add(contexts: &Contexts<'_>, organization: &mut Organization, budget: u64) -> Result<(), Finding> {
    let teams_before = organization.teams.clone();
    let delegates = delegates(contexts, &teams_before)?;
    let descriptions: Vec<&str> = contexts.graph.nodes.iter().map(|_| "").collect();
    let descriptions = described(contexts, organization, &teams_before, descriptions);
    let teams = teams(contexts, &teams_before, &delegates, &descriptions);
    let places = places(contexts, &teams, &delegates)?;

    let mut left = budget;
    let mut diagnostics: BTreeMap<usize, Lines> = BTreeMap::new();
    let mut made = Vec::new();
    let order: BTreeMap<usize, usize> = contexts.places.iter().enumerate().filter_map(|(node, place)| Some(((*place)?, node))).collect();
    for (agent, node) in order {
        let Some(own) = places.get(&node) else { continue };
        for place in own {
            if let Some(team) = teams.get(&place.team) {
                diagnostics.entry(place.team).or_default().about(team, place);
            }
        }
        let Some(instructions) = organization.agents.get(agent) else { continue };
        let ids: Vec<String> = own
            .iter()
            .filter(|place| matches!(place.kind, Kind::Direct))
            .filter_map(|place| Some(teams.get(&place.team)?.node.id.clone()))
            .collect::<BTreeSet<String>>()
            .into_iter()
            .collect();
        let files = files(contexts, &teams, own, instructions, &mut left).ok_or_else(|| {
            let message = format!("what the agents are told about their teams has more than {MAX_PLACED_BYTES} bytes");
            Finding::error("organization.size", message).hint("in a swarm everybody sees everybody: make it smaller, or hierarchical")
        })?;
        made.push((agent, ids, files));
    }
    let diagnostics: Vec<(String, Vec<String>)> =
        diagnostics.into_iter().filter_map(|(team, lines)| Some((teams.get(&team)?.node.id.clone(), lines.lines))).collect();
    for (agent, ids, (system, files)) in made {
        let Some(agent) = organization.agents.get_mut(agent) else { continue };
        agent.teams = ids;
        agent.context = files;
        match agent.docs.iter_mut().find(|doc| doc.role == "system") {
            Some(doc) => doc.source = system,
            None => agent.docs.push(DocNode { role: "system".to_owned(), source: system }),
        }
    }
    let mut by_id: BTreeMap<String, Vec<String>> = diagnostics.into_iter().collect();
    for team in &mut organization.teams {
        team.diagnostics = by_id.remove(&team.id).unwrap_or_default();
    }
    Ok(())
}

/// What a team's members lack, each said once.
#[derive(Default)]
struct Lines {
    lines: Vec<String>,
    seen: BTreeSet<String>,
}

impl Lines {
    /// Networks and surfaces are not lowered yet, so nobody shares one.
    fn about(&mut self, team: &Team<'_>, place: &Place<'_>) {
        if self.seen.len() == team.slots.len() {
            return;
        }
        let mut members = roster::visible(team, place.slot).map(|member| member.id).peekable();
        if members.peek().is_none() {
            return;
        }
        let name = &team.node.name;
        if self.lines.is_empty() {
            self.lines.push(format!("Team {name} context has no shared coordination surface between visible participants"));
        }
        for member in std::iter::once(place.slot).chain(members) {
            if self.seen.insert(member.to_owned()) {
                self.lines.push(format!("Team {name} member {member} has no shared coordination surface with any visible teammate"));
            }
        }
    }
}

/// Returns the description of each node.
fn described<'o>(
    contexts: &Contexts<'_>,
    organization: &'o Organization,
    teams: &'o [TeamNode],
    mut descriptions: Vec<&'o str>,
) -> Vec<&'o str> {
    let teams = teams.iter().map(|team| (team.id.as_str(), team.description.as_str()));
    let agents = organization.agents.iter().map(|agent| (agent.id.as_str(), agent.description.as_str()));
    let by_id: BTreeMap<&str, &str> = teams.chain(agents).collect();
    for (place, (id, _)) in descriptions.iter_mut().zip(contexts.ids) {
        *place = by_id.get(id.as_str()).copied().unwrap_or_default();
    }
    descriptions
}

fn teams<'t>(
    contexts: &'t Contexts<'_>,
    nodes: &'t [TeamNode],
    delegates: &BTreeMap<usize, Vec<Delegate<'t>>>,
    descriptions: &[&'t str],
) -> BTreeMap<usize, Team<'t>> {
    let by_id: BTreeMap<&str, &TeamNode> = nodes.iter().map(|team| (team.id.as_str(), team)).collect();
    let described = |node: usize| descriptions.get(node).copied().unwrap_or_default();
    let mut found = BTreeMap::new();
    for (number, ((id, _), declared)) in contexts.ids.iter().zip(&contexts.graph.nodes).enumerate() {
        let Some(node) = by_id.get(id.as_str()).copied() else { continue };
        let lead = node.lead.as_deref();
        let slots: Vec<Slot<'t>> = declared
            .children
            .iter()
            .map(|child| {
                let description = described(child.node);
                let team = delegates.contains_key(&child.node).then_some(child.node);
                let block = if team.is_some() {
                    String::new()
                } else {
                    roster::agent_block(&child.id, description, lead == Some(child.id.as_str()))
                };
                let representatives = delegates.get(&child.node).map(|delegates| representatives(delegates, &described));
                Slot { id: &child.id, description, team, representatives: representatives.unwrap_or_default(), block }
            })
            .collect();
        let by_id = slots.iter().enumerate().map(|(n, slot)| (slot.id, n)).collect();
        let doc = node.docs.iter().find(|doc| doc.role == "system").map(|doc| &doc.source);
        found.insert(number, Team { node, lead, slots, by_id, doc });
    }
    found
}

/// Two who have the same id in different teams are told apart by a number.
fn representatives<'t>(delegates: &[Delegate<'t>], described: &impl Fn(usize) -> &'t str) -> Vec<Representative<'t>> {
    let mut counts: BTreeMap<&str, usize> = BTreeMap::new();
    let one = |(node, own): &Delegate<'t>| {
        let count = counts.entry(own).or_default();
        *count += 1;
        let name = if *count == 1 { (*own).to_owned() } else { format!("{own}-{count}") };
        Representative { name, description: described(*node) }
    };
    delegates.iter().map(one).collect()
}

/// Where the cards of the nested teams stand that a place sees.
fn card_paths(named: &Named<'_, '_>) -> Vec<String> {
    let seen = roster::visible(named.team, named.place.slot).filter(|member| member.team.is_some());
    seen.map(|member| roster::card_path(&named.key, member.id)).collect()
}

/// The instructions with the pointer, and the files, sorted by path.
type Files = (Source, Vec<(String, Source)>);

/// Returns the files of one agent; nothing when they are more than what is left.
fn files(
    contexts: &Contexts<'_>,
    teams: &BTreeMap<usize, Team<'_>>,
    places: &[Place<'_>],
    agent: &super::AgentNode,
    left: &mut u64,
) -> Option<Files> {
    let mut take = |bytes: u64| -> Option<()> {
        *left = left.checked_sub(bytes)?;
        Some(())
    };
    let named = named(contexts, teams, places);
    let aliased = places.iter().filter(|place| matches!(place.kind, Kind::Direct)).count() == 1;
    let empty: Arc<str> = Arc::from("");
    let mut files: BTreeMap<String, Source> = BTreeMap::new();
    let context_id = |path: &str| format!("context:{}:{path}", agent.id);
    let mut add = |path: String, text: Arc<str>| -> Option<()> {
        take(text.len() as u64)?;
        let source = Source { id: context_id(&path), file: None, bytes: text.len() as u64, digest: Digest::of(text.as_bytes()), text };
        files.insert(path, source);
        Some(())
    };
    add(".spawnfile/team-contexts.yaml".to_owned(), text::contexts_yaml(&named, aliased).into())?;
    add(".spawnfile/team-contexts.md".to_owned(), text::contexts_markdown(&named).into())?;
    for place in &named {
        let roster: Arc<str> = roster::text(place.team, place.place, &place.key).into();
        if aliased && matches!(place.place.kind, Kind::Direct) {
            add(".spawnfile/roster.yaml".to_owned(), Arc::clone(&roster))?;
        }
        add(place.roster(), roster)?;
        for member in roster::visible(place.team, place.place.slot) {
            if let Some(nested) = member.team.and_then(|team| teams.get(&team)) {
                add(roster::card_path(&place.key, member.id), text::card(nested).into())?;
            }
        }
    }
    for place in &named {
        let alias = (aliased && matches!(place.place.kind, Kind::Direct)).then(|| "TEAM.md".to_owned());
        for path in std::iter::once(place.team_doc()).chain(alias) {
            let source = match place.team.doc {
                Some(doc) => Source { id: context_id(&path), ..doc.clone() },
                None => Source { id: context_id(&path), file: None, text: Arc::clone(&empty), bytes: 0, digest: Digest::of(b"") },
            };
            take(source.bytes)?;
            files.insert(path, source);
        }
    }
    let system = instructions(contexts, agent, aliased);
    take(system.text.len() as u64)?;
    Some((system, files.into_iter().collect()))
}

/// Returns an agent's instructions with the pointer behind them.
fn instructions(contexts: &Contexts<'_>, agent: &super::AgentNode, aliased: bool) -> Source {
    let file = agent.docs.iter().find(|doc| doc.role == "system").and_then(|doc| doc.source.file.clone());
    let own = file.as_deref().map(|file| contexts.contents.text(file)).unwrap_or_default();
    let pointer = text::pointer(own, aliased);
    let mut hasher = Hasher::new();
    hasher.update(own.as_bytes());
    hasher.update(pointer.as_bytes());
    Source {
        id: format!("doc:{}:system", agent.id),
        file,
        bytes: (own.len() + pointer.len()) as u64,
        digest: hasher.finish(),
        text: pointer.into(),
    }
}
