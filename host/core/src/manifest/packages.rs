//! `environment.packages`: programs and libraries that the builder installs.
//!
//! Names and versions become words of a command line, so each has the alphabet of its package manager and nothing else:
//! no option, no white space, nothing that a shell reads.

use std::collections::{BTreeMap, BTreeSet};

use super::decode::{Decoder, Fields};
use super::{PackageDecl, PackageManager, Spanned};

/// Longest name or version, in bytes.
const MAX_WORD: usize = 214;

pub(super) fn packages(decoder: &mut Decoder<'_>, environment: &Fields<'_>) -> Vec<PackageDecl> {
    let mut ids = BTreeSet::new();
    let mut versions: BTreeMap<(PackageManager, String), Option<String>> = BTreeMap::new();
    let mut found = Vec::new();
    for (key, node) in decoder.list(environment, "packages") {
        let Some(package) = decoder.map(node, &key, &["id", "manager", "name", "version", "scope"]) else { continue };
        let id = decoder.required_text(&package, "id");
        if !id.value.is_empty() && !ids.insert(id.value.clone()) {
            decoder.error("manifest.duplicate", id.at, format!("package `{}` is declared twice", id.value));
        }
        decoder.require(&package, "manager");
        let manager = decoder.word(&package, "manager", &["apt", "npm", "pipx"]).and_then(|word| PackageManager::named(word.value));
        let name = decoder.required_text(&package, "name");
        let version = decoder.text(&package, "version");
        let Some(manager) = manager else { continue };
        scope(decoder, &package, manager);
        let named = name.value.is_empty() || word(decoder, &package.join("name"), &name, manager.is_name(&name.value), manager.names());
        let versioned = version
            .as_ref()
            .is_none_or(|text| word(decoder, &package.join("version"), text, manager.is_version(&text.value), manager.versions()));
        if name.value.is_empty() || !named || !versioned {
            continue;
        }
        let version = version.map(|version| version.value);
        let known = versions.entry((manager, name.value.clone())).or_insert_with(|| version.clone());
        if *known == version {
            found.push(PackageDecl { manager, name: name.value, version });
        } else {
            let message = format!("`{}` of {} is declared in two versions", name.value, manager.as_str());
            decoder.error("manifest.duplicate", name.at, message);
        }
    }
    found
}

fn scope(decoder: &mut Decoder<'_>, package: &Fields<'_>, manager: PackageManager) {
    let Some(scope) = decoder.word(package, "scope", &["global"]) else { return };
    if manager != PackageManager::Npm {
        decoder.error("manifest.value", scope.at, format!("`{}` is only allowed with manager npm", package.join("scope")));
    }
}

fn word(decoder: &mut Decoder<'_>, key: &str, text: &Spanned<String>, good: bool, form: &str) -> bool {
    if !good {
        decoder.error_with_hint("manifest.value", text.at, format!("`{key}` is none that can be installed"), form);
    }
    good
}

impl PackageManager {
    fn named(word: &str) -> Option<Self> {
        [Self::Apt, Self::Npm, Self::Pipx].into_iter().find(|manager| manager.as_str() == word)
    }

    /// Returns the word of the format.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Apt => "apt",
            Self::Npm => "npm",
            Self::Pipx => "pipx",
        }
    }

    /// Returns what stands between name and version on its command line.
    pub(crate) const fn separator(self) -> &'static str {
        match self {
            Self::Apt => "=",
            Self::Npm => "@",
            Self::Pipx => "==",
        }
    }

    fn is_name(self, name: &str) -> bool {
        let part = |text: &str, more: &[u8], upper: bool| {
            let letter = |b: u8| b.is_ascii_lowercase() || b.is_ascii_digit() || (upper && b.is_ascii_uppercase());
            text.bytes().next().is_some_and(letter) && text.bytes().all(|b| letter(b) || more.contains(&b))
        };
        let well = match self {
            Self::Apt => name.len() > 1 && part(name, b"+.-", false),
            Self::Npm => {
                let (scope, own) = name.strip_prefix('@').map_or(("x", name), |rest| rest.split_once('/').unwrap_or((rest, "")));
                part(scope, b"._-", false) && part(own, b"._-", true)
            }
            Self::Pipx => part(name, b"._-", true) && name.bytes().last().is_some_and(|b| b.is_ascii_alphanumeric()),
        };
        well && name.len() <= MAX_WORD
    }

    fn is_version(self, version: &str) -> bool {
        let (more, rest): (&[u8], &str) = match self {
            Self::Apt => (b".+~:-", version),
            Self::Npm => (b".+-_", version.strip_prefix(['^', '~']).unwrap_or(version)),
            Self::Pipx => (b".+!-_", version),
        };
        rest.bytes().next().is_some_and(|b| b.is_ascii_alphanumeric())
            && rest.bytes().all(|b| b.is_ascii_alphanumeric() || more.contains(&b))
            && version.len() <= MAX_WORD
    }

    const fn names(self) -> &'static str {
        match self {
            Self::Apt => "a Debian package: lower-case letters, digits, `+`, `.` and `-`, at least two",
            Self::Npm => "a package of npm: letters, digits, `.`, `_` and `-`, with `@scope/` before it or not",
            Self::Pipx => "a package of PyPI: letters, digits, `.`, `_` and `-`, without extras",
        }
    }

    const fn versions(self) -> &'static str {
        match self {
            Self::Apt => "one version of Debian, as `apt-cache policy` shows it",
            Self::Npm => "one version or tag of npm, with `^` or `~` before it or not",
            Self::Pipx => "one version of Python's form, without `==` before it",
        }
    }
}
