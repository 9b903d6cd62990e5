use super::*;
use crate::extras::{AuthPlace, Extras, GeneratedSecret, Hole, Init, Instance, LoweredBy, NetworkEnv, TemplateEnv};
use crate::finding::{Findings, Severity};
use crate::report::{DistributionReport, RuntimeInstance, SecretRequirement};

fn name(text: &str) -> EnvName {
    text.parse().unwrap()
}

fn secret(name: &str, required: bool, generated: bool) -> SecretRequirement {
    SecretRequirement { name: name.into(), required, generated }
}

fn report() -> DistributionReport {
    let mut report = crate::report::parse(include_bytes!("../../tests/reports/ok/one-agent.json")).unwrap();
    report.secrets.project = vec![secret("SEARCH_API_KEY", true, false), secret("EXTRA", false, false), secret("ECHO_TOKEN", true, false)];
    report
}

fn with_method(method: &str) -> DistributionReport {
    let mut report = report();
    report.runtime_instances[0].model_auth_methods = [("anthropic".to_owned(), method.to_owned())].into();
    report.secrets.model = vec![secret(IMPORTED_AUTH_ENV, true, false)];
    report.secrets.project.clear();
    report
}

fn extras(method: &str) -> Extras {
    let hole = Hole { at: 0, slot: "anthropic/access".into(), encoding: "raw".into() };
    let digest = format!("sha256:{}", "0".repeat(64));
    Extras {
        version: "spawnfile.extras.v1".into(),
        init: Init {
            path: "/spawnfile/init.json".into(),
            secret_delivery: vec!["file".into()],
            secrets_dir: "/run/spawnfile/secrets".into(),
            uid: 10001,
            gid: 10001,
        },
        instances: vec![Instance {
            id: "agent-polly".into(),
            runtime: "echo".into(),
            lowered_by: LoweredBy { plugin: "a/b".into(), version: "1".into(), digest },
            probes: vec![],
            auth: vec![AuthPlace {
                provider: "anthropic".into(),
                method: method.into(),
                files: vec![],
                env: vec![TemplateEnv { name: "X".into(), text: String::new(), holes: vec![hole] }],
                writable: vec![],
            }],
            stop_signal: "SIGTERM".into(),
            stop_grace_ms: 1,
            linux_capabilities: vec![],
        }],
        generated_secrets: vec![GeneratedSecret { name: "ECHO_TOKEN".into(), form: "base64url".into(), bytes: 32 }],
        networks: vec![NetworkEnv { id: "lab".into(), members: vec![], env: vec!["SPAWNFILE_NETWORK_LAB_URL".into()] }],
        nodes: vec![],
        parallel_safe: false,
    }
}

fn supplied(values: &[(&str, Source, &str)]) -> Supplied {
    let mut supplied = Supplied::default();
    for (key, source, value) in values {
        supplied.give(name(key), source.clone(), Secret::new(value.as_bytes().to_vec()));
    }
    supplied
}

fn all(values: &[(&str, Source, &str)]) -> Supplied {
    let mut both = supplied(&[("ANTHROPIC_API_KEY", Source::FromEnv, "k"), ("SEARCH_API_KEY", Source::FromEnv, "s")]);
    for (key, (source, value)) in supplied(values).values {
        both.give(key, source, value);
    }
    both
}

fn lines(findings: &Findings) -> Vec<String> {
    findings.sorted().iter().map(|finding| format!("{} {finding}", finding.code)).collect()
}

#[test]
fn every_missing_secret_is_named_sorted_and_at_once() {
    let gaps = check(&report(), None, Supplied::default()).unwrap_err();
    assert_eq!(lines(&gaps), ["secret.missing missing required secrets for this image: `ANTHROPIC_API_KEY`, `SEARCH_API_KEY`"]);
}

