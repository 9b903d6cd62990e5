//! `Spawnfile.allow`: findings that the creator has looked at and accepts.

use std::collections::BTreeMap;

use serde::Deserialize;

use crate::finding::{Finding, Findings};

/// Largest file that is read.
const MOST_BYTES: usize = 256 * 1024;

/// Findings accepted by file, code and number: one more than the number, and none of them is accepted.
#[derive(Debug, Clone, Default)]
pub struct Allow(Vec<Entry>);

#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
struct Entry {
    /// As the finding names it.
    file: String,
    /// As the finding names it.
    code: String,
    /// How many there are.
    count: usize,
    /// Why that is right: for the next reader.
    reason: String,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Document {
    version: u32,
    #[serde(default)]
    allow: Vec<Entry>,
}

/// Why a file of accepted findings cannot be used.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum AllowError {
    /// It is too large, no TOML, or has other keys.
    #[error("it cannot be read: {0}")]
    Unreadable(String),
    /// It is of another version.
    #[error("it is of version {0}; version 1 is known")]
    Version(u32),
    /// An entry says too little, or one file and code stand in it twice.
    #[error("entry {number} (`{file}`, `{code}`) {why}")]
    Entry {
        /// Number of the entry, from 1.
        number: usize,
        /// Its file.
        file: String,
        /// Its code.
        code: String,
        /// What is wrong.
        why: &'static str,
    },
}

impl Allow {
    /// Reads the file.
    ///
    /// # Errors
    /// What [`AllowError`] says.
    pub fn parse(text: &str) -> Result<Self, AllowError> {
        if text.len() > MOST_BYTES {
            return Err(AllowError::Unreadable(format!("it is larger than {MOST_BYTES} bytes")));
        }
        let document: Document = toml::from_str(text).map_err(|error| AllowError::Unreadable(error.message().to_owned()))?;
        if document.version != 1 {
            return Err(AllowError::Version(document.version));
        }
        let mut seen = BTreeMap::new();
        for (number, entry) in (1..).zip(&document.allow) {
            let wrong = |why| Err(AllowError::Entry { number, file: entry.file.clone(), code: entry.code.clone(), why });
            if entry.reason.trim().is_empty() {
                return wrong("has no reason");
            }
            if entry.count == 0 {
                return wrong("accepts nothing: its count is 0");
            }
            if seen.insert((&entry.file, &entry.code), number).is_some() {
                return wrong("stands there twice");
            }
        }
        Ok(Self(document.allow))
    }

    /// Drops what is accepted. An entry that accepts more than there is becomes a warning: it would hide the next one.
    pub(super) fn apply(&self, found: &[Finding]) -> Findings {
        let mut counts: BTreeMap<(&str, &str), usize> = BTreeMap::new();
        for finding in found {
            *counts.entry((finding.file.as_deref().unwrap_or_default(), finding.code.as_str())).or_default() += 1;
        }
        let mut findings = Findings::default();
        for entry in &self.0 {
            let count = counts.get(&(entry.file.as_str(), entry.code.as_str())).copied().unwrap_or_default();
            if count < entry.count {
                let message =
                    format!("Spawnfile.allow accepts {} of `{}` in `{}`, where there are {count}", entry.count, entry.code, entry.file);
                findings.push(Finding::warning("leak.allow", message));
            }
        }
        let accepted = |finding: &Finding| {
            let file = finding.file.as_deref().unwrap_or_default();
            let entry = self.0.iter().find(|entry| entry.file == file && entry.code == finding.code);
            entry.is_some_and(|entry| counts.get(&(file, finding.code.as_str())).is_some_and(|count| *count <= entry.count))
        };
        let kept: Vec<Finding> = found.iter().filter(|finding| !accepted(finding)).cloned().collect();
        for finding in kept {
            findings.push(finding);
        }
        findings
    }
}
