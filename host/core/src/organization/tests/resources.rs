//! Who gets which workspace resource.

use super::teams::{agent, named, refused, resolved, team};
use crate::organization::Organization;

fn volume(id: &str, mount: &str, more: &str) -> String {
    format!("workspace: {{resources: [{{id: {id}, kind: volume, mount: {mount}, mode: mutable{more}}}]}}")
}

/// Each resource of an agent as `id` or, when it is shared, `id@source`.
fn of(organization: &Organization, name: &str) -> Vec<String> {
    let shown = |scope: &crate::organization::ResourceScope| format!("@{}", scope.source);
    let resources = named(organization, name).resources.iter();
    resources.map(|r| format!("{}{}", r.id, r.team.as_ref().map(shown).unwrap_or_default())).collect()
}

#[test]
fn resources_reach_agents_nested_teams_and_subagents() {
    let shared = format!("shared: {{{}}}", volume("lab", "./lab", ", sharing: team"));
    let organization = resolved(&[
        ("Spawnfile", team("t", &format!("mode: swarm\nmembers: [{{id: a, ref: ./a}}, {{id: u, ref: ./u}}]\n{shared}"))),
        ("a/Spawnfile", agent("a", &format!("runtime: k\nsubagents: [{{id: s, ref: ./s}}]\n{}", volume("own", "./own", "")))),
        ("a/s/Spawnfile", agent("s", &volume("deep", "./deep", ""))),
        ("u/Spawnfile", team("u", &format!("mode: swarm\nmembers: [{{id: b, ref: ./b}}]\nshared: {{{}}}", volume("desk", "./desk", "")))),
        ("u/b/Spawnfile", agent("b", "runtime: k")),
    ]);
    assert_eq!(of(&organization, "a"), ["lab@Spawnfile", "own"]);
    assert_eq!(of(&organization, "s"), ["deep", "lab@Spawnfile", "own"]);
    assert_eq!(of(&organization, "b"), ["desk", "lab@Spawnfile"]);
    let teams: Vec<(&str, usize)> = organization.teams.iter().map(|team| (team.name.as_str(), team.resources.len())).collect();
    assert_eq!(teams, [("t", 1), ("u", 2)]);
}

#[test]
fn contradicting_and_overlapping_resources_are_refused() {
    let files = |shared: &str, own: &str| {
        vec![
            ("Spawnfile", team("t", &format!("mode: swarm\nmembers: [{{id: a, ref: ./a}}]\nshared: {{{shared}}}"))),
            ("a/Spawnfile", agent("a", &format!("runtime: k\n{own}"))),
        ]
    };
    let own = volume("lab", "./lab", "");
    assert_eq!(of(&resolved(&files(&own, &own)), "a"), ["lab"], "the same for each agent, wherever it is declared");
    let different = refused(&files(&own, &volume("lab", "./elsewhere", "")));
    assert_eq!(different, ["a/Spawnfile:5:30: `a` gets two different resources `lab`"]);
    let shared = volume("lab", "./lab", ", sharing: team");
    assert_eq!(
        refused(&files(&shared, &shared)),
        ["a/Spawnfile:5:30: `a` gets two different resources `lab`"],
        "two declarations, two folders"
    );
    let nested = refused(&files(&own, &volume("book", "./lab/book", "")));
    assert_eq!(nested, ["a/Spawnfile:5:30: `a` gets resources `lab` and `book` at mounts that are equal or inside each other"]);
}

#[test]
fn too_many_resources_are_refused() {
    let many: Vec<String> = (0..257).map(|n| format!("{{id: r{n}, kind: volume, mount: ./r{n}, mode: mutable}}")).collect();
    let found = refused(&[("Spawnfile", agent("a", &format!("runtime: k\nworkspace: {{resources: [{}]}}", many.join(", "))))]);
    assert_eq!(found, ["Spawnfile:3:7: more than 256 resources for one node, or 10000 for all agents"]);
}
