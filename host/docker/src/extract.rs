//! Files out of an image that never runs: a helper container is created from the image's id, read and removed.
//!
//! The helper is never started, has no network, and is removed with its anonymous volumes on every path. A caller
//! that stops waiting leaves the removal to a task of its own; what even that misses (the process was killed) the
//! next [`Docker::sweep_helpers`] takes. Refuses images with more than 64 declared volumes, which would all be made,
//! and everything at a wanted path that is not one regular file within its cap.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use bollard::query_parameters::RemoveContainerOptionsBuilder;
use http_body_util::BodyExt as _;
use hyper::Response;
use hyper::body::Incoming;
use serde::Deserialize;
use spawnfile_core::oci::{Digest, labels};
use tokio::sync::oneshot;

use crate::container::name;
use crate::engine::Docker;
use crate::error::DockerError;
use crate::text::{Redactor, printable};
use crate::wire::{Call, LONG, SHORT, empty, within};
use spawnfile_core::archive::SingleFile;

/// Most volumes that an image may declare.
const VOLUMES_MAX: usize = 64;
/// Time for making and reading a helper.
const READING: Duration = Duration::from_secs(60);
/// Age from which a helper is left over, in seconds: several times what one may take.
const LEFT_OVER: u64 = 10 * 60;
/// Begin of the names of helpers.
const PREFIX: &str = "spawnfile-helper-";
/// Longest path that is asked for, in bytes.
const PATH_MAX: usize = 4096;
/// Bits of a mode that say that it is no regular file (Go's `fs.ModeType`).
const NOT_REGULAR: u64 = 0x8f28_0000;

/// A file that is wanted from an image.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FileWanted {
    /// Absolute path in the image.
    pub path: String,
    /// Largest size that is taken, in bytes.
    pub max_bytes: u64,
    /// Whether it may be missing.
    pub optional: bool,
}

/// What the Engine says of a path before it sends it.
#[derive(Deserialize)]
struct PathStat {
    #[serde(default)]
    size: i64,
    #[serde(default)]
    mode: u64,
    #[serde(default, rename = "linkTarget")]
    link_target: String,
}

#[derive(Deserialize)]
struct Created {
    #[serde(rename = "Id")]
    id: String,
}

#[derive(Deserialize)]
struct Listed {
    #[serde(rename = "Id")]
    id: String,
    #[serde(default, rename = "Names")]
    names: Vec<String>,
    #[serde(default, rename = "Created")]
    created: u64,
    #[serde(default, rename = "State")]
    state: String,
}

impl Docker {
    /// Reads files out of an image, in the order in which they are wanted; nothing for an optional one that is
    /// missing. 60 s for all.
    ///
    /// # Errors
    ///
    /// [`DockerError::NotFound`] without the image or a file that is not optional, [`DockerError::Malformed`] for what
    /// is no regular file within its cap and for images with too many volumes, [`DockerError::Invalid`] for paths that
    /// are not absolute and plain.
    pub async fn read_files(&self, image_id: &Digest, wanted: &[FileWanted]) -> Result<Vec<Option<Vec<u8>>>, DockerError> {
        for file in wanted {
            base_name(&file.path)?;
        }
        let what = format!("image `{image_id}`");
        let Some(image) = self.inspect_image(image_id.as_str()).await? else {
            return Err(DockerError::NotFound { what, message: "the engine has no such image".to_owned() });
        };
        if image.volumes.len() > VOLUMES_MAX {
            let why = format!("it declares {} volumes; at most {VOLUMES_MAX} are taken", image.volumes.len());
            return Err(DockerError::malformed(what, why));
        }
        // A task of its own: creating is not broken off half way, and removing happens whoever still waits.
        let (alive, gone) = oneshot::channel::<()>();
        let engine = self.clone();
        let task = tokio::spawn(helper(engine, image.id, wanted.to_vec(), what.clone(), gone));
        let read = task.await.unwrap_or_else(|error| Err(DockerError::malformed(what, format!("reading it broke off: {error}"))));
        drop(alive);
        read
    }

