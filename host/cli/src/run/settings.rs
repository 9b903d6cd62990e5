//! What a deployment is to be like, as told on the command line.

use spawnfile_core::deployment::plan::PlannedPort;
use spawnfile_core::deployment::settings::DeploySettings;

use crate::ui::Ui;

/// Arguments of every command that starts something.
#[derive(Debug, Clone, clap::Args)]
#[command(next_help_heading = "Deployment")]
pub(crate) struct SettingsArgs {
    /// Network of the containers: bridge, internal (no way out), or none
    #[arg(long, value_name = "MODE", default_value = "bridge", value_parser = ["bridge", "internal", "none"])]
    network: String,
    /// Publish a port of the organization: [ADDRESS:][HOST_PORT:]PORT, on 127.0.0.1 without an address (repeatable)
    #[arg(long, short, value_name = "PORT")]
    publish: Vec<PlannedPort>,
}

impl SettingsArgs {
    /// Returns the settings, and says what is worth saying of them.
    pub(crate) fn settings(&self, ui: &mut Ui) -> DeploySettings {
        let settings = DeploySettings { network: self.network.clone(), publish: self.publish.clone(), ..DeploySettings::default() };
        ui.findings(&settings.warnings());
        settings
    }
}
