//! The single agent of the corpus compiles to what the TypeScript tool made of it. The lowering is written by hand and
//! mirrors the runtime kind's. Skipped, and said, where the corpus is absent.

use serde_json::Value;
use spawnfile_core::lock::Lock;
use spawnfile_core::view::{Style, summary, tree};

use crate::support::{compile, gather};

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
        }
        report
    };
    assert_eq!(normalise(ours), normalise(theirs));
}
