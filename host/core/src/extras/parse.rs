//! Bytes of an image into [`Extras`], or everything that is wrong with them.

use super::schema::*;
use crate::display::excerpt;
use crate::json::{self, Fields, Node, boolean, nonempty, port, text};
use crate::name::PluginId;
use crate::report::checks::{digest, env_name, id, is_clean_path};
use crate::reserved::{is_reserved_env, is_within, reserved_path};

/// Why extras are refused.
pub use crate::json::Problem as ExtrasProblem;

/// Capabilities that an image may keep: those that act inside its own container only.
const LINUX_CAPABILITIES: &[&str] = &["CHOWN", "DAC_OVERRIDE", "FOWNER", "FSETID", "KILL", "NET_BIND_SERVICE", "SETGID", "SETUID"];
/// Signals that may stop a process.
const SIGNALS: &[&str] = &["SIGTERM", "SIGINT", "SIGQUIT", "SIGHUP", "SIGUSR1", "SIGUSR2"];
/// Ways of writing a value into a hole.
const ENCODINGS: &[&str] = &["raw", "json-string", "shell-word", "bearer"];
/// Most probes, auth places, files of a place, variables of a place, or arguments.
const MAX_FEW: usize = 256;
/// Most holes of one text.
const MAX_HOLES: usize = 256;
/// Longest text with holes, in bytes.
const MAX_TEMPLATE: usize = 1024 * 1024;
/// Longest grace to stop, in milliseconds.
const MAX_GRACE_MS: u32 = 600_000;

/// Parses and checks extras of at most [`json::MAX_BYTES`].
///
/// # Errors
/// Everything that is wrong with them.
pub fn parse(bytes: &[u8]) -> Result<Extras, ExtrasProblem> {
    json::read(bytes, EXTRAS_VERSION, extras)
}

fn extras(node: &Node<'_>) -> Extras {
    node.object(|f| {
        let extras = Extras {
            version: f.at("version", |node| node.one_of(&[EXTRAS_VERSION])),
            init: f.at("init", init),
            instances: f.list("instances", instance),
            generated_secrets: f.list("generated_secrets", generated),
            networks: f.list("networks", network),
            nodes: f.list("nodes", content),
            parallel_safe: f.at("parallel_safe", boolean),
        };
        f.unique("instances", "instance id", extras.instances.iter().map(|instance| instance.id.as_str()));
        f.unique("generated_secrets", "secret", extras.generated_secrets.iter().map(|secret| secret.name.as_str()));
        f.unique("networks", "network id", extras.networks.iter().map(|network| network.id.as_str()));
        f.unique("nodes", "node id", extras.nodes.iter().map(|node| node.id.as_str()));
        extras
    })
}

fn init(node: &Node<'_>) -> Init {
    node.object(|f| {
        let delivery = f.at("secret_delivery", |node| node.list(2, |node| node.one_of(&["file", "env"])));
        if delivery.is_empty() {
            f.violate("secret_delivery", "empty", "no way to deliver secrets is named");
        }
        f.unique("secret_delivery", "word", delivery.iter().map(String::as_str));
        Init {
            path: f.at("path", |node| below(node, "/spawnfile")),
            secret_delivery: delivery,
            secrets_dir: f.at("secrets_dir", |node| below(node, "/run")),
            uid: f.at("uid", |node| node.integer32(1, 65535)),
            gid: f.at("gid", |node| node.integer32(1, 65535)),
        }
    })
}

fn instance(node: &Node<'_>) -> Instance {
    node.object(|f| {
        let instance = Instance {
            id: f.at("id", id),
            runtime: f.at("runtime", nonempty),
            lowered_by: f.at("lowered_by", lowered_by),
            probes: f.at("probes", |node| node.list(MAX_FEW, probe)),
            auth: f.at("auth", |node| node.list(MAX_FEW, auth)),
            stop_signal: f.at("stop_signal", |node| node.one_of(SIGNALS)),
            stop_grace_ms: f.at("stop_grace_ms", |node| node.integer32(0, MAX_GRACE_MS)),
            linux_capabilities: f.list("linux_capabilities", |node| node.one_of(LINUX_CAPABILITIES)),
        };
        f.unique("probes", "probe id", instance.probes.iter().map(|probe| probe.id.as_str()));
        let places: Vec<String> = instance.auth.iter().map(|place| format!("{} for {}", place.method, place.provider)).collect();
        f.unique("auth", "auth place", places.iter().map(String::as_str));
        f.unique("linux_capabilities", "capability", instance.linux_capabilities.iter().map(String::as_str));
        instance
    })
}

