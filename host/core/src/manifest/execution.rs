//! `execution`: model targets, who they authenticate as, and the sandbox.
//!
//! `api_key` and `none` are the format's own auth methods; any other word of the right shape is an import method.
//! Which import methods a runtime can use is its kind's to say.

use std::collections::{BTreeMap, BTreeSet};

use super::Spanned;
use super::decode::{Decoder, Fields};
use super::environment::secret_name;
use super::node::Node;
use crate::finding::Position;
use crate::instance::{EndpointInput, ModelInput, ModelTarget};
use crate::name::EnvName;

/// The auth method whose value is one key in the environment.
pub const API_KEY: &str = "api_key";
/// The auth method of endpoints that ask for nothing.
pub const NONE: &str = "none";
/// The one name that every import method requires, in reports and in images of other tools.
pub const IMPORT_SECRET: &str = "SPAWNFILE_CLI_AUTH_JSON";

/// Providers that are addressed by an endpoint of the project's own.
const ENDPOINT_PROVIDERS: [&str; 2] = ["custom", "local"];

/// Returns whether a method imports a credential: it is neither `api_key` nor `none`.
pub fn is_import_method(method: &str) -> bool {
    method != API_KEY && method != NONE
}

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

/// `model.auth`, the form from before targets had their own.
#[derive(Default)]
struct Legacy {
    method: Option<String>,
    methods: BTreeMap<String, String>,
}

/// A target as written.
struct Target {
    at: Position,
    key: String,
    provider: Spanned<String>,
    name: String,
    method: Option<Spanned<String>>,
    auth_key: Option<Spanned<String>>,
    endpoint: Option<EndpointInput>,
}

pub(super) fn execution(decoder: &mut Decoder<'_>, fields: &Fields<'_>) -> (Option<ModelInput>, String) {
    let default = "workspace".to_owned();
    let Some(execution) = decoder.submap(fields, "execution", &["model", "sandbox"]) else { return (None, default) };
    let sandbox = decoder.submap(&execution, "sandbox", &["mode"]);
    let sandbox = sandbox.and_then(|sandbox| decoder.word(&sandbox, "mode", &["sandboxed", "unrestricted", "workspace"]));
    let model = decoder.submap(&execution, "model", &["primary", "fallback", "auth"]);
    let model = model.and_then(|model| self::model(decoder, &model));
    (model, sandbox.map_or(default, |word| word.value.to_owned()))
}

fn model(decoder: &mut Decoder<'_>, fields: &Fields<'_>) -> Option<ModelInput> {
    let primary = decoder.require(fields, "primary").and_then(|node| target(decoder, node, &fields.join("primary")));
    let fallback: Vec<Target> =
        decoder.list(fields, "fallback").into_iter().filter_map(|(key, node)| target(decoder, node, &key)).collect();
    let targets: Vec<Target> = primary.into_iter().chain(fallback).collect();
    let legacy = legacy(decoder, fields, &targets);

    let mut methods: BTreeMap<&str, String> = BTreeMap::new();
    let mut effective = Vec::new();
    for target in &targets {
        let method = effective_method(decoder, target, &legacy);
        let known = methods.entry(&target.provider.value).or_insert_with(|| method.clone());
        if *known != method {
            let message = format!("`{}` has two auth methods, `{known}` and `{method}`", target.provider.value);
            decoder.error_with_hint("manifest.auth", target.at, message, "an agent uses one auth method per provider");
        }
        let auth_key = auth_key(decoder, target, &method);
        let Target { provider, name, endpoint, .. } = target;
        effective.push(ModelTarget {
            provider: provider.value.clone(),
            name: name.clone(),
            auth_method: method,
            auth_key,
            endpoint: endpoint.clone(),
        });
    }
    let mut effective = effective.into_iter();
    Some(ModelInput { primary: effective.next()?, fallback: effective.collect() })
}

fn target(decoder: &mut Decoder<'_>, node: &Node, key: &str) -> Option<Target> {
    let fields = decoder.map(node, key, &["provider", "name", "auth", "endpoint"])?;
    let provider = decoder.required_text(&fields, "provider");
    let name = decoder.required_text(&fields, "name");
    let auth = decoder.submap(&fields, "auth", &["method", "key"]);
    let method = auth.as_ref().map(|auth| method(decoder, auth, "method"));
    let auth_key = auth.as_ref().and_then(|auth| decoder.text(auth, "key"));
    if let (Some(method), Some(auth_key)) = (&method, &auth_key) {
        if method.value != API_KEY {
            decoder.error("manifest.auth", auth_key.at, format!("`{key}.auth.key` is only allowed with method `{API_KEY}`"));
        } else {
            secret_name(decoder, &format!("{key}.auth.key"), &auth_key.value, auth_key.at);
        }
    }
    let endpoint = endpoint(decoder, &fields, &provider.value);
    Some(Target { at: node.at, key: key.to_owned(), provider, name: name.value, method, auth_key, endpoint })
}

