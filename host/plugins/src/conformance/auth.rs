//! The suite of auth methods: what they say they want and make, and that no bytes make them crash or give themselves
//! away. There are no golden credentials: what a method reads belongs to another program.

use super::about;
use super::sheet::{Check, LOADS, Row, Sheet};
use crate::handle::auth_method::AuthMethod;
use crate::manifest::PluginManifest;

const ROWS: &[Row] = &[
    LOADS,
    about::MANIFEST,
    about::DESCRIBE,
    (
        "describe.slots",
        "slots are named `provider/value` for a provider that it serves, each once",
        "name each slot after one of `providers`",
    ),
    (
        "describe.sources",
        "each place that it wants to read has an id, a reason to show and a bound",
        "give every source a `why` of one line and `max-bytes` of at most 1 MiB",
    ),
    ("parse.same", "the same bytes make the same credential, wherever", "no clock, no random number, no order of a HashMap"),
    ("parse.refuses", "bytes that are no credential are a problem, not a credential", "return `malformed` or `not-found`"),
    ("parse.quiet", "what it says of bytes does not quote them", "name the field, never its value"),
    about::BOUNDED,
];

/// A value that must not come back in a message.
const CANARY: &str = "conformance-canary-value";

/// Most bytes that a method may want of one source.
const MOST: u32 = 1 << 20;

/// Runs the suite.
pub(super) async fn suite(method: &AuthMethod, manifest: &PluginManifest) -> Vec<Check> {
    let mut sheet = Sheet::new(ROWS);
    let elsewhere = method.elsewhere();
    let descriptor = method.describe();
    about::manifest(&mut sheet, manifest, Some(&descriptor.id), &descriptor.title);
    for method in [method, &elsewhere] {
        match method.ask().await {
            Ok(again) => sheet.expect(again == *descriptor, "describe.same", || "asked again, it says something else".to_owned()),
            Err(error) => sheet.crashed("describe", &error),
        }
    }
    described(&mut sheet, method);
    for (name, bytes) in rubbish() {
        let found: Vec<_> = descriptor.sources.iter().map(|(id, ..)| (id.clone(), bytes.clone())).collect();
        let (first, again) = (method.parse(&found, 2_000_000_000).await, elsewhere.parse(&found, 2_000_000_000).await);
        match (first, again) {
            (Ok(first), Ok(again)) => {
                sheet.expect(first == again, "parse.same", || format!("{name}: asked again, it gives something else"));
                match first {
                    Ok(_) => sheet.fail("parse.refuses", format!("{name} is taken for a credential")),
                    Err(said) => {
                        sheet.expect(!said.contains(CANARY), "parse.quiet", || format!("{name}: its message quotes what it was given"))
                    }
                }
            }
            (first, again) => {
                for error in [first.err(), again.err()].into_iter().flatten() {
                    sheet.crashed(&format!("parse, {name}"), &error);
                }
            }
        }
    }
    match method.parse(&[], 0).await {
        Ok(Ok(parsed)) => {
            sheet.fail("parse.refuses", format!("nothing at all is taken for a credential with {} slots", parsed.slots.len()))
        }
        Ok(Err(_)) => {}
        Err(error) => sheet.crashed("parse of nothing", &error),
    }
    sheet.finish()
}

fn described(sheet: &mut Sheet, method: &AuthMethod) {
    let descriptor = method.describe();
    sheet.expect(!descriptor.slots.is_empty(), "describe.slots", || "it fills no slot".to_owned());
    for (n, slot) in descriptor.slots.iter().enumerate() {
        let known =
            slot.split_once('/').is_some_and(|(provider, value)| descriptor.providers.iter().any(|id| id == provider) && !value.is_empty());
        sheet.expect(known && !descriptor.slots.iter().take(n).any(|other| other == slot), "describe.slots", || {
            format!("slot `{slot}` stands twice or is of no provider that it serves ({})", descriptor.providers.join(", "))
        });
    }
    for (id, why, most) in &descriptor.sources {
        sheet.expect(!id.is_empty() && !why.trim().is_empty() && (1..=MOST).contains(most), "describe.sources", || {
            format!("source `{id}` has no id, no reason, or wants {most} bytes")
        });
    }
    sheet.expect(descriptor.origins.is_empty(), "describe.sources", || "it declares origins, and its world cannot talk to any".to_owned());
}

/// Bytes that are no credential.
fn rubbish() -> Vec<(&'static str, Vec<u8>)> {
    vec![
        ("an empty file", Vec::new()),
        ("a text", CANARY.as_bytes().to_vec()),
        ("an empty object", b"{}".to_vec()),
        ("half a document", format!("{{\"token\": \"{CANARY}").into_bytes()),
        ("an object of other keys", format!("{{\"a\": \"{CANARY}\", \"b\": [1, null]}}").into_bytes()),
        ("bytes that are no text", b"\xff\xfe\x00\x80".to_vec()),
        ("brackets without end", vec![b'['; 200_000]),
        ("a large file", vec![b'x'; 1 << 20]),
    ]
}
