//! Workspace resources: an agent has its own, those of every team above it and those of the agent whose subagent it is.

use std::collections::BTreeMap;

use super::graph::{Arrival, Declared, Graph};
use super::{ResourceNode, ResourceScope};
use crate::finding::{Finding, Findings};
use crate::manifest::{Body, ResourceDecl, overlap};

/// Most resources of one agent or team.
const MAX_OWN: usize = 256;
/// Most resources of all agents: what a report may list.
const MAX_ALL: usize = 10_000;

/// A resource and the node that declares it.
#[derive(Debug, Clone, Copy)]
struct Lent<'m> {
    by: usize,
    item: &'m ResourceDecl,
}

impl Lent<'_> {
    /// Whether two are one and the same. What each agent has by itself is the same wherever it is declared.
    fn is(&self, other: &Self) -> bool {
        let (a, b) = (self.item, other.item);
        a.kind == b.kind && a.mount == b.mount && a.readonly == b.readonly && a.team == b.team && (!a.team || self.by == other.by)
    }
}

/// Returns the resources of every node, sorted by id.
pub(super) fn resources(graph: &Graph, findings: &mut Findings) -> Vec<Vec<ResourceNode>> {
    let mut found: Vec<Vec<Lent<'_>>> = vec![Vec::new(); graph.nodes.len()];
    let mut total = 0;
    for node in &graph.order {
        let Some(declared) = graph.nodes.get(*node) else { continue };
        let merged = one(declared, *node, &found, findings);
        if matches!(declared.manifest.body, Body::Agent(_)) {
            total += merged.len();
        }
        if merged.len() > MAX_OWN || total > MAX_ALL {
            let message = format!("more than {MAX_OWN} resources for one node, or {MAX_ALL} for all agents");
            findings.push(Finding::error("organization.size", message).at(&declared.manifest.file, Some(declared.manifest.name.at)));
            break;
        }
        if let Some(place) = found.get_mut(*node) {
            *place = merged;
        }
    }
    found.into_iter().map(|lent| lent.into_iter().filter_map(|lent| resolved(graph, lent)).collect()).collect()
}

fn one<'m>(declared: &'m Declared, node: usize, known: &[Vec<Lent<'m>>], findings: &mut Findings) -> Vec<Lent<'m>> {
    let own = match &declared.manifest.body {
        Body::Agent(agent) => &agent.resources,
        Body::Team(team) => &team.shared.resources,
    };
    let above = declared.arrivals.iter().filter_map(|arrival| match arrival {
        Arrival::Member(team, _) => known.get(*team),
        Arrival::Subagent(parent) => known.get(*parent),
    });
    let lent = above.flatten().copied().chain(own.iter().map(|item| Lent { by: node, item }));
    let mut merged: BTreeMap<&str, Lent<'m>> = BTreeMap::new();
    let mut conflict = |message: String, lent: &Lent<'_>| {
        let own = lent.by == node;
        let at = if own { lent.item.at } else { declared.manifest.name.at };
        findings.push(Finding::error("organization.conflict", message).at(&declared.manifest.file, Some(at)));
    };
    let name = &declared.manifest.name.value;
    for lent in lent {
        match merged.get(lent.item.id.as_str()) {
            Some(other) if other.is(&lent) => {}
            Some(_) => conflict(format!("`{name}` gets two different resources `{}`", lent.item.id), &lent),
            None => {
                if let Some(other) = merged.values().find(|other| overlap(&other.item.mount, &lent.item.mount)) {
                    let message = format!(
                        "`{name}` gets resources `{}` and `{}` at mounts that are equal or inside each other",
                        other.item.id, lent.item.id
                    );
                    conflict(message, &lent);
                } else {
                    merged.insert(&lent.item.id, lent);
                }
            }
        }
    }
    merged.into_values().collect()
}

fn resolved(graph: &Graph, lent: Lent<'_>) -> Option<ResourceNode> {
    let manifest = &graph.nodes.get(lent.by)?.manifest;
    let kind = if matches!(manifest.body, Body::Team(_)) { "team" } else { "agent" };
    let scope = ResourceScope { kind: kind.to_owned(), name: manifest.name.value.clone(), source: manifest.source.clone() };
    let item = lent.item;
    Some(ResourceNode {
        id: item.id.clone(),
        kind: item.kind.clone(),
        mount: item.mount.clone(),
        readonly: item.readonly,
        team: item.team.then_some(scope),
    })
}
