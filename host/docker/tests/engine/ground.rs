//! What the tests stand on: the real Engine, images that are built for them, and a guard that leaves nothing behind.

use std::fs::{self, Permissions};
use std::os::unix::fs::{PermissionsExt as _, symlink};
use std::path::Path;
use std::process::Command;

use spawnfile_core::oci::{Digest, Reference};
use spawnfile_docker::{BuildContext, Docker, Endpoint, EndpointRequest};

/// Everything that a test makes has a name that begins with this, and is removed when it is dropped, panic or not.
pub(crate) struct Guard {
    pub(crate) prefix: String,
    addressed: String,
}

impl Guard {
    /// Removes what the test registered by its prefix.
    fn clean(&self) {
        let list = |arguments: &[&str]| -> Vec<String> {
            let output = Command::new("docker").args(["-H", &self.addressed]).args(arguments).output();
            output.map(|output| String::from_utf8_lossy(&output.stdout).lines().map(str::to_owned).collect()).unwrap_or_default()
        };
        let mine = |names: Vec<String>| names.into_iter().filter(|name| name.contains(&self.prefix)).collect::<Vec<_>>();
        for container in mine(list(&["ps", "-a", "--format", "{{.Names}}"])) {
            list(&["rm", "-f", "-v", &container]);
        }
        for volume in mine(list(&["volume", "ls", "--format", "{{.Name}}"])) {
            list(&["volume", "rm", &volume]);
        }
        for network in mine(list(&["network", "ls", "--format", "{{.Name}}"])) {
            list(&["network", "rm", &network]);
        }
        for image in mine(list(&["images", "--format", "{{.Repository}}:{{.Tag}}"])) {
            list(&["rmi", "-f", &image]);
        }
        for image in list(&["images", "-a", "-q", "--filter", &format!("label=test={}", self.prefix)]) {
            list(&["rmi", "-f", &image]);
        }
    }
}

impl Drop for Guard {
    fn drop(&mut self) {
        self.clean();
    }
}

fn address() -> String {
    std::env::var("DOCKER_HOST").ok().filter(|host| !host.is_empty()).unwrap_or_else(|| "unix:///var/run/docker.sock".to_owned())
}

/// Returns the Engine and a guard. Fails where no Engine answers.
pub(crate) async fn engine(test: &str) -> (Docker, Guard) {
    let request = EndpointRequest { host: Some(address()), ..EndpointRequest::default() };
    let docker = match Docker::connect(&Endpoint::resolve(&request).unwrap()).await {
        Ok(docker) => docker,
        Err(error) => panic!("these tests need a docker engine: {error}"),
    };
    let random = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).unwrap().subsec_nanos();
    let prefix = format!("sf-docker-test-{test}-{random:08x}{:05x}", std::process::id());
    (docker, Guard { prefix, addressed: address() })
}

/// Runs the docker command line and returns what it prints.
pub(crate) fn cli(arguments: &[&str]) -> String {
    let output = Command::new("docker").args(["-H", &address()]).args(arguments).output().unwrap();
    assert!(output.status.success(), "docker {arguments:?}: {}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout).unwrap()
}

/// A program that set-up made ready, else the machine's own.
pub(crate) fn program(told: &str, own: &str) -> std::ffi::OsString {
    std::env::var_os(told).unwrap_or_else(|| own.into())
}

/// Builds an image from a static busybox, these files (path, content) and these lines of a Dockerfile.
pub(crate) async fn image(docker: &Docker, guard: &Guard, name: &str, files: &[(&str, &[u8])], lines: &str) -> (Reference, Digest) {
    let dir = tempfile::tempdir().unwrap();
    let root = dir.path().join("rootfs");
    fs::create_dir_all(root.join("bin")).unwrap();
    fs::copy(program("SPAWNFILE_TEST_BUSYBOX_BIN", "/bin/busybox"), root.join("bin/busybox"))
        .expect("no static busybox: run the tests by `cargo xtask test`");
    fs::set_permissions(root.join("bin/busybox"), Permissions::from_mode(0o755)).unwrap();
    symlink("busybox", root.join("bin/sh")).unwrap();
    for (path, content) in files {
        write(&root, path, content);
    }
    fs::write(dir.path().join("Dockerfile"), format!("FROM scratch\nCOPY rootfs/ /\n{lines}\n")).unwrap();
    let tag: Reference = format!("{}-{name}:1", guard.prefix).parse().unwrap();
    let id = docker.build(&BuildContext::new(dir.path()), Some(&tag), None, &mut |_| ()).await.unwrap();
    (tag, id)
}

fn write(root: &Path, path: &str, content: &[u8]) {
    let full = root.join(path);
    fs::create_dir_all(full.parent().unwrap()).unwrap();
    match content.strip_prefix(b"->") {
        Some(target) => symlink(std::str::from_utf8(target).unwrap(), full).unwrap(),
        None => fs::write(full, content).unwrap(),
    }
}
