//! Nothing declared is dropped: every doc and skill is placed or reported, every other feature is reported.

use std::collections::{BTreeMap, BTreeSet};

use super::{Check, is_line, quote};
use crate::instance::AgentInput;
use crate::lowering::LoweredContent;

/// What became of a feature.
type Outcomes<'a> = BTreeMap<(&'a str, &'a str), &'a str>;

impl Check<'_> {
    pub(super) fn coverage(&mut self) {
        let lowering = self.lowering;
        let document = self.document;
        let mut outcomes = Outcomes::new();
        for capability in &lowering.capabilities {
            let what = format!("capability {} of {}", quote(&capability.key), quote(&capability.node));
            if !document.agents.iter().any(|agent| agent.id == capability.node)
                || capability.key.is_empty()
                || capability.key.len() > 512
                || !is_line(&capability.key)
            {
                self.refuse("lowering.capability", format!("{what} is for no agent of the instance, or its key is malformed"));
            }
            if !matches!(capability.outcome.as_str(), "supported" | "degraded" | "unsupported") || !is_line(&capability.message) {
                self.refuse(
                    "lowering.capability",
                    format!("{what} has outcome {} or a message that is no line", quote(&capability.outcome)),
                );
            }
            if outcomes.insert((&capability.node, &capability.key), &capability.outcome).is_some() {
                self.refuse("lowering.capability", format!("{what} is reported twice"));
            }
        }
        let placed: BTreeSet<&str> = lowering
            .files
            .iter()
            .filter_map(|file| match &file.content {
                LoweredContent::Source(id) => Some(id.as_str()),
                _ => None,
            })
            .collect();
        for agent in &document.agents {
            self.agent(agent, &outcomes, &placed);
        }
    }

    fn agent(&mut self, agent: &AgentInput, outcomes: &Outcomes<'_>, placed: &BTreeSet<&str>) {
        let outcome = |key: &str| outcomes.get(&(agent.id.as_str(), key)).copied();
        let docs = agent.docs.iter().map(|doc| (format!("docs.{}", doc.role), vec![doc.source.as_str()]));
        let skills = agent.skills.iter();
        let skills = skills.map(|skill| (format!("skills.{}", skill.name), skill.files.iter().map(|file| file.source.as_str()).collect()));
        for (key, sources) in docs.chain(skills) {
            let missing = sources.iter().find(|source| !placed.contains(**source));
            if let (Some(missing), None | Some("supported")) = (missing, outcome(&key)) {
                let message =
                    format!("{} of {} is neither placed nor reported as degraded or unsupported ({key})", quote(missing), agent.id);
                self.refuse("lowering.dropped", message);
            }
        }
        let servers = agent.mcp_servers.iter().map(|server| format!("mcp.{}", server.name));
        let model = agent.model.iter().map(|_| "execution.model".to_owned());
        let subagents = (!agent.subagents.is_empty()).then(|| "agent.subagents".to_owned());
        for key in servers.chain(model).chain(["execution.sandbox".to_owned()]).chain(subagents) {
            if outcome(&key).is_none() {
                self.refuse("lowering.dropped", format!("{} of {} is not reported", quote(&key), agent.id));
            }
        }
    }
}
