//! Extras, out of an image that somebody else made.

use std::collections::BTreeMap;

use spawnfile_core::extras::{Extras, parse};
use spawnfile_core::fill::{self, fill};
use spawnfile_core::json::{MAX_VIOLATIONS, pretty};
use spawnfile_core::report;
use spawnfile_core::secret::Secret;

/// A report for the extras to agree with or not.
const REPORT: &[u8] = include_bytes!("../../corpus/report/one-agent.json");

pub fn check(bytes: &[u8]) {
    match parse(bytes) {
        Ok(extras) => holds(&extras),
        Err(problem) => super::report::is_bounded(&problem),
    }
}

fn holds(extras: &Extras) {
    assert_eq!(parse(&pretty(extras)).as_ref(), Ok(extras), "printed and read back");
    assert_eq!(parse(&extras.to_canonical_bytes()).as_ref(), Ok(extras), "canonical and read back");
    let report = report::parse(REPORT).unwrap();
    let contradictions = extras.agree(&report);
    assert!(contradictions.len() <= MAX_VIOLATIONS + 1);
    contradictions.iter().for_each(|violation| super::is_fit_to_show(&violation.to_string()));
    if contradictions.is_empty() {
        super::report::consumed(&report, Some(extras));
    }
    extras.instances.iter().flat_map(|instance| &instance.auth).for_each(fills);
}

/// Every hole of accepted extras stands where it can be filled.
fn fills(place: &spawnfile_core::extras::AuthPlace) {
    let files = place.files.iter().map(|file| (&file.text, &file.holes));
    for (text, holes) in files.chain(place.env.iter().map(|variable| (&variable.text, &variable.holes))) {
        let slots: BTreeMap<String, Secret> = holes.iter().map(|hole| (hole.slot.clone(), Secret::new(b"value".to_vec()))).collect();
        match fill(text, holes, &slots) {
            Ok(filled) => assert!(filled.expose().len() >= text.len() + 5 * holes.len()),
            Err(error) => assert_eq!(error, fill::FillError::TooLarge),
        }
    }
}
