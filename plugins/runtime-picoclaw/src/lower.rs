//! One agent as one PicoClaw gateway.

use std::collections::BTreeSet;

use serde_json::Value;
use spawnfile_plugin::document;
use spawnfile_plugin::document::instance::Agent;
use spawnfile_plugin::runtime_kind::single::Ports;
use spawnfile_plugin::runtime_kind::{
    self, Capability, Install, Lowering, Paths, Probe, as_declared, capability, file_probe, folder_probe, http_probe, port, workspace,
};
use spawnfile_plugin::{Diagnostic, EnvVar, Instance, Pair, env, file, secret_env};

use crate::check::RESTRICT;
use crate::config::{AgentDefaults, Agents, Config};
use crate::{auth, mcp, model};

/// Has what npm packages of sign-ins and most MCP servers run on, and is what other kinds use: one image has one base.
const BASE_IMAGE: &str = "node:24-bookworm-slim";
const RUNTIME_IMAGE: &str = "noopolis/spawnfile-runtime-picoclaw:0.3.1";
const RUNTIME_PATH: &str = "/opt/spawnfile/runtime-installs/picoclaw";

pub(crate) const PORTS: Ports = Ports { first: 18990, stride: 1 };

/// Lowers an instance that [`crate::check::check`] found no error in.
pub(crate) fn lower(instance: &Instance) -> Result<Lowering, Vec<Diagnostic>> {
    let (Some(number), [agent]) = (PORTS.of(instance), instance.agents.as_slice()) else {
        return Err(crate::check::check(instance));
    };
    let home = format!("{}/picoclaw", instance.root);
    let paths = Paths { config: format!("{home}/config.json"), home: Some(home.clone()), workspace: format!("{home}/workspace") };
    let argv = vec![format!("{}/bin/picoclaw", instance.runtime_root), "gateway".to_owned(), "--allow-empty".to_owned()];
    let process = runtime_kind::process(argv, &paths.workspace, process_env(agent, &paths, &home, number));

    let mut lowering = Lowering::new(paths, process, install(agent));
    let Paths { config, workspace, .. } = &lowering.paths;
    lowering.files = workspace::files(agent, workspace);
    lowering.files.push(file(config, config_text(agent, workspace)?).mode(0o600));
    if let Some(model) = &agent.model {
        lowering.files.extend(model::key_files(model, &home));
        lowering.auth = auth::places(model, &home);
    }
    lowering.json_patches = runtime_kind::mcp::patches(agent, config, mcp::POINTER);
    lowering.probes = probes(&lowering.paths, &home);
    lowering.ports = vec![port("gateway", number, true)];
    lowering.capabilities = capabilities(agent);
    Ok(lowering)
}

fn install(agent: &Agent) -> Install {
    let mut install = runtime_kind::runtime_image(BASE_IMAGE, RUNTIME_IMAGE, RUNTIME_PATH);
    let package = |manager: &str, name: &str| Pair { key: manager.to_owned(), value: name.to_owned() };
    // The program has no certificates of its own, and the base image has none either.
    install.packages.push(package("apt", "ca-certificates"));
    install.packages.extend(agent.model.iter().flat_map(auth::packages).map(|name| package("npm", name)));
    install
}

fn process_env(agent: &Agent, paths: &Paths, home: &str, number: u16) -> Vec<EnvVar> {
    let mut variables = vec![
        // Command lines of providers look for their login below it.
        env("HOME", home),
        env("PICOCLAW_HOME", home),
        env("PICOCLAW_CONFIG", &paths.config),
        env("PICOCLAW_GATEWAY_HOST", "0.0.0.0"),
        env("PICOCLAW_GATEWAY_PORT", number.to_string()),
    ];
    let names: BTreeSet<&str> = agent.secrets.iter().map(|secret| secret.name.as_str()).collect();
    variables.extend(names.into_iter().map(secret_env));
    variables
}

/// Whether the program's own tools stay in the workspace: as the option says, else as the sandbox mode does.
fn is_restricted(agent: &Agent) -> bool {
    agent.options.get(RESTRICT).and_then(Value::as_bool).unwrap_or(agent.sandbox != "unrestricted")
}

fn config_text(agent: &Agent, workspace: &str) -> Result<String, Vec<Diagnostic>> {
    let model = agent.model.as_ref();
    let config = Config {
        agents: Agents {
            defaults: AgentDefaults {
                workspace: workspace.to_owned(),
                restrict_to_workspace: is_restricted(agent),
                model_name: model.map(|model| model.primary.name.clone()),
                model_fallbacks: model.iter().flat_map(|model| &model.fallback).map(|target| target.name.clone()).collect(),
                temperature: model.and_then(|model| model::temperature(&model.primary)),
            },
        },
        model_list: model.iter().flat_map(|model| model.targets()).map(|target| model::entry(target, workspace)).collect(),
        tools: mcp::config(agent),
    };
    document::pretty(&config).map_err(|diagnostic| vec![diagnostic])
}

fn probes(paths: &Paths, home: &str) -> Vec<Probe> {
    vec![
        http_probe("health", "runtime.health", "gateway", "/health"),
        Probe { phase: "status".to_owned(), attempts: 1, ..http_probe("ready", "runtime.ready", "gateway", "/ready") },
        folder_probe("home", "runtime.home", home),
        folder_probe("workspace", "runtime.workspace", &paths.workspace),
        file_probe("config", "runtime.config", &paths.config),
    ]
}

fn capabilities(agent: &Agent) -> Vec<Capability> {
    let node = agent.id.as_str();
    let mut capabilities = as_declared(agent);
    capabilities.extend(agent.model.iter().map(|_| capability(node, "execution.model")));
    capabilities.push(sandbox(agent));
    if !agent.subagents.is_empty() {
        capabilities
            .push(capability(node, "agent.subagents").degraded("each subagent is a gateway of its own, which its parent does not start"));
    }
    capabilities
}

fn sandbox(agent: &Agent) -> Capability {
    let outcome = capability(&agent.id, "execution.sandbox");
    match (agent.sandbox.as_str(), is_restricted(agent)) {
        ("workspace", true) | ("unrestricted", false) => outcome,
        ("unrestricted", true) => outcome.degraded(format!("option `{RESTRICT}` keeps PicoClaw's own tools in the workspace")),
        ("workspace", false) => outcome.degraded(format!("option `{RESTRICT}` lets PicoClaw's own tools leave the workspace")),
        (mode, true) => outcome.degraded(format!("PicoClaw has no mode `{mode}`: its own tools stay in the workspace, no more")),
        (mode, false) => outcome.unsupported(format!("PicoClaw has no mode `{mode}`, and option `{RESTRICT}` is off")),
    }
}
