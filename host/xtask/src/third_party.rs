//! `third-party.toml`: what set-up installs, and what each look-alike image is made of. Pure.

use std::collections::BTreeSet;

use serde::{Deserialize, Serialize};
use sha2::{Digest as _, Sha256};

/// Raised when the steps that turn a recipe into an image change, so that images of the old steps are made anew.
const STEPS: u32 = 1;

/// The file. Unknown keys are errors.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct ThirdParty {
    version: u32,
    pub(crate) debian: Vec<Debian>,
    pub(crate) npm: Vec<Npm>,
    pub(crate) image: Vec<Image>,
}

/// A Debian package of this machine.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Debian {
    pub(crate) name: String,
    /// The program that stands for the package, whoever installed it.
    pub(crate) program: Option<String>,
    /// The file that is wanted of a package that is unpacked rather than installed; relative.
    pub(crate) unpack: Option<String>,
    /// What the package is for.
    #[serde(rename = "for")]
    pub(crate) purpose: String,
}

/// An npm package at one version.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Npm {
    pub(crate) name: String,
    pub(crate) version: String,
    /// The machine (`std::env::consts::ARCH`) that it is for; none: every one.
    arch: Option<String>,
    #[serde(rename = "for")]
    purpose: String,
}

/// An image of other people, and how a look-alike of it is made.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub(crate) struct Image {
    /// The reference that projects name.
    pub(crate) stands_for: String,
    /// The name of the look-alike in the Engine.
    pub(crate) lookalike: String,
    /// The environment variable that tells its id to tests.
    pub(crate) env: String,
    base: Option<Base>,
    runtime: Option<Runtime>,
}

/// A Debian with Node.js on it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Base {
    pub(crate) suite: String,
    pub(crate) debian: Vec<String>,
    pub(crate) node: String,
    pub(crate) npm: String,
}

/// One relocatable tree with an npm package and all that it depends on, and nothing else.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Runtime {
    pub(crate) package: String,
    pub(crate) version: String,
    pub(crate) tree: String,
    pub(crate) entry: String,
}

/// What an image is made of.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum Recipe {
    Base(Base),
    Runtime(Runtime),
    /// A static busybox and its links.
    Busybox,
}

impl ThirdParty {
    /// Reads the file and checks that its parts agree.
    pub(crate) fn parse(text: &str) -> Result<Self, String> {
        let file: Self = toml::from_str(text).map_err(|error| error.to_string())?;
        if file.version != 1 {
            return Err(format!("version {} is not known here", file.version));
        }
        let mut names = BTreeSet::new();
        for (name, purpose) in file.debian.iter().map(|p| (&p.name, &p.purpose)).chain(file.npm.iter().map(|p| (&p.name, &p.purpose))) {
            if purpose.trim().is_empty() {
                return Err(format!("`{name}` does not say what it is for"));
            }
        }
        for package in &file.npm {
            if !names.insert(&package.name) {
                return Err(format!("npm package `{}` is named twice", package.name));
            }
            if !package.version.starts_with(|c: char| c.is_ascii_digit()) || package.version.contains([' ', '*', '|']) {
                return Err(format!("npm package `{}` has no exact version", package.name));
            }
        }
        for image in &file.image {
            match image.recipe()? {
                Recipe::Base(base) => {
                    file.npm_named("npm", &base.npm)?;
                    file.npm
                        .iter()
                        .find(|p| p.arch.is_some() && p.version == base.node)
                        .ok_or(format!("Node.js {} is not listed", base.node))?;
                }
                Recipe::Runtime(runtime) => {
                    file.npm_named(&runtime.package, &runtime.version)?;
                    if !runtime.tree.starts_with('/') || runtime.tree.split('/').any(|part| part == "..") {
                        return Err(format!("`{}` is not an absolute path", runtime.tree));
                    }
                }
                Recipe::Busybox => {}
            }
        }
        Ok(file)
    }

    /// The base image's recipe: its Node.js also installs the runtimes.
    pub(crate) fn base(&self) -> Result<&Base, String> {
        self.image.iter().find_map(|image| image.base.as_ref()).ok_or_else(|| "no base image is listed".to_owned())
    }

