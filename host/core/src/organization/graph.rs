//! Which manifests a project consists of and how they hang together: every reference followed once, cycles refused with
//! their path, depth and number bounded.

use std::collections::BTreeMap;

use crate::finding::{Finding, Findings, Position};
use crate::manifest::{self, Body, Manifest, MemberBody};
use crate::project::{MAX_DEPTH, MAX_EDGES, MAX_MANIFESTS_BYTES, MAX_NODES, MAX_PLACED_BYTES, ProjectSources};

/// Agents and teams as declared. Nodes are named by their place in `nodes`.
#[derive(Debug, Default)]
pub(super) struct Graph {
    pub(super) nodes: Vec<Declared>,
    /// Parents before children.
    pub(super) order: Vec<usize>,
}

/// A node as declared.
#[derive(Debug)]
pub(super) struct Declared {
    pub(super) manifest: Manifest,
    /// Members or subagents in the order written.
    pub(super) children: Vec<Child>,
    /// Every way that leads to it, in the order of traversal. The root has one more that is not listed.
    pub(super) arrivals: Vec<Arrival>,
}

#[derive(Debug)]
pub(super) struct Child {
    pub(super) id: String,
    pub(super) node: usize,
}

/// A way that leads to a node.
#[derive(Debug, Clone)]
pub(super) enum Arrival {
    /// As this member of this team.
    Member(usize, String),
    /// As a subagent of this agent.
    Subagent(usize),
}

/// Follows every reference from the root. Problems are collected; what they concern is left out.
pub(super) fn graph(sources: &ProjectSources, findings: &mut Findings) -> Graph {
    let mut walk = Walk {
        sources,
        findings,
        graph: Graph::default(),
        seen: BTreeMap::new(),
        stack: Vec::new(),
        heights: Vec::new(),
        edges: 0,
        bytes: 0,
        weight: 0,
        stop: false,
    };
    match sources.files.get(&sources.root) {
        Some(bytes) => {
            if let Some(manifest) = walk.parse(&sources.root, bytes) {
                walk.enter(manifest);
            }
        }
        None => walk.findings.push(Finding::error("project.missing", format!("`{}` does not exist", sources.root))),
    }
    walk.graph.order.reverse();
    walk.graph
}

struct Walk<'a> {
    sources: &'a ProjectSources,
    findings: &'a mut Findings,
    graph: Graph,
    /// Where a source stands; nothing for one that cannot be used.
    seen: BTreeMap<String, Option<usize>>,
    /// The sources from the root to here.
    stack: Vec<String>,
    /// Nodes on the longest way down from each, itself included.
    heights: Vec<usize>,
    /// References so far.
    edges: usize,
    /// Bytes of all manifests so far.
    bytes: u64,
    /// About how many bytes everything takes once every agent has its own.
    weight: usize,
    /// A bound was met: nothing more is followed.
    stop: bool,
}

/// Where a reference is written.
struct Place<'m> {
    file: &'m str,
    at: Position,
}

