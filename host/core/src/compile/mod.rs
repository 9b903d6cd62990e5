//! Organization and admitted lowerings in, everything to write out. No file is read or written here.
//!
//! The output depends on its input alone: equal input, equal bytes. No path of the machine that compiles reaches
//! anything but `spawnfile-report.json`, which never leaves it.

mod container_report;
mod context;
mod dockerfile;
mod env;
mod env_example;
mod extras;
mod images;
mod init;
mod labels;
mod packages;
mod policy;
mod report;
mod resources;
mod rootfs;
mod secrets;
mod team;
mod text;
mod whole;

use std::collections::BTreeMap;

use serde::Serialize;

pub use images::{ImageNeed, image_needs};

use crate::admit::LoweredInstance;
use crate::extras::Extras;
use crate::finding::{Finding, Findings};
use crate::init_plan::InitPlan;
use crate::lock::Lock;
use crate::oci::{Digest, Platform, labels as keys};
use crate::organization::Organization;
use crate::path::HostPath;
use crate::project::ProjectSources;
use crate::report::DistributionReport;
use crate::tree::OutputTree;
use secrets::Registry;

/// Everything that a compile takes.
#[derive(Debug, Clone)]
pub struct CompileInput<'a> {
    /// The resolved organization.
    pub organization: &'a Organization,
    /// The bytes that its sources name.
    pub sources: &'a ProjectSources,
    /// Its instances in plan order, lowered and admitted.
    pub instances: Vec<LoweredInstance>,
    /// Pinned images and plugins.
    pub lock: &'a Lock,
    /// Platform of `init`, and so of the image.
    pub platform: Platform,
    /// The program of PID 1.
    pub init: &'a [u8],
    /// The time that goes into the documents and onto files, in seconds since 1970: the source date.
    pub generated_at_unix: u64,
    /// Paths of this machine, for the compile report only.
    pub host: HostPaths,
}

/// Paths of the machine that compiles.
#[derive(Debug, Clone)]
pub struct HostPaths {
    /// The root manifest, absolute.
    pub root_manifest: HostPath,
    /// The output folder, absolute.
    pub output_dir: HostPath,
}

/// Everything that a compile gives.
#[derive(Debug, Clone)]
pub struct Compiled {
    /// Files of the output folder.
    pub tree: OutputTree,
    /// The distribution report.
    pub report: DistributionReport,
    /// Its bytes in the image.
    pub report_bytes: Vec<u8>,
    /// The extras.
    pub extras: Extras,
    /// Their bytes in the image.
    pub extras_bytes: Vec<u8>,
    /// The plan of PID 1.
    pub init_plan: InitPlan,
    /// Labels of the image.
    pub labels: BTreeMap<String, String>,
    /// Images that a build needs.
    pub images: Vec<ImageNeed>,
}

/// Compiles. Every problem is found before anything is returned.
#[expect(clippy::needless_pass_by_value, reason = "a compile uses its input up: nothing of it is good for a second one")]
pub fn assemble(input: CompileInput<'_>) -> Result<(Compiled, Findings), Findings> {
    let mut findings = Findings::default();
    whole::check(&input, &mut findings);
    let teams = team::outcomes(&input);
    policy::check(&input, &teams, &mut findings);
    let images = images::pinned(&input, &mut findings);
    let base = images::base(&input.instances, &mut findings);
    packages::check(&input, base.as_deref(), &mut findings);
    let generated_at = text::iso(input.generated_at_unix, &mut findings);
    if findings.has_errors() {
        return Err(findings);
    }

    let placed = resources::placed(&input);
    let registry = Registry::of(&input.instances);
    let report = report::report(&input, &registry, &placed, generated_at);
    let report_bytes = pretty(&report, &mut findings);
    let extras = extras::extras(&input, &registry);
    let extras_bytes = pretty(&extras, &mut findings);
    if report_bytes.len() > crate::json::MAX_BYTES || extras_bytes.len() > crate::json::MAX_BYTES {
        let message = format!("the report or the extras would be larger than the {} bytes that are read of one", crate::json::MAX_BYTES);
        findings.push(Finding::error("compile.output", message).hint("make several organizations of it"));
    }
    let init_plan = init::plan(&input, &registry, &placed);
    let plan_bytes = pretty(&init_plan, &mut findings);
    let mut labels = labels::labels(&report, &mut findings);
    labels.insert(keys::REPORT_DIGEST.to_owned(), Digest::of(&report_bytes).to_string());
    labels.insert(keys::EXTRAS_DIGEST.to_owned(), Digest::of(&extras_bytes).to_string());

    let entries = rootfs::entries(&input, plan_bytes, &mut findings);
    let compile_report = container_report::report(&input, &teams, &registry, &report, &placed);
    let mut tree = OutputTree::default();
    let mut add = |path: &str, mode: u32, bytes: Vec<u8>| {
        if !tree.add(path, mode, bytes) {
            findings.push(Finding::error("compile.output", format!("`{path}` cannot be written to the output")));
        }
    };
    for entry in entries.iter().filter(|entry| entry.path.starts_with(crate::organization::INSTANCES_ROOT)) {
        if let rootfs::Content::File(bytes) = &entry.content {
            add(&format!("container/rootfs{}", entry.path), entry.mode, bytes.to_vec());
        }
    }
    let dockerfile = dockerfile::dockerfile(&input, &report, &labels, &images, base.as_deref());
    add("Dockerfile", 0o644, dockerfile.into_bytes());
    add(".dockerignore", 0o644, dockerfile::IGNORE.as_bytes().to_vec());
    add(".env.example", 0o644, env_example::text(&registry).into_bytes());
    add("distribution-report.json", 0o644, report_bytes.clone());
    add("image/spawnfile/spawnfile-report.json", 0o644, report_bytes.clone());
    add("image/spawnfile/spawnfile-extras.json", 0o644, extras_bytes.clone());
    match rootfs::archive(&entries, input.generated_at_unix) {
        Ok(bytes) => add("rootfs.tar", 0o644, bytes),
        Err(error) => findings.push(Finding::error("compile.output", format!("rootfs.tar cannot be written: {error}"))),
    }
    let compile_report = pretty(&compile_report, &mut findings);
    if !tree.add("spawnfile-report.json", 0o644, compile_report) {
        findings.push(Finding::error("compile.output", "`spawnfile-report.json` cannot be written to the output"));
    }
    findings.and(Compiled { tree, report, report_bytes, extras, extras_bytes, init_plan, labels, images })
}

/// Writes a document as the format wants it: two spaces, a line break at the end.
fn pretty(document: &impl Serialize, findings: &mut Findings) -> Vec<u8> {
    match serde_json::to_vec_pretty(document) {
        Ok(mut bytes) => {
            bytes.push(b'\n');
            bytes
        }
        Err(error) => {
            findings.push(Finding::error("compile.output", format!("a document cannot be written: {error}")));
            Vec::new()
        }
    }
}