    /// The npm package that holds Node.js for a machine.
    pub(crate) fn node(&self, version: &str, arch: &str) -> Result<&Npm, String> {
        self.npm
            .iter()
            .find(|p| p.version == version && p.arch.as_deref() == Some(arch))
            .ok_or_else(|| format!("Node.js {version} for {arch} is not listed"))
    }

    fn npm_named(&self, name: &str, version: &str) -> Result<&Npm, String> {
        self.npm
            .iter()
            .find(|p| p.name == name && p.version == version)
            .ok_or_else(|| format!("npm package `{name}@{version}` is not listed"))
    }
}

impl Image {
    /// What its look-alike is made of: exactly one of `base` and `runtime`.
    pub(crate) fn recipe(&self) -> Result<Recipe, String> {
        match (&self.base, &self.runtime) {
            (Some(base), None) => Ok(Recipe::Base(base.clone())),
            (None, Some(runtime)) => Ok(Recipe::Runtime(runtime.clone())),
            _ => Err(format!("image `{}` needs one of `base` and `runtime`", self.stands_for)),
        }
    }
}

impl Recipe {
    /// 12 hexadecimal digits that change with anything that the image of this machine is made of.
    pub(crate) fn hash(&self, arch: &str) -> String {
        let canonical = serde_json::json!({ "steps": STEPS, "arch": arch, "recipe": self }).to_string();
        Sha256::digest(canonical).iter().take(6).map(|byte| format!("{byte:02x}")).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const FILE: &str = include_str!("../../../third-party.toml");

    #[test]
    fn the_file_of_the_tree_is_valid_and_gives_each_image_a_name_of_its_own() {
        let file = ThirdParty::parse(FILE).unwrap();
        let envs: BTreeSet<_> = file.image.iter().map(|image| &image.env).collect();
        assert_eq!(envs.len(), file.image.len());
        assert!(file.image.iter().all(|image| image.lookalike.starts_with("spawnfile-lookalike/")));
        let base = file.base().unwrap();
        assert_ne!(file.node(&base.node, "x86_64").unwrap().name, file.node(&base.node, "aarch64").unwrap().name);
    }

    #[test]
    fn what_does_not_agree_is_refused() {
        for (from, to, says) in [
            ("version = 1\n", "version = 2\n", "version 2 is not known"),
            ("version = \"11.21.2\"\n", "version = \"^11\"\n", "no exact version"),
            ("npm = \"11.21.2\"", "npm = \"11.0.0\"", "`npm@11.0.0` is not listed"),
            ("node = \"24.21.0\"", "node = \"20.0.0\"", "Node.js 20.0.0 is not listed"),
            ("tree = \"/opt", "tree = \"/../opt", "not an absolute path"),
            ("program = \"cc\"", "programme = \"cc\"", "programme"),
            ("runtime = {", "base = {", "unknown field"),
            ("runtime = {", "#", "needs one of `base` and `runtime`"),
            ("for = \"the linker that Rust uses for programs of this machine\"", "for = \" \"", "does not say what it is for"),
        ] {
            assert!(FILE.contains(from), "{from}");
            let error = ThirdParty::parse(&FILE.replacen(from, to, 1)).unwrap_err();
            assert!(error.contains(says), "{says}: {error}");
        }
    }

    #[test]
    fn the_hash_follows_every_part_of_the_recipe() {
        let file = ThirdParty::parse(FILE).unwrap();
        let Recipe::Base(base) = file.image[0].recipe().unwrap() else { panic!("the first image is the base") };
        let hash = |change: fn(&mut Base)| {
            let mut base = base.clone();
            change(&mut base);
            Recipe::Base(base).hash("x86_64")
        };
        let same = hash(|_| {});
        assert_eq!(same, file.image[0].recipe().unwrap().hash("x86_64"));
        let others = [
            hash(|b| b.suite.push('x')),
            hash(|b| b.debian.push("git".into())),
            hash(|b| b.node.push('1')),
            hash(|b| b.npm.push('1')),
            Recipe::Base(base.clone()).hash("aarch64"),
            file.image[1].recipe().unwrap().hash("x86_64"),
            Recipe::Busybox.hash("x86_64"),
        ];
        let all: BTreeSet<_> = others.iter().chain([&same]).collect();
        assert_eq!(all.len(), others.len() + 1);
        assert!(all.iter().all(|hash| hash.len() == 12));
    }
}
