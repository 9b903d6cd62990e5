//! Environment names, patched and derived values, the process.

use std::collections::{BTreeMap, BTreeSet};

use super::{Check, MAX_TEXT, is_line, quote, repeated};
use crate::lowering::{LoweredContent, LoweredEnvValue};
use crate::name::{EnvName, is_reserved_env};
use crate::path::{is_below, is_clean_absolute};

const SIGNALS: [&str; 6] = ["SIGTERM", "SIGINT", "SIGQUIT", "SIGHUP", "SIGUSR1", "SIGUSR2"];
/// Longest time to stop, in milliseconds.
const MAX_GRACE_MS: u32 = 600_000;

impl<'a> Check<'a> {
    /// Names whose value the host or PID 1 has: what may be patched, derived from and handed to the process.
    pub(super) fn known_names(&self) -> BTreeSet<&'a str> {
        let (document, lowering) = (self.document, self.lowering);
        let mut names: BTreeSet<&'a str> = BTreeSet::new();
        for agent in &document.agents {
            names.extend(agent.secrets.iter().map(|secret| secret.name.as_str()));
            names.extend(agent.mcp_servers.iter().filter_map(|server| server.auth.as_ref()).map(|auth| auth.secret.as_str()));
            let targets = agent.model.iter().flat_map(|model| std::iter::once(&model.primary).chain(&model.fallback));
            names.extend(targets.filter_map(|target| target.auth_key.as_deref()));
        }
        names.extend(lowering.env.iter().map(|need| need.name.as_str()));
        names
    }

    fn env_name(&mut self, what: &str, name: &str) {
        if name.parse::<EnvName>().is_err() || is_reserved_env(name) {
            self.refuse("lowering.env", format!("{what} {} is no usable name of an environment variable", quote(name)));
        }
    }

    pub(super) fn environment(&mut self) {
        let lowering = self.lowering;
        for need in &lowering.env {
            self.env_name("variable", &need.name);
            if !is_line(&need.description) {
                self.refuse("lowering.env", format!("the description of {} is no line", quote(&need.name)));
            }
        }
        for name in repeated(lowering.env.iter().map(|need| need.name.as_str())) {
            self.refuse("lowering.env", format!("variable {} is needed twice", quote(name)));
        }
        let names = self.known_names();
        for derived in &lowering.derived_env {
            self.env_name("derived variable", &derived.name);
            match placeholders(&derived.template) {
                Some(used) => {
                    for name in used.into_iter().filter(|name| !names.contains(*name)) {
                        self.refuse(
                            "lowering.env",
                            format!("{} is derived from {}, which nothing declares", quote(&derived.name), quote(name)),
                        );
                    }
                }
                None => self.refuse("lowering.env", format!("the template of {} is malformed", quote(&derived.name))),
            }
        }
        for name in repeated(lowering.derived_env.iter().map(|derived| derived.name.as_str())) {
            self.refuse("lowering.env", format!("variable {} is derived twice", quote(name)));
        }
        let derived: BTreeSet<&str> = lowering.derived_env.iter().map(|derived| derived.name.as_str()).collect();
        let texts: BTreeMap<&str, &str> = lowering
            .files
            .iter()
            .filter_map(|file| match &file.content {
                LoweredContent::Text(text) => Some((file.path.as_str(), text.as_str())),
                _ => None,
            })
            .collect();
        for patch in &lowering.json_patches {
            let what = format!("the patch at {} of {}", quote(&patch.pointer), quote(&patch.file));
            match texts.get(patch.file.as_str()) {
                None => self.refuse("lowering.patch", format!("{what} is for a file that the lowering does not write")),
                Some(text) if serde_json::from_str::<serde::de::IgnoredAny>(text).is_err() => {
                    self.refuse("lowering.patch", format!("{what} is for a file that is no JSON"));
                }
                Some(_) => {}
            }
            if !is_pointer(&patch.pointer) || !matches!(patch.transform.as_str(), "none" | "bearer") {
                self.refuse("lowering.patch", format!("{what} has a malformed pointer or transform"));
            }
            if !names.contains(patch.from.as_str()) && !derived.contains(patch.from.as_str()) {
                self.refuse("lowering.patch", format!("{what} takes {}, which nothing declares", quote(&patch.from)));
            }
        }
    }

    pub(super) fn process(&mut self) {
        let process = &self.lowering.process;
        if process.argv.first().is_none_or(String::is_empty) || process.argv.iter().any(|arg| arg.len() > MAX_TEXT || arg.contains('\0')) {
            self.refuse("lowering.process", "the process has no program, or an argument that cannot be passed");
        }
        let roots = [&self.document.root, &self.document.runtime_root];
        let below = roots.iter().any(|root| process.workdir == **root || is_below(&process.workdir, root));
        if !is_clean_absolute(&process.workdir) || !below {
            self.refuse(
                "lowering.path",
                format!("working folder {} lies neither in the instance nor in its program", quote(&process.workdir)),
            );
        }
        if !SIGNALS.contains(&process.stop_signal.as_str()) {
            self.refuse("lowering.process", format!("stop signal {} is none of {}", quote(&process.stop_signal), SIGNALS.join(", ")));
        }
        if process.stop_grace_ms > MAX_GRACE_MS {
            self.refuse("lowering.process", format!("{} ms to stop are more than {MAX_GRACE_MS}", process.stop_grace_ms));
        }
        let names = self.known_names();
        for variable in &process.env {
            self.env_name("process variable", &variable.name);
            match &variable.value {
                LoweredEnvValue::Literal(text) if text.len() <= MAX_TEXT && !text.contains('\0') => {
                    if names.contains(variable.name.as_str()) {
                        self.refuse("lowering.env", format!("process variable {} is also a secret", quote(&variable.name)));
                    }
                }
                LoweredEnvValue::Literal(_) => {
                    self.refuse("lowering.env", format!("process variable {} has a value that cannot be passed", quote(&variable.name)));
                }
                LoweredEnvValue::Secret(name) if names.contains(name.as_str()) => {}
                LoweredEnvValue::Secret(name) => {
                    self.refuse(
                        "lowering.env",
                        format!("process variable {} takes {}, which nothing declares", quote(&variable.name), quote(name)),
                    );
                }
                LoweredEnvValue::Slot(_) | LoweredEnvValue::Template(_) => {
                    self.refuse("lowering.auth", format!("process variable {} has a slot; only auth places may", quote(&variable.name)));
                }
            }
        }
        for name in repeated(process.env.iter().map(|variable| variable.name.as_str())) {
            self.refuse("lowering.env", format!("process variable {} is set twice", quote(name)));
        }
    }
}

