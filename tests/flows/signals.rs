//! A signal at every wait: what was made is taken away again, even what the Engine was making right then.

use std::sync::{Arc, OnceLock};

use crate::support::engine::{self, Cleanup};
use crate::support::project::EchoAgent;
use crate::support::{Ran, User, proxy, sh, unique};

/// Longer than any test waits.
const SLOW: &str = "start_delay_ms: 60000";

/// Starts a command that gets `signal` when the Engine is asked for what has `marker` in it.
fn signalled(user: &User, arguments: &[&str], marker: &'static str, signal: &'static str) -> Ran {
    let folder = tempfile::tempdir().unwrap();
    let socket = folder.path().join("engine.sock");
    let child = Arc::new(OnceLock::<u32>::new());
    let told = Arc::clone(&child);
    proxy::before_engine(&socket, marker, move || {
        sh("kill", [signal, &told.wait().to_string()]);
    });
    let started = user
        .command(arguments)
        .env("DOCKER_HOST", format!("unix://{}", socket.display()))
        .stdout(std::process::Stdio::piped())
        .stderr(std::process::Stdio::piped())
        .spawn()
        .unwrap();
    child.set(started.id()).unwrap();
    Ran::of(&started.wait_with_output().unwrap())
}

fn listing(what: &str, deployment: &str) -> String {
    sh("docker", [what, "ls", "--quiet", "--filter", &format!("label=com.spawnfile.deployment={deployment}")])
}

#[test]
fn a_start_leaves_nothing_wherever_the_signal_comes() {
    let user = User::with_echo();
    let name = unique("signals");
    let (tag, _image, _down) = EchoAgent::plain(&name).option(SLOW).built(&user);
    // The report is read once and then known: this start is after that.
    user.run(["status", &tag]).expect(0);
    let files = user.home_files().len();
    for (marker, signal, code, network) in [
        ("/images/", "-TERM", 143, "bridge"),
        ("/networks/create", "-INT", 130, "internal"),
        ("/containers/create?", "-HUP", 129, "none"),
        ("/start HTTP", "-TERM", 143, "internal"),
        ("/exec HTTP", "-INT", 130, "none"),
    ] {
        let deployment = unique("signal");
        let _down = Cleanup(deployment.clone());
        let ran = signalled(&user, &["up", &tag, "--deployment", &deployment, "--network", network], marker, signal);
        assert_eq!(ran.code, code, "{marker}: {}", ran.all());
        assert_eq!(engine::containers(&deployment), Vec::<String>::new(), "{marker}");
        for what in ["volume", "network"] {
            assert_eq!(listing(what, &deployment), "", "{what} after {marker}");
        }
        assert!(!user.home().join("deployments").join(&deployment).exists(), "{marker}");
    }
    let locks = user.home_files().iter().filter(|(path, _)| path.to_string_lossy().contains("/.locks/")).count();
    let id = usize::from(user.home().join("id").exists());
    assert_eq!(user.home_files().len() - locks - id, files, "{:?}", user.home_files());
}

#[test]
fn a_look_into_an_image_leaves_no_helper_wherever_the_signal_comes() {
    let user = User::with_echo();
    let name = unique("looks");
    let (tag, _image, _down) = EchoAgent::plain(&name).option(SLOW).built(&user);
    for (marker, signal, code) in [("/containers/create?", "-INT", 130), ("/archive?", "-TERM", 143), ("/archive?", "-INT", 130)] {
        // A consumer who has not seen the image yet.
        let other = User::new();
        let ran = signalled(&other, &["status", &tag], marker, signal);
        assert_eq!(ran.code, code, "{marker}: {}", ran.all());
        assert_eq!(engine::helpers(&tag), Vec::<String>::new(), "{marker}");
        assert!(!other.home().exists() || other.home_files().is_empty(), "{:?}", other.home_files());
    }
}
