//! A runtime kind that can do everything wrong that a kind can.

use std::collections::HashMap;

use hostile::{attack, how};
use spawnfile_plugin::runtime_kind::{self, Descriptor, Lowering, Paths, RuntimeKind, capability};
use spawnfile_plugin::{Diagnostic, Instance, env, file, secret_env, source};

struct Kind;

impl RuntimeKind for Kind {
    fn describe() -> Descriptor {
        let title = if how() == "title" { "A title\u{202e}" } else { "Misbehaves on purpose" };
        if how() == "loop-at-once" {
            loop {
                std::hint::black_box(0);
            }
        }
        runtime_kind::descriptor("hostile", title, None)
    }

    fn check(instance: &Instance) -> Vec<Diagnostic> {
        attack();
        if how() == "huge" {
            return vec![Diagnostic::warning("hostile.huge", "x".repeat(60_000_000 / 3)); 3];
        }
        if how() == "many" {
            return vec![Diagnostic::warning("hostile.many", "x"); 600_000];
        }
        let mut found = Vec::new();
        for agent in &instance.agents {
            for option in agent.options.keys().filter(|_| how() != "options") {
                found.push(Diagnostic::error("hostile.option.unknown", format!("option `{option}` is not known")));
            }
            // A kind that refuses what it cannot do: that is an answer.
            if agent.docs.iter().any(|doc| !spawnfile_plugin::file::is_path_part(&doc.role)) && how() != "names" {
                found.push(Diagnostic::error("hostile.docs.role", "a role that is no name"));
            }
            if agent.model.as_ref().is_some_and(|model| !matches!(model.primary.auth_method.as_str(), "api_key" | "none")) {
                found.push(Diagnostic::error("hostile.model.auth", "a login that is not known"));
            }
        }
        found
    }

    fn lower(instance: &Instance) -> Result<(Lowering, Vec<Diagnostic>), Vec<Diagnostic>> {
        let Instance { root, runtime_root, .. } = instance;
        let [agent] = instance.agents.as_slice() else {
            if how() == "index" {
                panic!("index out of bounds: {}", instance.agents.len());
            }
            return Err(vec![Diagnostic::error("hostile.agents", "one agent")]);
        };
        let paths = Paths { config: format!("{root}/c.json"), home: None, workspace: format!("{root}/w") };
        let mut variables: Vec<_> = agent.secrets.iter().filter(|_| how() != "drop-secret").map(|s| secret_env(&s.name)).collect();
        match how() {
            "invent-secret" => variables.push(secret_env("AWS_SECRET_ACCESS_KEY")),
            "preload" => variables.push(env("LD_PRELOAD", "/tmp/x.so")),
            _ => {}
        }
        let process = runtime_kind::process(vec![format!("{runtime_root}/run")], &paths.workspace, variables);
        let install = runtime_kind::runtime_image("scratch", "test/hostile:1", runtime_root);
        let mut lowering = Lowering::new(paths, process, install);

        lowering.files.push(file(&lowering.paths.config, config()));
        let mut keep = |path: String| lowering.files.push(file(path, ""));
        match how() {
            "escape" => keep(format!("{root}/../../../../etc/cron.d/evil")),
            "absolute" => keep("/etc/passwd".to_owned()),
            "case" => {
                keep(format!("{root}/Readme"));
                keep(format!("{root}/README"));
            }
            "twice" => {
                keep(format!("{root}/twice"));
                keep(format!("{root}/twice"));
            }
            "foreign-source" => lowering.files.push(source(format!("{root}/x"), "doc:agent:somebody-else:memory")),
            _ => {}
        }
        if how() == "link" {
            // The type bits of a symbolic link.
            lowering.files.push(file(format!("{root}/link"), "/etc/shadow").mode(0o120_777));
        }
        for doc in agent.docs.iter().filter(|_| how() != "drop-doc") {
            lowering.files.push(source(format!("{root}/w/{}", doc.role), &doc.source));
        }
        let report = |key: String| capability(&agent.id, key);
        for doc in &agent.docs {
            lowering.capabilities.push(report(format!("docs.{}", doc.role)));
        }
        for skill in &agent.skills {
            let outcome = report(format!("skills.{}", skill.name));
            lowering.capabilities.push(if how() == "drop-skill" { outcome } else { outcome.unsupported("no skills") });
        }
        for server in agent.mcp_servers.iter().filter(|_| how() != "drop-mcp") {
            let outcome = report(format!("mcp.{}", server.name));
            lowering.capabilities.push(if how() == "claim-mcp" { outcome } else { outcome.unsupported("no servers") });
        }
        if agent.model.is_some() && how() != "drop-model" {
            lowering.capabilities.push(report("execution.model".to_owned()).unsupported("no models"));
        }
        if !agent.subagents.is_empty() && how() != "drop-subagents" {
            lowering.capabilities.push(report("agent.subagents".to_owned()).unsupported("no subagents"));
        }
        if how() != "drop-sandbox" {
            lowering.capabilities.push(report("execution.sandbox".to_owned()).degraded("always the same"));
        }
        let number = if how() == "ports" { 4000 } else { u16::try_from(4000 + instance.index).unwrap_or(4000) };
        lowering.ports = vec![runtime_kind::port("http", number, true)];
        lowering.probes = vec![runtime_kind::file_probe("config", "runtime.config", &lowering.paths.config)];
        Ok((lowering, Vec::new()))
    }
}

/// A configuration, by default always the same; else in the order of a hash map, which is another one wherever the
/// memory is.
fn config() -> String {
    let keys = ["a", "b", "c", "d", "e", "f", "g", "h", "i", "j", "k", "l", "m", "n", "o", "p"];
    if how() == "order" {
        let map: HashMap<&str, usize> = keys.iter().enumerate().map(|(n, key)| (*key, n)).collect();
        let fields: Vec<String> = map.iter().map(|(key, n)| format!("\"{key}\": {n}")).collect();
        return format!("{{{}}}\n", fields.join(", "));
    }
    "{}\n".to_owned()
}

spawnfile_plugin::export_runtime_kind!(Kind);
spawnfile_plugin::plugin_manifest!(
    "schema = 1\nid = \"test/hostile\"\nkind = \"runtime-kind\"\nversion = \"0.1.0\"\n\
     world = \"spawnfile:runtime-kind/runtime-kind@0.1.0\"\ntitle = \"Misbehaves on purpose\"\n"
);
