//! What an agent gets from where: its own, its teams' and its parent agent's. What it declares itself wins; two sources
//! that contradict each other are refused.

use super::graph::{Arrival, Declared, Graph};
use crate::finding::{Finding, Findings, Position};
use crate::instance::{McpServerInput, ModelInput};
use crate::manifest::{
    AgentManifest, Body, DocRef, Execution, Manifest, PackageDecl, RuntimeBinding, SecretDecl, Shared, SkillRef, VariableDecl,
};
use crate::path::is_below;
use crate::project::MAX_PLACED_BYTES;

/// Something declared, and the file that declares it.
#[derive(Debug)]
pub(super) struct From<'m, T> {
    pub(super) file: &'m str,
    pub(super) item: &'m T,
}

// Derived, these would want `T` to be copied too.
impl<T> Clone for From<'_, T> {
    fn clone(&self) -> Self {
        *self
    }
}

impl<T> Copy for From<'_, T> {}

/// An agent with everything that it gets.
#[derive(Debug)]
pub(super) struct Effective<'m> {
    pub(super) runtime: From<'m, RuntimeBinding>,
    pub(super) execution: Execution,
    pub(super) model: Option<ModelInput>,
    pub(super) docs: Vec<From<'m, DocRef>>,
    pub(super) skills: Vec<From<'m, SkillRef>>,
    pub(super) env: Vec<VariableDecl>,
    pub(super) packages: Vec<PackageDecl>,
    pub(super) secrets: Vec<SecretDecl>,
    pub(super) mcp_servers: Vec<McpServerInput>,
    /// About how many bytes a subagent takes over.
    weight: usize,
}

/// Works out every agent, parents first. What cannot be worked out is nothing, and said.
pub(super) fn effective<'m>(graph: &'m Graph, findings: &mut Findings) -> Vec<Option<Effective<'m>>> {
    let mut found: Vec<Option<Effective<'m>>> = graph.nodes.iter().map(|_| None).collect();
    let mut total: u64 = 0;
    for node in &graph.order {
        let Some(declared) = graph.nodes.get(*node) else { continue };
        let Body::Agent(agent) = &declared.manifest.body else { continue };
        let effective = one(graph, &found, declared, agent, findings);
        // What a subagent inherits, its own subagents inherit too.
        total = total.saturating_add(effective.as_ref().map_or(0, |effective| effective.weight as u64));
        if total > MAX_PLACED_BYTES {
            let message = format!("the project has more than {MAX_PLACED_BYTES} bytes once every agent has what it inherits");
            findings.push(Finding::error("organization.size", message).at(&declared.manifest.file, Some(declared.manifest.name.at)));
            break;
        }
        if let Some(place) = found.get_mut(*node) {
            *place = effective;
        }
    }
    found
}

