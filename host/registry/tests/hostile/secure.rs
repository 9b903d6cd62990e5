//! TLS on this machine: with an authority that the user gave, without, and with none of it on the other side.

use std::sync::Arc;

use rustls::ServerConfig;
use rustls::pki_types::pem::PemObject as _;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use spawnfile_core::oci::Reference;
use spawnfile_registry::{Client, ClientOptions};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpListener;
use tokio_rustls::TlsAcceptor;

use super::server::{Server, reply};
use super::{manifest, options, refused};

const FOLDER: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/tls");

/// Answers every connection with a manifest over TLS; a request without TLS as Go's server does.
async fn registry() -> String {
    let certificate = CertificateDer::from_pem_file(format!("{FOLDER}/server.crt")).unwrap();
    let key = PrivateKeyDer::from_pem_file(format!("{FOLDER}/server.key")).unwrap();
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let builder = ServerConfig::builder_with_provider(provider).with_safe_default_protocol_versions().unwrap();
    let config = builder.with_no_client_auth().with_single_cert(vec![certificate], key).unwrap();
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap().to_string();
    let acceptor = TlsAcceptor::from(Arc::new(config));
    tokio::spawn(async move {
        while let Ok((mut tcp, _)) = listener.accept().await {
            let acceptor = acceptor.clone();
            tokio::spawn(async move {
                let mut first = [0];
                tcp.peek(&mut first).await.unwrap();
                let mut buffer = [0; 4096];
                if first[0] != 0x16 {
                    let _asked = tcp.read(&mut buffer).await;
                    let said = b"HTTP/1.0 400 Bad Request\r\n\r\nClient sent an HTTP request to an HTTPS server.\n";
                    tcp.write_all(said).await.unwrap();
                    return;
                }
                let Ok(mut tls) = acceptor.accept(tcp).await else { return };
                let _asked = tls.read(&mut buffer).await;
                let body = manifest();
                let answer = format!("HTTP/1.1 200 OK\r\nContent-Length: {}\r\nConnection: close\r\n\r\n{body}", body.len());
                let _gone = tls.write_all(answer.as_bytes()).await;
                let _gone = tls.shutdown().await;
            });
        }
    });
    address
}

fn tag(address: &str) -> Reference {
    format!("{address}/a/org:1").parse().unwrap()
}

fn trusting(address: &str) -> ClientOptions {
    let folder = tempfile::tempdir().unwrap().keep();
    std::fs::create_dir(folder.join(address)).unwrap();
    std::fs::copy(format!("{FOLDER}/ca.crt"), folder.join(address).join("ca.crt")).unwrap();
    ClientOptions { certs: vec![folder], ..options(std::path::Path::new("/nonexistent")) }
}

#[tokio::test]
async fn an_authority_that_the_user_gave_for_it_is_believed() {
    let address = registry().await;
    Client::new(trusting(&address)).manifest(&tag(&address)).await.unwrap();
}

#[tokio::test]
async fn nobody_else_is() {
    let address = registry().await;
    // It says that it speaks TLS, and is then not believed.
    let other = trusting("127.0.0.1:1");
    for options in [options(std::path::Path::new("/nonexistent")), other] {
        refused(Client::new(options).manifest(&tag(&address)).await, "no secure connection");
    }
}

#[tokio::test]
async fn with_an_authority_there_is_no_way_back_to_plain() {
    let server = Server::new(|_, _| reply(200, &[], manifest().as_bytes()));
    refused(Client::new(trusting(&server.address)).manifest(&tag(&server.address)).await, "`127.0.0.1");
    assert!(server.asked().is_empty());
}

#[tokio::test]
async fn an_authority_that_is_none_is_said() {
    let options = trusting("127.0.0.1:1");
    let file = options.certs[0].join("127.0.0.1:1/ca.crt");
    std::fs::write(&file, "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n").unwrap();
    let server = registry().await;
    let folder = options.certs[0].join(&server);
    std::fs::rename(file.parent().unwrap(), folder).unwrap();
    refused(Client::new(options).manifest(&tag(&server)).await, "ca.crt");
}
