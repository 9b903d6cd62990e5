use super::*;
use crate::deployment::plan::ContainerFacts;
use crate::deployment::record::{self, DeploymentRecord, Origin, RecordUnit, Started, TargetRef};
use crate::extras::{HttpGet, Probe};
use crate::oci::{Digest, labels};

const ID: &str = "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef";

fn report() -> DistributionReport {
    crate::report::parse(include_bytes!("../../tests/reports/ok/everything.json")).unwrap()
}

fn deployed() -> DeploymentRecord {
    record::of(Started {
        name: "org".parse().unwrap(),
        created_at: "2026-11-20T22:01:37.377Z".into(),
        report: &report(),
        origin: Origin::Image { reference: "a/org:1".into(), digest: None },
        image_id: Digest::of(b"config"),
        auth_profile: None,
        env_file: None,
        target: TargetRef::Host { value: "unix:///x".into() },
        containers: vec![("org-container".into(), ID.into(), "spawnfile-org".into())],
    })
}

fn facts(state: &str) -> ContainerFacts {
    ContainerFacts {
        id: ID.into(),
        name: "spawnfile-org".into(),
        unit: "org-container".into(),
        state: state.into(),
        exit_code: (state == "exited").then_some(3),
        started_unix_ms: Some(1),
        image_id: Digest::of(b"config").to_string(),
        labels: [(labels::DEPLOYMENT.to_owned(), "org".to_owned())].into(),
        ports: vec![],
        restart_count: 0,
    }
}

fn lines(observations: &[Observation]) -> Vec<String> {
    observations.iter().map(|one| format!("{} {}: {}", one.label, one.subject, one.message)).collect()
}

fn look(look: &UnitLook) -> Vec<Observation> {
    let record = deployed();
    unit(&record, &record.units[0], look)
}

fn first(change: impl FnOnce(&mut ContainerFacts)) -> String {
    let mut facts = facts("running");
    change(&mut facts);
    lines(&look(&UnitLook::Found(facts))).remove(0)
}

