//! From a report to a plan, and what a target may make of it.

use super::admit;
use super::build::{PlanInputs, auth_places, plan, volume_name};
use super::plan::{ContainerSpec, DeploymentPlan, Limits, PlannedPort, PlannedVolume};
use super::settings::DeploySettings;
use crate::extras::Extras;
use crate::finding::Findings;
use crate::oci::Digest;
use crate::preflight::{Cleared, Source, Supplied, check};
use crate::report::{DistributionReport, PersistentMount};
use crate::secret::Secret;

fn report() -> DistributionReport {
    crate::report::parse(include_bytes!("../../tests/reports/ok/one-agent.json")).unwrap()
}

fn extras() -> Extras {
    let mut extras = crate::extras::parse(include_bytes!("../../tests/extras/ok/one-agent.json")).unwrap();
    extras.networks.clear();
    extras
}

fn cleared(report: &DistributionReport, extras: Option<&Extras>) -> Cleared {
    let mut supplied = Supplied::default();
    supplied.auth_methods.insert("seed-login".into());
    supplied.give("ANTHROPIC_API_KEY".parse().unwrap(), Source::FromEnv, Secret::new(b"canary".to_vec()));
    check(report, extras, supplied).unwrap().0
}

fn planned(report: &DistributionReport, extras: Option<&Extras>, settings: &DeploySettings) -> Result<DeploymentPlan, Findings> {
    let inputs = PlanInputs {
        name: "org".parse().unwrap(),
        scope: "org".parse().unwrap(),
        image_id: Digest::of(b"config"),
        report,
        extras,
        settings,
        home: "0123456789ab".into(),
    };
    plan(&cleared(report, extras), &inputs)
}

fn port(host_port: u16) -> PlannedPort {
    PlannedPort { address: "127.0.0.1".into(), host_port, port: 7800 }
}

