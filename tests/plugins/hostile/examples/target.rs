//! A target that can ask the engine for everything that it may not have.

use hostile::{attack, how};
use spawnfile_plugin::document::plan::{PLAN_VERSION, PlannedUnit};
use spawnfile_plugin::target::{
    ContainerSpec, Descriptor, Engine, EngineError, Limits, Mount, Publish, Target, TargetError, UnitFacts, UnitRef,
};
use spawnfile_plugin::{DeploymentPlan, Diagnostic, Document, Pair, document};

struct Hostile;

impl Target for Hostile {
    fn describe() -> Descriptor {
        Descriptor {
            id: "hostile".to_owned(),
            title: "Asks for too much".to_owned(),
            accepts: vec![PLAN_VERSION.to_owned()],
            settings_schema: None,
            capabilities: Vec::new(),
        }
    }

    fn plan(deployment: &DeploymentPlan) -> Result<Document, Vec<Diagnostic>> {
        let units: Vec<&str> = deployment.units.iter().map(|unit| unit.id.as_str()).collect();
        document::make("test.plan.v1", &serde_json::json!({ "units": units })).map_err(|error| vec![error])
    }

    fn start<E: Engine>(engine: &E, deployment: &DeploymentPlan, _key: &str) -> Result<Vec<UnitRef>, TargetError> {
        attack();
        match how() {
            "remove-foreign" => drop(engine.remove("conformance-foreign")),
            "stop-foreign" => drop(engine.stop("conformance-foreign", 0)),
            "rename-foreign" => drop(engine.rename("conformance-foreign", "mine")),
            "volume-foreign" => drop(engine.ensure_volume("somebody-elses-data")),
            "volume-path" => drop(engine.ensure_volume("/var/run/docker.sock")),
            "ask-for-ever" => loop {
                drop(engine.facts(&["x".to_owned()]));
            },
            _ => {}
        }
        let mut units = Vec::new();
        for unit in &deployment.units {
            if how() != "create-always"
                && let Ok(found) = engine.facts(&[unit.container_name.clone()])
                && let Some(found) = found.into_iter().find(|found| found.state == "running" && found.image_id == unit.image)
            {
                units.push(UnitRef { unit: unit.id.clone(), native: found.id });
                continue;
            }
            for volume in &unit.volumes {
                engine.ensure_volume(&volume.name).map_err(failed)?;
            }
            let native = engine.create(&spec(unit)).map_err(failed)?;
            engine.start(&native).map_err(failed)?;
            units.push(UnitRef { unit: unit.id.clone(), native });
        }
        Ok(units)
    }

    fn stop<E: Engine>(engine: &E, units: &[UnitRef], grace_ms: u32) -> Result<(), TargetError> {
        units.iter().try_for_each(|unit| engine.stop(&unit.native, grace_ms).map_err(failed))
    }

    fn remove<E: Engine>(engine: &E, units: &[UnitRef]) -> Result<(), TargetError> {
        for unit in units {
            if let Err(error) = engine.remove(&unit.native)
                && how() != "hide-errors"
            {
                return Err(failed(error));
            }
        }
        Ok(())
    }

    fn inspect<E: Engine>(_engine: &E, _units: &[UnitRef]) -> Result<Vec<UnitFacts>, TargetError> {
        Err(TargetError::Unsupported("never looks".to_owned()))
    }
}

fn failed(error: EngineError) -> TargetError {
    match error {
        EngineError::Refused(text) => TargetError::Refused(text),
        other => TargetError::Failed(format!("{other:?}")),
    }
}

/// The planned container, with one thing more.
fn spec(unit: &PlannedUnit) -> ContainerSpec {
    let pairs = |map: &std::collections::BTreeMap<String, String>| {
        map.iter().map(|(key, value)| Pair { key: key.clone(), value: value.clone() }).collect::<Vec<_>>()
    };
    let mount = |volume: &str, path: &str, read_only| Mount { volume: volume.to_owned(), path: path.to_owned(), read_only };
    let mut spec = ContainerSpec {
        name: unit.container_name.clone(),
        unit: unit.id.clone(),
        image: unit.image.clone(),
        env_names: unit.secret_env.clone(),
        env: pairs(&unit.env),
        mounts: unit.volumes.iter().map(|volume| mount(&volume.name, &volume.path, volume.read_only)).collect(),
        publish: unit
            .publish
            .iter()
            .map(|port| Publish { address: port.address.clone(), host_port: port.host_port, port: port.port })
            .collect(),
        network: unit.network.clone(),
        limits: Limits { memory_bytes: unit.limits.memory_bytes, cpu_millis: unit.limits.cpu_millis, pids: unit.limits.pids },
        labels: pairs(&unit.labels),
        linux_capabilities: unit.linux_capabilities.clone(),
        stop_grace_ms: unit.stop_grace_ms,
    };
    let pair = |key: &str, value: &str| Pair { key: key.to_owned(), value: value.to_owned() };
    match how() {
        "host-mount" => spec.mounts.push(mount("/", "/host", false)),
        "socket-mount" => spec.mounts.push(mount("/var/run/docker.sock", "/var/run/docker.sock", false)),
        "writable-mount" => spec.mounts.iter_mut().for_each(|mount| mount.read_only = false),
        "host-network" => spec.network = "host".to_owned(),
        "join-network" => spec.network = "container:conformance-foreign".to_owned(),
        "privileged" => spec.linux_capabilities.push("ALL".to_owned()),
        "capability" => spec.linux_capabilities.push("SYS_ADMIN".to_owned()),
        "secret" => spec.env_names.push("AWS_SECRET_ACCESS_KEY".to_owned()),
        "secret-literal" => spec.env.push(pair("PROBE_KEY", "invented")),
        "variable" => spec.env.push(pair("LD_PRELOAD", "/data/x.so")),
        "twice" => spec.env.extend(spec.env.clone()),
        "image" => spec.image = "evil:latest".to_owned(),
        "name" => spec.name = "spawnfile-other".to_owned(),
        "unit" => spec.unit = "other".to_owned(),
        "label" => spec.labels.iter_mut().for_each(|label| label.value = "other".to_owned()),
        "unlabelled" => spec.labels.clear(),
        "publish" => spec.publish.iter_mut().for_each(|port| port.address = "0.0.0.0".to_owned()),
        "publish-more" => spec.publish.push(Publish { address: "127.0.0.1".to_owned(), host_port: 22, port: 22 }),
        "limits" => spec.limits = Limits { memory_bytes: None, cpu_millis: None, pids: None },
        "grace" => spec.stop_grace_ms = u32::MAX,
        _ => {}
    }
    spec
}

spawnfile_plugin::export_target!(Hostile);
spawnfile_plugin::plugin_manifest!(
    "schema = 1\nid = \"test/hostile-target\"\nkind = \"target\"\nversion = \"0.1.0\"\n\
     world = \"spawnfile:target/target-engine@0.1.0\"\ntitle = \"Asks for too much\"\n\
     [[capability]]\nkind = \"engine\"\nreason = \"to try what it gets\"\n"
);
