//! `workspace.resources`: folders and clones that an agent finds in its workspace, prepared when the organization
//! starts.

use std::collections::BTreeSet;

use super::decode::{Decoder, Fields};
use super::workspace::is_name;
use super::{ResourceDecl, ResourceKind, Spanned};
use crate::path::is_segment;

/// Schemes of repositories that need no program beyond git's own.
const SCHEMES: [&str; 5] = ["https://", "http://", "ssh://", "git://", "file:///"];
const GIT: [&str; 4] = ["url", "branch", "tag", "ref"];

pub(super) fn resources(decoder: &mut Decoder<'_>, workspace: &Fields<'_>) -> Vec<ResourceDecl> {
    let mut ids = BTreeSet::new();
    let mut found: Vec<ResourceDecl> = Vec::new();
    for (key, node) in decoder.list(workspace, "resources") {
        let known = ["id", "kind", "mount", "mode", "sharing", "url", "branch", "tag", "ref", "name"];
        let Some(resource) = decoder.map(node, &key, &known) else { continue };
        let id = id(decoder, &resource, &mut ids);
        decoder.require(&resource, "kind");
        let kind = decoder.word(&resource, "kind", &["git", "volume"]).map(|word| word.value);
        decoder.require(&resource, "mode");
        let mode = decoder.word(&resource, "mode", &["mutable", "readonly"]).map(|word| word.value);
        let sharing = decoder.word(&resource, "sharing", &["per_agent", "team"]);
        let mount = mount(decoder, &resource);
        let team = sharing.as_ref().is_some_and(|word| word.value == "team");
        let kind = match kind {
            Some("git") => {
                if let Some(sharing) = sharing.filter(|_| team) {
                    let message = format!("`{}` cannot be team for a git resource: each agent has its own clone", resource.join("sharing"));
                    decoder.error("manifest.value", sharing.at, message);
                }
                foreign(decoder, &resource, "git", &["name"]);
                repository(decoder, &resource)
            }
            Some(_) => {
                foreign(decoder, &resource, "volume", &GIT);
                Some(ResourceKind::Volume { name: decoder.text(&resource, "name").map(|name| name.value.trim().to_owned()) })
            }
            None => None,
        };
        let (Some(id), Some(kind), Some(mode), Some(mount)) = (id, kind, mode, mount) else { continue };
        if let Some(other) = found.iter().find(|other| overlap(&other.mount, &mount.value)) {
            let message = format!("resources `{}` and `{}` have mounts that are equal or inside each other", other.id, id.value);
            decoder.error("manifest.duplicate", mount.at, message);
            continue;
        }
        found.push(ResourceDecl { id: id.value, kind, mount: mount.value, readonly: mode == "readonly", team, at: id.at });
    }
    found
}

/// Returns whether two mounts are the same folder, or one is inside the other.
pub(crate) fn overlap(one: &str, other: &str) -> bool {
    let inside = |path: &str, folder: &str| path.strip_prefix(folder).is_some_and(|rest| rest.is_empty() || rest.starts_with('/'));
    inside(one, other) || inside(other, one)
}

fn id(decoder: &mut Decoder<'_>, resource: &Fields<'_>, seen: &mut BTreeSet<String>) -> Option<Spanned<String>> {
    let id = decoder.required_text(resource, "id");
    if id.value.is_empty() {
        return None;
    }
    if !is_name(&id.value) || id.value.chars().any(char::is_control) {
        decoder.error("manifest.name", id.at, format!("`{}` must be one part of a path, without `:`", resource.join("id")));
        return None;
    }
    if !seen.insert(id.value.clone()) {
        decoder.error("manifest.duplicate", id.at, format!("resource `{}` is declared twice", id.value));
        return None;
    }
    Some(id)
}

/// A key of the other kind would be dropped in silence.
fn foreign(decoder: &mut Decoder<'_>, resource: &Fields<'_>, kind: &str, keys: &[&str]) {
    for key in keys {
        if let Some(node) = resource.get(key) {
            let message = format!("`{}` is not allowed with kind {kind}", resource.join(key));
            decoder.error("manifest.value", node.at, message);
        }
    }
}

