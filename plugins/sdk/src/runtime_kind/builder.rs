//! The parts of a lowering, without boilerplate.

use super::{Capability, EnvNeed, HttpProbe, Install, JsonPatch, Lowering, Paths, Port, Probe, ProbeAction, Process};
use crate::document::instance::Agent;
use crate::file::EnvVar;

impl Lowering {
    /// Returns a lowering with the three things that every kind has; the rest is empty and added by setting fields.
    pub fn new(paths: Paths, process: Process, install: Install) -> Self {
        Self {
            paths,
            files: Vec::new(),
            process,
            ports: Vec::new(),
            env: Vec::new(),
            json_patches: Vec::new(),
            derived_env: Vec::new(),
            probes: Vec::new(),
            auth: Vec::new(),
            install,
            mounts: Vec::new(),
            capabilities: Vec::new(),
            linux_capabilities: Vec::new(),
        }
    }
}

/// Returns a process that is stopped by SIGTERM and has ten seconds to go.
pub fn process(argv: Vec<String>, workdir: impl Into<String>, env: Vec<EnvVar>) -> Process {
    Process { argv, workdir: workdir.into(), env, stop_signal: "SIGTERM".to_owned(), stop_grace_ms: 10_000 }
}

/// Returns how a program gets into the image that stands ready in a runtime image, under the same path.
pub fn runtime_image(base_image: &str, image: &str, path: &str) -> Install {
    Install { runtime_image: Some(image.to_owned()), runtime_path: Some(path.to_owned()), ..base_image_only(base_image) }
}

/// Returns how a program gets into the image that is part of its base image.
pub fn base_image(image: &str) -> Install {
    base_image_only(image)
}

fn base_image_only(image: &str) -> Install {
    Install { base_image: image.to_owned(), runtime_image: None, runtime_path: None, run: Vec::new(), packages: Vec::new() }
}

/// Returns a port. `public`: bound to all addresses and not loopback alone, so that it can be published.
pub fn port(name: &str, number: u16, public: bool) -> Port {
    Port { name: name.to_owned(), number, public }
}

/// Returns a required environment name that somebody must give, or that the host makes (`generated`).
pub fn env_need(name: &str, description: &str, generated: bool) -> EnvNeed {
    EnvNeed { name: name.to_owned(), description: description.to_owned(), required: true, generated }
}

/// Returns a value that PID 1 writes at a JSON pointer of a file at start, when the name has a value. `bearer` puts
/// `Bearer ` before it.
pub fn json_patch(file: &str, pointer: String, env: &str, bearer: bool) -> JsonPatch {
    let transform = if bearer { "bearer" } else { "none" };
    JsonPatch { file: file.to_owned(), pointer, env: env.to_owned(), transform: transform.to_owned() }
}

/// Returns a readiness probe: a status of 200 to 299 at a path of one of the lowering's ports. It waits 2 seconds for
/// an answer and asks twice a second, 120 times at most; change the fields where that does not fit.
pub fn http_probe(id: &str, observation: &str, port: &str, path: &str) -> Probe {
    let action = ProbeAction::HttpGet(HttpProbe { port: port.to_owned(), path: path.to_owned() });
    Probe { phase: "ready".to_owned(), interval_ms: 500, attempts: 120, ..status_probe(id, observation, action) }
}

/// Returns a status probe that expects a folder.
pub fn folder_probe(id: &str, observation: &str, path: &str) -> Probe {
    status_probe(id, observation, ProbeAction::DirExists(path.to_owned()))
}

/// Returns a status probe that expects a regular file.
pub fn file_probe(id: &str, observation: &str, path: &str) -> Probe {
    status_probe(id, observation, ProbeAction::FileExists(path.to_owned()))
}

fn status_probe(id: &str, observation: &str, action: ProbeAction) -> Probe {
    Probe {
        id: id.to_owned(),
        observation: observation.to_owned(),
        phase: "status".to_owned(),
        action,
        timeout_ms: 2000,
        interval_ms: 500,
        attempts: 1,
    }
}

/// Returns that a feature of an agent works as declared.
pub fn capability(node: &str, key: impl Into<String>) -> Capability {
    Capability { node: node.to_owned(), key: key.into(), outcome: "supported".to_owned(), message: String::new() }
}

/// Returns that every doc, skill and MCP server of an agent works as declared.
pub fn as_declared(agent: &Agent) -> Vec<Capability> {
    let docs = agent.docs.iter().map(|doc| format!("docs.{}", doc.role));
    let skills = agent.skills.iter().map(|skill| format!("skills.{}", skill.name));
    let servers = agent.mcp_servers.iter().map(|server| format!("mcp.{}", server.name));
    docs.chain(skills).chain(servers).map(|key| capability(&agent.id, key)).collect()
}

impl Capability {
    /// Says that the feature works in part only, and why.
    #[must_use]
    pub fn degraded(mut self, message: impl Into<String>) -> Self {
        self.outcome = "degraded".to_owned();
        self.message = message.into();
        self
    }

    /// Says that the feature does not work, and why.
    #[must_use]
    pub fn unsupported(mut self, message: impl Into<String>) -> Self {
        self.outcome = "unsupported".to_owned();
        self.message = message.into();
        self
    }
}