#[test]
fn a_name_required_here_and_generated_there_is_generated() {
    let (cleared, _) = check(&report(), None, all(&[])).unwrap();
    assert_eq!(cleared.to_generate(), [ToGenerate { name: name("ECHO_TOKEN"), form: "hex".into(), bytes: 24 }]);
    assert_eq!(cleared.names().into_iter().collect::<Vec<_>>(), ["ANTHROPIC_API_KEY", "ECHO_TOKEN", "SEARCH_API_KEY"]);
    let (mut cleared, _) = check(&report(), Some(&extras("none")), all(&[])).unwrap();
    assert_eq!(cleared.to_generate(), [ToGenerate { name: name("ECHO_TOKEN"), form: "base64url".into(), bytes: 32 }]);
    assert!(!cleared.give_generated(&name("OTHER"), Secret::new(b"x".to_vec())));
    assert!(!cleared.give_generated(&name("ECHO_TOKEN"), Secret::new(vec![])));
    assert!(cleared.give_generated(&name("ECHO_TOKEN"), Secret::new(b"x".to_vec())));
    assert!(cleared.to_generate().is_empty());
    assert_eq!(cleared.values()[&name("ECHO_TOKEN")].0, Source::Generated);
}

#[test]
fn a_given_value_is_not_generated() {
    let (cleared, _) = check(&report(), None, all(&[("ECHO_TOKEN", Source::Generated, "kept")])).unwrap();
    assert!(cleared.to_generate().is_empty());
    assert_eq!(cleared.values()[&name("ECHO_TOKEN")].1.expose(), b"kept");
}

#[test]
fn later_sources_win_and_empty_values_do_not_count() {
    let profile = Source::Profile("work".into());
    let file = Source::EnvFile("x.env".into());
    let winner = |values: &[(&str, Source, &str)]| supplied(values).values.remove(&name("K")).map(|(source, _)| source);
    let (p, e, v) = (("K", profile.clone(), "1"), ("K", file.clone(), "2"), ("K", Source::FromEnv, "3"));
    assert_eq!(winner(&[p.clone(), e.clone(), v.clone()]), Some(Source::FromEnv));
    assert_eq!(winner(&[v, e.clone(), p.clone()]), Some(Source::FromEnv));
    assert_eq!(winner(&[p.clone(), e, ("K", Source::FromEnv, "")]), Some(file));
    assert_eq!(winner(&[p, ("K", Source::Generated, "0")]), Some(profile));
    assert_eq!(winner(&[("K", Source::FromEnv, "")]), None);
    let mut empty = all(&[]);
    empty.values.insert(name("SEARCH_API_KEY"), (Source::FromEnv, Secret::new(vec![])));
    assert!(check(&report(), None, empty).is_err());
}

#[test]
fn only_declared_names_pass() {
    let values = [
        ("AWS_SECRET_ACCESS_KEY", Source::EnvFile("all.env".into()), "canary"),
        ("SEARCH_APIKEY", Source::Profile("work".into()), "canary"),
        ("OTHER_ORG_TOKEN", Source::Profile("work".into()), "canary"),
        ("SPAWNFILE_NETWORK_LAB_URL", Source::FromEnv, "http://10.0.0.5"),
    ];
    let (cleared, remarks) = check(&report(), Some(&extras("none")), all(&values)).unwrap();
    let passed: Vec<&str> = cleared.values().keys().map(EnvName::as_str).collect();
    assert_eq!(passed, ["ANTHROPIC_API_KEY", "SEARCH_API_KEY", "SPAWNFILE_NETWORK_LAB_URL"]);
    let remarks: Vec<_> = remarks.sorted().into_iter().map(|remark| (remark.severity, remark.message, remark.hint)).collect();
    let message = |what: &str| format!("{what} is not declared by the image and is not passed on");
    assert_eq!(
        remarks,
        [
            (Severity::Warning, message("`AWS_SECRET_ACCESS_KEY` (env file all.env)"), None),
            (Severity::Warning, message("`SEARCH_APIKEY` (profile work)"), Some("did you mean `SEARCH_API_KEY`?".into())),
            (Severity::Info, message("`OTHER_ORG_TOKEN` (profile work)"), None),
        ]
    );
    assert!(!format!("{cleared:?}").contains("canary"));
    assert!(!check(&report(), None, all(&values)).unwrap().0.values().contains_key(&name("SPAWNFILE_NETWORK_LAB_URL")));
}

