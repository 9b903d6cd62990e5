//! What must not be published: paths of the creator's machine, values of secrets, and what has the shape of either.
//!
//! Looks at every file that a compile writes into the image, and at labels and build steps. No finding shows or
//! derives anything from what was found: it says what kind of thing stands where. [`Allow`] lets the creator accept
//! findings by file, code and number.
//!
//! Refuses nothing that is merely long or random: digests, ids and words of a text are no findings.

mod allow;
mod path;
mod token;

#[cfg(test)]
mod tests;

use memchr::memmem;

pub use allow::{Allow, AllowError};

use crate::finding::{Finding, Findings, Position, Severity};
use crate::secret::Secret;

/// What is looked at.
#[derive(Debug, Clone, Copy)]
pub struct Authored<'a> {
    /// Where it is: an absolute path in the image, `labels` or `Dockerfile`.
    pub file: &'a str,
    /// What it is.
    pub class: Class,
    /// Its content.
    pub bytes: &'a [u8],
}

/// What a file is to its readers.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Class {
    /// Report, extras, plan, configuration, labels: nothing in it is an example.
    Machine,
    /// Docs and skills: an example of a token is a warning.
    Prose,
}

impl Class {
    /// Returns what a file of the image is, by its path.
    pub fn of(path: &str) -> Self {
        let prose = [".md", ".markdown", ".txt"].iter().any(|end| path.to_ascii_lowercase().ends_with(end)) || path.contains("/skills/");
        if prose { Self::Prose } else { Self::Machine }
    }
}

/// What is known to be the creator's own.
#[derive(Debug, Clone, Default)]
pub struct Known {
    /// Absolute folders of the creator's machine.
    pub folders: Vec<String>,
    /// Values by the name under which the creator has them.
    pub values: Vec<(String, Secret)>,
}

/// Shortest value that is looked for: shorter ones stand in any text.
const SHORTEST_VALUE: usize = 8;
/// Most findings of one code in one file that are told one by one.
const MOST: usize = 20;

/// Returns what must not be published, without what is allowed.
pub fn check<'a>(files: impl IntoIterator<Item = Authored<'a>>, known: &Known, allow: &Allow) -> Findings {
    let mut found = Vec::new();
    for file in files {
        look(&file, known, &mut found);
    }
    allow.apply(&found)
}

fn look(file: &Authored<'_>, known: &Known, found: &mut Vec<Finding>) {
    let mut hits: Vec<(usize, &'static str, Severity, String)> = Vec::new();
    for folder in &known.folders {
        for needle in spellings(folder.as_bytes()) {
            let ends = |at: usize| file.bytes.get(at + needle.len()).is_none_or(|next| !is_name(*next));
            let message = "a folder of this machine";
            hits.extend(
                memmem::find_iter(file.bytes, &needle)
                    .filter(|at| ends(*at))
                    .map(|at| (at, "leak.path", Severity::Error, message.to_owned())),
            );
        }
    }
    for (name, value) in known.values.iter().filter(|(_, value)| is_telling(value.expose())) {
        for needle in spellings(value.expose()) {
            hits.extend(
                memmem::find_iter(file.bytes, &needle).map(|at| (at, "leak.value", Severity::Error, format!("the value of `{name}`"))),
            );
        }
    }
    hits.extend(path::find(file.bytes).into_iter().map(|(at, what)| (at, "leak.path-shape", Severity::Error, what.to_owned())));
    let severity = if file.class == Class::Prose { Severity::Warning } else { Severity::Error };
    hits.extend(
        token::find(file.bytes, file.class).into_iter().map(|(at, what)| (at, "leak.token", severity, format!("what looks like {what}"))),
    );

    // A known folder or value says more than the shape that it has too.
    hits.sort_by_key(|hit| (hit.0, rank(hit.1)));
    hits.dedup_by_key(|hit| hit.0);
    let mut told = std::collections::BTreeMap::<&str, usize>::new();
    for (at, code, severity, what) in hits {
        let count = told.entry(code).or_default();
        *count += 1;
        if *count <= MOST {
            let message = format!("{what} would be published");
            found.push(Finding::new(severity, code, message).at(file.file, Some(position(file.bytes, at))));
        }
    }
}

const fn rank(code: &str) -> u8 {
    // `leak.path`, `leak.value`, then the shapes.
    match code.len() {
        9 => 0,
        10 => 1,
        _ => 2,
    }
}

/// A value as it is, and as it stands in JSON.
fn spellings(value: &[u8]) -> Vec<Vec<u8>> {
    let mut all = vec![value.to_vec()];
    if let Ok(text) = std::str::from_utf8(value) {
        let json = serde_json::Value::from(text).to_string();
        let json = json.get(1..json.len().saturating_sub(1)).unwrap_or_default().as_bytes().to_vec();
        if !all.contains(&json) {
            all.push(json);
        }
    }
    all
}

/// Whether a value says something where it stands: long enough, and no word that texts have anyway.
fn is_telling(value: &[u8]) -> bool {
    let word = value.iter().all(u8::is_ascii_lowercase) || value.iter().all(|b| b.is_ascii_alphabetic() || matches!(b, b'-' | b'_'));
    let distinct: std::collections::BTreeSet<_> = value.iter().collect();
    value.len() >= SHORTEST_VALUE && distinct.len() > 3 && !(word && value.len() < 16)
}

fn is_name(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'-' | b'.')
}

fn position(bytes: &[u8], at: usize) -> Position {
    let before = bytes.get(..at).unwrap_or_default();
    let line = before.iter().filter(|byte| **byte == b'\n').count();
    let start = before.iter().rposition(|byte| *byte == b'\n').map_or(0, |end| end + 1);
    let column = String::from_utf8_lossy(before.get(start..).unwrap_or_default()).chars().count();
    let number = |value: usize| u32::try_from(value).unwrap_or(u32::MAX).saturating_add(1);
    Position { line: number(line), column: number(column) }
}
