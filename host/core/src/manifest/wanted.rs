//! What a manifest names and that has to be read.

use super::{Body, Manifest};
use crate::project::{MAX_DOC_BYTES, MAX_SKILL_BYTES, MAX_SKILL_FILES, Wanted};

impl Manifest {
    /// Returns every file and folder that must be read before the project can be resolved, in the order written.
    pub fn wanted(&self) -> Vec<Wanted> {
        let Body::Agent(agent) = &self.body;
        let docs = agent.docs.iter().map(|doc| Wanted::File {
            path: doc.path.value.clone(),
            max_bytes: MAX_DOC_BYTES,
            key: format!("workspace.docs.{}", doc.role),
            position: doc.path.at,
        });
        let skills = agent.skills.iter().enumerate().map(|(n, skill)| Wanted::Folder {
            path: skill.path.value.clone(),
            max_files: MAX_SKILL_FILES,
            max_bytes: MAX_SKILL_BYTES,
            key: format!("workspace.skills[{n}].ref"),
            position: skill.path.at,
        });
        docs.chain(skills).collect()
    }
}
