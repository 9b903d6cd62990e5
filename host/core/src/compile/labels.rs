//! Labels of the image.

use std::collections::BTreeMap;

use crate::finding::{Finding, Findings};
use crate::name::label_slug;
use crate::oci::labels::{COMPILE_FINGERPRINT, DEFAULT_REPORT_PATH, IMAGE_CONTRACT, IMAGE_CONTRACT_V1, PROJECT, REPORT};
use crate::report::DistributionReport;

/// Returns the labels that every tool's images have.
pub(super) fn labels(report: &DistributionReport, findings: &mut Findings) -> BTreeMap<String, String> {
    let project = label_slug(&report.organization.project).unwrap_or_else(|| {
        let message = format!("`{}` has no character that may stand in an image label", report.organization.project);
        findings.push(Finding::error("organization.name", message));
        String::new()
    });
    [
        (COMPILE_FINGERPRINT, report.compile_fingerprint.clone()),
        (IMAGE_CONTRACT, IMAGE_CONTRACT_V1.to_owned()),
        (PROJECT, project),
        (REPORT, DEFAULT_REPORT_PATH.to_owned()),
    ]
    .into_iter()
    .map(|(key, value)| (key.to_owned(), value))
    .collect()
}
