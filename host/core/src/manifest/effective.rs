//! What `execution` comes to: targets with their auth method decided, for an agent by itself or for one that inherits.

use std::collections::{BTreeMap, BTreeSet};

use super::execution::{API_KEY, NONE};
use super::{AuthDecl, Execution, ModelDecl, TargetDecl};
use crate::finding::{Finding, Findings, Position};
use crate::instance::{ModelInput, ModelTarget};
use crate::name::EnvName;

/// Providers that are addressed by an endpoint of the project's own.
pub(super) const ENDPOINT_PROVIDERS: [&str; 2] = ["custom", "local"];

/// Returns the name of the variable that holds a provider's key when none is declared. It may be no valid name.
pub fn provider_env_name(provider: &str) -> String {
    let mut name = String::new();
    for c in provider.to_uppercase().chars() {
        if c.is_ascii_uppercase() || c.is_ascii_digit() {
            name.push(c);
        } else if !name.ends_with('_') {
            name.push('_');
        }
    }
    name.push_str("_API_KEY");
    name
}

impl Execution {
    /// Returns this with what it leaves out taken from a parent agent's.
    #[must_use]
    pub fn over(&self, parent: &Self) -> Self {
        let model = match (&self.model, &parent.model) {
            (Some(own), Some(inherited)) => Some(ModelDecl {
                primary: own.primary.clone().or_else(|| inherited.primary.clone()),
                fallback: own.fallback.clone().or_else(|| inherited.fallback.clone()),
                auth: own.auth.clone().or_else(|| inherited.auth.clone().map(|auth| AuthDecl { inherited: true, ..auth })),
            }),
            (own, inherited) => own.clone().or_else(|| inherited.clone()),
        };
        Self { model, sandbox: self.sandbox.clone().or_else(|| parent.sandbox.clone()) }
    }

    /// Returns the sandbox: `workspace` unless declared.
    pub fn sandbox(&self) -> String {
        self.sandbox.clone().unwrap_or_else(|| "workspace".to_owned())
    }

    /// Returns the targets with their auth methods, and says what contradicts itself.
    pub fn targets(&self, findings: &mut Findings) -> Option<ModelInput> {
        let model = self.model.as_ref()?;
        let targets: Vec<&TargetDecl> = model.primary.iter().chain(model.fallback.iter().flatten()).collect();
        if let Some(auth) = &model.auth {
            covers(auth, &targets, findings);
        }
        let mut methods: BTreeMap<&str, String> = BTreeMap::new();
        let mut effective = Vec::new();
        for target in targets {
            let method = effective_method(target, model.auth.as_ref(), findings);
            let known = methods.entry(&target.provider.value).or_insert_with(|| method.clone());
            if *known != method {
                let message = format!("`{}` has two auth methods, `{known}` and `{method}`", target.provider.value);
                findings.push(wrong(&target.file, target.at, message).hint("an agent uses one auth method per provider"));
            }
            effective.push(ModelTarget {
                provider: target.provider.value.clone(),
                name: target.name.clone(),
                auth_key: auth_key(target, &method, findings),
                auth_method: method,
                endpoint: target.endpoint.clone(),
            });
        }
        model.primary.as_ref()?;
        let mut effective = effective.into_iter();
        Some(ModelInput { primary: effective.next()?, fallback: effective.collect() })
    }
}

fn wrong(file: &str, at: Position, message: impl Into<String>) -> Finding {
    Finding::error("manifest.auth", message).at(file, Some(at))
}

/// `methods` names each provider that is used, and no other; an inherited one may name more.
fn covers(auth: &AuthDecl, targets: &[&TargetDecl], findings: &mut Findings) {
    if auth.methods.is_empty() && auth.method.is_some() {
        return;
    }
    let used: BTreeSet<&str> = targets.iter().map(|target| target.provider.value.as_str()).collect();
    let named: BTreeSet<&str> = auth.methods.iter().map(|(provider, _)| provider.value.as_str()).collect();
    for (provider, _) in auth.methods.iter().filter(|(provider, _)| !auth.inherited && !used.contains(provider.value.as_str())) {
        let message = format!("`execution.model.auth.methods.{}` names a provider that no target uses", provider.value);
        findings.push(wrong(&auth.file, provider.at, message));
    }
    for provider in used.into_iter().filter(|provider| !provider.is_empty() && !auth.inherited && !named.contains(provider)) {
        let message = format!("`execution.model.auth.methods` has no method for provider `{provider}`");
        findings.push(wrong(&auth.file, auth.at, message));
    }
}

fn effective_method(target: &TargetDecl, auth: Option<&AuthDecl>, findings: &mut Findings) -> String {
    let own = target.method.as_ref().map(|method| &method.value).filter(|method| !method.is_empty());
    let of_provider = |auth: &AuthDecl| {
        let named = auth.methods.iter().find(|(provider, _)| provider.value == target.provider.value);
        auth.method.clone().or_else(|| named.map(|(_, method)| method.value.clone()))
    };
    if let Some(method) = own.cloned().or_else(|| auth.and_then(of_provider)) {
        return method;
    }
    match target.provider.value.as_str() {
        "local" => NONE.to_owned(),
        "custom" if target.method.is_none() => {
            let message = format!("`{}.auth.method` is missing: provider `custom` has no default", target.key);
            findings.push(wrong(&target.file, target.at, message));
            NONE.to_owned()
        }
        _ => API_KEY.to_owned(),
    }
}

/// Returns the name that holds the key of a target, for `api_key`.
fn auth_key(target: &TargetDecl, method: &str, findings: &mut Findings) -> Option<String> {
    if method != API_KEY {
        return None;
    }
    if let Some(key) = &target.auth_key {
        return Some(key.value.clone());
    }
    let mut missing = |why: &str| {
        findings.push(wrong(&target.file, target.at, format!("`{}.auth.key` is missing: {why}", target.key)));
        None
    };
    if ENDPOINT_PROVIDERS.contains(&target.provider.value.as_str()) {
        return missing("an endpoint of your own has no default name for its key");
    }
    let name = provider_env_name(&target.provider.value);
    if name.parse::<EnvName>().is_err() || name.starts_with("SPAWNFILE_") || crate::reserved::is_reserved_env(&name) {
        return missing("the provider's name gives no usable name for its key");
    }
    Some(name)
}
