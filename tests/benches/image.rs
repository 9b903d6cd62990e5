//! `status` of an image in the Engine: the first look, which reads through a helper container, and every later one.

use std::process::Command;
use std::time::Instant;

use crate::figure::{Budget, Row, Samples};
use crate::support::User;
use crate::{organization, process, raw};

const ROUNDS: usize = 12;

pub(crate) fn measure() -> Vec<Row> {
    let image = organization::echo_image();
    let args = ["status", &image.tag];
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    let docker = runtime.block_on(raw::connect());

    let (mut first, mut read, mut by_hand) = (Samples::default(), Samples::default(), Samples::default());
    let (mut later, mut inspect) = (Samples::default(), Samples::default());
    for _ in 0..ROUNDS {
        let user = User::new();
        first.add(process::run(&mut user.command(args)));
        later.add(process::run(&mut user.command(args)));
        let begun = Instant::now();
        runtime.block_on(raw::read(&docker, &image.tag));
        read.add(begun.elapsed());
        let begun = Instant::now();
        raw::read_by_hand(&image.tag, user.path().to_str().unwrap());
        by_hand.add(begun.elapsed());
        inspect.add(process::run(Command::new("docker").args(["image", "inspect", &image.tag])));
    }
    let mut peak = Samples::default();
    let user = User::new();
    for _ in 0..3 {
        peak.add_kib(process::memory(&user, &args));
    }
    vec![
        Row::time("status <ref>, first look", first.clone()).beside("the same calls by the driver alone", read).budget(Budget::Times(1.5)),
        Row::time("status <ref>, first look", first).beside("docker create, cp, cp, rm", by_hand).budget(Budget::Times(1.5)),
        Row::time("status <ref>, later looks", later).beside("docker image inspect", inspect).budget(Budget::Times(1.5)),
        Row::memory("memory: status <ref>", peak),
    ]
}
