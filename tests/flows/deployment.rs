//! Starting, failing to start, being hardened, and going away.

use crate::support::engine::{Cleanup, Image};
use crate::support::project::EchoAgent;
use crate::support::{User, echo, engine, sh, unique};

fn built(user: &User, agent: &EchoAgent) -> (String, Image, Cleanup) {
    echo::runtime_image();
    let folder = format!("org-{}", agent.name);
    agent.write(user, &folder);
    let tag = format!("spawnfile-test/{}:1", agent.name);
    user.run(["build", &folder, "--tag", &tag]).expect(0);
    (tag.clone(), Image(tag), Cleanup(agent.name.clone()))
}

fn plain(name: &str) -> EchoAgent {
    let mut agent = EchoAgent::named(name);
    agent.secrets.clear();
    agent
}

#[test]
fn an_image_that_exits_at_once_is_no_deployment() {
    let user = User::with_echo();
    let name = unique("exits");
    let (tag, _image, _down) = built(&user, &plain(&name).option("exit_after_ms: 1").option("exit_code: 7"));
    let before = engine::volumes();
    let ran = user.run(["up", &tag]).expect(1).says("exit code 7");
    assert!(!ran.all().contains("next: spawnfile status"));
    assert_eq!(engine::containers(&name), Vec::<String>::new());
    engine::no_volume_stays(&before);
    assert!(!user.home().join("deployments").join(&name).exists());
    assert_eq!(user.run(["list", "--json"]).expect(0).json()["deployments"], serde_json::json!([]));
}

#[test]
fn a_slow_start_is_waited_for() {
    let user = User::with_echo();
    let name = unique("slow");
    let (tag, _image, _down) = built(&user, &plain(&name).option("start_delay_ms: 3000"));
    user.run(["up", &tag, "--detach"]).expect(0).says("next: spawnfile status");
    user.run(["status", "--deployment", &name, "--live"]).expect(0);
}

#[test]
fn the_container_is_hardened_and_restarts_only_once_healthy() {
    let user = User::with_echo();
    let name = unique("hard");
    let (tag, _image, _down) = built(&user, &plain(&name));
    user.run(["up", &tag, "--network", "none"]).expect(0);
    let container = engine::containers(&name).remove(0);
    let inspect = engine::inspect(&container);
    let host = &inspect["HostConfig"];
    assert_eq!(host["CapDrop"], serde_json::json!(["ALL"]));
    assert!(host["SecurityOpt"].to_string().contains("no-new-privileges"));
    assert_eq!(host["PidsLimit"], 512);
    assert_eq!(host["NetworkMode"], "none");
    assert_eq!(host["Privileged"], false);
    assert_eq!(host["RestartPolicy"]["Name"], "unless-stopped");
    assert_eq!(host["LogConfig"]["Config"]["max-file"], "3");
    assert_eq!(inspect["Config"]["User"], "10001:10001");
    assert_eq!(host["PortBindings"].as_object().map_or(0, serde_json::Map::len), 0);
    // The image that runs is the image that was looked at, by id.
    assert_eq!(inspect["Config"]["Image"], engine::inspect(&tag)["Id"]);
    // A restart of the container brings it back with its secrets.
    sh("docker", ["restart", "-t", "2", &container]);
    let begun = std::time::Instant::now();
    while user.run(["status", "--deployment", &name, "--live", "--quiet"]).code != 0 {
        assert!(begun.elapsed().as_secs() < 20, "it does not come back after a restart");
    }
}

#[test]
fn status_tells_when_it_is_not_well() {
    let user = User::with_echo();
    let name = unique("unwell");
    let (tag, _image, _down) = built(&user, &plain(&name));
    user.run(["up", &tag]).expect(0);
    let container = engine::containers(&name).remove(0);
    sh("docker", ["stop", "-t", "2", &container]);
    user.run(["status", "--deployment", &name, "--live"]).expect(1).says("not running");
    sh("docker", ["rm", "-f", &container]);
    let live = user.run(["status", "--deployment", &name, "--live"]);
    assert!(live.all().contains("missing"), "{}", live.all());
    // Without --live the Engine is not asked.
    user.run(["status", "--deployment", &name]).expect(0);
    user.run(["down", "--deployment", &name]).expect(0);
}

#[test]
fn a_name_in_use_is_refused_with_what_to_do() {
    let user = User::with_echo();
    let name = unique("twice");
    let (tag, _image, _down) = built(&user, &plain(&name));
    user.run(["up", &tag]).expect(0);
    let container = engine::containers(&name);
    user.run(["up", &tag]).expect(2).says("spawnfile down --deployment").says("--deployment <name>");
    assert_eq!(engine::containers(&name), container);
    // A container of another home under the same name is not touched either.
    let other = User::new();
    let ran = other.run(["up", &tag]);
    assert_ne!(ran.code, 0);
    assert_eq!(engine::containers(&name), container);
    other.run(["down", "--deployment", &name]).expect(2);
    assert_eq!(engine::containers(&name), container);
}
