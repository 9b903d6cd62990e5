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
    let mut real = wanted.into_iter().filter(|image| *image != SCRATCH);
    let first = real.next()?;
    let others: Vec<&str> = real.collect();
    if !others.is_empty() {
        let message = format!("the runtimes need different base images ({first}, {}), which one image cannot have yet", others.join(", "));
        findings.push(Finding::error("compile.base", message).hint("use runtimes that share a base image"));
    }
    Some(first.to_owned())
}
