//! `cargo xtask assets`: builds what the program embeds, into `target/assets/<key>`: first-party guests as components
//! and compiled for this machine, and PID 1 for both architectures. Does nothing when the key is there already.

use std::fmt::Write as _;
use std::fs::{self, File};
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};
use std::time::Instant;

use serde::{Deserialize, Serialize};
use sha2::{Digest as _, Sha256};

mod cargo;
mod hash;

/// Sets of assets that are kept.
const KEPT: usize = 2;

/// PID 1: name of the asset and target.
const INITS: [(&str, &str); 2] = [("init-amd64", "x86_64-unknown-linux-musl"), ("init-arm64", "aarch64-unknown-linux-musl")];

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Bundle {
    plugins: Vec<String>,
}

/// `index.json`: what is in a set of assets.
#[derive(Serialize)]
struct Index {
    version: u32,
    system: String,
    plugins: Vec<Plugin>,
    init: Vec<Init>,
}

#[derive(Serialize)]
struct Plugin {
    name: String,
    id: String,
    plugin_version: String,
    digest: String,
    provides: Vec<String>,
    metered: bool,
    bytes: usize,
    compiled_bytes: usize,
}

#[derive(Serialize)]
struct Init {
    name: &'static str,
    digest: String,
    bytes: usize,
}

/// Builds the assets, or finds them built, and returns their folder.
///
/// # Errors
/// When a target is missing (the message says what to type), something does not build, or a plugin is not accepted.
pub(crate) fn run(root: &Path) -> Result<PathBuf, String> {
    let system = format!("{}-{}", std::env::consts::ARCH, std::env::consts::OS);
    let io = |error: std::io::Error| format!("assets: {error}");
    let key = hash::key(root, &system).map_err(io)?;
    let all = root.join("target").join("assets");
    let place = all.join(&key);
    if place.join("index.json").is_file() {
        say(&format!("assets {key}: nothing to do"));
        return Ok(place);
    }
    cargo::check_targets(root)?;
    fs::create_dir_all(&all).map_err(io)?;
    // Two builds at once: the second waits, and then finds them built.
    let lock = File::create(all.join(".lock")).map_err(io)?;
    lock.lock().map_err(io)?;
    if place.join("index.json").is_file() {
        say(&format!("assets {key}: built by another process"));
        return Ok(place);
    }
    let staged = tempfile::Builder::new().prefix(".new-").tempdir_in(&all).map_err(io)?;
    let index = make(root, staged.path(), system)?;
    let text = serde_json::to_string_pretty(&index).map_err(|error| error.to_string())?;
    fs::write(staged.path().join("bundle.rs"), table(&index)?).map_err(io)?;
    fs::write(staged.path().join("index.json"), text + "\n").map_err(io)?;
    if place.exists() {
        fs::remove_dir_all(&place).map_err(io)?;
    }
    fs::rename(staged.keep(), &place).map_err(io)?;
    prune(&all, &place);
    say(&format!("assets {key}: done"));
    Ok(place)
}

fn make(root: &Path, into: &Path, system: String) -> Result<Index, String> {
    let list = root.join("plugins").join("bundle").join("bundle.toml");
    let text = fs::read_to_string(&list).map_err(|error| format!("{}: {error}", list.display()))?;
    let bundle: Bundle = toml::from_str(&text).map_err(|error| format!("{}: {error}", list.display()))?;
    fs::create_dir(into.join("plugins")).map_err(|error| error.to_string())?;
    let plugins = bundle.plugins.iter().map(|name| plugin(root, into, name)).collect::<Result<_, _>>()?;
    let init = INITS.into_iter().map(|(name, target)| init(root, into, name, target)).collect::<Result<_, _>>()?;
    Ok(Index { version: 1, system, plugins, init })
}

