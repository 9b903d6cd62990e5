//! The compile fingerprint: `sf1:` and 12 hexadecimal digits over the report without its fingerprint and time.
//!
//! It is the TypeScript tool's: SHA-1 of the canonical JSON, whose object keys stand in ICU order. It identifies a
//! shape, it is no protection: docs, prompts and model names are not in it (the digests in the extras are).

use serde_json::Value;

use super::DistributionReport;
use crate::collate::Collation;

/// Returns the fingerprint that the report should carry.
pub fn fingerprint(report: &DistributionReport) -> String {
    let mut value = serde_json::to_value(report).unwrap_or(Value::Null);
    if let Some(fields) = value.as_object_mut() {
        fields.remove("compile_fingerprint");
        fields.remove("generated_at");
    }
    let mut text = String::new();
    write(&value, &Collation::new(), &mut text);
    let digest = sha1(text.as_bytes());
    let hex: String = digest.iter().take(6).map(|byte| format!("{byte:02x}")).collect();
    format!("sf1:{hex}")
}

/// Writes JSON without white space, object keys in ICU order.
fn write(value: &Value, collation: &Collation, out: &mut String) {
    match value {
        Value::Object(fields) => {
            let mut keys: Vec<&String> = fields.keys().collect();
            collation.sort_by_key(&mut keys, |key| key.as_str());
            out.push('{');
            for (n, key) in keys.into_iter().enumerate() {
                if n > 0 {
                    out.push(',');
                }
                out.push_str(&Value::from(key.as_str()).to_string());
                out.push(':');
                write(fields.get(key).unwrap_or(&Value::Null), collation, out);
            }
            out.push('}');
        }
        Value::Array(items) => {
            out.push('[');
            for (n, item) in items.iter().enumerate() {
                if n > 0 {
                    out.push(',');
                }
                write(item, collation, out);
            }
            out.push(']');
        }
        scalar => out.push_str(&scalar.to_string()),
    }
}

/// Returns the first eight hexadecimal digits of the SHA-1 of a text: how the other tool tells names apart in paths.
pub(crate) fn short_hash(text: &str) -> String {
    sha1(text.as_bytes()).iter().take(4).map(|byte| format!("{byte:02x}")).collect()
}

/// SHA-1 as the format demands it; nothing here relies on its strength.
fn sha1(bytes: &[u8]) -> [u8; 20] {
    use sha1::Digest as _;
    sha1::Sha1::digest(bytes).into()
}
