use std::fs;
use std::path::Path;

use super::*;

fn context(dir: &Path, name: &str, host: &str) {
    let folder = dir.join("contexts/meta").join(Digest::of(name.as_bytes()).hex());
    fs::create_dir_all(&folder).unwrap();
    let meta = serde_json::json!({ "Name": name, "Metadata": { "Description": "x" }, "Endpoints": { "docker": { "Host": host, "SkipTLSVerify": false } } });
    fs::write(folder.join("meta.json"), meta.to_string()).unwrap();
}

fn request(dir: &Path) -> EndpointRequest {
    EndpointRequest { docker_config_dir: dir.to_owned(), ..EndpointRequest::default() }
}

fn some(text: &str) -> Option<String> {
    Some(text.to_owned())
}

#[test]
fn precedence_is_that_of_the_docker_command_line() {
    let dir = tempfile::tempdir().unwrap();
    for name in ["flag", "env", "config"] {
        context(dir.path(), name, &format!("unix:///run/{name}.sock"));
    }
    let nothing = request(dir.path());
    assert_eq!(Endpoint::resolve(&nothing).unwrap().source, EndpointSource::Default);
    assert_eq!(Endpoint::resolve(&nothing).unwrap().address, "unix:///var/run/docker.sock");

    fs::write(dir.path().join("config.json"), r#"{"auths":{"x":{"auth":"c2VjcmV0"}},"currentContext":"config"}"#).unwrap();
    let mut asked = request(dir.path());
    let source = |asked: &EndpointRequest| Endpoint::resolve(asked).unwrap().source;
    assert_eq!(source(&asked), EndpointSource::ContextConfig("config".to_owned()));
    assert_eq!(Endpoint::resolve(&asked).unwrap().address, "unix:///run/config.sock");
    asked.env_docker_context = some("env");
    assert_eq!(source(&asked), EndpointSource::ContextEnv("env".to_owned()));
    asked.env_docker_host = some("tcp://10.0.0.1");
    let by_env = Endpoint::resolve(&asked).unwrap();
    assert_eq!((by_env.source, by_env.context.as_str()), (EndpointSource::HostEnv, "default"));
    assert_eq!(by_env.dial, Dial::Tcp("10.0.0.1".to_owned(), 2375));
    asked.host = some("unix:///x.sock");
    assert_eq!(source(&asked), EndpointSource::HostFlag);
    asked.context = some("flag");
    assert_eq!(Endpoint::resolve(&asked), Err(EndpointError::Both));
    asked.host = None;
    let by_flag = Endpoint::resolve(&asked).unwrap();
    assert_eq!((by_flag.source, by_flag.address.as_str()), (EndpointSource::ContextFlag("flag".to_owned()), "unix:///run/flag.sock"));
}

#[test]
fn the_default_context_is_docker_host_where_that_is_set() {
    let dir = tempfile::tempdir().unwrap();
    let mut asked = request(dir.path());
    asked.context = some("default");
    asked.env_docker_host = some("unix:///x.sock");
    assert_eq!(Endpoint::resolve(&asked).unwrap().address, "unix:///x.sock");
    asked.env_docker_host = some("");
    assert_eq!(Endpoint::resolve(&asked).unwrap().address, "unix:///var/run/docker.sock");
}

#[test]
fn a_missing_context_is_an_error_wherever_it_was_named() {
    let dir = tempfile::tempdir().unwrap();
    let mut by_flag = request(dir.path());
    by_flag.context = some("nope");
    by_flag.env_docker_host = some("unix:///there.sock");
    let mut by_env = request(dir.path());
    by_env.env_docker_context = some("nope");
    for asked in [by_flag, by_env] {
        let said = Endpoint::resolve(&asked).unwrap_err().to_string();
        assert!(said.contains("`nope` does not exist"), "{said}");
    }
    fs::write(dir.path().join("config.json"), r#"{"currentContext":"../../etc"}"#).unwrap();
    assert!(matches!(Endpoint::resolve(&request(dir.path())), Err(EndpointError::NoContext { .. })));
}

#[test]
fn broken_files_are_errors_that_show_no_content() {
    let dir = tempfile::tempdir().unwrap();
    fs::write(dir.path().join("config.json"), r#"{"auths":{"x":{"auth":"canary"}}, oops"#).unwrap();
    let said = Endpoint::resolve(&request(dir.path())).unwrap_err().to_string();
    assert!(said.contains("config.json") && !said.contains("canary"), "{said}");

    let dir = tempfile::tempdir().unwrap();
    fs::write(dir.path().join("config.json"), vec![b' '; 1024 * 1024 + 1]).unwrap();
    assert!(Endpoint::resolve(&request(dir.path())).unwrap_err().to_string().contains("larger"));

    let dir = tempfile::tempdir().unwrap();
    context(dir.path(), "other", "unix:///x");
    let mut asked = request(dir.path());
    asked.context = some("mine");
    fs::rename(
        dir.path().join("contexts/meta").join(Digest::of(b"other").hex()),
        dir.path().join("contexts/meta").join(Digest::of(b"mine").hex()),
    )
    .unwrap();
    assert!(Endpoint::resolve(&asked).unwrap_err().to_string().contains("another context"));
}

#[test]
fn what_is_not_supported_is_refused_by_name() {
    let dir = tempfile::tempdir().unwrap();
    for (host, word) in [
        ("ssh://user@host", "ssh"),
        ("ssh://-oProxyCommand=x@h", "ssh"),
        ("npipe:////./pipe/docker_engine", "named pipe"),
        ("fd://", "file descriptor"),
        ("https://x", "web address"),
        ("gopher://x", "scheme"),
        ("tcp://h:99999", "range"),
        ("tcp://h:x", "number"),
        ("tcp://h/path", "more than"),
        ("tcp://user@h", "more than"),
        ("tcp://[::1", "bracket"),
        ("tcp://::1:80", "brackets"),
        ("unix://relative", "absolute"),
    ] {
        let mut asked = request(dir.path());
        asked.env_docker_host = some(host);
        let said = Endpoint::resolve(&asked).unwrap_err().to_string();
        assert!(said.contains(word) && said.contains("DOCKER_HOST"), "{host}: {said}");
    }
    let mut asked = request(dir.path());
    asked.host = some("tcp://10.0.0.1:2376");
    asked.env_docker_tls_verify = true;
    assert!(Endpoint::resolve(&asked).unwrap_err().to_string().contains("TLS"));

    context(dir.path(), "secure", "tcp://10.0.0.1:2376");
    let keys = dir.path().join("contexts/tls").join(Digest::of(b"secure").hex()).join("docker");
    fs::create_dir_all(&keys).unwrap();
    fs::write(keys.join("ca.pem"), "x").unwrap();
    let mut asked = request(dir.path());
    asked.context = some("secure");
    assert!(Endpoint::resolve(&asked).unwrap_err().to_string().contains("TLS"));
}

#[test]
fn addresses_are_taken_in_every_written_form() {
    let dir = tempfile::tempdir().unwrap();
    for (host, address, dial) in [
        ("unix://", "unix:///var/run/docker.sock", Dial::Unix("/var/run/docker.sock".into())),
        (" unix:///x.sock ", "unix:///x.sock", Dial::Unix("/x.sock".into())),
        ("127.0.0.1:99", "tcp://127.0.0.1:99", Dial::Tcp("127.0.0.1".to_owned(), 99)),
        ("tcp://[::1]:99", "tcp://[::1]:99", Dial::Tcp("::1".to_owned(), 99)),
        ("tcp://", "tcp://", Dial::Tcp("127.0.0.1".to_owned(), 2375)),
    ] {
        let mut asked = request(dir.path());
        asked.env_docker_host = some(host);
        let endpoint = Endpoint::resolve(&asked).unwrap();
        assert_eq!((endpoint.address.as_str(), &endpoint.dial), (address, &dial));
    }
}

#[test]
fn the_fingerprint_is_the_known_one() {
    let dir = tempfile::tempdir().unwrap();
    let endpoint = Endpoint::resolve(&request(dir.path())).unwrap();
    assert_eq!(endpoint.fingerprint(), "sha256:13c4025c96f36e94b3481db3214765a3");
    assert_eq!(endpoint.describe(), "`unix:///var/run/docker.sock` (the default)");
}
