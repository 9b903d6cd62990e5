//! What a half-done start has made, so that a failure or a signal can take it away again.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use spawnfile_docker::Docker;
use tokio::sync::RwLock;
use tokio::task::JoinError;

/// Containers and volumes made so far, newest last. Cloning shares the list.
#[derive(Debug, Clone, Default)]
pub(crate) struct Undo {
    made: Arc<Mutex<Vec<Made>>>,
    /// Read-locked by every call that is making something.
    making: Arc<RwLock<()>>,
}

/// How long a call under way is waited for before what was made is removed.
const MAKING: Duration = Duration::from_secs(60);

#[derive(Debug, Clone)]
enum Made {
    Container(String),
    Volume(String),
    Network(BTreeMap<String, String>),
}

impl Undo {
    /// Notes a container that was created.
    pub(crate) fn container(&self, id: &str) {
        self.push(Made::Container(id.to_owned()));
    }

    /// Notes a volume that did not exist before.
    pub(crate) fn volume(&self, name: &str) {
        self.push(Made::Volume(name.to_owned()));
    }

    /// Notes that the containers of these labels have a network of their own.
    pub(crate) fn network(&self, labels: &BTreeMap<String, String>) {
        self.push(Made::Network(labels.clone()));
    }

    /// Runs a call that makes something to its end, even when nobody waits for it any more: the Engine would finish it
    /// all the same, and nobody would know what it made.
    pub(crate) async fn making<T: Send + 'static>(&self, call: impl Future<Output = T> + Send + 'static) -> Result<T, JoinError> {
        let guard = Arc::clone(&self.making).read_owned().await;
        tokio::spawn(async move {
            let result = call.await;
            drop(guard);
            result
        })
        .await
    }

    fn push(&self, made: Made) {
        if let Ok(mut list) = self.made.lock() {
            list.push(made);
        }
    }

    /// Forgets everything: what was made stays.
    pub(crate) fn keep(&self) {
        if let Ok(mut list) = self.made.lock() {
            list.clear();
        }
    }

    /// Removes everything that was made, newest first; returns what could not be removed.
    pub(crate) async fn run(&self, docker: &Docker) -> Vec<String> {
        // A call that hangs longer than this is not waited for: what it makes is swept by the next `up`.
        let _done = tokio::time::timeout(MAKING, self.making.write()).await;
        let made = self.made.lock().map(|mut list| std::mem::take(&mut *list)).unwrap_or_default();
        let mut left = Vec::new();
        for made in made.into_iter().rev() {
            let (name, result) = match &made {
                Made::Container(id) => {
                    // A grace of nothing: it never became healthy, so there is nothing to save.
                    let _ignored = docker.stop(id, Duration::ZERO).await;
                    (format!("container {id}"), docker.remove(id, true, true).await)
                }
                Made::Volume(name) => (format!("volume {name}"), docker.remove_volume(name).await),
                Made::Network(labels) => ("the deployment's network".to_owned(), docker.remove_network(labels).await),
            };
            if let Err(error) = result
                && !error.is_not_found()
            {
                left.push(format!("{name}: {error}"));
            }
        }
        left
    }
}
