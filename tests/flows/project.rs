//! Projects on disk: up and down in their own store, and in the foreground.

use std::io::{BufRead as _, BufReader, Read as _};
use std::process::Stdio;

use crate::support::engine::{self, Cleanup, Image};
use crate::support::project::EchoAgent;
use crate::support::{Ran, User, echo, sh, unique};

fn project(user: &User, name: &str) -> EchoAgent {
    echo::runtime_image();
    let agent = EchoAgent::named(name);
    agent.write(user, "org");
    agent
}

fn of_project(project: &str) -> Vec<String> {
    engine::lines(&sh("docker", ["ps", "-aq", "--no-trunc", "--filter", &format!("label=com.spawnfile.project={project}")]))
}

#[test]
fn a_project_comes_up_in_its_own_store_and_goes_down_again() {
    let user = User::with_echo();
    let name = unique("proj");
    let _image = Image(format!("spawnfile-{name}"));
    project(&user, &name);

    let ran = user.run(["up", "org"]).expect(2).says("NEEDED_KEY");
    assert!(!ran.all().contains("Building"), "what is missing is said before the build: {}", ran.all());
    user.write("keys.env", "NEEDED_KEY=canary-value\n");
    let up = user.run(["up", "org", "--env-file", "keys.env", "--network", "none", "--json"]).expect(0).json();
    assert_eq!((&up["deployment"], &up["image"]), (&"default".into(), &format!("spawnfile-{name}").into()));
    assert_eq!(up["units"][0]["container_name"], format!("spawnfile-{name}"));
    let record = user.path().join("org/.spawn/deployments/default.json");
    let text = std::fs::read_to_string(&record).unwrap();
    let record: serde_json::Value = serde_json::from_str(&text).unwrap();
    assert_eq!(record["source"]["kind"], "project");
    assert_eq!(record["units"][0]["image_tag"], format!("spawnfile-{name}"));
    assert!(!text.contains("canary"));

    let live = user.run(["status", "org", "--live", "--json"]).expect(0).json();
    assert!(live["observations"].as_array().unwrap().iter().any(|one| one["key"] == "runtime.health" && one["severity"] == "ok"), "{live}");
    user.run(["up", "org", "--env-file", "keys.env"]).expect(2).says("exists already").says("spawnfile down org");
    assert_eq!(user.run(["list", "--json"]).expect(0).json()["deployments"], serde_json::json!([]), "the home knows nothing of it");
    // A second project of the same default name is somebody else.
    let other = User::with_echo();
    project(&other, &unique("other"));
    other.run(["down", "org"]).expect(2).says("no deployment");
    // Compiling again keeps the record.
    user.run(["compile", "org"]).expect(0);

    user.run(["down", "org"]).expect(0).says("stopped: default-container");
    assert_eq!(of_project(&name), Vec::<String>::new());
    user.run(["status", "org"]).expect(2).says("spawnfile up org");
}

#[test]
fn two_deployments_of_one_project_stand_beside_each_other() {
    let user = User::with_echo();
    let name = unique("beside");
    project(&user, &name);
    let (_one, _two) = (Image(format!("spawnfile-{name}")), Image(format!("spawnfile-{name}-second")));
    user.write("keys.env", "NEEDED_KEY=value\n");
    user.run(["up", "org", "--env-file", "keys.env", "--network", "none"]).expect(0);
    user.run(["up", "org", "--env-file", "keys.env", "--network", "none", "--deployment", "second"]).expect(0);
    assert_eq!(of_project(&name).len(), 2);
    user.run(["down", "org"]).expect(0);
    assert_eq!(of_project(&name).len(), 1);
    user.run(["down", "org", "--deployment", "second"]).expect(0);
    assert_eq!(of_project(&name).len(), 0);
}

#[test]
fn a_project_in_the_foreground_leaves_nothing() {
    let user = User::with_echo();
    let name = unique("front");
    project(&user, &name);
    user.write("keys.env", "NEEDED_KEY=canary-value\n");
    let mut child = user
        .command(["run", "org", "--env-file", "keys.env", "--network", "none"])
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let mut said = String::new();
    let mut errors = BufReader::new(child.stderr.take().unwrap());
    while !said.contains("Ctrl-C ends it") {
        assert!(errors.read_line(&mut said).unwrap() > 0, "{said}");
    }
    let running = of_project(&name);
    assert_eq!(running.len(), 1, "{said}");
    assert_eq!(engine::inspect(&running[0])["HostConfig"]["RestartPolicy"]["Name"], "no");
    sh("kill", ["-INT", &child.id().to_string()]);
    errors.read_to_string(&mut said).unwrap();
    let output = child.wait_with_output().unwrap();
    assert_eq!(output.status.code(), Some(130), "{said}");
    assert_eq!(of_project(&name), Vec::<String>::new());
    let shown = String::from_utf8(output.stdout).unwrap();
    assert!(!shown.contains("canary") && !said.contains("canary"), "{shown}{said}");
    assert!(!user.path().join("org/.spawn/deployments/default.json").exists());
    user.run(["run", "ghcr.io/you/org:1"]).expect(2).says("spawnfile up ghcr.io/you/org:1");
}

#[test]
fn one_that_ends_by_itself_in_the_foreground_is_told_with_its_exit_code() {
    let user = User::with_echo();
    let name = unique("ends");
    let agent = EchoAgent::plain(&name).option("exit_after_ms: 1500").option("exit_code: 7");
    echo::runtime_image();
    agent.write(&user, "org");
    user.run(["run", "org", "--network", "none"]).expect(1).says("exit code 7");
    assert_eq!(of_project(&name), Vec::<String>::new());
}

#[test]
fn attached_follows_and_letting_go_does_not_end_it() {
    let user = User::with_echo();
    let name = unique("attach");
    project(&user, &name);
    let _image = Image(format!("spawnfile-{name}"));
    user.write("keys.env", "NEEDED_KEY=canary-value\n");
    user.run(["up", "org", "--attach", "--json"]).expect(2).says("choose one");
    let child = user
        .command(["up", "org", "--env-file", "keys.env", "--network", "none", "--attach"])
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let record = user.path().join("org/.spawn/deployments/default.json");
    let begun = std::time::Instant::now();
    while !record.exists() {
        assert!(begun.elapsed().as_secs() < 60, "it never came up");
        std::thread::sleep(std::time::Duration::from_millis(100));
    }
    std::thread::sleep(std::time::Duration::from_millis(700));
    sh("kill", ["-INT", &child.id().to_string()]);
    let ran = Ran::of(&child.wait_with_output().unwrap()).expect(0).says("it goes on");
    assert!(!ran.all().contains("canary"), "{}", ran.all());
    assert!(ran.stdout.contains("next: spawnfile status org --live\n"), "{}", ran.stdout);
    user.run(["status", "org", "--live"]).expect(0);
    user.run(["down", "org"]).expect(0);
    let _nothing = Cleanup(name);
}