impl Walk<'_> {
    fn parse(&mut self, file: &str, bytes: &[u8]) -> Option<Manifest> {
        match manifest::parse(file, bytes) {
            Ok((manifest, said)) => {
                self.findings.extend(said);
                Some(manifest)
            }
            Err(said) => {
                self.findings.extend(said);
                None
            }
        }
    }

    fn error(&mut self, code: &str, place: &Place<'_>, message: String) {
        self.findings.push(Finding::error(code, message).at(place.file, Some(place.at)));
    }

    /// Follows a reference; returns the node that it leads to.
    fn follow(&mut self, file: &str, place: &Place<'_>) -> Option<usize> {
        if let Some(from) = self.stack.iter().position(|source| source == file) {
            let cycle: Vec<&str> = self.stack.iter().skip(from).map(String::as_str).chain([file]).collect();
            let message = format!("the reference closes a cycle: {}", cycle.join(" -> "));
            self.error("organization.cycle", place, message);
            return None;
        }
        if let Some(known) = self.seen.get(file) {
            return *known;
        }
        let Some(bytes) = self.sources.files.get(file) else {
            self.error("project.missing", place, format!("`{file}` does not exist"));
            return None;
        };
        self.seen.insert(file.to_owned(), None);
        self.bytes += bytes.len() as u64;
        self.bounded(place)?;
        let manifest = self.parse(file, bytes)?;
        let node = self.enter(manifest);
        self.seen.insert(file.to_owned(), Some(node));
        Some(node)
    }

    /// Returns nothing when another node would be too many or too deep.
    fn bounded(&mut self, place: &Place<'_>) -> Option<()> {
        if self.stop {
            return None;
        }
        let message = if self.graph.nodes.len() >= MAX_NODES {
            format!("the project has more than {MAX_NODES} agents and teams")
        } else if self.bytes > MAX_MANIFESTS_BYTES {
            format!("the manifests of the project have more than {MAX_MANIFESTS_BYTES} bytes")
        } else if self.stack.len() >= MAX_DEPTH {
            format!("teams and subagents nest deeper than {MAX_DEPTH}")
        } else {
            return Some(());
        };
        self.stop = true;
        self.error("organization.size", place, message);
        None
    }

    /// Takes a node in, then everything below it.
    fn enter(&mut self, manifest: Manifest) -> usize {
        let node = self.graph.nodes.len();
        let mut inline = inline_members(&manifest);
        let wanted = references(&manifest);
        let lent = match &manifest.body {
            Body::Team(team) => team.shared.weight(),
            Body::Agent(agent) => agent.inheritable(),
        };
        self.weight = self.weight.saturating_add(manifest.weight()).saturating_add(lent.saturating_mul(wanted.len()));
        self.stack.push(manifest.source.clone());
        let file = manifest.file.clone();
        let is_team = matches!(manifest.body, Body::Team(_));
        self.graph.nodes.push(Declared { manifest, children: Vec::new(), arrivals: Vec::new() });
        self.heights.push(1);
        for (id, at, target) in wanted {
            let place = Place { file: &file, at };
            self.edges += 1;
            if !self.stop && (self.edges > MAX_EDGES || self.weight as u64 > MAX_PLACED_BYTES) {
                self.stop = true;
                let what = if self.edges > MAX_EDGES {
                    format!("{MAX_EDGES} members and subagents")
                } else {
                    format!("{MAX_PLACED_BYTES} bytes once every agent has what it inherits")
                };
                self.error("organization.size", &place, format!("the project has more than {what}"));
            }
            if self.stop {
                break;
            }
            let child = match target {
                Some(target) => self.follow(&target, &place),
                None => inline.remove(&id).and_then(|member| self.bounded(&place).map(|()| self.enter(member))),
            };
            let Some(child) = child else { continue };
            self.join(node, is_team, id, child, &place);
        }
        self.stack.pop();
        self.graph.order.push(node);
        node
    }

    fn join(&mut self, node: usize, is_team: bool, id: String, child: usize, place: &Place<'_>) {
        let height = 1 + self.heights.get(child).copied().unwrap_or_default();
        if height > MAX_DEPTH && !self.stop {
            self.stop = true;
            self.error("organization.size", place, format!("teams and subagents nest deeper than {MAX_DEPTH}"));
        }
        if let Some(own) = self.heights.get_mut(node) {
            *own = height.max(*own);
        }
        let Some(declared) = self.graph.nodes.get_mut(child) else { return };
        if !is_team && matches!(declared.manifest.body, Body::Team(_)) {
            self.error("organization.kind", place, "a subagent must be an agent, but this is a team".to_owned());
            return;
        }
        declared.arrivals.push(if is_team { Arrival::Member(node, id.clone()) } else { Arrival::Subagent(node) });
        if let Some(parent) = self.graph.nodes.get_mut(node) {
            parent.children.push(Child { id, node: child });
        }
    }
}

/// Returns the members that stand in a team's manifest: they become nodes of their own.
fn inline_members(manifest: &Manifest) -> BTreeMap<String, Manifest> {
    let Body::Team(team) = &manifest.body else { return BTreeMap::new() };
    let members = team.members.iter().filter_map(|member| match &member.body {
        MemberBody::Inline(manifest) => Some((member.id.value.clone(), (**manifest).clone())),
        MemberBody::Ref(_) => None,
    });
    members.collect()
}

/// Returns id, place and target of everything below a node; no target for inline members.
fn references(manifest: &Manifest) -> Vec<(String, Position, Option<String>)> {
    match &manifest.body {
        Body::Team(team) => team
            .members
            .iter()
            .map(|member| match &member.body {
                MemberBody::Ref(path) => (member.id.value.clone(), path.at, Some(path.value.clone())),
                MemberBody::Inline(_) => (member.id.value.clone(), member.id.at, None),
            })
            .collect(),
        Body::Agent(agent) => {
            agent.subagents.iter().map(|child| (child.id.value.clone(), child.path.at, Some(child.path.value.clone()))).collect()
        }
    }
}