fn endpoint(decoder: &mut Decoder<'_>, target: &Fields<'_>, provider: &str) -> Option<EndpointInput> {
    let wanted = ENDPOINT_PROVIDERS.contains(&provider);
    let Some(node) = target.get("endpoint") else {
        if wanted {
            decoder.error(
                "manifest.missing",
                target.at,
                format!("`{}` is missing: provider `{provider}` needs it", target.join("endpoint")),
            );
        }
        return None;
    };
    if !wanted && !provider.is_empty() {
        let message = format!("`{}` is only allowed with provider {}", target.join("endpoint"), ENDPOINT_PROVIDERS.join(" or "));
        decoder.error("manifest.value", node.at, message);
    }
    let fields = decoder.map(node, &target.join("endpoint"), &["base_url", "compatibility"])?;
    let base_url = decoder.required_text(&fields, "base_url");
    let base_url = if base_url.value.is_empty() { String::new() } else { super::environment::address(decoder, base_url) };
    decoder.require(&fields, "compatibility");
    let compatibility = decoder.word(&fields, "compatibility", &["anthropic", "openai"])?.value.to_owned();
    Some(EndpointInput { base_url, compatibility })
}

/// Returns the auth method at `key`, which must be there.
fn method(decoder: &mut Decoder<'_>, fields: &Fields<'_>, key: &str) -> Spanned<String> {
    let method = decoder.required_text(fields, key);
    checked_method(decoder, &fields.join(key), &method);
    method
}

fn checked_method(decoder: &mut Decoder<'_>, key: &str, method: &Spanned<String>) {
    let mut bytes = method.value.bytes();
    let shaped = bytes.next().is_some_and(|b| b.is_ascii_lowercase() || b.is_ascii_digit())
        && bytes.all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || matches!(b, b'_' | b'-'));
    if !method.value.is_empty() && !shaped {
        let message = format!("`{key}` must be `{API_KEY}`, `{NONE}` or the id of an import method");
        decoder.error("manifest.auth", method.at, message);
    }
}

fn legacy(decoder: &mut Decoder<'_>, model: &Fields<'_>, targets: &[Target]) -> Legacy {
    let Some(auth) = decoder.submap(model, "auth", &["method", "methods"]) else { return Legacy::default() };
    match (auth.get("method"), auth.get("methods")) {
        (Some(_), None) => {
            let method = method(decoder, &auth, "method").value;
            Legacy { method: (!method.is_empty()).then_some(method), methods: BTreeMap::new() }
        }
        (None, Some(_)) => {
            let texts = decoder.text_map(&auth, "methods");
            let declared: BTreeSet<&str> = targets.iter().map(|target| target.provider.value.as_str()).collect();
            let mut methods = BTreeMap::new();
            for (provider, method) in texts {
                let key = format!("{}.{}", auth.join("methods"), provider.value);
                checked_method(decoder, &key, &method);
                if !declared.contains(provider.value.as_str()) {
                    decoder.error("manifest.auth", provider.at, format!("`{key}` names a provider that no target uses"));
                }
                methods.insert(provider.value, method.value);
            }
            for provider in declared.into_iter().filter(|provider| !provider.is_empty() && !methods.contains_key(*provider)) {
                decoder.error("manifest.auth", auth.at, format!("`{}` has no method for provider `{provider}`", auth.join("methods")));
            }
            Legacy { method: None, methods }
        }
        _ => {
            decoder.error("manifest.auth", auth.at, format!("`{}` must have exactly one of `method` and `methods`", auth.path));
            Legacy::default()
        }
    }
}

fn effective_method(decoder: &mut Decoder<'_>, target: &Target, legacy: &Legacy) -> String {
    let own = target.method.as_ref().map(|method| &method.value).filter(|method| !method.is_empty());
    if let Some(method) = own.or(legacy.method.as_ref()).or_else(|| legacy.methods.get(&target.provider.value)) {
        return method.clone();
    }
    match target.provider.value.as_str() {
        "local" => NONE.to_owned(),
        "custom" if target.method.is_none() => {
            let message = format!("`{}.auth.method` is missing: provider `custom` has no default", target.key);
            decoder.error("manifest.auth", target.at, message);
            NONE.to_owned()
        }
        _ => API_KEY.to_owned(),
    }
}

/// Returns the name that holds the key of a target, for `api_key`.
fn auth_key(decoder: &mut Decoder<'_>, target: &Target, method: &str) -> Option<String> {
    if method != API_KEY {
        return None;
    }
    if let Some(key) = &target.auth_key {
        return Some(key.value.clone());
    }
    let missing = |decoder: &mut Decoder<'_>, why: &str| {
        decoder.error("manifest.auth", target.at, format!("`{}.auth.key` is missing: {why}", target.key));
        None
    };
    if ENDPOINT_PROVIDERS.contains(&target.provider.value.as_str()) {
        return missing(decoder, "an endpoint of your own has no default name for its key");
    }
    let name = provider_env_name(&target.provider.value);
    if name.parse::<EnvName>().is_err() || name.starts_with("SPAWNFILE_") || crate::reserved::is_reserved_env(&name) {
        return missing(decoder, "the provider's name gives no usable name for its key");
    }
    Some(name)
}
