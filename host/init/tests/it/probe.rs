//! Probes: one question, one line of JSON, one exit code.

use std::time::{Duration, Instant};

use serde_json::{Value, json};

use crate::server::{Server, closed_port};
use crate::stage::{Stage, is_alive};

fn ask(stage: &Stage, args: &[&str]) -> Value {
    let output = stage.ask(&[&["probe"], args].concat());
    let answer: Value = serde_json::from_slice(&output.stdout).unwrap();
    assert_eq!(output.stdout.iter().filter(|byte| **byte == b'\n').count(), 1);
    assert_eq!(output.status.code(), Some(i32::from(answer["ok"] != json!(true))), "{answer}");
    assert_eq!(answer["error"].is_null(), answer["ok"] == json!(true), "{answer}");
    answer
}

fn http(stage: &Stage, port: u16) -> Value {
    ask(stage, &["http", &port.to_string(), "/healthz", "--timeout-ms", "300"])
}

#[test]
fn answers_over_http() {
    let stage = Stage::new();
    for (code, ok) in [(200, true), (299, true), (199, false), (302, false), (503, false)] {
        let answer = http(&stage, Server::status(code).port);
        assert_eq!((&answer["ok"], &answer["http_status"]), (&json!(ok), &json!(code)));
    }
    let endless = "HTTP/1.1 200 ".to_owned() + &"x".repeat(100_000);
    for bad in [&b"SSH-2.0-x\r\n"[..], b"HTTP/1.1 2000 x\r\n", b"HTTP/1.1 200 no end of line", endless.as_bytes()] {
        let answer = http(&stage, Server::new(bad).port);
        assert_eq!((&answer["ok"], &answer["http_status"]), (&json!(false), &Value::Null));
    }
    assert_eq!(http(&stage, closed_port())["ok"], json!(false));
    let begin = Instant::now();
    assert_eq!(http(&stage, Server::new(b"").port)["error"], json!("no answer in time"));
    assert!(begin.elapsed() >= Duration::from_millis(300));
}

#[test]
fn files_and_folders() {
    let stage = Stage::new();
    stage.write("file", b"x");
    let (file, folder, gone) = (stage.text("file"), stage.text(""), stage.text("gone"));
    for (args, ok) in [
        (["file", &file], true),
        (["file", &folder], false),
        (["file", &gone], false),
        (["dir", &folder], true),
        (["dir", &file], false),
        (["dir", &gone], false),
    ] {
        assert_eq!(ask(&stage, &args)["ok"], json!(ok), "{args:?}");
    }
}

#[test]
fn json_files() {
    let stage = Stage::new();
    stage.write("a.json", br#"{"a": {"b/c": [1, "canary"]}, "n": null}"#).write("bad.json", b"{\"canary");
    let (good, bad, gone) = (stage.text("a.json"), stage.text("bad.json"), stage.text("gone"));
    for (file, pointer, ok) in [
        (&good, "/a/b~1c/1", true),
        (&good, "", true),
        (&good, "/a/b~1c/2", false),
        (&good, "/n", false),
        (&good, "a", false),
        (&bad, "/a", false),
        (&gone, "/a", false),
    ] {
        let answer = ask(&stage, &["json", file, pointer]);
        assert_eq!(answer["ok"], json!(ok), "{file} {pointer}");
        assert!(!answer.to_string().contains("canary"));
    }
}

#[test]
fn programs() {
    let stage = Stage::new();
    let exec = |timeout: &str, script: &str| ask(&stage, &["exec", "--timeout-ms", timeout, "--", "/bin/sh", "-c", script]);
    let good = exec("20000", "echo canary; echo canary >&2; cat; exit 0");
    assert_eq!((&good["ok"], &good["exit_code"]), (&json!(true), &json!(0)));
    assert!(!good.to_string().contains("canary"));
    assert_eq!(exec("20000", "exit 9")["exit_code"], json!(9));
    assert_eq!(exec("20000", "kill -KILL $$")["exit_code"], json!(137));
    let child = stage.text("child");
    let late = exec("700", &format!("sleep 1000 & echo $! > {child}; wait"));
    assert_eq!(late["error"], json!("the program did not end in time"));
    let child = stage.wait_for("child");
    crate::stage::until("the end of the program's child", || (!is_alive(&child)).then_some(()));
    assert_eq!(ask(&stage, &["exec", "--", "/no/such/program"])["ok"], json!(false));
}
