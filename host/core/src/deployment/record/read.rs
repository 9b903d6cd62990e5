//! Bytes of a store into a [`DeploymentRecord`], or the kind of trouble with them.

use super::{Contained, DeploymentRecord, ExportIndex, RECORD_VERSION, RECORD_VERSION_1, RecordUnit, Source, TargetRef};
use crate::display::excerpt;
use crate::json::{self, Fields, Node, Problem, Sink, Value, Violation, nonempty};
use crate::name::DeploymentName;

/// Most units of a record.
const MAX_UNITS: usize = 1000;

/// Why a record cannot be used. None of these means that there is no deployment.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum RecordError {
    /// It has more bytes than are read at all; the number is how many may be.
    #[error("the record is larger than {0} bytes")]
    TooLarge(u64),
    /// It is no JSON, as after a write that was cut off.
    #[error("the record is damaged: line {line}, column {column}: {message}")]
    Damaged {
        /// Line, from 1.
        line: u32,
        /// Column in bytes.
        column: u32,
        /// What is wrong.
        message: String,
    },
    /// It is JSON, but no record of a deployment.
    #[error("the file is no deployment record")]
    Foreign,
    /// A later version of this tool wrote it.
    #[error("the record has version `{0}`, which is newer than this tool")]
    Newer(String),
    /// It breaks rules of its format.
    #[error("the record breaks its format: {}", Problem::Violations(.0.clone()))]
    Invalid(Vec<Violation>),
}

/// Parses a record of version 2 or 1 of at most [`json::MAX_BYTES`]; version 1 is upgraded.
///
/// # Errors
/// What is wrong with it.
pub fn parse(bytes: &[u8]) -> Result<DeploymentRecord, RecordError> {
    let value = json::parse(bytes).map_err(|problem| match problem {
        Problem::TooLarge(most) => RecordError::TooLarge(most),
        Problem::Malformed { line, column, message } => RecordError::Damaged { line, column, message },
        Problem::UnsupportedVersion(version) => RecordError::Newer(version),
        Problem::Violations(all) => RecordError::Invalid(all),
    })?;
    let Some(Value::Text(version)) = value.get("version") else { return Err(RecordError::Foreign) };
    let sink = Sink::default();
    let root = Node::root(&value, &sink);
    let record = match version.as_str() {
        RECORD_VERSION => version_2(&root),
        RECORD_VERSION_1 => version_1(&root),
        other if is_later(other) => return Err(RecordError::Newer(excerpt(other))),
        _ => return Err(RecordError::Foreign),
    };
    let violations = sink.into_violations();
    match record {
        Some(record) if violations.is_empty() => Ok(record),
        _ => Err(RecordError::Invalid(violations)),
    }
}

fn is_later(version: &str) -> bool {
    let number = version.strip_prefix("spawnfile.deployment.v").unwrap_or_default();
    !number.is_empty() && number.bytes().all(|b| b.is_ascii_digit()) && number.parse::<u64>().map_or(true, |number| number > 2)
}

fn version_2(root: &Node<'_>) -> Option<DeploymentRecord> {
    root.object(|f| {
        let common = Common::read(f);
        let handoff = f.optional("organization_handoff", any);
        let handle = f.optional("organization_handoff_handle", any);
        if handle.is_some() && handoff.is_none() {
            f.violate("organization_handoff_handle", "handoff", "a handoff handle stands without its handoff");
        }
        let manager = f.at("manager", nonempty);
        let output_directory = f.nullable("output_directory", nonempty);
        let source = f.at("source", source);
        let units = f.at("units", |node| units(node, &["agent", "team", "network"], true));
        let run_id = f.optional("run_id", nonempty);
        let export_index = f.optional("export_index", export_index);
        let organization_ready = f.optional("organization_ready", any);
        Some(DeploymentRecord {
            manager,
            output_directory,
            source,
            units,
            run_id,
            export_index,
            organization_ready,
            organization_handoff: handoff,
            organization_handoff_handle: handle,
            ..common.record()?
        })
    })
}

fn version_1(root: &Node<'_>) -> Option<DeploymentRecord> {
    root.object(|f| {
        let common = Common::read(f);
        let manager = f.at("manager", |node| node.one_of(&["docker"]));
        let output_directory = Some(f.at("output_directory", nonempty));
        let root = f.at("project_root", nonempty);
        let units = f.at("units", |node| units(node, &["agent", "team"], false));
        Some(DeploymentRecord { manager, output_directory, source: Source::Project { root }, units, ..common.record()? })
    })
}

/// What both versions have.
struct Common {
    name: Option<DeploymentName>,
    created_at: String,
    compile_fingerprint: String,
    auth_profile: Option<String>,
    env_file: Option<String>,
    target: TargetRef,
}

