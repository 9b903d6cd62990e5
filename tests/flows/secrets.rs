//! Secrets: all gaps at once, nothing ambient, values nowhere.

use crate::support::project::EchoAgent;
use crate::support::{Ran, User, engine, sh, unique};

#[test]
fn every_missing_secret_is_listed_and_nothing_is_started() {
    let user = User::with_echo();
    let name = unique("missing");
    let mut agent = EchoAgent::named(&name);
    agent.secrets = vec![("ZEBRA_KEY".into(), true), ("ALPHA_KEY".into(), true), ("OPTIONAL_KEY".into(), false)];
    let (tag, _image, _down) = agent.built(&user);
    // Set in the environment of the command, and still not taken.
    let mut command = user.command(["up", &tag]);
    command.env("ALPHA_KEY", "ambient").env("ZEBRA_KEY", "ambient");
    let ran = Ran::of(&command.output().unwrap()).expect(2).says("ALPHA_KEY").says("ZEBRA_KEY");
    assert!(!ran.all().contains("OPTIONAL_KEY"));
    assert_eq!(engine::containers(&name), Vec::<String>::new());
    assert!(!user.home().join("deployments").join(&name).exists());
}

#[test]
fn sources_win_in_order_and_only_declared_names_pass() {
    let user = User::with_echo();
    let name = unique("sources");
    let (tag, _image, _down) = EchoAgent::named(&name).built(&user);
    let profile = user.write("profile.env", "NEEDED_KEY=from-profile\nUNDECLARED_KEY=stray\n");
    user.run(["auth", "import", "env", profile.to_str().unwrap(), "--profile", "work"]).expect(0).says("NEEDED_KEY");
    let shown = user.run(["auth", "show", "--profile", "work"]).expect(0);
    assert!(shown.stdout.contains("NEEDED_KEY") && !shown.all().contains("from-profile"));
    let file = user.write("env", "NEEDED_KEY=from-env-file\n");
    let mut command =
        user.command(["up", &tag, "--auth-profile", "work", "--env-file", file.to_str().unwrap(), "--from-env", "OPTIONAL_KEY", "--json"]);
    command.env("OPTIONAL_KEY", "from-environment");
    let ran = Ran::of(&command.output().unwrap()).expect(0).says("UNDECLARED_KEY");
    let answer = ran.json();
    let source = |wanted: &str| answer["secrets"].as_array().unwrap().iter().find(|s| s["name"] == wanted).map(|s| s["source"].to_string());
    assert!(source("NEEDED_KEY").unwrap().contains("env"), "{answer:#}");
    assert!(source("ECHO_TOKEN").unwrap().contains("generated"), "{answer:#}");
    assert!(source("UNDECLARED_KEY").is_none());
    let container = &engine::containers(&name)[0];
    let files = sh("docker", ["exec", container, "/spawnfile/init", "probe", "file", "/run/spawnfile/secrets/NEEDED_KEY"]);
    assert!(files.contains("true"), "{files}");
}

/// Returns the value of a secret as the processes of a container find it.
fn in_container(user: &User, container: &str, secret: &str) -> Vec<u8> {
    let to = user.path().join("from-container");
    sh("docker", ["cp", &format!("{container}:/run/spawnfile/secrets/{secret}"), to.to_str().unwrap()]);
    let value = std::fs::read(&to).unwrap();
    std::fs::remove_file(to).unwrap();
    value
}

#[test]
fn a_value_of_several_lines_arrives_whole() {
    const KEY: &str = "-----BEGIN THING-----\nline one\n\nline \"two\" \\n $X\n-----END THING-----\n";
    let user = User::with_echo();
    let name = unique("lines");
    let (tag, _image, _down) = EchoAgent::named(&name).built(&user);
    let mut up = user.command(["up", &tag, "--from-env", "NEEDED_KEY", "--network", "none"]);
    Ran::of(&up.env("NEEDED_KEY", KEY).output().unwrap()).expect(0);
    assert_eq!(in_container(&user, &engine::containers(&name)[0], "NEEDED_KEY"), KEY.as_bytes());
}

#[test]
fn a_generated_value_is_private_and_stays_when_the_container_is_made_again() {
    let user = User::with_echo();
    let name = unique("generated");
    let (tag, _image, _down) = EchoAgent::named(&name).built(&user);
    let env = user.write("env", "NEEDED_KEY=x\n");
    let up = ["up", &tag, "--env-file", env.to_str().unwrap(), "--network", "none"];
    let mut values = Vec::new();
    for _ in 0..2 {
        let ran = user.run(up).expect(0).says("ECHO_TOKEN from generated");
        let container = engine::containers(&name).remove(0);
        let value = in_container(&user, &container, "ECHO_TOKEN");
        assert!(value.len() >= 32 && !ran.all().contains(std::str::from_utf8(&value).unwrap()));
        values.push(value);
        sh("docker", ["rm", "--force", "--volumes", &container]);
    }
    assert_eq!(values[0], values[1], "clients of the organization know it");
    let kept = user.home().join("deployments").join(&name).join("generated.json");
    let mode = std::os::unix::fs::PermissionsExt::mode(&std::fs::metadata(kept).unwrap().permissions());
    assert_eq!(mode & 0o7777, 0o600);
}

