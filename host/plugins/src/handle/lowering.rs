//! Lowerings and descriptors of runtime kinds, from WIT's types to core's. Shapes only: core's admission judges them.

use spawnfile_core::lowering as core;

use crate::bindings::runtime_kind::spawnfile::runtime_kind::types as wit;
use crate::bindings::types::{Content, Encoding, EnvValue, EnvVar, File, Pair, Template};

pub(super) fn descriptor(descriptor: wit::Descriptor) -> core::KindDescriptor {
    let wit::Descriptor { id, title, accepts, options_schema, grouping } = descriptor;
    core::KindDescriptor { id, title, accepts, options_schema, grouping }
}

pub(super) fn lowering(lowering: wit::Lowering) -> core::Lowering {
    core::Lowering {
        paths: core::InstancePaths { config: lowering.paths.config, home: lowering.paths.home, workspace: lowering.paths.workspace },
        files: lowering.files.into_iter().map(file).collect(),
        process: process(lowering.process),
        ports: lowering
            .ports
            .into_iter()
            .map(|port| core::LoweredPort { name: port.name, number: port.number, public: port.public })
            .collect(),
        env: lowering
            .env
            .into_iter()
            .map(|need| core::EnvNeed {
                name: need.name,
                description: need.description,
                required: need.required,
                generated: need.generated,
            })
            .collect(),
        json_patches: lowering
            .json_patches
            .into_iter()
            .map(|patch| core::LoweredPatch { file: patch.file, pointer: patch.pointer, from: patch.env, transform: patch.transform })
            .collect(),
        derived_env: lowering
            .derived_env
            .into_iter()
            .map(|derived| core::LoweredDerived { name: derived.name, template: derived.template, unless_set: derived.unless_set })
            .collect(),
        probes: lowering.probes.into_iter().map(probe).collect(),
        auth: lowering.auth.into_iter().map(auth).collect(),
        install: install(lowering.install),
        mounts: pairs(lowering.mounts),
        capabilities: lowering
            .capabilities
            .into_iter()
            .map(|outcome| core::CapabilityOutcome {
                node: outcome.node,
                key: outcome.key,
                outcome: outcome.outcome,
                message: crate::error::clean(&outcome.message, super::MESSAGE),
            })
            .collect(),
        linux_capabilities: lowering.linux_capabilities,
    }
}

fn pairs(pairs: Vec<Pair>) -> Vec<(String, String)> {
    pairs.into_iter().map(|Pair { key, value }| (key, value)).collect()
}

fn file(file: File) -> core::LoweredFile {
    let content = match file.content {
        Content::Text(text) => core::LoweredContent::Text(text),
        Content::Template(text) => core::LoweredContent::Template(template(text)),
        Content::Source(source) => core::LoweredContent::Source(source),
    };
    core::LoweredFile { path: file.path, mode: file.mode, content }
}

fn template(template: Template) -> core::LoweredTemplate {
    let holes = template.holes.into_iter().map(|hole| (hole.at, hole.name, encoding(hole.encoding).to_owned())).collect();
    core::LoweredTemplate { text: template.text, holes }
}

const fn encoding(encoding: Encoding) -> &'static str {
    match encoding {
        Encoding::Raw => "raw",
        Encoding::JsonString => "json-string",
        Encoding::ShellWord => "shell-word",
        Encoding::Bearer => "bearer",
    }
}

fn variable(variable: EnvVar) -> core::LoweredEnv {
    let value = match variable.value {
        EnvValue::Literal(text) => core::LoweredEnvValue::Literal(text),
        EnvValue::Secret(name) => core::LoweredEnvValue::Secret(name),
        EnvValue::Slot(slot) => core::LoweredEnvValue::Slot(slot),
        EnvValue::Template(text) => core::LoweredEnvValue::Template(template(text)),
    };
    core::LoweredEnv { name: variable.name, value }
}

fn process(process: wit::Process) -> core::LoweredProcess {
    core::LoweredProcess {
        argv: process.argv,
        workdir: process.workdir,
        env: process.env.into_iter().map(variable).collect(),
        stop_signal: process.stop_signal,
        stop_grace_ms: process.stop_grace_ms,
    }
}

fn probe(probe: wit::Probe) -> core::LoweredProbe {
    let action = match probe.action {
        wit::ProbeAction::HttpGet(get) => core::ProbeAction::HttpGet(get.port, get.path),
        wit::ProbeAction::Exec(argv) => core::ProbeAction::Exec(argv),
        wit::ProbeAction::FileExists(path) => core::ProbeAction::FileExists(path),
        wit::ProbeAction::DirExists(path) => core::ProbeAction::DirExists(path),
        wit::ProbeAction::JsonFile(json) => core::ProbeAction::JsonFile(json.path, json.pointer),
    };
    core::LoweredProbe {
        id: probe.id,
        observation: probe.observation,
        phase: probe.phase,
        action,
        timeout_ms: probe.timeout_ms,
        interval_ms: probe.interval_ms,
        attempts: probe.attempts,
    }
}

fn auth(place: wit::AuthPlace) -> core::LoweredAuth {
    core::LoweredAuth {
        provider: place.provider,
        method: place.method,
        files: place.files.into_iter().map(file).collect(),
        env: place.env.into_iter().map(variable).collect(),
        writable: place.writable,
    }
}

fn install(install: wit::Install) -> core::Install {
    core::Install {
        base_image: install.base_image,
        runtime_image: install.runtime_image,
        runtime_path: install.runtime_path,
        run: install.run,
        packages: pairs(install.packages),
    }
}