/// Returns the mount in its one form, `./a/b`.
fn mount(decoder: &mut Decoder<'_>, resource: &Fields<'_>) -> Option<Spanned<String>> {
    let written = decoder.required_text(resource, "mount");
    let key = resource.join("mount");
    let text = written.value.trim();
    if text.is_empty() {
        return None;
    }
    if text.starts_with('/') {
        let message = format!("`{key}` is absolute, which is not supported by this version of spawnfile yet");
        let hint = "mount it below the workspace: `./folder`; nothing that is declared is ever dropped silently";
        decoder.error_with_hint("manifest.not-yet", written.at, message, hint);
        return None;
    }
    let below = text.strip_prefix("./").or_else(|| text.strip_prefix("${workspace}/"));
    let parts: Vec<&str> = below.unwrap_or_default().split('/').filter(|part| !part.is_empty()).collect();
    let plain = |part: &&str| is_segment(part) && part.trim() == *part && !part.chars().any(char::is_control);
    if parts.is_empty() || !parts.iter().all(plain) {
        let message = format!("`{key}` is no folder below the workspace");
        decoder.error_with_hint("manifest.path", written.at, message, "write `./folder`, without `.` or `..` behind it");
        return None;
    }
    Some(Spanned { value: format!("./{}", parts.join("/")), at: written.at })
}

fn repository(decoder: &mut Decoder<'_>, resource: &Fields<'_>) -> Option<ResourceKind> {
    let url = decoder.required_text(resource, "url");
    let selectors: Vec<(&str, Spanned<String>)> =
        ["branch", "tag", "ref"].into_iter().filter_map(|key| Some((key, decoder.text(resource, key)?))).collect();
    if let [_, (key, second), ..] = selectors.as_slice() {
        let message = format!("`{}` is one too many: a git resource has a branch, a tag or a ref", resource.join(key));
        decoder.error("manifest.value", second.at, message);
        return None;
    }
    let mut good = !url.value.is_empty() && address(decoder, &resource.join("url"), &url);
    let selector = selectors.first().map(|(key, text)| {
        if !is_ref(text.value.trim()) {
            let message = format!("`{}` is no name that git accepts", resource.join(key));
            decoder.error("manifest.value", text.at, message);
            good = false;
        }
        match *key {
            "branch" => format!("refs/heads/{}", text.value.trim()),
            "tag" => format!("refs/tags/{}", text.value.trim()),
            _ => text.value.trim().to_owned(),
        }
    });
    good.then(|| ResourceKind::Git { url: url.value.trim().to_owned(), selector })
}

/// Refuses what git would take for an option or a helper program, and what nobody may read in an image.
fn address(decoder: &mut Decoder<'_>, key: &str, url: &Spanned<String>) -> bool {
    let text = url.value.trim();
    let scheme = SCHEMES.iter().find(|scheme| text.starts_with(**scheme));
    let rest = scheme.and_then(|scheme| text.strip_prefix(scheme)).unwrap_or_default();
    // `user@host:path`, as git writes addresses of ssh.
    let short = text.split_once(':').is_some_and(|(host, path)| {
        let word = |b: u8| b.is_ascii_alphanumeric() || matches!(b, b'.' | b'_' | b'-' | b'@');
        host.bytes().all(word) && host.bytes().next().is_some_and(|b| b.is_ascii_alphanumeric()) && !path.starts_with([':', '/', '-'])
    });
    let well = text.bytes().all(|b| b.is_ascii_graphic()) && if scheme.is_some() { !rest.is_empty() } else { short };
    if !well {
        let message = format!("`{key}` is no address of a repository");
        decoder.error_with_hint("manifest.value", url.at, message, "https://, ssh://, git://, http://, file:/// or user@host:path");
        return false;
    }
    let authority = rest.split(['/', '?', '#']).next().unwrap_or_default();
    let login = authority.rsplit_once('@').map(|(login, _)| login);
    let named = scheme == Some(&"ssh://");
    if login.is_some_and(|login| !named || login.contains(':')) {
        // Not repeated: the part before the `@` may be a password.
        decoder.error("manifest.value", url.at, format!("`{key}` must not hold a login: everybody can read it in the image"));
        return false;
    }
    true
}

/// Whether a text may be the name of a branch or tag, or of a commit: a part of what git allows, and no option.
fn is_ref(text: &str) -> bool {
    let word = |b: u8| b.is_ascii_alphanumeric() || matches!(b, b'.' | b'_' | b'-' | b'/' | b'+' | b'#' | b'@' | b'=');
    let part = |part: &str| !part.is_empty() && !part.starts_with(['.', '-']) && !part.ends_with('.') && !part.ends_with(".lock");
    text.len() <= 200 && text != "@" && text.bytes().all(word) && text.split('/').all(part) && !text.contains("..")
}
