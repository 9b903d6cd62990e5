//! `environment`: variables with fixed values, packages, secrets and MCP servers.

use std::collections::BTreeSet;

use super::decode::{Decoder, Fields};
use super::packages::packages;
use super::{Environment, SecretDecl, Spanned, VariableDecl};
use crate::instance::{McpAuthInput, McpServerInput};
use crate::name::EnvName;
use crate::reserved::is_reserved_env;

/// Prefixes of MCP server names that the format keeps for itself.
const RESERVED_SERVERS: [&str; 2] = ["spawnfile.", "mneme-"];

/// Longest name and value together, in bytes: what a process can be given, with `=` and the byte behind it.
const MAX_VARIABLE: usize = (128 << 10) - 2;

pub(super) fn environment(decoder: &mut Decoder<'_>, fields: &Fields<'_>) -> Environment {
    let Some(environment) = decoder.submap(fields, "environment", &["env", "secrets", "packages", "mcp_servers"]) else {
        return Environment::default();
    };
    let secrets = secrets(decoder, &environment);
    let env = variables(decoder, &environment, &secrets);
    Environment { env, packages: packages(decoder, &environment), secrets, mcp_servers: mcp_servers(decoder, &environment) }
}

fn variables(decoder: &mut Decoder<'_>, environment: &Fields<'_>, secrets: &[SecretDecl]) -> Vec<VariableDecl> {
    let Some(node) = environment.get("env") else { return Vec::new() };
    let Some(fields) = decoder.free_map(node, &environment.join("env")) else { return Vec::new() };
    let mut found = Vec::new();
    for (name, at, node) in fields.iter() {
        let key = fields.join(name);
        if name.parse::<EnvName>().is_err() {
            let message = format!("keys of `{}` must be names of environment variables", fields.path);
            decoder.error_with_hint("manifest.name", at, message, "letters, digits and `_`, not starting with a digit");
            continue;
        }
        if name.starts_with("SPAWNFILE_") || is_reserved_env(name) {
            decoder.error("manifest.name", at, format!("`{key}` has a name that is reserved"));
            continue;
        }
        let Some(value) = argument(decoder, node, &key) else { continue };
        if secrets.iter().any(|secret| secret.name == name) {
            let message = format!("`{name}` is declared as a secret, and as a variable that everybody can read in the image");
            decoder.error_with_hint("manifest.duplicate", at, message, "leave one of them out");
        } else if value.contains('\0') || name.len() + value.len() > MAX_VARIABLE {
            let message = format!("`{key}` has a value that no process can be given: a NUL byte, or more than 128 KiB");
            decoder.error("manifest.value", node.at, message);
        } else {
            found.push(VariableDecl { name: name.to_owned(), value, at });
        }
    }
    found
}

fn secrets(decoder: &mut Decoder<'_>, environment: &Fields<'_>) -> Vec<SecretDecl> {
    let mut seen = BTreeSet::new();
    let mut found = Vec::new();
    for (key, node) in decoder.list(environment, "secrets") {
        let Some(secret) = decoder.map(node, &key, &["name", "required"]) else { continue };
        let name = decoder.required_text(&secret, "name");
        decoder.require(&secret, "required");
        let required = decoder.boolean(&secret, "required").unwrap_or(true);
        if name.value.is_empty() || !secret_name(decoder, &secret.join("name"), &name.value, name.at) {
            continue;
        }
        if !seen.insert(name.value.clone()) {
            decoder.error("manifest.duplicate", name.at, format!("secret `{}` is declared twice", name.value));
            continue;
        }
        found.push(SecretDecl { name: name.value, required, at: name.at });
    }
    found
}

/// Checks the name of a secret; says what is wrong with it.
pub(super) fn secret_name(decoder: &mut Decoder<'_>, key: &str, name: &str, at: crate::finding::Position) -> bool {
    if name.parse::<EnvName>().is_err() {
        let message = format!("`{key}` must be a name of an environment variable");
        decoder.error_with_hint("manifest.name", at, message, "letters, digits and `_`, not starting with a digit");
        return false;
    }
    // What preflight would refuse in an image is refused before there is one.
    if name.starts_with("SPAWNFILE_") || is_reserved_env(name) {
        decoder.error("manifest.name", at, format!("`{key}` is `{name}`, a name that is reserved"));
        return false;
    }
    true
}

