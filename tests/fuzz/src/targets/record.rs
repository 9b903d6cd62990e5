//! A deployment record, out of a store that another tool or a crash may have written.

use spawnfile_core::deployment::record::{RecordError, parse};
use spawnfile_core::json::pretty;

pub fn check(bytes: &[u8]) {
    match parse(bytes) {
        Ok(record) => {
            assert_eq!(parse(&pretty(&record)).as_ref(), Ok(&record), "printed and read back");
        }
        Err(error) => {
            super::is_fit_to_show(&error.to_string());
            if let RecordError::Invalid(violations) = error {
                violations.iter().for_each(|violation| super::is_fit_to_show(&violation.to_string()));
            }
        }
    }
}
