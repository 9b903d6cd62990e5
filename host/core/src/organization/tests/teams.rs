//! Teams and subagents: who gets what from whom, what is refused, and what hostile graphs come to.

use std::collections::BTreeMap;

use super::messages;
use crate::organization::{AgentNode, Organization, resolve};
use crate::project::{MAX_DEPTH, MAX_NODES, ProjectSources};

const VERSION: &str = "spawnfile_version: \"0.1\"\n";

pub(super) fn team(name: &str, rest: &str) -> String {
    format!("{VERSION}kind: team\nname: {name}\n{rest}\n")
}

pub(super) fn agent(name: &str, rest: &str) -> String {
    format!("{VERSION}kind: agent\nname: {name}\n{rest}\n")
}

fn project(files: &[(&str, String)]) -> ProjectSources {
    let files = files.iter().map(|(path, text)| ((*path).to_owned(), text.clone().into_bytes())).collect();
    ProjectSources { root: "Spawnfile".into(), files }
}

#[track_caller]
pub(super) fn resolved(files: &[(&str, String)]) -> Organization {
    resolve(&project(files)).unwrap_or_else(|findings| panic!("{:?}", messages(&findings))).0
}

#[track_caller]
pub(super) fn refused(files: &[(&str, String)]) -> Vec<String> {
    messages(&resolve(&project(files)).unwrap_err())
}

pub(super) fn named<'o>(organization: &'o Organization, name: &str) -> &'o AgentNode {
    organization.agents.iter().find(|agent| agent.name == name).unwrap()
}

fn text(organization: &Organization, agent: &str, path: &str) -> String {
    let agent = named(organization, agent);
    let (_, source) = agent.context.iter().find(|(own, _)| own == path).unwrap_or_else(|| panic!("{path}: {:?}", agent.context));
    source.text.to_string()
}

pub(super) const SWARM: &str = "mode: swarm\nmembers: [{id: a, ref: ./a}, {id: b, ref: ./b}]";

#[test]
fn cycles_are_refused_with_their_path() {
    let found = refused(&[
        ("Spawnfile", team("t", "mode: swarm\nmembers: [{id: u, ref: ./u}]")),
        ("u/Spawnfile", team("u", "mode: swarm\nmembers: [{id: v, ref: ./v}]")),
        ("u/v/Spawnfile", team("v", "mode: swarm\nmembers: [{id: u, ref: ..}]")),
    ]);
    assert_eq!(found, ["u/v/Spawnfile:5:24: the reference closes a cycle: u/Spawnfile -> u/v/Spawnfile -> u/Spawnfile"]);
    let own = refused(&[("Spawnfile", agent("a", "runtime: k\nsubagents: [{id: me, ref: .}]"))]);
    assert_eq!(own, ["Spawnfile:5:27: the reference closes a cycle: Spawnfile -> Spawnfile"]);
}

#[test]
fn what_a_team_shares_fills_what_its_agents_leave_empty() {
    let shared = "shared:
  workspace: {docs: {system: TEAM.md, soul: SOUL.md}, skills: [{ref: ./s}, {ref: ./t}]}
  environment:
    secrets: [{name: A, required: true}, {name: B, required: true}]
    mcp_servers: [{name: m, transport: sse, url: 'http://team'}]";
    let own = "runtime: k
workspace: {docs: {system: A.md}, skills: [{ref: ./s}]}
environment:
  secrets: [{name: C, required: false}, {name: B, required: false}]
  mcp_servers: [{name: m, transport: sse, url: 'http://own'}]";
    let skill = |name: &str| format!("---\nname: {name}\ndescription: d\n---\n");
    let organization = resolved(&[
        ("Spawnfile", team("t", &format!("{SWARM}\n{shared}"))),
        ("TEAM.md", "team".into()),
        ("SOUL.md", "soul".into()),
        ("s/SKILL.md", skill("of-team")),
        ("t/SKILL.md", skill("t")),
        ("a/Spawnfile", agent("a", own)),
        ("a/A.md", "own".into()),
        ("a/s/SKILL.md", skill("of-agent")),
        ("b/Spawnfile", agent("b", "runtime: k\nsubagents: [{id: c, ref: ../c}]")),
        ("c/Spawnfile", agent("c", "")),
    ]);
    let a = named(&organization, "a");
    let docs: Vec<(&str, &str)> = a.docs.iter().map(|doc| (doc.role.as_str(), doc.source.file.as_deref().unwrap())).collect();
    assert_eq!(docs, [("system", "a/A.md"), ("soul", "SOUL.md")], "its own first");
    assert_eq!(a.skills.iter().map(|skill| skill.name.as_str()).collect::<Vec<_>>(), ["of-agent", "t"]);
    let secrets: Vec<(&str, bool)> = a.secrets.iter().map(|secret| (secret.name.as_str(), secret.required)).collect();
    assert_eq!(secrets, [("A", true), ("B", false), ("C", false)]);
    assert_eq!(a.mcp_servers.len(), 1);
    assert_eq!(a.mcp_servers[0].url.as_deref(), Some("http://own"));
    assert_eq!(named(&organization, "b").docs.iter().map(|doc| doc.role.as_str()).collect::<Vec<_>>(), ["soul", "system"]);
    // A subagent is no member.
    let c = named(&organization, "c");
    assert!(c.docs.is_empty() && c.skills.is_empty() && c.secrets.is_empty() && c.teams.is_empty() && c.context.is_empty());
    assert_eq!(a.teams, ["team:t"]);
}

