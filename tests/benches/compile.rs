//! `compile` of the example, a whole process: sandbox, lowering, assembling, writing out.

use crate::figure::{Budget, Row, Samples};
use crate::organization;
use crate::process;

const ROUNDS: usize = 20;

pub(crate) fn measure() -> Vec<Row> {
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
