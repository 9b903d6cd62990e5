//! How the plugins of this folder misbehave: a word that stands in the built file, so that one build is enough for all
//! of it. A test finds it in the file and writes another one over it.

/// What stands in the file: a marker to find it by, and the word, filled up with dots.
static WORD: [u8; 48] = *b"spawnfile-misbehaviour=none.....................";

/// Returns the word.
pub fn how() -> &'static str {
    // The compiler must not know the word: it is another one when this runs.
    let word = std::hint::black_box(&WORD);
    let text = std::str::from_utf8(word).unwrap_or_default();
    text.split_once('=').map(|(_, word)| word.trim_end_matches('.')).unwrap_or_default()
}

/// Does what no plugin of any kind may do, and returns when the word is for something else.
pub fn attack() {
    match how() {
        "loop" => loop {
            std::hint::black_box(0);
        },
        "memory" => grow(),
        "recursion" => {
            std::hint::black_box(recurse(0));
        }
        "panic" => panic!("the cat sat on the keyboard \u{1b}[31m\u{202e}"),
        "flood" => loop {
            spawnfile_plugin::log::warn("flood");
        },
        "long-lines" => {
            let line = "x".repeat(6_000_000);
            loop {
                spawnfile_plugin::log::warn(&line);
            }
        }
        _ => {}
    }
}

/// Takes memory until there is none; what an allocation that fails does is abort.
fn grow() {
    let mut held: Vec<Vec<u8>> = Vec::new();
    loop {
        held.push(vec![1; 1 << 20]);
        std::hint::black_box(&held);
    }
}

fn recurse(depth: u64) -> u64 {
    let frame = std::hint::black_box([depth; 16]);
    if frame[0] == u64::MAX { 0 } else { recurse(depth + 1) + frame[3] }
}
