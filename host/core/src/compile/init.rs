//! The plan of PID 1.

use std::collections::{BTreeMap, BTreeSet};

use super::extras::port;
use super::resources::{self, Placed};
use super::secrets::{Registry, model_secrets};
use super::{CompileInput, env};
use crate::admit::LoweredInstance;
use crate::extras::HttpGet;
use crate::init_plan::{DerivedEnv, EnvFile, INIT_VERSION, InitPlan, JsonPatch, PatchSource, Process, Ready, SECRETS_DIR};
use crate::lowering::{LoweredContent, LoweredEnvValue, LoweredFile, ProbeAction};
use crate::manifest::IMPORT_SECRET;

pub(super) fn plan(input: &CompileInput<'_>, registry: &Registry, placed: &[Placed<'_>]) -> InitPlan {
    let instances = &input.instances;
    let agents = input.organization.agents_by_id();
    let mut plan = InitPlan {
        version: INIT_VERSION.to_owned(),
        // What import methods give is put into its places before the start; the one name that other tools know for
        // it is in the report, but nothing here reads it.
        require_env: registry.required(None).into_iter().filter(|name| name != IMPORT_SECRET).collect(),
        require_files: instances.iter().map(|instance| instance.lowering().paths.config.clone()).collect(),
        secrets_dir: SECRETS_DIR.to_owned(),
        json_patches: Vec::new(),
        derived_env: Vec::new(),
        env_files: Vec::new(),
        resources: resources::plan(placed),
        networks: Vec::new(),
        processes: Vec::new(),
        exit: "first-death".to_owned(),
    };
    for instance in instances {
        let lowering = instance.lowering();
        plan.json_patches.extend(lowering.json_patches.iter().map(|patch| JsonPatch {
            file: patch.file.clone(),
            pointer: patch.pointer.clone(),
            from: PatchSource { env: patch.from.clone() },
            transform: patch.transform.clone(),
        }));
        plan.env_files.extend(lowering.files.iter().filter_map(env_file));
        for derived in derived(instance) {
            if !plan.derived_env.contains(&derived) {
                plan.derived_env.push(derived);
            }
        }
        plan.processes.push(process(instance, env::of(instance, &agents)));
    }
    plan
}

/// Returns a file that holds a secret and nothing else as what PID 1 makes of it. The process that reads it may have the
/// name as well: it has the value anyway.
fn env_file(file: &LoweredFile) -> Option<EnvFile> {
    let LoweredContent::Template(template) = &file.content else { return None };
    let env = template.secret()?.to_owned();
    Some(EnvFile { env, path: file.path.clone(), mode: format!("{:04o}", file.mode), then_unset: false })
}

/// Returns what is derived for an instance. A variable whose value is a secret of another name is that secret, derived.
pub(super) fn derived(instance: &LoweredInstance) -> impl Iterator<Item = DerivedEnv> + use<'_> {
    let lowering = instance.lowering();
    let renamed = lowering.process.env.iter().filter_map(|variable| match &variable.value {
        LoweredEnvValue::Secret(secret) if *secret != variable.name => {
            Some(DerivedEnv { name: variable.name.clone(), template: format!("{{{secret}}}"), unless_set: false })
        }
        _ => None,
    });
    let derived = lowering.derived_env.iter().map(|derived| DerivedEnv {
        name: derived.name.clone(),
        template: derived.template.clone(),
        unless_set: derived.unless_set,
    });
    derived.chain(renamed)
}

fn process(instance: &LoweredInstance, declared: BTreeMap<String, String>) -> Process {
    let (document, lowering) = (instance.document(), instance.lowering());
    let process = &lowering.process;
    let env = process.env.iter().filter_map(|variable| match &variable.value {
        LoweredEnvValue::Literal(text) => Some((variable.name.clone(), text.clone())),
        _ => None,
    });
    Process {
        id: document.id.clone(),
        argv: process.argv.clone(),
        workdir: Some(process.workdir.clone()),
        env: declared.into_iter().chain(env).collect(),
        env_from: secrets(instance),
        scrub_env: vec!["SPAWNFILE_*".to_owned()],
        after: Vec::new(),
        suppressed_by: None,
        ready: lowering.probes.iter().filter(|probe| probe.phase == "ready").find_map(|probe| match &probe.action {
            ProbeAction::HttpGet(name, path) => Some(Ready { http_get: HttpGet { port: port(instance, name)?, path: path.clone() } }),
            _ => None,
        }),
        stop_signal: process.stop_signal.clone(),
        stop_grace_ms: process.stop_grace_ms,
    }
}

/// The process gets the secrets that its own agents declare, the keys of their models, what its kind needs, and what
/// is derived for it: nothing of other instances.
pub(super) fn secrets(instance: &LoweredInstance) -> Vec<String> {
    let (document, lowering) = (instance.document(), instance.lowering());
    let declared = document.agents.iter().flat_map(|agent| agent.secrets.iter().map(|secret| secret.name.clone()));
    let model = model_secrets(instance).into_iter().filter(|name| name != IMPORT_SECRET);
    let needed = lowering.env.iter().map(|need| need.name.clone());
    let derived = lowering.derived_env.iter().map(|derived| derived.name.clone());
    let process = lowering.process.env.iter().filter_map(|variable| match variable.value {
        LoweredEnvValue::Secret(_) => Some(variable.name.clone()),
        _ => None,
    });
    // Variables of auth places come with the container's environment when the host fills them.
    let placed = lowering.auth.iter().flat_map(|place| place.env.iter().map(|variable| variable.name.clone()));
    let names: BTreeSet<String> = declared.chain(model).chain(needed).chain(derived).chain(process).chain(placed).collect();
    names.into_iter().collect()
}
