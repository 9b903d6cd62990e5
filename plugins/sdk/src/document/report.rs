//! What a runtime kind is shown of a distribution report: its entry for one instance, in an image without extras.

use std::collections::BTreeMap;

use serde::Deserialize;

use super::Document;
use crate::diagnostic::Diagnostic;

/// Schemas under which a host gives such an entry.
const SCHEMAS: [&str; 2] = ["spawnfile.distribution-report.v1", "spawnfile.distribution-report.v1/runtime_instance"];

/// An entry of `runtime_instances`.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub struct ReportInstance {
    /// Folder that is the home of the program.
    #[serde(default)]
    pub home_path: Option<String>,
    /// Model provider to auth method.
    #[serde(default)]
    pub model_auth_methods: BTreeMap<String, String>,
}

impl ReportInstance {
    /// Reads an entry.
    ///
    /// # Errors
    /// As [`parse`](super::parse).
    pub fn parse(document: &Document) -> Result<Self, Diagnostic> {
        super::parse(document, &SCHEMAS)
    }

    /// Returns provider and method of what signs in with an imported login.
    pub fn sign_ins(&self) -> Vec<(&str, &str)> {
        let all = self.model_auth_methods.iter().map(|(provider, method)| (provider.as_str(), method.as_str()));
        all.filter(|(_, method)| !matches!(*method, "api_key" | "none")).collect()
    }

    /// Returns the home, below which the places of logins are.
    ///
    /// # Errors
    /// A diagnostic `document.home` when the report names none.
    pub fn home(&self) -> Result<&str, Diagnostic> {
        self.home_path
            .as_deref()
            .filter(|home| home.starts_with('/'))
            .ok_or_else(|| Diagnostic::error("document.home", "the report names no home folder for this instance").at("/home_path"))
    }
}
