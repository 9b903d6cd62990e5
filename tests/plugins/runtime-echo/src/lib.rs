//! Runtime kind `echo`: a whole plugin to copy from.
//!
//! Its program is a small HTTP server that reports what reached it (see `tests/programs/echo`): docs, skills, its
//! configuration, names of variables, secret files. Everything that a kind can say is said here once: files, process,
//! ports, needs, patches, probes, places for credentials, installation, capabilities.
//!
//! # Making your own
//!
//! 1. Copy this folder. Give `plugin.toml` your id and title, `Cargo.toml` your name and a version of the SDK.
//! 2. Say in [`Echo::describe`] what stands under `runtime:` in a Spawnfile.
//! 3. Refuse in [`Echo::check`] what you cannot run, with a place and a hint: `validate` shows it before anything is
//!    built.
//! 4. Return in [`Echo::lower`] everything about one instance. It is given paths and names, never bytes of docs and
//!    never values of secrets; it may not look at anything else, so the same instance always gives the same bytes.
//! 5. Test it natively as in `tests/`, then:
//!
//! ```text
//! cargo build --release --target wasm32-unknown-unknown
//! spawnfile plugin add target/wasm32-unknown-unknown/release/runtime_echo.wasm
//! ```
//!
//! # Options (`runtime.options`)
//!
//! | option | meaning |
//! |---|---|
//! | `port` | port to listen on; 7700 and counting up |
//! | `start_delay_ms` | how long it answers 503 first |
//! | `exit_after_ms` | end by itself after that time |
//! | `exit_code` | with that code (0) |
//! | `ignore_term` | do not end on SIGTERM |

mod options;

use serde_json::{Map, Value, json};
use spawnfile_plugin::document::instance::{Agent, McpServer, ModelTarget};
use spawnfile_plugin::file::{is_path_part, is_relative_path};
use spawnfile_plugin::runtime_kind::{self, AuthPlace, Descriptor, Lowering, Paths, Probe, RuntimeKind, as_declared, capability};
use spawnfile_plugin::{Diagnostic, Instance, Template, env, file, pointer_key, secret_env, source};

use options::Options;

/// Where the program stands, in its runtime image and in every image that runs it.
const RUNTIME_PATH: &str = "/opt/spawnfile/runtime-installs/echo";
/// Image that holds the program.
const RUNTIME_IMAGE: &str = "spawnfile-test/runtime-echo:1";

/// The runtime kind.
#[derive(Debug)]
pub struct Echo;

impl RuntimeKind for Echo {
    fn describe() -> Descriptor {
        runtime_kind::descriptor("echo", "Echo: reports what it was given", Some(options::SCHEMA.to_owned()))
    }

    fn check(instance: &Instance) -> Vec<Diagnostic> {
        match parts(instance) {
            Ok(_) => Vec::new(),
            Err(found) => found,
        }
    }

    fn lower(instance: &Instance) -> Result<(Lowering, Vec<Diagnostic>), Vec<Diagnostic>> {
        let (agent, options) = parts(instance)?;
        let Instance { root, runtime_root, .. } = instance;
        let home = format!("{root}/home");
        let paths = Paths { config: format!("{home}/echo.json"), home: Some(home.clone()), workspace: format!("{root}/workspace") };

        let argv = vec![format!("{runtime_root}/echo"), paths.config.clone()];
        let mut variables = vec![env("HOME", &home)];
        variables.extend(secret_names(agent).into_iter().map(secret_env));
        let process = runtime_kind::process(argv, &paths.workspace, variables);
        let install = runtime_kind::runtime_image("scratch", RUNTIME_IMAGE, RUNTIME_PATH);
        let mut lowering = Lowering::new(paths, process, install);
        let Paths { config, workspace, .. } = &lowering.paths;

        // Files: docs and skills by source id, text of our own. The program works in its workspace, so that has to be.
        lowering.files = agent.docs.iter().map(|doc| source(format!("{workspace}/docs/{}.md", doc.role), &doc.source)).collect();
        for skill in &agent.skills {
            let folder = format!("{workspace}/skills/{}", skill.name);
            lowering.files.extend(skill.files.iter().map(|file| source(format!("{folder}/{}", file.path), &file.source)));
        }
        lowering.files.push(file(format!("{workspace}/.keep"), ""));
        // PID 1 writes secrets into the configuration, so nobody else may read it.
        lowering.files.push(file(config, config_text(agent, &options, &home, workspace)).mode(0o600));
        for server in &agent.mcp_servers {
            let Some(auth) = &server.auth else { continue };
            let pointer = format!("/mcp/{}/secret", pointer_key(&server.name));
            let bearer = auth.mode.as_deref() == Some("bearer");
            lowering.json_patches.push(runtime_kind::json_patch(config, pointer, &auth.secret, bearer));
        }

        lowering.ports = vec![runtime_kind::port("http", options.port, true)];
        lowering.env = vec![runtime_kind::env_need("ECHO_TOKEN", "Made by the host; the program reports that it has it", true)];
        lowering.auth = sign_ins(agent).into_iter().map(|target| place(target, &home)).collect();
        lowering.probes = vec![
            Probe { interval_ms: 20, attempts: 500, ..runtime_kind::http_probe("health", "runtime.health", "http", "/healthz") },
            runtime_kind::folder_probe("home", "runtime.home", &home),
            runtime_kind::folder_probe("workspace", "runtime.workspace", workspace),
            runtime_kind::file_probe("config", "runtime.config", config),
        ];
        lowering.capabilities = capabilities(agent);
        Ok((lowering, Vec::new()))
    }
}

