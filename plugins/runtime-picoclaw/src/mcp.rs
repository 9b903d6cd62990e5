//! MCP servers in the configuration. Their secrets stand there empty: PID 1 writes the values in.

use std::collections::BTreeMap;

use spawnfile_plugin::document::instance::{Agent, McpServer};
use spawnfile_plugin::runtime_kind::mcp::header;

use crate::config;

/// JSON pointer of the servers in the configuration.
pub(crate) const POINTER: &str = "/tools/mcp/servers";

/// The tools for the configuration, none when there are no servers.
pub(crate) fn config(agent: &Agent) -> Option<config::Tools> {
    let servers: BTreeMap<String, config::McpServer> =
        agent.mcp_servers.iter().map(|server| (server.name.clone(), config_server(server))).collect();
    (!servers.is_empty()).then_some(config::Tools { mcp: config::Mcp { enabled: true, servers } })
}

fn config_server(server: &McpServer) -> config::McpServer {
    let stdio = server.transport == "stdio";
    let header = server.auth.as_ref().filter(|_| !stdio).map(header);
    config::McpServer {
        enabled: true,
        command: server.command.clone().filter(|_| stdio),
        args: (stdio && !server.args.is_empty()).then(|| server.args.clone()),
        env: (stdio && !server.env.is_empty()).then(|| server.env.clone()),
        transport: match server.transport.as_str() {
            "streamable_http" => Some("http"),
            "sse" => Some("sse"),
            _ => None,
        },
        url: server.url.clone().filter(|_| !stdio),
        headers: header.map(|name| BTreeMap::from([(name.to_owned(), String::new())])),
    }
}