fn one<'m>(
    graph: &'m Graph,
    known: &[Option<Effective<'m>>],
    declared: &'m Declared,
    agent: &'m AgentManifest,
    findings: &mut Findings,
) -> Option<Effective<'m>> {
    let manifest = &declared.manifest;
    let mut first: Option<Way<'m>> = None;
    let mut ways: Vec<Option<&Arrival>> = declared.arrivals.iter().map(Some).collect();
    if ways.is_empty() {
        ways.push(None);
    }
    for arrival in ways {
        let mut said = Findings::default();
        let way = match arrival {
            Some(Arrival::Subagent(parent)) => subagent(manifest, agent, known.get(*parent)?.as_ref()?, &mut said),
            Some(Arrival::Member(..)) | None => by_itself(manifest, agent, &mut said),
        };
        match (&first, way) {
            (None, way) => {
                findings.extend(said);
                first = Some(way?);
            }
            (Some(one), Some(other)) if *one == other => {}
            _ => {
                let message = format!("agent `{}` is reached in two ways that give it another runtime or model", manifest.name.value);
                let finding = Finding::error("organization.conflict", message).at(&manifest.file, Some(manifest.name.at));
                findings.push(finding.hint("a subagent has the runtime of its parent; use a manifest of its own for each"));
                return None;
            }
        }
    }
    let Way { runtime, execution, model, weight } = first?;
    let teams: Vec<(&Manifest, &Shared)> = declared.arrivals.iter().filter_map(|arrival| lender(graph, arrival)).collect();
    let alone = declared.arrivals.len() < 2;
    let conflict = |findings: &mut Findings, what: &str, name: &str| {
        let message = format!("the teams of agent `{}` share different {what} under `{name}`", manifest.name.value);
        findings.push(Finding::error("organization.conflict", message).at(&manifest.file, Some(manifest.name.at)));
    };
    let skills = teams.iter().flat_map(|(team, shared)| shared.skills.iter().map(|item| From { file: &team.file, item }));
    let env = merged(
        teams.iter().flat_map(|(_, shared)| shared.environment.env.iter().cloned()),
        agent.environment.env.iter().cloned(),
        |variable| &variable.name,
        |a, b| a.value == b.value,
        &mut |name| conflict(findings, "values", name),
    );
    let secrets = merged(
        teams.iter().flat_map(|(_, shared)| shared.environment.secrets.iter().cloned()),
        agent.environment.secrets.iter().cloned(),
        |secret| &secret.name,
        |a, b| a.required == b.required,
        &mut |name| conflict(findings, "secrets", name),
    );
    for variable in env.iter().filter(|variable| secrets.iter().any(|secret| secret.name == variable.name)) {
        let message = format!("agent `{}` gets `{}` as a secret and as a variable with a fixed value", manifest.name.value, variable.name);
        findings.push(Finding::error("organization.conflict", message).at(&manifest.file, Some(manifest.name.at)));
    }
    Some(Effective {
        weight,
        runtime,
        execution,
        model,
        docs: docs(manifest, agent, &teams, alone, &mut |name| conflict(findings, "docs", name)),
        skills: merged(
            skills,
            agent.skills.iter().map(|item| From { file: manifest.file.as_str(), item }),
            |skill| &skill.item.written,
            |a, b| a.item.path.value == b.item.path.value,
            &mut |name| conflict(findings, "skills", name),
        ),
        env,
        packages: packages(&teams, agent, &mut |name| conflict(findings, "versions of a package", name)),
        secrets,
        mcp_servers: merged(
            teams.iter().flat_map(|(_, shared)| shared.environment.mcp_servers.iter().cloned()),
            agent.environment.mcp_servers.iter().cloned(),
            |server| &server.name,
            |a, b| a == b,
            &mut |name| conflict(findings, "MCP servers", name),
        ),
    })
}

/// Packages of the teams and its own, by package manager and name.
fn packages(teams: &[(&Manifest, &Shared)], agent: &AgentManifest, conflict: &mut dyn FnMut(&str)) -> Vec<PackageDecl> {
    let keyed = |package: &PackageDecl| (format!("{}:{}", package.manager.as_str(), package.name), package.clone());
    let found = merged(
        teams.iter().flat_map(|(_, shared)| shared.environment.packages.iter().map(keyed)),
        agent.environment.packages.iter().map(keyed),
        |(key, _)| key,
        |a, b| a == b,
        conflict,
    );
    found.into_iter().map(|(_, package)| package).collect()
}

/// What depends on the way that leads to an agent.
struct Way<'m> {
    runtime: From<'m, RuntimeBinding>,
    execution: Execution,
    model: Option<ModelInput>,
    weight: usize,
}

impl PartialEq for Way<'_> {
    fn eq(&self, other: &Self) -> bool {
        let (a, b) = (self.runtime.item, other.runtime.item);
        a.name.value == b.name.value
            && a.options == b.options
            && self.model == other.model
            && self.execution.sandbox() == other.execution.sandbox()
    }
}

fn by_itself<'m>(manifest: &'m Manifest, agent: &'m AgentManifest, said: &mut Findings) -> Option<Way<'m>> {
    let model = agent.execution.targets(said);
    let Some(runtime) = &agent.runtime else {
        let finding = Finding::error("manifest.missing", format!("agent `{}` declares no `runtime`", manifest.name.value));
        said.push(finding.at(&manifest.file, Some(manifest.name.at)).hint("`spawnfile plugin list` shows the runtime kinds"));
        return None;
    };
    Some(Way {
        runtime: From { file: &manifest.file, item: runtime },
        execution: agent.execution.clone(),
        model,
        weight: agent.inheritable(),
    })
}