impl Common {
    fn read(f: &Fields<'_>) -> Self {
        let _version = f.at("version", nonempty);
        Self {
            name: f
                .at("name", |node| node.text_that("name", "a deployment name", |text| text.parse::<DeploymentName>().is_ok()).parse().ok()),
            created_at: f.at("created_at", nonempty),
            compile_fingerprint: f.at("compile_fingerprint", nonempty),
            auth_profile: f.nullable("auth_profile", nonempty),
            // Null is what the other tool documents and its own reader refuses: it means none.
            env_file: f.optional("env_file", |node| (*node.value() != Value::Null).then(|| absolute(node))).flatten(),
            target: f.at("target", target),
        }
    }

    /// Returns a record with everything that only one version has still empty; nothing without a name.
    fn record(self) -> Option<DeploymentRecord> {
        Some(DeploymentRecord {
            version: RECORD_VERSION.to_owned(),
            name: self.name?,
            created_at: self.created_at,
            compile_fingerprint: self.compile_fingerprint,
            manager: String::new(),
            auth_profile: self.auth_profile,
            env_file: self.env_file,
            output_directory: None,
            source: Source::Project { root: String::new() },
            target: self.target,
            units: Vec::new(),
            run_id: None,
            export_index: None,
            organization_ready: None,
            organization_handoff: None,
            organization_handoff_handle: None,
        })
    }
}

fn absolute(node: &Node<'_>) -> String {
    node.text_that("path", "an absolute path", |text| text.starts_with('/'))
}

fn source(node: &Node<'_>) -> Source {
    node.object(|f| match f.at("kind", |node| node.one_of(&["image", "project"])).as_str() {
        "project" => Source::Project { root: f.at("root", nonempty) },
        _ => Source::Image { reference: f.at("ref", nonempty), digest: f.nullable("digest", nonempty) },
    })
}

fn target(node: &Node<'_>) -> TargetRef {
    node.object(|f| match f.at("kind", |node| node.one_of(&["context", "docker-context", "host"])).as_str() {
        "host" => TargetRef::Host { value: f.at("value", nonempty) },
        kind => TargetRef::Context {
            name: f.at(if kind == "docker-context" { "context" } else { "name" }, nonempty),
            endpoint_fingerprint: f.at("endpoint_fingerprint", |node| {
                node.text_that("fingerprint", "the fingerprint of an endpoint (`sha256:` and 32 hexadecimal digits)", |text| {
                    let hex = text.strip_prefix("sha256:").unwrap_or_default();
                    hex.len() == 32 && hex.bytes().all(|b| matches!(b, b'0'..=b'9' | b'a'..=b'f'))
                })
            }),
        },
    })
}

fn units(node: &Node<'_>, kinds: &[&str], newer: bool) -> Vec<RecordUnit> {
    let units = node.list(MAX_UNITS, |node| unit(node, kinds, newer));
    if *node.value() == Value::List(Vec::new()) {
        node.violate("empty", "there is no unit");
    }
    let mut ids: Vec<&str> = units.iter().map(|unit| unit.id.as_str()).collect();
    ids.sort_unstable();
    if let Some(twice) = ids.windows(2).find(|pair| pair.first() == pair.last()).and_then(|pair| pair.first()) {
        node.violate("duplicate", format!("the unit `{}` stands twice", excerpt(twice)));
    }
    units
}

fn unit(node: &Node<'_>, kinds: &[&str], newer: bool) -> RecordUnit {
    node.object(|f| RecordUnit {
        id: f.at("id", nonempty),
        kind: f.at("kind", |node| node.one_of(&["container"])),
        image_tag: f.at("image_tag", nonempty),
        image_id: f.nullable("image_id", engine_word),
        container_id: f.nullable("container_id", engine_word),
        container_name: f.nullable("container_name", engine_word),
        contains: f.list("contains", |node| {
            node.object(|f| Contained { id: f.at("id", nonempty), kind: f.at("kind", |node| node.one_of(kinds)) })
        }),
        runtime_instances: f.list("runtime_instances", nonempty),
        manager: if newer { f.optional("manager", nonempty) } else { None },
        target: if newer { f.optional("target", target) } else { None },
    })
}

/// Ids and names become part of the paths that an Engine is asked for.
fn engine_word(node: &Node<'_>) -> String {
    node.text_that("engine-name", "an id or name of an Engine's thing", |text| text.len() <= 255 && crate::name::is_label_value(text))
}

fn export_index(node: &Node<'_>) -> ExportIndex {
    node.object(|f| ExportIndex {
        exported_at: f.at("exported_at", nonempty),
        path: f.at("path", nonempty),
        run_id: f.nullable("run_id", nonempty),
    })
}

fn any(node: &Node<'_>) -> serde_json::Value {
    node.value().to_json()
}
