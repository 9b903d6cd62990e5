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
