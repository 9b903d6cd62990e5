//! What a deployment says, without what it must not say.

use std::io::{BufRead as _, BufReader};
use std::process::Stdio;

use crate::support::engine::{self, Cleanup, Image};
use crate::support::project::EchoAgent;
use crate::support::{User, sh, unique};

#[test]
fn the_values_that_a_container_was_given_are_taken_out_even_when_it_has_ended() {
    let user = User::with_echo();
    let name = unique("logs");
    let (tag, _image, _down) = EchoAgent::named(&name).built(&user);
    // The program says this word: as the value of a secret it must not be seen.
    let env = user.write("env", "NEEDED_KEY=listening\n");
    user.run(["logs", "--deployment", &name]).expect(2).says("no deployment").says("status <project>");
    user.run(["up", &tag, "--env-file", env.to_str().unwrap(), "--network", "none"]).expect(0);
    let ran = user.run(["logs", "--deployment", &name]).expect(0).says("echo: [redacted] on port");
    assert!(!ran.all().contains("listening"), "{}", ran.all());
    assert_eq!(ran.stdout, "", "what was said on standard error stays there");
    assert_eq!(user.run(["logs", "--deployment", &name, "--tail", "0"]).expect(0).all(), "");
    user.run(["logs", "--deployment", &name, "--json"]).expect(2);

    let container = engine::containers(&name).remove(0);
    sh("docker", ["stop", "-t", "2", &container]);
    user.run(["logs", "--deployment", &name, "--follow"]).expect(0).says("[redacted]");
    sh("docker", ["rm", "--force", "--volumes", &container]);
    user.run(["logs", "--deployment", &name]).expect(2).says("gone");
}

#[test]
fn a_project_is_followed_until_a_signal() {
    let user = User::with_echo();
    let name = unique("follows");
    EchoAgent::plain(&name).write(&user, "org");
    crate::support::echo::runtime_image();
    let _image = Image(format!("spawnfile-{name}-{name}"));
    let _down = Cleanup(name.clone());
    user.run(["up", "org", "--deployment", &name, "--network", "none"]).expect(0);
    let mut child = user.command(["logs", "org", "--deployment", &name, "--follow"]).stderr(Stdio::piped()).spawn().unwrap();
    let mut lines = BufReader::new(child.stderr.take().unwrap()).lines();
    assert!(lines.next().unwrap().unwrap().contains("listening"));
    sh("kill", ["-INT", &child.id().to_string()]);
    assert_eq!(child.wait().unwrap().code(), Some(130));
    user.run(["status", "org", "--deployment", &name, "--live"]).expect(0);
    user.run(["down", "org", "--deployment", &name]).expect(0);
    user.run(["logs", "org", "--deployment", &name]).expect(2).says("no deployment");
}