#[test]
fn subagents_run_as_their_parents_do() {
    let model = |rest: &str| format!("execution: {{model: {{{rest}}}}}");
    let parent = format!(
        "runtime: {{name: k, options: {{x: 1}}}}\nsubagents: [{{id: own, ref: ./own}}, {{id: none, ref: ./none}}]\n{}",
        model("auth: {methods: {p: sign-in, q: none}}, primary: {provider: p, name: big}, fallback: [{provider: q, name: small}]")
    );
    let organization = resolved(&[
        ("Spawnfile", agent("parent", &parent)),
        ("own/Spawnfile", agent("own", &format!("runtime: k\n{}", model("primary: {provider: p, name: other}, fallback: []")))),
        ("none/Spawnfile", agent("none", "execution: {sandbox: {mode: sandboxed}}")),
    ]);
    let own = named(&organization, "own");
    assert_eq!((own.runtime.as_str(), own.options["x"].as_i64()), ("k", Some(1)));
    let primary = &own.model.as_ref().unwrap().primary;
    assert_eq!((primary.name.as_str(), primary.auth_method.as_str()), ("other", "sign-in"));
    assert!(own.model.as_ref().unwrap().fallback.is_empty());
    let none = named(&organization, "none");
    assert_eq!((none.model.as_ref(), none.sandbox.as_str()), (named(&organization, "parent").model.as_ref(), "sandboxed"));

    let other = refused(&[
        ("Spawnfile", agent("parent", "runtime: k\nsubagents: [{id: s, ref: ./s}]")),
        ("s/Spawnfile", agent("s", "runtime: other")),
    ]);
    assert_eq!(other, ["s/Spawnfile:4:10: subagent `s` has another runtime than its parent, `k`"]);
    let kind = refused(&[
        ("Spawnfile", agent("parent", "runtime: k\nsubagents: [{id: s, ref: ./s}]")),
        ("s/Spawnfile", team("s", "mode: swarm\nmembers: []")),
    ]);
    assert_eq!(kind, ["Spawnfile:5:26: a subagent must be an agent, but this is a team"]);
}

#[test]
fn an_agent_of_two_teams_is_one_agent() {
    let share = |doc: &str, secret: &str, rest: &str| {
        format!(
            "mode: swarm\nmembers: [{{id: x, ref: ../x}}]\nshared: {{workspace: {{docs: {{soul: {doc}}}}}, environment: {{secrets: [{secret}]}}}}{rest}"
        )
    };
    let files = |secret: &str| {
        vec![
            ("Spawnfile", team("root", "mode: swarm\nmembers: [{id: t, ref: ./t}, {id: u, ref: ./u}]")),
            ("t/Spawnfile", team("t", &share("S.md", "{name: A, required: true}", ""))),
            ("u/Spawnfile", team("u", &share("S.md", secret, ""))),
            ("t/S.md", "t".into()),
            ("u/S.md", "u".into()),
            ("x/Spawnfile", agent("x", "runtime: k\nworkspace: {docs: {system: A.md}}")),
            ("x/A.md", "own".into()),
        ]
    };
    let organization = resolved(&files("{name: B, required: true}"));
    let x = named(&organization, "x");
    assert_eq!(organization.agents.len(), 1);
    assert_eq!(x.teams, ["team:t", "team:u"]);
    assert_eq!(x.secrets.len(), 2);
    // Which soul it has would depend on the team that is asked.
    assert_eq!(x.docs.iter().map(|doc| doc.role.as_str()).collect::<Vec<_>>(), ["system"]);
    // Two memberships have no alias, and it stands for both in the root.
    let paths: Vec<&str> = x.context.iter().map(|(path, _)| path.as_str()).collect();
    assert!(!paths.contains(&"TEAM.md") && !paths.contains(&".spawnfile/roster.yaml"), "{paths:?}");
    for roster in ["t", "u", "root--t", "root--u"] {
        assert!(paths.contains(&format!(".spawnfile/rosters/{roster}.yaml").as_str()), "{paths:?}");
    }
    let found = refused(&files("{name: A, required: false}"));
    assert_eq!(found, ["x/Spawnfile:3:7: the teams of agent `x` share different secrets under `A`"]);
}