fn mcp_servers(decoder: &mut Decoder<'_>, environment: &Fields<'_>) -> Vec<McpServerInput> {
    let mut seen = BTreeSet::new();
    let mut found = Vec::new();
    for (key, node) in decoder.list(environment, "mcp_servers") {
        let known = ["name", "transport", "url", "command", "args", "env", "auth"];
        let Some(server) = decoder.map(node, &key, &known) else { continue };
        let name = decoder.required_text(&server, "name");
        if RESERVED_SERVERS.iter().any(|prefix| name.value.starts_with(prefix)) {
            decoder.error("manifest.name", name.at, format!("names of MCP servers must not start with {}", RESERVED_SERVERS.join(" or ")));
        }
        if !name.value.is_empty() && !seen.insert(name.value.clone()) {
            decoder.error("manifest.duplicate", name.at, format!("MCP server `{}` is declared twice", name.value));
        }
        decoder.require(&server, "transport");
        let transport = decoder.word(&server, "transport", &["sse", "stdio", "streamable_http"]);
        let transport = transport.map(|word| word.value).unwrap_or_default();
        match transport {
            "stdio" => {
                decoder.require(&server, "command");
                ignored(decoder, &server, transport, &["url"]);
            }
            "" => {}
            _ => {
                decoder.require(&server, "url");
                ignored(decoder, &server, transport, &["command", "args", "env"]);
            }
        }
        let args = decoder.list(&server, "args").into_iter().filter_map(|(key, node)| argument(decoder, node, &key)).collect();
        let env = server_env(decoder, &server);
        let auth = auth(decoder, &server, transport);
        let url = decoder.text(&server, "url").map(|text| address(decoder, text));
        let command = decoder.text(&server, "command").map(|text| text.value);
        found.push(McpServerInput { name: name.value, transport: transport.to_owned(), url, command, args, env, auth });
    }
    found
}

/// Returns an address that goes into the image, after a look at what must not: another scheme, or a login.
pub(super) fn address(decoder: &mut Decoder<'_>, text: Spanned<String>) -> String {
    let rest = text.value.strip_prefix("http://").or_else(|| text.value.strip_prefix("https://"));
    let authority = rest.map(|rest| rest.split(['/', '?', '#']).next().unwrap_or_default());
    if authority.is_none_or(str::is_empty) || text.value.contains(|c: char| c.is_whitespace() || c.is_control()) {
        decoder.error("manifest.value", text.at, "an address must start with http:// or https:// and name a host");
    } else if authority.is_some_and(|authority| authority.contains('@')) {
        // Not repeated: the part before the `@` may be a password.
        let hint = "declare a secret under environment.secrets and name it under auth.secret";
        decoder.error_with_hint("manifest.value", text.at, "an address must not hold a login: everybody can read it in the image", hint);
    }
    text.value
}

/// An argument may be empty, unlike other texts.
fn argument(decoder: &mut Decoder<'_>, node: &super::node::Node, key: &str) -> Option<String> {
    match &node.value {
        super::node::Value::Text(text) => Some(text.clone()),
        _ => decoder.text_of(node, key).map(|text| text.value),
    }
}

fn ignored(decoder: &mut Decoder<'_>, server: &Fields<'_>, transport: &str, keys: &[&str]) {
    for key in keys {
        if let Some(node) = server.get(key) {
            decoder.warning("manifest.no-effect", node.at, format!("`{}` has no effect with transport {transport}", server.join(key)));
        }
    }
}

fn server_env(decoder: &mut Decoder<'_>, server: &Fields<'_>) -> std::collections::BTreeMap<String, String> {
    let Some(node) = server.get("env") else { return Default::default() };
    let Some(fields) = decoder.free_map(node, &server.join("env")) else { return Default::default() };
    let mut env = std::collections::BTreeMap::new();
    for (name, at, node) in fields.iter() {
        if name.parse::<EnvName>().is_err() {
            decoder.error("manifest.name", at, format!("keys of `{}` must be names of environment variables", fields.path));
        } else if let Some(value) = argument(decoder, node, &fields.join(name)) {
            env.insert(name.to_owned(), value);
        }
    }
    env
}

fn auth(decoder: &mut Decoder<'_>, server: &Fields<'_>, transport: &str) -> Option<McpAuthInput> {
    let auth = decoder.submap(server, "auth", &["secret", "mode"])?;
    let secret = decoder.required_text(&auth, "secret");
    if !secret.value.is_empty() {
        secret_name(decoder, &auth.join("secret"), &secret.value, secret.at);
    }
    let mode = decoder.word(&auth, "mode", &["bearer"]);
    if let (Some(mode), "stdio") = (&mode, transport) {
        decoder.error("manifest.value", mode.at, format!("`{}` cannot be used with transport stdio", auth.join("mode")));
    }
    Some(McpAuthInput { secret: secret.value, mode: mode.map(|word| word.value.to_owned()) })
}
