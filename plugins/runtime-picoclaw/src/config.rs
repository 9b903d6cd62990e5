//! `config.json` as types, in the order in which the keys are written.

use std::collections::BTreeMap;

use serde::Serialize;

/// The file.
#[derive(Debug, Serialize)]
pub(crate) struct Config {
    pub(crate) agents: Agents,
    pub(crate) model_list: Vec<Model>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) tools: Option<Tools>,
}

#[derive(Debug, Serialize)]
pub(crate) struct Agents {
    pub(crate) defaults: AgentDefaults,
}

#[derive(Debug, Serialize)]
pub(crate) struct AgentDefaults {
    pub(crate) workspace: String,
    /// Whether the program's own file and command tools stay in the workspace.
    pub(crate) restrict_to_workspace: bool,
    /// Name of an entry of the model list.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) model_name: Option<String>,
    /// Names of entries of the model list, in the order in which they are tried after the first.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub(crate) model_fallbacks: Vec<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) temperature: Option<u8>,
}

/// A model that can be named elsewhere in the file.
#[derive(Debug, Serialize)]
pub(crate) struct Model {
    /// `file://` and a path relative to this file.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) api_key: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) api_base: Option<String>,
    /// Protocol or provider, a slash, and the provider's name of the model.
    pub(crate) model: String,
    pub(crate) model_name: String,
    /// Folder in which a command line of the provider runs.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) workspace: Option<String>,
}

#[derive(Debug, Serialize)]
pub(crate) struct Tools {
    pub(crate) mcp: Mcp,
}

#[derive(Debug, Serialize)]
pub(crate) struct Mcp {
    pub(crate) enabled: bool,
    pub(crate) servers: BTreeMap<String, McpServer>,
}

/// An MCP server. `headers` holds empty values: PID 1 writes the secrets in.
#[derive(Debug, Serialize)]
pub(crate) struct McpServer {
    pub(crate) enabled: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) command: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) args: Option<Vec<String>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) env: Option<BTreeMap<String, String>>,
    /// `http` or `sse`, for a remote server.
    #[serde(rename = "type", skip_serializing_if = "Option::is_none")]
    pub(crate) transport: Option<&'static str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) url: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) headers: Option<BTreeMap<String, String>>,
}
