//! Shapes of single values, shared with the extras, and the rules about a report as a whole.

use super::schema::DistributionReport;
use crate::display::excerpt;
use crate::json::{Fields, Node};
use crate::name::EnvName;
use crate::oci::Digest;
use crate::reserved::{is_within, plain, reserved_path};

/// Longest path in an image, in bytes (Linux's own limit).
const MAX_PATH: usize = 4096;
/// Longest id of an instance or mount, in bytes: it becomes part of names on the Engine.
const MAX_ID: usize = 128;

/// `sf1:` and 12 hexadecimal digits.
pub(crate) fn fingerprint(node: &Node<'_>) -> String {
    let is = |text: &str| {
        text.strip_prefix("sf1:").is_some_and(|hex| hex.len() == 12 && hex.bytes().all(|b| matches!(b, b'0'..=b'9' | b'a'..=b'f')))
    };
    node.text_that("fingerprint", "a compile fingerprint (`sf1:` and 12 hexadecimal digits)", is)
}

/// `sha256:` and 64 hexadecimal digits.
pub(crate) fn digest(node: &Node<'_>) -> String {
    node.text_that("digest", "a sha256 digest", |text| text.parse::<Digest>().is_ok())
}

/// `[A-Za-z0-9][A-Za-z0-9_.-]*` without `..`, at most 128 bytes.
pub(crate) fn id(node: &Node<'_>) -> String {
    let is = |text: &str| {
        text.len() <= MAX_ID
            && !text.contains("..")
            && text.bytes().next().is_some_and(|b| b.is_ascii_alphanumeric())
            && text.bytes().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'_' | b'.' | b'-'))
    };
    node.text_that("id", "an id (letters, digits, `_`, `.` and `-`, no `..`, at most 128 characters)", is)
}

/// A name that an environment variable can have.
pub(crate) fn env_name(node: &Node<'_>) -> String {
    node.text_that("env-name", "a name of an environment variable", |text| text.parse::<EnvName>().is_ok())
}

/// An absolute path that is safe to hand to an Engine and does not reach the system's folders.
pub(crate) fn image_path(node: &Node<'_>) -> String {
    let path = node.text_that("path", "an absolute path without `..`, `:` or white space", is_image_path);
    if is_image_path(&path)
        && let Some(why) = reserved_path(&path)
    {
        node.violate("path.reserved", format!("`{}` {why}", excerpt(&path)));
    }
    path
}

/// The report's rule for paths.
pub(crate) fn is_image_path(text: &str) -> bool {
    text.starts_with('/')
        && text.len() <= MAX_PATH
        && !text.contains([':', '\0'])
        && !text.contains(char::is_whitespace)
        && !has_parent(text)
}

/// The rule for paths that never go through an Engine's command line: no empty, `.` or `..` segment and no slash at
/// the end.
pub(crate) fn is_clean_path(text: &str) -> bool {
    text.starts_with('/')
        && (2..=MAX_PATH).contains(&text.len())
        && !has_parent(text)
        && plain(text) == text
        && !text.chars().any(char::is_control)
}

fn has_parent(path: &str) -> bool {
    path.split('/').any(|segment| segment == "..")
}

/// Rules that need more than one part of the report.
pub(super) fn whole(fields: &Fields<'_>, report: &DistributionReport) {
    let instances = &report.runtime_instances;
    fields.unique("runtime_instances", "instance id", instances.iter().map(|instance| instance.id.as_str()));
    fields.unique("moltnet", "network id", report.moltnet.networks.iter().map(|network| network.id.as_str()));
    fields.unique("persistent_mounts", "mount id", report.persistent_mounts.iter().map(|mount| mount.id.as_str()));
    let resources: Vec<String> = report.resources.iter().map(|r| format!("{} at {}", r.id, r.link_path)).collect();
    fields.unique("resources", "resource", resources.iter().map(String::as_str));
    let published: Vec<String> = report.port_mappings.iter().map(|mapping| mapping.published_port.to_string()).collect();
    fields.unique("port_mappings", "published port", published.iter().map(String::as_str));
    nested_mounts(fields, report);
}

/// Two volumes at one place, or one below the other, hide files in an order that no Engine promises.
fn nested_mounts(fields: &Fields<'_>, report: &DistributionReport) {
    // With a slash at the end, a folder sorts directly before everything below it.
    let mut targets: Vec<(String, &str)> =
        report.persistent_mounts.iter().map(|mount| (format!("{}/", plain(&mount.target)), mount.id.as_str())).collect();
    targets.sort();
    let mut above: Option<&(String, &str)> = None;
    for target in &targets {
        match above {
            Some(folder) if is_within(target.0.trim_end_matches('/'), folder.0.trim_end_matches('/')) => {
                let message = format!("the mounts `{}` and `{}` stand at or below the same folder", excerpt(folder.1), excerpt(target.1));
                fields.violate("persistent_mounts", "mount.nested", message);
            }
            _ => above = Some(target),
        }
    }
}
