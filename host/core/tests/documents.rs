//! Every file under `tests/reports` and `tests/extras`: the good ones come back byte for byte, the bad ones are refused
//! with exactly the text beside them. `UPDATE=1` rewrites the texts.
#![allow(clippy::unwrap_used, clippy::print_stderr, reason = "tests")]

use std::path::{Path, PathBuf};

use spawnfile_core::json::{Problem, pretty};
use spawnfile_core::{extras, report};

fn files(folder: &str) -> Vec<PathBuf> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests").join(folder);
    let mut files: Vec<PathBuf> = std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()).collect();
    files.retain(|path| path.extension().is_some_and(|extension| extension == "json"));
    files.sort();
    assert!(!files.is_empty());
    files
}

fn text(problem: &Problem) -> String {
    match problem {
        Problem::Violations(all) => all.iter().map(|one| format!("{} [{}]\n", one, one.code)).collect(),
        other => format!("{other}\n"),
    }
}

fn good(folder: &str, read: impl Fn(&[u8]) -> Result<Vec<u8>, Problem>) {
    for path in files(folder) {
        let bytes = std::fs::read(&path).unwrap();
        let written = read(&bytes).unwrap_or_else(|problem| panic!("{}: {}", path.display(), text(&problem)));
        assert_eq!(String::from_utf8(written).unwrap(), String::from_utf8(bytes).unwrap(), "{}", path.display());
    }
}

fn bad(folder: &str, read: impl Fn(&[u8]) -> Option<Problem>) {
    for path in files(folder) {
        let problem = read(&std::fs::read(&path).unwrap()).unwrap_or_else(|| panic!("{} is accepted", path.display()));
        let text = text(&problem);
        assert!(text.chars().all(|c| c == '\n' || !c.is_control()), "{}", path.display());
        assert!(text.lines().all(|line| line.chars().count() < 300), "{}", path.display());
        let expected = path.with_extension("txt");
        if std::env::var_os("UPDATE").is_some() {
            std::fs::write(&expected, &text).unwrap();
        }
        assert_eq!(text, std::fs::read_to_string(&expected).unwrap_or_default(), "{}", path.display());
    }
}

#[test]
fn good_reports_come_back_byte_for_byte() {
    good("reports/ok", |bytes| report::parse(bytes).map(|report| pretty(&report)));
}

#[test]
fn bad_reports_are_refused_with_everything_named() {
    bad("reports/bad", |bytes| report::parse(bytes).err());
}

#[test]
fn good_extras_come_back_byte_for_byte() {
    good("extras/ok", |bytes| extras::parse(bytes).map(|extras| extras.to_canonical_bytes()));
}

#[test]
fn bad_extras_are_refused_with_everything_named() {
    bad("extras/bad", |bytes| extras::parse(bytes).err());
}

#[test]
fn reports_of_the_corpus_are_accepted() {
    let expected = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../../shared/corpus/expected");
    let Ok(projects) = std::fs::read_dir(&expected) else {
        eprintln!("skipped: the corpus is not there");
        return;
    };
    for project in projects {
        let path = project.unwrap().path().join("distribution-report.json");
        let bytes = std::fs::read(&path).unwrap();
        let report = report::parse(&bytes).unwrap_or_else(|problem| panic!("{}: {}", path.display(), text(&problem)));
        assert_eq!(String::from_utf8(pretty(&report)).unwrap(), String::from_utf8(bytes).unwrap(), "{}", path.display());
    }
}

#[test]
fn a_report_of_many_agents_is_accepted_and_of_too_many_is_not() {
    let base: serde_json::Value = serde_json::from_slice(&std::fs::read(&files("reports/ok")[1]).unwrap()).unwrap();
    let with = |agents: usize| {
        let mut report = base.clone();
        report["organization"]["agents"] =
            (0..agents).map(|n| serde_json::json!({ "id": format!("agent:a{n}"), "name": "a", "runtime": null, "teams": [] })).collect();
        serde_json::to_vec(&report).unwrap()
    };
    assert_eq!(report::parse(&with(10_000)).unwrap().organization.agents.len(), 10_000);
    let Err(Problem::Violations(found)) = report::parse(&with(10_001)) else { panic!("too many agents are accepted") };
    assert_eq!(found.iter().map(|one| one.code.as_str()).collect::<Vec<_>>(), ["too-many"]);
    assert_eq!(report::parse(&vec![b' '; 4 * 1024 * 1024 + 1]), Err(Problem::TooLarge(4 * 1024 * 1024)));
}

#[test]
fn extras_are_held_against_the_report() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests");
    let mut report = report::parse(&std::fs::read(folder.join("reports/ok/one-agent.json")).unwrap()).unwrap();
    let extras = extras::parse(&std::fs::read(folder.join("extras/ok/one-agent.json")).unwrap()).unwrap();
    let found = |report: &report::DistributionReport| -> Vec<String> { extras.agree(report).iter().map(ToString::to_string).collect() };
    assert_eq!(
        found(&report),
        ["/instances/0/auth/0: the report does not use `seed-login` for `anthropic`", "/networks/0/id: the report has no network `lab`"]
    );
    report.moltnet.networks.push(report::Network { binding: None, id: "lab".into(), server_mode: "managed".into() });
    let instance = &mut report.runtime_instances[0];
    instance.model_auth_methods.insert("anthropic".into(), "seed-login".into());
    assert_eq!(found(&report), [""; 0]);
    report.runtime_instances[0].runtime = "other".into();
    report.secrets.runtime[0].generated = false;
    report.organization.agents[0].id = "agent:other".into();
    let mut second = report.runtime_instances[0].clone();
    second.id = "second".into();
    report.runtime_instances.push(second);
    assert_eq!(
        found(&report),
        [
            "/instances: the instance `second` of the report is missing",
            "/instances/0/runtime: the runtime is `echo`, in the report it is `other`",
            "/generated_secrets/0/name: the report has no generated secret `ECHO_TOKEN`",
            "/nodes/0/id: the report has no agent or team `agent:polly`"
        ]
    );
}