#[test]
fn a_report_is_declared_line_by_line() {
    insta::assert_snapshot!(lines(&declared(&report())).join("\n"), @r#"
    OK source.valid status: the report is valid
    OK agent.declared agent:polly: agent Polly \u{202e}gnp.exe on echo is declared
    OK agent.declared agent:sub: agent  is declared
    OK team.declared team:flock: team flock with 1 agents is declared
    OK network.declared network:lab: managed network lab is declared
    OK network.declared network:old: external network old is declared
    OK runtime.declared runtime:echo: runtime echo is declared
    OK compile.report compile: the image has a report
    OK compile.fingerprint compile: the fingerprint is sf1:0123456789ab
    OK runtime.instance runtime-instance:agent-polly: echo instance agent-polly runs 1 nodes
    OK container.mount compile: memory keeps /var/lib/spawnfile/memory/flock
    OK container.mount compile: memory-2 keeps /var/lib/spawnfile/memory/flock-2/
    OK workspace.resource compile: volume lab at /w/a/lab
    OK workspace.resource compile: git lab at /w/b/lab
    OK container.ports compile: ports inside: 7800
    "#);
}

#[test]
fn states_of_a_unit_follow_the_table() {
    let short = &ID[..80.min(ID.len())];
    for (look_at, unit, instance, code) in [
        (UnitLook::NotAsked, format!("OK deployment.unit deployment-unit:org:org-container: container {short} is recorded"), None, 0),
        (
            UnitLook::Found(facts("running")),
            "OK deployment.unit deployment-unit:org:org-container: container is running (running)".into(),
            None,
            0,
        ),
        (
            UnitLook::Found(facts("exited")),
            "ERROR deployment.unit deployment-unit:org:org-container: container is not running (exited, exit code 3)".into(),
            Some("ERROR runtime.probe runtime-instance:agent-polly: its container does not run"),
            1,
        ),
        (
            UnitLook::Found(facts("restarting")),
            "ERROR deployment.unit deployment-unit:org:org-container: container is not running (restarting)".into(),
            Some("ERROR runtime.probe runtime-instance:agent-polly: its container does not run"),
            1,
        ),
        (
            UnitLook::Missing,
            format!("WARN deployment.unit deployment-unit:org:org-container: recorded container {short} is missing"),
            Some("ERROR runtime.probe runtime-instance:agent-polly: its container does not run"),
            1,
        ),
        (
            UnitLook::Failed("no route\n\u{1b}[2J".into()),
            format!(
                "ERROR deployment.unit deployment-unit:org:org-container: unable to inspect container {short}: no route\\n\\u{{1b}}[2J"
            ),
            Some("UNKNOWN runtime.probe runtime-instance:agent-polly: its container cannot be looked at"),
            1,
        ),
    ] {
        let observations = look(&look_at);
        let lines = lines(&observations);
        assert_eq!(lines[0], unit);
        assert_eq!(lines.iter().find(|line| line.contains("runtime.probe")).map(String::as_str), instance, "{look_at:?}");
        assert_eq!(exit_code(&observations), code, "{look_at:?}");
        let hosting: Vec<_> = observations.iter().filter(|one| one.key == "deployment.hosting").collect();
        assert_eq!(
            hosting.iter().map(|one| one.subject.as_str()).collect::<Vec<_>>(),
            ["agent:polly", "agent:sub", "team:flock", "lab", "old"]
        );
        assert!(hosting.iter().all(|one| one.severity == observations[0].severity));
    }
}

#[test]
fn drift_is_a_warning_and_never_hides_a_stop() {
    let unit = "WARN deployment.unit deployment-unit:org:org-container: container is running (running)";
    assert_eq!(first(|facts| facts.image_id = "sha256:00".into()), format!("{unit}, but its image is sha256:00, not the recorded one"));
    assert_eq!(first(|facts| facts.id = "ffff".into()), format!("{unit}, but it is container ffff, not the recorded one"));
    assert_eq!(first(|facts| facts.labels.clear()), format!("{unit}, but it has no labels of a deployment"));
    assert_eq!(
        first(|facts| drop(facts.labels.insert(labels::DEPLOYMENT.into(), "other".into()))),
        format!("{unit}, but its labels are of deployment other")
    );
    assert_eq!(first(|facts| facts.restart_count = 2), format!("{unit}, restarted 2 times"));
    assert!(first(|facts| facts.id.truncate(12)).starts_with("OK "));
    assert!(first(|facts| facts.image_id.truncate(7 + 12)).starts_with("OK "));
    assert!(first(|facts| facts.id.truncate(4)).starts_with("WARN "));
    assert!(
        first(|facts| {
            facts.state = "exited".into();
            facts.image_id = "sha256:00".into();
        })
        .starts_with("ERROR ")
    );
    let record = deployed();
    assert_eq!(fingerprint(&record, &record.compile_fingerprint), None);
    assert_eq!(fingerprint(&record, "sf1:other").map(|one| one.severity), Some(Severity::Warn));
    let without = DeploymentRecord { units: vec![RecordUnit { image_id: None, container_id: None, ..record.units[0].clone() }], ..record };
    assert_eq!(super::unit(&without, &without.units[0], &UnitLook::Found(facts("running")))[0].severity, Severity::Ok);
}

#[test]
fn probes_are_judged_by_their_answer() {
    let health = Probe {
        id: "health".into(),
        observation: "runtime.health".into(),
        phase: "status".into(),
        http_get: Some(HttpGet { port: 7800, path: "/healthz".into() }),
        exec: None,
        file_exists: None,
        dir_exists: None,
        json_file: None,
        timeout_ms: 2000,
        interval_ms: 500,
        attempts: 1,
    };
    let failed = |http_status, exit_code| ProbeOutcome::Failed { http_status, exit_code };
    for (outcome, line) in [
        (ProbeOutcome::Passed, "OK runtime.health runtime-instance:a: port 7800/healthz is well"),
        (failed(Some(503), None), "ERROR runtime.health runtime-instance:a: port 7800/healthz answers with status 503"),
        (failed(None, Some(2)), "ERROR runtime.health runtime-instance:a: port 7800/healthz ends with exit code 2"),
        (failed(None, None), "ERROR runtime.health runtime-instance:a: port 7800/healthz is not as it should be"),
        (ProbeOutcome::TimedOut, "ERROR runtime.health runtime-instance:a: port 7800/healthz gives no answer within 2000 ms"),
        (ProbeOutcome::NotAsked("x\ny".into()), "UNKNOWN runtime.health runtime-instance:a: port 7800/healthz could not be asked: x\\ny"),
    ] {
        assert_eq!(lines(&[probe("a", &health, &outcome)]), [line]);
    }
    assert_eq!(unprobed("a").severity, Severity::Unknown);
}

#[test]
fn the_summary_counts_and_the_document_has_the_known_keys() {
    let mut all = declared(&report());
    all.extend(look(&UnitLook::Found(facts("exited"))));
    let summary = summary(Some(&report()), 1, &all);
    assert_eq!((summary.agents, summary.teams, summary.networks, summary.runtimes, summary.deployments), (2, 1, 2, 1, 1));
    assert_eq!((summary.error, summary.warn, summary.unknown), (7, 0, 0));
    assert_eq!(summary.ok + 7, all.len());
    let json = serde_json::to_string(&record(&deployed())).unwrap();
    assert_eq!(
        json,
        r#"{"key":"deployment.record","label":"OK deployment.record","message":"recorded at 2026-11-20T22:01:37.377Z from image a/org:1","severity":"ok","source":"deployment","subject":"deployment:org"}"#
    );
}
