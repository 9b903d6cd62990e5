//! Workspace resources in the image: where they go, and what is in their way.

use serde_json::Value;
use spawnfile_core::finding::{Findings, Severity};
use spawnfile_core::instance::InstanceDocument;
use spawnfile_core::lock::Lock;
use spawnfile_core::lowering::Lowered;
use spawnfile_core::project::ProjectSources;

use crate::support::{compile_with, files, place};

fn agent(resources: &str) -> ProjectSources {
    let text = format!("spawnfile_version: \"0.1\"\nkind: agent\nname: a\nruntime: k\nworkspace:\n  resources:\n    - {resources}\n");
    ProjectSources { root: "Spawnfile".into(), files: [("Spawnfile".to_owned(), text.into_bytes())].into() }
}

fn errors(findings: &Findings) -> Vec<String> {
    let errors = findings.sorted().into_iter().filter(|finding| finding.severity == Severity::Error);
    errors.map(|finding| format!("{} {finding}", finding.code)).collect()
}

/// Lowers as `place` does, with one more file in the workspace.
fn with(path: &'static str) -> impl Fn(&InstanceDocument) -> Lowered {
    move |document| {
        let mut lowered = place(document);
        let mut file = lowered.lowering.files[0].clone();
        file.path = format!("{}/{path}", lowered.lowering.paths.workspace);
        lowered.lowering.files.push(file);
        lowered
    }
}

#[test]
fn what_a_kind_places_is_not_hidden() {
    let volume = |mount: &str| agent(&format!("{{id: r, kind: volume, mount: {mount}, mode: mutable}}"));
    for (mount, path) in [("./skills", "skills/x/SKILL.md"), ("./notes.md", "notes.md"), ("./tool/data", "tool")] {
        let found = compile_with(&volume(mount), &Lock::empty(), with(path)).unwrap_err();
        let said = format!("compile.resource Spawnfile: resource `r` of agent:a goes to `{mount}`, where the image has something else");
        assert_eq!(errors(&found), [said]);
    }
    assert!(compile_with(&volume("./tools"), &Lock::empty(), with("tool")).is_ok());
    assert!(compile_with(&volume("./tool/data"), &Lock::empty(), with("tool/other")).is_ok());
}

#[test]
fn a_clone_needs_git() {
    let git = agent("{id: code, kind: git, url: \"https://git.example.com/a.git\", mount: ./code, mode: mutable}");
    let found = compile_with(&git, &Lock::empty(), place).unwrap_err();
    let why = "the base image of its runtime is `scratch`, in which nothing can be installed";
    let said = format!("compile.package Spawnfile: resource `code` of agent:a needs git, which cannot be installed: {why}");
    assert_eq!(errors(&found), [said]);
    let (_, compiled, _) = compile_with(&git, &Lock::empty(), |document| {
        let mut lowered = place(document);
        "debian:bookworm-slim".clone_into(&mut lowered.lowering.install.base_image);
        lowered
    })
    .unwrap();
    let dockerfile = String::from_utf8_lossy(&compiled.tree.get("Dockerfile").unwrap().bytes).into_owned();
    assert!(dockerfile.contains("--no-install-recommends ca-certificates git &&"), "{dockerfile}");
}

/// The one project of the corpus with resources also has what is not lowered yet; without that, its resources are equal.
#[test]
fn resources_of_the_corpus_come_out_equal() {
    let corpus = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("../../../shared/corpus");
    if !corpus.is_dir() {
        eprintln!("skipped: the corpus is not there");
        return;
    }
    let mut files = files(&corpus.join("projects/daimon-org"));
    for (_, bytes) in files.iter_mut().filter(|(path, _)| path.ends_with("Spawnfile")) {
        let text = String::from_utf8(bytes.clone()).unwrap();
        let mut dropping = false;
        let kept = text.split_inclusive('\n').filter(|line| {
            if line.starts_with(|c: char| c.is_ascii_lowercase()) {
                dropping = ["memory:", "networks:", "schedule:", "surfaces:"].iter().any(|key| line.starts_with(key));
            }
            !dropping
        });
        *bytes = kept.collect::<String>().into_bytes();
    }
    let sources = ProjectSources { root: "Spawnfile".into(), files };
    // The kind puts its agents into one instance, each in a folder of its workspace.
    let lower = |document: &InstanceDocument| {
        let mut lowered = place(document);
        lowered.lowering.paths.workspace = format!("{}/workspace", document.root);
        // Both agents sign in to one provider; one place is enough for both.
        lowered.lowering.auth.truncate(1);
        lowered
    };
    let (_, compiled, _) = compile_with(&sources, &Lock::empty(), lower).unwrap_or_else(|found| panic!("{:?}", errors(&found)));
    let expected =
        |name: &str| -> Value { serde_json::from_slice(&std::fs::read(corpus.join("expected/daimon-org").join(name)).unwrap()).unwrap() };
    let named = |text: String| -> Value { serde_json::from_str(&text.replace("/daimon-app/", "/pi-app/")).unwrap() };
    assert_eq!(named(serde_json::to_string(&compiled.report.resources).unwrap()), expected("distribution-report.json")["resources"]);

    let ours: Value = serde_json::from_slice(&compiled.tree.get("spawnfile-report.json").unwrap().bytes).unwrap();
    let theirs = expected("spawnfile-report.json");
    let without_backing = |report: &Value| {
        let mut list = report["container"]["workspace_resources"].clone();
        for resource in list.as_array_mut().unwrap() {
            resource.as_object_mut().unwrap().remove("backing_path").unwrap();
        }
        named(list.to_string())
    };
    assert_eq!(without_backing(&ours), without_backing(&theirs));
    let said = |report: &Value| -> Vec<Value> {
        let nodes = report["nodes"].as_array().unwrap().iter();
        let capabilities = nodes.flat_map(|node| node["capabilities"].as_array().unwrap().clone());
        capabilities.filter(|capability| capability["key"] == "workspace.resources").collect()
    };
    assert_eq!(said(&ours), said(&theirs));
    let keys = |report: &Value| -> Vec<Value> {
        let team = report["nodes"].as_array().unwrap().iter().find(|node| node["kind"] == "team").unwrap();
        team["capabilities"].as_array().unwrap().iter().map(|capability| capability["key"].clone()).collect()
    };
    assert_eq!(keys(&ours), keys(&theirs)[..keys(&ours).len()]);
}
