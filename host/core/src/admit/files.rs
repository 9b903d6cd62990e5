//! Files, well-known paths and mounts: everything lies below the instance's root, once.

use std::collections::{BTreeMap, BTreeSet};

use super::{Check, quote, repeated};
use crate::lowering::{LoweredContent, LoweredFile};
use crate::path::is_report_path;

/// Most files of a lowering.
const MAX_FILES: usize = 8192;
/// Most bytes of one text.
const MAX_FILE_TEXT: usize = 4 << 20;
/// Most bytes of all texts.
const MAX_ALL_TEXT: usize = 32 << 20;

impl<'a> Check<'a> {
    pub(super) fn file_sizes(&mut self) {
        let text = |file: &LoweredFile| match &file.content {
            LoweredContent::Text(text) => text.len(),
            LoweredContent::Template(template) => template.text.len(),
            LoweredContent::Source(_) => 0,
        };
        let files: Vec<&LoweredFile> = self.lowering.files.iter().chain(self.lowering.auth.iter().flat_map(|place| &place.files)).collect();
        if files.len() > MAX_FILES {
            self.refuse("lowering.size", format!("{} files, at most {MAX_FILES} are allowed", files.len()));
            return;
        }
        if let Some(file) = files.iter().find(|file| text(file) > MAX_FILE_TEXT) {
            self.refuse("lowering.size", format!("file {} is larger than {MAX_FILE_TEXT} bytes", quote(&file.path)));
        }
        if files.iter().map(|file| text(file)).sum::<usize>() > MAX_ALL_TEXT {
            self.refuse("lowering.size", format!("the texts of all files are larger than {MAX_ALL_TEXT} bytes"));
        }
    }

    pub(super) fn files(&mut self) {
        let lowering = self.lowering;
        let known: BTreeSet<&str> = self.sources().collect();
        let names = self.known_names();
        for file in &lowering.files {
            self.path("file", &file.path);
            self.mode(file);
            match &file.content {
                LoweredContent::Text(_) => {}
                LoweredContent::Source(id) if known.contains(id.as_str()) => {}
                LoweredContent::Source(id) => {
                    self.refuse(
                        "lowering.source",
                        format!("file {} wants source {}, which is none of the instance's", quote(&file.path), quote(id)),
                    );
                }
                LoweredContent::Template(template) => match template.secret() {
                    Some(name) if names.contains(name) => {}
                    Some(name) => {
                        let message = format!("file {} holds {}, which nothing declares", quote(&file.path), quote(name));
                        self.refuse("lowering.env", message);
                    }
                    None => {
                        let message =
                            format!("file {} has holes; only files of auth places may, or one that is a secret", quote(&file.path));
                        self.refuse("lowering.auth", message);
                    }
                },
            }
        }
        self.overlaps();

        let paths = &lowering.paths;
        for (what, path) in [("config", Some(&paths.config)), ("home", paths.home.as_ref()), ("workspace", Some(&paths.workspace))] {
            let Some(path) = path else { continue };
            self.path(what, path);
            if !is_report_path(path) {
                self.refuse("lowering.path", format!("{what} {} has white space or a colon", quote(path)));
            }
        }
        if !lowering.files.iter().any(|file| file.path == paths.config) {
            self.refuse("lowering.path", format!("config {} is none of the files", quote(&paths.config)));
        }
        for (id, path) in &lowering.mounts {
            self.path("mount", path);
            if !is_report_path(path) || !is_mount_id(id) {
                self.refuse("lowering.path", format!("mount {} at {} has an id or path that cannot be used", quote(id), quote(path)));
            }
        }
        for id in repeated(lowering.mounts.iter().map(|(id, _)| id.as_str())) {
            self.refuse("lowering.path", format!("two mounts have the id {}", quote(id)));
        }
    }

    pub(super) fn mode(&mut self, file: &LoweredFile) {
        if file.mode > 0o777 || file.mode & 0o400 == 0 {
            let message = format!(
                "file {} has mode {:o}; it must be readable by its owner and have permission bits only",
                quote(&file.path),
                file.mode
            );
            self.refuse("lowering.path", message);
        }
    }

    /// No path is given twice, and no file stands where a folder must be.
    fn overlaps(&mut self) {
        let lowering = self.lowering;
        let mut folders: BTreeMap<&str, &str> = BTreeMap::new();
        let files = lowering.files.iter().chain(lowering.auth.iter().flat_map(|place| &place.files)).map(|file| file.path.as_str());
        let files: Vec<&str> = files.collect();
        for path in repeated(files.iter().copied()) {
            self.refuse("lowering.path", format!("file {} is given twice", quote(path)));
        }
        let homes = lowering.paths.home.iter().chain([&lowering.paths.workspace]).chain(lowering.mounts.iter().map(|(_, path)| path));
        for folder in homes {
            folders.insert(folder, folder);
        }
        for path in files.iter().copied().chain(folders.clone().into_keys()) {
            for (at, _) in path.match_indices('/').skip(1) {
                folders.insert(path.get(..at).unwrap_or_default(), path);
            }
        }
        for path in files {
            if let Some(below) = folders.get(path) {
                self.refuse("lowering.path", format!("file {} stands where {} needs a folder", quote(path), quote(below)));
            }
        }
    }

    /// Returns the ids of the instance's sources.
    pub(super) fn sources(&self) -> impl Iterator<Item = &'a str> + use<'a> {
        let document = self.document;
        document.agents.iter().flat_map(|agent| {
            let files = agent.skills.iter().flat_map(|skill| skill.files.iter().map(|file| file.source.as_str()));
            agent.docs.iter().map(|doc| doc.source.as_str()).chain(files)
        })
    }
}

/// What the report allows as the id of a mount.
fn is_mount_id(id: &str) -> bool {
    id.len() <= 128
        && !id.contains("..")
        && id.bytes().next().is_some_and(|b| b.is_ascii_alphanumeric())
        && id.bytes().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'_' | b'.' | b'-'))
}
