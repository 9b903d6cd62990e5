//! Workspace resources in the image: where PID 1 keeps each, and where it links it into a workspace.
//!
//! Refused is a place that something else has: a file of a runtime kind, the team context, another resource.

use std::collections::{BTreeMap, BTreeSet};

use super::{CompileInput, context};
use crate::admit::LoweredInstance;
use crate::collate::Collation;
use crate::finding::{Finding, Findings};
use crate::init_plan;
use crate::lowering::CapabilityOutcome;
use crate::manifest::ResourceKind;
use crate::name::slugify;
use crate::organization::{AgentNode, ResourceNode};
use crate::report::{WorkspaceResource, short_hash};

/// Folder of everything that resources are kept in.
const ROOT: &str = "/var/lib/spawnfile/resources";

/// A resource of one agent.
pub(super) struct Placed<'a> {
    pub(super) resource: &'a ResourceNode,
    pub(super) agent: &'a AgentNode,
    /// Where it is kept.
    pub(super) backing: String,
    /// Where the agent finds it.
    pub(super) link: String,
}

/// Returns the resources of all agents, by link path, then id.
pub(super) fn placed<'a>(input: &'a CompileInput<'_>) -> Vec<Placed<'a>> {
    let agents = input.organization.agents_by_id();
    let mut found = Vec::new();
    for instance in &input.instances {
        for agent in instance.document().agents.iter().filter_map(|agent| agents.get(agent.id.as_str()).copied()) {
            let folder = context::workspace(instance, agent);
            found.extend(agent.resources.iter().map(|resource| Placed {
                resource,
                agent,
                backing: backing(instance, agent, resource),
                link: format!("{folder}/{}", resource.mount.trim_start_matches("./")),
            }));
        }
    }
    let collation = Collation::new();
    collation.sort_by_key(&mut found, |placed| &placed.resource.id);
    collation.sort_by_key(&mut found, |placed| &placed.link);
    found
}

/// The folder is named as the other tool names it, but for the path of the manifest of a team: theirs is the creator's.
fn backing(instance: &LoweredInstance, agent: &AgentNode, resource: &ResourceNode) -> String {
    let own = match &resource.kind {
        ResourceKind::Volume { name: Some(name) } => name,
        ResourceKind::Volume { name: None } | ResourceKind::Git { .. } => &resource.id,
    };
    let own = segment(own);
    if let Some(scope) = &resource.team {
        return format!("{ROOT}/teams/{}-{}/{own}", scope.kind, segment(&format!("{}:{}", scope.name, scope.source)));
    }
    let id = &instance.document().id;
    let target = if instance.is_shared() { segment(&format!("{id}:{}", agent.id)) } else { segment(id) };
    format!("{ROOT}/instances/{target}/{own}")
}

fn segment(text: &str) -> String {
    let slug = slugify(text);
    let hash = short_hash(text);
    if slug.is_empty() { hash } else { format!("{slug}-{hash}") }
}

const fn kind(resource: &ResourceNode) -> &'static str {
    match resource.kind {
        ResourceKind::Git { .. } => "git",
        ResourceKind::Volume { .. } => "volume",
    }
}

const fn mode(resource: &ResourceNode) -> &'static str {
    if resource.readonly { "readonly" } else { "mutable" }
}

/// Returns what PID 1 prepares.
pub(super) fn plan(placed: &[Placed<'_>]) -> Vec<init_plan::Resource> {
    let one = |placed: &Placed<'_>| {
        let (url, selector) = match &placed.resource.kind {
            ResourceKind::Git { url, selector } => (Some(url.clone()), selector.clone()),
            ResourceKind::Volume { .. } => (None, None),
        };
        init_plan::Resource {
            id: placed.resource.id.clone(),
            kind: kind(placed.resource).to_owned(),
            backing: placed.backing.clone(),
            link: placed.link.clone(),
            mode: mode(placed.resource).to_owned(),
            url,
            selector,
        }
    };
    placed.iter().map(one).collect()
}

/// Returns what the distribution report says.
pub(super) fn reported(placed: &[Placed<'_>]) -> Vec<WorkspaceResource> {
    let one = |placed: &Placed<'_>| WorkspaceResource {
        id: placed.resource.id.clone(),
        kind: kind(placed.resource).to_owned(),
        link_path: placed.link.clone(),
        mode: mode(placed.resource).to_owned(),
        mount: placed.resource.mount.clone(),
        sharing: if placed.resource.team.is_some() { "team" } else { "per_agent" }.to_owned(),
    };
    placed.iter().map(one).collect()
}

/// Returns what the compile report says about the resources of an agent or team, if it has any.
pub(super) fn outcome(node: &str, resources: &[ResourceNode]) -> Option<CapabilityOutcome> {
    let outcome = || CapabilityOutcome {
        node: node.to_owned(),
        key: "workspace.resources".to_owned(),
        outcome: "supported".to_owned(),
        message: format!("{} workspace resource(s) will be prepared at startup", resources.len()),
    };
    (!resources.is_empty()).then(outcome)
}

/// Returns an agent with a git resource, and the resource.
pub(super) fn git<'a>(input: &'a CompileInput<'_>) -> Option<(&'a AgentNode, &'a ResourceNode)> {
    let mut all = input.organization.agents.iter().flat_map(|agent| agent.resources.iter().map(move |resource| (agent, resource)));
    all.find(|(_, resource)| kind(resource) == "git")
}

pub(super) fn check(input: &CompileInput<'_>, findings: &mut Findings) {
    let placed = placed(input);
    if placed.is_empty() {
        return;
    }
    let agents = input.organization.agents_by_id();
    let (mut files, mut folders) = (BTreeSet::new(), BTreeSet::new());
    for instance in &input.instances {
        let lowering = instance.lowering();
        let placed = lowering.files.iter().chain(lowering.auth.iter().flat_map(|place| &place.files));
        files.extend(placed.map(|file| file.path.clone()));
        let told = instance.document().agents.iter().filter_map(|agent| agents.get(agent.id.as_str()));
        files.extend(told.flat_map(|agent| context::files(instance, agent)).map(|(path, _)| path));
        folders.extend(lowering.paths.home.iter().chain([&lowering.paths.workspace, &lowering.process.workdir]).cloned());
        folders.extend(lowering.mounts.iter().map(|(_, path)| path.clone()));
    }
    let here = |taken: &BTreeSet<String>, link: &str| {
        let inside = format!("{link}/");
        taken.contains(link) || taken.range(inside.clone()..).next().is_some_and(|path| path.starts_with(&inside))
    };
    let mut links: BTreeMap<&str, &Placed<'_>> = BTreeMap::new();
    for place in &placed {
        let link = place.link.as_str();
        let above = link.match_indices('/').skip(1).any(|(at, _)| link.get(..at).is_some_and(|folder| files.contains(folder)));
        let other = links.insert(link, place).map(|other| format!("`{}` of {} goes", other.resource.id, other.agent.id));
        let taken = (above || here(&files, link) || here(&folders, link)).then(|| "the image has something else".to_owned());
        if let Some(what) = taken.or(other) {
            let Placed { resource, agent, .. } = place;
            let message = format!("resource `{}` of {} goes to `{}`, where {what}", resource.id, agent.id, resource.mount);
            findings.push(Finding::error("compile.resource", message).at(&agent.file, None).hint("choose another mount"));
        }
    }
}
