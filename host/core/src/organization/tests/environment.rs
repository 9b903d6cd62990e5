//! What an agent's process gets from its own manifest and from its teams.

use super::teams::{SWARM, agent, named, refused, resolved, team};

#[test]
fn variables_of_the_team_are_replaced_by_the_agent_s_own() {
    let shared = "shared: {environment: {env: {A: team, B: team}}}";
    let own = "runtime: k\nenvironment: {env: {B: own, C: own}}";
    let organization = resolved(&[
        ("Spawnfile", team("t", &format!("{SWARM}\n{shared}"))),
        ("a/Spawnfile", agent("a", own)),
        ("b/Spawnfile", agent("b", "runtime: k\nsubagents: [{id: c, ref: ../c}]")),
        ("c/Spawnfile", agent("c", "")),
    ]);
    let env = |name: &str| named(&organization, name).env.iter().map(|(name, value)| format!("{name}={value}")).collect::<Vec<_>>();
    assert_eq!(env("a"), ["A=team", "B=own", "C=own"]);
    assert_eq!(env("b"), ["A=team", "B=team"]);
    assert!(env("c").is_empty(), "a subagent is no member");
}

#[test]
fn contradictions_are_refused() {
    let found = refused(&[
        ("Spawnfile", team("t", &format!("{SWARM}\nshared: {{environment: {{secrets: [{{name: KEY, required: true}}]}}}}"))),
        ("a/Spawnfile", agent("a", "runtime: k\nenvironment: {env: {KEY: v}}")),
        ("b/Spawnfile", agent("b", "runtime: k")),
    ]);
    assert_eq!(found, ["a/Spawnfile:3:7: agent `a` gets `KEY` as a secret and as a variable with a fixed value"]);
    let share = |name: &str, value: &str| {
        team(name, &format!("mode: swarm\nmembers: [{{id: x, ref: ../x}}]\nshared: {{environment: {{env: {{A: {value}}}}}}}"))
    };
    let files = |own: &str| {
        vec![
            ("Spawnfile", team("root", "mode: swarm\nmembers: [{id: t, ref: ./t}, {id: u, ref: ./u}]")),
            ("t/Spawnfile", share("t", "one")),
            ("u/Spawnfile", share("u", "two")),
            ("x/Spawnfile", agent("x", &format!("runtime: k\n{own}"))),
        ]
    };
    assert_eq!(refused(&files("")), ["x/Spawnfile:3:7: the teams of agent `x` share different values under `A`"]);
    assert_eq!(named(&resolved(&files("environment: {env: {A: own}}")), "x").env["A"], "own");
}
