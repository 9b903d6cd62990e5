//! Image references: `[registry/]repository[:tag][@digest]`.
//!
//! The grammar is that of the TypeScript tool (see specs/DISTRIBUTION.md), with two deliberate differences: a text
//! that looks like a path (`./x`, `../x`, `/x`) is never a reference, and a registry is a host name (not `-.`).

use std::fmt;
use std::str::FromStr;

use super::Digest;
use crate::display::excerpt;

/// A parsed image reference. What was not written stays absent: no default registry or tag is filled in.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Reference {
    registry: Option<String>,
    repository: String,
    tag: Option<String>,
    digest: Option<Digest>,
}

/// Why a text is no image reference.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("`{text}` is not an image reference: {why}")]
pub struct ReferenceError {
    text: String,
    why: &'static str,
}

impl Reference {
    /// Returns the registry host (with port) as written, if one was.
    pub fn registry(&self) -> Option<&str> {
        self.registry.as_deref()
    }

    /// Returns the repository path without the registry.
    pub fn repository(&self) -> &str {
        &self.repository
    }

    /// Returns the tag, if one was written.
    pub fn tag(&self) -> Option<&str> {
        self.tag.as_deref()
    }

    /// Returns the digest, if one was written.
    pub const fn digest(&self) -> Option<&Digest> {
        self.digest.as_ref()
    }

    /// Returns registry and repository, without tag or digest.
    pub fn name(&self) -> String {
        match &self.registry {
            Some(registry) => format!("{registry}/{}", self.repository),
            None => self.repository.clone(),
        }
    }

    /// Returns the same name pinned to `digest`, without a tag.
    #[must_use]
    pub fn at(&self, digest: Digest) -> Self {
        Self { tag: None, digest: Some(digest), ..self.clone() }
    }

    /// Returns whether a bare argument of this form is taken for an image without `--image`.
    pub const fn is_explicit(&self) -> bool {
        self.registry.is_some() || self.tag.is_some() || self.digest.is_some()
    }
}

impl FromStr for Reference {
    type Err = ReferenceError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let fail = |why| ReferenceError { text: excerpt(text), why };
        let whole = text.trim();
        if whole.is_empty() {
            return Err(fail("it is empty"));
        }
        if whole.contains(char::is_whitespace) {
            return Err(fail("it has white space"));
        }
        if whole.starts_with('.') || whole.starts_with('/') {
            return Err(fail("it looks like a path"));
        }
        let (rest, digest) = match whole.split_once('@') {
            Some((rest, digest)) => (rest, Some(digest.parse().map_err(|_| fail("its digest is no sha256 digest"))?)),
            None => (whole, None),
        };
        let after_slash = rest.rfind('/').map_or(0, |at| at + 1);
        let (name, tag) = match rest.get(after_slash..).and_then(|last| last.rfind(':')) {
            Some(colon) => {
                let (name, tag) = rest.split_at(after_slash + colon);
                (name, tag.get(1..))
            }
            None => (rest, None),
        };
        if tag.is_some_and(|tag| !is_tag(tag)) {
            return Err(fail("its tag is not of the form [A-Za-z0-9_][A-Za-z0-9._-]{0,127}"));
        }
        let (registry, repository) = match name.split_once('/') {
            Some((first, rest)) if first.contains('.') || first.contains(':') || first == "localhost" => {
                if !is_registry(first) {
                    return Err(fail("its registry is no host name with an optional port"));
                }
                (Some(first), rest)
            }
            _ => (None, name),
        };
        if !repository.split('/').all(is_component) {
            return Err(fail("a part of its repository is not lower-case letters and digits joined by `.`, `_`, `__` or `-`"));
        }
        if name.len() > 255 {
            return Err(fail("its name is longer than 255 bytes"));
        }
        Ok(Self { registry: registry.map(str::to_owned), repository: repository.to_owned(), tag: tag.map(str::to_owned), digest })
    }
}

fn is_tag(tag: &str) -> bool {
    let mut bytes = tag.bytes();
    tag.len() <= 128
        && bytes.next().is_some_and(|b| b.is_ascii_alphanumeric() || b == b'_')
        && bytes.all(|b| b.is_ascii_alphanumeric() || matches!(b, b'.' | b'_' | b'-'))
}

fn is_registry(host: &str) -> bool {
    let (name, port) = match host.split_once(':') {
        Some((name, port)) => (name, Some(port)),
        None => (host, None),
    };
    // An edge that is no letter or digit could be read as an option, or as no name, by whoever gets it next.
    let is_label = |label: &str| {
        let edges = [label.bytes().next(), label.bytes().last()];
        edges.iter().all(|edge| edge.is_some_and(|b| b.is_ascii_alphanumeric()))
            && label.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-')
    };
    name.split('.').all(is_label) && port.is_none_or(|port| (1..=5).contains(&port.len()) && port.bytes().all(|b| b.is_ascii_digit()))
}

