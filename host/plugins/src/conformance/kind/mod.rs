//! The suite of runtime kinds. Every instance is lowered three times: as it is, again, and written differently in a
//! place with another clock and other random numbers; all three must be equal to the byte.

mod inputs;
mod judge;

use std::collections::BTreeSet;

use serde_json::Value;
use spawnfile_core::finding::Finding;
use spawnfile_core::instance::{INSTANCE_VERSION, InstanceDocument};
use spawnfile_core::lowering::Lowered;

use super::about;
use super::golden;
use super::sheet::{Check, LOADS, Row, Sheet};
use crate::bindings::types::Document;
use crate::error::PluginError;
use crate::handle::runtime_kind::{LowerError, RuntimeKind};
use crate::manifest::PluginManifest;

const ROWS: &[Row] = &[
    LOADS,
    about::MANIFEST,
    about::DESCRIBE,
    about::SCHEMA,
    (
        "lower.works",
        "an agent with nothing but a name, or with a model, is lowered",
        "`lower` must give a lowering for the simplest agent; see tests/plugins/runtime-echo",
    ),
    (
        "lower.same",
        "the same instance gives the same bytes, however it is written and wherever it is lowered",
        "use `BTreeMap` instead of `HashMap` for what is written, and no clock or random number",
    ),
    ("check.same", "the same instance gives the same findings", "as for `lower.same`: sort what you say"),
    (
        "lower.paths",
        "every path is absolute, clean, below the root of the instance, and stands once, upper and lower case alike",
        "put everything below `instance.root`; what is foreign in a path goes through `is_path_part`",
    ),
    (
        "lower.names",
        "hostile names of docs, skills, servers and logins do not become paths that escape",
        "refuse in `check` what `is_path_part` or `is_relative_path` refuses",
    ),
    (
        "lower.outcomes",
        "each doc, skill, MCP server, model and sandbox is placed or has an outcome",
        "add a capability for everything that the agent declares; `degraded` or `unsupported` with a message is an answer",
    ),
    (
        "lower.inputs",
        "what an outcome calls supported has arrived: models, endpoints, servers with their arguments and variables",
        "write it into a file or a variable, or say `degraded` and what is left out",
    ),
    (
        "lower.secrets",
        "declared secrets reach the process or a file by name; no other name is asked for, no value invented",
        "hand each declared secret to the process (`secret_env`) or patch it into a file (`json_patch`)",
    ),
    (
        "lower.auth",
        "places for credentials are for the logins that are used, with holes in order",
        "return an auth place for each login that `check` accepts, and no other",
    ),
    (
        "lower.process",
        "process, ports, probes, installation and sizes are what the host takes",
        "compare with specs/PLUGINS.md, section 5.2",
    ),
    ("lower.ports", "two instances of the kind do not listen on the same port", "count ports from `instance.index`"),
    (
        "options.unknown",
        "an option that the kind does not have is refused or reported",
        "go through all of `agent.options` in `check` and report each name that you do not know",
    ),
    (
        "documents",
        "documents of other versions are refused, keys of later hosts ignored, odd numbers of agents survived",
        "parse with the SDK, which does both, and never index into `agents`",
    ),
    about::FINDINGS,
    about::BOUNDED,
];

/// What came of one call.
type Outcome = Result<Lowered, Vec<Finding>>;

struct Suite<'a> {
    kind: &'a RuntimeKind,
    elsewhere: RuntimeKind,
    sheet: Sheet,
    lowered: usize,
}

/// Runs the suite.
pub(super) async fn suite(kind: &RuntimeKind, manifest: &PluginManifest) -> Vec<Check> {
    let mut suite = Suite { kind, elsewhere: kind.elsewhere(), sheet: Sheet::new(ROWS), lowered: 0 };
    suite.describe(manifest).await;
    suite.ordinary().await;
    suite.hostile().await;
    suite.instances().await;
    suite.options().await;
    suite.documents().await;
    suite.sheet.finish()
}

/// A document as the host writes it.
fn written(instance: &InstanceDocument) -> Document {
    Document { schema: INSTANCE_VERSION.to_owned(), json: serde_json::to_vec(instance).unwrap_or_default() }
}

/// The same document, its keys in another order and with other white space: what the guest has in memory is elsewhere.
fn rewritten(instance: &InstanceDocument) -> Document {
    let value = serde_json::to_value(instance).unwrap_or_default();
    Document { schema: INSTANCE_VERSION.to_owned(), json: serde_json::to_vec_pretty(&value).unwrap_or_default() }
}

