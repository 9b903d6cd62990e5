//! Signals: each process is stopped in its own way, within its own time, with all that it started.

use std::time::{Duration, Instant};

use rustix::process::Signal;
use serde_json::json;

use crate::stage::{Stage, is_alive, stderr, until};

/// A script that tells of a signal and goes on, or ends.
fn tells(signal: &str, end: &str) -> String {
    format!("trap 'echo {signal} >> got; {end}' {signal}; echo > up; while :; do sleep 0.05; done")
}

#[test]
fn a_request_to_stop_reaches_each_process_in_its_way() {
    for request in [Signal::TERM, Signal::INT] {
        let mut stage = Stage::new();
        stage.process("a", &tells("TERM", "exit 9"), json!({}));
        stage.process("b", "trap 'echo > b-got; exit 0' INT; echo > b-up; while :; do sleep 0.05; done", json!({"stop_signal": "SIGINT"}));
        let mut init = stage.start();
        stage.wait_for("up");
        stage.wait_for("b-up");
        let output = init.signal(request).end();
        assert_eq!(output.status.code(), Some(0), "{}", stderr(&output));
        assert_eq!(stage.read("got"), "TERM\n");
        assert!(stage.path("b-got").exists());
        assert_eq!(stderr(&output), "");
    }
}

#[test]
fn other_signals_are_passed_on() {
    for (signal, name) in [(Signal::HUP, "HUP"), (Signal::USR1, "USR1"), (Signal::USR2, "USR2"), (Signal::QUIT, "QUIT")] {
        let mut stage = Stage::new();
        stage.process("a", &tells(name, ""), json!({}));
        let mut init = stage.start();
        stage.wait_for("up");
        init.signal(signal);
        assert_eq!(stage.wait_for("got").trim(), name);
        assert!(!init.is_over());
        assert_eq!(init.signal(Signal::TERM).end().status.code(), Some(0));
    }
}

#[test]
fn after_its_grace_a_process_is_killed_with_its_group() {
    let mut stage = Stage::new();
    let script = "trap '' TERM; sleep 1000 & echo $! > grandchild; echo > up; while :; do sleep 0.05; done";
    stage.process("deaf", script, json!({"stop_grace_ms": 300}));
    let mut init = stage.start();
    stage.wait_for("up");
    let grandchild = stage.wait_for("grandchild");
    assert!(is_alive(&grandchild));
    let begin = Instant::now();
    let output = init.signal(Signal::TERM).end();
    assert!(begin.elapsed() >= Duration::from_millis(300));
    assert_eq!(output.status.code(), Some(0));
    assert!(stderr(&output).contains("`deaf` did not stop in 300 ms and was killed"), "{}", stderr(&output));
    assert!(!is_alive(&grandchild));
    assert_eq!(stage.wait_for_state("deaf", "exited")["exit_code"], json!(137));
}

#[test]
fn a_second_request_does_not_wait() {
    let mut stage = Stage::new();
    stage.process("deaf", "trap '' TERM; echo > up; while :; do sleep 0.05; done", json!({"stop_grace_ms": 3_000_000}));
    let mut init = stage.start();
    stage.wait_for("up");
    init.signal(Signal::TERM);
    stage.wait_for_state("deaf", "stopping");
    assert!(!init.is_over());
    assert_eq!(init.signal(Signal::TERM).end().status.code(), Some(0));
}

#[test]
fn a_request_while_a_death_is_handled_leaves_the_others_their_time() {
    let mut stage = Stage::new();
    stage.process("slow", "trap 'echo > asked; sleep 0.5; echo > done; exit 0' TERM; echo > up; while :; do sleep 0.05; done", json!({}));
    stage.process("mortal", "while [ ! -e up ]; do sleep 0.05; done; exit 6", json!({}));
    let mut init = stage.start();
    stage.wait_for("asked");
    let output = init.signal(Signal::TERM).end();
    assert_eq!(output.status.code(), Some(6));
    assert!(stage.path("done").exists());
}

#[test]
fn what_a_process_leaves_behind_is_asked_to_stop_too() {
    let mut stage = Stage::new();
    let child = "trap \"echo > child-done; exit\" TERM; echo > child-up; while :; do sleep 0.05; done";
    stage.process("parent", &format!("sh -c '{child}' & trap 'exit 0' TERM; echo > up; wait"), json!({}));
    let mut init = stage.start();
    stage.wait_for("up");
    stage.wait_for("child-up");
    assert_eq!(init.signal(Signal::TERM).end().status.code(), Some(0));
    assert!(stage.path("child-done").exists());
}

#[test]
fn what_a_process_leaves_behind_is_killed_after_the_grace() {
    let mut stage = Stage::new();
    let child = "trap \"\" TERM; echo $$ > child; while :; do sleep 0.05; done";
    stage.process("parent", &format!("sh -c '{child}' & while [ ! -s child ]; do sleep 0.05; done; exit 8"), json!({"stop_grace_ms": 300}));
    let output = stage.run();
    assert_eq!(output.status.code(), Some(8), "{}", stderr(&output));
    let child = stage.read("child");
    until("the child's end", || (!is_alive(&child)).then_some(()));
}

#[test]
fn a_request_before_the_start_is_not_lost() {
    let mut stage = Stage::new();
    stage.process("a", "exec sleep 60", json!({}));
    // As many tries as it takes to meet the moments before, while and after it starts.
    for pause in 0..30 {
        let mut init = stage.start();
        std::thread::sleep(Duration::from_micros(pause * 300));
        init.signal(Signal::TERM);
        let status = init.end().status;
        // Before the handlers stand, the signal's own action ends it (as PID 1 it would be ignored by the kernel).
        assert!(status.code() == Some(0) || std::os::unix::process::ExitStatusExt::signal(&status) == Some(15), "{status:?}");
    }
}
