//! `openclaw.json` as types, in the order in which the keys are written.

use std::collections::BTreeMap;

use serde::Serialize;

/// The file.
#[derive(Debug, Serialize)]
pub(crate) struct Config {
    pub(crate) agents: Agents,
    pub(crate) gateway: Gateway,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) models: Option<Models>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) mcp: Option<Mcp>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) auth: Option<Auth>,
}

#[derive(Debug, Serialize)]
pub(crate) struct Agents {
    pub(crate) defaults: AgentDefaults,
}

#[derive(Debug, Serialize)]
pub(crate) struct AgentDefaults {
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) model: Option<String>,
    pub(crate) workspace: String,
}

/// The gateway: loopback only, with a token from `OPENCLAW_GATEWAY_TOKEN`.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Gateway {
    auth: GatewayAuth,
    bind: &'static str,
    control_ui: ControlUi,
    mode: &'static str,
    port: u16,
}

#[derive(Debug, Serialize)]
struct GatewayAuth {
    mode: &'static str,
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
struct ControlUi {
    allowed_origins: [String; 2],
}

impl Gateway {
    pub(crate) fn on_loopback(port: u16) -> Self {
        Self {
            auth: GatewayAuth { mode: "token" },
            bind: "loopback",
            control_ui: ControlUi { allowed_origins: [format!("http://127.0.0.1:{port}"), format!("http://localhost:{port}")] },
            mode: "local",
            port,
        }
    }
}

#[derive(Debug, Serialize)]
pub(crate) struct Models {
    pub(crate) providers: BTreeMap<String, Provider>,
}

/// A model provider that OpenClaw does not know by itself.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Provider {
    pub(crate) api: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) api_key: Option<ApiKey>,
    pub(crate) base_url: String,
    pub(crate) models: Vec<ProviderModel>,
}

/// A reference to a variable, read by OpenClaw.
#[derive(Debug, Serialize)]
pub(crate) struct ApiKey {
    pub(crate) id: String,
    pub(crate) provider: &'static str,
    pub(crate) source: &'static str,
}

#[derive(Debug, Serialize)]
pub(crate) struct ProviderModel {
    pub(crate) id: String,
    pub(crate) name: String,
}

#[derive(Debug, Serialize)]
pub(crate) struct Mcp {
    pub(crate) servers: BTreeMap<String, McpServer>,
}

/// An MCP server. `headers` holds empty values: PID 1 writes the secrets in.
#[derive(Debug, Serialize)]
pub(crate) struct McpServer {
    pub(crate) enabled: bool,
    pub(crate) transport: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) command: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) args: Option<Vec<String>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) env: Option<BTreeMap<String, String>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) url: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) headers: Option<BTreeMap<String, String>>,
}

/// Which sign-in a provider uses; the values stand in `auth-profiles.json`.
#[derive(Debug, Serialize)]
pub(crate) struct Auth {
    pub(crate) order: BTreeMap<String, Vec<String>>,
    pub(crate) profiles: BTreeMap<String, AuthProfile>,
}

#[derive(Debug, Serialize)]
pub(crate) struct AuthProfile {
    pub(crate) mode: &'static str,
    pub(crate) provider: String,
}
