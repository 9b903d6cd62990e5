//! Our own tree of the image: PID 1, its plan, and the folders and files of the instances, as one archive in which
//! order, owner, mode and time are fixed.

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::io;

use super::{CompileInput, context};
use crate::finding::{Finding, Findings};
use crate::init_plan::{INIT_PATH, INIT_PLAN_PATH, SECRETS_DIR, STATE_DIR, UID};
use crate::lowering::LoweredContent;
use crate::organization::Source;
use crate::path::is_below;

/// Folder of everything of ours that may change.
const STATE_ROOT: &str = "/var/lib/spawnfile";

/// An entry of the tree.
pub(super) struct Entry<'a> {
    pub(super) path: String,
    pub(super) mode: u32,
    uid: u32,
    gid: u32,
    pub(super) content: Content<'a>,
}

/// What an entry is.
pub(super) enum Content<'a> {
    Folder,
    File(Cow<'a, [u8]>),
}

/// Returns the entries sorted by path.
pub(super) fn entries<'a>(input: &'a CompileInput<'_>, plan: Vec<u8>, findings: &mut Findings) -> Vec<Entry<'a>> {
    let mut tree = Tree::default();
    tree.add(Entry { path: "/spawnfile".to_owned(), mode: 0o755, uid: 0, gid: 0, content: Content::Folder });
    tree.add(Entry { path: INIT_PATH.to_owned(), mode: 0o755, uid: 0, gid: 0, content: Content::File(Cow::Borrowed(input.init)) });
    tree.add(Entry { path: INIT_PLAN_PATH.to_owned(), mode: 0o644, uid: 0, gid: 0, content: Content::File(Cow::Owned(plan)) });
    // Folders above ours that a base image may lack: made by the builder they would bear the time of the build.
    for path in ["/run", "/var", "/var/lib"] {
        tree.add(Entry { path: path.to_owned(), mode: 0o755, uid: 0, gid: 0, content: Content::Folder });
    }
    tree.folder(STATE_ROOT, 0o755);
    tree.folder(STATE_DIR, 0o755);
    tree.folder(SECRETS_DIR, 0o700);

    let sources: BTreeMap<&str, &Source> = input.organization.sources().map(|source| (source.id.as_str(), source)).collect();
    let agents = input.organization.agents_by_id();
    for instance in &input.instances {
        let (document, lowering) = (instance.document(), instance.lowering());
        tree.folders(&document.root);
        let workdir = Some(&lowering.process.workdir).filter(|path| is_below(path, &document.root));
        let targets = lowering.mounts.iter().map(|(_, path)| path);
        for folder in lowering.paths.home.iter().chain([&lowering.paths.workspace]).chain(workdir).chain(targets) {
            tree.folders(folder);
        }
        // Credentials are put into these folders before the start; they must be there and owned by the runtime's user.
        for file in lowering.auth.iter().flat_map(|place| &place.files) {
            tree.parents(&file.path);
        }
        for file in &lowering.files {
            let bytes = match &file.content {
                LoweredContent::Text(text) => Some(Cow::Borrowed(text.as_bytes())),
                LoweredContent::Source(id) => sources.get(id.as_str()).and_then(|source| source.content(input.sources)),
                // PID 1 makes it.
                LoweredContent::Template(_) => continue,
            };
            let Some(bytes) = bytes else {
                findings.push(Finding::error("compile.source", format!("the content of `{}` is not among the sources", file.path)));
                continue;
            };
            tree.parents(&file.path);
            tree.add(Entry { path: file.path.clone(), mode: file.mode, uid: UID, gid: UID, content: Content::File(bytes) });
        }
        for agent in document.agents.iter().filter_map(|agent| agents.get(agent.id.as_str())) {
            for (path, source) in context::files(instance, agent) {
                let Some(bytes) = source.content(input.sources) else {
                    findings.push(Finding::error("compile.source", format!("the content of `{path}` is not among the sources")));
                    continue;
                };
                tree.parents(&path);
                tree.add(Entry { path, mode: 0o644, uid: UID, gid: UID, content: Content::File(bytes) });
            }
        }
    }
    tree.0.into_values().collect()
}

#[derive(Default)]
struct Tree<'a>(BTreeMap<String, Entry<'a>>);

impl<'a> Tree<'a> {
    fn add(&mut self, entry: Entry<'a>) {
        self.0.insert(entry.path.clone(), entry);
    }

    /// Adds a folder of the runtime's user unless it is there.
    fn folder(&mut self, path: &str, mode: u32) {
        let entry = || Entry { path: path.to_owned(), mode, uid: UID, gid: UID, content: Content::Folder };
        self.0.entry(path.to_owned()).or_insert_with(entry);
    }

    /// Adds a folder and those above it, down from [`STATE_ROOT`]. What lies above is the base image's.
    fn folders(&mut self, path: &str) {
        self.parents(path);
        if is_below(path, STATE_ROOT) {
            self.folder(path, 0o755);
        }
    }

    fn parents(&mut self, path: &str) {
        for (at, _) in path.match_indices('/').skip(1) {
            let parent = path.get(..at).unwrap_or_default();
            if is_below(parent, STATE_ROOT) {
                self.folder(parent, 0o755);
            }
        }
    }
}

/// Writes the entries as an archive with one fixed time.
pub(super) fn archive(entries: &[Entry<'_>], mtime: u64) -> io::Result<Vec<u8>> {
    let mut builder = tar::Builder::new(Vec::new());
    for entry in entries {
        let mut header = tar::Header::new_ustar();
        header.set_mode(entry.mode);
        header.set_uid(entry.uid.into());
        header.set_gid(entry.gid.into());
        header.set_mtime(mtime);
        let path = entry.path.trim_start_matches('/');
        match &entry.content {
            Content::Folder => {
                header.set_entry_type(tar::EntryType::Directory);
                header.set_size(0);
                builder.append_data(&mut header, format!("{path}/"), io::empty())?;
            }
            Content::File(bytes) => {
                header.set_entry_type(tar::EntryType::Regular);
                header.set_size(bytes.len() as u64);
                builder.append_data(&mut header, path, &bytes[..])?;
            }
        }
    }
    builder.into_inner()
}