#[test]
fn the_delegate_of_the_lead_sees_all_and_the_others_see_the_lead() {
    let nested = "mode: hierarchical\nlead: heads\nmembers: [{id: heads, ref: ./heads}, {id: one, ref: ./one}, {id: two, ref: ./two}]";
    let organization = resolved(&[
        ("Spawnfile", team("root", nested)),
        ("heads/Spawnfile", team("heads", "description: Decides\nmode: hierarchical\nlead: inner\nmembers: [{id: inner, ref: ./inner}]")),
        (
            "heads/inner/Spawnfile",
            team("inner", "mode: swarm\nexternal: [chair]\nmembers: [{id: chair, ref: ./chair}, {id: mute, ref: ./mute}]"),
        ),
        ("heads/inner/chair/Spawnfile", agent("c", "runtime: k")),
        ("heads/inner/mute/Spawnfile", agent("m", "runtime: k")),
        ("one/Spawnfile", agent("one", "runtime: k")),
        ("two/Spawnfile", agent("two", "runtime: k")),
    ]);
    // Two levels up, in the place of the lead.
    let roster = text(&organization, "c", ".spawnfile/rosters/root--heads.yaml");
    assert!(
        roster.starts_with(
            "context_kind: representative\nrepresents:\n  delegate_role: lead\n  representative: chair\n  slot: heads\nlead: heads\n"
        ),
        "{roster}"
    );
    assert!(roster.contains("\n  one:\n") && roster.contains("\n  two:\n") && !roster.contains("\n  heads:\n"), "{roster}");
    assert!(named(&organization, "m").context.iter().all(|(path, _)| !path.contains("root")));
    let roster = text(&organization, "one", ".spawnfile/roster.yaml");
    let heads = "  heads:\n    addresses: {}\n    card:\n      path: .spawnfile/team-cards/root/heads.md\n      summary: Decides\n    description: Decides\n    is_lead: true\n    representatives:\n      chair:\n        addresses: {}\n        delegate_role: lead\n        description: \"\"\n        surfaces: []\n    role: team\n    surfaces: []\nmode:";
    assert!(roster.contains(heads) && !roster.contains("two"), "{roster}");
    assert!(text(&organization, "one", ".spawnfile/team-cards/root/heads.md").starts_with("# heads\n\nDecides\n"));
}

#[test]
fn places_with_one_key_are_told_apart() {
    let organization = resolved(&[
        ("Spawnfile", team("root", "mode: swarm\nmembers: [{id: day, ref: ./x}, {id: night, ref: ./x}]")),
        ("x/Spawnfile", agent("x", "runtime: k")),
    ]);
    let x = named(&organization, "x");
    let rosters: Vec<&str> = x.context.iter().map(|(path, _)| path.as_str()).filter(|path| path.contains("/rosters/")).collect();
    assert!(rosters.len() == 2 && rosters.iter().all(|path| path.len() == ".spawnfile/rosters/root--12345678.yaml".len()), "{rosters:?}");
    assert_eq!(x.teams, ["team:root"]);
}

#[test]
fn names_are_unique_in_an_organization() {
    let files = |name: &str| {
        vec![("Spawnfile", team("t", SWARM)), ("a/Spawnfile", agent("one", "runtime: k")), ("b/Spawnfile", agent(name, "runtime: k"))]
    };
    assert_eq!(refused(&files("one")), ["b/Spawnfile:3:7: `one` is also the name of a node in a/Spawnfile"]);
    assert!(refused(&files("One"))[0].contains("both become `one` in paths"));
    let organization = resolved(&files("t"));
    assert_eq!(organization.order, ["agent:one", "agent:t", "team:t"]);
}

#[test]
fn every_problem_of_every_manifest_is_found_at_once() {
    let found = refused(&[
        ("Spawnfile", team("t", "mode: swarm\nmembers: [{id: a, ref: ./a}, {id: b, ref: ./b}, {id: c, ref: ./c}]")),
        ("a/Spawnfile", agent("a", "runtme: k")),
        ("b/Spawnfile", agent("b", "")),
    ]);
    assert_eq!(
        found,
        [
            "Spawnfile:5:62: `c/Spawnfile` does not exist",
            "a/Spawnfile:4:1: unknown key `runtme`",
            "b/Spawnfile:3:7: agent `b` declares no `runtime`",
        ]
    );
}

#[test]
fn what_is_shared_with_nobody_is_said() {
    let (_, findings) = resolve(&project(&[
        (
            "Spawnfile",
            team("t", "mode: swarm\nmembers: [{id: u, ref: ./u}]\nshared: {environment: {secrets: [{name: A, required: true}]}}"),
        ),
        ("u/Spawnfile", team("u", "mode: swarm\nmembers: []")),
    ]))
    .unwrap();
    assert!(messages(&findings)[0].contains("reaches nobody"));
}

