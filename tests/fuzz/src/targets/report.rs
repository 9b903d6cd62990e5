//! A distribution report, out of an image that somebody else made.

use spawnfile_core::extras::Extras;
use spawnfile_core::interface::ImageInterface;
use spawnfile_core::json::{MAX_VIOLATIONS, Problem, pretty};
use spawnfile_core::preflight::{self, Supplied};
use spawnfile_core::report::{DistributionReport, fingerprint, parse};

pub fn check(bytes: &[u8]) {
    match parse(bytes) {
        Ok(report) => holds(&report),
        Err(problem) => is_bounded(&problem),
    }
}

/// A refusal is short enough to read, whatever was refused.
pub(super) fn is_bounded(problem: &Problem) {
    super::is_fit_to_show(&problem.to_string());
    if let Problem::Violations(violations) = problem {
        assert!(!violations.is_empty() && violations.len() <= MAX_VIOLATIONS + 1);
        violations.iter().for_each(|violation| super::is_fit_to_show(&violation.to_string()));
    }
}

fn holds(report: &DistributionReport) {
    assert_eq!(parse(&pretty(report)).as_ref(), Ok(report), "printed and read back");
    let print = fingerprint(report);
    assert!(print.len() == 16 && print.starts_with("sf1:"));
    let mut other = report.clone();
    other.generated_at = "x".to_owned();
    other.compile_fingerprint = "y".to_owned();
    assert_eq!(fingerprint(&other), print, "time and fingerprint are not in the fingerprint");
    consumed(report, None);
}

/// What a consumer does with accepted documents has an answer too.
pub(super) fn consumed(report: &DistributionReport, extras: Option<&Extras>) {
    let interface = ImageInterface::of(report, extras, "r:1", None, "engine");
    assert!(!pretty(&interface).is_empty());
    let found = match preflight::check(report, extras, Supplied::default()) {
        Ok((_, findings)) | Err(findings) => findings,
    };
    found.iter().for_each(|finding| super::is_fit_to_show(&finding.message));
}
