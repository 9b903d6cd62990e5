//! What a manifest names and that has to be read.

use super::{Body, DocRef, Manifest, MemberBody, SkillRef};
use crate::project::{MAX_DOC_BYTES, MAX_SKILL_BYTES, MAX_SKILL_FILES, Wanted};

impl Manifest {
    /// Returns every manifest, file and folder that must be read before the project can be resolved, in the order written.
    pub fn wanted(&self) -> Vec<Wanted> {
        let mut found = Vec::new();
        self.collect("", &mut found);
        found
    }

    fn collect(&self, prefix: &str, found: &mut Vec<Wanted>) {
        match &self.body {
            Body::Agent(agent) => {
                workspace(&agent.docs, &agent.skills, prefix, found);
                found.extend(agent.subagents.iter().enumerate().map(|(n, child)| Wanted::Manifest {
                    path: child.path.value.clone(),
                    key: format!("{prefix}subagents[{n}].ref"),
                    position: child.path.at,
                }));
            }
            Body::Team(team) => {
                workspace(&team.shared.docs, &team.shared.skills, "shared.", found);
                for (n, member) in team.members.iter().enumerate() {
                    match &member.body {
                        MemberBody::Ref(path) => {
                            found.push(Wanted::Manifest { path: path.value.clone(), key: format!("members[{n}].ref"), position: path.at })
                        }
                        MemberBody::Inline(manifest) => manifest.collect(&format!("members[{n}]."), found),
                    }
                }
            }
        }
    }
}

fn workspace(docs: &[DocRef], skills: &[SkillRef], prefix: &str, found: &mut Vec<Wanted>) {
    found.extend(docs.iter().map(|doc| Wanted::File {
        path: doc.path.value.clone(),
        max_bytes: MAX_DOC_BYTES,
        key: format!("{prefix}workspace.docs.{}", doc.role),
        position: doc.path.at,
    }));
    found.extend(skills.iter().enumerate().map(|(n, skill)| Wanted::Folder {
        path: skill.path.value.clone(),
        max_files: MAX_SKILL_FILES,
        max_bytes: MAX_SKILL_BYTES,
        key: format!("{prefix}workspace.skills[{n}].ref"),
        position: skill.path.at,
    }));
}
