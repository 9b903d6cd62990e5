//! Models: which auth methods a provider takes, and the entries of the model list.

use std::collections::BTreeSet;

use spawnfile_plugin::document::instance::{Model, ModelTarget};
use spawnfile_plugin::file::is_path_part;
use spawnfile_plugin::{Diagnostic, File, secret_file};

use crate::config;

/// Checks all targets of an agent; `pointer` is the place of the model in the document.
pub(crate) fn check(model: &Model, pointer: &str, found: &mut Vec<Diagnostic>) {
    let places = std::iter::once(format!("{pointer}/primary")).chain((0..).map(|index| format!("{pointer}/fallback/{index}")));
    let mut names = BTreeSet::new();
    for (target, pointer) in model.targets().zip(places) {
        check_target(target, &pointer, found);
        // Two entries of one name share the load: which of them answers is left to chance.
        if !names.insert(&target.name) {
            let message = format!("two models are named `{}`, and PicoClaw tells them apart by name alone", target.name);
            found.push(Diagnostic::error("picoclaw.model.duplicate", message).at(pointer).hint("remove one of them"));
        }
    }
}

fn check_target(target: &ModelTarget, pointer: &str, found: &mut Vec<Diagnostic>) {
    let ModelTarget { provider, name, auth_method, .. } = target;
    let compatibility = target.endpoint.as_ref().map(|endpoint| endpoint.compatibility.as_str());
    let allowed: &[&str] = match (provider.as_str(), compatibility) {
        (_, Some("anthropic")) => &["api_key"],
        ("anthropic", None) => &["api_key", "claude-code"],
        ("openai", None) => &["api_key", "codex"],
        _ => &["api_key", "none"],
    };
    if !allowed.contains(&auth_method.as_str()) {
        let message = format!("PicoClaw cannot use auth method `{auth_method}` for the model `{provider}/{name}`");
        let hint = format!("use {}", allowed.join(" or "));
        found.push(Diagnostic::error("picoclaw.model.auth-method", message).at(format!("{pointer}/auth_method")).hint(hint));
    }
    if auth_method == "api_key" && !target.auth_key.as_deref().is_some_and(is_path_part) {
        let message = format!("the model `{provider}/{name}` names no secret for its API key that a file can be named after");
        found.push(Diagnostic::error("picoclaw.model.auth-key", message).at(format!("{pointer}/auth_key")).hint("set `auth.key`"));
    }
    let wants_endpoint = matches!(provider.as_str(), "custom" | "local");
    match compatibility {
        None if wants_endpoint => {
            let message = format!("model provider `{provider}` needs an endpoint");
            let diagnostic = Diagnostic::error("picoclaw.model.endpoint", message).at(pointer);
            found.push(diagnostic.hint("set `endpoint.base_url` and `endpoint.compatibility`"));
        }
        Some(_) if !wants_endpoint => {
            let message = format!("model provider `{provider}` takes no endpoint");
            let diagnostic = Diagnostic::error("picoclaw.model.endpoint", message).at(format!("{pointer}/endpoint"));
            found.push(diagnostic.hint("use provider `custom` or `local`"));
        }
        Some(word) if !matches!(word, "anthropic" | "openai") => {
            let message = format!("endpoint compatibility `{word}` is not known");
            let diagnostic = Diagnostic::error("picoclaw.model.compatibility", message).at(format!("{pointer}/endpoint/compatibility"));
            found.push(diagnostic.hint("use `anthropic` or `openai`"));
        }
        _ => {}
    }
}

/// The entry of a target in the model list.
pub(crate) fn entry(target: &ModelTarget, workspace: &str) -> config::Model {
    let ModelTarget { provider, name, auth_method, endpoint, .. } = target;
    let mut entry = config::Model {
        api_key: api_key(target).map(|key| format!("file://{}", key_path(key))),
        api_base: endpoint.as_ref().map(|endpoint| endpoint.base_url.clone()),
        model: format!("{provider}/{name}"),
        model_name: name.clone(),
        workspace: None,
    };
    match (endpoint, auth_method.as_str()) {
        (Some(endpoint), _) if endpoint.compatibility == "anthropic" => entry.model = format!("anthropic-messages/{name}"),
        (Some(_), _) => entry.model = format!("openai/{name}"),
        // That command line writes versions with a dash.
        (None, "claude-code") => entry.model = format!("claude-cli/{}", name.replace('.', "-")),
        (None, "codex") => {
            entry.model = format!("codex-cli/{name}");
            entry.workspace = Some(workspace.to_owned());
        }
        _ => {}
    }
    entry
}

/// The temperature of an agent whose primary target takes one value only.
pub(crate) fn temperature(target: &ModelTarget) -> Option<u8> {
    (target.provider == "openai" && target.name == "gpt-5").then_some(1)
}

/// Files that PID 1 makes of the API keys, one a name, below the folder of the configuration.
pub(crate) fn key_files(model: &Model, home: &str) -> Vec<File> {
    let keys: BTreeSet<&str> = model.targets().filter_map(api_key).collect();
    keys.into_iter().map(|key| secret_file(format!("{home}/{}", key_path(key)), key)).collect()
}

fn key_path(key: &str) -> String {
    format!("secrets/{key}")
}

fn api_key(target: &ModelTarget) -> Option<&str> {
    target.auth_key.as_deref().filter(|_| target.auth_method == "api_key")
}
