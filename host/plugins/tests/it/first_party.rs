//! The embedded plugins under this host: they load, are what their manifests say, and work through every handle.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};

use spawnfile_core::deployment::plan::{ContainerFacts, ContainerSpec, DeploymentPlan, Limits, PLAN_VERSION, PlannedUnit, PlannedVolume};
use spawnfile_core::instance::{AgentInput, DocInput, ModelInput, ModelTarget};
use spawnfile_plugins::handle::engine::BoxFuture;
use spawnfile_plugins::{EngineCapability, EngineRefusal, InvalidReport, PluginHost, TargetFailure};

use crate::support::{builtin, instance};

fn host() -> PluginHost {
    PluginHost::new(builtin(), None)
}

/// What an Engine would hold.
#[derive(Default)]
struct Place {
    containers: BTreeMap<String, (ContainerSpec, &'static str)>,
    volumes: Vec<String>,
    refuse_start: bool,
}

#[derive(Clone, Default)]
struct FakeEngine(Arc<Mutex<Place>>);

impl FakeEngine {
    fn lend(&self) -> Box<dyn EngineCapability> {
        Box::new(self.clone())
    }

    fn with<T>(&self, act: impl FnOnce(&mut Place) -> Result<T, EngineRefusal>) -> Result<T, EngineRefusal> {
        act(&mut self.0.lock().unwrap())
    }

    fn set(&self, id: &str, state: &'static str) -> Result<(), EngineRefusal> {
        self.with(|place| place.containers.get_mut(id).map(|container| container.1 = state).ok_or(EngineRefusal::NotFound))
    }
}

fn ready<'a, T: Send + 'a>(value: Result<T, EngineRefusal>) -> BoxFuture<'a, Result<T, EngineRefusal>> {
    Box::pin(async move {
        // A real driver waits; the guest must survive being suspended.
        tokio::task::yield_now().await;
        value
    })
}

impl EngineCapability for FakeEngine {
    fn create(&mut self, spec: ContainerSpec) -> BoxFuture<'_, Result<String, EngineRefusal>> {
        ready(self.with(|place| {
            let id = format!("id-of-{}", spec.name);
            place.containers.insert(id.clone(), (spec, "created"));
            Ok(id)
        }))
    }

    fn start(&mut self, id: String) -> BoxFuture<'_, Result<(), EngineRefusal>> {
        if self.0.lock().unwrap().refuse_start {
            return ready(Err(EngineRefusal::Failed("no room".to_owned())));
        }
        ready(self.set(&id, "running"))
    }

    fn stop(&mut self, id: String, _grace_ms: u32) -> BoxFuture<'_, Result<(), EngineRefusal>> {
        ready(self.set(&id, "exited"))
    }

    fn rename(&mut self, id: String, name: String) -> BoxFuture<'_, Result<(), EngineRefusal>> {
        ready(self.with(|place| place.containers.get_mut(&id).map(|container| container.0.name = name).ok_or(EngineRefusal::NotFound)))
    }

    fn remove(&mut self, id: String) -> BoxFuture<'_, Result<(), EngineRefusal>> {
        ready(self.with(|place| place.containers.remove(&id).map(drop).ok_or(EngineRefusal::NotFound)))
    }

    fn ensure_volume(&mut self, name: String) -> BoxFuture<'_, Result<(), EngineRefusal>> {
        ready(self.with(|place| {
            place.volumes.push(name);
            Ok(())
        }))
    }

    fn facts(&mut self, ids: Vec<String>) -> BoxFuture<'_, Result<Vec<ContainerFacts>, EngineRefusal>> {
        ready(self.with(|place| {
            let wanted = place.containers.iter().filter(|(id, (spec, _))| ids.contains(id) || ids.contains(&spec.name));
            Ok(wanted
                .map(|(id, (spec, state))| ContainerFacts {
                    id: id.clone(),
                    name: spec.name.clone(),
                    unit: spec.unit.clone(),
                    state: (*state).to_owned(),
                    exit_code: None,
                    started_unix_ms: None,
                    image_id: spec.image.clone(),
                    labels: spec.labels.clone(),
                    ports: spec.publish.clone(),
                    restart_count: 0,
                })
                .collect())
        }))
    }
}

fn plan() -> DeploymentPlan {
    let unit = PlannedUnit {
        id: "analyst-container".to_owned(),
        container_name: "prod-analyst".to_owned(),
        image: format!("sha256:{}", "a".repeat(64)),
        env: BTreeMap::from([("LOG_LEVEL".to_owned(), "info".to_owned())]),
        secret_env: vec!["KEY_A".to_owned()],
        secret_files: vec!["KEY_B".to_owned()],
        volumes: vec![PlannedVolume { name: "prod-data".to_owned(), path: "/data".to_owned(), read_only: false }],
        publish: Vec::new(),
        network: "bridge".to_owned(),
        limits: Limits { memory_bytes: None, cpu_millis: Some(1500), pids: Some(512) },
        labels: BTreeMap::from([("com.spawnfile.deployment".to_owned(), "prod".to_owned())]),
        linux_capabilities: Vec::new(),
        stop_grace_ms: 10_000,
    };
    DeploymentPlan {
        version: PLAN_VERSION.to_owned(),
        deployment: "prod".to_owned(),
        project: "newsroom".to_owned(),
        compile_fingerprint: "sf1:000000000000".to_owned(),
        units: vec![unit],
    }
}

