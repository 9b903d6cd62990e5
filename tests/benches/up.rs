//! `up` of an image that is in the Engine, until it is healthy, beside the Engine's own create and start of the same.

use std::time::Instant;

use crate::figure::{Budget, Row, Samples};
use crate::support::{User, engine, sh};
use crate::{organization, process, raw};

const ROUNDS: usize = 7;

pub(crate) fn measure() -> Vec<Row> {
    let image = organization::echo_image();
    let up = ["up", &image.tag];
    let down = ["down", "--deployment", &image.name, "--volumes"];
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    let docker = runtime.block_on(raw::connect());

    let (mut first, mut later, mut peak) = <(Samples, Samples, Samples)>::default();
    let (mut started, mut ready) = <(Samples, Samples)>::default();
    for _ in 0..ROUNDS {
        let user = User::new();
        first.add(process::run(&mut user.command(up)));
        let container = engine::containers(&image.name).remove(0);
        let like = runtime.block_on(raw::like(&docker, &container));
        user.run(down).expect(0);

        later.add(process::run(&mut user.command(up)));
        user.run(down).expect(0);

        let begun = Instant::now();
        let container = runtime.block_on(raw::start(&docker, &like));
        started.add(begun.elapsed());
        sh("docker", ["rm", "-fv", &container]);

        let begun = Instant::now();
        let container = runtime.block_on(raw::start_ready(&docker, &like));
        ready.add(begun.elapsed());
        sh("docker", ["rm", "-fv", &container]);
    }
    let user = User::new();
    for _ in 0..2 {
        peak.add_kib(process::memory(&user, &up));
        user.run(down).expect(0);
    }
    vec![
        Row::time("up to healthy", later.clone()).beside("create, start", started.clone()).budget(Budget::Above(60.0)),
        Row::time("up to healthy", later).beside("create, put secret, start, exec, update", ready),
        Row::time("up to healthy, image never looked at", first).beside("create, start", started),
        Row::memory("memory: up", peak),
    ]
}
