//! Orphans come to PID 1 and are reaped.

use rustix::process::{Pid, Signal, getuid, kill_process};
use serde_json::json;

use crate::stage::{Stage, until};

/// Makes twenty orphans that end at once and one that tells who its parent is, then counts what was not reaped.
const SCRIPT: &str = "
for i in 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16 17 18 19 20; do (sh -c 'exit 0' &); done
(sh -c 'sleep 0.3; read -r _ _ _ parent _ < /proc/self/stat; echo $parent > parent' &)
while [ ! -s parent ]; do sleep 0.05; done
sleep 0.3
grep -l '^State:.Z' /proc/[0-9]*/status 2>/dev/null | wc -l > zombies
exec sleep 60";

#[test]
fn as_an_ordinary_process() {
    let mut stage = Stage::new();
    stage.process("a", SCRIPT, json!({}));
    let mut init = stage.start();
    let pid = init.pid().as_raw_nonzero().to_string();
    assert_eq!(stage.wait_for("parent").trim(), pid);
    until("no zombie left", || {
        let children = std::fs::read_to_string(format!("/proc/{pid}/task/{pid}/children")).unwrap();
        let zombies = children.split_whitespace().filter(|child| {
            std::fs::read_to_string(format!("/proc/{child}/stat"))
                .is_ok_and(|stat| stat.rsplit(") ").next().is_some_and(|rest| rest.starts_with('Z')))
        });
        (zombies.count() == 0).then_some(())
    });
    assert_eq!(init.signal(Signal::TERM).end().status.code(), Some(0));
}

#[test]
fn as_pid_1() {
    if !getuid().is_root() {
        eprintln!("skipped: a PID namespace needs root");
        return;
    }
    let mut stage = Stage::new();
    stage.process("a", SCRIPT, json!({}));
    stage.launcher.splice(0..0, ["unshare", "--pid", "--fork", "--mount-proc"].map(str::to_owned));
    let mut init = stage.start();
    assert_eq!(stage.wait_for("parent").trim(), "1");
    assert_eq!(stage.wait_for("zombies").trim(), "0");
    let outer = init.pid().as_raw_nonzero();
    let inner = std::fs::read_to_string(format!("/proc/{outer}/task/{outer}/children")).unwrap();
    let inner = Pid::from_raw(inner.trim().parse().unwrap()).unwrap();
    kill_process(inner, Signal::TERM).unwrap();
    assert_eq!(init.end().status.code(), Some(0));
}

#[test]
fn as_pid_1_it_ends_with_the_code_of_the_first_death() {
    if !getuid().is_root() {
        eprintln!("skipped: a PID namespace needs root");
        return;
    }
    let mut stage = Stage::new();
    stage.process("a", "kill -TERM $$", json!({}));
    stage.process("b", "exec sleep 60", json!({}));
    stage.launcher.splice(0..0, ["unshare", "--pid", "--fork", "--mount-proc"].map(str::to_owned));
    assert_eq!(stage.run().status.code(), Some(143));
}
