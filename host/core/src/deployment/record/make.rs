//! Records of what was started.

use super::{Contained, DeploymentRecord, RECORD_VERSION, RecordUnit, Source, TargetRef};
use crate::name::DeploymentName;
use crate::oci::Digest;
use crate::report::DistributionReport;

/// What a record of an image deployment is made from.
#[derive(Debug, Clone)]
pub struct ImageRecord<'a> {
    /// Name of the deployment.
    pub name: DeploymentName,
    /// UTC time with milliseconds.
    pub created_at: String,
    /// The image's report.
    pub report: &'a DistributionReport,
    /// The reference as it was given.
    pub reference: String,
    /// Digest in the reference's own repository.
    pub digest: Option<Digest>,
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

/// Returns the record of a deployment that was started from an image.
pub fn for_image(made: ImageRecord<'_>) -> DeploymentRecord {
    let report = made.report;
    let organization = &report.organization;
    let of = |kind: &'static str| move |id: &String| Contained { id: id.clone(), kind: kind.to_owned() };
    let mut contains: Vec<Contained> = organization.agents.iter().map(|agent| &agent.id).map(of("agent")).collect();
    contains.extend(organization.teams.iter().map(|team| &team.id).map(of("team")));
    contains.extend(report.moltnet.networks.iter().map(|network| &network.id).map(of("network")));
    let runtime_instances: Vec<String> = report.runtime_instances.iter().map(|instance| instance.id.clone()).collect();
    let unit = |(id, container_id, container_name)| RecordUnit {
        id,
        kind: "container".to_owned(),
        image_tag: made.reference.clone(),
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
        output_directory: None,
        source: Source::Image { reference: made.reference.clone(), digest: made.digest.map(String::from) },
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
