//! Patches of JSON files: each file is read once, patched, and written once, and only when something changed.

use std::collections::BTreeMap;
use std::path::Path;

use zeroize::Zeroizing;

use super::PrepareError;
use crate::file::{self, Links};
use crate::pointer;

/// A file that is patched may have this many bytes.
const LIMIT: usize = 16 << 20;

/// Patches by file, in the order in which they were added.
#[derive(Default)]
pub(super) struct Patches<'a>(BTreeMap<&'a str, Vec<(&'a str, Zeroizing<String>)>>);

impl<'a> Patches<'a> {
    pub(super) fn add(&mut self, file: &'a str, pointer: &'a str, prefix: &str, value: &str) {
        let mut text = Zeroizing::new(String::with_capacity(prefix.len() + value.len()));
        text.push_str(prefix);
        text.push_str(value);
        self.0.entry(file).or_default().push((pointer, text));
    }

    pub(super) fn apply(&self) -> Result<(), PrepareError> {
        self.0.iter().try_for_each(|(file, patches)| apply(Path::new(file), patches))
    }
}

fn apply(file: &Path, patches: &[(&str, Zeroizing<String>)]) -> Result<(), PrepareError> {
    let (bytes, mode) = file::read(file, LIMIT, Links::Refuse)?;
    let fail = |why: String| PrepareError::Patch { file: file.to_owned(), why };
    // The parser's own message may repeat what the file holds.
    let mut document = serde_json::from_slice(&bytes)
        .map_err(|error| fail(format!("it is not JSON, or nested too deep (line {}, column {})", error.line(), error.column())))?;
    let mut changed = false;
    for (at, text) in patches {
        changed |= pointer::set(&mut document, at, text).map_err(|why| fail(format!("`{at}`: {why}")))?;
    }
    let result = if changed { write(file, &document, mode, bytes.len()) } else { Ok(()) };
    pointer::wipe(&mut document);
    result
}

fn write(file: &Path, document: &serde_json::Value, mode: u32, before: usize) -> Result<(), PrepareError> {
    // Twice the old size is mostly enough that the buffer need not move, which would leave a copy behind.
    let mut bytes = Zeroizing::new(Vec::with_capacity(before * 2 + 4096));
    serde_json::to_writer_pretty(&mut *bytes, document)
        .map_err(|_| PrepareError::Patch { file: file.to_owned(), why: "it cannot be written as JSON".to_owned() })?;
    bytes.push(b'\n');
    Ok(file::replace(file, &bytes, mode)?)
}
