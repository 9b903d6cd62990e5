use proptest::prelude::*;

use super::*;

const FINGERPRINT: &str = "sha256:13c4025c96f36e94b3481db3214765a3";

fn version_2() -> serde_json::Value {
    serde_json::json!({
        "version": "spawnfile.deployment.v2", "name": "org", "created_at": "2026-11-20T22:01:37.377Z",
        "compile_fingerprint": "sf1:0123456789ab", "manager": "docker", "auth_profile": null, "output_directory": null,
        "source": { "kind": "image", "ref": "127.0.0.1:5000/a/org:1", "digest": null },
        "target": { "kind": "context", "name": "default", "endpoint_fingerprint": FINGERPRINT },
        "units": [{
            "id": "org-container", "kind": "container", "image_tag": "127.0.0.1:5000/a/org:1", "image_id": "sha256:ab",
            "container_id": "0123", "container_name": "spawnfile-org",
            "contains": [{ "id": "agent:polly", "kind": "agent" }, { "id": "lab", "kind": "network" }],
            "runtime_instances": ["agent-polly"]
        }]
    })
}

fn version_1() -> serde_json::Value {
    let mut record = version_2();
    let fields = record.as_object_mut().unwrap();
    fields.remove("source");
    fields.insert("version".into(), "spawnfile.deployment.v1".into());
    fields.insert("project_root".into(), "/p/Spawnfile".into());
    fields.insert("output_directory".into(), "/p/.spawn".into());
    fields.insert(
        "target".into(),
        serde_json::json!({ "kind": "docker-context", "context": "default", "endpoint_fingerprint": FINGERPRINT }),
    );
    record["units"][0]["contains"] = serde_json::json!([{ "id": "agent:polly", "kind": "agent" }]);
    record
}

fn read(value: &serde_json::Value) -> Result<DeploymentRecord, String> {
    parse(value.to_string().as_bytes()).map_err(|error| error.to_string())
}

fn changed(mut value: serde_json::Value, pointer: &str, to: serde_json::Value) -> Result<DeploymentRecord, String> {
    let (parent, key) = pointer.rsplit_once('/').unwrap();
    let parent = value.pointer_mut(parent).unwrap();
    match parent {
        serde_json::Value::Array(items) => items[key.parse::<usize>().unwrap()] = to,
        object => object[key] = to,
    }
    read(&value)
}