/// Teams in a row, each with the next as its only member.
fn chain(length: usize) -> ProjectSources {
    let mut files = BTreeMap::new();
    for n in 0..length {
        let path = if n == 0 { "Spawnfile".to_owned() } else { format!("t{n}/Spawnfile") };
        let next = if n == 0 { "./t1" } else { &format!("../t{}", n + 1) };
        let members = if n + 1 == length { "members: []".to_owned() } else { format!("members: [{{id: m, ref: {next}}}]") };
        files.insert(path, team(&format!("t{n}"), &format!("mode: swarm\n{members}")).into_bytes());
    }
    ProjectSources { root: "Spawnfile".into(), files }
}

#[test]
fn depth_and_number_are_bounded() {
    assert!(resolve(&chain(MAX_DEPTH)).is_ok());
    let found = messages(&resolve(&chain(MAX_DEPTH + 1)).unwrap_err());
    assert!(found.len() == 1 && found[0].contains("nest deeper than 32"), "{found:?}");

    let inline = |count: usize| {
        let members: String =
            (0..count).map(|n| format!("\n  - {{id: m{n}, runtime: k, workspace: {{docs: {{system: S.md}}}}}}")).collect();
        project(&[("Spawnfile", team("t", &format!("mode: hierarchical\nlead: m0\nmembers:{members}"))), ("S.md", String::new())])
    };
    assert_eq!(resolve(&inline(MAX_NODES - 1)).unwrap().0.agents.len(), MAX_NODES - 1);
    let found = messages(&resolve(&inline(MAX_NODES)).unwrap_err());
    assert!(found[0].contains("more than 5000 agents and teams"), "{found:?}");
}

#[test]
fn a_diamond_of_teams_is_not_followed_twice() {
    let mut files = BTreeMap::new();
    for n in 0..30 {
        let path = if n == 0 { "Spawnfile".to_owned() } else { format!("t{n}/Spawnfile") };
        let next = if n == 0 { "./t1".to_owned() } else { format!("../t{}", n + 1) };
        let members = format!("members: [{{id: x, ref: {next}}}, {{id: y, ref: {next}}}]");
        files.insert(path, team(&format!("t{n}"), &format!("mode: swarm\n{members}")).into_bytes());
    }
    files.insert("t30/Spawnfile".into(), agent("only", "runtime: k").into_bytes());
    let sources = ProjectSources { root: "Spawnfile".into(), files };
    let (organization, _) = resolve(&sources).unwrap();
    assert_eq!((organization.agents.len(), organization.teams.len()), (1, 30));
    // It stands for two members of every team but its own, and is two members of that.
    assert_eq!(organization.agents[0].context.iter().filter(|(path, _)| path.contains("/rosters/")).count(), 2 + 2 * 2 * 29);
}

#[test]
fn what_everybody_inherits_is_bounded() {
    // One large doc, skill or address for many agents.
    let members: String = (0..400).map(|n| format!("\n  - {{id: m{n}, runtime: k, workspace: {{docs: {{system: S.md}}}}}}")).collect();
    let root = |shared: &str| team("t", &format!("mode: hierarchical\nlead: m0\nshared: {shared}\nmembers:{members}"));
    let large =
        project(&[("Spawnfile", root("{workspace: {docs: {soul: L.md}}}")), ("S.md", String::new()), ("L.md", "x".repeat(1 << 20))]);
    assert!(messages(&resolve(&large).unwrap_err())[0].contains("bytes together"));
    let address = format!("{{environment: {{mcp_servers: [{{name: m, transport: sse, url: 'http://{}'}}]}}}}", "x".repeat(900_000));
    let wide = project(&[("Spawnfile", root(&address)), ("S.md", String::new())]);
    assert!(messages(&resolve(&wide).unwrap_err())[0].contains("bytes once every agent has what it inherits"));
    // Options that the subagents of a subagent inherit.
    let option = "x".repeat(900_000);
    let children: String = (0..400).map(|n| format!("{{id: c{n}, ref: ../c{n}}}, ")).collect();
    let mut files = vec![
        (
            "Spawnfile".to_owned(),
            agent("top", &format!("runtime: {{name: k, options: {{o: {option}}}}}\nsubagents: [{{id: m, ref: ./m}}]")),
        ),
        ("m/Spawnfile".to_owned(), agent("m", &format!("subagents: [{children}]"))),
    ];
    files.extend((0..400).map(|n| (format!("c{n}/Spawnfile"), agent(&format!("c{n}"), ""))));
    let files: Vec<(&str, String)> = files.iter().map(|(path, text)| (path.as_str(), text.clone())).collect();
    assert!(refused(&files)[0].contains("bytes once every agent has what it inherits"));
}
