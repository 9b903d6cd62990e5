//! The keys of a team: members by reference or inline, who leads, who stands for it, what its members share.

use std::collections::BTreeSet;

use super::decode::{Decoder, Fields};
use super::workspace::{Workspace, is_name, located};
use super::{Member, MemberBody, Shared, Spanned, TeamManifest, TeamMode};
use super::{agent, environment, workspace};
use crate::project::MANIFEST_NAME;

/// Keys of a team beside those of every manifest.
pub(super) const KEYS: [&str; 7] = ["members", "mode", "lead", "external", "shared", "networks", "external_participants"];

const INLINE: [&str; 11] =
    ["id", "description", "environment", "execution", "expose", "memory", "policy", "runtime", "schedule", "surfaces", "workspace"];

pub(super) fn team(decoder: &mut Decoder<'_>, fields: &Fields<'_>, file: &str) -> TeamManifest {
    for key in ["networks", "external_participants"] {
        decoder.not_yet(fields, key);
    }
    decoder.require(fields, "members");
    let members = members(decoder, fields, file);
    decoder.require(fields, "mode");
    let mode = match decoder.word(fields, "mode", &["hierarchical", "swarm"]).map(|word| word.value) {
        Some("hierarchical") => TeamMode::Hierarchical,
        _ => TeamMode::Swarm,
    };
    let lead = lead(decoder, fields, mode);
    let external = fields.get("external").is_some().then(|| {
        let listed = decoder.list(fields, "external");
        listed.into_iter().filter_map(|(key, node)| decoder.text_of(node, &key)).collect::<Vec<_>>()
    });
    let ids: BTreeSet<&str> = members.iter().map(|member| member.id.value.as_str()).collect();
    for (key, named) in lead.iter().map(|id| ("lead", id)).chain(external.iter().flatten().map(|id| ("external", id))) {
        if !ids.contains(named.value.as_str()) {
            decoder.error("manifest.reference", named.at, format!("`{key}` names a member that is not declared"));
        }
    }
    TeamManifest { members, mode, lead, external, shared: shared(decoder, fields, file) }
}

fn lead(decoder: &mut Decoder<'_>, fields: &Fields<'_>, mode: TeamMode) -> Option<Spanned<String>> {
    let declared = decoder.text(fields, "lead");
    match (&declared, mode) {
        // A mode that was misread is reported as such.
        (None, TeamMode::Hierarchical) if fields.get("lead").is_none() => {
            decoder.error("manifest.missing", fields.at, "`lead` is missing: a hierarchical team has one");
        }
        (Some(lead), TeamMode::Swarm) if fields.get("mode").is_some_and(|node| node.is_text("swarm")) => {
            decoder.error("manifest.value", lead.at, "`lead` is only allowed with mode hierarchical");
        }
        _ => {}
    }
    declared
}

fn members(decoder: &mut Decoder<'_>, fields: &Fields<'_>, file: &str) -> Vec<Member> {
    let mut ids = BTreeSet::new();
    let mut found = Vec::new();
    for (key, node) in decoder.list(fields, "members") {
        let Some(any) = decoder.free_map(node, &key) else { continue };
        let by_reference = any.get("ref").is_some();
        let known: &[&str] = if by_reference { &["id", "ref"] } else { &INLINE };
        let Some(member) = decoder.map(node, &key, known) else { continue };
        let id = id(decoder, &member, &mut ids, "member");
        if by_reference {
            let path = reference(decoder, &member, file);
            found.extend(id.zip(path).map(|(id, path)| Member { id, body: MemberBody::Ref(path) }));
        } else if let Some(id) = id {
            let manifest = agent::inline(decoder, &member, &id, file);
            found.push(Member { id, body: MemberBody::Inline(Box::new(manifest)) });
        }
    }
    found
}

/// Returns the id of a member or subagent. It becomes part of paths in workspaces.
pub(super) fn id(decoder: &mut Decoder<'_>, fields: &Fields<'_>, seen: &mut BTreeSet<String>, what: &str) -> Option<Spanned<String>> {
    let id = decoder.required_text(fields, "id");
    if id.value.is_empty() {
        return None;
    }
    if !is_name(&id.value) || id.value.chars().any(char::is_control) {
        decoder.error("manifest.name", id.at, format!("`{}` must be one part of a path, without `:`", fields.join("id")));
        return None;
    }
    if !seen.insert(id.value.clone()) {
        decoder.error("manifest.duplicate", id.at, format!("{what} `{}` is declared twice", id.value));
        return None;
    }
    Some(id)
}

/// Returns the key of the manifest that `ref` names: a folder with a Spawnfile, or a Spawnfile.
pub(super) fn reference(decoder: &mut Decoder<'_>, fields: &Fields<'_>, file: &str) -> Option<Spanned<String>> {
    let written = decoder.required_text(fields, "ref");
    if written.value.is_empty() {
        return None;
    }
    let located = located(decoder, &fields.join("ref"), &written, file)?;
    let value = match located.value.as_str() {
        "." => MANIFEST_NAME.to_owned(),
        path if path == MANIFEST_NAME || path.ends_with("/Spawnfile") => located.value,
        path => format!("{path}/{MANIFEST_NAME}"),
    };
    Some(Spanned { value, at: located.at })
}

fn shared(decoder: &mut Decoder<'_>, fields: &Fields<'_>, file: &str) -> Shared {
    let Some(shared) = decoder.submap(fields, "shared", &["workspace", "environment"]) else { return Shared::default() };
    let Workspace { docs, skills, resources } = workspace::workspace(decoder, &shared, file);
    let environment = environment::environment(decoder, &shared);
    workspace::requirements(decoder, &skills, &environment.mcp_servers, "shared.environment.mcp_servers");
    Shared { at: Some(shared.at), docs, skills, resources, environment }
}
