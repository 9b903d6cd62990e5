//! MCP servers in the configuration, and the secrets that PID 1 writes into them.

use std::collections::BTreeMap;

use spawnfile_plugin::document::instance::{Agent, McpServer};
use spawnfile_plugin::runtime_kind::{JsonPatch, json_patch};
use spawnfile_plugin::{Diagnostic, pointer_key};

use crate::config;

/// Checks the servers of an agent; `pointer` is the place of the agent in the document.
pub(crate) fn check(agent: &Agent, pointer: &str, found: &mut Vec<Diagnostic>) {
    for (index, server) in agent.mcp_servers.iter().enumerate() {
        let pointer = format!("{pointer}/mcp_servers/{index}");
        let name = &server.name;
        if agent.mcp_servers.iter().take(index).any(|other| other.name == *name) {
            let message = format!("MCP server `{name}` is declared twice");
            found.push(Diagnostic::error("openclaw.mcp.duplicate", message).at(format!("{pointer}/name")));
        }
        match transport(server) {
            None => {
                let message = format!("MCP server `{name}` has the unknown transport `{}`", server.transport);
                let diagnostic = Diagnostic::error("openclaw.mcp.transport", message).at(format!("{pointer}/transport"));
                found.push(diagnostic.hint("use `stdio`, `streamable_http` or `sse`"));
            }
            Some("stdio") if server.command.is_none() => {
                found.push(Diagnostic::error("openclaw.mcp.command", format!("MCP server `{name}` needs a command")).at(pointer.clone()));
            }
            Some("stdio") => {}
            Some(_) if server.url.is_none() => {
                found.push(Diagnostic::error("openclaw.mcp.url", format!("MCP server `{name}` needs a url")).at(pointer.clone()));
            }
            Some(_) => {}
        }
        let Some(auth) = &server.auth else { continue };
        let mode = auth.mode.as_deref();
        if mode.is_some_and(|mode| mode != "bearer") || (mode.is_some() && server.transport == "stdio") {
            let message = format!("MCP server `{name}` cannot authenticate by mode `{}`", mode.unwrap_or_default());
            let diagnostic = Diagnostic::error("openclaw.mcp.auth-mode", message).at(format!("{pointer}/auth/mode"));
            found.push(diagnostic.hint("use `bearer` with a url, or no mode"));
        }
    }
}

/// The servers for the configuration, none when there are none.
pub(crate) fn config(agent: &Agent) -> Option<config::Mcp> {
    let servers: BTreeMap<String, config::McpServer> =
        agent.mcp_servers.iter().map(|server| (server.name.clone(), config_server(server))).collect();
    (!servers.is_empty()).then_some(config::Mcp { servers })
}

fn config_server(server: &McpServer) -> config::McpServer {
    let stdio = server.transport == "stdio";
    let header = server.auth.as_ref().filter(|_| !stdio).map(|auth| header(auth.mode.as_deref(), &auth.secret));
    config::McpServer {
        enabled: true,
        transport: transport(server).unwrap_or_default(),
        command: server.command.clone().filter(|_| stdio),
        args: (stdio && !server.args.is_empty()).then(|| server.args.clone()),
        env: (stdio && !server.env.is_empty()).then(|| server.env.clone()),
        url: server.url.clone().filter(|_| !stdio),
        headers: header.map(|name| BTreeMap::from([(name.to_owned(), String::new())])),
    }
}

/// Where the secrets of the servers go: the header of a remote one, the variable of a local one. What is patched is a
/// need of the runtime by that alone; the process itself does not get it.
pub(crate) fn patches(agent: &Agent, config_path: &str) -> Vec<JsonPatch> {
    let mut patches = Vec::new();
    for server in &agent.mcp_servers {
        let Some(auth) = &server.auth else { continue };
        let place = if server.transport == "stdio" {
            format!("env/{}", pointer_key(&auth.secret))
        } else {
            format!("headers/{}", pointer_key(header(auth.mode.as_deref(), &auth.secret)))
        };
        let pointer = format!("/mcp/servers/{}/{place}", pointer_key(&server.name));
        patches.push(json_patch(config_path, pointer, &auth.secret, auth.mode.as_deref() == Some("bearer")));
    }
    patches
}

fn transport(server: &McpServer) -> Option<&'static str> {
    match server.transport.as_str() {
        "stdio" => Some("stdio"),
        "streamable_http" => Some("streamable-http"),
        "sse" => Some("sse"),
        _ => None,
    }
}

fn header<'a>(mode: Option<&str>, secret: &'a str) -> &'a str {
    if mode == Some("bearer") { "Authorization" } else { secret }
}
