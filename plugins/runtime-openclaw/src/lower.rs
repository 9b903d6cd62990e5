//! One agent as one OpenClaw gateway.

use std::collections::BTreeSet;

use spawnfile_plugin::document;
use spawnfile_plugin::document::instance::{Agent, ModelTarget};
use spawnfile_plugin::runtime_kind::single::Ports;
use spawnfile_plugin::runtime_kind::{
    self, Capability, Lowering, Paths, Probe, as_declared, capability, env_need, file_probe, folder_probe, http_probe, port, workspace,
};
use spawnfile_plugin::{Diagnostic, EnvVar, Instance, env, env_from_secret, file, secret_env};

use crate::config::{AgentDefaults, Agents, Config, Gateway, Models};
use crate::{auth, mcp, model};

const BASE_IMAGE: &str = "node:24-bookworm-slim";
const RUNTIME_IMAGE: &str = "noopolis/spawnfile-runtime-openclaw:2026.6.11";
const RUNTIME_PATH: &str = "/opt/spawnfile/runtime-installs/openclaw";

/// A gateway uses some ports above its own.
pub(crate) const PORTS: Ports = Ports { first: 18789, stride: 20 };

const GATEWAY_TOKEN: &str = "OPENCLAW_GATEWAY_TOKEN";

/// Lowers an instance that [`crate::check::check`] found no error in.
pub(crate) fn lower(instance: &Instance) -> Result<Lowering, Vec<Diagnostic>> {
    let (Some(number), [agent]) = (PORTS.of(instance), instance.agents.as_slice()) else {
        return Err(crate::check::check(instance));
    };
    let home = format!("{}/home", instance.root);
    let state = format!("{home}/.openclaw");
    let paths = Paths { config: format!("{state}/openclaw.json"), home: Some(home.clone()), workspace: format!("{state}/workspace") };
    let target = agent.model.as_ref().map(|model| &model.primary);

    let argv = ["node", &format!("{}/openclaw.mjs", instance.runtime_root), "gateway", "--allow-unconfigured"]
        .into_iter()
        .chain(["--bind", "loopback", "--port", &number.to_string(), "--verbose"])
        .map(str::to_owned)
        .collect();
    let process = runtime_kind::process(argv, &paths.workspace, process_env(agent, target, &paths, &home, number));
    let install = runtime_kind::runtime_image(BASE_IMAGE, RUNTIME_IMAGE, RUNTIME_PATH);

    let mut lowering = Lowering::new(paths, process, install);
    let Paths { config, workspace, .. } = &lowering.paths;
    lowering.files = workspace::files(agent, workspace);
    if lowering.files.is_empty() {
        // The gateway starts in its workspace, so the folder has to exist.
        lowering.files.push(file(format!("{workspace}/.keep"), ""));
    }
    lowering.files.push(file(format!("{state}/agents/main/agent/.keep"), ""));
    lowering.files.push(file(format!("{state}/agents/main/sessions/.keep"), ""));
    lowering.files.push(file(config, config_text(agent, target, workspace, number)?).mode(0o600));
    lowering.json_patches = runtime_kind::mcp::patches(agent, config, "/mcp/servers");
    lowering.probes = probes(&lowering.paths, &home);

    lowering.ports = vec![port("gateway", number, false)];
    lowering.env = vec![env_need(GATEWAY_TOKEN, "Token that clients of the OpenClaw gateway present", true)];
    lowering.auth = target.map(|target| auth::places(target, &home)).unwrap_or_default();
    lowering.capabilities = capabilities(agent);
    Ok(lowering)
}

fn process_env(agent: &Agent, target: Option<&ModelTarget>, paths: &Paths, home: &str, number: u16) -> Vec<EnvVar> {
    let mut variables = vec![
        env("HOME", home),
        env("OPENCLAW_HOME", home),
        env("OPENCLAW_CONFIG_PATH", &paths.config),
        env("OPENCLAW_GATEWAY_PORT", number.to_string()),
    ];
    let key = target.and_then(api_key);
    let mut names: BTreeSet<&str> = agent.secrets.iter().map(|secret| secret.name.as_str()).chain(key).collect();
    names.insert(GATEWAY_TOKEN);
    // OpenClaw looks for a provider's key under one name only: a key that the author named otherwise gets that name too.
    let renamed = target.and_then(model::key_variable).zip(key).filter(|(variable, key)| variable != key);
    if let Some((variable, key)) = &renamed {
        names.remove(variable.as_str());
        variables.push(env_from_secret(variable, *key));
    }
    variables.extend(names.into_iter().map(secret_env));
    variables
}

fn api_key(target: &ModelTarget) -> Option<&str> {
    target.auth_key.as_deref().filter(|_| target.auth_method == "api_key")
}

fn config_text(agent: &Agent, target: Option<&ModelTarget>, workspace: &str, number: u16) -> Result<String, Vec<Diagnostic>> {
    let providers = target.map(model::providers).unwrap_or_default();
    let config = Config {
        agents: Agents { defaults: AgentDefaults { model: target.map(model::name), workspace: workspace.to_owned() } },
        gateway: Gateway::on_loopback(number),
        models: (!providers.is_empty()).then_some(Models { providers }),
        mcp: mcp::config(agent),
        auth: target.and_then(auth::config),
    };
    document::pretty(&config).map_err(|diagnostic| vec![diagnostic])
}

fn probes(paths: &Paths, home: &str) -> Vec<Probe> {
    // A gateway is healthy after some 12 seconds on a small machine, and is given two minutes on a slow one.
    let health = Probe { attempts: 240, ..http_probe("health", "runtime.health", "gateway", "/healthz") };
    vec![
        health,
        folder_probe("home", "runtime.home", home),
        folder_probe("workspace", "runtime.workspace", &paths.workspace),
        file_probe("config", "runtime.config", &paths.config),
    ]
}

fn capabilities(agent: &Agent) -> Vec<Capability> {
    let node = agent.id.as_str();
    let mut capabilities = as_declared(agent);
    if let Some(model) = &agent.model {
        let outcome = capability(node, "execution.model");
        let ignored: Vec<String> = model.fallback.iter().map(|target| format!("{}/{}", target.provider, target.name)).collect();
        capabilities.push(if ignored.is_empty() {
            outcome
        } else {
            outcome.degraded(format!("OpenClaw is given the primary model only, fallback models are ignored: {}", ignored.join(", ")))
        });
    }
    capabilities.push(capability(node, "execution.sandbox"));
    if !agent.subagents.is_empty() {
        capabilities
            .push(capability(node, "agent.subagents").degraded("each subagent is a gateway of its own, which its parent does not start"));
    }
    capabilities
}