/// A subagent runs on its parent's runtime, with its parent's options and with what it leaves out of `execution`.
fn subagent<'m>(manifest: &'m Manifest, agent: &'m AgentManifest, parent: &Effective<'m>, said: &mut Findings) -> Option<Way<'m>> {
    if let Some(own) = &agent.runtime {
        let at = |at: Position, finding: Finding| finding.at(&manifest.file, Some(at));
        if own.name.value != parent.runtime.item.name.value {
            let message =
                format!("subagent `{}` has another runtime than its parent, `{}`", manifest.name.value, parent.runtime.item.name.value);
            said.push(at(own.name.at, Finding::error("organization.conflict", message)).hint("leave `runtime` out"));
        } else if !own.options.is_empty() && own.options != parent.runtime.item.options {
            let message = format!("the runtime options of subagent `{}` have no effect: it has those of its parent", manifest.name.value);
            said.push(at(own.name.at, Finding::warning("manifest.no-effect", message)).hint("leave `runtime` out"));
        }
    }
    let execution = agent.execution.over(&parent.execution);
    let model = execution.targets(said);
    Some(Way { runtime: parent.runtime, execution, model, weight: agent.inheritable().saturating_add(parent.weight) })
}

fn lender<'m>(graph: &'m Graph, arrival: &Arrival) -> Option<(&'m Manifest, &'m Shared)> {
    let Arrival::Member(team, _) = arrival else { return None };
    let manifest = &graph.nodes.get(*team)?.manifest;
    match &manifest.body {
        Body::Team(team) => Some((manifest, &team.shared)),
        Body::Agent(_) => None,
    }
}

/// Its own docs, then those of its team for roles that it leaves empty. An agent of several teams gets only those that
/// stand in its own folder: otherwise its instructions would depend on the team that is asked.
fn docs<'m>(
    manifest: &'m Manifest,
    agent: &'m AgentManifest,
    teams: &[(&'m Manifest, &'m Shared)],
    alone: bool,
    conflict: &mut dyn FnMut(&str),
) -> Vec<From<'m, DocRef>> {
    let folder = manifest.file.rsplit_once('/').map_or("", |(folder, _)| folder);
    let in_folder = |path: &str| if folder.is_empty() { !path.starts_with("../") } else { is_below(path, folder) };
    let mut found: Vec<From<'m, DocRef>> = agent.docs.iter().map(|item| From { file: manifest.file.as_str(), item }).collect();
    let own = found.len();
    for (team, shared) in teams {
        for item in shared.docs.iter().filter(|doc| alone || in_folder(&doc.path.value)) {
            match found.iter().position(|doc| doc.item.role == item.role) {
                None => found.push(From { file: &team.file, item }),
                Some(at) if at < own => {}
                Some(at) => {
                    if found.get(at).is_some_and(|doc| doc.item.path.value != item.path.value) {
                        conflict(&item.role);
                    }
                }
            }
        }
    }
    found
}

/// What teams share, each once, replaced by what is the agent's own under the same name.
fn merged<T>(
    shared: impl Iterator<Item = T>,
    own: impl Iterator<Item = T>,
    name: impl Fn(&T) -> &String,
    equal: impl Fn(&T, &T) -> bool,
    conflict: &mut dyn FnMut(&str),
) -> Vec<T> {
    let own: Vec<T> = own.collect();
    let mut found: Vec<T> = Vec::new();
    let mut places: std::collections::BTreeMap<String, usize> = std::collections::BTreeMap::new();
    for item in shared {
        let same = places.get(name(&item)).and_then(|at| found.get(*at));
        match same {
            // What the agent replaces cannot contradict anything.
            Some(other) if !equal(other, &item) && !own.iter().any(|own| name(own) == name(&item)) => conflict(name(&item)),
            Some(_) => {}
            None => {
                places.insert(name(&item).clone(), found.len());
                found.push(item);
            }
        }
    }
    for item in own {
        match places.get(name(&item)).and_then(|at| found.get_mut(*at)) {
            Some(place) => *place = item,
            None => found.push(item),
        }
    }
    found
}
