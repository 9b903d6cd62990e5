//! The schemas under specs/schemas say what the types here say: every example validates, is read by the real type and
//! written back byte for byte, and nothing unknown is let through. A case is added by dropping a file.
#![allow(clippy::unwrap_used, clippy::panic, clippy::print_stderr, reason = "tests")]

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use jsonschema::Validator;
use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::Value;
use spawnfile_core::deployment::plan::DeploymentPlan;
use spawnfile_core::deployment::record;
use spawnfile_core::deployment::settings::DeploySettings;
use spawnfile_core::extras::{self, Extras};
use spawnfile_core::init_plan::InitPlan;
use spawnfile_core::instance::InstanceDocument;
use spawnfile_core::lock::Lock;
use spawnfile_core::report::{self, DistributionReport, fingerprint};

/// The only objects that may hold anything: what a plugin checks itself.
const OPEN: [(&str, &str); 1] = [("instance.v1", "/agents/0/options")];

fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../specs/schemas")
}

fn json(path: &Path) -> Value {
    let text = fs::read_to_string(path).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
    serde_json::from_str(&text).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

fn schema(name: &str) -> Value {
    json(&folder().join(format!("{name}.schema.json")))
}

fn validator(name: &str) -> Validator {
    jsonschema::validator_for(&schema(name)).unwrap_or_else(|error| panic!("{name}: {error}"))
}

/// Returns the examples of a schema by name.
fn examples(schema: &str) -> BTreeMap<String, String> {
    let folder = folder().join("examples").join(schema);
    let entries = fs::read_dir(&folder).unwrap_or_else(|error| panic!("{}: {error}", folder.display()));
    let paths = entries.map(|entry| entry.unwrap().path());
    paths.map(|path| (path.file_stem().unwrap().to_str().unwrap().to_owned(), fs::read_to_string(&path).unwrap())).collect()
}

fn names() -> Vec<String> {
    let entries = fs::read_dir(folder()).unwrap().map(|entry| entry.unwrap().file_name().into_string().unwrap());
    let mut names: Vec<String> = entries.filter_map(|name| name.strip_suffix(".schema.json").map(str::to_owned)).collect();
    names.sort();
    names
}

fn errors(validator: &Validator, document: &Value) -> Vec<String> {
    validator.iter_errors(document).map(|error| format!("{}: {error}", error.instance_path())).collect()
}

/// Checks the examples of a schema against its type.
fn agree<T: Serialize + DeserializeOwned>(schema: &str, strict: bool) {
    let validator = validator(schema);
    let examples = examples(schema);
    assert!(!examples.is_empty(), "{schema} has no example");
    for (name, text) in examples {
        let document: Value = serde_json::from_str(&text).unwrap();
        assert_eq!(errors(&validator, &document), Vec::<String>::new(), "{schema}/{name}");
        let typed: T = serde_json::from_str(&text).unwrap_or_else(|error| panic!("{schema}/{name}: {error}"));
        assert_eq!(serde_json::to_string_pretty(&typed).unwrap() + "\n", text, "{schema}/{name} is not what is written");
        for place in objects(&document, String::new()) {
            let mut changed = document.clone();
            // An object stands where no map of ours has one as its value.
            let fields = changed.pointer_mut(&place).unwrap().as_object_mut().unwrap();
            fields.insert("nobody-knows-this".to_owned(), serde_json::json!({ "x": true }));
            if OPEN.contains(&(schema, place.as_str())) {
                assert!(validator.is_valid(&changed), "{schema}/{name}: `{place}` is not open");
                continue;
            }
            assert!(!validator.is_valid(&changed), "{schema}/{name}: the schema lets an unknown key through at `{place}`");
            if strict {
                assert!(
                    serde_json::from_value::<T>(changed).is_err(),
                    "{schema}/{name}: the type lets an unknown key through at `{place}`"
                );
            }
        }
    }
}

/// Returns the places of all objects of a document.
fn objects(value: &Value, place: String) -> Vec<String> {
    match value {
        Value::Object(fields) => {
            let escape = |key: &str| key.replace('~', "~0").replace('/', "~1");
            let below = fields.iter().flat_map(|(key, value)| objects(value, format!("{place}/{}", escape(key)))).collect::<Vec<_>>();
            [vec![place], below].concat()
        }
        Value::Array(items) => items.iter().enumerate().flat_map(|(n, item)| objects(item, format!("{place}/{n}"))).collect(),
        _ => Vec::new(),
    }
}

#[test]
fn reports_agree() {
    agree::<DistributionReport>("distribution-report.v1", true);
}

#[test]
fn extras_agree() {
    agree::<Extras>("extras.v1", true);
}

#[test]
fn init_plans_agree() {
    agree::<InitPlan>("init.v1", true);
}

#[test]
fn locks_agree() {
    agree::<Lock>("spawnfile-lock.v1", true);
    for (name, text) in examples("spawnfile-lock.v1") {
        let lock: Lock = serde_json::from_str(&text).unwrap();
        assert_eq!(Lock::parse(&lock.write()).unwrap(), lock, "{name}: TOML and JSON differ");
    }
}

#[test]
fn deployment_plans_agree() {
    agree::<DeploymentPlan>("deployment-plan.v1", true);
}

#[test]
fn records_agree() {
    let validator = validator("deployment-record.v2");
    for (name, text) in examples("deployment-record.v2") {
        let document: Value = serde_json::from_str(&text).unwrap();
        assert_eq!(errors(&validator, &document), Vec::<String>::new(), "{name}");
        let read = record::parse(text.as_bytes()).unwrap_or_else(|error| panic!("{name}: {error}"));
        assert_eq!(String::from_utf8(read.to_bytes()).unwrap(), text, "{name} is not what is written");
        // What another product keeps there is its own business.
        for place in objects(&document, String::new()).iter().filter(|place| *place != "/organization_ready") {
            let mut changed = document.clone();
            let fields = changed.pointer_mut(place).unwrap().as_object_mut().unwrap();
            fields.insert("nobody-knows-this".to_owned(), serde_json::json!({ "x": true }));
            assert!(!validator.is_valid(&changed), "{name}: the schema lets an unknown key through at `{place}`");
            assert!(record::parse(changed.to_string().as_bytes()).is_err(), "{name}: the reader lets an unknown key through at `{place}`");
        }
    }
}

#[test]
fn the_readers_of_foreign_documents_take_the_examples() {
    for (name, text) in examples("distribution-report.v1") {
        let typed: DistributionReport = serde_json::from_str(&text).unwrap();
        assert_eq!(report::parse(text.as_bytes()), Ok(typed), "{name}");
    }
    for (name, text) in examples("extras.v1") {
        let typed: Extras = serde_json::from_str(&text).unwrap();
        assert_eq!(extras::parse(text.as_bytes()), Ok(typed.clone()), "{name}");
        let report = report::parse(examples("distribution-report.v1")[&name].as_bytes()).unwrap();
        assert_eq!(typed.agree(&report), [], "{name}: the extras contradict the report beside them");
    }
}

#[test]
fn settings_agree() {
    // Only ever made by the host itself: the type has no reader that could be lenient.
    agree::<DeploySettings>("deploy-settings.v1", false);
    let defaults = serde_json::to_value(DeploySettings::default()).unwrap();
    assert_eq!(serde_json::from_str::<Value>(&examples("deploy-settings.v1")["echo"]).unwrap(), defaults);
}

#[test]
fn instance_documents_agree() {
    // Written by the host and read by plugins, which may be older than it: unknown keys are theirs to ignore.
    agree::<InstanceDocument>("instance.v1", false);
}

#[test]
fn examples_of_reports_carry_their_own_fingerprint() {
    for (name, text) in examples("distribution-report.v1") {
        let report: DistributionReport = serde_json::from_str(&text).unwrap();
        assert_eq!(fingerprint(&report), report.compile_fingerprint, "{name}");
    }
}

#[test]
fn reports_of_the_corpus_validate() {
    let expected = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../../shared/corpus/expected");
    let Ok(projects) = fs::read_dir(&expected) else {
        eprintln!("skipped: the corpus is not there");
        return;
    };
    let validator = validator("distribution-report.v1");
    let mut count = 0;
    for project in projects.map(|entry| entry.unwrap().path()) {
        assert_eq!(errors(&validator, &json(&project.join("distribution-report.json"))), Vec::<String>::new(), "{}", project.display());
        count += 1;
    }
    assert!(count > 0, "the corpus is empty");
}

#[test]
fn schemas_are_schemas_and_each_has_an_example() {
    let names = names();
    assert!(names.len() >= 8, "{names:?}");
    for name in &names {
        let schema = schema(name);
        assert!(jsonschema::meta::is_valid(&schema), "{name} is no JSON Schema");
        assert_eq!(schema["$id"], format!("urn:spawnfile:schema:{name}"));
        assert!(!examples(name).is_empty(), "{name} has no example");
        closed(name, &schema, "");
    }
    for entry in fs::read_dir(folder().join("examples")).unwrap() {
        let name = entry.unwrap().file_name().into_string().unwrap();
        assert!(names.contains(&name), "examples of `{name}` belong to no schema");
    }
}

/// Every object says what it does with keys that are not named.
fn closed(name: &str, value: &Value, place: &str) {
    match value {
        Value::Object(fields) => {
            if fields.get("properties").is_some_and(|properties| properties.is_object()) && fields.contains_key("type") {
                assert_eq!(fields.get("additionalProperties"), Some(&Value::Bool(false)), "{name}: {place} is open");
            }
            for (key, value) in fields {
                closed(name, value, &format!("{place}/{key}"));
            }
        }
        Value::Array(items) => items.iter().for_each(|item| closed(name, item, place)),
        _ => {}
    }
}

#[test]
fn what_a_schema_must_refuse() {
    let cases: [(&str, &str, &str, Value); 24] = [
        ("distribution-report.v1", "echo", "/version", "spawnfile.distribution-report.v2".into()),
        ("distribution-report.v1", "echo", "/internal_ports/0", 70000.into()),
        ("distribution-report.v1", "echo", "/compile_fingerprint", "sf1:XYZ".into()),
        ("distribution-report.v1", "echo", "/runtime_instances/0/id", "../x".into()),
        ("distribution-report.v1", "echo", "/runtime_instances/0/home_path", "/a/../b".into()),
        ("distribution-report.v1", "echo", "/secrets/project/0/name", "A=B".into()),
        ("distribution-report.v1", "echo", "/organization/project", "a\u{1b}[31m".into()),
        ("distribution-report.v1", "other-tool", "/persistent_mounts/0/target", "/d:ro".into()),
        ("extras.v1", "echo", "/init/uid", 0.into()),
        ("extras.v1", "echo", "/init/secrets_dir", "/etc".into()),
        ("extras.v1", "echo", "/instances/0/linux_capabilities", serde_json::json!(["SYS_ADMIN"])),
        ("extras.v1", "echo", "/instances/0/probes/0/exec", serde_json::json!(["/bin/true"])),
        ("extras.v1", "openclaw-claude-code", "/instances/0/auth/0/files/0/mode", "4755".into()),
        ("extras.v1", "openclaw-claude-code", "/instances/0/auth/0/files/0/path", "/a//b".into()),
        ("init.v1", "echo", "/exit", "restart".into()),
        ("init.v1", "echo", "/processes", serde_json::json!([])),
        ("init.v1", "echo", "/processes/0/scrub_env/0", "*X".into()),
        ("spawnfile-lock.v1", "echo", "/image/0/digest", format!("sha256:{}", "a".repeat(64)).into()),
        ("deploy-settings.v1", "echo", "/network", "host".into()),
        ("deployment-plan.v1", "echo", "/deployment", "A--b".into()),
        ("deployment-plan.v1", "echo", "/units/0/image", "org:1.0".into()),
        ("deployment-record.v2", "echo", "/units", serde_json::json!([])),
        ("deployment-record.v2", "echo", "/organization_handoff_handle", "h".into()),
        ("instance.v1", "echo", "/agents", serde_json::json!([])),
    ];
    for (schema, example, place, value) in cases {
        let mut document: Value = serde_json::from_str(&examples(schema)[example]).unwrap();
        let (parent, key) = place.rsplit_once('/').unwrap();
        match document.pointer_mut(parent).unwrap() {
            Value::Object(fields) => drop(fields.insert(key.to_owned(), value)),
            Value::Array(items) => items[key.parse::<usize>().unwrap()] = value,
            _ => panic!("{place}"),
        }
        assert!(!validator(schema).is_valid(&document), "{schema}/{example}: {place}");
    }
}
