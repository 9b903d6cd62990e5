//! Whole processes: how long they take, how much memory they take, and the start of one that touches no plugin.

use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use crate::figure::{Budget, Row, Samples};
use crate::support::User;

const ROUNDS: usize = 40;

/// Runs a process from its spawning to its end, with nothing to read and nowhere to write; it must succeed.
#[track_caller]
pub(crate) fn run(command: &mut Command) -> Duration {
    command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
    let begun = Instant::now();
    let status = command.status().unwrap();
    let took = begun.elapsed();
    assert!(status.success(), "{command:?} ended: {status}");
    took
}

/// Runs a command of a user under `time` and returns its peak of resident memory, in KiB. Measured through a small
/// program: what this process has resident would count as the peak of its own children.
#[track_caller]
pub(crate) fn memory(user: &User, args: &[&str]) -> u32 {
    let file = user.path().join("peak");
    let own = user.command(args);
    let mut command = Command::new("time");
    command.args(["--format", "%M", "--output"]).arg(&file).arg(own.get_program()).args(own.get_args()).env_clear();
    command.envs(own.get_envs().filter_map(|(name, value)| Some((name, value?)))).current_dir(user.path());
    run(&mut command);
    std::fs::read_to_string(file).unwrap().trim().parse().unwrap()
}

pub(crate) fn measure() -> Vec<Row> {
    let user = User::new();
    let (mut version, mut list, mut nothing) = (Samples::default(), Samples::default(), Samples::default());
    for _ in 0..ROUNDS {
        nothing.add(run(Command::new("/bin/true").env_clear()));
        version.add(run(&mut user.command(["--version"])));
        list.add(run(&mut user.command(["list", "--json"])));
    }
    let row = |what, samples| Row::time(what, samples).beside("/bin/true", nothing.clone()).budget(Budget::Most(5.0));
    vec![row("process start: --version", version), row("process start: list --json, empty home", list)]
}
