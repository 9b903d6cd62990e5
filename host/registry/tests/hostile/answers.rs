//! Answers that are too long, too slow, of other bytes, or no answers at all.

use std::time::{Duration, Instant};

use spawnfile_core::distribution::manifest::{self, Descriptor};
use spawnfile_core::oci::Reference;

use super::server::{Asked, Reply, Server, reply};
use super::{anonymous, digest, manifest, refused};

fn tag(server: &Server) -> Reference {
    format!("{}/a/org:1", server.address).parse().unwrap()
}

fn fixed(answer: impl Fn() -> Reply + Send + Sync + 'static) -> Server {
    Server::new(move |_: &Asked, _| answer())
}

#[tokio::test]
async fn a_manifest_is_read_by_exactly_one_request() {
    let server = fixed(|| reply(200, &[("Content-Type", manifest::OCI_MANIFEST)], manifest().as_bytes()));
    let read = anonymous().manifest(&tag(&server)).await.unwrap();
    assert_eq!((read.digest.clone(), read.bytes.len()), (digest(manifest()), manifest().len()));
    manifest::parse(&read.bytes, read.media_type.as_deref()).unwrap();
    let [asked] = &server.asked()[..] else { panic!("not one request") };
    assert_eq!(asked.line, "GET /v2/a/org/manifests/1 HTTP/1.1");
    let accept = "application/vnd.oci.image.index.v1+json, application/vnd.oci.image.manifest.v1+json, application/vnd.docker.distribution.manifest.list.v2+json, application/vnd.docker.distribution.manifest.v2+json";
    assert_eq!(asked.header("accept"), Some(accept));
    assert_eq!((asked.header("host"), asked.header("authorization")), (Some(server.address.as_str()), None));
}

#[tokio::test]
async fn other_bytes_than_the_digest_are_refused() {
    let server = fixed(|| reply(200, &[], manifest().as_bytes()));
    let pinned = tag(&server).at(digest("other"));
    refused(anonymous().manifest(&pinned).await, "instead of sha256");
    let lies = digest("lies");
    let server = fixed(move || reply(200, &[("Docker-Content-Digest", lies.as_str())], manifest().as_bytes()));
    refused(anonymous().manifest(&tag(&server)).await, "instead of sha256");
}

#[tokio::test]
async fn a_tag_that_moves_is_read_at_the_digest_that_it_had() {
    let first = manifest();
    let pinned = digest(&first);
    let said = pinned.clone();
    let server = Server::new(move |asked, before| match before {
        0 => reply(200, &[("Docker-Content-Digest", said.as_str())], b""),
        _ if asked.line.contains(said.as_str()) => reply(200, &[], first.as_bytes()),
        _ => reply(200, &[], b"{\"moved\":true}"),
    });
    let client = anonymous();
    let digest = client.resolve(&tag(&server)).await.unwrap().unwrap();
    assert_eq!(client.manifest(&tag(&server).at(digest)).await.unwrap().digest, pinned);
    assert!(server.asked()[0].line.starts_with("HEAD "));
}

#[tokio::test]
async fn what_does_not_end_is_left() {
    let chunked = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n".to_vec();
    let mut piece = format!("{:x}\r\n", 1 << 16).into_bytes();
    piece.resize(piece.len() + (1 << 16), b'a');
    piece.extend(b"\r\n");
    let server = fixed(move || Reply::Endless(chunked.clone(), piece.clone(), Duration::ZERO));
    refused(anonymous().manifest(&tag(&server)).await, "more than the 4194304 bytes");
    assert!(server.sent() < 16 << 20, "{}", server.sent());

    let server = fixed(|| Reply::Bytes(b"HTTP/1.1 200 OK\r\nContent-Length: 104857600\r\n\r\n".to_vec()));
    refused(anonymous().manifest(&tag(&server)).await, "more than the 4194304 bytes");

    for head in [
        "HTTP/1.1 200 OK\r\nX: ",
        "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n1;x=",
        "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n0\r\nX: ",
    ] {
        let server = fixed(move || Reply::Endless(head.as_bytes().to_vec(), vec![b'a'; 4096], Duration::ZERO));
        refused(anonymous().manifest(&tag(&server)).await, "does not answer properly");
    }
}

#[tokio::test]
async fn what_drips_is_left_in_time() {
    let head = "HTTP/1.1 200 OK\r\nContent-Length: 100000\r\n\r\n";
    for (head, piece) in [(head, "x"), ("HTTP/1.1 200 OK\r\n", ""), ("", ""), (head, ""), ("HTTP/1.1 200 OK\r\nX: ", "x")] {
        let server = fixed(move || Reply::Endless(head.as_bytes().to_vec(), piece.as_bytes().to_vec(), Duration::from_millis(50)));
        let begun = Instant::now();
        refused(anonymous().manifest(&tag(&server)).await, "takes too long");
        assert!(begun.elapsed() < Duration::from_secs(20), "{:?}", begun.elapsed());
    }
}

