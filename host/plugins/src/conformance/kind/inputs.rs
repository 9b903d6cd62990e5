//! Instances that the suite gives to a runtime kind. Values that a kind has to carry on are words that stand nowhere
//! else ([`Marker`]), so that it can be seen whether they arrived.

use std::collections::BTreeMap;

use serde_json::{Map, Value, json};
use spawnfile_core::instance::{
    AgentInput, DocInput, EndpointInput, INSTANCE_VERSION, InstanceDocument, McpAuthInput, McpServerInput, ModelInput, ModelTarget,
    SecretInput, SkillFile, SkillInput,
};

/// The import method of the suite: no kind knows it, so each refuses it or takes it as one that it does not know.
const LOGIN: &str = "conformance-login";

/// One instance, and what of it must be found again.
#[derive(Debug, Clone)]
pub(super) struct Input {
    /// What it is about, for messages.
    pub(super) name: &'static str,
    pub(super) document: InstanceDocument,
    pub(super) markers: Vec<Marker>,
}

/// A word of an instance that has to arrive in the lowering, unless the capability says that it does not.
#[derive(Debug, Clone, Copy)]
pub(super) struct Marker {
    pub(super) word: &'static str,
    /// What it is.
    pub(super) what: &'static str,
    /// Key of the capability that may say otherwise.
    pub(super) key: &'static str,
}

const fn marker(word: &'static str, what: &'static str, key: &'static str) -> Marker {
    Marker { word, what, key }
}

/// Returns an instance with agents of these slugs and nothing else.
pub(super) fn instance(kind: &str, slugs: &[&str], index: u32) -> InstanceDocument {
    let id = match slugs {
        [slug] => format!("agent-{slug}"),
        _ => "shared".to_owned(),
    };
    InstanceDocument {
        version: INSTANCE_VERSION.to_owned(),
        root: format!("/var/lib/spawnfile/instances/{kind}/{id}"),
        runtime_root: format!("/opt/spawnfile/runtime-installs/{kind}"),
        id,
        runtime: kind.to_owned(),
        index,
        agents: slugs.iter().map(|slug| agent(slug)).collect(),
    }
}

fn agent(slug: &str) -> AgentInput {
    AgentInput {
        id: format!("agent:{slug}"),
        slug: slug.to_owned(),
        name: slug.to_owned(),
        description: String::new(),
        expose: false,
        options: Map::new(),
        docs: Vec::new(),
        skills: Vec::new(),
        model: None,
        sandbox: "workspace".to_owned(),
        mcp_servers: Vec::new(),
        secrets: Vec::new(),
        subagents: Vec::new(),
    }
}

pub(super) fn doc(role: &str) -> DocInput {
    DocInput { role: role.to_owned(), source: format!("doc:agent:probe:{role}"), bytes: 10 }
}

pub(super) fn skill(name: &str, files: &[&str]) -> SkillInput {
    let file = |path: &&str| SkillFile { path: (*path).to_owned(), source: format!("skill:agent:probe:{name}:{path}"), bytes: 10 };
    SkillInput {
        name: name.to_owned(),
        description: "Does what it says".to_owned(),
        requires_mcp: Vec::new(),
        files: files.iter().map(file).collect(),
    }
}

fn target(provider: &str, name: &str, auth_method: &str, auth_key: Option<&str>) -> ModelTarget {
    ModelTarget {
        provider: provider.to_owned(),
        name: name.to_owned(),
        auth_method: auth_method.to_owned(),
        auth_key: auth_key.map(str::to_owned),
        endpoint: None,
    }
}

fn at(target: ModelTarget, base_url: &str) -> ModelTarget {
    ModelTarget { endpoint: Some(EndpointInput { base_url: base_url.to_owned(), compatibility: "openai".to_owned() }), ..target }
}

fn model(primary: ModelTarget, fallback: Vec<ModelTarget>) -> Option<ModelInput> {
    Some(ModelInput { primary, fallback })
}

fn server(name: &str, transport: &str) -> McpServerInput {
    McpServerInput {
        name: name.to_owned(),
        transport: transport.to_owned(),
        url: None,
        command: None,
        args: Vec::new(),
        env: BTreeMap::new(),
        auth: None,
    }
}

fn auth(secret: &str, mode: Option<&str>) -> Option<McpAuthInput> {
    Some(McpAuthInput { secret: secret.to_owned(), mode: mode.map(str::to_owned) })
}

