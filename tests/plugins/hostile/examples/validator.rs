//! A validator that reads nothing: it refuses everything, or accepts everything.

use hostile::{attack, how};
use spawnfile_plugin::report_validator::{ReportValidator, types};

struct Hostile;

impl ReportValidator for Hostile {
    fn accepts() -> Vec<String> {
        vec!["spawnfile.distribution-report.v1".to_owned()]
    }

    fn validate_report(_bytes: &[u8]) -> Result<types::Report, types::Invalid> {
        attack();
        match how() {
            "accept" => Ok(empty()),
            "silent" => Err(types::Invalid::Violations(Vec::new())),
            _ => Err(types::Invalid::TooLarge(0)),
        }
    }

    fn validate_extras(bytes: &[u8]) -> Result<types::Extras, types::Invalid> {
        attack();
        match how() {
            "accept" => Ok(types::Extras { document: String::from_utf8_lossy(bytes).into_owned() }),
            _ => Err(types::Invalid::TooLarge(0)),
        }
    }
}

fn empty() -> types::Report {
    types::Report {
        compile_fingerprint: String::new(),
        computed_fingerprint: String::new(),
        generated_at: String::new(),
        organization: types::Organization { project: String::new(), agents: Vec::new(), teams: Vec::new() },
        model_auth_methods: Vec::new(),
        secrets: types::Secrets { model: Vec::new(), project: Vec::new(), runtime: Vec::new(), surface: Vec::new() },
        internal_ports: Vec::new(),
        ports: Vec::new(),
        port_mappings: Vec::new(),
        persistent_mounts: Vec::new(),
        resources: Vec::new(),
        runtime_instances: Vec::new(),
        networks: Vec::new(),
        world_bindings: None,
    }
}

spawnfile_plugin::export_report_validator!(Hostile);
spawnfile_plugin::plugin_manifest!(
    "schema = 1\nid = \"test/hostile-validator\"\nkind = \"report-validator\"\nversion = \"0.1.0\"\n\
     world = \"spawnfile:report-validator/report-validator@0.1.0\"\ntitle = \"Reads nothing\"\n"
);
