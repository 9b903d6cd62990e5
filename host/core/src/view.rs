//! An organization for people: the tree that `view` prints and the numbers that `validate` prints.

use std::collections::{BTreeMap, BTreeSet};

use crate::organization::{AgentNode, ChildNode, Organization, TeamNode};

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
/// Terminal colour of teams.
const BLUE: &str = "34";

/// Returns the organization as a tree, one line a node, each ended by a line break. What stands below a node is drawn
/// where the node stands first.
pub fn tree(organization: &Organization, style: Style) -> String {
    let mut drawing = Drawing {
        agents: organization.agents_by_id(),
        teams: organization.teams_by_id(),
        style,
        drawn: BTreeSet::new(),
        text: String::new(),
    };
    drawing.node("", "", "", &organization.root);
    drawing.text
}

/// Returns the numbers.
pub fn summary(organization: &Organization) -> Summary {
    let runtimes: BTreeSet<&str> = organization.agents.iter().map(|agent| agent.runtime.as_str()).collect();
    Summary { nodes: organization.agents.len() + organization.teams.len(), runtimes: runtimes.into_iter().map(str::to_owned).collect() }
}

struct Drawing<'o> {
    agents: BTreeMap<&'o str, &'o AgentNode>,
    teams: BTreeMap<&'o str, &'o TeamNode>,
    style: Style,
    drawn: BTreeSet<&'o str>,
    text: String,
}

impl<'o> Drawing<'o> {
    /// Draws a node and what stands below it. The organization's depth is bounded.
    fn node(&mut self, branch: &str, below: &str, label: &str, id: &str) {
        let style = self.style;
        let (line, prefix, children): (String, &str, &'o [ChildNode]) = match (self.agents.get(id).copied(), self.teams.get(id).copied()) {
            (Some(agent), _) => (agent_line(agent, style), "subagent ", &agent.subagents),
            (None, Some(team)) => (team_line(team, style), "", &team.members),
            (None, None) => return,
        };
        let first = self.agents.get_key_value(id).map(|(id, _)| *id).or_else(|| self.teams.get_key_value(id).map(|(id, _)| *id));
        let first = first.is_some_and(|id| self.drawn.insert(id));
        let again = if first || children.is_empty() { "" } else { "  (see above)" };
        self.text.push_str(&format!("{branch}{label}{line}{again}\n"));
        if !first {
            return;
        }
        let (middle, last, bar) = if style.ascii { ("|-- ", "`-- ", "|   ") } else { ("├── ", "└── ", "│   ") };
        for (n, child) in children.iter().enumerate() {
            let (own, gap) = if n + 1 == children.len() { (last, "    ") } else { (middle, bar) };
            let label = format!("{prefix}{}: ", printable(&child.id, style));
            self.node(&format!("{below}{own}"), &format!("{below}{gap}"), &label, &child.node);
        }
    }
}

fn agent_line(agent: &AgentNode, style: Style) -> String {
    let name = paint(&format!("agent {}", printable(&agent.name, style)), GREEN, style);
    let runtime = printable(&agent.runtime, style);
    format!("{name} [{runtime}] runtime={runtime}")
}

fn team_line(team: &TeamNode, style: Style) -> String {
    let name = paint(&format!("team {}", printable(&team.name, style)), BLUE, style);
    let lead = team.lead.iter().map(|lead| format!(" lead={}", printable(lead, style))).collect::<String>();
    let external: Vec<String> = team.external.iter().map(|id| printable(id, style)).collect();
    let external = if external.is_empty() { String::new() } else { format!(" external={}", external.join(",")) };
    format!("{name}  mode={}{lead}{external}", team.mode.as_str())
}

fn paint(text: &str, color: &str, style: Style) -> String {
    if style.color { format!("\u{1b}[{color}m{text}\u{1b}[0m") } else { text.to_owned() }
}

/// Names come from files of others: control characters never reach a terminal.
fn printable(text: &str, style: Style) -> String {
    text.chars().map(|c| if c.is_control() || (style.ascii && !c.is_ascii()) { '?' } else { c }).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::organization::resolve;
    use crate::project::ProjectSources;

    #[test]
    fn what_stands_in_several_places_is_drawn_whole_once() {
        let team = |name: &str, next: &str| {
            let members = format!("[{{id: x, ref: {next}}}, {{id: y, ref: {next}}}]");
            format!("spawnfile_version: \"0.1\"\nkind: team\nname: {name}\nmode: swarm\nexternal: [x]\nmembers: {members}\n").into_bytes()
        };
        let agent = "spawnfile_version: \"0.1\"\nkind: agent\nname: only\nruntime: k\n";
        let files = [
            ("Spawnfile".to_owned(), team("t", "./u")),
            ("u/Spawnfile".to_owned(), team("u", "../a")),
            ("a/Spawnfile".to_owned(), agent.as_bytes().to_vec()),
        ];
        let sources = ProjectSources { root: "Spawnfile".into(), files: files.into() };
        let (organization, _) = resolve(&sources).unwrap();
        let drawn = "team t  mode=swarm external=x
|-- x: team u  mode=swarm external=x
|   |-- x: agent only [k] runtime=k
|   `-- y: agent only [k] runtime=k
`-- y: team u  mode=swarm external=x  (see above)
";
        assert_eq!(tree(&organization, Style { ascii: true, color: false }), drawn);
    }
}