#[test]
fn a_plan_holds_names_and_is_hardened() {
    let mut report = report();
    report.persistent_mounts = vec![PersistentMount {
        durability: "persistent".into(),
        id: "memory".into(),
        kind: "volume".into(),
        target: "/var/lib/spawnfile/memory".into(),
    }];
    let plan = planned(&report, Some(&extras()), &DeploySettings::default()).unwrap();
    assert!(!format!("{plan:?}").contains("canary"));
    insta::assert_snapshot!(serde_json::to_string_pretty(&plan).unwrap(), @r#"
    {
      "version": "spawnfile.deployment-plan.v1",
      "deployment": "org",
      "project": "parrots",
      "compile_fingerprint": "sf1:0123456789ab",
      "units": [
        {
          "id": "org-container",
          "container_name": "spawnfile-org",
          "image": "sha256:b79606fb3afea5bd1609ed40b622142f1c98125abcfe89a76a661b0e8e343910",
          "env": {},
          "secret_env": [],
          "secret_files": [
            "ANTHROPIC_API_KEY",
            "ECHO_TOKEN"
          ],
          "volumes": [
            {
              "name": "spawnfile_org_memory",
              "path": "/var/lib/spawnfile/memory",
              "read_only": false
            }
          ],
          "publish": [],
          "network": "bridge",
          "limits": {
            "pids": 512
          },
          "labels": {
            "com.spawnfile.compile_fingerprint": "sf1:0123456789ab",
            "com.spawnfile.deployment": "org",
            "com.spawnfile.home": "0123456789ab",
            "com.spawnfile.project": "parrots",
            "com.spawnfile.unit": "org-container",
            "com.spawnfile.version": "0.1"
          },
          "linux_capabilities": [],
          "stop_grace_ms": 12000
        }
      ]
    }
    "#);
}

#[test]
fn images_without_extras_take_secrets_in_the_environment() {
    let plan = planned(&report(), None, &DeploySettings::default()).unwrap();
    let unit = &plan.units[0];
    assert_eq!(unit.secret_env, ["ANTHROPIC_API_KEY", "ECHO_TOKEN"]);
    assert!(unit.secret_files.is_empty() && unit.linux_capabilities.is_empty() && unit.publish.is_empty());
    assert_eq!(unit.stop_grace_ms, 10_000);
    let mut env_only = extras();
    env_only.init.secret_delivery = vec!["env".into()];
    assert!(planned(&report(), Some(&env_only), &DeploySettings::default()).unwrap().units[0].secret_files.is_empty());
}

#[test]
fn only_auth_places_that_are_needed_are_filled() {
    let (mut report, extras) = (report(), extras());
    assert!(auth_places(&cleared(&report, Some(&extras)), &extras).is_empty());
    report.runtime_instances[0].model_auth_methods = [("anthropic".to_owned(), "seed-login".to_owned())].into();
    assert_eq!(auth_places(&cleared(&report, Some(&extras)), &extras).len(), 1);
    let plan = planned(&report, Some(&extras), &DeploySettings::default()).unwrap();
    assert_eq!(plan.units[0].secret_files, ["ANTHROPIC_API_KEY", "ECHO_AUTH", "ECHO_TOKEN"]);
}

#[test]
fn settings_that_cannot_be_are_refused_together() {
    let with = |network: &str, publish: Vec<PlannedPort>| {
        let settings = DeploySettings { network: network.into(), publish, ..DeploySettings::default() };
        let findings = planned(&report(), None, &settings).err().unwrap_or_default();
        findings.sorted().iter().map(ToString::to_string).collect::<Vec<_>>()
    };
    assert_eq!(with("bridge", vec![port(8080)]), [""; 0]);
    assert_eq!(with("none", vec![]), [""; 0]);
    assert_eq!(with("none", vec![port(8080)]), ["ports cannot be published with the network mode `none`"]);
    assert_eq!(with("internal", vec![port(8080)]), ["ports cannot be published with the network mode `internal`"]);
    assert_eq!(with("host", vec![]), ["the network mode `host` is none of bridge, internal, none"]);
    let odd = PlannedPort { address: "localhost".into(), host_port: 0, port: 22 };
    assert_eq!(
        with("bridge", vec![odd, port(1), port(1)]),
        [
            "`localhost` is no IP address to publish on",
            "port 0 cannot be published on",
            "127.0.0.1:1 is published twice",
            "the image has no port 22; its ports: 7800"
        ]
    );
}

#[test]
fn volume_names_are_of_the_deployment() {
    let name = "org".parse().unwrap();
    for (id, volume) in [("memory", "spawnfile_org_memory"), ("a b//c", "spawnfile_org_a-b-c"), ("é_.x", "spawnfile_org_-_.x")] {
        assert_eq!(volume_name(&name, id), volume);
    }
}

/// What an honest target makes of the plan.
fn spec(plan: &DeploymentPlan) -> ContainerSpec {
    let unit = plan.units[0].clone();
    ContainerSpec {
        name: unit.container_name,
        unit: unit.id,
        image: unit.image,
        env_names: unit.secret_env,
        env: unit.env,
        volumes: unit.volumes,
        publish: unit.publish,
        network: unit.network,
        limits: unit.limits,
        labels: unit.labels,
        linux_capabilities: unit.linux_capabilities,
        stop_grace_ms: unit.stop_grace_ms,
    }
}

#[test]
fn a_target_may_arrange_the_plan_and_take_away_from_it() {
    let settings = DeploySettings { publish: vec![port(8080)], ..DeploySettings::default() };
    let plan = planned(&report(), None, &settings).unwrap();
    assert_eq!(admit::container(&spec(&plan), &plan), Ok(()));
    let mut less = spec(&plan);
    less.env_names.reverse();
    less.publish.clear();
    less.limits = Limits { pids: Some(10), memory_bytes: Some(1), cpu_millis: Some(1) };
    less.stop_grace_ms = 0;
    assert_eq!(admit::container(&less, &plan), Ok(()));
}

#[test]
fn a_target_may_never_add() {
    let settings = DeploySettings { publish: vec![port(8080)], ..DeploySettings::default() };
    let mut plan = planned(&report(), None, &settings).unwrap();
    plan.units[0].volumes = vec![PlannedVolume { name: "v".into(), path: "/d".into(), read_only: true }];
    plan.units[0].linux_capabilities = vec!["KILL".into()];
    let volume = |name: &str, path: &str, read_only| PlannedVolume { name: name.into(), path: path.into(), read_only };
    type Change = Box<dyn Fn(&mut ContainerSpec)>;
    let rows: Vec<(&str, Change)> = vec![
        ("the plan has no unit", Box::new(|spec| spec.unit = "other".into())),
        ("the name is", Box::new(|spec| spec.name = "spawnfile-other".into())),
        ("the image is", Box::new(|spec| spec.image = "evil:latest".into())),
        ("the network is", Box::new(|spec| spec.network = "host".into())),
        ("the variables", Box::new(|spec| drop(spec.env.insert("LD_PRELOAD".into(), "x".into())))),
        ("the secrets", Box::new(|spec| spec.env_names.push("AWS_SECRET_ACCESS_KEY".into()))),
        ("the secrets", Box::new(|spec| drop(spec.env_names.pop()))),
        ("the secrets", Box::new(|spec| spec.env_names.push(spec.env_names[0].clone()))),
        ("the volumes", Box::new(move |spec| spec.volumes.push(volume("/", "/host", false)))),
        ("the volumes", Box::new(move |spec| spec.volumes = vec![volume("/etc", "/d", true)])),
        ("the volumes", Box::new(move |spec| spec.volumes = vec![volume("v", "/d", false)])),
        ("the volumes", Box::new(|spec| spec.volumes.clear())),
        ("the plan does not publish port 7800 on 0.0.0.0:8080", Box::new(|spec| spec.publish[0].address = "0.0.0.0".into())),
        ("the plan does not publish", Box::new(|spec| spec.publish.push(port(22)))),
        ("the labels", Box::new(|spec| drop(spec.labels.insert("com.spawnfile.home".into(), "other".into())))),
        ("the labels", Box::new(|spec| spec.labels.clear())),
        ("the plan does not keep the capability `SYS_ADMIN`", Box::new(|spec| spec.linux_capabilities.push("SYS_ADMIN".into()))),
        ("the limits", Box::new(|spec| spec.limits.pids = None)),
        ("the limits", Box::new(|spec| spec.limits.pids = Some(100_000))),
        ("the grace", Box::new(|spec| spec.stop_grace_ms = u32::MAX)),
    ];
    assert_eq!(admit::container(&spec(&plan), &plan), Ok(()));
    for (message, change) in rows {
        let mut spec = spec(&plan);
        change(&mut spec);
        let error = admit::container(&spec, &plan).unwrap_err();
        assert!(error.starts_with(message), "{message}: {error}");
    }
}