fn plugin(root: &Path, into: &Path, name: &str) -> Result<Plugin, String> {
    let started = Instant::now();
    let of = |error: String| format!("plugin {name}: {error}");
    let module = cargo::build(root, name, "wasm32-unknown-unknown")?.join(format!("{}.wasm", name.replace('-', "_")));
    let module = fs::read(&module).map_err(|error| of(format!("{}: {error}", module.display())))?;
    let component = spawnfile_plugins::encode::encode(&module).map_err(of)?;
    let beside = fs::read_to_string(root.join("plugins").join(name).join("plugin.toml")).ok();
    let runtime = tokio::runtime::Builder::new_current_thread().enable_time().build().map_err(|error| of(error.to_string()))?;
    let probed = runtime.block_on(spawnfile_plugins::probe(&component, beside.as_deref())).map_err(|error| of(error.to_string()))?;
    let manifest = toml::to_string(&probed.manifest).map_err(|error| of(error.to_string()))?;
    for (ending, bytes) in [("wasm", component.as_slice()), ("cwasm", &probed.compiled), ("toml", manifest.as_bytes())] {
        fs::write(into.join("plugins").join(format!("{name}.{ending}")), bytes).map_err(|error| of(error.to_string()))?;
    }
    let digest = spawnfile_plugins::component::digest(&component).to_string();
    say(&format!(
        "plugin {name}: {} kB, compiled {} kB, {digest}, {:.1} s",
        component.len() / 1000,
        probed.compiled.len() / 1000,
        started.elapsed().as_secs_f32()
    ));
    Ok(Plugin {
        name: name.to_owned(),
        id: probed.manifest.id.to_string(),
        plugin_version: probed.manifest.version,
        digest,
        provides: probed.manifest.provides,
        metered: probed.metered,
        bytes: component.len(),
        compiled_bytes: probed.compiled.len(),
    })
}

fn init(root: &Path, into: &Path, name: &'static str, target: &str) -> Result<Init, String> {
    let started = Instant::now();
    let of = |error: std::io::Error| format!("{name}: {error}");
    let program = fs::read(cargo::build(root, "spawnfile-init", target)?.join("spawnfile-init")).map_err(of)?;
    fs::write(into.join(name), &program).map_err(of)?;
    // Tests run it as it is.
    fs::set_permissions(into.join(name), fs::Permissions::from_mode(0o755)).map_err(of)?;
    let hex: String = Sha256::digest(&program).iter().map(|byte| format!("{byte:02x}")).collect();
    say(&format!("{name}: {} kB, {:.1} s", program.len() / 1000, started.elapsed().as_secs_f32()));
    Ok(Init { name, digest: format!("sha256:{hex}"), bytes: program.len() })
}

/// Returns the source that `plugins/bundle` includes. Its paths are relative to itself.
fn table(index: &Index) -> Result<String, String> {
    let mut text = String::from("/// First-party plugins, in the order of bundle.toml.\npub static BUILTIN: &[Embedded] = &[\n");
    for Plugin { name, digest, metered, .. } in &index.plugins {
        writeln!(
            text,
            "    Embedded {{ manifest: include_str!(\"plugins/{name}.toml\"), digest: {digest:?}, cwasm: include_bytes!(\"plugins/{name}.cwasm\"), \
             metered: {metered} }},"
        )
        .map_err(|error| error.to_string())?;
    }
    text.push_str("];\n\n");
    for (name, _) in INITS {
        let constant = name.replace('-', "_").to_uppercase();
        writeln!(text, "static {constant}: &[u8] = include_bytes!({name:?});").map_err(|error| error.to_string())?;
    }
    Ok(text)
}

/// Removes sets beyond the newest. What cannot be removed is left for the next time.
fn prune(all: &Path, keep: &Path) {
    let Ok(entries) = fs::read_dir(all) else { return };
    let mut sets: Vec<_> = entries
        .flatten()
        .map(|entry| entry.path())
        .filter(|path| path.is_dir() && path != keep)
        .map(|path| (path.metadata().and_then(|found| found.modified()).ok(), path))
        .collect();
    sets.sort();
    sets.reverse();
    for (_, set) in sets.into_iter().skip(KEPT - 1) {
        let _left = fs::remove_dir_all(set);
    }
}

/// Progress, so that the answer of the chore that needed the assets stands alone on standard output.
fn say(line: &str) {
    crate::console::progress(line);
}