/// `[a-z0-9]+((\.|_|__|-+)[a-z0-9]+)*`
fn is_component(part: &str) -> bool {
    let alnum = |b: u8| b.is_ascii_lowercase() || b.is_ascii_digit();
    let bytes = part.as_bytes();
    let (Some(first), Some(last)) = (bytes.first(), bytes.last()) else { return false };
    if !alnum(*first) || !alnum(*last) {
        return false;
    }
    part.split(|c: char| alnum(u8::try_from(c).unwrap_or(0)))
        .all(|gap| matches!(gap, "" | "." | "_" | "__") || gap.bytes().all(|b| b == b'-'))
}

impl fmt::Display for Reference {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Some(registry) = &self.registry {
            write!(f, "{registry}/")?;
        }
        f.write_str(&self.repository)?;
        if let Some(tag) = &self.tag {
            write!(f, ":{tag}")?;
        }
        if let Some(digest) = &self.digest {
            write!(f, "@{digest}")?;
        }
        Ok(())
    }
}

impl fmt::Debug for Reference {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Reference({self})")
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const HEX: &str = "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef";

    /// The table of facts about the TypeScript tool's grammar: text, whether it is a reference, whether it counts
    /// as one without `--image`.
    #[test]
    fn follows_the_table() {
        let long = format!("a:{}", "t".repeat(129));
        let longest = format!("a:{}", "t".repeat(128));
        let digested = format!("sha256:{HEX}");
        let both = format!("a:1@sha256:{HEX}");
        let sha512 = format!("a@sha512:{HEX}");
        let upper = format!("a@sha256:{}", HEX.to_uppercase());
        let bare = format!("@sha256:{HEX}");
        let rows: &[(&str, Option<bool>)] = &[
            ("a", Some(false)),
            ("a/b", Some(false)),
            ("ghcr.io", Some(false)),
            ("a.b", Some(false)),
            ("a:b", Some(true)),
            ("a/b:c", Some(true)),
            ("a.b:1", Some(true)),
            ("a__b:1", Some(true)),
            ("a--b:1", Some(true)),
            ("ghcr.io/a", Some(true)),
            ("localhost/a", Some(true)),
            ("ghcr.io:443/a", Some(true)),
            ("x.y:99999/a", Some(true)),
            ("ghcr.io:443", Some(true)),
            ("a:1/b", Some(true)),
            (&digested, Some(true)),
            ("Localhost:80/a", Some(true)),
            ("Docker.io/library/a", Some(true)),
            ("LOCALHOST/a:1", None),
            ("docker.io/A:1", None),
            ("UPPER/x:1", None),
            ("a___b:1", None),
            ("a..b:1", None),
            ("a._b:1", None),
            ("a-:1", None),
            ("-a:1", None),
            ("a//b:1", None),
            ("/a:1", None),
            ("a/:1", None),
            ("a:", None),
            ("a:.x", None),
            ("a:-x", None),
            (&long, None),
            ("name:tag:tag", None),
            (&longest, Some(true)),
            (&both, Some(true)),
            (&upper, None),
            (&sha512, None),
            (&bare, None),
            ("foo@bar", None),
            ("http://x/a:1", None),
            ("[::1]:5000/a:1", None),
            ("x.y:123456/a", None),
            ("C:\\x", None),
            ("c:/x", None),
            (" a:1 ", Some(true)),
            ("a:1\n", Some(true)),
            ("a b", None),
            ("", None),
            // Deliberately different from the TypeScript tool: a path is never an image.
            ("./a", None),
            ("../a:1", None),
            (".hidden/a", None),
            ("...:5/a", None),
            // Nor is an option, or a registry that is no host name.
            ("-./a:1", None),
            ("-x.y/a:1", None),
            ("x-.y/a", None),
            ("x..y/a", None),
            ("x.y./a", None),
        ];
        for (text, expected) in rows {
            let got = text.parse::<Reference>().ok().map(|r| r.is_explicit());
            assert_eq!(got, *expected, "{text}");
        }
    }

    proptest! {
        #[test]
        fn display_parses_back(text in "([a-z]{1,5}\\.[a-z]{2}(:[0-9]{1,5})?/)?[a-z0-9]{1,8}(/[a-z0-9]{1,8}){0,2}(:[A-Za-z0-9_.]{1,9})?") {
            if let Ok(reference) = text.parse::<Reference>() {
                prop_assert_eq!(reference.to_string().parse::<Reference>().unwrap(), reference);
            }
        }

        #[test]
        fn never_panics(text in "\\PC{0,64}") {
            let _ignored = text.parse::<Reference>();
        }
    }
}
