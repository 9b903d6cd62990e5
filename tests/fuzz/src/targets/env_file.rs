//! A file of `NAME=value` lines. Above all: what is said about it does not depend on any value.

use std::collections::BTreeMap;

use spawnfile_core::env_file::{EnvFileError, parse};
use spawnfile_core::name::EnvName;
use spawnfile_core::secret::Secret;

pub fn check(bytes: &[u8]) {
    let found = parse(bytes);
    assert_eq!(said(&found), said(&parse(&masked(bytes))), "a value shows");
    match found {
        Ok(values) => reads_back(&values),
        Err(error) => super::is_fit_to_show(&error.to_string()),
    }
}

/// Everything that anybody gets to see.
fn said(found: &Result<BTreeMap<EnvName, Secret>, EnvFileError>) -> String {
    match found {
        Ok(values) => format!("{values:?}"),
        Err(error) => format!("{error} {error:?}"),
    }
}

/// The same file with other values: letters and digits after the first `=` of a line, and all of a line without one.
fn masked(bytes: &[u8]) -> Vec<u8> {
    let mut masked = Vec::with_capacity(bytes.len());
    for (n, line) in bytes.split(|byte| *byte == b'\n').enumerate() {
        if n > 0 {
            masked.push(b'\n');
        }
        let shown = line.iter().position(|byte| *byte == b'=').unwrap_or(0);
        masked.extend_from_slice(&line[..shown]);
        masked.extend(line[shown..].iter().map(|byte| if byte.is_ascii_alphanumeric() { b'x' } else { *byte }));
    }
    masked
}

fn reads_back(values: &BTreeMap<EnvName, Secret>) {
    let mut printed = Vec::new();
    for (name, value) in values {
        printed.extend_from_slice(format!("{name}=\"").as_bytes());
        printed.extend_from_slice(value.expose());
        printed.extend_from_slice(b"\"\n");
    }
    let exposed = |values: &BTreeMap<EnvName, Secret>| -> Vec<(EnvName, Vec<u8>)> {
        values.iter().map(|(name, value)| (name.clone(), value.expose().to_vec())).collect()
    };
    // Quotes may make a file larger than it may be.
    if printed.len() <= spawnfile_core::env_file::MAX_BYTES {
        assert_eq!(exposed(&parse(&printed).unwrap()), exposed(values), "printed and read back");
    }
}