/// Returns every ordinary instance of one agent: a kind lowers it, or says with a finding why it cannot.
pub(super) fn ordinary(kind: &str) -> Vec<Input> {
    let with = |name, markers: &[Marker], change: &dyn Fn(&mut AgentInput)| {
        let mut document = instance(kind, &["probe"], 0);
        document.agents.iter_mut().for_each(change);
        Input { name, document, markers: markers.to_vec() }
    };
    let key = || target("anthropic", "marker-primary", "api_key", Some("PROBE_MODEL_KEY"));
    let primary = marker("marker-primary", "the name of the model", "execution.model");
    let mut inputs = vec![
        with("a bare agent", &[], &|_| {}),
        with("docs", &[], &|agent| {
            agent.docs = ["heartbeat", "identity", "memory", "soul", "system", "extras.glossary"].map(doc).to_vec();
        }),
        with("skills", &[], &|agent| {
            agent.skills = vec![skill("search", &["SKILL.md"]), skill("web_tools", &["SKILL.md", "scripts/run.sh", "a/b/c/data.json"])];
        }),
        with("a model with a key", &[primary], &|agent| agent.model = model(key(), Vec::new())),
        with(
            "a model at an endpoint with a key",
            &[primary, marker("marker-endpoint", "the address of the model", "execution.model")],
            &|agent| {
                agent.model = model(
                    at(target("custom", "marker-primary", "api_key", Some("PROBE_MODEL_KEY")), "https://marker-endpoint.example/v1"),
                    Vec::new(),
                )
            },
        ),
        with("a local model", &[primary, marker("marker-endpoint", "the address of the model", "execution.model")], &|agent| {
            agent.model = model(at(target("local", "marker-primary", "none", None), "http://marker-endpoint:11434/v1"), Vec::new())
        }),
        with("fallback models", &[primary, marker("marker-fallback", "the name of a fallback model", "execution.model")], &|agent| {
            agent.model = model(key(), vec![target("openai", "marker-fallback", "api_key", Some("PROBE_FALLBACK_KEY"))])
        }),
        with("a model with a login", &[primary], &|agent| {
            agent.model = model(target("anthropic", "marker-primary", LOGIN, None), Vec::new());
        }),
        with("an MCP server at an address", &[marker("marker-url", "the address of an MCP server", "mcp.remote")], &|agent| {
            let url = Some("https://marker-url.example/mcp".to_owned());
            agent.mcp_servers =
                vec![McpServerInput { url, auth: auth("PROBE_MCP_KEY", Some("bearer")), ..server("remote", "streamable_http") }];
        }),
        with("an MCP server by events", &[marker("marker-url", "the address of an MCP server", "mcp.events")], &|agent| {
            let url = Some("https://marker-url.example/sse".to_owned());
            agent.mcp_servers = vec![McpServerInput { url, auth: auth("PROBE_MCP_KEY", None), ..server("events", "sse") }];
        }),
        with(
            "an MCP server as a program",
            &[
                marker("marker-command", "the program of an MCP server", "mcp.files"),
                marker("marker-argument", "an argument of an MCP server", "mcp.files"),
                marker("MARKER_VARIABLE", "a variable of an MCP server", "mcp.files"),
                marker("marker-value", "the value of a variable of an MCP server", "mcp.files"),
            ],
            &|agent| {
                let env = BTreeMap::from([("MARKER_VARIABLE".to_owned(), "marker-value".to_owned())]);
                let (command, args) = (Some("marker-command".to_owned()), vec!["--marker-argument".to_owned()]);
                agent.mcp_servers =
                    vec![McpServerInput { command, args, env, auth: auth("PROBE_MCP_KEY", None), ..server("files", "stdio") }];
            },
        ),
        with("secrets", &[], &|agent| {
            agent.secrets = [("PROBE_OPTIONAL", false), ("PROBE_REQUIRED", true)]
                .map(|(name, required)| SecretInput { name: name.to_owned(), required })
                .to_vec();
        }),
    ];
    for sandbox in ["sandboxed", "unrestricted"] {
        inputs.push(with(sandbox, &[], &|agent| agent.sandbox = sandbox.to_owned()));
    }
    inputs
}

