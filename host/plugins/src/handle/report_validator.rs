//! The report validator: foreign bytes go in, checked records come out. The host itself never parses those bytes.

use std::collections::BTreeMap;

use spawnfile_core::extras::Extras;
use spawnfile_core::report as core;

use crate::bindings::report_validator::ReportValidatorPre;
use crate::bindings::report_validator::spawnfile::report_validator::types as wit;
use crate::error::{PluginError, PluginIdentity, Problem, clean};
use crate::sandbox::plugin::Plugin;
use crate::sandbox::state::State;

/// The validator plugin, ready to be called. Every call runs in a fresh, metered instance.
pub struct ReportValidator {
    plugin: Plugin,
    guest: ReportValidatorPre<State>,
}

impl std::fmt::Debug for ReportValidator {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        self.plugin.fmt(f)
    }
}

/// One thing wrong with a document.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Violation {
    /// JSON pointer to it.
    pub pointer: String,
    /// Stable code.
    pub code: String,
    /// One sentence.
    pub message: String,
}

/// Why a document is not accepted.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum InvalidReport {
    /// The plugin failed; nothing is known of the document.
    #[error(transparent)]
    Plugin(#[from] PluginError),
    /// It is no JSON.
    #[error("line {line}, column {column}: {message}")]
    Malformed {
        /// Line, from 1.
        line: u32,
        /// Column, from 1.
        column: u32,
        /// What is wrong there.
        message: String,
    },
    /// It is of a version that is not understood.
    #[error("version `{0}` is not understood")]
    UnsupportedVersion(String),
    /// It breaks the rules of its version.
    #[error("{}", violations(.0))]
    Violations(Vec<Violation>),
    /// It is larger than this many bytes.
    #[error("it is larger than {0} bytes")]
    TooLarge(u64),
}

fn violations(list: &[Violation]) -> String {
    let shown: Vec<_> = list.iter().take(20).map(|violation| format!("{}: {}", violation.pointer, violation.message)).collect();
    match list.len().checked_sub(20) {
        Some(more) if more > 0 => format!("{}; and {more} more", shown.join("; ")),
        _ => shown.join("; "),
    }
}

impl ReportValidator {
    pub(crate) fn new(plugin: Plugin) -> Result<Self, PluginError> {
        let guest = ReportValidatorPre::new(plugin.instance.clone())
            .map_err(|error| plugin.error(Problem::Incompatible(format!("it does not fit `{}` of this host: {error:#}", plugin.world))))?;
        Ok(Self { plugin, guest })
    }

    /// Returns the same validator in another place; see [`Plugin::elsewhere`].
    pub(crate) fn elsewhere(&self) -> Self {
        Self { plugin: self.plugin.elsewhere(), guest: self.guest.clone() }
    }

    /// Returns who the plugin is.
    pub fn identity(&self) -> PluginIdentity {
        self.plugin.identity.clone()
    }

    /// Returns the versions that it understands.
    ///
    /// # Errors
    /// When the plugin fails.
    pub async fn accepts(&self) -> Result<Vec<String>, PluginError> {
        let mut store = self.plugin.store(None)?;
        let outcome = self
            .plugin
            .within(async {
                let validator = self.guest.instantiate_async(&mut store).await?;
                validator.spawnfile_report_validator_validator().call_accepts(&mut store).await
            })
            .await;
        self.plugin.finish(store, outcome)
    }

    /// Checks a distribution report and returns it, with the fingerprint computed from its content.
    ///
    /// # Errors
    /// When the document is not accepted, or the plugin fails.
    pub async fn validate_report(&self, bytes: &[u8]) -> Result<(core::DistributionReport, String), InvalidReport> {
        self.plugin.check_input(bytes.len())?;
        let mut store = self.plugin.store(None)?;
        let outcome = self
            .plugin
            .within(async {
                let validator = self.guest.instantiate_async(&mut store).await?;
                validator.spawnfile_report_validator_validator().call_validate_report(&mut store, bytes).await
            })
            .await;
        let mut answer = self.plugin.finish(store, outcome)?.map_err(invalid)?;
        let computed = std::mem::take(&mut answer.computed_fingerprint);
        let report = report(answer)
            .map_err(|twice| self.plugin.error(Problem::Refused(format!("it answered with `{}` twice", clean(&twice, 120)))))?;
        Ok((report, computed))
    }

    /// Checks extras and returns them.
    ///
    /// # Errors
    /// When the document is not accepted, or the plugin fails.
    pub async fn validate_extras(&self, bytes: &[u8]) -> Result<Extras, InvalidReport> {
        self.plugin.check_input(bytes.len())?;
        let mut store = self.plugin.store(None)?;
        let outcome = self
            .plugin
            .within(async {
                let validator = self.guest.instantiate_async(&mut store).await?;
                validator.spawnfile_report_validator_validator().call_validate_extras(&mut store, bytes).await
            })
            .await;
        let canonical = self.plugin.finish(store, outcome)?.map_err(invalid)?.document;
        serde_json::from_str(&canonical)
            .map_err(|error| self.plugin.error(Problem::Refused(format!("it answered with extras that are none: {error}"))).into())
    }
}

