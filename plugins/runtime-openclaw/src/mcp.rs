//! MCP servers in the configuration. Their secrets stand there empty: PID 1 writes the values in.

use std::collections::BTreeMap;

use spawnfile_plugin::document::instance::{Agent, McpServer};
use spawnfile_plugin::runtime_kind::mcp::header;

use crate::config;

/// The servers for the configuration, none when there are none.
pub(crate) fn config(agent: &Agent) -> Option<config::Mcp> {
    let servers: BTreeMap<String, config::McpServer> =
        agent.mcp_servers.iter().map(|server| (server.name.clone(), config_server(server))).collect();
    (!servers.is_empty()).then_some(config::Mcp { servers })
}

fn config_server(server: &McpServer) -> config::McpServer {
    let stdio = server.transport == "stdio";
    let header = server.auth.as_ref().filter(|_| !stdio).map(header);
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

fn transport(server: &McpServer) -> Option<&'static str> {
    match server.transport.as_str() {
        "stdio" => Some("stdio"),
        "streamable_http" => Some("streamable-http"),
        "sse" => Some("sse"),
        _ => None,
    }
}
