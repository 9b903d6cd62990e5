//! `environment` as the processes of a running organization have it.

use crate::support::engine::{self, Cleanup, Image};
use crate::support::{User, echo, sh, unique};

#[test]
fn every_agent_has_its_own_variables() {
    echo::runtime_image();
    let name = unique("variables");
    let tag = format!("spawnfile-test/{name}:1");
    let _image = Image(tag.clone());
    let _down = Cleanup(name.clone());

    let user = User::with_echo();
    let agent = |name: &str, rest: &str| {
        user.write(&format!("org/{name}/AGENTS.md"), "# Instructions\n");
        let head = format!("spawnfile_version: \"0.1\"\nkind: agent\nname: {name}\nruntime: echo\n");
        user.write(&format!("org/{name}/Spawnfile"), format!("{head}workspace: {{docs: {{system: AGENTS.md}}}}\n{rest}"));
    };
    agent("quiet", "");
    agent("loud", "environment:\n  env: {LOG_LEVEL: debug, EMPTY: \"\", LINES: \"one\\ntwo\"}\n");
    let team = "kind: team\nmode: swarm\nshared:\n  environment:\n    env: {LOG_LEVEL: info, REGION: north}\n";
    let members = "members:\n  - {id: quiet, ref: ./quiet}\n  - {id: loud, ref: ./loud}\n";
    user.write("org/Spawnfile", format!("spawnfile_version: \"0.1\"\nname: {name}\n{team}{members}"));

    user.run(["build", "org", "--tag", &tag]).expect(0);
    // A variable of the one who starts it does not win over what is declared.
    let env = user.write("env", "REGION=south\n");
    let up = user.run(["up", &tag, "--deployment", &name, "--network", "none", "--env-file", env.to_str().unwrap()]).expect(0);
    assert!(up.all().contains("REGION"), "what the image does not declare is dropped and said:\n{}", up.all());

    let container = engine::containers(&name).remove(0);
    let mut seen = std::collections::BTreeMap::new();
    for line in sh("docker", ["top", &container, "-eo", "pid,args"]).lines() {
        let words: Vec<&str> = line.split_whitespace().collect();
        let agent = ["agent-quiet", "agent-loud"].into_iter().find(|id| line.contains(&format!("/{id}/")));
        if let (Some(agent), Some(pid)) = (agent, words.first()) {
            seen.insert(agent, std::fs::read(format!("/proc/{pid}/environ")).unwrap());
        }
    }
    let has = |agent: &str, text: &str| seen[agent].split(|byte| *byte == 0).any(|entry| entry == text.as_bytes());
    let names = |agent: &str| String::from_utf8_lossy(&seen[agent]).replace('\0', "\n");
    assert!(has("agent-quiet", "LOG_LEVEL=info") && has("agent-quiet", "REGION=north"), "{}", names("agent-quiet"));
    assert!(!names("agent-quiet").contains("EMPTY") && !names("agent-quiet").contains("LINES"), "{}", names("agent-quiet"));
    assert!(has("agent-loud", "LOG_LEVEL=debug") && has("agent-loud", "REGION=north"), "{}", names("agent-loud"));
    assert!(has("agent-loud", "EMPTY=") && has("agent-loud", "LINES=one\ntwo"), "{}", names("agent-loud"));
}
