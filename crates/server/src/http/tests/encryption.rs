//! TLS, and HTTP/2 with it.

use bytes::Bytes;
use http_body_util::{BodyExt, Empty};
use hyper::client::conn::http2::{SendRequest, handshake};
use hyper_util::rt::{TokioExecutor, TokioIo};
use tokio_rustls::TlsConnector;
use tokio_rustls::client::TlsStream;
use tokio_rustls::rustls::pki_types::{CertificateDer, PrivateKeyDer, ServerName};
use tokio_rustls::rustls::{CipherSuite, ClientConfig, RootCertStore, crypto::ring};

use super::*;

/// An identity for `localhost`, and the certificate to trust.
fn identity() -> (Identity, CertificateDer<'static>) {
    let made = rcgen::generate_simple_self_signed(vec!["localhost".to_owned()]).expect("a certificate");
    let key = PrivateKeyDer::try_from(made.signing_key.serialize_der()).expect("a key");
    (Identity::new(vec![made.cert.der().clone()], key), made.cert.der().clone())
}

async fn start(limits: Limits) -> (Server, CertificateDer<'static>) {
    let (identity, certificate) = identity();
    (Server::start_with(limits, Some(identity)).await, certificate)
}

async fn connect(server: &Server, trusted: CertificateDer<'static>, protocol: &str) -> TlsStream<TcpStream> {
    connect_with(server, trusted, protocol, |_| true).await
}

/// A client that offers only some ciphers.
async fn connect_with(
    server: &Server,
    trusted: CertificateDer<'static>,
    protocol: &str,
    offers: impl Fn(CipherSuite) -> bool,
) -> TlsStream<TcpStream> {
    let mut provider = ring::default_provider();
    provider.cipher_suites.retain(|known| offers(known.suite()));
    let mut roots = RootCertStore::empty();
    roots.add(trusted).expect("a certificate");
    let mut config = ClientConfig::builder_with_provider(Arc::new(provider))
        .with_safe_default_protocol_versions()
        .expect("ring has them")
        .with_root_certificates(roots)
        .with_no_client_auth();
    config.alpn_protocols = vec![protocol.as_bytes().to_vec()];
    let name = ServerName::try_from("localhost").expect("a name");
    let socket = TcpStream::connect(server.address).await.expect("the server accepts");
    let stream = TlsConnector::from(Arc::new(config)).connect(name, socket).await.expect("a handshake");
    assert_eq!(stream.get_ref().1.alpn_protocol(), Some(protocol.as_bytes()));
    stream
}

async fn http2(server: &Server, trusted: CertificateDer<'static>) -> SendRequest<Empty<Bytes>> {
    let stream = TokioIo::new(connect(server, trusted, "h2").await);
    let (sender, connection) = handshake(TokioExecutor::new(), stream).await.expect("HTTP/2");
    tokio::spawn(connection);
    sender
}

fn get(path: &str) -> ::http::Request<Empty<Bytes>> {
    ::http::Request::get(format!("https://localhost{path}")).body(Empty::new()).expect("a request")
}

#[tokio::test]
async fn http_1_works_over_tls_and_the_service_knows() {
    let (server, trusted) = start(Limits::default()).await;
    let mut stream = connect(&server, trusted, "http/1.1").await;
    stream.write_all(b"GET /x HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n").await.expect("the server reads");
    let mut reply = String::new();
    stream.read_to_string(&mut reply).await.expect("a whole reply and a proper end");
    assert!(reply.starts_with("HTTP/1.1 200 OK\r\n") && reply.ends_with("/x None secure=true"), "{reply}");
}

#[tokio::test]
async fn the_cheapest_of_the_ciphers_that_a_client_offers_is_taken() {
    let (server, trusted) = start(Limits::default()).await;
    let chosen = async |offers: fn(CipherSuite) -> bool| {
        let stream = connect_with(&server, trusted.clone(), "http/1.1", offers).await;
        stream.get_ref().1.negotiated_cipher_suite().expect("a cipher").suite()
    };
    assert_eq!(chosen(|_| true).await, CipherSuite::TLS13_AES_128_GCM_SHA256);
    let others =
        |suite| !matches!(suite, CipherSuite::TLS13_AES_128_GCM_SHA256 | CipherSuite::TLS13_CHACHA20_POLY1305_SHA256);
    assert_eq!(chosen(others).await, CipherSuite::TLS13_AES_256_GCM_SHA384);
}

#[tokio::test]
async fn http_2_runs_many_requests_on_one_connection() {
    let (server, trusted) = start(Limits::default()).await;
    let mut client = http2(&server, trusted).await;
    let slow = client.send_request(get("/nap"));
    let mut other = client.clone();
    let quick = other.send_request(get("/y?z")).await.expect("a reply");
    assert_eq!(quick.into_body().collect().await.expect("a body").to_bytes(), "/y Some(\"z\") secure=true");
    let slow = slow.await.expect("a reply").into_body().collect().await.expect("a body");
    assert_eq!(slow.to_bytes(), "rested");
}

