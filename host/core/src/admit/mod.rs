//! Admission of a lowering: a runtime kind is a plugin, and nothing it says is believed before it was checked here.
//!
//! Every problem names the plugin and the thing. Only what was admitted can be compiled ([`LoweredInstance`]).

mod auth;
mod coverage;
mod environment;
mod files;
mod install;
mod probes;

use std::collections::BTreeSet;

pub(crate) use install::SCRATCH;

use crate::extras::LoweredBy;
use crate::finding::{Finding, Findings};
use crate::instance::InstanceDocument;
use crate::lowering::{Lowered, Lowering};
use crate::path::{is_below, is_clean_absolute};

/// Most entries of any list of a lowering other than its files.
const MAX_ITEMS: usize = 256;
/// Longest message, argument, value or command, in bytes.
const MAX_TEXT: usize = 16 << 10;

/// An instance with a lowering that was admitted.
#[derive(Debug, Clone, PartialEq)]
pub struct LoweredInstance {
    document: InstanceDocument,
    lowered: Lowered,
    by: LoweredBy,
}

impl LoweredInstance {
    /// Returns what the kind was given.
    pub const fn document(&self) -> &InstanceDocument {
        &self.document
    }

    /// Returns what the kind gave back.
    pub const fn lowering(&self) -> &Lowering {
        &self.lowered.lowering
    }

    /// Returns what the kind had to say: no errors.
    pub fn findings(&self) -> &[Finding] {
        &self.lowered.findings
    }

    /// Returns whether it is the one instance of all agents of its kind.
    pub fn is_shared(&self) -> bool {
        self.document.id == crate::instance::shared_id(&self.document.runtime)
    }

    /// Returns the plugin that lowered it.
    pub const fn by(&self) -> &LoweredBy {
        &self.by
    }
}

/// Checks what a plugin gave back for an instance. The kind's own findings are among those returned; one error among
/// them or one problem of the lowering is an `Err`.
pub fn admit(document: InstanceDocument, lowered: Lowered, by: LoweredBy) -> Result<(LoweredInstance, Findings), Findings> {
    let mut check = Check::new(&document, &lowered.lowering, &by);
    check.sizes();
    if check.findings.is_empty() {
        check.files();
        check.ports();
        check.environment();
        check.process();
        check.probes();
        check.auth();
        check.install();
        check.coverage();
    }
    let mut findings = check.findings;
    for finding in &lowered.findings {
        let mut finding = finding.clone();
        finding.message = format!("{}: {}", by.plugin, shown(&finding.message));
        finding.hint = finding.hint.as_deref().map(shown);
        findings.push(finding);
    }
    findings.and(()).map(|((), findings)| (LoweredInstance { document, lowered, by }, findings))
}

/// Collects what is wrong with one lowering.
struct Check<'a> {
    document: &'a InstanceDocument,
    lowering: &'a Lowering,
    who: String,
    findings: Findings,
}

impl<'a> Check<'a> {
    fn new(document: &'a InstanceDocument, lowering: &'a Lowering, by: &LoweredBy) -> Self {
        let who = format!("plugin {}@{}, instance `{}`", by.plugin, by.version, document.id);
        Self { document, lowering, who, findings: Findings::default() }
    }

    fn refuse(&mut self, code: &str, message: impl AsRef<str>) {
        let message = format!("{}: {}", self.who, message.as_ref());
        self.findings.push(Finding::error(code, message).hint("this is a fault of the plugin, not of the project"));
    }

    /// Checks a path of the instance.
    fn path(&mut self, what: &str, path: &str) {
        if !is_clean_absolute(path) {
            self.refuse("lowering.path", format!("{what} {} is no absolute, normalised path", quote(path)));
        } else if !is_below(path, &self.document.root) {
            self.refuse("lowering.path", format!("{what} {} does not lie below {}", quote(path), self.document.root));
        }
    }

    /// Bounds every list and text before anything walks them.
    fn sizes(&mut self) {
        let lowering = self.lowering;
        let lists = [
            ("arguments", lowering.process.argv.len()),
            ("process variables", lowering.process.env.len()),
            ("ports", lowering.ports.len()),
            ("environment names", lowering.env.len()),
            ("JSON patches", lowering.json_patches.len()),
            ("derived values", lowering.derived_env.len()),
            ("probes", lowering.probes.len()),
            ("auth places", lowering.auth.len()),
            ("auth files", lowering.auth.iter().map(|place| place.files.len() + place.env.len() + place.writable.len()).sum()),
            ("commands", lowering.install.run.len()),
            ("packages", lowering.install.packages.len()),
            ("mounts", lowering.mounts.len()),
            ("Linux capabilities", lowering.linux_capabilities.len()),
        ];
        for (what, count) in lists {
            if count > MAX_ITEMS {
                self.refuse("lowering.size", format!("{count} {what}, at most {MAX_ITEMS} are allowed"));
            }
        }
        if lowering.capabilities.len() > 16 * MAX_ITEMS {
            self.refuse("lowering.size", format!("{} capabilities are too many", lowering.capabilities.len()));
        }
        self.file_sizes();
    }
}

/// Shows a short text of a plugin, cut, control characters escaped.
fn quote(text: &str) -> String {
    format!("`{}`", cut(text, 120))
}

/// Shows a sentence of a plugin in the same way.
fn shown(text: &str) -> String {
    cut(text, 2000)
}

fn cut(text: &str, limit: usize) -> String {
    let mut shown = String::new();
    for (n, c) in text.chars().enumerate() {
        if n == limit {
            shown.push('…');
            break;
        }
        if c.is_control() { shown.extend(c.escape_debug()) } else { shown.push(c) }
    }
    shown
}

/// Returns the items that occur more than once, each once.
fn repeated<'t>(items: impl IntoIterator<Item = &'t str>) -> BTreeSet<&'t str> {
    let mut seen = BTreeSet::new();
    items.into_iter().filter(|item| !seen.insert(*item)).collect()
}

/// Returns whether a text of a plugin may be shown or stored as one line.
fn is_line(text: &str) -> bool {
    text.len() <= MAX_TEXT && !text.chars().any(char::is_control)
}

#[cfg(test)]
mod tests;
