//! Checks the two documents of an image inside the sandbox: foreign bytes in, checked records out.
//!
//! The rules are spawnfile-core's own; what stands here is the way between its types and the world's records. The host
//! uses the result and never parses the bytes itself.

mod convert;

use spawnfile_core::extras::{self, EXTRAS_VERSION};
use spawnfile_core::json::Problem;
use spawnfile_core::report::{self, REPORT_VERSION, fingerprint};
use spawnfile_plugin::report_validator::{ReportValidator, types};

/// The validator.
#[derive(Debug)]
pub struct Validator;

impl ReportValidator for Validator {
    fn accepts() -> Vec<String> {
        vec![REPORT_VERSION.to_owned(), EXTRAS_VERSION.to_owned()]
    }

    fn validate_report(bytes: &[u8]) -> Result<types::Report, types::Invalid> {
        let report = report::parse(bytes).map_err(invalid)?;
        let computed = fingerprint(&report);
        Ok(convert::report(report, computed))
    }

    fn validate_extras(bytes: &[u8]) -> Result<types::Extras, types::Invalid> {
        let extras = extras::parse(bytes).map_err(invalid)?;
        let document = String::from_utf8(extras.to_canonical_bytes()).map_err(|_| types::Invalid::UnsupportedVersion(String::new()))?;
        Ok(types::Extras { document })
    }
}

fn invalid(problem: Problem) -> types::Invalid {
    match problem {
        Problem::TooLarge(most) => types::Invalid::TooLarge(most),
        Problem::Malformed { line, column, message } => types::Invalid::Malformed(types::Malformed { line, column, message }),
        Problem::UnsupportedVersion(version) => types::Invalid::UnsupportedVersion(version),
        Problem::Violations(all) => types::Invalid::Violations(
            all.into_iter().map(|one| types::Violation { pointer: one.pointer, code: one.code, message: one.message }).collect(),
        ),
    }
}

spawnfile_plugin::export_report_validator!(Validator);
spawnfile_plugin::plugin_manifest!(include_str!("../plugin.toml"));
