//! From a project to what its image will hold: gather, resolve, lower through the runtime kinds, assemble. Offline:
//! no Engine, registry or network.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use spawnfile_core::admit::{self, LoweredInstance};
use spawnfile_core::compile::{self, CompileInput, Compiled, ImageNeed};
use spawnfile_core::extras::LoweredBy;
use spawnfile_core::finding::Findings;
use spawnfile_core::lock::Lock;
use spawnfile_core::oci::Platform;
use spawnfile_core::organization::{self, Organization};
use spawnfile_core::path::HostPath;
use spawnfile_core::view;
use spawnfile_plugins::{LowerError, PluginHost, Problem};

use super::gather::{self, Gathered};
use crate::error::CliError;
use crate::store::deployments::Deployments;
use crate::world::World;

/// A project, lowered.
#[derive(Debug)]
pub(crate) struct Prepared {
    /// As typed, for messages.
    pub(crate) typed: String,
    /// Sources.
    pub(crate) gathered: Gathered,
    /// The resolved graph.
    pub(crate) organization: Organization,
    /// What each runtime kind made of its instances.
    pub(crate) instances: Vec<LoweredInstance>,
    /// Warnings so far.
    pub(crate) findings: Findings,
}

impl Prepared {
    /// Returns the images that it is made from.
    pub(crate) fn image_needs(&self) -> Vec<ImageNeed> {
        compile::image_needs(&self.instances)
    }
}

/// Reads, resolves and lowers a project.
pub(crate) async fn prepare(world: &World, plugins: &PluginHost, typed: &str) -> Result<Prepared, CliError> {
    let invalid = |findings: &Findings| CliError::findings(&format!("`{typed}` is not valid"), findings);
    let gathered = gather::gather(&world.cwd, typed)?;
    let (organization, mut findings) = organization::resolve(&gathered.sources).map_err(|findings| invalid(&findings))?;
    findings.extend(gathered.findings.clone());

    let mut kinds = BTreeMap::new();
    let mut descriptors = BTreeMap::new();
    let mut installed = Vec::new();
    for name in view::summary(&organization).runtimes {
        match plugins.runtime_kind(&name).await {
            Ok(kind) => {
                descriptors.insert(name.clone(), kind.describe().clone());
                kinds.insert(name, kind);
            }
            // Core names the node that wants it, and what there is.
            Err(error) => match error.problem() {
                Problem::NotFound { installed: kinds, .. } => installed.clone_from(kinds),
                _ => return Err(CliError::failed_from(&error)),
            },
        }
    }
    let documents = organization::instances(&organization, &descriptors, &installed).map_err(|findings| invalid(&findings))?;

    let mut instances = Vec::new();
    let mut problems = Findings::default();
    for document in documents {
        let Some(kind) = kinds.get(&document.runtime) else { continue };
        problems.extend(kind.check(&document).await.map_err(|error| CliError::failed_from(&error))?);
        let lowered = match kind.lower(&document).await {
            Ok(lowered) => lowered,
            Err(LowerError::Findings(findings)) => {
                problems.extend(findings);
                continue;
            }
            Err(LowerError::Plugin(error)) => return Err(CliError::failed_from(&error)),
        };
        let identity = kind.identity();
        let by = LoweredBy { plugin: identity.id.to_string(), version: identity.version.clone(), digest: identity.digest.to_string() };
        match admit::admit(document, lowered, by) {
            Ok((instance, findings)) => {
                problems.extend(findings);
                instances.push(instance);
            }
            Err(findings) => problems.extend(findings),
        }
    }
    if problems.has_errors() {
        return Err(invalid(&problems));
    }
    findings.extend(problems);
    Ok(Prepared { typed: typed.to_owned(), gathered, organization, instances, findings })
}

/// Assembles the output of a lowered project.
pub(crate) fn assemble(
    world: &World,
    prepared: &Prepared,
    lock: &Lock,
    platform: Platform,
    out: &Path,
) -> Result<(Compiled, Findings), CliError> {
    let init = spawnfile_bundle::init(platform.architecture())
        .ok_or_else(|| CliError::failed(format!("this spawnfile carries no init for {platform}")))?;
    let input = CompileInput {
        organization: &prepared.organization,
        sources: &prepared.gathered.sources,
        instances: prepared.instances.clone(),
        lock,
        platform,
        init,
        generated_at_unix: world.source_date()?,
        host: compile::HostPaths {
            root_manifest: HostPath::new(prepared.gathered.manifest.clone()),
            output_dir: HostPath::new(out.to_owned()),
        },
    };
    compile::assemble(input).map_err(|findings| CliError::findings(&format!("`{}` does not compile", prepared.typed), &findings))
}

/// Returns where the output goes: `--out` against the working folder, else `.spawn` beside the root manifest.
pub(crate) fn output_folder(world: &World, prepared: &Prepared, out: Option<&Path>) -> PathBuf {
    out.map_or_else(|| prepared.gathered.folder.join(".spawn"), |out| world.cwd.join(out))
}

/// Returns the store of a project's own deployments, in the output folder.
pub(crate) fn store(world: &World, typed: &str, out: Option<&Path>) -> Result<Deployments, CliError> {
    let manifest = gather::find(&world.cwd, typed)?;
    let folder = manifest.parent().unwrap_or(&world.cwd);
    Ok(Deployments::of_project(&out.map_or_else(|| folder.join(".spawn"), |out| world.cwd.join(out))))
}

/// Returns the platform of this machine, unless another was asked for.
pub(crate) fn platform(asked: Option<Platform>) -> Platform {
    asked.unwrap_or(if std::env::consts::ARCH == "aarch64" { Platform::LinuxArm64 } else { Platform::LinuxAmd64 })
}
