//! Names: of deployments, environment variables and plugins, and the slugs made from free text.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

/// A text that is not a name of the wanted kind.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("`{text}` is not {expected}")]
pub struct NameError {
    text: String,
    expected: &'static str,
}

impl NameError {
    fn new(text: &str, expected: &'static str) -> Self {
        Self { text: text.chars().take(80).collect(), expected }
    }
}

macro_rules! name {
    ($(#[$doc:meta])* $name:ident, $expected:literal, $check:expr) => {
        $(#[$doc])*
        #[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
        #[serde(try_from = "String", into = "String")]
        pub struct $name(String);

        impl $name {
            /// Returns the name as text.
            pub fn as_str(&self) -> &str {
                &self.0
            }
        }

        impl FromStr for $name {
            type Err = NameError;

            fn from_str(text: &str) -> Result<Self, NameError> {
                let check: fn(&str) -> bool = $check;
                if check(text) { Ok(Self(text.to_owned())) } else { Err(NameError::new(text, $expected)) }
            }
        }

        impl TryFrom<String> for $name {
            type Error = NameError;

            fn try_from(text: String) -> Result<Self, NameError> {
                text.parse()
            }
        }

        impl From<$name> for String {
            fn from(name: $name) -> Self {
                name.0
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(&self.0)
            }
        }

        impl fmt::Debug for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                fmt::Debug::fmt(&self.0, f)
            }
        }
    };
}

name! {
    /// Name of a deployment: kebab case, at most 63 bytes (it becomes part of container and volume names).
    DeploymentName, "a deployment name (kebab case: a-z, 0-9 and single dashes, at most 63 characters)",
    |text| text.len() <= 63 && is_kebab(text)
}

name! {
    /// Name of an auth profile: kebab case, at most 63 bytes (it becomes a folder name).
    ProfileName, "a profile name (kebab case: a-z, 0-9 and single dashes, at most 63 characters)",
    |text| text.len() <= 63 && is_kebab(text)
}

name! {
    /// Name of an environment variable: `[A-Za-z_][A-Za-z0-9_]*`, at most 255 bytes.
    EnvName, "a name of an environment variable",
    |text| {
        text.len() <= 255
            && text.bytes().next().is_some_and(|b| b.is_ascii_alphabetic() || b == b'_')
            && text.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'_')
    }
}

name! {
    /// Id of a plugin: `namespace/name`, each kebab case.
    PluginId, "a plugin id (namespace/name, each in kebab case)",
    |text| text.len() <= 128 && text.split_once('/').is_some_and(|(space, name)| is_kebab(space) && is_kebab(name))
}

fn is_kebab(text: &str) -> bool {
    !text.is_empty() && text.split('-').all(|part| !part.is_empty() && part.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit()))
}

impl DeploymentName {
    /// Returns the name that a deployment of this repository gets when none is given.
    pub fn derive(repository: &str) -> Self {
        let last = repository.rsplit('/').next().unwrap_or_default();
        let slug = slugify(last);
        let cut: String = slug.chars().take(63).collect();
        let name = cut.trim_end_matches('-');
        Self(if name.is_empty() { "deployment".to_owned() } else { name.to_owned() })
    }
}

/// Returns the lower-case slug of a name: runs of anything but `a-z0-9` become one dash, edges are stripped.
pub fn slugify(text: &str) -> String {
    let mut slug = String::with_capacity(text.len());
    for c in text.to_lowercase().chars() {
        if c.is_ascii_lowercase() || c.is_ascii_digit() {
            slug.push(c);
        } else if !slug.ends_with('-') && !slug.is_empty() {
            slug.push('-');
        }
    }
    slug.trim_end_matches('-').to_owned()
}

/// Returns the label-safe slug of a project's name, or nothing when no allowed character is left.
///
/// Runs outside `[A-Za-z0-9_.:-]` become one dash, leading non-alphanumerics and trailing dashes are stripped; case
/// is kept. This is the value of the `com.spawnfile.project` label.
pub fn label_slug(text: &str) -> Option<String> {
    let mut slug = String::with_capacity(text.len());
    let mut gap = false;
    for c in text.chars() {
        if c.is_ascii_alphanumeric() || matches!(c, '_' | '.' | ':' | '-') {
            slug.push(c);
            gap = false;
        } else if !gap {
            slug.push('-');
            gap = true;
        }
    }
    let slug = slug.trim_start_matches(|c: char| !c.is_ascii_alphanumeric()).trim_end_matches('-');
    (!slug.is_empty()).then(|| slug.to_owned())
}

/// Returns whether a text may stand in a label of ours: `[A-Za-z0-9][A-Za-z0-9_.:-]*`.
pub fn is_label_value(text: &str) -> bool {
    text.bytes().next().is_some_and(|b| b.is_ascii_alphanumeric())
        && text.bytes().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'_' | b'.' | b':' | b'-'))
}

/// Returns whether an environment name is kept from projects and plugins: it is the format's own, or it changes how
/// every program starts.
pub fn is_reserved_env(name: &str) -> bool {
    name.starts_with("SPAWNFILE_") || name.starts_with("LD_") || matches!(name, "GLIBC_TUNABLES" | "BASH_ENV" | "IFS")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn label_slugs_follow_the_table() {
        for (name, slug) in [
            ("Research Cell #2", Some("Research-Cell-2")),
            ("--weird name--", Some("weird-name")),
            ("a.", Some("a.")),
            ("a:b", Some("a:b")),
            ("über org", Some("ber-org")),
            ("_x", Some("x")),
            ("x_", Some("x_")),
            ("a -- b", Some("a----b")),
            ("日本", None),
        ] {
            assert_eq!(label_slug(name).as_deref(), slug, "{name}");
        }
    }

    #[test]
    fn deployment_names_are_derived_from_the_last_part() {
        for (repository, name) in [("x/my_org.v2", "my-org-v2"), ("analyst", "analyst"), ("a/__", "deployment")] {
            assert_eq!(DeploymentName::derive(repository).as_str(), name);
        }
        assert_eq!(DeploymentName::derive(&"a".repeat(200)).as_str().len(), 63);
    }

    #[test]
    fn names_refuse_what_would_escape() {
        for bad in ["", "..", "a/b", "A", "a--b", "-a", "a-", "a b", "日本"] {
            assert!(bad.parse::<DeploymentName>().is_err(), "{bad}");
            assert!(bad.parse::<ProfileName>().is_err(), "{bad}");
        }
        for bad in ["", "1A", "A=B", "A B", "A-B", "Ä"] {
            assert!(bad.parse::<EnvName>().is_err(), "{bad}");
        }
        assert!("acme/target-fly".parse::<PluginId>().is_ok());
        assert!("../x".parse::<PluginId>().is_err());
    }
}