#[test]
fn import_methods_are_named_with_instance_and_provider() {
    let image = with_method("seed-login");
    let gaps = check(&image, None, Supplied::default()).unwrap_err();
    assert_eq!(lines(&gaps), ["auth.missing this image needs model auth that was not given: echo/agent-polly (anthropic: seed-login)"]);
    let given = Supplied { auth_methods: ["seed-login".to_owned()].into(), ..Supplied::default() };
    let (cleared, _) = check(&image, None, given).unwrap();
    assert_eq!(cleared.imports().count(), 1);
    let none = check(&with_method("none"), None, Supplied::default()).unwrap_err();
    assert_eq!(lines(&none), ["secret.missing missing required secrets for this image: `SPAWNFILE_CLI_AUTH_JSON`"]);
}

#[test]
fn both_kinds_of_gaps_are_said_together() {
    let mut image = with_method("seed-login");
    image.secrets.project = report().secrets.project;
    image.runtime_instances.push(RuntimeInstance { id: "a-first".into(), ..image.runtime_instances[0].clone() });
    let gaps = check(&image, None, Supplied::default()).unwrap_err();
    assert_eq!(
        lines(&gaps),
        [
            "auth.missing this image needs model auth that was not given: echo/a-first (anthropic: seed-login), echo/agent-polly (anthropic: seed-login)",
            "secret.missing missing required secrets for this image: `SEARCH_API_KEY`",
        ]
    );
}

#[test]
fn credentials_without_a_slot_are_an_error_and_expired_ones_a_warning() {
    let image = with_method("seed-login");
    let given = |slot: &str| Supplied {
        auth_methods: ["seed-login".to_owned()].into(),
        slots: [("seed-login".to_owned(), [slot.to_owned()].into())].into(),
        ..Supplied::default()
    };
    let gaps = check(&image, Some(&extras("seed-login")), given("anthropic/other")).unwrap_err();
    assert_eq!(lines(&gaps), ["auth.slot the imported credential for echo/agent-polly (anthropic: seed-login) has no `anthropic/access`"]);
    assert!(check(&image, Some(&extras("seed-login")), given("anthropic/access")).unwrap().1.is_empty());
    let late = Supplied { expired: ["seed-login".to_owned()].into(), ..given("anthropic/access") };
    assert_eq!(
        lines(&check(&image, Some(&extras("seed-login")), late).unwrap().1),
        ["auth.expired the imported credential `seed-login` has expired"]
    );
}

#[test]
fn names_that_steer_the_system_are_refused_even_when_given() {
    let mut image = report();
    image.secrets.runtime.push(secret("LD_PRELOAD", false, false));
    image.secrets.runtime.push(secret("DOCKER_HOST", false, true));
    let gaps = check(&image, None, all(&[("LD_PRELOAD", Source::FromEnv, "x")])).unwrap_err();
    assert_eq!(lines(&gaps), ["secret.reserved the image asks for variables that steer the system: `LD_PRELOAD`, `DOCKER_HOST`"]);
}

#[test]
fn values_that_cannot_travel_are_refused_before_the_start() {
    let mut values = all(&[]);
    values.values.insert(name("EXTRA"), (Source::FromEnv, Secret::new(b"\xffcanary".to_vec())));
    let gaps = check(&report(), None, values.clone()).unwrap_err();
    assert_eq!(lines(&gaps), ["secret.not-text the value of `EXTRA` is no text, and this image takes secrets in the environment only"]);
    assert!(check(&report(), Some(&extras("none")), values).is_ok());
    assert!(check(&report(), None, all(&[("EXTRA", Source::FromEnv, "line\nline")])).is_ok(), "newlines are carried");
}
