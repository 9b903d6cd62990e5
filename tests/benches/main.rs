//! What the product costs, beside what it stands on, against the budgets: the Engine's own calls, native code, an
//! empty process, all in one run. Prints one table; `cargo xtask bench` starts it.
//!
//! Refuses to judge with its exit code: a time depends on the machine and on what else runs there. It fails only when
//! something could not be measured, or when two sides of a comparison do not give the same answer.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::print_stdout, clippy::print_stderr, reason = "a benchmark")]

#[path = "../support/mod.rs"]
#[expect(dead_code, reason = "made for the tests; a part of it is used here")]
mod support;

mod compile;
mod figure;
mod image;
mod organization;
mod plugin;
mod process;
mod raw;
mod table;
mod up;

use figure::Row;

/// A group of figures: its name and what measures it.
type Group = (&'static str, fn() -> Vec<Row>);

const GROUPS: [Group; 5] = [
    ("process", process::measure),
    ("plugin", plugin::measure),
    ("compile", compile::measure),
    ("image", image::measure),
    ("up", up::measure),
];

fn main() {
    let (mut json, mut only) = (false, Vec::new());
    for argument in std::env::args().skip(1) {
        match argument.as_str() {
            "--json" => json = true,
            // Cargo says this to every benchmark.
            "--bench" => {}
            name if GROUPS.iter().any(|(group, _)| *group == name) => only.push(argument),
            other => panic!("`{other}` is neither --json nor one of {:?}", GROUPS.map(|(group, _)| group)),
        }
    }
    let mut rows = Vec::new();
    for (name, measure) in GROUPS {
        if only.is_empty() || only.iter().any(|wanted| wanted == name) {
            eprintln!("bench: {name}");
            rows.extend(measure());
        }
    }
    println!("{}", if json { table::json(&rows) } else { table::text(&rows) });
}
