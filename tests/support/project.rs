//! Projects for tests, written to a user's folder.

use std::fmt::Write as _;
use std::path::PathBuf;

use super::engine::{Cleanup, Image};
use super::{User, echo};

/// An agent on the echo kind.
#[derive(Debug, Clone)]
pub(crate) struct EchoAgent {
    pub(crate) name: String,
    /// Lines under `runtime.options`.
    pub(crate) options: Vec<String>,
    /// Secrets: name and whether required.
    pub(crate) secrets: Vec<(String, bool)>,
    /// `auth.method` of the model; none: no model.
    pub(crate) auth: Option<String>,
    pub(crate) prompt: String,
}

impl EchoAgent {
    pub(crate) fn named(name: &str) -> Self {
        Self {
            name: name.to_owned(),
            options: Vec::new(),
            secrets: vec![("NEEDED_KEY".to_owned(), true), ("OPTIONAL_KEY".to_owned(), false)],
            auth: None,
            prompt: "Answer in one sentence.".to_owned(),
        }
    }

    #[must_use]
    pub(crate) fn option(mut self, line: &str) -> Self {
        self.options.push(line.to_owned());
        self
    }

    /// An agent that needs no secret.
    pub(crate) fn plain(name: &str) -> Self {
        Self { secrets: Vec::new(), ..Self::named(name) }
    }

    /// Builds the project under a tag of its own, in a folder of the user; image and deployment go at the end.
    pub(crate) fn built(&self, user: &User) -> (String, Image, Cleanup) {
        echo::runtime_image();
        let folder = format!("org-{}", self.name);
        self.write(user, &folder);
        let tag = format!("spawnfile-test/{}:1", self.name);
        user.run(["build", &folder, "--tag", &tag]).expect(0);
        (tag.clone(), Image(tag), Cleanup(self.name.clone()))
    }

    /// Writes the project into a folder of the user.
    pub(crate) fn write(&self, user: &User, folder: &str) -> PathBuf {
        let mut text = format!("spawnfile_version: \"0.1\"\nkind: agent\nname: {}\nruntime:\n  name: echo\n", self.name);
        if !self.options.is_empty() {
            text.push_str("  options:\n");
            for option in &self.options {
                writeln!(text, "    {option}").unwrap();
            }
        }
        if let Some(method) = &self.auth {
            writeln!(text, "execution:\n  model:\n    primary:\n      provider: anthropic\n      name: some-model\n      auth:\n        method: {method}").unwrap();
        }
        text.push_str("workspace:\n  docs:\n    system: AGENTS.md\n");
        if !self.secrets.is_empty() {
            text.push_str("environment:\n  secrets:\n");
            for (name, required) in &self.secrets {
                writeln!(text, "    - name: {name}\n      required: {required}").unwrap();
            }
        }
        user.write(&format!("{folder}/AGENTS.md"), format!("# Instructions\n\n{}\n", self.prompt));
        user.write(&format!("{folder}/Spawnfile"), text).parent().unwrap().to_owned()
    }
}
