//! Files and environment variables of a lowering, without boilerplate.

pub use crate::bindings::common::spawnfile::common::types::{Content, EnvValue, EnvVar, File};
use crate::template::Template;

/// Returns a file of text made by the plugin, readable by all (0644).
pub fn file(path: impl Into<String>, text: impl Into<String>) -> File {
    File { path: path.into(), mode: 0o644, content: Content::Text(text.into()) }
}

/// Returns a file that holds bytes of the host, by source id: a doc, a file of a skill.
pub fn source(path: impl Into<String>, source: impl Into<String>) -> File {
    File { path: path.into(), mode: 0o644, content: Content::Source(source.into()) }
}

/// Returns a file that PID 1 makes at start and that holds the value of a secret, byte for byte, for its owner only
/// (0600): for programs that read a secret from a file of their own. There is none when the secret has no value.
pub fn secret_file(path: impl Into<String>, secret: &str) -> File {
    template(path, Template::new().raw_hole(secret))
}

/// Returns a file with holes, for its owner only (0600). Only auth places may hold such a file, but for the one that
/// [`secret_file`] returns.
pub fn template(path: impl Into<String>, template: Template) -> File {
    File { path: path.into(), mode: 0o600, content: Content::Template(template) }
}

impl File {
    /// Sets the permission bits.
    #[must_use]
    pub fn mode(mut self, mode: u32) -> Self {
        self.mode = mode;
        self
    }
}

/// Returns a variable with a fixed value.
pub fn env(name: impl Into<String>, value: impl Into<String>) -> EnvVar {
    EnvVar { name: name.into(), value: EnvValue::Literal(value.into()) }
}

/// Returns a variable with the value of the secret of the same name.
pub fn secret_env(name: impl Into<String>) -> EnvVar {
    let name = name.into();
    EnvVar { value: EnvValue::Secret(name.clone()), name }
}

/// Returns a variable with the value of a secret of another name: for programs that read one fixed name.
pub fn env_from_secret(name: impl Into<String>, secret: impl Into<String>) -> EnvVar {
    EnvVar { name: name.into(), value: EnvValue::Secret(secret.into()) }
}

/// Returns a variable that an auth method's slot fills. Only auth places may hold such a variable.
pub fn slot_env(name: impl Into<String>, slot: impl Into<String>) -> EnvVar {
    EnvVar { name: name.into(), value: EnvValue::Slot(slot.into()) }
}

/// Returns whether a text may be one part of a path: not empty, not `.` or `..`, no slash, backslash or control
/// character, at most 128 bytes. Names from skills and docs are foreign: check them before they become paths.
pub fn is_path_part(text: &str) -> bool {
    !text.is_empty() && text.len() <= 128 && text != "." && text != ".." && !text.chars().any(|c| matches!(c, '/' | '\\') || c.is_control())
}

/// Returns whether a text is a relative path of such parts.
pub fn is_relative_path(text: &str) -> bool {
    text.len() <= 1024 && text.split('/').all(is_path_part)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_that_escape_are_no_path_parts() {
        for bad in ["", ".", "..", "a/b", "/a", "a\\b", "a\0", "a\nb", &"a".repeat(129)] {
            assert!(!is_path_part(bad), "{bad:?}");
        }
        for good in ["a", "web_search", "..a", "日本", "a b"] {
            assert!(is_path_part(good), "{good:?}");
        }
        for bad in ["", "/a", "a/", "a//b", "a/../b", "./a"] {
            assert!(!is_relative_path(bad), "{bad:?}");
        }
        assert!(is_relative_path("scripts/run.sh"));
    }
}
