//! The sum of what the test programs said. Pure.

use std::fmt;

/// Tests counted over all test programs.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Totals {
    passed: u64,
    failed: u64,
    ignored: u64,
    /// `<test>: <reason>`
    skips: Vec<String>,
    noted: u64,
    uncounted: bool,
}

impl Totals {
    /// Takes one line of the output of `cargo test`.
    pub(super) fn line(&mut self, line: &str) {
        if let Some(result) = line.strip_prefix("test result: ") {
            let counts = result.split_once(". ").map_or("", |(_, counts)| counts);
            for count in counts.split("; ") {
                let Some((number, what)) = count.split_once(' ') else { continue };
                let Ok(number) = number.parse::<u64>() else { continue };
                match what {
                    "passed" => self.passed += number,
                    "failed" => self.failed += number,
                    "ignored" => self.ignored += number,
                    _ => {}
                }
            }
        } else if let Some((test, how)) = line.strip_prefix("test ").and_then(|line| line.split_once(" ... ignored")) {
            let reason = how.strip_prefix(", ").unwrap_or("ignored without a reason");
            self.skips.push(format!("{test}: {reason}"));
        }
    }

    /// Takes the notes of tests that found that they cannot run here. Each was counted as passed.
    pub(super) fn skipped_by_themselves(&mut self, notes: &str) {
        for note in notes.lines().map(str::trim).filter(|note| !note.is_empty()) {
            self.noted += 1;
            self.skips.push(note.to_owned());
        }
    }

    /// Takes how `cargo test` ended: what did not compile, or died half-way, gave no count and is one failure.
    pub(super) fn ended(&mut self, well: bool) {
        if !well && self.failed == 0 {
            self.failed = 1;
            self.uncounted = true;
        }
    }

    /// Each skipped test and why.
    pub(super) fn skips(&self) -> &[String] {
        &self.skips
    }

    /// Whether something failed that no test program counted.
    pub(super) fn uncounted(&self) -> bool {
        self.uncounted
    }

    /// Failures, the uncounted one included.
    pub(super) fn failed(&self) -> u64 {
        self.failed
    }
}

impl fmt::Display for Totals {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let passed = self.passed.saturating_sub(self.noted);
        write!(f, "{passed} passed, {} failed, {} skipped", self.failed, self.ignored + self.noted)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn totals(output: &str) -> Totals {
        let mut totals = Totals::default();
        output.lines().for_each(|line| totals.line(line));
        totals
    }

    const OUTPUT: &str = "\
running 3 tests
test a::b ... ok
test a::c ... ignored, needs another network
test a::d ... FAILED
test result: FAILED. 1 passed; 1 failed; 1 ignored; 0 measured; 0 filtered out; finished in 0.01s

   Doc-tests x
test host/x.rs - f (line 3) ... ignored
test result: ok. 12 passed; 0 failed; 1 ignored; 0 measured; 7 filtered out; finished in 1.20s
";

    #[test]
    fn every_program_is_counted_and_every_skip_has_its_reason() {
        let mut totals = totals(OUTPUT);
        totals.ended(false);
        assert_eq!(totals.to_string(), "13 passed, 1 failed, 2 skipped");
        assert!(!totals.uncounted());
        assert_eq!(totals.skips(), ["a::c: needs another network", "host/x.rs - f (line 3): ignored without a reason"]);
    }

    #[test]
    fn a_test_that_cannot_run_here_has_not_passed() {
        let mut totals = totals(OUTPUT);
        totals.skipped_by_themselves("flows::arm64: no qemu\n\n");
        assert_eq!(totals.to_string(), "12 passed, 1 failed, 3 skipped");
        assert_eq!(totals.skips().last().unwrap(), "flows::arm64: no qemu");
    }

    #[test]
    fn what_does_not_compile_is_a_failure() {
        let mut totals = totals("error: could not compile\n");
        totals.ended(false);
        assert_eq!(totals.to_string(), "0 passed, 1 failed, 0 skipped");
        assert!(totals.uncounted());
        let mut totals = Totals::default();
        totals.ended(true);
        assert_eq!(totals.failed(), 0);
    }

    #[test]
    fn other_lines_count_for_nothing() {
        assert_eq!(totals("test result: \ntest result: ok. x passed\ntest it ... ok\n5 passed; 1 failed\n"), Totals::default());
    }
}
