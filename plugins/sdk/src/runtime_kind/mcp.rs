//! MCP servers as an agent declares them: what any program needs to reach one.

use super::{JsonPatch, json_patch};
use crate::diagnostic::{Diagnostic, pointer_key};
use crate::document::instance::{Agent, McpAuth, McpServer};

/// Checks that each server of an agent has a name of its own and what its transport needs; `pointer` is the place of
/// the agent in the document.
pub fn check(agent: &Agent, pointer: &str, found: &mut Vec<Diagnostic>) {
    for (index, server) in agent.mcp_servers.iter().enumerate() {
        let pointer = format!("{pointer}/mcp_servers/{index}");
        let name = &server.name;
        if agent.mcp_servers.iter().take(index).any(|other| other.name == *name) {
            let message = format!("MCP server `{name}` is declared twice");
            found.push(Diagnostic::error("agent.mcp.duplicate", message).at(format!("{pointer}/name")));
        }
        match server.transport.as_str() {
            "stdio" if server.command.is_none() => {
                found.push(Diagnostic::error("agent.mcp.command", format!("MCP server `{name}` needs a command")).at(pointer.clone()));
            }
            "streamable_http" | "sse" if server.url.is_none() => {
                found.push(Diagnostic::error("agent.mcp.url", format!("MCP server `{name}` needs a url")).at(pointer.clone()));
            }
            "stdio" | "streamable_http" | "sse" => {}
            _ => {
                let message = format!("MCP server `{name}` has the unknown transport `{}`", server.transport);
                let diagnostic = Diagnostic::error("agent.mcp.transport", message).at(format!("{pointer}/transport"));
                found.push(diagnostic.hint("use `stdio`, `streamable_http` or `sse`"));
            }
        }
        let Some(auth) = &server.auth else { continue };
        let mode = auth.mode.as_deref();
        if mode.is_some_and(|mode| mode != "bearer") || (mode.is_some() && server.transport == "stdio") {
            let message = format!("MCP server `{name}` cannot authenticate by mode `{}`", mode.unwrap_or_default());
            let diagnostic = Diagnostic::error("agent.mcp.auth-mode", message).at(format!("{pointer}/auth/mode"));
            found.push(diagnostic.hint("use `bearer` with a url, or no mode"));
        }
    }
}

/// Returns the header that a remote server is authenticated to with: `Authorization` for a bearer, else one named like
/// the secret.
pub fn header(auth: &McpAuth) -> &str {
    if is_bearer(auth) { "Authorization" } else { &auth.secret }
}

/// Returns whether the header's value is `Bearer ` and the secret.
pub fn is_bearer(auth: &McpAuth) -> bool {
    auth.mode.as_deref() == Some("bearer")
}

/// Returns where PID 1 writes the secrets of the servers: the header of a remote one, the variable of a local one.
/// `servers` is the JSON pointer of the servers in the file `config`, where each has `headers` or `env` by these names.
/// What is patched is a need of the runtime by that alone; the process itself does not get it.
pub fn patches(agent: &Agent, config: &str, servers: &str) -> Vec<JsonPatch> {
    let patch = |server: &McpServer| {
        let auth = server.auth.as_ref()?;
        let (part, name) = if server.transport == "stdio" { ("env", auth.secret.as_str()) } else { ("headers", header(auth)) };
        let pointer = format!("{servers}/{}/{part}/{}", pointer_key(&server.name), pointer_key(name));
        Some(json_patch(config, pointer, &auth.secret, is_bearer(auth)))
    };
    agent.mcp_servers.iter().filter_map(patch).collect()
}
