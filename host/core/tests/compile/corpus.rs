//! The projects of the corpus compile to what the TypeScript tool made of them. The lowering of the single agent is
//! written by hand and mirrors the runtime kind's; those of the others have its paths, ports and needs. What the kinds
//! themselves write is compared in `tests/flows/teams.rs`. Skipped, and said, where the corpus is absent.

use serde_json::Value;
use spawnfile_core::lock::Lock;
use spawnfile_core::view::{Style, summary, tree};

use crate::support::{compile, compile_with, files, gather, place};

#[test]
fn the_single_agent_of_the_corpus_comes_out_equal() {
    let corpus = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("../../../shared/corpus");
    if !corpus.is_dir() {
        eprintln!("skipped: the corpus is not there");
        return;
    }
    let expected = corpus.join("expected/single-agent");
    let read = |path: &str| std::fs::read_to_string(expected.join(path)).unwrap();
    let sources = gather(&corpus.join("projects/single-agent")).unwrap();
    let lowering = include_bytes!("single-agent.lowering.json");
    let (organization, compiled, _) = compile(&sources, lowering, &Lock::empty()).unwrap();
    let output = |path: &str| String::from_utf8(compiled.tree.get(path).unwrap().bytes.clone()).unwrap();

    let time = "\"generated_at\": \"2026-11-20T21:48:50.304Z\"";
    let report = read("distribution-report.json");
    assert!(report.contains(time));
    let report = report.replace(time, "\"generated_at\": \"2026-11-20T21:48:50.000Z\"");
    assert_eq!(output("distribution-report.json"), report);
    assert_eq!(output("image/spawnfile/spawnfile-report.json"), report);
    assert_eq!(compiled.report.compile_fingerprint, "sf1:d3e79c5382cb");

    assert_eq!(output(".env.example").trim_end(), read(".env.example").trim_end());
    let config = "container/rootfs/var/lib/spawnfile/instances/openclaw/agent-analyst/home/.openclaw/openclaw.json";
    assert_eq!(output(config).trim_end(), read(config).trim_end());

    let view = tree(&organization, Style::default());
    assert_eq!(view, read("view.txt").replace("No Moltnet networks.\n", ""));
    let summary = summary(&organization);
    let validate = read("validate.txt");
    assert!(validate.contains(&format!("nodes: {}\nruntimes: {}\n", summary.nodes, summary.runtimes.join(", "))));

    compare_compile_reports(&output("spawnfile-report.json"), &read("spawnfile-report.json"));
}

#[test]
fn the_organizations_of_the_corpus_come_out_equal() {
    let corpus = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("../../../shared/corpus");
    if !corpus.is_dir() {
        eprintln!("skipped: the corpus is not there");
        return;
    }
    for (project, fingerprint) in
        [("multi-runtime-team", "sf1:872f413b3d5d"), ("docker-auth-team", "sf1:d93796bd155f"), ("agent-with-subagents", "sf1:3dddbf9cec02")]
    {
        let expected = corpus.join("expected").join(project);
        let read = |path: &str| std::fs::read_to_string(expected.join(path)).unwrap();
        let sources = gather(&corpus.join("projects").join(project)).unwrap();
        let (organization, compiled, _) = compile_with(&sources, &Lock::empty(), place).unwrap();
        let output = |path: &str| String::from_utf8(compiled.tree.get(path).unwrap_or_else(|| panic!("{path}")).bytes.clone()).unwrap();

        let without_time = |text: &str| {
            let mut report: Value = serde_json::from_str(text).unwrap();
            report.as_object_mut().unwrap().remove("generated_at").unwrap();
            serde_json::to_string_pretty(&report).unwrap()
        };
        assert_eq!(compiled.report.compile_fingerprint, fingerprint);
        assert_eq!(without_time(&output("distribution-report.json")), without_time(&read("distribution-report.json")), "{project}");

        let names = |text: &str| text.lines().filter(|line| line.ends_with('=')).map(str::to_owned).collect::<Vec<_>>();
        assert_eq!(names(&output(".env.example")), names(&read(".env.example")), "{project}");
        assert_eq!(tree(&organization, Style::default()), read("view.txt").replace("No Moltnet networks.\n", ""), "{project}");
        let summary = summary(&organization);
        assert!(read("validate.txt").contains(&format!("nodes: {}\nruntimes: {}\n", summary.nodes, summary.runtimes.join(", "))));

        let mut compared = 0;
        for (path, theirs) in files(&expected).iter().filter(|(path, _)| path.contains("/.spawnfile/")) {
            assert_eq!(output(path), String::from_utf8_lossy(theirs), "{project}: {path}");
            compared += 1;
        }
        assert_eq!(compared, 3 * organization.agents.iter().filter(|agent| !agent.context.is_empty()).count(), "{project}");
        compare_compile_reports(&output("spawnfile-report.json"), &read("spawnfile-report.json"));
    }
}

/// Everything but what is different on purpose: PID 1, folders of this output, paths of the machine, pins.
fn compare_compile_reports(ours: &str, theirs: &str) {
    let normalise = |text: &str| {
        let mut report: Value = serde_json::from_str(text).unwrap();
        for key in ["generated_at", "output_directory", "root"] {
            report.as_object_mut().unwrap().remove(key).unwrap();
        }
        report["container"]["entrypoint"] = Value::Null;
        for node in report["nodes"].as_array_mut().unwrap() {
            for key in ["output_dir", "runtime_ref", "source"] {
                node.as_object_mut().unwrap().remove(key).unwrap();
            }
            // They say the same again for each member that sees it.
            let mut seen = std::collections::BTreeSet::new();
            node["diagnostics"].as_array_mut().unwrap().retain(|diagnostic| seen.insert(diagnostic.to_string()));
        }
        report
    };
    assert_eq!(normalise(ours), normalise(theirs));
}
