//! The places of agents in teams: their own, and those of the teams that they stand for.

use std::collections::{BTreeMap, BTreeSet};

use super::roster;
use super::text::Named;
use super::{Contexts, Team};
use crate::collate::Collation;
use crate::finding::Finding;
use crate::oci::Digest;
use crate::organization::TeamNode;
use crate::organization::graph::Arrival;

/// Most places of agents in teams, their own and those they stand for.
const MAX_PLACES: usize = 50_000;

/// A place of an agent in a team.
pub(super) struct Place<'t> {
    pub(super) team: usize,
    /// The member that it is or stands for.
    pub(super) slot: &'t str,
    /// Its own id in its own team.
    pub(super) own: &'t str,
    pub(super) kind: Kind,
}

pub(super) enum Kind {
    /// It is the member.
    Direct,
    /// It stands for the member, which is a team.
    Representative { delegate_role: &'static str },
}

/// An agent by its node, and its id in its own team.
pub(super) type Delegate<'t> = (usize, &'t str);

fn too_many() -> Finding {
    Finding::error("organization.size", format!("the agents of the project have more than {MAX_PLACES} places in teams"))
}

/// Returns who stands for each team outside: the external members, and for those that are teams who stands for them.
pub(super) fn delegates<'t>(contexts: &'t Contexts<'_>, teams: &'t [TeamNode]) -> Result<BTreeMap<usize, Vec<Delegate<'t>>>, Finding> {
    let by_id: BTreeMap<&str, &TeamNode> = teams.iter().map(|team| (team.id.as_str(), team)).collect();
    let mut found: BTreeMap<usize, Vec<Delegate<'t>>> = BTreeMap::new();
    let mut total = 0;
    // Children first.
    for node in contexts.graph.order.iter().rev() {
        let (Some((id, _)), Some(declared)) = (contexts.ids.get(*node), contexts.graph.nodes.get(*node)) else { continue };
        let Some(team) = by_id.get(id.as_str()) else { continue };
        let external: BTreeSet<&str> = team.external.iter().map(String::as_str).collect();
        let mut seen = BTreeSet::new();
        let mut own: Vec<Delegate<'t>> = Vec::new();
        for child in declared.children.iter().filter(|child| external.contains(child.id.as_str())) {
            let one = [(child.node, child.id.as_str())];
            let of_child: &[Delegate<'t>] = found.get(&child.node).map_or(&one, Vec::as_slice);
            own.extend(of_child.iter().copied().filter(|delegate| seen.insert(*delegate)));
            if total + own.len() > MAX_PLACES {
                return Err(too_many());
            }
        }
        total += own.len();
        found.insert(*node, own);
    }
    Ok(found)
}

/// Returns the places of each agent by its node: its own first, then those it stands for, each in plan order.
pub(super) fn places<'t>(
    contexts: &'t Contexts<'_>,
    teams: &BTreeMap<usize, Team<'t>>,
    delegates: &BTreeMap<usize, Vec<Delegate<'t>>>,
) -> Result<BTreeMap<usize, Vec<Place<'t>>>, Finding> {
    let mut found: BTreeMap<usize, Vec<Place<'t>>> = BTreeMap::new();
    for (node, declared) in contexts.graph.nodes.iter().enumerate().filter(|(node, _)| !teams.contains_key(node)) {
        for arrival in &declared.arrivals {
            if let Arrival::Member(team, slot) = arrival {
                found.entry(node).or_default().push(Place { team: *team, slot, own: slot, kind: Kind::Direct });
            }
        }
    }
    let mut total: usize = found.values().map(Vec::len).sum();
    for (number, team) in teams {
        for slot in &team.slots {
            let Some(child) = slot.team else { continue };
            let delegate_role = roster::delegate_role(team, slot.id);
            for (agent, own) in delegates.get(&child).into_iter().flatten() {
                total += 1;
                if total > MAX_PLACES {
                    return Err(too_many());
                }
                let kind = Kind::Representative { delegate_role };
                found.entry(*agent).or_default().push(Place { team: *number, slot: slot.id, own, kind });
            }
        }
    }
    let source = |place: &Place<'_>| contexts.graph.nodes.get(place.team).map_or("", |node| node.manifest.source.as_str());
    let collation = Collation::new();
    for places in found.values_mut() {
        places.sort_by(|a, b| {
            let kind = |place: &Place<'_>| !matches!(place.kind, Kind::Direct);
            kind(a)
                .cmp(&kind(b))
                .then_with(|| collation.compare(source(a), source(b)))
                .then_with(|| collation.compare(a.slot, b.slot))
                .then_with(|| collation.compare(a.own, b.own))
        });
    }
    Ok(found)
}

/// Gives each place of an agent the key that its files are found by. Keys that would be equal get a digest of what they
/// stand for.
pub(super) fn named<'p, 't>(contexts: &Contexts<'_>, teams: &'p BTreeMap<usize, Team<'t>>, places: &'p [Place<'t>]) -> Vec<Named<'p, 't>> {
    let mut counts: BTreeMap<String, usize> = BTreeMap::new();
    let base = |place: &Place<'_>, team: &Team<'_>| match place.kind {
        Kind::Direct => path_safe(&team.node.name),
        Kind::Representative { .. } => format!("{}--{}", path_safe(&team.node.name), path_safe(place.slot)),
    };
    let known: Vec<(&'p Place<'t>, &'p Team<'t>, String)> =
        places.iter().filter_map(|place| teams.get(&place.team).map(|team| (place, team, base(place, team)))).collect();
    for (_, _, key) in &known {
        *counts.entry(key.clone()).or_default() += 1;
    }
    let finish = |(place, team, base): (&'p Place<'t>, &'p Team<'t>, String)| {
        let key = if counts.get(&base).is_some_and(|count| *count > 1) {
            let source = contexts.graph.nodes.get(place.team).map_or("", |node| node.manifest.source.as_str());
            let kind = if matches!(place.kind, Kind::Direct) { "direct" } else { "representative" };
            let digest = Digest::of([kind, source, place.slot, place.own].join("\0").as_bytes());
            format!("{base}--{}", digest.hex().get(..8).unwrap_or_default())
        } else {
            base
        };
        Named { place, team, key }
    };
    known.into_iter().map(finish).collect()
}

/// Returns a name as part of a path: lower case, runs of anything but `a-z0-9_-` one dash, no dash at the edges.
fn path_safe(text: &str) -> String {
    let mut safe = String::with_capacity(text.len());
    let mut gap = false;
    for c in text.to_lowercase().chars() {
        if c.is_ascii_lowercase() || c.is_ascii_digit() || c == '_' || c == '-' {
            safe.push(c);
            gap = false;
        } else if !gap {
            safe.push('-');
            gap = true;
        }
    }
    let safe = safe.trim_matches('-');
    if safe.is_empty() { "context".to_owned() } else { safe.to_owned() }
}
