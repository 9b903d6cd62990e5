//! Secrets as files in a container that has never been started: one uncompressed archive.
//!
//! Refuses containers that have been started (their processes could redirect what is written) and names that are no
//! plain file names.

use std::collections::BTreeMap;

use hyper::Method;
use hyper::header::{CONTENT_TYPE, HeaderValue};
use spawnfile_core::secret::Secret;

use crate::container::name;
use crate::create::wiped;
use crate::engine::Docker;
use crate::error::DockerError;
use crate::text::{Redactor, printable};
use crate::wire::{Call, SHORT, within};

/// Largest archive of secrets, in bytes.
const ARCHIVE_MAX: usize = 64 * 1024 * 1024;

impl Docker {
    /// Puts secrets as files (0400) into a folder (0700), all of `uid` and `gid`. Folders above it are made if need be.
    /// 60 s.
    ///
    /// # Errors
    ///
    /// [`DockerError::Conflict`] when the container has been started, [`DockerError::Invalid`] for a folder or a name
    /// that is not plain, [`DockerError::NotFound`] without the container.
    pub async fn put_secret_files(
        &self,
        container: &str,
        dir: &str,
        uid: u32,
        gid: u32,
        files: &BTreeMap<String, Secret>,
    ) -> Result<(), DockerError> {
        name(container)?;
        let what = format!("secret files of container `{container}`");
        let archive = archive(dir, uid, gid, files).map_err(|why| DockerError::invalid(&what, why))?;
        let redactor = Redactor::new(files.values().map(Secret::expose));
        within(&what, SHORT * 2, async {
            let document = self.inspect_container(container).await?;
            if document.state.status != "created" {
                let message = format!("it is `{}`; secrets are put before the first start only", printable(&document.state.status, 40));
                return Err(DockerError::Conflict { what: format!("container `{container}`"), message });
            }
            let call = Call::new(Method::PUT, format!("/containers/{container}/archive"), &what)
                .query("path", "/")
                .query("noOverwriteDirNonDir", "1")
                .header(CONTENT_TYPE, HeaderValue::from_static("application/x-tar"));
            self.wire.call(call, bollard::body_full(wiped(archive)), &redactor).await.map(drop)
        })
        .await
    }
}

fn archive(dir: &str, uid: u32, gid: u32, files: &BTreeMap<String, Secret>) -> Result<Vec<u8>, String> {
    let below = dir.strip_prefix('/').map(|below| below.trim_end_matches('/')).unwrap_or_default();
    if dir.len() > 200 || dir.chars().any(char::is_control) || below.split('/').any(|part| matches!(part, "" | "." | "..")) {
        return Err(format!("`{}` is no absolute, plain path of a folder", printable(dir, 200)));
    }
    let total: usize = files.values().map(|secret| secret.expose().len() + 4096).sum::<usize>() + 4096;
    if total > ARCHIVE_MAX {
        return Err("the secrets are larger than 64 MiB together".to_owned());
    }
    // Large enough that no half-written copy of the values is left behind by growing.
    let mut builder = tar::Builder::new(Vec::with_capacity(total));
    let broken = |error: std::io::Error| format!("it cannot be archived: {error}");
    let mut append = |kind: tar::EntryType, path: &str, mode: u32, content: &[u8]| {
        let mut header = tar::Header::new_gnu();
        header.set_entry_type(kind);
        header.set_mode(mode);
        header.set_uid(u64::from(uid));
        header.set_gid(u64::from(gid));
        header.set_mtime(0);
        header.set_size(content.len() as u64);
        builder.append_data(&mut header, path, content).map_err(broken)
    };
    append(tar::EntryType::Directory, &format!("{below}/"), 0o700, &[])?;
    for (file, secret) in files {
        if file.is_empty()
            || file.len() > 200
            || file.contains('/')
            || matches!(file.as_str(), "." | "..")
            || file.chars().any(char::is_control)
        {
            return Err(format!("`{}` is no plain file name", printable(file, 120)));
        }
        append(tar::EntryType::Regular, &format!("{below}/{file}"), 0o400, secret.expose())?;
    }
    builder.into_inner().map_err(broken)
}

#[cfg(test)]
mod tests {
    use std::io::Read as _;

    use super::*;

    fn secrets(names: &[&str]) -> BTreeMap<String, Secret> {
        names.iter().map(|name| ((*name).to_owned(), Secret::new(format!("value of {name}").into_bytes()))).collect()
    }

    #[test]
    fn the_archive_holds_a_private_folder_and_read_only_files() {
        let bytes = archive("/run/spawnfile/secrets", 10001, 10002, &secrets(&["B_KEY", "A_KEY"])).unwrap();
        let mut seen = Vec::new();
        for entry in tar::Archive::new(bytes.as_slice()).entries().unwrap() {
            let mut entry = entry.unwrap();
            let mut content = String::new();
            entry.read_to_string(&mut content).unwrap();
            let header = entry.header();
            assert_eq!((header.uid().unwrap(), header.gid().unwrap()), (10001, 10002));
            seen.push((entry.path().unwrap().to_str().unwrap().to_owned(), header.mode().unwrap(), content));
        }
        assert_eq!(
            seen,
            [
                ("run/spawnfile/secrets/".to_owned(), 0o700, String::new()),
                ("run/spawnfile/secrets/A_KEY".to_owned(), 0o400, "value of A_KEY".to_owned()),
                ("run/spawnfile/secrets/B_KEY".to_owned(), 0o400, "value of B_KEY".to_owned()),
            ]
        );
    }

    #[test]
    fn names_that_lead_elsewhere_are_refused() {
        for bad in ["", ".", "..", "a/b", "../x", "a\nb"] {
            assert!(archive("/run/secrets", 0, 0, &secrets(&[bad])).is_err(), "{bad:?}");
        }
        for bad in ["", "/", "relative", "/a/../b", "/a//b", "/a\0"] {
            assert!(archive(bad, 0, 0, &secrets(&["A"])).is_err(), "{bad:?}");
        }
    }
}