impl Suite<'_> {
    async fn describe(&mut self, manifest: &PluginManifest) {
        let descriptor = self.kind.describe().clone();
        about::manifest(&mut self.sheet, manifest, Some(&descriptor.id), &descriptor.title);
        about::schema(&mut self.sheet, descriptor.options_schema.as_deref());
        for kind in [self.kind, &self.elsewhere] {
            match kind.ask().await {
                Ok(again) => self.sheet.expect(again == descriptor, "describe.same", || "asked again, it says something else".to_owned()),
                Err(error) => self.sheet.crashed("describe", &error),
            }
        }
    }

    async fn ordinary(&mut self) {
        let kind = self.kind.describe().id.clone();
        for input in inputs::ordinary(&kind) {
            let Some(outcome) = self.lower_all_ways(input.name, &input.document).await else { continue };
            match outcome {
                Ok(lowered) => {
                    self.lowered += 1;
                    about::findings(&mut self.sheet, input.name, &lowered.findings, false);
                    judge::lowering(&mut self.sheet, &input, &lowered);
                }
                Err(findings) => about::findings(&mut self.sheet, input.name, &findings, true),
            }
        }
        for (name, text) in golden::INSTANCES {
            let Ok(mut document) = serde_json::from_str::<InstanceDocument>(text) else { continue };
            document.runtime.clone_from(&kind);
            document.agents.iter_mut().for_each(|agent| agent.options.clear());
            if let Some(Ok(lowered)) = self.lower_all_ways(name, &document).await {
                let input = inputs::Input { name, document, markers: Vec::new() };
                judge::lowering(&mut self.sheet, &input, &lowered);
            }
        }
        let lowered = self.lowered;
        self.sheet.expect(lowered > 0, "lower.works", || "none of the ordinary instances is lowered".to_owned());
    }

    /// Lowers and checks in every way, which must not make a difference. Nothing when it crashed.
    async fn lower_all_ways(&mut self, name: &str, document: &InstanceDocument) -> Option<Outcome> {
        let (as_is, other) = (written(document), rewritten(document));
        let first = self.lower(name, &as_is, false).await?;
        for (document, elsewhere, how) in [(&as_is, false, "asked twice"), (&other, true, "written in another order, in another place")] {
            if let Some(again) = self.lower(name, document, elsewhere).await {
                self.sheet.expect(again == first, "lower.same", || format!("{name}: {how}, it gives {}", difference(&first, &again)));
            }
        }
        let checked = self.check(name, &as_is, false).await;
        for (document, elsewhere) in [(&as_is, false), (&other, true)] {
            let again = self.check(name, document, elsewhere).await;
            self.sheet.expect(again == checked, "check.same", || format!("{name}: asked again, it finds something else"));
        }
        about::findings(&mut self.sheet, name, &checked.unwrap_or_default(), false);
        Some(first)
    }

    async fn lower(&mut self, name: &str, document: &Document, elsewhere: bool) -> Option<Outcome> {
        let kind = if elsewhere { &self.elsewhere } else { self.kind };
        match kind.lower_document(document).await {
            Ok(lowered) => Some(Ok(lowered)),
            Err(LowerError::Findings(findings)) => Some(Err(findings)),
            Err(LowerError::Plugin(error)) => {
                self.sheet.crashed(&format!("lower, {name}"), &error);
                None
            }
        }
    }

    async fn check(&mut self, name: &str, document: &Document, elsewhere: bool) -> Option<Vec<Finding>> {
        let kind = if elsewhere { &self.elsewhere } else { self.kind };
        let checked: Result<_, PluginError> = kind.check_document(document).await;
        checked.map_err(|error| self.sheet.crashed(&format!("check, {name}"), &error)).ok()
    }

    /// Names that escape: whatever is lowered must still stand below the root.
    async fn hostile(&mut self) {
        for input in inputs::hostile(&self.kind.describe().id) {
            let document = written(&input.document);
            self.check(input.name, &document, false).await;
            let Some(Ok(lowered)) = self.lower(input.name, &document, false).await else { continue };
            for (check, message) in judge::refusals(&input.document, &lowered) {
                if matches!(check, "lower.paths" | "lower.auth") {
                    self.sheet.fail("lower.names", format!("{}: {message}", input.name));
                }
            }
        }
    }

    /// Several instances, several agents, many things.
    async fn instances(&mut self) {
        let id = self.kind.describe().id.clone();
        let shared = self.kind.describe().grouping == "shared";
        let mut ports = BTreeSet::new();
        for index in 0..3 {
            let document = inputs::instance(&id, &["probe"], index);
            if let Some(Ok(lowered)) = self.lower("several instances", &written(&document), false).await {
                for port in &lowered.lowering.ports {
                    self.sheet
                        .expect(ports.insert(port.number), "lower.ports", || format!("instance {index} listens on {} too", port.number));
                }
            }
        }
        for (name, slugs) in
            [("no agent", &[][..]), ("two agents", &["one", "two"]), ("many agents", &["a", "b", "c", "d", "e", "f", "g", "h"])]
        {
            let document = inputs::instance(&id, slugs, 0);
            let outcome = self.lower(name, &written(&document), false).await;
            if let (true, false, Some(outcome)) = (shared, slugs.is_empty(), outcome) {
                match outcome {
                    Ok(lowered) => judge::lowering(&mut self.sheet, &inputs::Input { name, document, markers: Vec::new() }, &lowered),
                    Err(_) => self
                        .sheet
                        .fail("documents", format!("{name}: it groups all agents into one instance, and refuses one with several")),
                }
            }
        }
        let document = inputs::large(&id);
        if let Some(Ok(lowered)) = self.lower("a large agent", &written(&document), false).await {
            judge::lowering(&mut self.sheet, &inputs::Input { name: "a large agent", document, markers: Vec::new() }, &lowered);
        }
    }

    async fn options(&mut self) {
        let document = written(&inputs::unknown_option(&self.kind.describe().id));
        let mut said = self.check("an unknown option", &document, false).await.unwrap_or_default();
        match self.lower("an unknown option", &document, false).await {
            Some(Ok(lowered)) => said.extend(lowered.findings),
            Some(Err(findings)) => said.extend(findings),
            None => return,
        }
        let named = said.iter().any(|finding| finding.message.contains("conformance_unknown_option"));
        self.sheet.expect(named, "options.unknown", || "option `conformance_unknown_option` is taken, and no finding names it".to_owned());
    }

    async fn documents(&mut self) {
        let id = self.kind.describe().id.clone();
        for (name, schema, json) in inputs::foreign(&id) {
            let document = Document { schema: schema.to_owned(), json };
            self.check(name, &document, false).await;
            if let Some(Ok(_)) = self.lower(name, &document, false).await {
                self.sheet.fail("documents", format!("{name} is lowered as if it were `{INSTANCE_VERSION}`"));
            }
        }
        let plain = inputs::instance(&id, &["probe"], 0);
        let grown = serde_json::to_vec(&inputs::grown(&plain)).unwrap_or_default();
        let grown = Document { schema: INSTANCE_VERSION.to_owned(), json: grown };
        let (first, later) =
            (self.lower("an instance", &written(&plain), false).await, self.lower("an instance of a later host", &grown, false).await);
        self.sheet.expect(first == later, "documents", || "keys that a later host adds make a difference".to_owned());

        let report = golden::REPORTS.first().and_then(|(_, text)| serde_json::from_str::<Value>(text).ok()).unwrap_or_default();
        let instance = report.pointer("/runtime_instances/0").cloned().unwrap_or_default();
        let instance =
            Document { schema: "spawnfile.distribution-report.v1".to_owned(), json: serde_json::to_vec(&instance).unwrap_or_default() };
        if let Err(error) = self.kind.call_the_rest(&written(&plain), &instance).await {
            self.sheet.crashed("lower-network, legacy-auth and read-status", &error);
        }
    }
}

/// Says in a few words where two outcomes differ.
fn difference(first: &Outcome, again: &Outcome) -> String {
    match (first, again) {
        (Ok(first), Ok(again)) => {
            let (a, b) = (&first.lowering, &again.lowering);
            let file = a.files.iter().zip(&b.files).find(|(one, other)| one != other);
            match file {
                Some((one, _)) => format!("other bytes, first in the file `{}`", one.path),
                None if a == b => "other findings".to_owned(),
                None => "another lowering".to_owned(),
            }
        }
        (Err(_), Err(_)) => "other findings".to_owned(),
        _ => "a lowering once and a refusal once".to_owned(),
    }
}
