//! Documents made from a golden one by breaking it in every place: what a validator must refuse, and what it must read
//! as the host's own reader does.

use serde_json::{Value, json};

/// Most places of one document that are broken, spread over it.
const PLACES: usize = 40;

/// Returns variants of a document. Whether one is broken is for the host's reader to say: some are not.
pub(super) fn variants(text: &str) -> Vec<(String, Vec<u8>)> {
    let mut found = vec![
        ("nothing".to_owned(), Vec::new()),
        ("white space only".to_owned(), b" \n\t".to_vec()),
        ("two documents".to_owned(), [text, text].concat().into_bytes()),
        ("a byte order mark in front".to_owned(), [b"\xef\xbb\xbf", text.as_bytes()].concat()),
        ("another key of the same name".to_owned(), text.replacen('{', "{\"version\": \"spawnfile.other.v1\", ", 1).into_bytes()),
        ("a byte that is no text".to_owned(), [text.as_bytes(), b"\xff"].concat()),
        ("no object".to_owned(), b"[]".to_vec()),
        ("brackets without end".to_owned(), vec![b'['; 1_000_000]),
        ("objects without end".to_owned(), b"{\"a\":".repeat(200_000)),
        ("a number without end".to_owned(), vec![b'9'; 1_000_000]),
        ("a text without end".to_owned(), [b"{\"version\":\"".to_vec(), vec![b'x'; 2_000_000]].concat()),
        ("more than is read".to_owned(), vec![b' '; 5 << 20]),
    ];
    for part in 1..16 {
        let cut = text.floor_char_boundary(text.len() * part / 16);
        found.push((format!("cut off after {cut} bytes"), text.get(..cut).unwrap_or_default().into()));
    }
    let Ok(document) = serde_json::from_str::<Value>(text) else { return found };
    let mut places = Vec::new();
    walk(&document, String::new(), &mut places);
    for place in places.iter().step_by(places.len().div_ceil(PLACES).max(1)) {
        for (how, value) in
            [("null", Value::Null), ("a number", json!(-1)), ("a control character", json!("\u{1b}[31m")), ("a list", json!([[]]))]
        {
            found.push((format!("{how} at {place}"), with(&document, place, |at| *at = value)));
        }
        found.push((format!("an unknown key at {place}"), with(&document, place, unknown_key)));
        if let Some((parent, key)) = place.rsplit_once('/') {
            let key = key.replace("~1", "/").replace("~0", "~");
            found.push((format!("nothing at {place}"), with(&document, parent, |at| remove(at, &key))));
        }
    }
    found
}

/// Returns a document of nearly the largest size that is read, with one list made long.
pub(super) fn large(text: &str, list: &str, most: usize) -> Vec<u8> {
    let Ok(mut document) = serde_json::from_str::<Value>(text) else { return Vec::new() };
    let Some(Value::Array(items)) = document.pointer_mut(list) else { return Vec::new() };
    let Some(first) = items.first().cloned() else { return Vec::new() };
    let each = serde_json::to_vec(&first).map_or(1, |bytes| bytes.len() + 8);
    for n in 0..(most - text.len()) / each {
        let mut item = first.clone();
        if let Some(id) = item.get_mut("id") {
            *id = json!(format!("agent:n{n}"));
        }
        items.push(item);
    }
    serde_json::to_vec(&document).unwrap_or_default()
}

fn walk(value: &Value, place: String, places: &mut Vec<String>) {
    match value {
        Value::Object(fields) => {
            for (key, value) in fields {
                walk(value, format!("{place}/{}", key.replace('~', "~0").replace('/', "~1")), places);
            }
        }
        Value::Array(items) => {
            for (n, item) in items.iter().enumerate() {
                walk(item, format!("{place}/{n}"), places);
            }
        }
        _ => {}
    }
    places.push(place);
}

fn with(document: &Value, place: &str, change: impl FnOnce(&mut Value)) -> Vec<u8> {
    let mut changed = document.clone();
    if let Some(at) = changed.pointer_mut(place) {
        change(at);
    }
    serde_json::to_vec(&changed).unwrap_or_default()
}

fn unknown_key(at: &mut Value) {
    match at {
        Value::Object(fields) => drop(fields.insert("nobody_knows_this".to_owned(), json!(true))),
        other => *other = json!({ "nobody_knows_this": true }),
    }
}

fn remove(at: &mut Value, key: &str) {
    match at {
        Value::Object(fields) => drop(fields.remove(key)),
        Value::Array(items) => {
            if let Some(n) = key.parse().ok().filter(|n| *n < items.len()) {
                items.remove(n);
            }
        }
        _ => {}
    }
}
