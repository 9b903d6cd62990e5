//! Where an agent's team context goes: into its workspace, beside what its runtime kind puts there and never in its way.

use std::collections::{BTreeMap, BTreeSet};

use super::CompileInput;
use crate::admit::LoweredInstance;
use crate::finding::{Finding, Findings};
use crate::organization::{AgentNode, Source};

/// Returns the folder that an agent works in.
pub(super) fn workspace(instance: &LoweredInstance, agent: &AgentNode) -> String {
    let workspace = &instance.lowering().paths.workspace;
    if instance.is_shared() { format!("{workspace}/agents/{}", agent.slug) } else { workspace.clone() }
}

/// Returns the absolute path and the content of each file. The agents of a shared instance have a folder each,
/// `agents/<slug>` in the instance's workspace.
pub(super) fn files<'a>(instance: &'a LoweredInstance, agent: &'a AgentNode) -> impl Iterator<Item = (String, &'a Source)> {
    let folder = workspace(instance, agent);
    agent.context.iter().map(move |(path, source)| (format!("{folder}/{path}"), source))
}

/// Refuses files of a runtime kind that stand where the context must.
pub(super) fn check(input: &CompileInput<'_>, agents: &BTreeMap<&str, &AgentNode>, findings: &mut Findings) {
    for instance in &input.instances {
        let (document, lowering) = (instance.document(), instance.lowering());
        let told = document.agents.iter().filter_map(|agent| agents.get(agent.id.as_str())).filter(|agent| !agent.context.is_empty());
        let context: BTreeSet<String> = told.flat_map(|agent| files(instance, agent)).map(|(path, _)| path).collect();
        if context.is_empty() {
            continue;
        }
        let placed = lowering.files.iter().chain(lowering.auth.iter().flat_map(|place| &place.files));
        let placed: BTreeSet<&str> = placed.map(|file| file.path.as_str()).collect();
        let folders = |path: &str| path.match_indices('/').map(|(at, _)| at).collect::<Vec<_>>();
        let above = |path: &str, is_file: &dyn Fn(&str) -> bool| folders(path).into_iter().any(|at| path.get(..at).is_some_and(is_file));
        let in_the_way = placed.iter().find(|path| context.contains(**path) || above(path, &|folder| context.contains(folder)));
        let below = context.iter().find(|path| above(path, &|folder| placed.contains(folder))).map(String::as_str);
        if let Some(path) = in_the_way.copied().or(below) {
            let message = format!("{}: `{path}` stands where the team context of the agent goes", instance.by().plugin);
            findings.push(Finding::error("compile.context", message).hint("this is a fault of the plugin, not of the project"));
        }
    }
}