#[tokio::test]
async fn what_is_no_answer_is_said_so() {
    for bytes in
        ["", "nonsense\r\n\r\n", "HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\n{", "HTTP/1.1 200 OK\r\nContent-Length: -1\r\n\r\n{}"]
    {
        let server = fixed(move || Reply::Close(bytes.as_bytes().to_vec()));
        refused(anonymous().manifest(&tag(&server)).await, "does not answer properly");
    }
    let many: String = (0..200).map(|n| format!("X-{n}: y\r\n")).collect();
    let server = fixed(move || Reply::Bytes(format!("HTTP/1.1 200 OK\r\n{many}\r\n").into_bytes()));
    refused(anonymous().manifest(&tag(&server)).await, "does not answer properly");
    let server = fixed(|| reply(200, &[("Content-Encoding", "gzip")], b"\x1f\x8b"));
    refused(anonymous().manifest(&tag(&server)).await, "packs the answer");
}

#[tokio::test]
async fn what_is_no_manifest_is_read_and_refused() {
    for (body, served, why) in [
        (manifest()[..100].to_owned(), manifest::OCI_MANIFEST, "no JSON"),
        (manifest(), manifest::OCI_INDEX, "was served as"),
        ("{\"schemaVersion\":1}".to_owned(), "application/vnd.docker.distribution.manifest.v1+json", "schema version"),
        ("<html>".to_owned(), "text/html", "no JSON"),
    ] {
        let server = fixed(move || reply(200, &[("Content-Type", served)], body.as_bytes()));
        let read = anonymous().manifest(&tag(&server)).await.unwrap();
        let error = manifest::parse(&read.bytes, read.media_type.as_deref()).unwrap_err().to_string();
        assert!(error.contains(why), "{error}");
    }
}

#[tokio::test]
async fn blobs_have_their_size_and_digest() {
    let (right, long) = (b"the right bytes".to_vec(), b"the right bytes and more".to_vec());
    let blob = |size: usize| Descriptor { media_type: "x".to_owned(), digest: digest(b"the right bytes"), size: size as u64 };
    let read = async |server: &Server, blob: &Descriptor| anonymous().blob_bytes(&tag(server), blob, 1000).await;

    let whole = right.clone();
    let server = fixed(move || reply(200, &[], &whole));
    assert_eq!(read(&server, &blob(15)).await.unwrap(), right);
    refused(read(&server, &blob(14)).await, "has not the 14 bytes");
    refused(read(&server, &blob(16)).await, "has not the 16 bytes");
    let before = server.asked().len();
    refused(read(&server, &blob(1001)).await, "more than the 1000 bytes");
    assert_eq!(server.asked().len(), before, "it was asked for");

    let chunked = [b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n18\r\n", &long[..], b"\r\n0\r\n\r\n"].concat();
    let server = fixed(move || Reply::Bytes(chunked.clone()));
    refused(read(&server, &blob(15)).await, "has not the 15 bytes");
    let server = fixed(|| reply(200, &[], b"the wrong bytes"));
    refused(read(&server, &blob(15)).await, "instead of sha256");
    // A range that was not asked for.
    let server = fixed(|| reply(206, &[("Content-Range", "bytes 0-14/99")], b"the right bytes"));
    refused(read(&server, &blob(15)).await, "answered 206");
}

#[tokio::test]
async fn a_busy_registry_is_asked_again_within_bounds() {
    let server = Server::new(|_, before| if before < 2 { reply(503, &[], b"") } else { reply(200, &[], manifest().as_bytes()) });
    anonymous().manifest(&tag(&server)).await.unwrap();
    assert_eq!(server.asked().len(), 3);
    let server = fixed(|| reply(429, &[], b""));
    refused(anonymous().manifest(&tag(&server)).await, "no more requests");
    assert_eq!(server.asked().len(), 3);
    for wait in ["1000000000", "99999999999999999999"] {
        let server = fixed(move || reply(429, &[("Retry-After", wait)], b""));
        let begun = Instant::now();
        refused(anonymous().manifest(&tag(&server)).await, "no more requests");
        assert!(begun.elapsed() < Duration::from_secs(2));
    }
    let server = Server::new(
        |_, before| if before == 0 { reply(429, &[("Retry-After", "0")], b"") } else { reply(200, &[], manifest().as_bytes()) },
    );
    anonymous().manifest(&tag(&server)).await.unwrap();
}

#[tokio::test]
async fn errors_are_told_apart_and_fit_to_show() {
    let server = fixed(|| reply(404, &[], br#"{"errors":[{"code":"MANIFEST_UNKNOWN"}]}"#));
    refused(anonymous().manifest(&tag(&server)).await, "is not in the registry");
    let said = "{\"errors\":[{\"code\":\"X\",\"message\":\"\\u001b[31mred\\u202e\\u0007 and so on\"}]}";
    let server = fixed(move || reply(500, &[], said.as_bytes()));
    refused(anonymous().manifest(&tag(&server)).await, "answered 500");
    let server = fixed(|| reply(403, &[], b"<html>"));
    refused(anonymous().manifest(&tag(&server)).await, "does not give");
    let server = fixed(|| reply(500, &[], &vec![b'x'; 1 << 20]));
    refused(anonymous().manifest(&tag(&server)).await, "answered 500");
}

#[tokio::test]
async fn a_connection_is_used_again_and_a_closed_one_replaced() {
    let server = Server::new(|_, before| match reply(200, &[], manifest().as_bytes()) {
        Reply::Bytes(bytes) if before == 1 => Reply::Close(bytes),
        other => other,
    });
    let client = anonymous();
    for _ in 0..4 {
        client.manifest(&tag(&server)).await.unwrap();
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    assert_eq!(server.asked().len(), 4);
}
