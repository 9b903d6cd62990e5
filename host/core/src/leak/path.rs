//! Paths that only a person's machine has, by shape.

use memchr::memmem;

/// A folder of people's homes: what stands before the name, and what the name ends with.
const HOMES: &[(&str, &str)] =
    &[("/Users/", "/"), ("/home/", "/"), (":\\Users\\", "\\"), (":\\\\Users\\\\", "\\\\"), (":/Users/", "/"), ("/mnt/c/Users/", "/")];
/// Beginnings that say it without a name.
const OTHERS: &[&str] = &["/root/", "/private/var/folders/", "/var/folders/", "\\\\wsl$\\", "\\\\wsl.localhost\\"];
/// Folders in which programs make folders with random names.
const TEMPORARY: &[&str] = &["/tmp/", "/var/tmp/"];
/// Names that documentation and images use: they are nobody's.
const NOBODY: &[&str] = &["you", "user", "username", "name", "me", "example", "node", "app", "agent", "spawnfile", "<user>", "<you>"];
const LONGEST_NAME: usize = 64;

/// Returns where such paths begin, and what they are.
pub(super) fn find(bytes: &[u8]) -> Vec<(usize, &'static str)> {
    let mut found = Vec::new();
    for (before, after) in HOMES {
        for at in memmem::find_iter(bytes, before) {
            let name = bytes.get(at + before.len()..).unwrap_or_default();
            let drive = before.starts_with(':');
            let Some(length) = memmem::find(name.get(..name.len().min(LONGEST_NAME)).unwrap_or_default(), after.as_bytes()) else {
                continue;
            };
            let name = String::from_utf8_lossy(name.get(..length).unwrap_or_default()).to_lowercase();
            let plain = !name.is_empty() && !name.contains(|c: char| c.is_control() || "\"'`<>|*?$".contains(c));
            if plain && !NOBODY.contains(&name.as_str()) && (if drive { is_drive(bytes, at) } else { begins(bytes, at) }) {
                found.push((at, "a path below somebody's home folder"));
            }
        }
    }
    for start in OTHERS {
        for at in memmem::find_iter(bytes, start).filter(|at| begins(bytes, *at)) {
            let next = bytes.get(at + start.len()).copied().unwrap_or(b' ');
            if next.is_ascii_alphanumeric() || matches!(next, b'.' | b'_') {
                found.push((at, "a path of somebody's machine"));
            }
        }
    }
    for start in TEMPORARY {
        for at in memmem::find_iter(bytes, start).filter(|at| begins(bytes, *at)) {
            let name = bytes.get(at + start.len()..).unwrap_or_default();
            let length = name.iter().take(LONGEST_NAME).take_while(|b| b.is_ascii_alphanumeric() || b"._-".contains(b)).count();
            if is_random(name.get(..length).unwrap_or_default()) {
                found.push((at, "a temporary folder of somebody's machine"));
            }
        }
    }
    found
}

/// Whether a name ends as those that programs make up (`tmp.k3Jx81mQ`): `/tmp/cache` is a path that anybody may name.
fn is_random(name: &[u8]) -> bool {
    const SHORTEST: usize = 6;
    let last = name.rsplit(|b| b"._-".contains(b)).next().unwrap_or_default();
    // Words change from letters to digits once, and begin with a capital; those of chance change all the time.
    let changes = last.windows(2).filter(|pair| match pair {
        [a, b] => kind(*a) != kind(*b) && !(a.is_ascii_uppercase() && b.is_ascii_lowercase()),
        _ => false,
    });
    last.len() >= SHORTEST && changes.count() >= 2
}

const fn kind(byte: u8) -> u8 {
    if byte.is_ascii_digit() {
        0
    } else if byte.is_ascii_uppercase() {
        1
    } else {
        2
    }
}

/// Whether a path begins here, rather than going on: `https://host/home/x/` is none.
fn begins(bytes: &[u8], at: usize) -> bool {
    at.checked_sub(1)
        .and_then(|before| bytes.get(before))
        .is_none_or(|b| !b.is_ascii_alphanumeric() && !matches!(b, b'/' | b'.' | b'_' | b'-' | b'}' | b'~'))
}

/// Whether a single letter of a drive stands before the colon.
fn is_drive(bytes: &[u8], at: usize) -> bool {
    let letter = at.checked_sub(1).and_then(|before| bytes.get(before)).is_some_and(u8::is_ascii_alphabetic);
    letter && at.checked_sub(2).and_then(|before| bytes.get(before)).is_none_or(|b| !b.is_ascii_alphanumeric())
}
