//! The validator over the golden documents of spawnfile-core: the same verdicts, as records.
#![allow(clippy::unwrap_used, reason = "tests")]

use std::path::{Path, PathBuf};

use report_validator::Validator;
use spawnfile_core::report;
use spawnfile_plugin::report_validator::ReportValidator;
use spawnfile_plugin::report_validator::types::Invalid;

fn golden(folder: &str) -> Vec<(PathBuf, Vec<u8>)> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../host/core/tests").join(folder);
    let paths = std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path());
    let mut files: Vec<_> = paths.filter(|path| path.extension().is_some_and(|end| end == "json")).collect();
    files.sort();
    assert!(!files.is_empty());
    files
        .into_iter()
        .map(|path| {
            let bytes = std::fs::read(&path).unwrap();
            (path, bytes)
        })
        .collect()
}

/// The text that spawnfile-core's own golden files have for a refusal.
fn text(invalid: &Invalid) -> String {
    match invalid {
        Invalid::TooLarge(most) => format!("it is larger than {most} bytes\n"),
        Invalid::Malformed(at) => format!("line {}, column {}: {}\n", at.line, at.column, at.message),
        Invalid::UnsupportedVersion(version) => format!("version `{version}` is not supported\n"),
        Invalid::Violations(all) => all
            .iter()
            .map(|one| format!("{}: {} [{}]\n", if one.pointer.is_empty() { "/" } else { &one.pointer }, one.message, one.code))
            .collect(),
    }
}

#[test]
fn every_field_of_a_good_report_arrives() {
    for (path, bytes) in golden("reports/ok") {
        let expected = report::parse(&bytes).unwrap();
        let found = Validator::validate_report(&bytes).unwrap();
        assert_eq!(found.computed_fingerprint, report::fingerprint(&expected), "{}", path.display());
        assert_eq!(found.compile_fingerprint, expected.compile_fingerprint);
        assert_eq!(found.generated_at, expected.generated_at);
        assert_eq!(found.organization.project, expected.organization.project);
        assert_eq!((found.internal_ports, found.ports), (expected.internal_ports, expected.ports));
        let names = |agents: &[report::Agent]| agents.iter().map(|agent| (agent.id.clone(), agent.runtime.clone())).collect::<Vec<_>>();
        let found_agents: Vec<_> = found.organization.agents.into_iter().map(|agent| (agent.id, agent.runtime)).collect();
        assert_eq!(found_agents, names(&expected.organization.agents));
        assert_eq!(found.organization.teams.len(), expected.organization.teams.len());
        let networks: Vec<_> = found.networks.into_iter().map(|network| (network.id, network.binding)).collect();
        assert_eq!(networks, expected.moltnet.networks.into_iter().map(|network| (network.id, network.binding)).collect::<Vec<_>>());
        let mounts: Vec<_> = found.persistent_mounts.into_iter().map(|mount| (mount.id, mount.target)).collect();
        assert_eq!(mounts, expected.persistent_mounts.into_iter().map(|mount| (mount.id, mount.target)).collect::<Vec<_>>());
        assert_eq!(found.resources.len(), expected.resources.len());
        assert_eq!(found.port_mappings.len(), expected.port_mappings.len());
        assert_eq!(found.world_bindings.map(|bindings| bindings.digest), expected.world_bindings.map(|bindings| bindings.digest));
        for (found, expected) in found.runtime_instances.into_iter().zip(expected.runtime_instances) {
            assert_eq!((found.id, found.home_path, found.internal_port), (expected.id, expected.home_path, expected.internal_port));
            assert_eq!(found.engine_by_node_id, expected.engine_by_node_id.map(|map| map.into_iter().collect()));
            assert_eq!(found.telemetry_mount_ids, expected.telemetry_mount_ids.map(|map| map.into_iter().collect()));
            assert_eq!(found.model_secrets_required, expected.model_secrets_required);
        }
        let secrets = [found.secrets.model, found.secrets.project, found.secrets.runtime, found.secrets.surface].concat();
        let found: Vec<_> = secrets.into_iter().map(|secret| (secret.name, secret.required, secret.generated)).collect();
        let expected: Vec<_> = expected.secrets.all().map(|(_, secret)| (secret.name.clone(), secret.required, secret.generated)).collect();
        assert_eq!(found, expected);
    }
}

#[test]
fn good_extras_come_back_in_canonical_form() {
    for (path, bytes) in golden("extras/ok") {
        let compact = serde_json::to_vec(&serde_json::from_slice::<serde_json::Value>(&bytes).unwrap()).unwrap();
        assert_eq!(Validator::validate_extras(&compact).unwrap().document.as_bytes(), bytes, "{}", path.display());
    }
}

#[test]
fn bad_documents_are_refused_with_the_same_words() {
    for (path, bytes) in golden("reports/bad") {
        let expected = std::fs::read_to_string(path.with_extension("txt")).unwrap();
        assert_eq!(text(&Validator::validate_report(&bytes).unwrap_err()), expected, "{}", path.display());
    }
    for (path, bytes) in golden("extras/bad") {
        let expected = std::fs::read_to_string(path.with_extension("txt")).unwrap();
        assert_eq!(text(&Validator::validate_extras(&bytes).unwrap_err()), expected, "{}", path.display());
    }
    assert!(matches!(Validator::validate_report(&vec![b' '; 5 << 20]), Err(Invalid::TooLarge(4_194_304))));
}

#[test]
fn says_what_it_understands() {
    assert_eq!(Validator::accepts(), ["spawnfile.distribution-report.v1", "spawnfile.extras.v1"]);
}
