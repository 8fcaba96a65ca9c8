//! TLS: silent clients, HTTP/2, renewal.

use std::{path::Path, sync::Arc, time::Duration};

use bytes::Bytes;
use http_body_util::{BodyExt, Full};
use hyper_util::rt::{TokioExecutor, TokioIo};
use poem::http::StatusCode;
use rcgen::{CertifiedKey, KeyPair, generate_simple_self_signed};
use scopegate::server::{Limits, Tls, TlsError};
use tokio::{io::AsyncWriteExt, net::TcpStream, time::timeout};
use tokio_rustls::{
    TlsConnector,
    client::TlsStream,
    rustls::{ClientConfig, RootCertStore, crypto::aws_lc_rs, pki_types::ServerName},
};

use crate::support::*;

#[tokio::test]
async fn s01_a_silent_tls_connection_is_closed() {
    let folder = tempfile::tempdir().unwrap();
    write_pair(folder.path(), &new_pair());
    let limits = Limits {
        handshake_time: SHORT,
        ..Limits::default()
    };
    let server = Server::start_with(limits, Some(tls(folder.path())), hello()).await;
    for sent in [b"".as_slice(), &[22, 3, 1, 0, 200, 1]] {
        let mut client = server.connect().await;
        client.write_all(sent).await.unwrap();
        closes(&mut client).await;
    }
}

#[tokio::test]
async fn http2_is_spoken_over_tls() {
    let folder = tempfile::tempdir().unwrap();
    let pair = new_pair();
    write_pair(folder.path(), &pair);
    let server = Server::start_with(short(), Some(tls(folder.path())), hello()).await;
    let stream = handshake(&server, &[&pair], &["h2", "http/1.1"]).await;
    assert_eq!(stream.get_ref().1.alpn_protocol(), Some(b"h2".as_slice()));

    let (mut client, connection) =
        hyper::client::conn::http2::handshake(TokioExecutor::new(), TokioIo::new(stream))
            .await
            .unwrap();
    let connection = tokio::spawn(connection);
    let request = |size: usize| {
        hyper::Request::post("https://localhost/")
            .header("x-large", "x".repeat(size))
            .body(Full::new(Bytes::from_static(b"a body")))
            .unwrap()
    };
    let answer = client.send_request(request(10)).await.unwrap();
    assert_eq!(answer.status(), StatusCode::OK);
    assert_eq!(answer.collect().await.unwrap().to_bytes(), "a body");
    let answer = client.send_request(request(33 * 1024)).await.unwrap();
    assert_eq!(answer.status(), StatusCode::REQUEST_HEADER_FIELDS_TOO_LARGE);

    // Then it rests, and is closed in an orderly way.
    timeout(PATIENCE, connection)
        .await
        .unwrap()
        .unwrap()
        .unwrap();
}

#[tokio::test]
async fn a_renewed_certificate_is_served_without_a_restart() {
    let folder = tempfile::tempdir().unwrap();
    let (old, new) = (new_pair(), new_pair());
    write_pair(folder.path(), &old);
    let tls = tls(folder.path()).polled_every(Duration::from_millis(20));
    let server = Server::start_with(Limits::default(), Some(tls), hello()).await;
    let served = async || {
        let stream = handshake(&server, &[&old, &new], &[]).await;
        stream.get_ref().1.peer_certificates().unwrap()[0].clone()
    };
    assert_eq!(served().await, *old.cert.der());

    write_pair(folder.path(), &new);
    timeout(PATIENCE, async {
        while served().await != *new.cert.der() {}
    })
    .await
    .expect("the new certificate is served");
}

#[test]
fn a_bad_pair_is_reported_once_and_names_its_file() {
    let folder = tempfile::tempdir().unwrap();
    write_pair(folder.path(), &new_pair());
    let tls = tls(folder.path());
    assert!(!tls.reload().unwrap());

    std::fs::write(folder.path().join("key.pem"), "").unwrap();
    let error = tls.reload().unwrap_err();
    assert!(matches!(error, TlsError::NoKey { .. }));
    assert!(error.to_string().contains("key.pem"), "{error}");
    assert!(!tls.reload().unwrap());

    let other = new_pair().signing_key.serialize_pem();
    std::fs::write(folder.path().join("key.pem"), other).unwrap();
    assert!(matches!(tls.reload(), Err(TlsError::Mismatch { .. })));

    write_pair(folder.path(), &new_pair());
    assert!(tls.reload().unwrap());

    std::fs::remove_file(folder.path().join("cert.pem")).unwrap();
    assert!(matches!(tls.reload(), Err(TlsError::Read { .. })));
}

async fn handshake(
    server: &Server,
    trusted: &[&CertifiedKey<KeyPair>],
    protocols: &[&str],
) -> TlsStream<TcpStream> {
    let mut roots = RootCertStore::empty();
    for pair in trusted {
        roots.add(pair.cert.der().clone()).unwrap();
    }
    let provider = Arc::new(aws_lc_rs::default_provider());
    let mut config = ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_root_certificates(roots)
        .with_no_client_auth();
    config.alpn_protocols = protocols
        .iter()
        .map(|name| name.as_bytes().into())
        .collect();
    TlsConnector::from(Arc::new(config))
        .connect(
            ServerName::try_from("localhost").unwrap(),
            server.connect().await,
        )
        .await
        .unwrap()
}

fn new_pair() -> CertifiedKey<KeyPair> {
    generate_simple_self_signed(["localhost".to_owned()]).unwrap()
}

fn write_pair(folder: &Path, pair: &CertifiedKey<KeyPair>) {
    std::fs::write(folder.join("cert.pem"), pair.cert.pem()).unwrap();
    std::fs::write(folder.join("key.pem"), pair.signing_key.serialize_pem()).unwrap();
}

fn tls(folder: &Path) -> Tls {
    Tls::from_pem_files(folder.join("cert.pem"), folder.join("key.pem")).unwrap()
}

#[tokio::test]
async fn b3_pem_files_of_windows_are_read() {
    let folder = tempfile::tempdir().unwrap();
    let pair = new_pair();
    write_pair(folder.path(), &pair);
    for entry in std::fs::read_dir(folder.path()).unwrap() {
        let path = entry.unwrap().path();
        let marked = format!("\u{feff}{}", std::fs::read_to_string(&path).unwrap());
        let bytes: Vec<u8> = marked.encode_utf16().flat_map(u16::to_le_bytes).collect();
        std::fs::write(&path, bytes).unwrap();
    }
    let server = Server::start_with(Limits::default(), Some(tls(folder.path())), hello()).await;
    handshake(&server, &[&pair], &[]).await;
}
