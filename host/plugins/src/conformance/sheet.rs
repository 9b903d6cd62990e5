//! The sheet of a suite: one row a check, declared before anything runs, so that a check cannot be left out by what
//! comes before it.

use serde::Serialize;

use crate::error::{PluginError, clean};

/// Longest reason that is kept, in bytes.
const REASON: usize = 600;

/// One check and what came of it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Check {
    /// Stable name (`lower.paths`).
    pub name: &'static str,
    /// What is promised, in one line.
    pub about: &'static str,
    /// Why it is not so; nothing when it is.
    pub failure: Option<Failure>,
}

/// Why a check failed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Failure {
    /// What was found first, and how much more.
    pub reason: String,
    /// What an author can do.
    pub hint: &'static str,
}

/// A row to be filled: name, promise, hint.
pub(super) type Row = (&'static str, &'static str, &'static str);

/// Rows of every plugin.
pub(super) const LOADS: Row = (
    "loads",
    "it is a component of one world, imports nothing else, compiles, and says who it is",
    "mend what is said, or build it again with the SDK crate `spawnfile-plugin` for wasm32-unknown-unknown",
);

/// Collects what is found.
pub(super) struct Sheet {
    rows: Vec<(Row, Vec<String>)>,
}

impl Sheet {
    pub(super) fn new(rows: &[Row]) -> Self {
        Self { rows: rows.iter().map(|row| (*row, Vec::new())).collect() }
    }

    /// Notes that a check failed, in the words of what was found. The text may be the plugin's.
    pub(super) fn fail(&mut self, name: &str, reason: impl AsRef<str>) {
        let reason = clean(reason.as_ref(), REASON);
        // A name that no row has would be a check that nobody sees.
        let row = self.rows.iter_mut().find(|((known, ..), _)| *known == name);
        debug_assert!(row.is_some(), "no row `{name}`");
        if let Some((_, reasons)) = row
            && !reasons.contains(&reason)
        {
            reasons.push(reason);
        }
    }

    /// Notes a failure unless something holds.
    pub(super) fn expect(&mut self, holds: bool, name: &str, reason: impl FnOnce() -> String) {
        if !holds {
            self.fail(name, reason());
        }
    }

    /// Notes a crash, or the use of more than is allowed, under `bounded`.
    pub(super) fn crashed(&mut self, during: &str, error: &PluginError) {
        self.fail("bounded", format!("{during}: {}", error.said()));
    }

    pub(super) fn finish(self) -> Vec<Check> {
        self.rows.into_iter().map(|((name, about, hint), reasons)| Check { name, about, failure: failure(&reasons, hint) }).collect()
    }
}

fn failure(reasons: &[String], hint: &'static str) -> Option<Failure> {
    let first = reasons.first()?;
    let reason = match reasons.len() - 1 {
        0 => first.clone(),
        more => format!("{first} (and {more} more)"),
    };
    Some(Failure { reason, hint })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rows_stay_in_order_and_say_the_first_reason_and_how_many_more() {
        let mut sheet = Sheet::new(&[LOADS, ("x", "about", "hint")]);
        sheet.fail("x", "one\u{202e}");
        sheet.fail("x", "one\u{202e}");
        sheet.expect(true, "loads", || unreachable!());
        sheet.expect(false, "x", || "two".to_owned());
        let checks = sheet.finish();
        assert_eq!((checks[0].name, &checks[0].failure), ("loads", &None));
        assert_eq!(checks[1].failure, Some(Failure { reason: "one\\u{202e} (and 1 more)".to_owned(), hint: "hint" }));
    }
}
