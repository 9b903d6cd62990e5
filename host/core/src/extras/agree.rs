//! Whether the extras speak about the same organization as the report beside them.

use std::collections::{BTreeMap, BTreeSet};

use super::schema::{Extras, Instance};
use crate::display::excerpt;
use crate::json::{MAX_VIOLATIONS, Violation};
use crate::report::{DistributionReport, RuntimeInstance};

impl Extras {
    /// Returns everything in which the extras contradict the report; pointers are into the extras.
    pub fn agree(&self, report: &DistributionReport) -> Vec<Violation> {
        let mut found = Vec::new();
        self.instances_agree(report, &mut found);
        let generated: BTreeSet<&str> =
            report.secrets.all().filter(|(_, secret)| secret.generated).map(|(_, secret)| secret.name.as_str()).collect();
        let networks: BTreeSet<&str> = report.moltnet.networks.iter().map(|network| network.id.as_str()).collect();
        let organization = &report.organization;
        let nodes: BTreeSet<&str> = organization
            .agents
            .iter()
            .map(|agent| agent.id.as_str())
            .chain(organization.teams.iter().map(|team| team.id.as_str()))
            .collect();
        for (n, secret) in self.generated_secrets.iter().enumerate() {
            if !generated.contains(secret.name.as_str()) {
                let message = format!("the report has no generated secret `{}`", excerpt(&secret.name));
                found.push(violation(format!("/generated_secrets/{n}/name"), "agree.generated", message));
            }
        }
        for (n, network) in self.networks.iter().enumerate() {
            if !networks.contains(network.id.as_str()) {
                let message = format!("the report has no network `{}`", excerpt(&network.id));
                found.push(violation(format!("/networks/{n}/id"), "agree.network", message));
            }
        }
        for (n, node) in self.nodes.iter().enumerate() {
            if !nodes.contains(node.id.as_str()) {
                let message = format!("the report has no agent or team `{}`", excerpt(&node.id));
                found.push(violation(format!("/nodes/{n}/id"), "agree.node", message));
            }
        }
        found.truncate(MAX_VIOLATIONS);
        found
    }

    fn instances_agree(&self, report: &DistributionReport, found: &mut Vec<Violation>) {
        let theirs: BTreeMap<&str, &RuntimeInstance> =
            report.runtime_instances.iter().map(|instance| (instance.id.as_str(), instance)).collect();
        let ours: BTreeSet<&str> = self.instances.iter().map(|instance| instance.id.as_str()).collect();
        for id in theirs.keys().filter(|id| !ours.contains(**id)) {
            found.push(violation(
                "/instances".to_owned(),
                "agree.instance",
                format!("the instance `{}` of the report is missing", excerpt(id)),
            ));
        }
        for (n, instance) in self.instances.iter().enumerate() {
            match theirs.get(instance.id.as_str()) {
                None => {
                    let message = format!("the report has no instance `{}`", excerpt(&instance.id));
                    found.push(violation(format!("/instances/{n}/id"), "agree.instance", message));
                }
                Some(reported) => instance_agrees(n, instance, reported, found),
            }
        }
    }
}

fn instance_agrees(n: usize, instance: &Instance, reported: &RuntimeInstance, found: &mut Vec<Violation>) {
    if instance.runtime != reported.runtime {
        let message = format!("the runtime is `{}`, in the report it is `{}`", excerpt(&instance.runtime), excerpt(&reported.runtime));
        found.push(violation(format!("/instances/{n}/runtime"), "agree.runtime", message));
    }
    for (p, place) in instance.auth.iter().enumerate() {
        if reported.model_auth_methods.get(&place.provider) != Some(&place.method) {
            let message = format!("the report does not use `{}` for `{}`", excerpt(&place.method), excerpt(&place.provider));
            found.push(violation(format!("/instances/{n}/auth/{p}"), "agree.auth", message));
        }
    }
}

fn violation(pointer: String, code: &str, message: String) -> Violation {
    Violation { pointer, code: code.to_owned(), message }
}
