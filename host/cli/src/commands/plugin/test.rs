//! `spawnfile plugin test`: the conformance suite of the plugin's kind. The suite itself is `host/plugins`' own; this
//! says what it found. Nothing is added, and no Engine is asked.

use std::path::Path;

use serde::Serialize;
use spawnfile_core::display::escape;
use spawnfile_core::name::PluginId;
use spawnfile_plugins::conformance::{Check, Conformance, Subject};

use crate::error::CliError;
use crate::plugins;
use crate::ui::Ui;
use crate::world::World;

#[derive(Debug, clap::Args)]
#[command(after_help = "\
Examples:
  spawnfile plugin test ./my_kind.wasm
  spawnfile plugin test ./my-plugin --json
  spawnfile plugin test spawnfile/target-docker")]
pub(crate) struct Args {
    /// Folder with plugin.toml and plugin.wasm, a .wasm file, or the id of a plugin that is built in or was added
    subject: String,
}

#[derive(Serialize)]
struct Answer<'a> {
    plugin: Option<Plugin>,
    kind: Option<&'a str>,
    checks: &'a [Check],
    passed: usize,
    failed: usize,
}

#[derive(Serialize)]
struct Plugin {
    id: String,
    version: String,
    digest: String,
}

pub(super) async fn run(args: Args, world: &World, ui: &mut Ui) -> Result<u8, CliError> {
    let subject = subject(&args.subject, &world.cwd)?;
    let host = plugins::host(world)?;
    ui.step(&format!("Testing {}", escape(&args.subject)));
    let found = host.conformance(&subject).await.map_err(|error| CliError::input_from(&error))?;
    let plugin = found.plugin.as_ref().map(|plugin| Plugin {
        id: plugin.id.to_string(),
        version: plugin.version.clone(),
        digest: plugin.digest.to_string(),
    });
    let answer = Answer { plugin, kind: found.kind.as_deref(), checks: &found.checks, passed: found.passed(), failed: found.failed() };
    ui.answer(&answer, |_| human(&found))?;
    Ok(u8::from(found.failed() > 0))
}

/// A path that is there is a path; anything else that can be an id is one.
fn subject(text: &str, cwd: &Path) -> Result<Subject, CliError> {
    let path = cwd.join(text);
    if path.exists() {
        return Ok(Subject::Path(path));
    }
    match text.parse::<PluginId>() {
        Ok(id) => Ok(Subject::Id(id)),
        Err(_) => Err(CliError::input(format!("`{}` is no file, no folder and no plugin id", escape(text)))
            .hint("name a folder, a .wasm file, or an id that `spawnfile plugin list` shows")),
    }
}

fn human(found: &Conformance) -> String {
    let mut text = String::new();
    if let Some(plugin) = &found.plugin {
        let kind = found.kind.as_ref().map(|kind| format!(", {kind}")).unwrap_or_default();
        text.push_str(&format!("{plugin}{kind}\n"));
    }
    let width = found.checks.iter().map(|check| check.name.len()).max().unwrap_or_default();
    for Check { name, about, failure } in &found.checks {
        text.push_str(&match failure {
            None => format!("ok      {name:width$}  {about}\n"),
            Some(failure) => format!("FAILED  {name:width$}  {}; to do: {}\n", escape(&failure.reason), failure.hint),
        });
    }
    text.push_str(&format!("{} passed, {} failed", found.passed(), found.failed()));
    text
}
