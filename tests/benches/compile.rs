//! `compile`, a whole process: sandbox, lowering, assembling, writing out. Of the example, and of teams of 1 to 1,000
//! agents, which must cost the same for each agent.

use std::process::Command;

use crate::figure::{Budget, Row, Samples};
use crate::organization;
use crate::process;

/// Sizes of the teams, and how often each is compiled.
const TEAMS: [(u16, usize); 4] = [(1, 10), (10, 10), (100, 5), (1000, 3)];
/// For each agent beyond the first, in milliseconds.
const EACH: f64 = 0.3;
/// Largest team for which the memory of any command has the small bound.
const SMALL: u16 = 100;

pub(crate) fn measure() -> Vec<Row> {
    let mut rows = example();
    let mut one: Option<Samples> = None;
    for (agents, rounds) in TEAMS {
        let (took, peak) = team(agents, rounds);
        let what = format!("compile a team of {agents}");
        let row = Row::time(&what, took.clone());
        rows.push(match &one {
            Some(one) => row.beside("a team of 1", one.clone()).budget(Budget::Above(EACH * f64::from(agents - 1))),
            None => row.budget(Budget::Most(40.0)),
        });
        let bound = if agents <= SMALL { 64.0 } else { 256.0 };
        rows.push(Row::memory(format!("memory: {what}"), peak).budget(Budget::Most(bound)));
        one.get_or_insert(took);
    }
    rows.push(disk());
    rows
}

fn example() -> Vec<Row> {
    const ROUNDS: usize = 20;
    let creator = organization::analyst();
    let args = ["compile", "analyst", "--out", "out"];
    let (mut first, mut again) = (Samples::default(), Samples::default());
    for _ in 0..ROUNDS {
        let _absent = std::fs::remove_dir_all(creator.path().join("out"));
        first.add(process::run(&mut creator.command(args)));
        again.add(process::run(&mut creator.command(args)));
    }
    let mut peak = Samples::default();
    for _ in 0..3 {
        peak.add_kib(process::memory(&creator, &args));
    }
    vec![
        Row::time("compile examples/analyst", first).budget(Budget::Most(40.0)),
        Row::time("compile examples/analyst over its last output", again).budget(Budget::Most(40.0)),
        Row::memory("memory: compile examples/analyst", peak),
    ]
}

/// Returns how long a team takes, and its peak of memory. The output goes to a file system in memory: making files is the
/// disk's cost, which [`disk`] shows.
fn team(agents: u16, rounds: usize) -> (Samples, Samples) {
    let creator = organization::team(agents);
    let memory = tempfile::tempdir_in("/dev/shm").unwrap();
    let out = memory.path().join("out");
    let args = ["compile", "team", "--out", out.to_str().unwrap()];
    let (mut took, mut peak) = (Samples::default(), Samples::default());
    for _ in 0..rounds {
        let _absent = std::fs::remove_dir_all(&out);
        took.add(process::run(&mut creator.command(args)));
    }
    for _ in 0..2 {
        peak.add_kib(process::memory(&creator, &args));
    }
    (took, peak)
}

/// The largest team to the disk, beside a copy of its output to the same disk.
fn disk() -> Row {
    const ROUNDS: usize = 3;
    let (agents, _) = TEAMS[TEAMS.len() - 1];
    let creator = organization::team(agents);
    let (mut ours, mut copied) = (Samples::default(), Samples::default());
    for _ in 0..ROUNDS {
        for folder in ["out", "copy"] {
            let _absent = std::fs::remove_dir_all(creator.path().join(folder));
        }
        ours.add(process::run(&mut creator.command(["compile", "team", "--out", "out"])));
        copied.add(process::run(Command::new("cp").args(["-r", "out", "copy"]).current_dir(creator.path())));
    }
    Row::time(format!("compile a team of {agents} to the disk"), ours).beside("cp -r of the output", copied)
}
