//! Images that a build needs: one base, and one tree of programs per runtime kind.

use std::collections::BTreeSet;

use super::CompileInput;
use crate::admit::{LoweredInstance, SCRATCH};
use crate::finding::{Finding, Findings};

/// An image that a build needs.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct ImageNeed {
    /// `base` or `runtime`.
    pub role: String,
    /// Runtime kind, for the role `runtime`.
    pub kind: Option<String>,
    /// Reference that the runtime kind asks for.
    pub reference: String,
    /// What the lock pins it to: `name@digest` or a local image id.
    pub pinned: Option<String>,
}

/// Returns the images that a build needs, sorted, none of them pinned. `scratch` needs none.
pub fn image_needs(instances: &[LoweredInstance]) -> Vec<ImageNeed> {
    let mut needs = BTreeSet::new();
    for instance in instances {
        let install = &instance.lowering().install;
        let need = |role: &str, kind: Option<String>, reference: &String| ImageNeed {
            role: role.to_owned(),
            kind,
            reference: reference.clone(),
            pinned: None,
        };
        if install.base_image != SCRATCH {
            needs.insert(need("base", None, &install.base_image));
        }
        if let Some(image) = &install.runtime_image {
            needs.insert(need("runtime", Some(instance.document().runtime.clone()), image));
        }
    }
    needs.into_iter().collect()
}

/// Returns the images with what the lock pins them to; says which it does not.
pub(super) fn pinned(input: &CompileInput<'_>, findings: &mut Findings) -> Vec<ImageNeed> {
    let mut needs = image_needs(&input.instances);
    for need in &mut needs {
        let by_digest = need.reference.contains('@').then(|| need.reference.clone());
        need.pinned = input.lock.image(&need.reference).map(crate::lock::LockedImage::pinned).or(by_digest);
        if need.pinned.is_none() {
            let message = format!("the {} image `{}` is not pinned: another build may get another one", need.role, need.reference);
            findings.push(Finding::warning("compile.unpinned", message).hint("`spawnfile lock` pins it by digest"));
        }
    }
    needs
}

/// Returns the one base image of all instances; nothing when all are content with `scratch`.
pub(super) fn base(instances: &[LoweredInstance], findings: &mut Findings) -> Option<String> {
    let wanted: BTreeSet<&str> = instances.iter().map(|instance| instance.lowering().install.base_image.as_str()).collect();
    let real: Vec<&str> = wanted.into_iter().filter(|image| *image != SCRATCH).collect();
    let richest = real.iter().copied().find(|image| real.iter().all(|other| other == image || stands_on(image, other)));
    if richest.is_none() && !real.is_empty() {
        let message = format!("the runtimes need different base images ({}), which one image cannot have yet", real.join(", "));
        findings.push(Finding::error("compile.base", message).hint("use runtimes that share a base image"));
    }
    richest.or_else(|| real.first().copied()).map(str::to_owned)
}

/// Returns whether an official image has everything of another: Node's images are Debian's of the same suite with Node,
/// and a later Node runs what an earlier one does.
fn stands_on(image: &str, other: &str) -> bool {
    let node = |image: &str| {
        let (version, suite) = image.strip_prefix("node:")?.split_once('-')?;
        Some((version.parse::<u32>().ok()?, suite.to_owned()))
    };
    let Some((version, suite)) = node(image) else { return false };
    match node(other) {
        Some((other, theirs)) => suite == theirs && version >= other,
        None => other.strip_prefix("debian:").is_some_and(|theirs| theirs == suite),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_base_stands_for_those_that_it_is_made_from() {
        for (image, other, answer) in [
            ("node:24-bookworm-slim", "debian:bookworm-slim", true),
            ("node:24-bookworm-slim", "node:22-bookworm-slim", true),
            ("node:22-bookworm-slim", "node:24-bookworm-slim", false),
            ("node:24-bookworm-slim", "debian:trixie-slim", false),
            ("debian:bookworm-slim", "node:24-bookworm-slim", false),
            ("example.org/node:24-bookworm-slim", "debian:bookworm-slim", false),
            ("node:lts-bookworm-slim", "debian:bookworm-slim", false),
            ("node:24-bookworm-slim@sha256:aa", "debian:bookworm-slim", false),
        ] {
            assert_eq!(stands_on(image, other), answer, "{image} {other}");
        }
    }
}
