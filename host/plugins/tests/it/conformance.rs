//! The conformance suite on plugins that keep their promises, and on ones that break a single one of them.

use std::collections::BTreeMap;

use spawnfile_plugins::conformance::{Conformance, Subject};
use spawnfile_plugins::limits::{Limits, PURE};
use spawnfile_plugins::{PluginHost, Problem};

use crate::guests::hostile;
use crate::support::{Home, SHORT, builtin, kind, store};

/// Limits of a test: a loop ends soon, everything else as it is.
const SOON: Limits = Limits { fuel: PURE.fuel, ..SHORT };

async fn tested(guest: &str, word: &str) -> Conformance {
    let home = Home::new();
    let path = home.file("guest.wasm", &hostile(guest, word));
    let host = PluginHost::new(&[], Some(store(&home.home()))).with_limits(SOON);
    let found = host.conformance(&Subject::Path(path)).await.unwrap();
    assert!(host.list().unwrap().is_empty() && !home.home().join("cache").exists(), "testing keeps nothing");
    found
}

/// Names of the checks that failed, with the reason.
fn failed(found: &Conformance) -> BTreeMap<&str, &str> {
    let failures = found.checks.iter().filter_map(|check| Some((check.name, check.failure.as_ref()?.reason.as_str())));
    failures.collect()
}

/// Every word makes exactly these checks fail, and a reason says the text.
async fn each(guest: &str, rows: &[(&str, &[&str], &str)]) {
    for (word, checks, says) in rows {
        let found = tested(guest, word).await;
        let failed = failed(&found);
        assert_eq!(failed.keys().copied().collect::<Vec<_>>(), *checks, "{guest} `{word}`: {failed:#?}");
        assert!(failed.values().any(|reason| reason.contains(says)), "{guest} `{word}`: wanted `{says}`, got: {failed:#?}");
        assert_eq!(found.passed() + found.failed(), found.checks.len());
    }
}

#[tokio::test]
async fn every_plugin_of_this_program_passes() {
    // With half of the fuel: the largest reports must leave room for slower compilers of the validator.
    let half = Limits { fuel: PURE.fuel / 2, ..PURE };
    let host = PluginHost::new(builtin(), None).with_limits(half);
    for listed in host.list().unwrap() {
        let id = listed.unwrap().manifest.id;
        let found = host.conformance(&Subject::Id(id.clone())).await.unwrap();
        assert_eq!(failed(&found), BTreeMap::new(), "{id}");
        assert!(found.passed() > 8 && found.plugin.unwrap().id == id);
    }
}

#[tokio::test]
async fn well_behaved_guests_pass() {
    for guest in ["kind", "auth"] {
        let found = tested(guest, "none").await;
        assert_eq!(failed(&found), BTreeMap::new(), "{guest}");
    }
}

#[tokio::test]
async fn a_kind_that_is_not_deterministic_fails() {
    each("kind", &[("order", &["documents", "lower.same"], "other bytes, first in the file")]).await;
}

#[tokio::test]
async fn a_kind_that_escapes_a_path_fails() {
    each(
        "kind",
        &[
            ("escape", &["lower.names", "lower.paths"], "no absolute, normalised path"),
            ("absolute", &["lower.names", "lower.paths"], "does not lie below"),
            ("link", &["lower.names", "lower.paths"], "permission bits only"),
            ("case", &["lower.paths"], "differ in case only"),
            ("twice", &["lower.names", "lower.paths"], "is given twice"),
            ("foreign-source", &["lower.names", "lower.paths"], "none of the instance's"),
            ("names", &["lower.names"], "hostile role"),
        ],
    )
    .await;
}

#[tokio::test]
async fn a_kind_that_drops_an_input_in_silence_fails() {
    each(
        "kind",
        &[
            ("drop-doc", &["lower.outcomes"], "docs.extras.glossary"),
            ("drop-skill", &["lower.outcomes"], "skills.search"),
            ("drop-mcp", &["lower.inputs", "lower.outcomes", "lower.secrets"], "mcp.remote"),
            ("drop-model", &["lower.inputs", "lower.outcomes", "lower.secrets"], "execution.model"),
            ("drop-sandbox", &["lower.outcomes"], "execution.sandbox"),
            ("drop-subagents", &["lower.outcomes"], "agent.subagents"),
            ("claim-mcp", &["lower.inputs", "lower.secrets"], "`marker-url`"),
            ("drop-secret", &["lower.secrets"], "`PROBE_OPTIONAL`"),
            ("options", &["options.unknown"], "conformance_unknown_option"),
        ],
    )
    .await;
}

#[tokio::test]
async fn a_kind_that_makes_things_up_fails() {
    each(
        "kind",
        &[
            ("invent-secret", &["lower.secrets"], "`AWS_SECRET_ACCESS_KEY`, which nothing declares"),
            ("preload", &["lower.secrets"], "LD_PRELOAD"),
            ("ports", &["lower.ports"], "listens on 4000 too"),
            ("title", &["manifest"], "\\u{202e}"),
        ],
    )
    .await;
}

#[tokio::test]
async fn a_kind_that_crashes_or_runs_away_fails_and_the_suite_goes_on() {
    each(
        "kind",
        &[
            ("index", &["bounded"], "index out of bounds: 0"),
            ("panic", &["bounded", "lower.works"], "the cat sat on the keyboard \\u{1b}[31m\\u{202e}"),
        ],
    )
    .await;
    let found = tested("kind", "many").await;
    assert!(failed(&found)["bounded"].contains("it used more"), "{found:#?}");
    // A guest that cannot even say who it is has no suite: that is a check of its own.
    let found = tested("kind", "loop-at-once").await;
    assert_eq!((failed(&found).into_keys().collect::<Vec<_>>(), found.checks.len()), (vec!["loads"], 1));
    assert!(found.plugin.is_some());
}