#[tokio::test]
async fn an_http_2_request_given_up_is_dropped_and_the_connection_lives_on() {
    let (server, trusted) = start(Limits::default()).await;
    let mut client = http2(&server, trusted).await;
    let waiting = tokio::spawn(client.send_request(get("/forever")));
    server.until_running(1).await;
    waiting.abort();
    server.until(|probe| probe.dropped.load(Ordering::SeqCst) == 1).await;
    assert_eq!(client.send_request(get("/")).await.expect("a reply").status(), 200);
}

#[tokio::test]
async fn when_an_http_2_client_vanishes_its_calls_are_dropped() {
    let (server, trusted) = start(Limits::default()).await;
    let stream = TokioIo::new(connect(&server, trusted, "h2").await);
    let (mut sender, connection) = handshake(TokioExecutor::new(), stream).await.expect("HTTP/2");
    let connection = tokio::spawn(connection);
    let calls = tokio::spawn(async move {
        tokio::join!(sender.clone().send_request(get("/forever")), sender.send_request(get("/forever")))
    });
    server.until_running(2).await;
    connection.abort();
    calls.abort();
    server.until(|probe| probe.dropped.load(Ordering::SeqCst) == 2).await;
}

#[tokio::test]
async fn an_http_2_client_that_opens_no_window_holds_on_to_no_large_reply() {
    let (server, trusted) = start(Limits { write_stall: Duration::from_millis(300), ..Limits::default() }).await;
    let mut client = http2(&server, trusted).await;
    let reply = client.send_request(get("/large?200")).await.expect("a reply");
    assert_eq!(server.probe.writing.load(Ordering::SeqCst), 1);
    server.until(|probe| probe.writing.load(Ordering::SeqCst) == 0).await;
    assert!(reply.into_body().collect().await.is_err(), "the reply breaks off");
    assert_eq!(client.send_request(get("/")).await.expect("a reply").status(), 200);
}

#[tokio::test]
async fn an_http_2_connection_may_rest_longer_than_a_head_may_take() {
    let (server, trusted) = start(Limits { head: Duration::from_millis(200), ..Limits::default() }).await;
    let mut client = http2(&server, trusted).await;
    assert_eq!(client.send_request(get("/")).await.expect("a reply").status(), 200);
    sleep(Duration::from_millis(600)).await;
    assert_eq!(client.send_request(get("/")).await.expect("a reply").status(), 200);
}

#[tokio::test]
async fn an_http_2_request_that_does_not_end_is_refused_at_shutdown() {
    let (server, trusted) = start(Limits::default()).await;
    let mut client = http2(&server, trusted).await;
    let waiting = client.send_request(get("/forever"));
    server.until_running(1).await;
    let (took, reply) = tokio::join!(server.close(), waiting);
    assert_eq!(reply.expect("a reply").status(), 503);
    assert!(took < Duration::from_secs(2), "{took:?}");
}

#[tokio::test]
async fn plain_http_on_a_tls_port_is_told_so() {
    let (server, _) = start(Limits::default()).await;
    let reply = server.client().await.get("/sdk").await;
    assert_eq!(reply.status, 400);
    assert!(reply.text().contains("https://"));
}

#[tokio::test]
async fn a_client_that_stops_in_the_handshake_is_closed() {
    let (server, _) = start(Limits { handshake: Duration::from_millis(200), ..Limits::default() }).await;
    let mut silent = server.client().await;
    let mut stuck = server.client().await;
    stuck.send([22, 3, 1]).await;
    assert!(silent.until_closed().await < Duration::from_secs(5));
    assert!(stuck.until_closed().await < Duration::from_secs(5));
}

#[test]
fn a_wrong_file_says_what_it_lacks() {
    let folder = std::env::temp_dir().join(format!("ferrosphere-tls-{}", std::process::id()));
    std::fs::create_dir_all(&folder).expect("a folder");
    let made = rcgen::generate_simple_self_signed(vec!["localhost".to_owned()]).expect("a certificate");
    let (cert, key) = (folder.join("cert.pem"), folder.join("key.pem"));
    std::fs::write(&cert, made.cert.pem()).expect("a file");
    std::fs::write(&key, made.signing_key.serialize_pem()).expect("a file");
    let said =
        |cert: &std::path::Path, key: &std::path::Path| Identity::from_files(cert, key).expect_err("wrong").to_string();
    assert!(said(&key, &key).contains("key.pem holds no certificate"));
    assert!(said(&cert, &cert).contains("cert.pem holds no private key"));
    assert!(said(&folder.join("none.pem"), &key).starts_with("cannot read"));
    let identity = Identity::from_files(&cert, &key).expect("both are right");
    assert_eq!(identity.certificate(), made.cert.der().as_ref());
    std::fs::remove_dir_all(&folder).expect("it was there");
}

#[tokio::test]
async fn a_key_of_another_certificate_is_refused() {
    let made = rcgen::generate_simple_self_signed(vec!["localhost".to_owned()]).expect("a certificate");
    let other = rcgen::KeyPair::generate().expect("a key");
    let key = PrivateKeyDer::try_from(other.serialize_der()).expect("a key");
    let identity = Identity::new(vec![made.cert.der().clone()], key);
    let error = Listener::bind("127.0.0.1:0", Some(identity), Limits::default()).await.expect_err("they do not fit");
    assert_eq!(error.to_string(), "certificate and private key cannot be used together");
}
