//! What can only be checked over all instances: they are the organization's, their ports do not meet, and the plugins
//! are those of the lock.

use std::collections::{BTreeMap, BTreeSet};

use super::{CompileInput, context, env, init, resources};
use crate::finding::{Finding, Findings};
use crate::init_plan::DerivedEnv;

pub(super) fn check(input: &CompileInput<'_>, findings: &mut Findings) {
    let mut covered: BTreeSet<&str> = BTreeSet::new();
    let mut ids: BTreeSet<&str> = BTreeSet::new();
    let mut ports: BTreeMap<u16, &str> = BTreeMap::new();
    let mut mounts: BTreeMap<&str, &str> = BTreeMap::new();
    if input.init.is_empty() {
        findings.push(Finding::error("compile.init", format!("there is no program of PID 1 for {}", input.platform)));
    }
    derived(input, findings);
    let agents = input.organization.agents_by_id();
    context::check(input, &agents, findings);
    resources::check(input, findings);
    for instance in &input.instances {
        let id = instance.document().id.as_str();
        if !ids.insert(id) {
            findings.push(Finding::error("compile.instance", format!("two instances have the id `{id}`")));
        }
        for agent in &instance.document().agents {
            if !agents.contains_key(agent.id.as_str()) || !covered.insert(&agent.id) {
                findings.push(Finding::error("compile.instance", format!("instance `{id}` runs `{}`, which is not its agent", agent.id)));
            }
        }
        for port in &instance.lowering().ports {
            if let Some(other) = ports.insert(port.number, id) {
                let message = format!("instances `{other}` and `{id}` both listen on port {}", port.number);
                findings.push(Finding::error("compile.port", message).hint("the ports of all instances share one container"));
            }
        }
        for (mount, _) in &instance.lowering().mounts {
            if let Some(other) = mounts.insert(mount, id) {
                findings.push(Finding::error("compile.mount", format!("instances `{other}` and `{id}` both have a mount `{mount}`")));
            }
        }
        env::check(instance, &agents, findings);
        exposure(instance, findings);
        plugin(input, instance, findings);
    }
    for agent in input.organization.agents.iter().filter(|agent| !covered.contains(agent.id.as_str())) {
        findings.push(Finding::error("compile.instance", format!("no instance runs `{}`", agent.id)));
    }
}

/// Derived values are one set for the whole container: a name has one template.
fn derived(input: &CompileInput<'_>, findings: &mut Findings) {
    let mut templates: BTreeMap<String, DerivedEnv> = BTreeMap::new();
    for (id, derived) in input.instances.iter().flat_map(|instance| init::derived(instance).map(|d| (&instance.document().id, d))) {
        let known = templates.entry(derived.name.clone()).or_insert_with(|| derived.clone());
        if *known != derived {
            findings.push(Finding::error("compile.env", format!("instance `{id}` gives `{}` a second meaning", derived.name)));
        }
    }
}

fn exposure(instance: &crate::admit::LoweredInstance, findings: &mut Findings) {
    let public = instance.lowering().ports.first().is_some_and(|port| port.public);
    for agent in instance.document().agents.iter().filter(|agent| agent.expose && !public) {
        let message =
            format!("`expose` of `{}` has no effect: runtime `{}` listens on loopback only", agent.id, instance.document().runtime);
        findings.push(Finding::warning("compile.expose", message));
    }
}

fn plugin(input: &CompileInput<'_>, instance: &crate::admit::LoweredInstance, findings: &mut Findings) {
    let by = instance.by();
    let locked = input.lock.plugins.iter().find(|plugin| plugin.id == by.plugin);
    if let Some(locked) = locked.filter(|locked| locked.digest.as_str() != by.digest) {
        let message = format!(
            "Spawnfile.lock names {}@{}, but {}@{} of another digest lowered this",
            locked.id, locked.version, by.plugin, by.version
        );
        findings.push(Finding::warning("compile.plugin", message).hint("`spawnfile lock --update` takes the installed one"));
    }
}
