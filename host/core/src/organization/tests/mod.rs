//! A project in, an organization and its instances out.

use std::collections::BTreeMap;

use super::*;
use crate::finding::Findings;
use crate::instance::INSTANCE_VERSION;
use crate::lowering::KindDescriptor;
use crate::project::ProjectSources;

const MANIFEST: &str = "spawnfile_version: \"0.1\"
kind: agent
name: Ana.Lyst
runtime: {name: kind-a, options: {x: 1}}
workspace:
  docs: {identity: IDENTITY.md}
  skills: [{ref: ./skills/s}]
";

fn sources(files: &[(&str, &str)]) -> ProjectSources {
    let files = files.iter().map(|(path, text)| ((*path).to_owned(), text.as_bytes().to_vec())).collect();
    ProjectSources { root: "Spawnfile".into(), files }
}

fn whole() -> Vec<(&'static str, &'static str)> {
    vec![
        ("Spawnfile", MANIFEST),
        ("IDENTITY.md", "# A\n\nAn analyst."),
        ("skills/s/SKILL.md", "---\nname: search\ndescription: d\n---\n"),
        ("skills/s/run.py", "print()"),
        ("skills/s2/other.md", "not part of it"),
    ]
}

fn kinds(grouping: &str, accepts: &str) -> BTreeMap<String, KindDescriptor> {
    let kind = KindDescriptor {
        id: "kind-a".into(),
        title: "A".into(),
        accepts: vec![accepts.into()],
        options_schema: None,
        grouping: grouping.into(),
    };
    [("kind-a".to_owned(), kind)].into()
}

fn messages(findings: &Findings) -> Vec<String> {
    findings.sorted().iter().map(ToString::to_string).collect()
}

#[test]
fn ids_sources_and_description_follow_from_the_project() {
    let (organization, findings) = resolve(&sources(&whole())).unwrap();
    assert!(findings.is_empty());
    let agent = &organization.agents[0];
    assert_eq!((agent.id.as_str(), agent.slug.as_str(), agent.description.as_str()), ("agent:Ana.Lyst", "ana-lyst", "An analyst."));
    assert_eq!(organization.root, agent.id);
    let ids: Vec<&str> = organization.sources().map(|source| source.id.as_str()).collect();
    assert_eq!(ids, ["doc:agent:Ana.Lyst:identity", "skill:agent:Ana.Lyst:search:SKILL.md", "skill:agent:Ana.Lyst:search:run.py"]);
}

#[test]
fn digests_change_with_content_only() {
    let digest = |files: &[(&str, &str)]| resolve(&sources(files)).unwrap().0.agents[0].skills[0].digest.clone();
    let mut files = whole();
    assert_eq!(digest(&files), digest(&files));
    let before = digest(&files);
    files[3].1 = "print(1)";
    assert_ne!(digest(&files), before);
}

#[test]
fn missing_and_unusable_files_are_all_named() {
    let found = messages(&resolve(&sources(&[("Spawnfile", MANIFEST)])).unwrap_err());
    assert_eq!(
        found,
        ["Spawnfile:6:20: `IDENTITY.md`, the identity doc, does not exist", "Spawnfile:7:18: `skills/s` is no folder with a SKILL.md"]
    );
    let mut binary = sources(&whole());
    binary.files.insert("IDENTITY.md".into(), vec![0xff]);
    assert_eq!(messages(&resolve(&binary).unwrap_err()), ["Spawnfile:6:20: `IDENTITY.md` is not UTF-8"]);
    let mut large = sources(&whole());
    large.files.insert("IDENTITY.md".into(), vec![b'a'; (1 << 20) + 1]);
    assert!(messages(&resolve(&large).unwrap_err())[0].contains("larger than"));
    let absent = ProjectSources { root: "Spawnfile".into(), files: BTreeMap::new() };
    assert_eq!(messages(&resolve(&absent).unwrap_err()), ["`Spawnfile` does not exist"]);
}

#[test]
fn two_skills_of_one_name_are_refused() {
    let manifest = MANIFEST.replace("[{ref: ./skills/s}]", "[{ref: ./skills/s}, {ref: ./t}]");
    let mut files = whole();
    files[0].1 = &manifest;
    files.push(("t/SKILL.md", "---\nname: search\ndescription: d\n---\n"));
    assert_eq!(messages(&resolve(&sources(&files)).unwrap_err()), ["Spawnfile:7:37: two skills have the name `search`"]);
}

#[test]
fn an_agent_without_runtime_is_refused() {
    let text = "spawnfile_version: \"0.1\"\nkind: agent\nname: a\n";
    assert_eq!(messages(&resolve(&sources(&[("Spawnfile", text)])).unwrap_err()), ["Spawnfile:3:7: agent `a` declares no `runtime`"]);
}

#[test]
fn instances_have_ids_and_roots() {
    let (organization, _) = resolve(&sources(&whole())).unwrap();
    let found = instances(&organization, &kinds("per-agent", INSTANCE_VERSION), &[]).unwrap();
    assert_eq!(found.len(), 1);
    assert_eq!(found[0].id, "agent-ana-lyst");
    assert_eq!(found[0].root, "/var/lib/spawnfile/instances/kind-a/agent-ana-lyst");
    assert_eq!(found[0].runtime_root, "/opt/spawnfile/runtime-installs/kind-a");
    assert_eq!(found[0].agents[0].skills[0].files.len(), 2);
    assert_eq!(instances(&organization, &kinds("shared", INSTANCE_VERSION), &[]).unwrap()[0].id, "kind-a-app");
}

#[test]
fn an_unknown_or_unusable_kind_is_named_with_what_to_do() {
    let (organization, _) = resolve(&sources(&whole())).unwrap();
    let near = [("kind-b".to_owned(), kinds("per-agent", INSTANCE_VERSION)["kind-a"].clone())].into();
    let finding = instances(&organization, &near, &near.keys().cloned().collect::<Vec<_>>()).unwrap_err().sorted().remove(0);
    assert_eq!(finding.message, "no runtime kind `kind-a` is installed (installed: kind-b)");
    assert!(finding.hint.unwrap().contains("did you mean `kind-b`?"));
    let finding = instances(&organization, &BTreeMap::new(), &[]).unwrap_err().sorted().remove(0);
    assert!(finding.message.ends_with("(installed: none)") && finding.hint.unwrap().contains("spawnfile plugin add"));
    for bad in [kinds("other", INSTANCE_VERSION), kinds("shared", "spawnfile.instance.v9")] {
        assert!(instances(&organization, &bad, &[]).is_err());
    }
}

mod environment;
mod resources;
mod teams;
