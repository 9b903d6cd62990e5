//! `environment` in the image: what a process gets, and what is refused because something would silently win.

use serde_json::json;
use spawnfile_core::finding::{Findings, Severity};
use spawnfile_core::instance::InstanceDocument;
use spawnfile_core::lock::Lock;
use spawnfile_core::lowering::Lowered;
use spawnfile_core::project::ProjectSources;

use crate::support::{compile_with, place};

fn sources(files: &[(&str, String)]) -> ProjectSources {
    let files = files.iter().map(|(path, text)| ((*path).to_owned(), text.clone().into_bytes())).collect();
    ProjectSources { root: "Spawnfile".into(), files }
}

/// An agent with these lines, alone.
fn agent(lines: &str) -> ProjectSources {
    sources(&[("Spawnfile", format!("spawnfile_version: \"0.1\"\nkind: agent\nname: a\nruntime: k\n{lines}\n"))])
}

fn messages(findings: &Findings) -> Vec<String> {
    let errors = findings.sorted().into_iter().filter(|finding| finding.severity == Severity::Error);
    errors.map(|finding| format!("{} {finding}", finding.code)).collect()
}

/// Lowers as `place` does, with these variables of its own.
fn with(env: serde_json::Value) -> impl Fn(&InstanceDocument) -> Lowered {
    move |document| {
        let mut lowered = place(document);
        lowered.lowering.process.env = serde_json::from_value(env.clone()).unwrap();
        lowered
    }
}

#[test]
fn a_name_that_the_kind_sets_is_refused() {
    let project = agent("environment: {env: {OWN: mine}}");
    let found = compile_with(&project, &Lock::empty(), with(json!([{ "name": "OWN", "value": { "Literal": "x" } }]))).unwrap_err();
    assert_eq!(messages(&found), ["compile.env Spawnfile: `OWN` of agent:a is set by runtime kind `k` itself"]);
    let (_, compiled, _) = compile_with(&project, &Lock::empty(), with(json!([{ "name": "OTHER", "value": { "Literal": "x" } }]))).unwrap();
    let process = &compiled.init_plan.processes[0];
    assert_eq!(process.env.iter().map(|(name, value)| format!("{name}={value}")).collect::<Vec<_>>(), ["OTHER=x", "OWN=mine"]);
}

#[test]
fn a_name_that_is_a_secret_in_any_way_is_refused() {
    let model = "execution: {model: {primary: {provider: p, name: m, auth: {method: api_key, key: KEY}}}}";
    let found = compile_with(&agent(&format!("{model}\nenvironment: {{env: {{KEY: v}}}}")), &Lock::empty(), place).unwrap_err();
    assert_eq!(messages(&found), ["compile.env Spawnfile: `KEY` of agent:a is also a secret that its process gets"]);
}

#[test]
fn agents_of_one_process_agree_on_a_value() {
    let member = |id: &str, value: &str| {
        format!("  - id: {id}\n    runtime: grouped\n    workspace: {{docs: {{system: A.md}}}}\n    environment: {{env: {{A: {value}}}}}\n")
    };
    let team = |second: &str| {
        let members = format!("{}{}", member("x", "one"), member("y", second));
        let text = format!("spawnfile_version: \"0.1\"\nkind: team\nname: t\nmode: swarm\nmembers:\n{members}");
        sources(&[("Spawnfile", text), ("A.md", "# A\n".to_owned())])
    };
    let found = compile_with(&team("two"), &Lock::empty(), place).unwrap_err();
    let said = "compile.env Spawnfile: agent:x and agent:y give `A` different values, but share one process";
    assert!(messages(&found).contains(&said.to_owned()), "{:?}", messages(&found));
    assert_eq!(compile_with(&team("one"), &Lock::empty(), place).unwrap().1.init_plan.processes[0].env["A"], "one");
}

/// Lowers as `place` does, on this base image and with these packages of the kind.
fn on(base: &str, packages: serde_json::Value) -> impl Fn(&InstanceDocument) -> Lowered {
    move |document| {
        let mut lowered = place(document);
        base.clone_into(&mut lowered.lowering.install.base_image);
        lowered.lowering.install.packages = serde_json::from_value(packages.clone()).unwrap();
        lowered
    }
}

