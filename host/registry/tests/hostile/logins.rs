//! Where logins go: to the registry that they belong to, to its own token service, and nowhere else.

use std::sync::Arc;

use spawnfile_core::oci::Reference;
use spawnfile_registry::Client;

use super::server::{Asked, Reply, Server, reply};
use super::{CANARY, anonymous, manifest, refused, with_entry, with_login};

/// base64 of `ada:canary-7f3a`.
const BASIC: &str = "Basic YWRhOmNhbmFyeS03ZjNh";

fn tag(server: &Server) -> Reference {
    format!("{}/a/org:1", server.address).parse().unwrap()
}

/// A registry that takes the token `t0ken` and asks for it in these words.
fn wants_token(challenge: impl Fn() -> String + Send + Sync + 'static) -> Server {
    Server::new(move |asked, _| match asked.header("authorization") {
        Some("Bearer t0ken") => reply(200, &[], manifest().as_bytes()),
        Some(_) => reply(403, &[], b""),
        None => reply(401, &[("WWW-Authenticate", &challenge())], b""),
    })
}

fn gives_tokens(ip: &str) -> Arc<Server> {
    Arc::new(Server::at(ip, |_, _| reply(200, &[], br#"{"token":"t0ken","expires_in":60}"#)))
}

#[tokio::test]
async fn a_token_is_asked_for_with_the_login_on_the_own_host_only() {
    // The registry's own host; another one; another one that the user allowed by name.
    for (ip, allowed, sent) in [("127.0.0.1", false, true), ("127.0.0.2", false, false), ("127.0.0.2", true, true)] {
        let service = gives_tokens(ip);
        let place = Arc::clone(&service);
        let server = wants_token(move || {
            format!(r#"Bearer realm="http://{}/token?x=1",service="a&b",scope="repository:a/org:pull,push,delete""#, place.address)
        });
        let mut options = with_login(&server.address);
        if allowed {
            options.token_realms.insert(ip.to_owned());
        }
        let client = Client::new(options);
        client.manifest(&tag(&server)).await.unwrap();
        client.manifest(&tag(&server)).await.unwrap();
        let [asked] = &service.asked()[..] else { panic!("the token is asked for once") };
        assert_eq!(asked.line, "GET /token?x=1&service=a%26b&scope=repository%3Aa%2Forg%3Apull HTTP/1.1");
        assert_eq!(asked.header("authorization"), sent.then_some(BASIC), "{ip} {allowed}");
        assert!(server.asked().iter().all(|asked| asked.header("authorization").is_none_or(|value| value == "Bearer t0ken")));
    }
}

#[tokio::test]
async fn a_login_that_was_held_back_is_said() {
    let service = Arc::new(Server::at("127.0.0.2", |_, _| reply(401, &[], br#"{"errors":[{"message":"no"}]}"#)));
    let place = Arc::clone(&service);
    let server = wants_token(move || format!(r#"Bearer realm="http://{}/token""#, place.address));
    let error = refused(Client::new(with_login(&server.address)).manifest(&tag(&server)).await, "was not sent to its token service");
    assert!(error.contains(&service.address), "{error}");
    refused(anonymous().manifest(&tag(&server)).await, "wants a login");
    // A token that is not enough, got without the login.
    let service = Arc::new(Server::at("127.0.0.2", |_, _| reply(200, &[], br#"{"access_token":"weak"}"#)));
    let place = Arc::clone(&service);
    let server = wants_token(move || format!(r#"Bearer realm="http://{}/token""#, place.address));
    refused(Client::new(with_login(&server.address)).manifest(&tag(&server)).await, "was not sent to its token service");
}

#[tokio::test]
async fn token_services_that_are_no_place_for_one_are_not_asked() {
    for (realm, why) in [
        ("file:///etc/passwd", "no address of HTTP"),
        ("/token", "no address"),
        ("http://ada:x@127.0.0.1:1/", "a user in it"),
        ("http://", "no address"),
        // Nobody is there: the check is before any connection.
        ("http://token.invalid/", "is not https"),
    ] {
        let server = wants_token(move || format!("Bearer realm=\"{realm}\""));
        refused(Client::new(with_login(&server.address)).manifest(&tag(&server)).await, why);
    }
    let huge = "x".repeat(20_000);
    let server = wants_token(move || format!("Bearer realm=\"http://127.0.0.1:1/{huge}\""));
    refused(anonymous().manifest(&tag(&server)).await, "longer than 8192");
    for challenge in ["", "Negotiate abc", "Bearer", "Bearer realm=\"", "Bearer service=x"] {
        let server = wants_token(move || challenge.to_owned());
        refused(anonymous().manifest(&tag(&server)).await, "asks for a login in a way");
    }
    let server = Server::new(|_, _| reply(401, &[], b""));
    refused(anonymous().manifest(&tag(&server)).await, "asks for a login in a way");
}

#[tokio::test]
async fn token_answers_are_bounded_and_read_strictly() {
    let bodies: [Vec<u8>; 7] = [
        b"".to_vec(),
        b"{\"token\":\"t0k".to_vec(),
        b"{\"token\":\"\"}".to_vec(),
        b"{\"token\":7}".to_vec(),
        b"{\"token\":\"a\\r\\nX-Evil: 1\"}".to_vec(),
        format!("{{\"token\":\"{}\"}}", "a".repeat(40_000)).into_bytes(),
        b"[]".to_vec(),
    ];
    for body in bodies {
        let service = Arc::new(Server::new(move |_, _| reply(200, &[], &body)));
        let server = wants_token(move || format!(r#"Bearer realm="http://{}/token""#, service.address));
        refused(anonymous().manifest(&tag(&server)).await, "gives no token");
        assert_eq!(server.asked().len(), 1);
    }
    let service = Arc::new(Server::new(|_, _| {
        let head = b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n\r\n{\"token\":\"".to_vec();
        Reply::Endless(head, vec![b'a'; 4096], std::time::Duration::ZERO)
    }));
    let place = Arc::clone(&service);
    let server = wants_token(move || format!(r#"Bearer realm="http://{}/token""#, place.address));
    refused(anonymous().manifest(&tag(&server)).await, "more than the 65536 bytes");
    // Sent on, it is not followed.
    let other = gives_tokens("127.0.0.2");
    let place = Arc::clone(&other);
    let service = Arc::new(Server::new(move |_, _| reply(307, &[("Location", &format!("http://{}/", place.address))], b"")));
    let server = wants_token(move || format!(r#"Bearer realm="http://{}/token""#, service.address));
    refused(Client::new(with_login(&server.address)).manifest(&tag(&server)).await, "answered 307");
    assert!(other.asked().is_empty());
}

#[tokio::test]
async fn an_identity_token_is_posted_and_a_registry_token_shown() {
    let service = gives_tokens("127.0.0.1");
    let place = Arc::clone(&service);
    let server = wants_token(move || format!(r#"Bearer realm="http://{}/token",service="s""#, place.address));
    let entry = format!(r#"{{"identitytoken":"{CANARY}&x"}}"#);
    Client::new(with_entry(&server.address, &entry)).manifest(&tag(&server)).await.unwrap();
    let asked = &service.asked()[0];
    assert_eq!(asked.line, "POST /token HTTP/1.1");
    assert!(
        asked.body.contains("grant_type=refresh_token") && asked.body.contains(&format!("refresh_token={CANARY}%26x")),
        "{}",
        asked.body
    );
    assert_eq!(asked.header("authorization"), None);

    let server = Server::new(|asked, _| match asked.header("authorization") {
        Some(value) if value == format!("Bearer {CANARY}") => reply(200, &[], manifest().as_bytes()),
        _ => reply(401, &[("WWW-Authenticate", "Bearer realm=\"http://127.0.0.2:1/\"")], b""),
    });
    Client::new(with_entry(&server.address, &format!(r#"{{"registrytoken":"{CANARY}"}}"#))).manifest(&tag(&server)).await.unwrap();
}

#[tokio::test]
async fn basic_is_answered_once_and_an_echo_of_it_is_not_shown() {
    let server = Server::new(|asked: &Asked, _| match asked.header("authorization") {
        None => reply(401, &[("WWW-Authenticate", "Basic realm=\"r\"")], b""),
        Some(value) => {
            reply(401, &[("WWW-Authenticate", "Basic realm=\"r\"")], format!(r#"{{"errors":[{{"message":"bad {value}"}}]}}"#).as_bytes())
        }
    });
    let error = refused(Client::new(with_login(&server.address)).manifest(&tag(&server)).await, "does not give");
    assert!(!error.contains("YWRh") && error.contains("not shown"), "{error}");
    assert_eq!(server.asked().len(), 2);
    assert_eq!(server.asked()[1].header("authorization"), Some(BASIC));
    refused(anonymous().manifest(&tag(&server)).await, "there is none");
    // A login for another registry does not count, though it is the same host.
    refused(Client::new(with_login("127.0.0.1:1")).manifest(&tag(&server)).await, "there is none");
    let server = Server::new(|asked: &Asked, _| match asked.header("authorization") {
        None => reply(401, &[("WWW-Authenticate", "Basic realm=\"r\"")], b""),
        Some(_) => reply(500, &[], format!(r#"{{"errors":[{{"message":"password {CANARY}"}}]}}"#).as_bytes()),
    });
    refused(Client::new(with_login(&server.address)).manifest(&tag(&server)).await, "not shown");
}
