//! The target against a scripted Engine that can refuse at any call.

use std::cell::RefCell;
use std::collections::BTreeMap;

use spawnfile_plugin::document::plan::{Limits, PlannedPort, PlannedUnit, PlannedVolume};
use spawnfile_plugin::target::{ContainerFacts, ContainerSpec, Engine, EngineError, Publish, Target as _, TargetError, UnitRef};
use spawnfile_plugin::{DeploymentPlan, Diagnostic};
use target_docker::DockerTarget;

#[derive(Default)]
struct Scripted {
    containers: RefCell<Vec<ContainerFacts>>,
    volumes: RefCell<Vec<String>>,
    calls: RefCell<Vec<String>>,
    specs: RefCell<Vec<ContainerSpec>>,
    /// The call that fails, written as it is logged, and how.
    fails: BTreeMap<String, EngineError>,
}

impl Scripted {
    fn failing(call: &str, error: EngineError) -> Self {
        Self { fails: BTreeMap::from([(call.to_owned(), error)]), ..Self::default() }
    }

    fn call(&self, call: String) -> Result<(), EngineError> {
        let answer = self.fails.get(&call).cloned();
        self.calls.borrow_mut().push(call);
        answer.map_or(Ok(()), Err)
    }

    fn change(&self, id: &str, state: &str) -> Result<(), EngineError> {
        let mut containers = self.containers.borrow_mut();
        let found = containers.iter_mut().find(|c| c.id == id).ok_or(EngineError::NotFound)?;
        found.state = state.to_owned();
        Ok(())
    }

    fn effects(&self) -> Vec<String> {
        self.calls.borrow().iter().filter(|call| !call.starts_with("facts")).cloned().collect()
    }

    fn with_container(self, unit: &PlannedUnit, state: &str) -> Self {
        let facts = container(&format!("old-{}", unit.id), &unit.container_name, &unit.id, &unit.image, state);
        self.containers.borrow_mut().push(facts);
        self
    }
}

impl Engine for Scripted {
    fn create(&self, spec: &ContainerSpec) -> Result<String, EngineError> {
        self.call(format!("create {}", spec.name))?;
        self.specs.borrow_mut().push(spec.clone());
        let id = format!("id-{}", spec.unit);
        self.containers.borrow_mut().push(container(&id, &spec.name, &spec.unit, &spec.image, "created"));
        Ok(id)
    }

    fn start(&self, id: &str) -> Result<(), EngineError> {
        self.call(format!("start {id}"))?;
        self.change(id, "running")
    }

    fn stop(&self, id: &str, grace_ms: u32) -> Result<(), EngineError> {
        self.call(format!("stop {id} {grace_ms}"))?;
        self.change(id, "exited")
    }

    fn rename(&self, id: &str, name: &str) -> Result<(), EngineError> {
        self.call(format!("rename {id} {name}"))
    }

    fn remove(&self, id: &str) -> Result<(), EngineError> {
        self.call(format!("remove {id}"))?;
        let mut containers = self.containers.borrow_mut();
        let before = containers.len();
        containers.retain(|c| c.id != id);
        if containers.len() == before { Err(EngineError::NotFound) } else { Ok(()) }
    }

    fn ensure_volume(&self, name: &str) -> Result<(), EngineError> {
        self.call(format!("volume {name}"))?;
        self.volumes.borrow_mut().push(name.to_owned());
        Ok(())
    }

    fn facts(&self, ids: &[String]) -> Result<Vec<ContainerFacts>, EngineError> {
        self.call(format!("facts {}", ids.join(" ")))?;
        Ok(self.containers.borrow().iter().filter(|c| ids.contains(&c.id) || ids.contains(&c.name)).cloned().collect())
    }
}

fn container(id: &str, name: &str, unit: &str, image: &str, state: &str) -> ContainerFacts {
    ContainerFacts {
        id: id.to_owned(),
        name: name.to_owned(),
        unit: unit.to_owned(),
        state: state.to_owned(),
        exit_code: (state == "exited").then_some(3),
        started_unix_ms: Some(7),
        image_id: image.to_owned(),
        labels: Vec::new(),
        ports: vec![
            Publish { address: "127.0.0.1".to_owned(), host_port: 8080, port: 7700 },
            Publish { address: "::1".to_owned(), host_port: 8080, port: 7700 },
        ],
    }
}

fn unit(id: &str) -> PlannedUnit {
    PlannedUnit {
        id: id.to_owned(),
        container_name: format!("spawnfile-org-{id}"),
        image: "sha256:aa".to_owned(),
        env: BTreeMap::from([("LOG_LEVEL".to_owned(), "info".to_owned())]),
        secret_env: vec!["AS_ENV".to_owned()],
        secret_files: vec!["AS_FILE".to_owned()],
        volumes: vec![PlannedVolume { name: "shared".to_owned(), path: "/data".to_owned(), read_only: id == "b" }],
        publish: Vec::new(),
        network: "bridge".to_owned(),
        limits: Limits { memory_bytes: Some(1 << 30), cpu_millis: None, pids: Some(512) },
        labels: BTreeMap::from([("com.spawnfile.unit".to_owned(), id.to_owned())]),
        linux_capabilities: Vec::new(),
        stop_grace_ms: 9000,
    }
}