#[tokio::test]
async fn a_target_that_asks_for_more_than_the_plan_holds_gets_nothing_and_fails() {
    for (word, says) in [
        ("host-mount", "the volumes of unit"),
        ("socket-mount", "the volumes of unit"),
        ("writable-mount", "the volumes of unit"),
        ("volume-foreign", "the volume `somebody-elses-data`, which is not planned"),
        ("volume-path", "the volume `/var/run/docker.sock`, which is not planned"),
        ("host-network", "the network is `host`"),
        ("join-network", "the network is `container:conformance-foreign`"),
        ("privileged", "the capability `ALL`"),
        ("capability", "the capability `SYS_ADMIN`"),
        ("secret", "the secrets of unit"),
        ("secret-literal", "the variables of unit"),
        ("variable", "the variables of unit"),
        ("image", "the image is `evil:latest`"),
        ("name", "the name is `spawnfile-other`"),
        ("unit", "the plan has no unit `other`"),
        ("label", "the labels of unit"),
        ("unlabelled", "the labels of unit"),
        ("publish", "0.0.0.0"),
        ("publish-more", "port 22"),
        ("limits", "the limits of unit"),
        ("grace", "the grace to stop"),
        ("remove-foreign", "remove the container `conformance-foreign`, which is somebody else's"),
        ("stop-foreign", "stop the container `conformance-foreign`"),
        ("rename-foreign", "rename the container `conformance-foreign`"),
    ] {
        let found = tested("target", word).await;
        let failed = failed(&found);
        let reason = failed.get("start.capability").unwrap_or_else(|| panic!("`{word}` got through: {failed:#?}"));
        assert!(reason.contains(says), "`{word}`: wanted `{says}`, got: {reason}");
        // What was refused did not happen, or the untouched things would be among the reasons.
        assert!(!reason.contains("was touched"), "`{word}`: {reason}");
    }
}

#[tokio::test]
async fn a_target_that_does_its_work_badly_fails() {
    let careless = tested("target", "none").await;
    let failures: Vec<_> = failed(&careless).into_keys().collect();
    assert_eq!(failures, ["inspect", "remove", "start.mends", "start.undoes"]);
    for (word, check) in [
        ("create-always", "start.repeat"),
        ("hide-errors", "errors"),
        ("twice", "start.works"),
        ("ask-for-ever", "bounded"),
        ("loop", "bounded"),
    ] {
        let found = tested("target", word).await;
        assert!(failed(&found).contains_key(check), "`{word}`: {:#?}", failed(&found));
    }
}

#[tokio::test]
async fn a_validator_that_reads_nothing_fails_whatever_it_says() {
    let found = tested("validator", "accept").await;
    let failures = failed(&found);
    assert!(failures["reports.broken"].contains("accepts it"), "{failures:#?}");
    assert!(
        failures["extras.broken"].contains("extras that are none") && failures["reports.golden"].contains("not what stands there"),
        "{failures:#?}"
    );
    let found = tested("validator", "silent").await;
    let failures = failed(&found);
    assert!(failures["refusals"].contains("says nothing") && failures["reports.golden"].contains("it refuses it"), "{failures:#?}");
}

#[tokio::test]
async fn an_auth_method_that_quotes_guesses_or_crashes_fails() {
    each(
        "auth",
        &[
            ("quote", &["parse.quiet"], "quotes what it was given"),
            ("accept", &["parse.refuses"], "is taken for a credential"),
            ("slots", &["describe.slots"], "slot `token`"),
            ("unbounded", &["describe.sources"], "4294967295 bytes"),
            ("index", &["bounded"], "crashed"),
        ],
    )
    .await;
}

#[tokio::test]
async fn what_is_no_plugin_fails_to_load_and_what_is_not_there_is_an_error() {
    let home = Home::new();
    for (name, bytes) in
        [("text.wasm", b"hello".to_vec()), ("empty.wasm", Vec::new()), ("module.wasm", wat::parse_str("(module)").unwrap())]
    {
        let found = home.host.conformance(&Subject::Path(home.file(name, &bytes))).await.unwrap();
        assert_eq!(failed(&found).into_keys().collect::<Vec<_>>(), ["loads"], "{name}");
        assert_eq!((found.passed(), found.failed(), found.plugin), (0, 1, None));
    }
    let nowhere = home.host.conformance(&Subject::Path(home.folder.path().join("nowhere.wasm"))).await.unwrap_err();
    assert!(matches!(nowhere.problem(), Problem::Io(_)), "{nowhere}");
    let unknown = home.host.conformance(&Subject::Id("test/nobody".parse().unwrap())).await.unwrap_err();
    assert!(matches!(unknown.problem(), Problem::NotFound { .. }), "{unknown}");
}

#[tokio::test]
async fn an_added_plugin_is_tested_by_its_id() {
    let home = Home::new();
    // A kind whose `lower` always crashes.
    home.host.add(&home.file("guest.wasm", &kind("parrot", "(i32.const 4000)"))).await.unwrap();
    let found = home.host.conformance(&Subject::Id("test/parrot".parse().unwrap())).await.unwrap();
    assert!(failed(&found).contains_key("bounded") && failed(&found).contains_key("lower.works"), "{found:#?}");
    assert_eq!(found.kind.as_deref(), Some("runtime-kind"));
}
