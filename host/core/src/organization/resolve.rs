//! Sources in, organization out.

use std::collections::BTreeSet;

use super::ResourceNode;
use super::content::Contents;
use super::context::{self, Contexts};
use super::describe::derive;
use super::graph::{Declared, Graph, graph};
use super::ids::{Named, assign};
use super::inherit::{Effective, From, effective};
use super::resources::resources;
use super::{AgentNode, ChildNode, DocNode, Organization, SkillNode, TeamNode};
use crate::collate::Collation;
use crate::finding::{Finding, Findings};
use crate::instance::SecretInput;
use crate::manifest::{Body, TeamManifest, TeamMode};
use crate::name::label_slug;
use crate::project::{MAX_PLACED_BYTES, ProjectSources};

/// Resolves a project whose wanted files were read. Problems are collected: an `Err` holds all of them.
pub fn resolve(sources: &ProjectSources) -> Result<(Organization, Findings), Findings> {
    let mut findings = Findings::default();
    let graph = graph(sources, &mut findings);
    let Some(root) = graph.nodes.first() else { return Err(findings) };
    let name = &root.manifest.name;
    if !name.value.is_empty() && label_slug(&name.value).is_none() {
        let message = format!("`{}` has no character that may stand in an image label", name.value);
        findings.push(Finding::error("organization.name", message).at(&root.manifest.file, Some(name.at)));
    }
    let project = name.value.clone();
    let order = plan_order(&graph);
    let named: Vec<Named<'_>> = order.iter().filter_map(|node| graph.nodes.get(*node)).map(named).collect();
    let (assigned, problems) = assign(&named);
    findings.extend(problems);
    let mut ids: Vec<(String, String)> = vec![(String::new(), String::new()); graph.nodes.len()];
    for (node, assigned) in order.iter().zip(assigned) {
        if let Some(place) = ids.get_mut(*node) {
            *place = assigned;
        }
    }

    let effective = effective(&graph, &mut findings);
    let resources = resources(&graph, &mut findings);
    let mut resolver = Resolver { graph: &graph, ids: &ids, resources: &resources, contents: Contents::new(sources), findings };
    let mut organization = Organization { project, root: resolver.id(0), agents: Vec::new(), teams: Vec::new(), order: Vec::new() };
    let mut places = vec![None; graph.nodes.len()];
    for node in order {
        let Some(declared) = graph.nodes.get(node) else { continue };
        organization.order.push(resolver.id(node));
        match &declared.manifest.body {
            Body::Team(team) => organization.teams.push(resolver.team(node, declared, team)),
            Body::Agent(_) => {
                let Some(Some(effective)) = effective.get(node) else { continue };
                if let Some(place) = places.get_mut(node) {
                    *place = Some(organization.agents.len());
                }
                organization.agents.push(resolver.agent(node, declared, effective));
            }
        }
    }
    let Resolver { contents, mut findings, .. } = resolver;
    let placed: u64 = organization.sources().map(|source| source.bytes).sum();
    if placed > MAX_PLACED_BYTES {
        let message = format!("the docs and skills of all agents have more than {MAX_PLACED_BYTES} bytes together");
        findings.push(Finding::error("organization.size", message).hint("every agent has its own copy of what its team shares"));
    }
    if findings.has_errors() {
        return Err(findings);
    }
    let contexts = Contexts { graph: &graph, ids: &ids, places: &places, contents: &contents };
    if let Err(finding) = context::add(&contexts, &mut organization, MAX_PLACED_BYTES - placed) {
        findings.push(finding);
    }
    findings.and(organization)
}

/// Returns the nodes sorted by source. Agents, and so ports, are counted in this order.
fn plan_order(graph: &Graph) -> Vec<usize> {
    let mut order: Vec<(usize, &str)> = graph.nodes.iter().enumerate().map(|(n, node)| (n, node.manifest.source.as_str())).collect();
    Collation::new().sort_by_key(&mut order, |(_, source)| source);
    order.into_iter().map(|(node, _)| node).collect()
}

fn named(declared: &Declared) -> Named<'_> {
    let manifest = &declared.manifest;
    let kind = if matches!(manifest.body, Body::Team(_)) { "team" } else { "agent" };
    Named { kind, name: &manifest.name.value, file: &manifest.file, at: manifest.name.at }
}

struct Resolver<'a> {
    graph: &'a Graph,
    ids: &'a [(String, String)],
    resources: &'a [Vec<ResourceNode>],
    contents: Contents<'a>,
    findings: Findings,
}

