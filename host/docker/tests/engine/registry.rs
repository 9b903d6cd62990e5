//! Pull and push through the Engine, with a registry on loopback that wants a login.

use std::fs;
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use spawnfile_core::oci::Reference;
use spawnfile_core::secret::Secret;
use spawnfile_docker::{DockerError, RegistryAuth};

use crate::ground::{engine, image, program};

/// In the standard base64 alphabet the login with this password has characters that the Engine does not read.
const PASSWORD: &str = "~~~???>>>pass";
/// bcrypt of the password.
const HTPASSWD: &str = include_str!("htpasswd");

struct Registry {
    process: Child,
    port: u16,
    _dir: tempfile::TempDir,
}

impl Drop for Registry {
    fn drop(&mut self) {
        let _gone = self.process.kill();
        let _gone = self.process.wait();
    }
}

fn registry() -> Registry {
    let dir = tempfile::tempdir().unwrap();
    let port = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
    fs::write(dir.path().join("htpasswd"), HTPASSWD).unwrap();
    let config = format!(
        "version: 0.1\nlog: {{level: error}}\nstorage: {{filesystem: {{rootdirectory: {root}/data}}}}\nhttp: {{addr: \"127.0.0.1:{port}\"}}\nauth: {{htpasswd: {{realm: test, path: {root}/htpasswd}}}}\n",
        root = dir.path().display()
    );
    fs::write(dir.path().join("config.yml"), config).unwrap();
    let process = Command::new(program("SPAWNFILE_TEST_REGISTRY_BIN", "docker-registry"))
        .arg("serve")
        .arg(dir.path().join("config.yml"))
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
        .expect("no registry program: run the tests by `cargo xtask test`");
    let registry = Registry { process, port, _dir: dir };
    for _ in 0..200 {
        if std::net::TcpStream::connect(("127.0.0.1", port)).is_ok() {
            return registry;
        }
        std::thread::sleep(Duration::from_millis(50));
    }
    panic!("the registry does not answer");
}

fn login(password: &str) -> RegistryAuth {
    RegistryAuth::Basic { username: "creator".to_owned(), password: Secret::new(password.into()) }
}

#[tokio::test]
async fn an_image_goes_to_a_registry_and_back() {
    let (docker, guard) = engine("registry").await;
    let registry = registry();
    let (_, id) = image(&docker, &guard, "moved", &[], "LABEL a=b").await;
    let there: Reference = format!("127.0.0.1:{}/{}:1", registry.port, guard.prefix).parse().unwrap();
    docker.tag(id.as_str(), &there).await.unwrap();

    let right = login(PASSWORD);
    for wrong in [None, Some(login("canary-wrong"))] {
        let error = docker.push(&there, wrong.as_ref(), &mut |_| ()).await.unwrap_err();
        assert!(matches!(error, DockerError::Auth { .. }), "{error:?}");
        assert!(!error.to_string().contains("canary"), "{error}");
        let error = docker.registry_digest(&there, wrong.as_ref()).await.unwrap_err();
        assert!(matches!(error, DockerError::Auth { .. }), "{error:?}");
    }
    assert_eq!(docker.registry_digest(&there, Some(&right)).await.unwrap(), None);
    let mut steps = 0;
    let digest = docker.push(&there, Some(&right), &mut |_| steps += 1).await.unwrap().unwrap();
    assert!(steps > 0);
    assert_eq!(docker.registry_digest(&there, Some(&right)).await.unwrap(), Some(digest.clone()));
    let local = docker.inspect_image(&there.to_string()).await.unwrap().unwrap();
    assert_eq!(local.digest_in(&there), Some(digest.clone()));

    docker.remove_image(&there.to_string()).await.unwrap();
    docker.remove_image(&format!("{}-moved:1", guard.prefix)).await.unwrap();
    assert_eq!(docker.inspect_image(id.as_str()).await.unwrap(), None);
    let pinned = there.at(digest.clone());
    let error = docker.pull(&pinned, None, &mut |_| ()).await.unwrap_err();
    assert!(matches!(error, DockerError::Auth { .. }), "{error:?}");
    docker.pull(&pinned, Some(&right), &mut |_| ()).await.unwrap();
    let back = docker.inspect_image(&pinned.to_string()).await.unwrap().unwrap();
    assert_eq!((&back.id, back.digest_in(&pinned)), (&id, Some(digest)));
    docker.remove_image(&pinned.to_string()).await.unwrap();

    let missing: Reference = format!("127.0.0.1:{}/{}:none", registry.port, guard.prefix).parse().unwrap();
    let error = docker.pull(&missing, Some(&right), &mut |_| ()).await.unwrap_err();
    assert!(error.is_not_found(), "{error:?}");
}
