//! Lookups in real folders, with helpers that behave and helpers that do not.
#![allow(clippy::unwrap_used, reason = "tests")]

use std::path::Path;

use serde_json::{Value, json};
use spawnfile_registry::{Credential, CredentialContext, credentials_for};

struct Home(tempfile::TempDir, Option<String>);

impl Home {
    fn new() -> Self {
        Self(tempfile::tempdir().unwrap(), None)
    }

    fn config(&self, config: &Value) -> &Self {
        self.write("config.json", config.to_string().as_bytes())
    }

    fn write(&self, name: &str, bytes: &[u8]) -> &Self {
        std::fs::write(self.path().join(name), bytes).unwrap();
        self
    }

    fn path(&self) -> &Path {
        self.0.path()
    }

    /// Puts a helper into the folder, which is also the first of PATH.
    fn helper(&self, name: &str, script: &str) -> &Self {
        let program = self.path().join(format!("docker-credential-{name}"));
        if !program.is_symlink() {
            std::os::unix::fs::symlink(concat!(env!("CARGO_MANIFEST_DIR"), "/tests/programs/helper"), program).unwrap();
        }
        self.write(&format!("docker-credential-{name}.script"), script.as_bytes())
    }

    /// What is found, as text that a test can compare: `user:password`, `identity:...`, `registry:...`, `none`, or
    /// `error: ...`.
    async fn find(&self, host: &str) -> String {
        let context = CredentialContext {
            docker_config_dir: self.path().to_owned(),
            docker_auth_config: self.1.clone(),
            path: Some(format!("{}:/usr/bin:/bin", self.path().display()).into()),
        };
        let text = |secret: &spawnfile_core::secret::Secret| String::from_utf8(secret.expose().to_vec()).unwrap();
        match credentials_for(host, &context).await {
            Ok(None) => "none".to_owned(),
            Ok(Some(Credential::Basic { username, password })) => format!("{username}:{}", text(&password)),
            Ok(Some(Credential::IdentityToken(token))) => format!("identity:{}", text(&token)),
            Ok(Some(Credential::RegistryToken(token))) => format!("registry:{}", text(&token)),
            Err(error) => {
                assert!(!format!("{error} {error:?}").contains("canary"), "{error:?}");
                format!("error: {error}")
            }
        }
    }
}

fn auth(text: &str) -> Value {
    use base64::Engine;
    json!({"auth": base64::engine::general_purpose::STANDARD.encode(text)})
}

/// A helper that answers with this user and secret.
fn says(user: &str, secret: &str) -> String {
    format!(
        "cat > \"${{0%/*}}/asked\"; echo \"$1\" > \"${{0%/*}}/verb\"; echo '{}'",
        json!({"ServerURL": "x", "Username": user, "Secret": secret})
    )
}