impl Resolver<'_> {
    fn id(&self, node: usize) -> String {
        self.ids.get(node).map(|(id, _)| id.clone()).unwrap_or_default()
    }

    fn resources(&self, node: usize) -> Vec<ResourceNode> {
        self.resources.get(node).cloned().unwrap_or_default()
    }

    fn slug(&self, node: usize) -> String {
        self.ids.get(node).map(|(_, slug)| slug.clone()).unwrap_or_default()
    }

    fn children(&self, declared: &Declared) -> Vec<ChildNode> {
        declared.children.iter().map(|child| ChildNode { id: child.id.clone(), node: self.id(child.node) }).collect()
    }

    fn team(&mut self, node: usize, declared: &Declared, team: &TeamManifest) -> TeamNode {
        let manifest = &declared.manifest;
        let id = self.id(node);
        let mut docs: Vec<DocNode> = Vec::new();
        for item in &team.shared.docs {
            docs.extend(self.contents.doc(&id, From { file: &manifest.file, item }, &mut self.findings));
        }
        let direct = declared.children.iter().filter_map(|child| self.graph.nodes.get(child.node));
        let mut bodies = direct.map(|child| &child.manifest.body);
        let nobody = !bodies.any(|body| matches!(body, Body::Agent(_)));
        let shares = !team.shared.skills.is_empty() || team.shared.environment != crate::manifest::Environment::default();
        if nobody && shares {
            let message = format!("what team `{}` shares reaches nobody: it has no direct member that is an agent", manifest.name.value);
            let finding = Finding::warning("manifest.no-effect", message).at(&manifest.file, team.shared.at);
            self.findings.push(finding.hint("nested teams do not inherit what a team shares; declare it there"));
        }
        let all = || team.members.iter().map(|member| member.id.value.clone()).collect();
        let external = match (&team.external, &team.lead, team.mode) {
            (Some(listed), ..) => listed.iter().map(|id| id.value.clone()).collect(),
            (None, Some(lead), TeamMode::Hierarchical) => vec![lead.value.clone()],
            _ => all(),
        };
        TeamNode {
            slug: self.slug(node),
            name: manifest.name.value.clone(),
            description: manifest.description.clone().unwrap_or_default(),
            file: manifest.file.clone(),
            policy: manifest.policy,
            mode: team.mode,
            lead: team.lead.as_ref().map(|lead| lead.value.clone()),
            external,
            members: self.children(declared),
            docs,
            resources: self.resources(node),
            diagnostics: Vec::new(),
            id,
        }
    }

    fn agent(&mut self, node: usize, declared: &Declared, effective: &Effective<'_>) -> AgentNode {
        let manifest = &declared.manifest;
        let id = self.id(node);
        let mut docs = Vec::new();
        for doc in &effective.docs {
            docs.extend(self.contents.doc(&id, *doc, &mut self.findings));
        }
        let mut names = BTreeSet::new();
        let mut skills: Vec<SkillNode> = Vec::new();
        for skill in &effective.skills {
            let Some(resolved) = self.contents.skill(&id, *skill, &mut self.findings) else { continue };
            if names.insert(resolved.name.clone()) {
                skills.push(resolved);
            } else {
                let message = format!("two skills have the name `{}`", resolved.name);
                self.findings.push(Finding::error("manifest.duplicate", message).at(skill.file, Some(skill.item.path.at)));
            }
        }
        let description = manifest.description.clone().unwrap_or_else(|| {
            let identity = docs.iter().find(|doc| doc.role == "identity").and_then(|doc| doc.source.file.as_ref());
            identity.map(|file| derive(self.contents.text(file))).unwrap_or_default()
        });
        let expose = matches!(&manifest.body, Body::Agent(agent) if agent.expose);
        AgentNode {
            slug: self.slug(node),
            name: manifest.name.value.clone(),
            description,
            file: manifest.file.clone(),
            runtime: effective.runtime.item.name.value.clone(),
            runtime_file: effective.runtime.file.to_owned(),
            runtime_at: effective.runtime.item.name.at,
            options: effective.runtime.item.options.clone(),
            expose,
            policy: manifest.policy,
            docs,
            skills,
            model: effective.model.clone(),
            sandbox: effective.execution.sandbox(),
            mcp_servers: effective.mcp_servers.clone(),
            env: effective.env.iter().map(|variable| (variable.name.clone(), variable.value.clone())).collect(),
            packages: effective.packages.clone(),
            secrets: effective.secrets.iter().map(|secret| SecretInput { name: secret.name.clone(), required: secret.required }).collect(),
            resources: self.resources(node),
            subagents: self.children(declared),
            teams: Vec::new(),
            context: Vec::new(),
            id,
        }
    }
}
