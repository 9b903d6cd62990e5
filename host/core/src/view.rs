//! An organization for people: the tree that `view` prints and the numbers that `validate` prints.

use std::collections::BTreeSet;

use crate::organization::{AgentNode, Organization};

/// How a tree is drawn.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Style {
    /// Only ASCII characters.
    pub ascii: bool,
    /// With terminal colours.
    pub color: bool,
}

/// What `validate` says about an organization that is in order.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Summary {
    /// Number of agents and teams.
    pub nodes: usize,
    /// Runtime kinds, sorted, each once.
    pub runtimes: Vec<String>,
}

/// Terminal colour of agents.
const GREEN: &str = "32";

/// Returns the organization as a tree, one line a node, each ended by a line break.
pub fn tree(organization: &Organization, style: Style) -> String {
    organization.agents.iter().filter(|agent| agent.id == organization.root).map(|agent| agent_line(agent, style) + "\n").collect()
}

/// Returns the numbers.
pub fn summary(organization: &Organization) -> Summary {
    let runtimes: BTreeSet<&str> = organization.agents.iter().map(|agent| agent.runtime.as_str()).collect();
    Summary { nodes: organization.agents.len(), runtimes: runtimes.into_iter().map(str::to_owned).collect() }
}

fn agent_line(agent: &AgentNode, style: Style) -> String {
    let name = paint(&format!("agent {}", printable(&agent.name, style)), GREEN, style);
    let runtime = printable(&agent.runtime, style);
    format!("{name} [{runtime}] runtime={runtime}")
}

fn paint(text: &str, color: &str, style: Style) -> String {
    if style.color { format!("\u{1b}[{color}m{text}\u{1b}[0m") } else { text.to_owned() }
}

/// Names come from files of others: control characters never reach a terminal.
fn printable(text: &str, style: Style) -> String {
    text.chars().map(|c| if c.is_control() || (style.ascii && !c.is_ascii()) { '?' } else { c }).collect()
}