#[test]
fn packages_stand_in_the_dockerfile_sorted_and_once() {
    let packages = "environment:
  packages:
    - {id: a, manager: npm, name: \"@s/tool\", version: ^2.0.0}
    - {id: b, manager: npm, name: other}
    - {id: c, manager: apt, name: jq, version: 1.6~rc1}
    - {id: d, manager: pipx, name: ruff}
    - {id: e, manager: pipx, name: black, version: 24.1.0}";
    let kind = json!([["apt", "git"], ["apt", "jq"], ["npm", "@s/tool@1.0.0"], ["apt", "curl"]]);
    let (_, compiled, _) = compile_with(&agent(packages), &Lock::empty(), on("node:24-bookworm-slim", kind)).unwrap();
    let dockerfile = String::from_utf8(compiled.tree.get("Dockerfile").unwrap().bytes.clone()).unwrap();
    let commands: Vec<String> = dockerfile
        .lines()
        .filter_map(|line| line.strip_prefix("RUN "))
        .map(|exec| serde_json::from_str::<Vec<String>>(exec).unwrap().remove(2))
        .collect();
    assert_eq!(
        commands,
        [
            "apt-get update && apt-get install -y --no-install-recommends curl git 'jq=1.6~rc1' pipx && rm -rf /var/lib/apt/lists/*",
            "npm install -g --omit=dev --no-fund --no-audit '@s/tool@^2.0.0' other",
            "export PIPX_HOME=/opt/pipx PIPX_BIN_DIR=/usr/local/bin && pipx install black==24.1.0 && pipx install ruff",
        ]
    );
}

#[test]
fn what_the_base_image_cannot_install_is_refused() {
    let package = |manager: &str| agent(&format!("environment: {{packages: [{{id: p, manager: {manager}, name: some-tool}}]}}"));
    for (manager, base, why) in [
        ("apt", "scratch", Some("the base image of its runtime is `scratch`, in which nothing can be installed")),
        ("pipx", "example.org:5000/alpine:3", Some("the base image `example.org:5000/alpine:3` has no apt")),
        ("apt", "node:24-alpine", Some("the base image `node:24-alpine` has no apt")),
        ("npm", "node:24-alpine", None),
        ("npm", "debian:bookworm-slim", Some("the base image `debian:bookworm-slim` has no npm; package `npm` of apt would bring it")),
        ("apt", "debian:bookworm-slim", None),
        ("apt", "example.org/own:1", None),
    ] {
        let found = compile_with(&package(manager), &Lock::empty(), on(base, json!([])));
        match why {
            None => assert!(found.is_ok(), "{manager} {base}"),
            Some(why) => {
                let message = format!("compile.package Spawnfile: package `some-tool` of {manager} cannot be installed: {why}");
                assert_eq!(messages(&found.unwrap_err()), [message]);
            }
        }
    }
    assert!(compile_with(&package("npm"), &Lock::empty(), on("debian:bookworm-slim", json!([["apt", "npm"]]))).is_ok());
}

#[test]
fn one_image_has_one_version_of_a_package() {
    let member = |id: &str, version: &str| {
        let package = format!("{{id: p, manager: apt, name: jq, version: \"{version}\"}}");
        format!("  - id: {id}\n    runtime: k\n    workspace: {{docs: {{system: A.md}}}}\n    environment: {{packages: [{package}]}}\n")
    };
    let team = |second: &str| {
        let shared = "shared: {environment: {packages: [{id: x, manager: apt, name: jq, version: \"0\"}]}}";
        let members = format!("{}{}", member("x", "1"), member("y", second));
        let text = format!("spawnfile_version: \"0.1\"\nkind: team\nname: t\nmode: swarm\n{shared}\nmembers:\n{members}");
        sources(&[("Spawnfile", text), ("A.md", "# A\n".to_owned())])
    };
    let found = compile_with(&team("2"), &Lock::empty(), on("debian:12", json!([]))).unwrap_err();
    let said = "compile.package Spawnfile: agent:x and agent:y want different versions of package `jq` of apt, but share one image";
    assert_eq!(messages(&found), [said]);
    let (_, compiled, _) = compile_with(&team("1"), &Lock::empty(), on("debian:12", json!([]))).unwrap();
    assert!(String::from_utf8_lossy(&compiled.tree.get("Dockerfile").unwrap().bytes).contains(" jq=1 "), "the agents' own, not the team's");
}
