//! Models: which auth methods a provider takes, and what OpenClaw calls a model.

use std::collections::BTreeMap;

use spawnfile_plugin::Diagnostic;
use spawnfile_plugin::document::instance::{Endpoint, Model, ModelTarget};

use crate::config::{ApiKey, Provider, ProviderModel};

/// Checks the primary target and the fallbacks of an agent; `pointer` is the place of the model in the document.
pub(crate) fn check(model: &Model, pointer: &str, found: &mut Vec<Diagnostic>) {
    check_target(&model.primary, &format!("{pointer}/primary"), found);
    for (index, target) in model.fallback.iter().enumerate() {
        let pointer = format!("{pointer}/fallback/{index}");
        check_target(target, &pointer, found);
        let same = target.provider == model.primary.provider && target.auth_method == model.primary.auth_method;
        if !same && !matches!(target.auth_method.as_str(), "api_key" | "none") {
            let message = format!(
                "the fallback model `{}/{}` signs in by `{}`, but OpenClaw has a place for the primary model's sign-in only",
                target.provider, target.name, target.auth_method
            );
            found.push(Diagnostic::error("openclaw.model.fallback-auth", message).at(pointer).hint("remove the fallback model"));
        }
    }
}

fn check_target(target: &ModelTarget, pointer: &str, found: &mut Vec<Diagnostic>) {
    let allowed: &[&str] = match (target.provider.as_str(), &target.endpoint) {
        ("anthropic", None) => &["api_key", "claude-code"],
        ("openai", None) => &["api_key", "codex"],
        _ => &["api_key", "none"],
    };
    if !allowed.contains(&target.auth_method.as_str()) {
        let message = format!("OpenClaw cannot use auth method `{}` for model provider `{}`", target.auth_method, target.provider);
        let hint = format!("use {}", allowed.join(" or "));
        found.push(Diagnostic::error("openclaw.model.auth-method", message).at(format!("{pointer}/auth_method")).hint(hint));
    }
    if target.auth_method == "api_key" && target.auth_key.is_none() {
        let message = format!("the model `{}/{}` names no secret for its API key", target.provider, target.name);
        found.push(Diagnostic::error("openclaw.model.auth-key", message).at(format!("{pointer}/auth_key")).hint("set `auth.key`"));
    }
    let wants_endpoint = matches!(target.provider.as_str(), "custom" | "local");
    if wants_endpoint && target.endpoint.is_none() {
        let message = format!("model provider `{}` needs an endpoint", target.provider);
        found.push(
            Diagnostic::error("openclaw.model.endpoint", message).at(pointer).hint("set `endpoint.base_url` and `endpoint.compatibility`"),
        );
    }
    if !wants_endpoint && target.endpoint.is_some() {
        let message = format!("model provider `{}` takes no endpoint", target.provider);
        found.push(
            Diagnostic::error("openclaw.model.endpoint", message)
                .at(format!("{pointer}/endpoint"))
                .hint("use provider `custom` or `local`"),
        );
    }
    if let Some(endpoint) = &target.endpoint
        && api(endpoint).is_none()
    {
        let message = format!("endpoint compatibility `{}` is not known", endpoint.compatibility);
        let pointer = format!("{pointer}/endpoint/compatibility");
        found.push(Diagnostic::error("openclaw.model.compatibility", message).at(pointer).hint("use `anthropic` or `openai`"));
    }
}

/// Name of a model as OpenClaw wants it: `provider/name`, with providers of its own for endpoints and for signed-in
/// Codex accounts (where `gpt-5` goes by another name).
pub(crate) fn name(target: &ModelTarget) -> String {
    if let Some(id) = endpoint_provider(target) {
        return format!("{id}/{}", target.name);
    }
    match (target.provider.as_str(), target.auth_method.as_str()) {
        ("openai", "codex") => {
            let name = if target.name == "gpt-5" { "gpt-5.4" } else { &target.name };
            format!("openai-codex/{name}")
        }
        _ => format!("{}/{}", target.provider, target.name),
    }
}

/// Providers to declare in the configuration: one for a model with an endpoint, none for the ones OpenClaw knows.
pub(crate) fn providers(target: &ModelTarget) -> BTreeMap<String, Provider> {
    let Some((id, endpoint)) = endpoint_provider(target).zip(target.endpoint.as_ref()) else { return BTreeMap::new() };
    let key = (target.auth_method == "api_key").then(|| target.auth_key.clone()).flatten();
    let provider = Provider {
        api: api(endpoint).unwrap_or_default(),
        api_key: key.map(|id| ApiKey { id, provider: "default", source: "env" }),
        base_url: endpoint.base_url.clone(),
        models: vec![ProviderModel { id: target.name.clone(), name: target.name.clone() }],
    };
    BTreeMap::from([(id.to_owned(), provider)])
}

/// Name of the variable that OpenClaw itself reads for a provider's API key; nothing for endpoints, whose key is named
/// in the configuration.
pub(crate) fn key_variable(target: &ModelTarget) -> Option<String> {
    if target.endpoint.is_some() {
        return None;
    }
    let mut name = String::new();
    for c in target.provider.chars() {
        if c.is_ascii_alphanumeric() {
            name.push(c.to_ascii_uppercase());
        } else if !name.ends_with('_') {
            name.push('_');
        }
    }
    Some(format!("{name}_API_KEY"))
}

fn endpoint_provider(target: &ModelTarget) -> Option<&'static str> {
    target.endpoint.as_ref()?;
    Some(if target.provider == "local" { "spawnfile-local" } else { "spawnfile-custom" })
}

fn api(endpoint: &Endpoint) -> Option<&'static str> {
    match endpoint.compatibility.as_str() {
        "anthropic" => Some("anthropic-messages"),
        "openai" => Some("openai-completions"),
        _ => None,
    }
}