fn lowered_by(node: &Node<'_>) -> LoweredBy {
    node.object(|f| LoweredBy {
        plugin: f.at("plugin", |node| node.text_that("plugin-id", "a plugin id (namespace/name)", |text| text.parse::<PluginId>().is_ok())),
        version: f.at("version", |node| node.text_that("version", "a version", is_version)),
        digest: f.at("digest", digest),
    })
}

fn probe(node: &Node<'_>) -> Probe {
    let probe = node.object(|f| Probe {
        id: f.at("id", id),
        observation: f.at("observation", |node| node.text_that("observation", "a key of an observation (`runtime.health`)", is_key)),
        phase: f.at("phase", |node| node.one_of(&["ready", "live", "status"])),
        http_get: f.optional("http_get", http_get),
        exec: f.optional("exec", exec),
        file_exists: f.optional("file_exists", clean_path),
        dir_exists: f.optional("dir_exists", clean_path),
        json_file: f.optional("json_file", json_file),
        timeout_ms: f.at("timeout_ms", |node| node.integer32(1, 60_000)),
        interval_ms: f.at("interval_ms", |node| node.integer32(0, 60_000)),
        attempts: f.at("attempts", |node| node.integer32(1, 10_000)),
    });
    let actions = [
        probe.http_get.is_some(),
        probe.exec.is_some(),
        probe.file_exists.is_some(),
        probe.dir_exists.is_some(),
        probe.json_file.is_some(),
    ];
    let count = actions.into_iter().filter(|set| *set).count();
    if count != 1 {
        let words = "http_get, exec, file_exists, dir_exists, json_file";
        node.violate("probe.action", format!("a probe has exactly one of {words}; this one has {count}"));
    }
    probe
}

fn http_get(node: &Node<'_>) -> HttpGet {
    node.object(|f| HttpGet {
        port: f.at("port", port),
        path: f.at("path", |node| {
            let is = |text: &str| text.starts_with('/') && text.len() <= 1024 && text.bytes().all(|b| b.is_ascii_graphic());
            node.text_that("http-path", "a path of printable ASCII that starts with `/`", is)
        }),
    })
}

fn exec(node: &Node<'_>) -> Vec<String> {
    let argv = node.list(MAX_FEW, text);
    if argv.first().is_none_or(String::is_empty) {
        node.violate("exec", "the first item is not a program");
    }
    argv
}

fn json_file(node: &Node<'_>) -> JsonFile {
    node.object(|f| JsonFile {
        path: f.at("path", clean_path),
        pointer: f.at("pointer", |node| node.text_that("json-pointer", "a JSON pointer", is_json_pointer)),
    })
}

fn auth(node: &Node<'_>) -> AuthPlace {
    node.object(|f| {
        let place = AuthPlace {
            provider: f.at("provider", nonempty),
            method: f.at("method", nonempty),
            files: f.at("files", |node| node.list(MAX_FEW, file)),
            env: f.at("env", |node| node.list(MAX_FEW, variable)),
            writable: f.at("writable", |node| node.list(MAX_FEW, clean_path)),
        };
        f.unique("files", "file", place.files.iter().map(|file| file.path.as_str()));
        f.unique("env", "variable", place.env.iter().map(|variable| variable.name.as_str()));
        for path in &place.writable {
            if !place.files.iter().any(|file| file.path == *path) {
                f.violate("writable", "writable", format!("`{}` is none of the files", excerpt(path)));
            }
        }
        place
    })
}

fn file(node: &Node<'_>) -> TemplateFile {
    node.object(|f| {
        let (text, holes) = template(f);
        TemplateFile {
            path: f.at("path", |node| {
                let path = clean_path(node);
                if let Some(why) = reserved_path(&path).filter(|_| is_clean_path(&path)) {
                    node.violate("path.reserved", format!("`{}` {why}", excerpt(&path)));
                }
                path
            }),
            mode: f.at("mode", |node| {
                let is = |text: &str| text.len() == 4 && text.starts_with('0') && text.bytes().all(|b| matches!(b, b'0'..=b'7'));
                node.text_that("mode", "a mode of four octal digits, at most 0777", is)
            }),
            text,
            holes,
        }
    })
}

