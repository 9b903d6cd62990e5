//! `execution` as written: model targets, who they authenticate as, and the sandbox. What follows from it, for an agent
//! by itself or one that inherits, is worked out in [`super::effective`].
//!
//! `api_key` and `none` are the format's own auth methods; any other word of the right shape is an import method.
//! Which import methods a runtime can use is its kind's to say.

use super::decode::{Decoder, Fields};
use super::effective::ENDPOINT_PROVIDERS;
use super::environment::secret_name;
use super::node::Node;
use super::{AuthDecl, Execution, ModelDecl, Spanned, TargetDecl};
use crate::instance::EndpointInput;

/// The auth method whose value is one key in the environment.
pub const API_KEY: &str = "api_key";
/// The auth method of endpoints that ask for nothing.
pub const NONE: &str = "none";
/// The one name that every import method requires, in reports and in images of other tools.
pub const IMPORT_SECRET: &str = "SPAWNFILE_CLI_AUTH_JSON";

/// Returns whether a method imports a credential: it is neither `api_key` nor `none`.
pub fn is_import_method(method: &str) -> bool {
    method != API_KEY && method != NONE
}

pub(super) fn execution(decoder: &mut Decoder<'_>, fields: &Fields<'_>, file: &str) -> Execution {
    let Some(execution) = decoder.submap(fields, "execution", &["model", "sandbox"]) else { return Execution::default() };
    let sandbox = decoder.submap(&execution, "sandbox", &["mode"]);
    let sandbox = sandbox.and_then(|sandbox| decoder.word(&sandbox, "mode", &["sandboxed", "unrestricted", "workspace"]));
    let model = decoder.submap(&execution, "model", &["primary", "fallback", "auth"]);
    let model = model.map(|model| ModelDecl {
        primary: decoder.require(&model, "primary").and_then(|node| target(decoder, node, &model.join("primary"), file)),
        fallback: fallback(decoder, &model, file),
        auth: auth(decoder, &model, file),
    });
    Execution { model, sandbox: sandbox.map(|word| word.value.to_owned()) }
}

fn fallback(decoder: &mut Decoder<'_>, model: &Fields<'_>, file: &str) -> Option<Vec<TargetDecl>> {
    model.get("fallback")?;
    Some(decoder.list(model, "fallback").into_iter().filter_map(|(key, node)| target(decoder, node, &key, file)).collect())
}

fn target(decoder: &mut Decoder<'_>, node: &Node, key: &str, file: &str) -> Option<TargetDecl> {
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
    let file = file.to_owned();
    Some(TargetDecl { file, at: node.at, key: key.to_owned(), provider, name: name.value, method, auth_key, endpoint })
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

/// `model.auth`, the form from before targets had their own.
fn auth(decoder: &mut Decoder<'_>, model: &Fields<'_>, file: &str) -> Option<AuthDecl> {
    let auth = decoder.submap(model, "auth", &["method", "methods"])?;
    let mut found = AuthDecl { file: file.to_owned(), at: auth.at, method: None, methods: Vec::new(), inherited: false };
    match (auth.get("method"), auth.get("methods")) {
        (Some(_), None) => found.method = Some(method(decoder, &auth, "method").value).filter(|method| !method.is_empty()),
        (None, Some(_)) => {
            found.methods = decoder.text_map(&auth, "methods");
            for (provider, method) in &found.methods {
                checked_method(decoder, &format!("{}.{}", auth.join("methods"), provider.value), method);
            }
        }
        _ => {
            decoder.error("manifest.auth", auth.at, format!("`{}` must have exactly one of `method` and `methods`", auth.path));
            return None;
        }
    }
    Some(found)
}
