//! A call of the report validator in the sandbox, as the product makes it (a fresh store each), beside the same rules
//! as native code.

use std::hint::black_box;
use std::sync::OnceLock;
use std::time::Instant;

use spawnfile_core::report;
use spawnfile_plugins::{Builtin, PluginHost};

use crate::figure::{Budget, Row, Samples};
use crate::organization;
use crate::process;
use crate::support::User;

const WARM: usize = 300;
const COLD: usize = 20;

fn host() -> PluginHost {
    static BUILTIN: OnceLock<Vec<Builtin>> = OnceLock::new();
    let builtin = BUILTIN.get_or_init(|| {
        let of = |plugin: &spawnfile_bundle::Embedded| Builtin {
            manifest: plugin.manifest,
            digest: plugin.digest,
            cwasm: plugin.cwasm,
            metered: plugin.metered,
        };
        spawnfile_bundle::BUILTIN.iter().map(of).collect()
    });
    PluginHost::new(builtin, None)
}

/// The work of the validator, natively.
fn native(bytes: &[u8]) -> (report::DistributionReport, String) {
    let parsed = report::parse(bytes).expect("the report is valid");
    let fingerprint = report::fingerprint(&parsed);
    (parsed, fingerprint)
}

pub(crate) fn measure() -> Vec<Row> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    let mut rows = runtime.block_on(calls());
    let user = User::new();
    let mut whole = Samples::default();
    for _ in 0..COLD {
        whole.add(process::run(&mut user.command(["plugin", "inspect", "spawnfile/report-validator"])));
    }
    rows.push(Row::time("plugin: `plugin inspect` of the validator, whole process", whole));
    rows
}

async fn calls() -> Vec<Row> {
    let document = organization::large_report();
    let kb = document.len() / 1000;
    let (mut inside, mut outside, mut empty, mut nothing, mut cold) = <(Samples, Samples, Samples, Samples, Samples)>::default();

    for _ in 0..COLD {
        let begun = Instant::now();
        let host = host();
        let answer = host.validator().await.unwrap().validate_report(&document).await.unwrap();
        cold.add(begun.elapsed());
        assert_eq!(answer, native(&document), "the sandbox and native code differ");
    }
    let host = host();
    let validator = host.validator().await.unwrap();
    for _ in 0..WARM {
        let begun = Instant::now();
        black_box(validator.validate_report(black_box(&document)).await.unwrap());
        inside.add(begun.elapsed());
        let begun = Instant::now();
        black_box(native(black_box(&document)));
        outside.add(begun.elapsed());
        // Refused at its first byte: what is left is store, instance, and the way there and back.
        let begun = Instant::now();
        black_box(validator.validate_report(black_box(b"x")).await.unwrap_err());
        empty.add(begun.elapsed());
        let begun = Instant::now();
        black_box(report::parse(black_box(b"x")).unwrap_err());
        nothing.add(begun.elapsed());
    }
    vec![
        Row::time(format!("plugin: warm call, a report of {kb} kB"), inside)
            .beside("native code", outside.clone())
            .budget(Budget::Times(2.0)),
        Row::time("plugin: store per call (a call that refuses its first byte)", empty)
            .beside("native code", nothing)
            .budget(Budget::Above(0.05)),
        Row::time(format!("plugin: load and first call, a report of {kb} kB"), cold).beside("native code", outside),
    ]
}