fn plan() -> DeploymentPlan {
    DeploymentPlan {
        version: "spawnfile.deployment-plan.v1".to_owned(),
        deployment: "org".to_owned(),
        project: "org".to_owned(),
        compile_fingerprint: "sf1:000000000000".to_owned(),
        units: vec![unit("a"), unit("b")],
    }
}

fn unit_ref(unit: &str, native: &str) -> UnitRef {
    UnitRef { unit: unit.to_owned(), native: native.to_owned() }
}

#[test]
fn starting_makes_volumes_then_containers_then_starts_them() {
    let engine = Scripted::default();
    let units = DockerTarget::start(&engine, &plan(), "k").unwrap();
    assert_eq!(units, [unit_ref("a", "id-a"), unit_ref("b", "id-b")]);
    assert_eq!(engine.effects(), ["volume shared", "create spawnfile-org-a", "create spawnfile-org-b", "start id-a", "start id-b"]);
    let specs = engine.specs.borrow();
    assert_eq!(specs[0].env_names, ["AS_ENV"]);
    assert_eq!(specs[0].env[0].key, "LOG_LEVEL");
    assert_eq!((specs[0].limits.memory_bytes, specs[0].limits.pids), (Some(1 << 30), Some(512)));
    assert_eq!((specs[0].mounts[0].read_only, specs[1].mounts[0].read_only), (false, true));
    assert_eq!((specs[0].labels[0].value.as_str(), specs[0].stop_grace_ms), ("a", 9000));
}

#[test]
fn a_second_start_changes_nothing() {
    let engine = Scripted::default();
    let first = DockerTarget::start(&engine, &plan(), "k").unwrap();
    engine.calls.borrow_mut().clear();
    assert_eq!(DockerTarget::start(&engine, &plan(), "k").unwrap(), first);
    assert_eq!(engine.effects(), ["volume shared"]);
}

#[test]
fn the_rest_of_a_broken_attempt_is_made_anew() {
    let plan = plan();
    let engine = Scripted::default().with_container(&plan.units[0], "running").with_container(&plan.units[1], "created");
    let units = DockerTarget::start(&engine, &plan, "k").unwrap();
    assert_eq!(units, [unit_ref("a", "old-a"), unit_ref("b", "id-b")]);
    assert_eq!(engine.effects(), ["volume shared", "remove old-b", "create spawnfile-org-b", "start id-b"]);
}

#[test]
fn what_runs_something_else_is_not_touched() {
    let mut other = unit("b");
    other.image = "sha256:bb".to_owned();
    for state in ["running", "exited", "paused"] {
        let engine = Scripted::default().with_container(&other, state);
        let error = DockerTarget::start(&engine, &plan(), "k").unwrap_err();
        assert!(matches!(&error, TargetError::Conflict(text) if text.contains("unit `b`")), "{error:?}");
        assert!(engine.effects().is_empty());
    }
    let engine = Scripted::default().with_container(&unit("b"), "restarting");
    assert!(matches!(DockerTarget::start(&engine, &plan(), "k"), Err(TargetError::Conflict(_))));
}

#[test]
fn a_failure_leaves_nothing_of_the_attempt() {
    for (call, removed) in [
        ("create spawnfile-org-b", &["stop id-a 0", "remove id-a"][..]),
        ("start id-b", &["stop id-b 0", "remove id-b", "stop id-a 0", "remove id-a"][..]),
    ] {
        let engine = Scripted::failing(call, EngineError::Failed("disk full".to_owned()));
        let error = DockerTarget::start(&engine, &plan(), "k").unwrap_err();
        assert_eq!(error, TargetError::Failed("unit `b`: disk full".to_owned()));
        assert!(engine.effects().ends_with(&removed.iter().map(ToString::to_string).collect::<Vec<_>>()), "{:?}", engine.effects());
        assert!(engine.containers.borrow().is_empty());
    }
}

#[test]
fn a_failure_keeps_what_ran_before() {
    let plan = plan();
    let engine = Scripted::failing("start id-b", EngineError::Refused("no".to_owned())).with_container(&plan.units[0], "running");
    DockerTarget::start(&engine, &plan, "k").unwrap_err();
    assert_eq!(engine.containers.borrow().iter().map(|c| c.id.as_str()).collect::<Vec<_>>(), ["old-a"]);
}

