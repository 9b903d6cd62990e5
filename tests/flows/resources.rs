//! Workspace resources as the agents of a running organization find them. Clones are tested with PID 1 alone
//! (`host/init/tests/it/git.rs`): the echo kind runs on `scratch`, where there is no git.

use std::process::Command;

use serde_json::Value;

use crate::support::engine::{self, Cleanup, Image};
use crate::support::{User, echo, sh, unique};

#[test]
fn a_volume_is_shared_by_those_who_share_it() {
    echo::runtime_image();
    let name = unique("resources");
    let tag = format!("spawnfile-test/{name}:1");
    let _image = Image(tag.clone());
    let _down = Cleanup(name.clone());

    let user = User::with_echo();
    for agent in ["left", "right"] {
        user.write(&format!("org/{agent}/AGENTS.md"), "# Instructions\n");
        let head = format!("spawnfile_version: \"0.1\"\nkind: agent\nname: {agent}\nruntime: echo\n");
        user.write(&format!("org/{agent}/Spawnfile"), format!("{head}workspace: {{docs: {{system: AGENTS.md}}}}\n"));
    }
    let resources = "shared:\n  workspace:\n    resources:\n      - {id: lab, kind: volume, mount: ./deep/lab, mode: mutable, sharing: \
                     team}\n      - {id: desk, kind: volume, mount: ./desk, mode: mutable}\n      - {id: frozen, kind: volume, mount: \
                     ./frozen, mode: readonly, sharing: team}\n";
    let members = "members:\n  - {id: left, ref: ./left}\n  - {id: right, ref: ./right}\n";
    user.write("org/Spawnfile", format!("spawnfile_version: \"0.1\"\nkind: team\nname: {name}\nmode: swarm\n{resources}{members}"));

    user.run(["build", "org", "--tag", &tag]).expect(0);
    user.run(["up", &tag, "--deployment", &name, "--network", "none"]).expect(0);
    let container = engine::containers(&name).remove(0);
    let json = |path: &str| -> Value {
        let copy = user.path().join("copy.json");
        sh("docker", ["cp", &format!("{container}:{path}"), copy.to_str().unwrap()]);
        serde_json::from_slice(&std::fs::read(copy).unwrap()).unwrap()
    };
    let report = json("/spawnfile/spawnfile-report.json");
    assert_eq!(report["resources"].as_array().unwrap().len(), 6, "{report:#}");
    assert_eq!(report["persistent_mounts"], serde_json::json!([]));
    let path = |agent: &str, rest: &str| format!("/var/lib/spawnfile/instances/echo/agent-{agent}/workspace/{rest}");
    let put = |target: &str| {
        let note = user.write("note", "seen by others\n");
        sh("docker", ["cp", note.to_str().unwrap(), &format!("{container}:{target}")]);
    };
    let sees = |target: &str| {
        let probe = Command::new("docker").args(["exec", &container, "/spawnfile/init", "probe", "file", target]).output().unwrap();
        probe.status.success()
    };

    put(&path("left", "deep/lab/note"));
    put(&path("left", "desk/note"));
    assert!(sees(&path("right", "deep/lab/note")), "what is shared by the team");
    assert!(sees(&path("left", "desk/note")) && !sees(&path("right", "desk/note")), "what each has by itself");

    let plan = json("/spawnfile/init.json");
    let frozen = plan["resources"].as_array().unwrap().iter().find(|resource| resource["id"] == "frozen").unwrap();
    let backing = frozen["backing"].as_str().unwrap();
    let mode = || {
        let pid = engine::inspect(&container)["State"]["Pid"].as_u64().unwrap();
        let facts = std::fs::metadata(format!("/proc/{pid}/root{backing}")).unwrap();
        std::os::unix::fs::PermissionsExt::mode(&facts.permissions()) & 0o777
    };
    assert_eq!(mode() & 0o222, 0, "nobody may write to what is readonly");

    // The same container once more: everything is there already, and stays.
    sh("docker", ["restart", "-t", "10", &container]);
    sh("docker", ["exec", &container, "/spawnfile/init", "ready", "--wait-ms", "20000"]);
    assert!(sees(&path("right", "deep/lab/note")) && sees(&path("left", "desk/note")));
    assert_eq!(mode() & 0o222, 0);
}