#[test]
fn what_is_written_is_read_back_and_has_the_documented_shape() {
    let report = crate::report::parse(include_bytes!("../../../tests/reports/ok/everything.json")).unwrap();
    let record = of(Started {
        name: "org".parse().unwrap(),
        created_at: "2026-11-20T22:01:37.377Z".into(),
        report: &report,
        origin: Origin::Image { reference: "127.0.0.1:5000/a/org:1".into(), digest: Some(crate::oci::Digest::of(b"manifest")) },
        image_id: crate::oci::Digest::of(b"config"),
        auth_profile: Some("work".into()),
        env_file: Some("/home/x/.env".into()),
        target: TargetRef::Context { name: "default".into(), endpoint_fingerprint: endpoint_fingerprint("unix:///var/run/docker.sock\n") },
        containers: vec![("org-container".into(), "0123".into(), "spawnfile-org".into())],
    });
    let bytes = record.to_bytes();
    assert_eq!(parse(&bytes), Ok(record));
    insta::assert_snapshot!(String::from_utf8(bytes).unwrap(), @r#"
    {
      "version": "spawnfile.deployment.v2",
      "name": "org",
      "created_at": "2026-11-20T22:01:37.377Z",
      "compile_fingerprint": "sf1:0123456789ab",
      "manager": "docker",
      "auth_profile": "work",
      "env_file": "/home/x/.env",
      "output_directory": null,
      "source": {
        "kind": "image",
        "ref": "127.0.0.1:5000/a/org:1",
        "digest": "sha256:05b3abf2579a5eb66403cd78be557fd860633a1fe2103c7642030defe32c657f"
      },
      "target": {
        "kind": "context",
        "name": "default",
        "endpoint_fingerprint": "sha256:13c4025c96f36e94b3481db3214765a3"
      },
      "units": [
        {
          "id": "org-container",
          "kind": "container",
          "image_tag": "127.0.0.1:5000/a/org:1",
          "image_id": "sha256:b79606fb3afea5bd1609ed40b622142f1c98125abcfe89a76a661b0e8e343910",
          "container_id": "0123",
          "container_name": "spawnfile-org",
          "contains": [
            {
              "id": "agent:polly",
              "kind": "agent"
            },
            {
              "id": "agent:sub",
              "kind": "agent"
            },
            {
              "id": "team:flock",
              "kind": "team"
            },
            {
              "id": "lab",
              "kind": "network"
            },
            {
              "id": "old",
              "kind": "network"
            }
          ],
          "runtime_instances": [
            "agent-polly"
          ]
        }
      ]
    }
    "#);
}

#[test]
fn version_1_reads_as_version_2() {
    let record = read(&version_1()).unwrap();
    assert_eq!(record.version, RECORD_VERSION);
    assert_eq!(record.source, Source::Project { root: "/p/Spawnfile".into() });
    assert_eq!(record.target, TargetRef::Context { name: "default".into(), endpoint_fingerprint: FINGERPRINT.into() });
    assert_eq!(parse(&record.to_bytes()), Ok(record));
}

#[test]
fn everything_that_is_optional_survives_a_round() {
    let mut record = version_2();
    for (key, value) in [
        ("env_file", serde_json::json!("/x/.env")),
        ("run_id", serde_json::json!("run-1")),
        ("export_index", serde_json::json!({ "exported_at": "t", "path": "/e", "run_id": "r" })),
        ("organization_ready", serde_json::json!({ "any": [1, null] })),
        ("organization_handoff", serde_json::json!({})),
        ("organization_handoff_handle", serde_json::json!("h")),
    ] {
        record[key] = value;
    }
    record["units"][0]["manager"] = "other".into();
    record["units"][0]["target"] = serde_json::json!({ "kind": "host", "value": "tcp://127.0.0.1:1" });
    let read = read(&record).unwrap();
    assert_eq!(serde_json::from_slice::<serde_json::Value>(&read.to_bytes()).unwrap(), record);
    assert_eq!(changed(record, "/env_file", serde_json::Value::Null).unwrap().env_file, None);
}

#[test]
fn records_that_break_the_format_are_refused() {
    let null = serde_json::Value::Null;
    let rows = [
        (version_1(), "/units/0/contains/0/kind", "network".into(), "/units/0/contains/0/kind: `network` is not one of agent, team"),
        (version_1(), "/units/0/manager", "docker".into(), "/units/0/manager: the key `manager` is unknown"),
        (version_1(), "/manager", "podman".into(), "/manager: `podman` is not `docker`"),
        (version_1(), "/output_directory", null, "/output_directory: expected a string, found null"),
        (version_2(), "/source", serde_json::json!({ "kind": "image", "ref": "a" }), "/source/digest: `digest` is missing"),
        (version_2(), "/source/root", "/p".into(), "/source/root: the key `root` is unknown"),
        (version_2(), "/units", serde_json::json!([]), "/units: there is no unit"),
        (version_2(), "/name", "Org".into(), "/name: `Org` is not a deployment name"),
        (version_2(), "/name", " org ".into(), "/name: ` org ` is not a deployment name"),
        (version_2(), "/env_file", ".env".into(), "/env_file: `.env` is not an absolute path"),
        (version_2(), "/created_at", "".into(), "/created_at: the text is empty"),
        (version_2(), "/units/0/container_id", "../x".into(), "/units/0/container_id: `../x` is not an id or name of an Engine's thing"),
        (version_2(), "/units/0/kind", "pod".into(), "/units/0/kind: `pod` is not `container`"),
        (
            version_2(),
            "/target/endpoint_fingerprint",
            "sha256:ab".into(),
            "/target/endpoint_fingerprint: `sha256:ab` is not the fingerprint",
        ),
        (
            version_2(),
            "/organization_handoff_handle",
            "h".into(),
            "/organization_handoff_handle: a handoff handle stands without its handoff",
        ),
        (version_2(), "/more", 1.into(), "/more: the key `more` is unknown"),
    ];
    for (record, pointer, to, message) in rows {
        let error = changed(record, pointer, to).unwrap_err();
        assert!(error.starts_with(&format!("the record breaks its format: {message}")), "{pointer}: {error}");
    }
    let mut twice = version_2();
    let unit = twice["units"][0].clone();
    twice["units"].as_array_mut().unwrap().push(unit);
    assert!(read(&twice).unwrap_err().contains("the unit `org-container` stands twice"));
}

#[test]
fn damaged_foreign_and_newer_are_three_things() {
    assert!(matches!(parse(b"{\"version\":\"spawnfile.deployment.v2\",\"na"), Err(RecordError::Damaged { line: 1, .. })));
    assert!(matches!(parse(b""), Err(RecordError::Damaged { .. })));
    for foreign in
        ["{}", "[]", "null", r#"{"version":"spawnfile.deploy.v1"}"#, r#"{"version":"spawnfile.deployment.v0"}"#, r#"{"version":2}"#]
    {
        assert_eq!(parse(foreign.as_bytes()), Err(RecordError::Foreign), "{foreign}");
    }
    for newer in ["3", "10", "99999999999999999999999"] {
        let version = format!("spawnfile.deployment.v{newer}");
        assert_eq!(parse(format!("{{\"version\":\"{version}\",\"new\":1}}").as_bytes()), Err(RecordError::Newer(version)));
    }
    assert_eq!(parse(&vec![b' '; crate::json::MAX_BYTES + 1]), Err(RecordError::TooLarge(4_194_304)));
}

proptest! {
    #[test]
    fn any_version_1_becomes_version_2(name in "[a-z0-9]{1,20}", root in "/[ -~]{1,40}", units in 1_usize..5, profile in proptest::option::of("[a-z]{1,9}")) {
        let mut record = version_1();
        record["name"] = name.as_str().into();
        record["project_root"] = root.as_str().into();
        record["auth_profile"] = profile.clone().into();
        let unit = record["units"][0].clone();
        record["units"] = (0..units).map(|n| { let mut unit = unit.clone(); unit["id"] = n.to_string().into(); unit }).collect();
        let read = parse(record.to_string().as_bytes()).unwrap();
        prop_assert_eq!(read.name.as_str(), name);
        prop_assert_eq!(read.units.len(), units);
        prop_assert_eq!(&read.auth_profile, &profile);
        prop_assert_eq!(parse(&read.to_bytes()), Ok(read));
    }

    #[test]
    fn never_panics(bytes in proptest::collection::vec(any::<u8>(), 0..300)) {
        drop(parse(&bytes));
    }
}