fn invalid(invalid: wit::Invalid) -> InvalidReport {
    match invalid {
        wit::Invalid::Malformed(at) => {
            InvalidReport::Malformed { line: at.line, column: at.column, message: clean(&at.message, super::MESSAGE) }
        }
        wit::Invalid::UnsupportedVersion(version) => InvalidReport::UnsupportedVersion(clean(&version, 120)),
        wit::Invalid::Violations(list) => InvalidReport::Violations(
            list.into_iter()
                .map(|violation| Violation {
                    pointer: clean(&violation.pointer, 300),
                    code: clean(&violation.code, 120),
                    message: clean(&violation.message, super::MESSAGE),
                })
                .collect(),
        ),
        wit::Invalid::TooLarge(most) => InvalidReport::TooLarge(most),
    }
}

fn unique(entries: impl Iterator<Item = (String, String)>) -> Result<BTreeMap<String, String>, String> {
    let mut map = BTreeMap::new();
    for (key, value) in entries {
        if map.contains_key(&key) {
            return Err(key);
        }
        map.insert(key, value);
    }
    Ok(map)
}

fn methods(pairs: Vec<wit::Pair>) -> Result<BTreeMap<String, String>, String> {
    unique(pairs.into_iter().map(|pair| (pair.provider, pair.method)))
}

fn report(report: wit::Report) -> Result<core::DistributionReport, String> {
    Ok(core::DistributionReport {
        compile_fingerprint: report.compile_fingerprint,
        generated_at: report.generated_at,
        internal_ports: report.internal_ports,
        model_auth_methods: methods(report.model_auth_methods)?,
        moltnet: core::Moltnet {
            networks: report
                .networks
                .into_iter()
                .map(|network| core::Network { binding: network.binding, id: network.id, server_mode: network.server_mode })
                .collect(),
        },
        organization: organization(report.organization),
        persistent_mounts: report
            .persistent_mounts
            .into_iter()
            .map(|mount| core::PersistentMount {
                durability: "persistent".to_owned(),
                id: mount.id,
                kind: "volume".to_owned(),
                target: mount.target,
            })
            .collect(),
        port_mappings: report
            .port_mappings
            .into_iter()
            .map(|port| core::PortMapping { internal_port: port.internal_port, published_port: port.published_port })
            .collect(),
        ports: report.ports,
        resources: report
            .resources
            .into_iter()
            .map(|resource| core::WorkspaceResource {
                id: resource.id,
                kind: resource.kind,
                link_path: resource.link_path,
                mode: resource.mode,
                mount: resource.mount,
                sharing: resource.sharing,
            })
            .collect(),
        runtime_instances: report.runtime_instances.into_iter().map(instance).collect::<Result<_, _>>()?,
        secrets: core::Secrets {
            model: secrets(report.secrets.model),
            project: secrets(report.secrets.project),
            runtime: secrets(report.secrets.runtime),
            surface: secrets(report.secrets.surface),
        },
        version: core::REPORT_VERSION.to_owned(),
        world_bindings: report.world_bindings.map(|world| core::WorldBindings {
            artifact_path: world.artifact_path,
            digest: world.digest,
            schema: world.schema,
        }),
    })
}

fn organization(organization: wit::Organization) -> core::Organization {
    core::Organization {
        agents: organization
            .agents
            .into_iter()
            .map(|agent| core::Agent { id: agent.id, name: agent.name, runtime: agent.runtime, teams: agent.teams })
            .collect(),
        project: organization.project,
        teams: organization.teams.into_iter().map(|team| core::Team { agents: team.agents, id: team.id, name: team.name }).collect(),
    }
}

fn secrets(list: Vec<wit::Secret>) -> Vec<core::SecretRequirement> {
    list.into_iter()
        .map(|secret| core::SecretRequirement { generated: secret.generated, name: secret.name, required: secret.required })
        .collect()
}

fn instance(instance: wit::RuntimeInstance) -> Result<core::RuntimeInstance, String> {
    Ok(core::RuntimeInstance {
        config_path: instance.config_path,
        engine_by_node_id: instance.engine_by_node_id.map(|pairs| unique(pairs.into_iter())).transpose()?,
        home_path: instance.home_path,
        id: instance.id,
        internal_port: instance.internal_port,
        model_auth_methods: methods(instance.model_auth_methods)?,
        model_secrets_required: instance.model_secrets_required,
        node_ids: instance.node_ids,
        published_port: instance.published_port,
        runtime: instance.runtime,
        telemetry_mount_ids: instance.telemetry_mount_ids.map(|pairs| unique(pairs.into_iter())).transpose()?,
        workspace_path: instance.workspace_path,
    })
}
