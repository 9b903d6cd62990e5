//! Records of what was started.

use super::{Contained, DeploymentRecord, RECORD_VERSION, RecordUnit, Source, TargetRef};
use crate::name::DeploymentName;
use crate::oci::Digest;
use crate::report::DistributionReport;

/// What was started.
#[derive(Debug, Clone)]
pub enum Origin {
    /// An image, by reference.
    Image {
        /// The reference as it was given.
        reference: String,
        /// Digest in the reference's own repository.
        digest: Option<Digest>,
    },
    /// A project on disk, compiled and built first.
    Project {
        /// Its root manifest, absolute.
        root: String,
        /// The compile's output folder, absolute.
        output_directory: String,
        /// Name that the image was given.
        image_tag: String,
    },
}

/// What the record of a deployment is made from.
#[derive(Debug, Clone)]
pub struct Started<'a> {
    /// Name of the deployment.
    pub name: DeploymentName,
    /// UTC time with milliseconds.
    pub created_at: String,
    /// The image's report.
    pub report: &'a DistributionReport,
    /// What was started.
    pub origin: Origin,
    /// Image id.
    pub image_id: Digest,
    /// Auth profile that was used.
    pub auth_profile: Option<String>,
    /// Absolute path of the env file that was used.
    pub env_file: Option<String>,
    /// Which Engine.
    pub target: TargetRef,
    /// What was started: unit, container id, container name.
    pub containers: Vec<(String, String, String)>,
}

/// Returns the record of a deployment that was started.
pub fn of(made: Started<'_>) -> DeploymentRecord {
    let report = made.report;
    let (source, image_tag, output_directory) = match made.origin {
        Origin::Image { reference, digest } => {
            (Source::Image { reference: reference.clone(), digest: digest.map(String::from) }, reference, None)
        }
        Origin::Project { root, output_directory, image_tag } => (Source::Project { root }, image_tag, Some(output_directory)),
    };
    let organization = &report.organization;
    let of = |kind: &'static str| move |id: &String| Contained { id: id.clone(), kind: kind.to_owned() };
    let mut contains: Vec<Contained> = organization.agents.iter().map(|agent| &agent.id).map(of("agent")).collect();
    contains.extend(organization.teams.iter().map(|team| &team.id).map(of("team")));
    contains.extend(report.moltnet.networks.iter().map(|network| &network.id).map(of("network")));
    let runtime_instances: Vec<String> = report.runtime_instances.iter().map(|instance| instance.id.clone()).collect();
    let unit = |(id, container_id, container_name)| RecordUnit {
        id,
        kind: "container".to_owned(),
        image_tag: image_tag.clone(),
        image_id: Some(made.image_id.to_string()),
        container_id: Some(container_id),
        container_name: Some(container_name),
        contains: contains.clone(),
        runtime_instances: runtime_instances.clone(),
        manager: None,
        target: None,
    };
    DeploymentRecord {
        version: RECORD_VERSION.to_owned(),
        name: made.name,
        created_at: made.created_at,
        compile_fingerprint: report.compile_fingerprint.clone(),
        manager: "docker".to_owned(),
        auth_profile: made.auth_profile,
        env_file: made.env_file,
        output_directory,
        source,
        target: made.target,
        units: made.containers.into_iter().map(unit).collect(),
        run_id: None,
        export_index: None,
        organization_ready: None,
        organization_handoff: None,
        organization_handoff_handle: None,
    }
}

/// Returns the fingerprint of an Engine's address: `sha256:` and the first 32 hexadecimal digits over it, without
/// white space around it.
pub fn endpoint_fingerprint(endpoint: &str) -> String {
    let digest = Digest::of(endpoint.trim().as_bytes());
    format!("sha256:{}", digest.hex().get(..32).unwrap_or_default())
}