#[test]
fn a_canary_stands_nowhere() {
    const CANARY: &str = "canary-9f3b2c71d4e8";
    let user = User::with_echo();
    let name = unique("canary");
    let (tag, _image, _down) = EchoAgent::named(&name).option("start_delay_ms: 50").built(&user);
    let file = user.write("secret/env", format!("NEEDED_KEY={CANARY}\n"));
    let up = user.run(["up", &tag, "--env-file", file.to_str().unwrap()]).expect(0);
    let status = user.run(["status", "--deployment", &name, "--live", "--json"]).expect(0);
    let container = engine::containers(&name).remove(0);
    let inspect = sh("docker", ["inspect", &container]);
    let logs = sh("docker", ["logs", &container]);
    let history = sh("docker", ["history", "--no-trunc", &tag]);
    let environ = sh("docker", ["top", &container, "-eo", "pid,args"]);
    let mut texts = vec![
        ("up", up.all()),
        ("status", status.all()),
        ("inspect", inspect),
        ("logs", logs),
        ("history", history),
        ("arguments", environ),
        ("list", user.run(["list", "--json"]).expect(0).all()),
    ];
    for (path, bytes) in user.home_files() {
        texts.push(("home", format!("{}: {}", path.display(), String::from_utf8_lossy(&bytes))));
    }
    let pid = engine::inspect(&container)["State"]["Pid"].as_u64().unwrap();
    texts.push(("/proc/1/environ", String::from_utf8_lossy(&std::fs::read(format!("/proc/{pid}/environ")).unwrap()).into_owned()));
    texts.push(("down", user.run(["down", "--deployment", &name]).expect(0).all()));
    for (what, text) in texts {
        assert!(!text.contains(CANARY), "the canary stands in {what}:\n{text}");
    }
}

#[test]
fn an_env_file_error_names_the_line_and_never_the_value() {
    let user = User::new();
    for (text, line) in [("A=1\nexport B=canary-value\n", "line 2"), ("A=1\nA=canary-value\n", "line 2"), ("canary-value\n", "line 1")] {
        let file = user.write("bad.env", text);
        let ran = user.run(["auth", "import", "env", file.to_str().unwrap()]).expect(2).says(line);
        assert!(!ran.all().contains("canary-value"), "{}", ran.all());
    }
}

#[test]
fn a_value_where_a_name_belongs_is_not_shown() {
    let user = User::new();
    for wrong in ["A_KEY=canary-value", "A_KEY=", "=canary-value"] {
        let ran = user.run(["up", "org:1", "--image", "--from-env", wrong]);
        assert!(!ran.all().contains("canary-value"), "{}", ran.all());
    }
}

#[test]
fn an_env_file_may_be_a_pipe() {
    let user = User::new();
    let program = env!("CARGO_BIN_EXE_spawnfile");
    let script = format!("printf 'A_KEY=value\\n' | '{program}' auth import env /dev/stdin && '{program}' auth show");
    let mut shell = std::process::Command::new("sh");
    let ran = Ran::of(&shell.args(["-c", &script]).env("SPAWNFILE_HOME", user.home()).output().unwrap()).expect(0).says("A_KEY");
    assert!(!ran.all().contains("value"), "{}", ran.all());
}

#[test]
fn profiles_are_private_and_their_names_do_not_escape() {
    use std::os::unix::fs::PermissionsExt;
    let user = User::new();
    let file = user.write("env", "A_KEY=value\n");
    user.run(["auth", "import", "env", file.to_str().unwrap(), "--profile", "../../escape"]).expect(2);
    user.run(["auth", "import", "env", file.to_str().unwrap()]).expect(0);
    let path = user.home().join("auth/profiles/default/profile.json");
    assert_eq!(std::fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o600);
    assert_eq!(std::fs::metadata(path.parent().unwrap()).unwrap().permissions().mode() & 0o777, 0o700);
    user.run(["auth", "show", "--profile", "absent"]).expect(2).says("auth import env");
}

#[test]
fn an_organization_that_needs_an_import_is_refused_by_name() {
    let user = User::with_echo();
    let name = unique("import");
    let mut agent = EchoAgent::named(&name);
    agent.auth = Some("claude-code".into());
    let (tag, _image, _down) = agent.built(&user);
    let file = user.write("env", "NEEDED_KEY=x\n");
    let ran = user.run(["up", &tag, "--env-file", file.to_str().unwrap()]).expect(2).says("claude-code").says("anthropic").says("echo");
    assert!(!ran.all().contains("SPAWNFILE_CLI_AUTH_JSON"), "{}", ran.all());
    assert_eq!(engine::containers(&name), Vec::<String>::new());
}
