//! Registries that send on: to storage on other hosts, in circles, and to where nobody may send.

use std::sync::Arc;

use spawnfile_core::distribution::manifest::Descriptor;
use spawnfile_core::oci::Reference;
use spawnfile_registry::Client;

use super::server::{Asked, Reply, Server, reply};
use super::{anonymous, digest, refused, with_login};

const BLOB: &[u8] = b"blob";

fn blob() -> Descriptor {
    Descriptor { media_type: "x".to_owned(), digest: digest(BLOB), size: BLOB.len() as u64 }
}

fn named(server: &Server) -> Reference {
    format!("{}/a/org:1", server.address).parse().unwrap()
}

/// A registry that wants a login and then sends on.
fn sends_to(location: impl Fn(&Asked) -> String + Send + Sync + 'static) -> Server {
    Server::new(move |asked, _| match asked.header("authorization") {
        None => reply(401, &[("WWW-Authenticate", "Basic realm=\"r\"")], b""),
        Some(_) => reply(307, &[("Location", &location(asked))], b""),
    })
}

#[tokio::test]
async fn storage_on_another_host_or_port_gets_no_login() {
    for ip in ["127.0.0.2", "127.0.0.1"] {
        let storage = Arc::new(Server::at(ip, |_, _| reply(200, &[], BLOB)));
        let place = Arc::clone(&storage);
        let server = sends_to(move |_| format!("http://{}/bucket/x?sig=a%26b", place.address));
        let client = Client::new(with_login(&server.address));
        assert_eq!(client.blob_bytes(&named(&server), &blob(), 100).await.unwrap(), BLOB);
        assert!(server.asked()[1].header("authorization").is_some());
        let [asked] = &storage.asked()[..] else { panic!("not one request") };
        assert_eq!(asked.line, "GET /bucket/x?sig=a%26b HTTP/1.1");
        assert_eq!((asked.header("authorization"), asked.header("host")), (None, Some(storage.address.as_str())));
    }
}

#[tokio::test]
async fn back_at_the_registry_there_is_still_no_login() {
    let home = Arc::new(std::sync::Mutex::new(String::new()));
    let told = Arc::clone(&home);
    let storage =
        Arc::new(Server::at("127.0.0.2", move |_, _| reply(302, &[("Location", &format!("http://{}/back", told.lock().unwrap()))], b"")));
    let place = Arc::clone(&storage);
    let server = Server::new(move |asked, _| match asked.header("authorization") {
        _ if asked.line.contains("/back") => reply(200, &[], BLOB),
        None => reply(401, &[("WWW-Authenticate", "Basic realm=\"r\"")], b""),
        Some(_) => reply(307, &[("Location", &format!("http://{}/x", place.address))], b""),
    });
    home.lock().unwrap().push_str(&server.address);
    let client = Client::new(with_login(&server.address));
    assert_eq!(client.blob_bytes(&named(&server), &blob(), 100).await.unwrap(), BLOB);
    let asked = server.asked();
    let back = asked.iter().find(|asked| asked.line.contains("/back")).unwrap();
    assert_eq!(back.header("authorization"), None);
}

#[tokio::test]
async fn a_path_of_the_same_registry_keeps_the_login() {
    let server = Server::new(|asked, _| match asked.header("authorization") {
        None => reply(401, &[("WWW-Authenticate", "Basic realm=\"r\"")], b""),
        Some(_) if asked.line.contains("/elsewhere") => reply(200, &[], BLOB),
        Some(_) => reply(308, &[("Location", "/elsewhere")], b""),
    });
    let client = Client::new(with_login(&server.address));
    assert_eq!(client.blob_bytes(&named(&server), &blob(), 100).await.unwrap(), BLOB);
}

#[tokio::test]
async fn a_login_is_not_given_to_whoever_was_sent_to() {
    let storage = Arc::new(Server::at("127.0.0.2", |_, _| reply(401, &[("WWW-Authenticate", "Basic realm=\"r\"")], b"")));
    let place = Arc::clone(&storage);
    let server = sends_to(move |_| format!("http://{}/x", place.address));
    let client = Client::new(with_login(&server.address));
    refused(client.blob_bytes(&named(&server), &blob(), 100).await, "another host, which wants a login");
    assert_eq!(storage.asked().len(), 1);
}

#[tokio::test]
async fn circles_and_other_places_are_refused() {
    let server = Server::new(|asked, _| reply(302, &[("Location", asked.line.split(' ').nth(1).unwrap())], b""));
    refused(anonymous().blob_bytes(&named(&server), &blob(), 100).await, "more than 5 times");
    assert_eq!(server.asked().len(), 6);
    for (location, why) in [
        ("file:///etc/passwd", "no address of HTTP"),
        ("ftp://127.0.0.2/", "no address of HTTP"),
        ("http://ada:x@127.0.0.2:1/", "a user in it"),
        ("http://", "no address"),
        ("http://127.0.0.2:0/", "no port"),
        ("http://169.254.169.254/latest/meta-data", "is not https"),
        ("https://169.254.169.254/latest/meta-data", "no registry can be"),
        ("https://[::ffff:169.254.169.254]/", "no registry can be"),
        ("https://0.0.0.0/", "no registry can be"),
        ("http://storage.invalid/x", "is not https"),
    ] {
        let server = Server::new(move |_, _| reply(302, &[("Location", location)], b""));
        refused(anonymous().blob_bytes(&named(&server), &blob(), 100).await, why);
    }
    let server = Server::new(|_, _| reply(302, &[], b""));
    refused(anonymous().blob_bytes(&named(&server), &blob(), 100).await, "does not say where");
    let server = Server::new(|_, _| Reply::Bytes(b"HTTP/1.1 302 x\r\nLocation: /a\r\nLocation: /b\r\nContent-Length: 0\r\n\r\n".to_vec()));
    refused(anonymous().blob_bytes(&named(&server), &blob(), 100).await, "does not say where");
}