fn variable(node: &Node<'_>) -> TemplateEnv {
    node.object(|f| {
        let (text, holes) = template(f);
        TemplateEnv { name: f.at("name", free_env_name), text, holes }
    })
}

fn template(fields: &Fields<'_>) -> (String, Vec<Hole>) {
    let text = fields.at("text", |node| node.any_text(MAX_TEMPLATE));
    if text.contains('\0') {
        fields.violate("text", "control-character", "the text has a NUL");
    }
    let holes = fields.at("holes", |node| node.list(MAX_HOLES, hole));
    let mut last = 0;
    for hole in &holes {
        let at = usize::try_from(hole.at).unwrap_or(usize::MAX);
        if at < last {
            fields.violate("holes", "hole.order", "the holes do not stand in ascending order");
        }
        if !text.is_char_boundary(at) {
            fields.violate("holes", "hole.place", format!("{at} is no place between characters of the text"));
        }
        last = at;
    }
    (text, holes)
}

fn hole(node: &Node<'_>) -> Hole {
    node.object(|f| Hole {
        at: f.at("at", |node| node.integer32(0, u32::MAX)),
        slot: f.at("slot", |node| {
            let is = |text: &str| {
                (1..=128).contains(&text.len())
                    && text
                        .split('/')
                        .all(|part| !part.is_empty() && part.bytes().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'_' | b'-' | b'.')))
            };
            node.text_that("slot", "a slot (`provider/name`)", is)
        }),
        encoding: f.at("encoding", |node| node.one_of(ENCODINGS)),
    })
}

fn generated(node: &Node<'_>) -> GeneratedSecret {
    node.object(|f| GeneratedSecret {
        name: f.at("name", free_env_name),
        form: f.at("form", |node| node.one_of(&["hex", "base64url"])),
        bytes: f.at("bytes", |node| node.integer32(16, 64)),
    })
}

fn network(node: &Node<'_>) -> NetworkEnv {
    node.object(|f| NetworkEnv {
        id: f.at("id", nonempty),
        members: f.list("members", nonempty),
        env: f.list("env", |node| {
            // Other names would make the image's own word enough to be handed any value.
            let expected = "a name of the form SPAWNFILE_NETWORK_…";
            let name = env_name(node);
            if !name.is_empty() && !name.starts_with("SPAWNFILE_NETWORK_") {
                node.violate("network.env", format!("`{}` is not {expected}", excerpt(&name)));
            }
            name
        }),
    })
}

fn content(node: &Node<'_>) -> super::schema::Node {
    node.object(|f| super::schema::Node {
        id: f.at("id", nonempty),
        digest: f.at("digest", digest),
        docs: f.at("docs", |node| node.map(digest)),
        skills: f.at("skills", |node| node.map(digest)),
        model: f.optional("model", nonempty),
    })
}

fn free_env_name(node: &Node<'_>) -> String {
    let name = env_name(node);
    if is_reserved_env(&name) {
        node.violate("env-name.reserved", format!("`{}` steers the system or PID 1", excerpt(&name)));
    }
    name
}

fn clean_path(node: &Node<'_>) -> String {
    node.text_that("path", "a clean absolute path (no `..`, `.`, `//` or slash at the end)", is_clean_path)
}

fn below(node: &Node<'_>, folder: &str) -> String {
    let path = clean_path(node);
    if is_clean_path(&path) && (path == folder || !is_within(&path, folder)) {
        node.violate("path", format!("`{}` does not stand below `{folder}`", excerpt(&path)));
    }
    path
}

fn is_version(text: &str) -> bool {
    (1..=64).contains(&text.len()) && text.bytes().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'.' | b'-' | b'+' | b'_'))
}

fn is_key(text: &str) -> bool {
    text.len() <= 128
        && text.split('.').all(|part| !part.is_empty() && part.bytes().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'_' | b'-')))
}

fn is_json_pointer(text: &str) -> bool {
    let escapes = text.split('~').skip(1).all(|rest| rest.starts_with(['0', '1']));
    (text.is_empty() || text.starts_with('/')) && text.len() <= 1024 && escapes
}
