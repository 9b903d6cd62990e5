//! The suite of report validators. The host reads the same documents with core's own reader, and a validator must come
//! to the same verdict and the same content: what it lets through is what an image gets the user to run.

mod broken;

use spawnfile_core::extras;
use spawnfile_core::json::MAX_BYTES;
use spawnfile_core::report::{self, REPORT_VERSION, fingerprint};

use super::about;
use super::golden;
use super::sheet::{Check, LOADS, Row, Sheet};
use crate::error::Problem;
use crate::handle::report_validator::{InvalidReport, ReportValidator};
use crate::manifest::PluginManifest;

const ROWS: &[Row] = &[
    LOADS,
    about::MANIFEST,
    (
        "accepts",
        "it names the versions that it reads, the host's among them, the same every time",
        "return `spawnfile.distribution-report.v1` from `accepts`",
    ),
    (
        "reports.golden",
        "golden reports are accepted, and what comes out is what stands in them",
        "compare with specs/schemas/examples; take over every field",
    ),
    (
        "reports.broken",
        "broken reports are refused, and no other",
        "refuse unknown keys, keys that stand twice, and everything that specs/schemas refuses",
    ),
    ("extras.golden", "golden extras are accepted, and what comes out is what stands in them", "compare with specs/schemas/examples"),
    ("extras.broken", "broken extras are refused, and no other", "as for reports"),
    ("refusals", "a refusal says where and why: a place, a version, or a size", "give each violation a pointer, a code and a message"),
    ("same", "the same bytes get the same verdict, wherever", "no clock, no random number, no order of a HashMap"),
    about::BOUNDED,
];

struct Suite<'a> {
    validator: &'a ReportValidator,
    elsewhere: ReportValidator,
    sheet: Sheet,
}

/// Runs the suite.
pub(super) async fn suite(validator: &ReportValidator, manifest: &PluginManifest) -> Vec<Check> {
    let mut suite = Suite { validator, elsewhere: validator.elsewhere(), sheet: Sheet::new(ROWS) };
    about::manifest(&mut suite.sheet, manifest, None, &manifest.title);
    suite.accepts().await;
    for (name, text) in golden::REPORTS {
        suite.report("reports.golden", name, text.as_bytes()).await;
        for (how, bytes) in broken::variants(text) {
            suite.report("reports.broken", &how, &bytes).await;
        }
    }
    for list in ["/organization/agents", "/runtime_instances"] {
        let Some((_, text)) = golden::REPORTS.first() else { continue };
        let name = format!("a report of the largest size, with a long list at {list}");
        suite.report("reports.broken", &name, &broken::large(text, list, MAX_BYTES - 1024)).await;
    }
    for (name, text) in golden::EXTRAS {
        suite.extras("extras.golden", name, text.as_bytes()).await;
        for (how, bytes) in broken::variants(text) {
            suite.extras("extras.broken", &how, &bytes).await;
        }
    }
    if let Some((_, text)) = golden::EXTRAS.first() {
        suite.extras("extras.broken", "extras of the largest size", &broken::large(text, "/nodes", MAX_BYTES - 1024)).await;
    }
    suite.sheet.finish()
}

impl Suite<'_> {
    async fn accepts(&mut self) {
        let (first, again) = (self.validator.accepts().await, self.elsewhere.accepts().await);
        match (first, again) {
            (Ok(first), Ok(again)) => {
                self.sheet.expect(first == again, "accepts", || "asked again, it names others".to_owned());
                let known = first.iter().any(|version| version == REPORT_VERSION);
                self.sheet.expect(known, "accepts", || format!("`{REPORT_VERSION}` is not among `{}`", first.join(", ")));
            }
            (first, again) => {
                for error in [first.err(), again.err()].into_iter().flatten() {
                    self.sheet.crashed("accepts", &error);
                }
            }
        }
    }

    async fn report(&mut self, check: &str, name: &str, bytes: &[u8]) {
        let said = self.validator.validate_report(bytes).await;
        if check == "reports.golden" {
            for other in [self.validator.validate_report(bytes).await, self.elsewhere.validate_report(bytes).await] {
                self.sheet.expect(other == said, "same", || format!("{name}: asked again, it says something else"));
            }
        }
        match (said, report::parse(bytes)) {
            (Ok((read, computed)), Ok(own)) => {
                self.sheet.expect(read == own, check, || format!("{name}: what it gives is not what stands there"));
                let right = fingerprint(&own);
                self.sheet
                    .expect(computed == right, check, || format!("{name}: it computes the fingerprint `{computed}`, it is `{right}`"));
            }
            (Ok(_), Err(why)) => self.sheet.fail(check, format!("{name}: it accepts it ({why})")),
            (Err(invalid), own) => self.refused(check, name, &invalid, own.is_ok()),
        }
    }

    async fn extras(&mut self, check: &str, name: &str, bytes: &[u8]) {
        let said = self.validator.validate_extras(bytes).await;
        if check == "extras.golden" {
            for other in [self.validator.validate_extras(bytes).await, self.elsewhere.validate_extras(bytes).await] {
                self.sheet.expect(other == said, "same", || format!("{name}: asked again, it says something else"));
            }
        }
        match (said, extras::parse(bytes)) {
            (Ok(read), Ok(own)) => self.sheet.expect(read == own, check, || format!("{name}: what it gives is not what stands there")),
            (Ok(_), Err(why)) => self.sheet.fail(check, format!("{name}: it accepts it ({why})")),
            (Err(invalid), own) => self.refused(check, name, &invalid, own.is_ok()),
        }
    }

    /// Judges a refusal. `good` says that there was nothing to refuse.
    fn refused(&mut self, check: &str, name: &str, invalid: &InvalidReport, good: bool) {
        match invalid {
            InvalidReport::Plugin(error) if matches!(error.problem(), Problem::Trapped(_) | Problem::Exhausted(_)) => {
                return self.sheet.crashed(name, error);
            }
            InvalidReport::Plugin(error) => return self.sheet.fail(check, format!("{name}: {}", error.said())),
            InvalidReport::Violations(list) => {
                let told = !list.is_empty() && list.iter().all(|one| !one.code.is_empty() && !one.message.is_empty());
                self.sheet.expect(told, "refusals", || format!("{name}: it refuses and says nothing, or without code or message"));
            }
            InvalidReport::Malformed { line, message, .. } => {
                self.sheet.expect(*line > 0 && !message.is_empty(), "refusals", || {
                    format!("{name}: it is malformed, and nothing says where or how")
                });
            }
            InvalidReport::UnsupportedVersion(_) | InvalidReport::TooLarge(_) => {}
        }
        self.sheet.expect(!good, check, || format!("{name}: it refuses it: {invalid}"));
    }
}
