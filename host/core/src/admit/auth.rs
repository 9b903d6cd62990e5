//! Places for credentials: text with holes, for exactly the import methods that the agents use.

use std::collections::BTreeSet;

use super::{Check, MAX_TEXT, quote};
use crate::lowering::{LoweredAuth, LoweredContent, LoweredEnvValue, LoweredTemplate};
use crate::manifest::is_import_method;
use crate::name::{EnvName, is_reserved_env};

const ENCODINGS: [&str; 4] = ["raw", "json-string", "shell-word", "bearer"];

impl Check<'_> {
    pub(super) fn auth(&mut self) {
        let lowering = self.lowering;
        let used = self.import_methods();
        let mut placed = BTreeSet::new();
        for place in &lowering.auth {
            let pair = (place.provider.clone(), place.method.clone());
            let what = format!("the auth place for {} by {}", quote(&pair.0), quote(&pair.1));
            if !used.contains(&pair) {
                self.refuse("lowering.auth", format!("{what} is for nothing that an agent imports"));
            }
            if !placed.insert(pair) {
                self.refuse("lowering.auth", format!("{what} is given twice"));
            }
            self.place(&what, place);
        }
        for (provider, method) in used.difference(&placed) {
            let message = format!("there is no place for what {} imports by {}", quote(provider), quote(method));
            self.refuse("lowering.auth", message);
        }
    }

    /// Returns provider and method of every credential that an agent imports.
    fn import_methods(&self) -> BTreeSet<(String, String)> {
        let models = self.document.agents.iter().filter_map(|agent| agent.model.as_ref());
        models
            .flat_map(|model| std::iter::once(&model.primary).chain(&model.fallback))
            .filter(|target| is_import_method(&target.auth_method))
            .map(|target| (target.provider.clone(), target.auth_method.clone()))
            .collect()
    }

    fn place(&mut self, what: &str, place: &LoweredAuth) {
        for file in &place.files {
            self.path(what, &file.path);
            self.mode(file);
            match &file.content {
                LoweredContent::Template(template) => self.template(what, template),
                LoweredContent::Text(_) => {}
                LoweredContent::Source(_) => self.refuse("lowering.auth", format!("{what} has a file that is a source")),
            }
        }
        for variable in &place.env {
            if variable.name.parse::<EnvName>().is_err() || is_reserved_env(&variable.name) {
                self.refuse("lowering.env", format!("{what} sets {}, which is no usable name", quote(&variable.name)));
            }
            match &variable.value {
                LoweredEnvValue::Literal(text) if text.len() <= MAX_TEXT && !text.contains('\0') => {}
                LoweredEnvValue::Slot(slot) if is_slot(slot) => {}
                LoweredEnvValue::Template(template) => self.template(what, template),
                _ => self.refuse("lowering.auth", format!("{what} sets {} to what it must not", quote(&variable.name))),
            }
        }
        for path in place.writable.iter().filter(|path| !place.files.iter().any(|file| file.path == **path)) {
            self.refuse("lowering.auth", format!("{what} lets {} be written, which is none of its files", quote(path)));
        }
    }

    fn template(&mut self, what: &str, template: &LoweredTemplate) {
        let mut last = 0;
        for (at, slot, encoding) in &template.holes {
            let offset = *at as usize;
            if offset < last || !template.text.is_char_boundary(offset) {
                self.refuse("lowering.auth", format!("{what} has a hole at {at}, which is out of order or inside a character"));
            }
            if !is_slot(slot) || !ENCODINGS.contains(&encoding.as_str()) {
                self.refuse(
                    "lowering.auth",
                    format!("{what} has a hole for {} as {}, which cannot be filled", quote(slot), quote(encoding)),
                );
            }
            last = offset;
        }
        if template.holes.len() > super::MAX_ITEMS {
            self.refuse("lowering.size", format!("{what} has too many holes"));
        }
    }
}

/// Returns whether a text names a slot of an auth method: `provider/value`.
fn is_slot(text: &str) -> bool {
    let part = |part: &str| !part.is_empty() && part.bytes().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'_' | b'.' | b'-'));
    text.len() <= 128 && text.split_once('/').is_some_and(|(provider, value)| part(provider) && part(value))
}
