//! Starting, failing to start, being hardened, and going away.

use std::io::{Read as _, Write as _};

use crate::support::project::EchoAgent;
use crate::support::{Ran, User, engine, proxy, sh, unique};

#[test]
fn an_image_that_exits_at_once_is_no_deployment() {
    let user = User::with_echo();
    let name = unique("exits");
    let (tag, _image, _down) = EchoAgent::plain(&name).option("exit_after_ms: 1").option("exit_code: 7").built(&user);
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
    let (tag, _image, _down) = EchoAgent::plain(&name).option("start_delay_ms: 3000").built(&user);
    user.run(["up", &tag, "--detach"]).expect(0).says("next: spawnfile status");
    user.run(["status", "--deployment", &name, "--live"]).expect(0);
}

#[test]
fn the_container_is_hardened_and_restarts_only_once_healthy() {
    let user = User::with_echo();
    let name = unique("hard");
    let (tag, _image, _down) = EchoAgent::plain(&name).built(&user);
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
fn the_image_that_was_looked_at_runs_even_if_its_tag_moves() {
    let user = User::with_echo();
    let (name, other) = (unique("looked-at"), unique("moved-to"));
    let (tag, _image, _down) = EchoAgent::plain(&name).built(&user);
    let (moved, _moved_image, _) = EchoAgent::plain(&other).built(&user);
    let looked_at = engine::inspect(&tag)["Id"].clone();

    // A consumer who never saw it: the helper, the report and the container all come after the tag has moved.
    let consumer = User::new();
    let socket = consumer.path().join("engine.sock");
    let (from, to) = (moved.clone(), tag.clone());
    proxy::before_engine(&socket, "/containers/create?", move || {
        sh("docker", ["tag", &from, &to]);
    });
    let mut up = consumer.command(["up", &tag, "--deployment", &name, "--network", "none", "--json"]);
    let answer = Ran::of(&up.env("DOCKER_HOST", format!("unix://{}", socket.display())).output().unwrap()).expect(0).json();
    assert_ne!(engine::inspect(&tag)["Id"], looked_at, "the tag moved");
    assert_eq!(answer["image_id"], looked_at);
    assert_eq!(engine::inspect(&engine::containers(&name)[0])["Image"], looked_at);
    // Its own name would be gone with the tag.
    sh("docker", ["tag", looked_at.as_str().unwrap(), &tag]);
}

/// Returns a port of loopback that nobody listens on.
fn free_port() -> u16 {
    std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port()
}

#[test]
fn a_port_is_published_where_it_was_asked_for_and_nowhere_else() {
    let user = User::with_echo();
    let name = unique("ports");
    let (tag, _image, _down) = EchoAgent::plain(&name).built(&user);
    user.run(["up", &tag, "--publish", "localhost:1:7700"]).expect(2).says("[ADDRESS:][HOST_PORT:]PORT");
    user.run(["up", &tag, "--publish", "22"]).expect(2).says("no port 22").says("7700");
    user.run(["up", &tag, "--publish", "7700", "--network", "none"]).expect(2).says("network mode `none`");

    let taken = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let busy = format!("{}:7700", taken.local_addr().unwrap().port());
    user.run(["up", &tag, "--publish", &busy]).expect(1).says("port");
    assert_eq!(engine::containers(&name), Vec::<String>::new(), "what could not be started is gone");

    let port = free_port();
    let answer = user.run(["up", &tag, "--publish", &format!("{port}:7700"), "--json"]).expect(0).json();
    assert_eq!(answer["published"], serde_json::json!([{ "address": "127.0.0.1", "host_port": port, "port": 7700 }]));
    let bindings = engine::inspect(&engine::containers(&name)[0])["HostConfig"]["PortBindings"].clone();
    assert_eq!(bindings, serde_json::json!({ "7700/tcp": [{ "HostIp": "127.0.0.1", "HostPort": port.to_string() }] }));
    let mut stream = std::net::TcpStream::connect(("127.0.0.1", port)).unwrap();
    stream.write_all(b"GET /healthz HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n").unwrap();
    let mut text = String::new();
    stream.read_to_string(&mut text).unwrap();
    assert!(text.starts_with("HTTP/1.1 200"), "{text}");
}

#[test]
fn status_tells_when_it_is_not_well() {
    let user = User::with_echo();
    let name = unique("unwell");
    let (tag, _image, _down) = EchoAgent::plain(&name).built(&user);
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
    let (tag, _image, _down) = EchoAgent::plain(&name).built(&user);
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