#[tokio::test]
async fn a_target_brings_a_plan_about_and_takes_it_down_through_the_lent_engine() {
    let host = host();
    let target = host.target("docker").await.unwrap();
    let engine = FakeEngine::default();
    let plan = plan();

    assert!(target.plan(&plan).await.unwrap().is_object());
    assert!(engine.0.lock().unwrap().containers.is_empty(), "a plan has no effect");

    let units = target.start(&plan, "key", engine.lend()).await.unwrap();
    assert_eq!((units[0].unit.as_str(), units[0].native.as_str()), ("analyst-container", "id-of-prod-analyst"));
    {
        let place = engine.0.lock().unwrap();
        let (spec, state) = &place.containers["id-of-prod-analyst"];
        assert_eq!(*state, "running");
        assert_eq!((&spec.image, &spec.env, &spec.env_names), (&plan.units[0].image, &plan.units[0].env, &plan.units[0].secret_env));
        assert_eq!((&spec.limits, &spec.labels, &spec.volumes), (&plan.units[0].limits, &plan.units[0].labels, &plan.units[0].volumes));
        assert_eq!(place.volumes, ["prod-data"]);
    }
    assert_eq!(target.start(&plan, "key", engine.lend()).await.unwrap(), units, "again is harmless");
    assert_eq!(target.inspect(&units, engine.lend()).await.unwrap()[0].state, "running");
    target.stop(&units, 100, engine.lend()).await.unwrap();
    target.remove(&units, engine.lend()).await.unwrap();
    assert!(engine.0.lock().unwrap().containers.is_empty());
}

#[tokio::test]
async fn what_the_engine_refuses_is_what_the_target_reports() {
    let engine = FakeEngine::default();
    engine.0.lock().unwrap().refuse_start = true;
    let failure = host().target("docker").await.unwrap().start(&plan(), "key", engine.lend()).await.unwrap_err();
    assert!(matches!(&failure, TargetFailure::Failed(why) if why.contains("no room")), "{failure:?}");
    assert!(engine.0.lock().unwrap().containers.is_empty(), "the attempt is undone");
}

#[tokio::test]
async fn every_runtime_kind_lowers_an_agent_and_twice_the_same() {
    let host = host();
    let mut lowered = 0;
    for listed in host.list().unwrap() {
        let manifest = listed.unwrap().manifest;
        if manifest.kind != "runtime-kind" {
            continue;
        }
        let kind = host.runtime_kind(&manifest.provides[0]).await.unwrap();
        let mut document = instance("agent-analyst");
        document.runtime.clone_from(&manifest.provides[0]);
        document.agents.push(AgentInput {
            id: "agent:analyst".to_owned(),
            slug: "analyst".to_owned(),
            name: "analyst".to_owned(),
            description: String::new(),
            expose: true,
            options: serde_json::Map::new(),
            docs: vec![DocInput { role: "system".to_owned(), source: "doc-1".to_owned(), bytes: 10 }],
            skills: Vec::new(),
            model: Some(ModelInput {
                primary: ModelTarget {
                    provider: "anthropic".to_owned(),
                    name: "claude-sonnet-4-5".to_owned(),
                    auth_method: "api_key".to_owned(),
                    auth_key: Some("ANTHROPIC_API_KEY".to_owned()),
                    endpoint: None,
                },
                fallback: Vec::new(),
            }),
            sandbox: "workspace".to_owned(),
            mcp_servers: Vec::new(),
            secrets: Vec::new(),
            subagents: Vec::new(),
        });
        let errors: Vec<_> = kind
            .check(&document)
            .await
            .unwrap()
            .into_iter()
            .filter(|finding| finding.severity == spawnfile_core::finding::Severity::Error)
            .collect();
        assert!(errors.is_empty(), "{errors:?}");
        let first = kind.lower(&document).await.unwrap();
        assert_eq!(kind.lower(&document).await.unwrap(), first);
        assert!(!first.lowering.process.argv.is_empty() && !first.lowering.probes.is_empty());
        assert!(first.lowering.files.iter().all(|file| file.path.starts_with("/r/")), "{:?}", first.lowering.files);
        lowered += 1;
    }
    assert!(lowered > 0);
}

#[tokio::test]
async fn the_validator_refuses_rubbish_with_a_reason_and_survives_it() {
    let host = host();
    let validator = host.validator().await.unwrap();
    assert!(validator.accepts().await.unwrap().contains(&spawnfile_core::report::REPORT_VERSION.to_owned()));
    assert!(matches!(validator.validate_report(b"{").await.unwrap_err(), InvalidReport::Malformed { line: 1, .. }));
    let deep = "[".repeat(1_000_000);
    for bytes in [&b"{}"[..], b"", b"[]", b"\xff\xfe", b"{\"version\":\"spawnfile.distribution-report.v9\"}", deep.as_bytes()] {
        assert!(
            !matches!(validator.validate_report(bytes).await.unwrap_err(), InvalidReport::Plugin(_)),
            "{:?}",
            &bytes[..bytes.len().min(60)]
        );
        assert!(
            !matches!(validator.validate_extras(bytes).await.unwrap_err(), InvalidReport::Plugin(_)),
            "{:?}",
            &bytes[..bytes.len().min(60)]
        );
    }
}