#[test]
fn what_cannot_be_undone_is_named() {
    let mut engine = Scripted::failing("start id-a", EngineError::Unreachable("gone".to_owned()));
    engine.fails.insert("remove id-a".to_owned(), EngineError::Unreachable("gone".to_owned()));
    let error = DockerTarget::start(&engine, &plan(), "k").unwrap_err();
    assert_eq!(error, TargetError::Unreachable("unit `a`: gone; left behind: `id-a` (unit `a`)".to_owned()));
}

#[test]
fn errors_keep_their_kind_and_name_their_subject() {
    let engine = Scripted::failing("volume shared", EngineError::Budget);
    let error = DockerTarget::start(&engine, &plan(), "k").unwrap_err();
    assert!(matches!(&error, TargetError::Refused(text) if text.starts_with("volume `shared`: ")), "{error:?}");
    let engine = Scripted::failing("facts spawnfile-org-a", EngineError::Unreachable("no socket".to_owned()));
    assert_eq!(DockerTarget::start(&engine, &plan(), "k").unwrap_err(), TargetError::Unreachable("unit `a`: no socket".to_owned()));
    let engine = Scripted::failing("facts spawnfile-org-a", EngineError::NotFound);
    assert!(DockerTarget::start(&engine, &plan(), "k").is_ok());
}

#[test]
fn stopping_and_removing_try_all_and_name_the_first_failure() {
    let engine = Scripted::default();
    let units = DockerTarget::start(&engine, &plan(), "k").unwrap();
    let units = [vec![unit_ref("gone", "id-gone")], units].concat();
    assert_eq!(DockerTarget::stop(&engine, &units, 500).unwrap_err(), TargetError::NotFound("unit `gone`".to_owned()));
    assert!(engine.containers.borrow().iter().all(|c| c.state == "exited"));
    assert!(engine.effects().contains(&"stop id-b 500".to_owned()));
    assert_eq!(DockerTarget::remove(&engine, &units).unwrap_err(), TargetError::NotFound("unit `gone`".to_owned()));
    assert!(engine.containers.borrow().is_empty());
}

#[test]
fn facts_are_passed_on_and_missing_units_are_said_to_be_missing() {
    let engine = Scripted::default().with_container(&unit("a"), "exited");
    let found = DockerTarget::inspect(&engine, &[unit_ref("a", "old-a"), unit_ref("b", "id-b")]).unwrap();
    assert_eq!((found[0].state.as_str(), found[0].exit_code, found[0].image.as_str()), ("exited", Some(3), "sha256:aa"));
    let ports: Vec<_> = found[0].ports.iter().map(|port| (port.key.as_str(), port.value.as_str())).collect();
    assert_eq!(ports, [("127.0.0.1:8080", "7700"), ("[::1]:8080", "7700")]);
    assert_eq!((found[1].state.as_str(), found[1].native.as_str()), ("missing", "id-b"));
}

#[test]
fn the_plan_is_a_document_of_steps() {
    let document = DockerTarget::plan(&plan()).unwrap();
    assert_eq!(document.schema, "spawnfile.target-docker.plan.v1");
    assert_eq!(document, DockerTarget::plan(&plan()).unwrap());
    let text = String::from_utf8(document.json).unwrap();
    let json: serde_json::Value = serde_json::from_str(&text).unwrap();
    let steps: Vec<_> = json["steps"].as_array().unwrap().iter().map(|step| step["do"].as_str().unwrap()).collect();
    assert_eq!(steps, ["ensure-volume", "create", "create", "start", "start"]);
    assert_eq!(json["steps"][1]["secret_files"][0], "AS_FILE");
    assert_eq!(json["steps"][3]["container"], "spawnfile-org-a");
}

#[test]
fn plans_that_cannot_be_followed_are_refused_whole() {
    let codes = |change: fn(&mut DeploymentPlan)| {
        let mut plan = plan();
        change(&mut plan);
        let engine = Scripted::default();
        assert!(matches!(DockerTarget::start(&engine, &plan, "k"), Err(TargetError::Unsupported(_))));
        assert!(engine.calls.borrow().is_empty());
        DockerTarget::plan(&plan).unwrap_err().into_iter().map(|Diagnostic { code, .. }| code).collect::<Vec<_>>()
    };
    assert_eq!(codes(|plan| plan.units.clear()), ["docker.units"]);
    assert_eq!(codes(|plan| plan.units[1] = plan.units[0].clone()), ["docker.unit.duplicate", "docker.name.duplicate"]);
    assert_eq!(codes(|plan| plan.units[0].network = "host".to_owned()), ["docker.network"]);
    assert_eq!(
        codes(|plan| {
            let port = PlannedPort { address: "127.0.0.1".to_owned(), host_port: 80, port: 80 };
            plan.units[0].publish = vec![port.clone()];
            plan.units[1].publish = vec![port];
            plan.units[1].network = "internal".to_owned();
        }),
        ["docker.publish.unreachable", "docker.publish.duplicate"]
    );
}