    /// Reads files out of a container, whether it runs or not, as [`Docker::read_files`] does out of an image. 60 s for
    /// all.
    ///
    /// # Errors
    ///
    /// As there, and [`DockerError::NotFound`] without the container.
    pub async fn read_container_files(&self, container: &str, wanted: &[FileWanted]) -> Result<Vec<Option<Vec<u8>>>, DockerError> {
        name(container)?;
        let what = format!("container `{container}`");
        within(&what, READING, async {
            let mut contents = Vec::with_capacity(wanted.len());
            for file in wanted {
                contents.push(self.read_file(container, file, &what).await?);
            }
            Ok(contents)
        })
        .await
    }

    /// Removes helper containers that other runs left over (never started, older than ten minutes), with their
    /// anonymous volumes, and returns how many. 120 s.
    ///
    /// # Errors
    ///
    /// What may happen on the way. A helper that someone else removes meanwhile is none.
    pub async fn sweep_helpers(&self) -> Result<usize, DockerError> {
        let what = "left-over helper containers";
        within(what, LONG, async {
            let filters = serde_json::json!({ "label": [labels::HELPER], "status": ["created"] }).to_string();
            let call = Call::get("/containers/json", what).query("all", "1").query("filters", &filters);
            let listed: Vec<Listed> = self.wire.json(call, empty(), &Redactor::default()).await?;
            let now = SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |since| since.as_secs());
            let mut swept = 0;
            for container in listed {
                // Containers inherit the labels of their image: the label alone makes no helper.
                let ours = container.state == "created"
                    && container.names.iter().any(|name| name.trim_start_matches('/').starts_with(PREFIX))
                    && container.created.saturating_add(LEFT_OVER) < now;
                if ours {
                    match self.discard(&container.id).await {
                        Ok(()) => swept += 1,
                        Err(DockerError::NotFound { .. } | DockerError::Conflict { .. }) => {}
                        Err(error) => return Err(error),
                    }
                }
            }
            Ok(swept)
        })
        .await
    }

    /// Removes a helper with its anonymous volumes.
    async fn discard(&self, name: &str) -> Result<(), DockerError> {
        let what = format!("helper container `{name}`");
        let options = RemoveContainerOptionsBuilder::new().force(true).v(true).build();
        within(&what, SHORT, async { self.api.remove_container(name, Some(options)).await.map_err(|error| self.failed(&what, &error)) })
            .await
    }

    async fn create_helper(&self, image: &Digest, name: &str, what: &str) -> Result<String, DockerError> {
        let body = serde_json::json!({
            "Image": image.as_str(),
            // Images without a command can be read too; nothing of it is ever run.
            "Entrypoint": ["/spawnfile-helper-is-never-started"],
            "Cmd": [],
            "Labels": BTreeMap::from([(labels::HELPER, "read-files")]),
            "HostConfig": { "NetworkMode": "none", "AutoRemove": false, "RestartPolicy": { "Name": "no" } },
        });
        let body = bollard::body_full(body.to_string().into());
        let call = Call::post("/containers/create", what).query("name", name);
        let created: Created = self.wire.json(call, body, &Redactor::default()).await?;
        Ok(created.id)
    }

    async fn read_file(&self, container: &str, file: &FileWanted, image: &str) -> Result<Option<Vec<u8>>, DockerError> {
        let what = format!("`{}` of {image}", printable(&file.path, 200));
        // The archive's own blocks, and the answer's head.
        let cap = file.max_bytes.saturating_add(256 * 1024);
        let call = Call::get(format!("/containers/{container}/archive"), &what).query("path", &file.path).cap(cap);
        let response = match self.wire.call(call, empty(), &Redactor::default()).await {
            Ok(response) => response,
            Err(DockerError::NotFound { message, .. }) if file.optional && !message.contains("No such container") => return Ok(None),
            Err(error) => return Err(error),
        };
        check_stat(&response, file.max_bytes).map_err(|why| DockerError::malformed(&what, why))?;
        let mut single = SingleFile::new(base_name(&file.path)?, file.max_bytes);
        let mut body = response.into_body();
        while let Some(frame) = body.frame().await {
            let frame = frame.map_err(|error| self.wire.broken(&what, &error))?;
            if let Some(data) = frame.data_ref() {
                // Leaving here drops the connection: the rest is never read.
                single.push(data).map_err(|error| DockerError::malformed(&what, error.to_string()))?;
            }
        }
        single.finish().map(Some).map_err(|error| DockerError::malformed(&what, error.to_string()))
    }
}