/// The one agent and its options, or everything that is wrong with the instance.
fn parts(instance: &Instance) -> Result<(&Agent, Options), Vec<Diagnostic>> {
    let [agent] = instance.agents.as_slice() else {
        return Err(vec![Diagnostic::error("echo.agents", "an echo instance is one agent").at("/agents")]);
    };
    let mut found = Vec::new();
    let options = options::parse(&agent.options, instance.index, &mut found);
    let bad = |code, what: &str, pointer: String| Diagnostic::error(code, format!("`{what}` cannot be part of a path")).at(pointer);
    for (index, doc) in agent.docs.iter().enumerate().filter(|(_, doc)| !is_path_part(&doc.role)) {
        found.push(bad("echo.docs.role", &doc.role, format!("/agents/0/docs/{index}/role")));
    }
    for (index, skill) in agent.skills.iter().enumerate() {
        let file = skill.files.iter().find(|file| !is_relative_path(&file.path));
        if let Some(name) = file.map(|file| &file.path).or(Some(&skill.name).filter(|name| !is_path_part(name))) {
            found.push(bad("echo.skills.name", name, format!("/agents/0/skills/{index}")));
        } else if agent.skills.iter().take(index).any(|other| other.name == skill.name) {
            let message = format!("two skills are named `{}`", skill.name);
            found.push(Diagnostic::error("echo.skills.duplicate", message).at(format!("/agents/0/skills/{index}/name")));
        }
    }
    let methods: Vec<&str> = sign_ins(agent).into_iter().map(|target| target.auth_method.as_str()).collect();
    for (index, method) in methods.iter().enumerate() {
        let pointer = "/agents/0/model";
        if !is_path_part(method) {
            found.push(bad("echo.model.auth-method", method, pointer.to_owned()));
        } else if methods[..index].contains(method) {
            let message = format!("two model providers use auth method `{method}`, which has one place");
            found.push(Diagnostic::error("echo.model.auth-method", message).at(pointer).hint("use one provider with it"));
        }
    }
    if found.is_empty() { Ok((agent, options)) } else { Err(found) }
}

/// All model targets of an agent.
fn targets(agent: &Agent) -> impl Iterator<Item = &ModelTarget> {
    agent.model.iter().flat_map(|model| std::iter::once(&model.primary).chain(&model.fallback))
}

/// Model targets that are signed in to, one a provider and method.
fn sign_ins(agent: &Agent) -> Vec<&ModelTarget> {
    let mut found: Vec<&ModelTarget> = Vec::new();
    for target in targets(agent).filter(|target| !matches!(target.auth_method.as_str(), "api_key" | "none")) {
        if !found.iter().any(|other| other.provider == target.provider && other.auth_method == target.auth_method) {
            found.push(target);
        }
    }
    found
}

/// Where the values of a sign-in go: a file with holes that the host fills when a deployment starts.
fn place(target: &ModelTarget, home: &str) -> AuthPlace {
    let ModelTarget { provider, auth_method, .. } = target;
    let template = Template::new()
        .text("{\"access\":")
        .json_string_hole(&format!("{provider}/access"))
        .text(",\"refresh\":")
        .json_string_hole(&format!("{provider}/refresh"))
        .text(",\"expires\":")
        .raw_hole(&format!("{provider}/expires"))
        .text("}\n");
    AuthPlace {
        provider: provider.clone(),
        method: auth_method.clone(),
        files: vec![file::template(format!("{home}/auth-{auth_method}.json"), template)],
        env: Vec::new(),
        writable: Vec::new(),
    }
}

/// Names of the secrets that the process gets: the declared ones, API keys of its models, its own token.
fn secret_names(agent: &Agent) -> Vec<String> {
    let keys = targets(agent).filter(|target| target.auth_method == "api_key").filter_map(|target| target.auth_key.clone());
    let declared = agent.secrets.iter().map(|secret| secret.name.clone());
    let mut names: Vec<String> = declared.chain(keys).chain(["ECHO_TOKEN".to_owned()]).collect();
    names.sort_unstable();
    names.dedup();
    names
}

fn config_text(agent: &Agent, options: &Options, home: &str, workspace: &str) -> String {
    let server = |server: &McpServer| {
        let entry = json!({
            "transport": server.transport, "url": server.url, "command": server.command, "args": server.args, "env": server.env,
            "secret": "",
        });
        (server.name.clone(), entry)
    };
    let model = |target: &ModelTarget| {
        let endpoint = target.endpoint.as_ref().map(|endpoint| format!(" at {}", endpoint.base_url)).unwrap_or_default();
        format!("{}/{}{endpoint}", target.provider, target.name)
    };
    let config = json!({
        "agent": { "id": agent.id, "name": agent.name, "description": agent.description },
        "home": home,
        "mcp": agent.mcp_servers.iter().map(server).collect::<Map<String, Value>>(),
        "model": agent.model.as_ref().map(|chosen| model(&chosen.primary)),
        "fallback": agent.model.iter().flat_map(|chosen| &chosen.fallback).map(model).collect::<Vec<_>>(),
        "options": options.as_json(),
        "workspace": workspace,
    });
    format!("{config:#}\n")
}

fn capabilities(agent: &Agent) -> Vec<spawnfile_plugin::runtime_kind::Capability> {
    let model = agent.model.iter().map(|_| "execution.model");
    let subagents = (!agent.subagents.is_empty()).then_some("agent.subagents");
    let others = model.chain(["execution.sandbox"]).chain(subagents).map(|key| capability(&agent.id, key));
    as_declared(agent).into_iter().chain(others).collect()
}

spawnfile_plugin::export_runtime_kind!(Echo);
spawnfile_plugin::plugin_manifest!(include_str!("../plugin.toml"));
