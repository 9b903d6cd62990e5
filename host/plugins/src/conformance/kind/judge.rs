//! What a lowering is held against: the host's own admission first, then what admission lets pass and a user would miss.

use std::collections::BTreeSet;

use spawnfile_core::admit::admit;
use spawnfile_core::display::excerpt;
use spawnfile_core::extras::LoweredBy;
use spawnfile_core::finding::Severity;
use spawnfile_core::instance::{AgentInput, InstanceDocument};
use spawnfile_core::lowering::{Lowered, LoweredContent, LoweredEnvValue, Lowering};

use super::inputs::{Input, Marker};
use crate::conformance::sheet::Sheet;

/// Check that a code of admission belongs to.
fn check_of(code: &str) -> &'static str {
    match code {
        "lowering.path" | "lowering.source" => "lower.paths",
        "lowering.dropped" | "lowering.capability" => "lower.outcomes",
        "lowering.env" | "lowering.patch" => "lower.secrets",
        "lowering.auth" => "lower.auth",
        _ => "lower.process",
    }
}

/// Returns what admission refuses of a lowering: the check and the sentence.
pub(super) fn refusals(document: &InstanceDocument, lowered: &Lowered) -> Vec<(&'static str, String)> {
    let by = LoweredBy { plugin: "plugin".to_owned(), version: "0".to_owned(), digest: String::new() };
    let own = Lowered { lowering: lowered.lowering.clone(), findings: Vec::new() };
    let Err(findings) = admit(document.clone(), own, by) else { return Vec::new() };
    let prefix = format!("plugin plugin@0, instance `{}`: ", document.id);
    findings
        .sorted()
        .into_iter()
        .filter(|finding| finding.severity == Severity::Error)
        .map(|finding| (check_of(&finding.code), finding.message.strip_prefix(&prefix).unwrap_or(&finding.message).to_owned()))
        .collect()
}

/// Checks everything about the lowering of an ordinary instance.
pub(super) fn lowering(sheet: &mut Sheet, input: &Input, lowered: &Lowered) {
    let name = input.name;
    for (check, message) in refusals(&input.document, lowered) {
        sheet.fail(check, format!("{name}: {message}"));
    }
    for (one, other) in case_clashes(&lowered.lowering) {
        let (one, other) = (excerpt(one), excerpt(other));
        sheet.fail("lower.paths", format!("{name}: `{one}` and `{other}` differ in case only"));
    }
    let words = words(&lowered.lowering);
    for Marker { word, what, key } in &input.markers {
        sheet.expect(words.contains(*word) || excused(lowered, key, word), "lower.inputs", || {
            format!("{name}: {what} (`{word}`) stands nowhere in the lowering, and no outcome of `{key}` says so")
        });
    }
    let reached = secrets(&lowered.lowering);
    for (secret, key) in input.document.agents.iter().flat_map(declared) {
        sheet.expect(reached.contains(secret.as_str()) || excused(lowered, &key, &secret), "lower.secrets", || {
            format!("{name}: the declared secret `{secret}` reaches neither the process nor a file, and nothing says so")
        });
    }
}

/// Files whose paths are the same where case does not count.
fn case_clashes(lowering: &Lowering) -> Vec<(&str, &str)> {
    let files = lowering.files.iter().chain(lowering.auth.iter().flat_map(|place| &place.files));
    let mut paths: Vec<(String, &str)> = files.map(|file| (file.path.to_lowercase(), file.path.as_str())).collect();
    paths.sort_unstable();
    let neighbours = paths.iter().zip(paths.iter().skip(1));
    neighbours.filter(|((a, one), (b, other))| a == b && one != other).map(|((_, one), (_, other))| (*one, *other)).collect()
}

/// Everything that a lowering says but its outcomes, whose messages may well name what is left out.
fn words(lowering: &Lowering) -> String {
    let silent = Lowering { capabilities: Vec::new(), ..lowering.clone() };
    serde_json::to_string(&silent).unwrap_or_default()
}

/// Whether a capability, or a finding that names the thing, says that it does not arrive.
fn excused(lowered: &Lowered, key: &str, word: &str) -> bool {
    let outcomes = &lowered.lowering.capabilities;
    let named = outcomes.iter().any(|outcome| (outcome.key == key || outcome.key.contains(word)) && outcome.outcome != "supported");
    named || lowered.findings.iter().any(|finding| finding.message.contains(word))
}

/// Names whose value a program gets by this lowering: variables, patched files, derived values, files of a value.
fn secrets(lowering: &Lowering) -> BTreeSet<&str> {
    let variables = lowering.process.env.iter().filter_map(|variable| match &variable.value {
        LoweredEnvValue::Secret(name) => Some(name.as_str()),
        _ => None,
    });
    let patched = lowering.json_patches.iter().map(|patch| patch.from.as_str());
    let derived = lowering.derived_env.iter().flat_map(|derived| derived.template.split(['{', '}']).skip(1).step_by(2));
    let files = lowering.files.iter().filter_map(|file| match &file.content {
        LoweredContent::Template(template) => Some(template.holes.iter().map(|(_, name, _)| name.as_str())),
        _ => None,
    });
    variables.chain(patched).chain(derived).chain(files.flatten()).collect()
}

/// Secrets that an agent declares, with the key of the capability that may say that one is of no use.
fn declared(agent: &AgentInput) -> Vec<(String, String)> {
    let own = agent.secrets.iter().map(|secret| (secret.name.clone(), format!("secrets.{}", secret.name)));
    let servers = agent.mcp_servers.iter();
    let servers = servers.filter_map(|server| Some((server.auth.as_ref()?.secret.clone(), format!("mcp.{}", server.name))));
    let targets = agent.model.iter().flat_map(|model| std::iter::once(&model.primary).chain(&model.fallback));
    let keys = targets.filter_map(|target| Some((target.auth_key.clone()?, "execution.model".to_owned())));
    own.chain(servers).chain(keys).collect()
}
