//! What a plan may say. Everything that would otherwise fail later, half-way, is refused here.

use std::collections::BTreeSet;

use spawnfile_core::init_plan::{InitPlan, Process, Resource};
use spawnfile_core::name::EnvName;

use crate::pointer::is_pointer;
use crate::supervise::signal_named;
use crate::{http, values};

/// Grace periods of more than an hour are a mistake.
const LONGEST_GRACE_MS: u32 = 3_600_000;

pub(super) fn check(plan: &InitPlan) -> Result<(), String> {
    if plan.exit != "first-death" {
        return Err(format!("`exit` is `{}`, not `first-death`", plan.exit));
    }
    if plan.processes.is_empty() {
        return Err("it has no processes".to_owned());
    }
    path("secrets_dir", &plan.secrets_dir)?;
    for file in &plan.require_files {
        path("require_files", file)?;
    }
    for name in &plan.require_env {
        env(name)?;
    }
    for patch in &plan.json_patches {
        place(&patch.file, &patch.pointer)?;
        env(&patch.from.env)?;
        if !matches!(patch.transform.as_str(), "none" | "bearer") {
            return Err(format!("transform `{}` is neither `none` nor `bearer`", patch.transform));
        }
    }
    for derived in &plan.derived_env {
        env(&derived.name)?;
        for piece in
            values::pieces(&derived.template).ok_or_else(|| format!("template of `{}` has a brace without a name", derived.name))?
        {
            if let values::Piece::Name(name) = piece {
                env(name)?;
            }
        }
    }
    for file in &plan.env_files {
        env(&file.env)?;
        path("env_files", &file.path)?;
        mode(&file.mode).ok_or_else(|| format!("mode `{}` is not four octal digits from 0000 to 0777", file.mode))?;
    }
    plan.resources.iter().try_for_each(resource)?;
    let ids: BTreeSet<&str> = plan.processes.iter().map(|process| process.id.as_str()).collect();
    if ids.len() != plan.processes.len() {
        return Err("two processes have the same id".to_owned());
    }
    for network in &plan.networks {
        env(&network.url_env)?;
        network.rebinds.iter().try_for_each(|rebind| place(&rebind.file, &rebind.pointer))?;
        for token in &network.tokens {
            token.env.iter().try_for_each(|name| env(name))?;
            place(&token.file, &token.pointer)?;
        }
        if let Some(server) = network.server.as_deref().filter(|server| !ids.contains(server)) {
            return Err(format!("network `{}` is served by `{server}`, which is no process", network.id));
        }
    }
    for process in &plan.processes {
        self::process(process, &ids).map_err(|what| format!("process `{}`: {what}", process.id))?;
    }
    no_circle(&plan.processes)
}

/// Returns the bits of a mode of four octal digits.
pub(crate) fn mode(text: &str) -> Option<u32> {
    let octal = text.len() == 4 && text.starts_with('0') && text.bytes().all(|b| (b'0'..=b'7').contains(&b));
    octal.then(|| u32::from_str_radix(text, 8).ok()).flatten()
}

fn env(name: &str) -> Result<(), String> {
    name.parse::<EnvName>().map(|_| ()).map_err(|error| error.to_string())
}

fn path(what: &str, text: &str) -> Result<(), String> {
    let good = text.starts_with('/') && text.len() < 4096 && !text.contains('\0') && !text.split('/').any(|part| part == "..");
    if good { Ok(()) } else { Err(format!("`{what}`: `{text}` is not an absolute path without `..`")) }
}

fn place(file: &str, pointer: &str) -> Result<(), String> {
    path("file", file)?;
    if is_pointer(pointer) { Ok(()) } else { Err(format!("`{pointer}` is not a JSON pointer into `{file}`")) }
}

fn resource(resource: &Resource) -> Result<(), String> {
    let id = &resource.id;
    match resource.kind.as_str() {
        "volume" if resource.url.is_none() && resource.selector.is_none() => {}
        "volume" => return Err(format!("resource `{id}` is a volume with an address or a selector")),
        // Neither may be an option of git.
        "git" => {
            let plain = |text: &String| !text.is_empty() && !text.starts_with('-') && text.bytes().all(|b| b.is_ascii_graphic());
            if !resource.url.as_ref().is_some_and(plain) || !resource.selector.as_ref().is_none_or(plain) {
                return Err(format!("resource `{id}` has no address or selector that git can be given"));
            }
        }
        kind => return Err(format!("resource `{id}` is of kind `{kind}`, not `volume` or `git`")),
    }
    if !matches!(resource.mode.as_str(), "mutable" | "readonly") {
        return Err(format!("resource `{id}` has mode `{}`, not `mutable` or `readonly`", resource.mode));
    }
    path("backing", &resource.backing)?;
    path("link", &resource.link)
}

fn process(process: &Process, ids: &BTreeSet<&str>) -> Result<(), String> {
    match process.argv.first().map(String::as_str) {
        None | Some("") => return Err("`argv` is empty".to_owned()),
        Some(program) if program.contains('/') => path("argv", program)?,
        Some(_) => {}
    }
    if process.argv.iter().any(|word| word.contains('\0')) {
        return Err("`argv` has a NUL byte".to_owned());
    }
    if let Some(workdir) = &process.workdir {
        path("workdir", workdir)?;
    }
    for (name, value) in &process.env {
        env(name)?;
        if value.contains('\0') {
            return Err(format!("the value of `{name}` has a NUL byte"));
        }
    }
    process.env_from.iter().chain(&process.suppressed_by).try_for_each(|name| env(name))?;
    for pattern in &process.scrub_env {
        let name = pattern.strip_suffix('*').unwrap_or(pattern);
        if pattern != "*" && env(name).is_err() {
            return Err(format!("`{pattern}` is neither a name nor a prefix with `*`"));
        }
    }
    if let Some(other) = process.after.iter().find(|other| !ids.contains(other.as_str())) {
        return Err(format!("it comes after `{other}`, which is no process"));
    }
    if let Some(ready) = &process.ready
        && (ready.http_get.port == 0 || !http::is_path(&ready.http_get.path))
    {
        return Err("`ready` needs a port and a path that starts with `/` and has no white space".to_owned());
    }
    if signal_named(&process.stop_signal).is_none() {
        return Err(format!("`stop_signal` is `{}`, which is no known signal", process.stop_signal));
    }
    if process.stop_grace_ms > LONGEST_GRACE_MS {
        return Err(format!("`stop_grace_ms` is more than {LONGEST_GRACE_MS}"));
    }
    Ok(())
}

/// Refuses processes that wait for each other.
fn no_circle(processes: &[Process]) -> Result<(), String> {
    let mut waiting: Vec<&Process> = processes.iter().collect();
    let mut started = BTreeSet::new();
    while !waiting.is_empty() {
        let before = waiting.len();
        waiting.retain(|process| {
            let free = process.after.iter().all(|other| started.contains(other.as_str()));
            if free {
                started.insert(process.id.as_str());
            }
            !free
        });
        if waiting.len() == before {
            let ids: Vec<_> = waiting.iter().map(|process| format!("`{}`", process.id)).collect();
            return Err(format!("processes wait for each other: {}", ids.join(", ")));
        }
    }
    Ok(())
}