#[tokio::test]
async fn nothing_configured_is_anonymous() {
    let home = Home::new();
    assert_eq!(home.find("r.example").await, "none");
    for config in
        ["", " \n", "{}", r#"{"auths": null, "credHelpers": null, "credsStore": null}"#, r#"{"auths": {"r.example": {}}, "future": [1]}"#]
    {
        home.write("config.json", config.as_bytes());
        assert_eq!(home.find("r.example").await, "none", "{config}");
    }
}

#[tokio::test]
async fn entries_are_found_by_key_then_by_host() {
    let home = Home::new();
    home.config(&json!({"auths": {
        "r.example": auth("exact:1"), "https://r.example/v1/": auth("legacy:1"),
        "https://old.example/v1/": auth("old:pass:with:colons"), "http://plain.example": auth("plain:x"),
        "p.example:5000": auth("port:x"), "https://index.docker.io/v1/": auth("hub:x"),
        "null.example": auth("u:p\0\0"), "empty.example": auth("u:"),
        "plainly.example": {"username": "name", "password": "word"},
        "identity.example": {"auth": auth("00000000:")["auth"], "identitytoken": "it"},
        "registry.example": {"registrytoken": "rt", "identitytoken": "it"},
    }}));
    for (host, found) in [
        ("r.example", "exact:1"),
        ("old.example", "old:pass:with:colons"),
        ("plain.example", "plain:x"),
        ("p.example:5000", "port:x"),
        ("p.example", "none"),
        ("example", "none"),
        ("docker.io", "hub:x"),
        ("index.docker.io", "hub:x"),
        ("registry-1.docker.io", "hub:x"),
        ("null.example", "u:p"),
        ("empty.example", "u:"),
        ("plainly.example", "name:word"),
        ("identity.example", "identity:it"),
        ("registry.example", "registry:rt"),
    ] {
        assert_eq!(home.find(host).await, found, "{host}");
    }
}

#[tokio::test]
async fn the_variable_comes_first_and_is_strict() {
    let mut home = Home::new();
    home.config(&json!({"auths": {"r.example": auth("file:1"), "other.example": auth("file:2")}}));
    home.1 = Some(json!({"auths": {"r.example": auth("variable:1"), "https://index.docker.io/v1/": auth("variable:hub")}}).to_string());
    assert_eq!(home.find("r.example").await, "variable:1");
    assert_eq!(home.find("other.example").await, "file:2");
    assert_eq!(home.find("docker.io").await, "variable:hub");
    home.1 = Some(String::new());
    assert_eq!(home.find("r.example").await, "file:1");
    for bad in [
        json!({"auths": {"r.example": {"auth": "canary", "email": "x"}}}).to_string(),
        json!({"auths": {"r.example": {"auth": 1}}}).to_string(),
        json!({"auths": {"r.example": {}}}).to_string(),
        json!({"auths": {"r.example": {"auth": "canary!"}}}).to_string(),
        json!({"auths": {}, "credsStore": "canary"}).to_string(),
        json!({"auths": {}}).to_string() + "{}",
        "canary".to_owned(),
    ] {
        home.1 = Some(bad);
        let found = home.find("r.example").await;
        assert!(found.starts_with("error: `DOCKER_AUTH_CONFIG`"), "{found}");
    }
}

#[tokio::test]
async fn a_helper_decides_alone() {
    let home = Home::new();
    home.helper("own", &says("own", "1")).helper("store", &says("store", "2")).helper("token", &says("<token>", "refresh"));
    home.helper("empty", "cat >/dev/null; echo 'credentials not found in native keychain'; exit 1");
    home.config(&json!({
        "credsStore": "store",
        "credHelpers": {"own.example": "own", "token.example": "token", "empty.example": "empty", "off.example": ""},
        "auths": {"own.example": auth("file:1"), "empty.example": auth("file:2"), "off.example": auth("file:3")},
    }));
    for (host, found, asked) in [
        ("own.example", "own:1", Some("own.example")),
        ("any.example:5000", "store:2", Some("any.example:5000")),
        ("docker.io", "store:2", Some("https://index.docker.io/v1/")),
        ("token.example", "identity:refresh", Some("token.example")),
        ("empty.example", "none", None),
        ("off.example", "file:3", None),
    ] {
        assert_eq!(home.find(host).await, found, "{host}");
        if let Some(asked) = asked {
            assert_eq!(std::fs::read_to_string(home.path().join("asked")).unwrap(), asked);
            assert_eq!(std::fs::read_to_string(home.path().join("verb")).unwrap(), "get\n");
        }
    }
}

#[tokio::test]
async fn a_helper_that_fails_is_named() {
    let home = Home::new();
    home.config(&json!({"credsStore": "bad", "auths": {"r.example": auth("file:1")}}));
    for (script, said) in [
        ("echo 'the keychain is locked'; exit 1", "failed: the keychain is locked"),
        ("echo 'no credentials server URL'; exit 1", "failed: no credentials server URL"),
        ("echo 'credentials not found in native keychain, really'; exit 1", "failed: credentials not found in native keychain, really"),
        ("printf '\\033[31mred\\nnext'; exit 1", "failed: \u{fffd}[31mred\u{fffd}next"),
        ("exit 3", "failed without a message"),
        ("kill -KILL $$", "failed without a message"),
        ("echo 'credentials not found in native keychain'; exit 0", "not the JSON"),
        ("echo canary; echo '{\"Username\": \"u\", \"Secret\": \"canary\"}'", "not the JSON"),
        ("echo '{\"Username\": \"u\", \"Secret\": \"canary\"} noise'", "not the JSON"),
        ("echo '{\"Username\": \"u\", \"Secret\": \"\"}'", "gave no secret"),
        ("echo '{\"Username\": \"\", \"Secret\": \"canary\"}'", "gave no user"),
        ("echo '{}'", "gave no secret"),
        ("exit 0", "not the JSON"),
        ("yes canary", "more than 65536 bytes"),
        ("head -c 70000 /dev/zero", "more than 65536 bytes"),
    ] {
        home.helper("bad", script);
        let found = home.find("r.example").await;
        assert!(found.starts_with("error: credential helper `docker-credential-bad` for `r.example`"), "{script}: {found}");
        assert!(found.contains(said) && !found.contains('\n'), "{script}: {found}");
    }
    home.helper("bad", "head -c 1000 /dev/zero | tr '\\0' x; exit 1");
    assert!(home.find("r.example").await.len() < 500);
}

#[tokio::test]
async fn a_helper_that_is_none_is_not_run() {
    let home = Home::new();
    home.write("evil", b"#!/bin/sh\ntouch ran\n");
    for (name, said) in
        [("../evil", "not a plain name"), ("a/b", "not a plain name"), ("a\nb", "not a plain name"), ("gone", "not installed")]
    {
        home.config(&json!({"credsStore": name}));
        let found = home.find("r.example").await;
        assert!(found.starts_with("error: credential helper") && found.contains(said) && found.contains("r.example"), "{found}");
        assert!(!found.contains('\n'));
    }
    home.write("docker-credential-data", b"not executable").config(&json!({"credsStore": "data"}));
    assert!(home.find("r.example").await.contains("not installed"));
}

#[tokio::test]
async fn hosts_that_would_break_the_protocol_are_refused() {
    let home = Home::new();
    home.helper("store", &says("u", "canary")).config(&json!({"credsStore": "store"}));
    for host in ["", "r.example\nother.example", "r.example\r", "r example", "r\0", "ré.example"] {
        assert!(home.find(host).await.contains("is not a registry host"), "{host}");
        assert!(!home.path().join("asked").exists());
    }
}

#[tokio::test]
async fn a_configuration_that_cannot_be_read_is_an_error() {
    for (bytes, said) in [
        (&b"{"[..], "line 1"),
        (b"[canary]", "line 1"),
        (br#"{"auths": {"r.example": {"auth": ["canary"]}}}"#, "line 1"),
        (br#"{"auths": "canary"}"#, "line 1"),
        (br#"{"credHelpers": {"r.example": {"canary": 1}}}"#, "line 1"),
        (b"\xff\xfe", "line 1"),
        (br#"{"auths": {"r.example": {"auth": "canary!"}}}"#, "not base64"),
        (br#"{"auths": {"r.example": {"auth": "Y2FuYXJ5"}}}"#, "not `user:password`"),
        (br#"{"auths": {"r.example": {"auth": "OmNhbmFyeQ=="}}}"#, "not `user:password`"),
        (&[b' '; (1 << 20) + 1], "longer than 1048576 bytes"),
    ] {
        let home = Home::new();
        home.write("config.json", bytes);
        let found = home.find("r.example").await;
        assert!(found.starts_with("error: ") && found.contains("config.json") && found.contains(said), "{found}");
    }
    // A broken entry of another host is nobody's business here.
    let home = Home::new();
    home.config(&json!({"auths": {"broken.example": {"auth": "!"}, "r.example": auth("u:p")}}));
    assert_eq!(home.find("r.example").await, "u:p");
}

#[tokio::test]
async fn a_configuration_that_is_no_file_does_not_hang() {
    let fifo = Home::new();
    assert!(std::process::Command::new("mkfifo").arg(fifo.path().join("config.json")).status().unwrap().success());
    let folder = Home::new();
    std::fs::create_dir(folder.path().join("config.json")).unwrap();
    for home in [fifo, folder] {
        assert!(home.find("r.example").await.contains("is not a regular file"));
    }
    let link = Home::new();
    link.write("real.json", json!({"auths": {"r.example": auth("u:p")}}).to_string().as_bytes());
    std::os::unix::fs::symlink("real.json", link.path().join("config.json")).unwrap();
    assert_eq!(link.find("r.example").await, "u:p");
}
