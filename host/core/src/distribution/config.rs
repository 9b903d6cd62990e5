//! The configuration of an image: what is known of it before anything of its file system is read.
//!
//! Only what is needed here is looked at: labels, platform, and the digests of the unpacked layers.

use std::collections::BTreeMap;

use super::manifest::MAX_LAYERS;
use crate::display::excerpt;
use crate::json::{self, Value};
use crate::oci::Digest;
use crate::oci::digest::DigestError;

/// Most labels of an image.
const MAX_LABELS: usize = 4096;

/// What an image's configuration says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ImageConfig {
    /// Labels.
    pub labels: BTreeMap<String, String>,
    /// Digests of the unpacked layers, the lowest first.
    pub diff_ids: Vec<Digest>,
    /// `os/architecture` as it says.
    pub platform: String,
}

/// Why a configuration is refused.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("the configuration of the image is not as it must be: {0}")]
pub struct ConfigError(String);

fn form(what: impl Into<String>) -> ConfigError {
    ConfigError(what.into())
}

/// Reads a configuration.
///
/// # Errors
/// The first thing that is not as it must be.
pub fn parse(bytes: &[u8]) -> Result<ImageConfig, ConfigError> {
    let value = json::parse(bytes).map_err(|problem| form(excerpt(&problem.to_string())))?;
    let rootfs = value.get("rootfs").ok_or_else(|| form("it has no `rootfs`"))?;
    if word(rootfs.get("type")) != Some("layers") {
        return Err(form("its `rootfs` is not of the type `layers`"));
    }
    let diff_ids = match rootfs.get("diff_ids") {
        Some(Value::List(items)) if items.len() <= MAX_LAYERS => items,
        _ => return Err(form(format!("it has no list `diff_ids` of at most {MAX_LAYERS} layers"))),
    };
    let diff_ids = diff_ids.iter().map(|item| {
        let text = word(Some(item)).ok_or_else(|| form("a `diff_ids` is no text"))?;
        text.parse().map_err(|error: DigestError| form(excerpt(&error.to_string())))
    });
    Ok(ImageConfig {
        diff_ids: diff_ids.collect::<Result<_, _>>()?,
        labels: labels(value.get("config"))?,
        platform: excerpt(&format!(
            "{}/{}",
            word(value.get("os")).unwrap_or("unknown"),
            word(value.get("architecture")).unwrap_or("unknown")
        )),
    })
}

fn labels(config: Option<&Value>) -> Result<BTreeMap<String, String>, ConfigError> {
    match config.and_then(|config| config.get("Labels")) {
        None | Some(Value::Null) => Ok(BTreeMap::new()),
        Some(Value::Fields(fields)) if fields.len() <= MAX_LABELS => fields
            .iter()
            .map(|(key, value)| match value {
                Value::Text(value) => Ok((key.clone(), value.clone())),
                other => Err(form(format!("label `{}` is {}, not a text", excerpt(key), other.kind()))),
            })
            .collect(),
        Some(_) => Err(form(format!("its labels are no object of at most {MAX_LABELS} texts"))),
    }
}

fn word(value: Option<&Value>) -> Option<&str> {
    if let Some(Value::Text(text)) = value { Some(text) } else { None }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn config(labels: &str, diff: &str) -> String {
        format!(
            r#"{{"os":"linux","architecture":"amd64","config":{{"Labels":{labels}}},"rootfs":{{"type":"layers","diff_ids":[{diff}]}}}}"#
        )
    }

    #[test]
    fn labels_and_layers_are_read() {
        let diff = format!("\"sha256:{}\"", "a".repeat(64));
        let read = parse(config(r#"{"a":"b"}"#, &diff).as_bytes()).unwrap();
        assert_eq!((read.labels.len(), read.diff_ids.len(), read.platform.as_str()), (1, 1, "linux/amd64"));
        assert!(parse(config("null", "").as_bytes()).unwrap().labels.is_empty());
    }

    #[test]
    fn what_is_no_configuration_is_refused() {
        let long = format!("{{{}}}", (0..5000).map(|n| format!("\"l{n}\":\"\"")).collect::<Vec<_>>().join(","));
        for (text, why) in [
            (config(r#"{"a":1}"#, ""), "a number"),
            (config(r#"{"a":"b","a":"c"}"#, ""), "twice"),
            (config("[]", ""), "no object"),
            (config(&long, ""), "4096"),
            (config("{}", "\"sha256:../x\""), "digest"),
            (config("{}", "7"), "no text"),
            ("{}".to_owned(), "rootfs"),
            (String::new(), "EOF"),
        ] {
            let error = parse(text.as_bytes()).unwrap_err().to_string();
            assert!(error.contains(why), "{error} instead of {why}");
        }
    }
}
