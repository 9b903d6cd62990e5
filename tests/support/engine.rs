//! The Engine's own word, by docker's command line: what the tool says of itself is not taken for it.

use super::{program, sh};

/// Takes a deployment's container, volumes and network away when the test ends, however it ends.
#[derive(Debug)]
pub(crate) struct Cleanup(pub(crate) String);

impl Drop for Cleanup {
    fn drop(&mut self) {
        let label = format!("label=com.spawnfile.deployment={}", self.0);
        for id in lines(&sh("docker", ["ps", "-aq", "--filter", &label])) {
            sh("docker", ["rm", "-fv", &id]);
        }
        for name in lines(&sh("docker", ["volume", "ls", "-q", "--filter", &label])) {
            sh("docker", ["volume", "rm", "-f", &name]);
        }
        for name in lines(&sh("docker", ["network", "ls", "-q", "--filter", &label])) {
            sh("docker", ["network", "rm", &name]);
        }
    }
}

/// Takes an image away when the test ends.
#[derive(Debug)]
pub(crate) struct Image(pub(crate) String);

impl Drop for Image {
    fn drop(&mut self) {
        let _ignored = std::process::Command::new("docker").args(["rmi", "-f", &self.0]).output();
    }
}

pub(crate) fn lines(text: &str) -> Vec<String> {
    text.lines().map(str::trim).filter(|line| !line.is_empty()).map(str::to_owned).collect()
}

/// Containers of a deployment, running or not.
pub(crate) fn containers(deployment: &str) -> Vec<String> {
    lines(&sh("docker", ["ps", "-aq", "--no-trunc", "--filter", &format!("label=com.spawnfile.deployment={deployment}")]))
}

/// Helper containers made from an image.
pub(crate) fn helpers(image: &str) -> Vec<String> {
    lines(&sh("docker", ["ps", "-aq", "--filter", "label=com.spawnfile.helper", "--filter", &format!("ancestor={image}")]))
}

/// Names of all volumes.
pub(crate) fn volumes() -> std::collections::BTreeSet<String> {
    lines(&sh("docker", ["volume", "ls", "-q"])).into_iter().collect()
}

/// Panics when a volume that was not there before stays. Other tests' volumes come and go meanwhile.
#[track_caller]
pub(crate) fn no_volume_stays(before: &std::collections::BTreeSet<String>) {
    let mut new: std::collections::BTreeSet<String> = volumes().difference(before).cloned().collect();
    for _ in 0..100 {
        if new.is_empty() {
            return;
        }
        std::thread::sleep(std::time::Duration::from_millis(200));
        let now = volumes();
        new.retain(|name| now.contains(name));
    }
    panic!("left: {new:?}");
}

/// The Engine's whole document about a thing.
pub(crate) fn inspect(id: &str) -> serde_json::Value {
    let text = sh("docker", ["inspect", id]);
    let mut list: Vec<serde_json::Value> = serde_json::from_str(&text).unwrap();
    list.remove(0)
}

/// Builds an image from a Dockerfile and files; returns its id.
pub(crate) fn build(tag: &str, dockerfile: &str, files: &[(&str, &[u8])]) -> String {
    let dir = tempfile::tempdir().unwrap();
    // No layer is shared with another test's image: who removes that would take it from a build under way.
    let (from, steps) = dockerfile.split_once('\n').unwrap();
    std::fs::write(dir.path().join("Dockerfile"), format!("{from}\nLABEL test={tag}\n{steps}")).unwrap();
    for (name, bytes) in files {
        let path = dir.path().join(name);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(&path, bytes).unwrap();
        std::fs::set_permissions(&path, std::os::unix::fs::PermissionsExt::from_mode(0o755)).unwrap();
    }
    sh("docker", ["build", "-q", "-t", tag, dir.path().to_str().unwrap()]);
    inspect(tag)["Id"].as_str().unwrap().to_owned()
}

/// An image of nothing but busybox, made once.
pub(crate) fn busybox() -> &'static str {
    static MADE: std::sync::OnceLock<()> = std::sync::OnceLock::new();
    const NAME: &str = "spawnfile-test/plain-busybox";
    MADE.get_or_init(|| {
        let busybox =
            std::fs::read(program("SPAWNFILE_TEST_BUSYBOX_BIN", "/bin/busybox")).expect("no busybox: run the tests by `cargo xtask test`");
        let dockerfile = "FROM scratch\nCOPY busybox /bin/busybox\nCOPY busybox /bin/sh\nCMD [\"/bin/busybox\", \"sleep\", \"60\"]\n";
        build(NAME, dockerfile, &[("busybox", &busybox)]);
    });
    NAME
}
