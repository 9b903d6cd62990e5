//! Times as text.

use crate::finding::{Finding, Findings};

/// Returns the time as the format wants it: UTC with milliseconds.
pub(super) fn iso(unix: u64, findings: &mut Findings) -> String {
    let time = i64::try_from(unix).ok().and_then(|seconds| jiff::Timestamp::from_second(seconds).ok());
    match time {
        Some(time) => time.strftime("%Y-%m-%dT%H:%M:%S.000Z").to_string(),
        None => {
            findings.push(Finding::error("compile.time", format!("the source date {unix} is no time that can be written")));
            String::new()
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_have_milliseconds_and_bounds() {
        let mut findings = Findings::default();
        assert_eq!(iso(0, &mut findings), "1970-01-01T00:00:00.000Z");
        assert_eq!(iso(1_795_211_330, &mut findings), "2026-11-20T21:48:50.000Z");
        assert!(findings.is_empty());
        iso(u64::MAX, &mut findings);
        assert!(findings.has_errors());
    }
}