/// Makes a helper, reads from it while somebody waits, and removes it in any case.
async fn helper(
    engine: Docker,
    image: Digest,
    wanted: Vec<FileWanted>,
    what: String,
    gone: oneshot::Receiver<()>,
) -> Result<Vec<Option<Vec<u8>>>, DockerError> {
    let name = format!("{PREFIX}{}", random_suffix()?);
    let created = within(&what, READING, engine.create_helper(&image, &name, &what)).await;
    let read = match created {
        Ok(container) => {
            let reading = within(&what, READING, async {
                let mut contents = Vec::with_capacity(wanted.len());
                for file in &wanted {
                    contents.push(engine.read_file(&container, file, &what).await?);
                }
                Ok(contents)
            });
            tokio::select! {
                read = reading => read,
                _ = gone => Err(DockerError::malformed(what, "nobody waits for it any more")),
            }
        }
        // Refused: there is nothing to remove.
        Err(error @ (DockerError::NotFound { .. } | DockerError::Conflict { .. } | DockerError::Refused { .. })) => return Err(error),
        Err(error) => Err(error),
    };
    match (read, engine.discard(&name).await) {
        (read, Ok(()) | Err(DockerError::NotFound { .. } | DockerError::Conflict { .. })) => read,
        (Err(error), Err(_)) => Err(error),
        (Ok(_), Err(error)) => Err(error),
    }
}

fn check_stat(response: &Response<Incoming>, max: u64) -> Result<(), String> {
    let Some(header) = response.headers().get("x-docker-container-path-stat") else { return Ok(()) };
    let unreadable = || "the engine's description of it cannot be read".to_owned();
    let bytes = STANDARD.decode(header.as_bytes()).map_err(|_| unreadable())?;
    let stat: PathStat = serde_json::from_slice(&bytes).map_err(|_| unreadable())?;
    if stat.mode & NOT_REGULAR != 0 || !stat.link_target.is_empty() {
        return Err("it is not a regular file".to_owned());
    }
    match u64::try_from(stat.size) {
        Ok(size) if size <= max => Ok(()),
        _ => Err(format!("it has {} bytes, more than {max}", stat.size)),
    }
}

/// Checks that a path is absolute and plain and returns its last part.
fn base_name(path: &str) -> Result<&str, DockerError> {
    let refuse = |why| Err(DockerError::invalid(format!("path `{}`", printable(path, 200)), why));
    let Some(below) = path.strip_prefix('/') else { return refuse("it is not absolute") };
    if path.len() > PATH_MAX {
        return refuse("it is longer than 4096 bytes");
    }
    if path.chars().any(char::is_control) {
        return refuse("it has control characters");
    }
    if below.split('/').any(|part| matches!(part, "" | "." | "..")) {
        return refuse("it is not plain (`.`, `..` and empty parts)");
    }
    Ok(below.rsplit('/').next().unwrap_or(below))
}

/// Returns sixteen random hexadecimal digits.
pub(crate) fn random_suffix() -> Result<String, DockerError> {
    let mut bytes = [0u8; 8];
    getrandom::fill(&mut bytes)
        .map_err(|error| DockerError::Local { path: "the system's randomness".to_owned(), why: error.to_string() })?;
    Ok(bytes.iter().fold(String::new(), |mut text, byte| {
        let _infallible = write!(text, "{byte:02x}");
        text
    }))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_plain_absolute_paths_are_asked_for() {
        for bad in ["", "/", "relative", "/a/", "/a//b", "/a/../b", "/./a", "/a\nb", "/a\0b"] {
            assert!(base_name(bad).is_err(), "{bad:?}");
        }
        assert!(base_name(&format!("/{}", "a".repeat(5000))).is_err());
        assert_eq!(base_name("/spawnfile/spawnfile-report.json").unwrap(), "spawnfile-report.json");
    }

    #[test]
    fn suffixes_differ() {
        let (first, second) = (random_suffix().unwrap(), random_suffix().unwrap());
        assert_eq!(first.len(), 16);
        assert_ne!(first, second);
    }
}