/// Returns the names in a template `text {NAME} text`, or nothing when it is malformed.
fn placeholders(template: &str) -> Option<Vec<&str>> {
    if template.len() > MAX_TEXT || template.contains('\0') {
        return None;
    }
    let mut names = Vec::new();
    let mut rest = template;
    while let Some((before, after)) = rest.split_once('{') {
        let (name, after) = after.split_once('}')?;
        if before.contains('}') || name.parse::<EnvName>().is_err() {
            return None;
        }
        names.push(name);
        rest = after;
    }
    (!rest.contains('}')).then_some(names)
}

/// Returns whether a text is a JSON pointer (RFC 6901) to something inside the document.
pub(super) fn is_pointer(text: &str) -> bool {
    text.starts_with('/') && text.len() <= 1024 && text.split('~').skip(1).all(|rest| rest.starts_with(['0', '1']))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn templates_and_pointers() {
        assert_eq!(placeholders("hooks-{A}{B_2}"), Some(vec!["A", "B_2"]));
        for bad in ["{", "}", "{a", "a}", "{A-B}", "{}", "{{A}}"] {
            assert_eq!(placeholders(bad), None, "{bad}");
        }
        assert!(is_pointer("/a~1b/~0/0") && !is_pointer("a") && !is_pointer("/~2") && !is_pointer("/~"));
    }
}