/// Returns names that a kind must not turn into paths as they are.
pub(super) fn hostile(kind: &str) -> Vec<Input> {
    let mut inputs = Vec::new();
    let mut push = |name, change: &dyn Fn(&mut AgentInput)| {
        let mut document = instance(kind, &["probe"], 0);
        document.agents.iter_mut().for_each(change);
        inputs.push(Input { name, document, markers: Vec::new() });
    };
    for bad in
        ["../../../../etc/evil", "/etc/evil", "a/../../../../../../evil", "..", ".", "", "a\0b", "a\nb", "a\\..\\b", "a//b", "~/evil"]
    {
        push("a skill with a hostile name", &|agent| agent.skills = vec![skill(bad, &["SKILL.md"])]);
        push("a skill with a file at a hostile path", &|agent| agent.skills = vec![skill("probe", &["SKILL.md", bad])]);
        push("a doc with a hostile role", &|agent| agent.docs = vec![doc(&format!("extras.{bad}"))]);
        push("a doc with a hostile role", &|agent| agent.docs = vec![doc(bad)]);
        push("an MCP server with a hostile name", &|agent| {
            agent.mcp_servers = vec![McpServerInput { url: Some("https://x.example".to_owned()), ..server(bad, "sse") }];
        });
        push("a model with a login of a hostile name", &|agent| agent.model = model(target(bad, "m", bad, None), Vec::new()));
    }
    push("two skills of one name", &|agent| agent.skills = vec![skill("probe", &["SKILL.md"]), skill("probe", &["SKILL.md"])]);
    inputs
}

/// Returns an instance with an option that no kind has.
pub(super) fn unknown_option(kind: &str) -> InstanceDocument {
    let mut document = instance(kind, &["probe"], 0);
    for agent in &mut document.agents {
        agent.options = Map::from_iter([("conformance_unknown_option".to_owned(), Value::Bool(true))]);
    }
    document
}

/// Returns a large instance: 100 docs, 100 skills of ten files, 50 MCP servers, 100 secrets.
pub(super) fn large(kind: &str) -> InstanceDocument {
    let mut document = instance(kind, &["probe"], 0);
    for agent in &mut document.agents {
        agent.docs = (0..100).map(|n| doc(&format!("extras.doc-{n}"))).collect();
        let files: Vec<String> = (0..10).map(|n| if n == 0 { "SKILL.md".to_owned() } else { format!("files/{n}.md") }).collect();
        let files: Vec<&str> = files.iter().map(String::as_str).collect();
        agent.skills = (0..100).map(|n| skill(&format!("skill-{n}"), &files)).collect();
        agent.mcp_servers = (0..50)
            .map(|n| McpServerInput { url: Some(format!("https://{n}.example/mcp")), ..server(&format!("server-{n}"), "sse") })
            .collect();
        agent.secrets = (0..100).map(|n| SecretInput { name: format!("PROBE_SECRET_{n}"), required: n % 2 == 0 }).collect();
    }
    document
}

/// Returns documents that are no instance of today, as schema and bytes, with what they are.
pub(super) fn foreign(kind: &str) -> Vec<(&'static str, &'static str, Vec<u8>)> {
    let whole = serde_json::to_vec(&instance(kind, &["probe"], 0)).unwrap_or_default();
    let half = whole.get(..whole.len() / 2).unwrap_or_default().to_vec();
    vec![
        ("a document of a later version", "spawnfile.instance.v9", whole.clone()),
        ("a document of another kind", "spawnfile.deployment-plan.v1", whole),
        ("half a document", INSTANCE_VERSION, half),
        ("an empty document", INSTANCE_VERSION, Vec::new()),
        ("a document that is no text", INSTANCE_VERSION, b"\xff\xfe\x00\x80".to_vec()),
        ("a list", INSTANCE_VERSION, b"[]".to_vec()),
        ("an object of other keys", INSTANCE_VERSION, b"{\"agents\":{}}".to_vec()),
        ("a document nested too deeply", INSTANCE_VERSION, vec![b'['; 200_000]),
    ]
}

/// Returns an instance as a later host may write it: with keys that nobody knows yet.
pub(super) fn grown(document: &InstanceDocument) -> Value {
    let mut value = json!(document);
    let grow = |value: Option<&mut Value>| {
        if let Some(Value::Object(fields)) = value {
            fields.insert("nobody_knows_this_yet".to_owned(), json!({ "x": [1, 2] }));
        }
    };
    grow(value.pointer_mut(""));
    grow(value.pointer_mut("/agents/0"));
    value
}
