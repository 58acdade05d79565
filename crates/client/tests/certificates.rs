//! Which servers are trusted, over real TLS.

mod fake;

use std::sync::Arc;

use client::{Client, Error, Thumbprint};
use fake::Fake;
use rcgen::{CertifiedKey, generate_simple_self_signed};
use tokio::net::TcpListener;
use tokio_rustls::{
    TlsAcceptor,
    rustls::{ServerConfig, crypto::ring, pki_types::PrivateKeyDer},
};

/// A server with a fresh certificate for these names; its address and the certificate.
async fn start(names: &[&str]) -> (String, Vec<u8>, String) {
    let names: Vec<String> = names.iter().map(|name| (*name).to_owned()).collect();
    let CertifiedKey { cert, signing_key } = generate_simple_self_signed(names).unwrap();
    let key = PrivateKeyDer::try_from(signing_key.serialize_der()).unwrap();
    let config = ServerConfig::builder_with_provider(Arc::new(ring::default_provider()))
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_no_client_auth()
        .with_single_cert(vec![cert.der().clone()], key)
        .unwrap();
    let acceptor = TlsAcceptor::from(Arc::new(config));
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let fake = Fake::on(&listener, |_| None);
    let address = fake.address.clone();
    tokio::spawn(async move {
        while let Ok((stream, _)) = listener.accept().await {
            let (acceptor, fake) = (acceptor.clone(), fake.clone());
            tokio::spawn(async move {
                if let Ok(stream) = acceptor.accept(stream).await {
                    fake.serve(stream).await;
                }
            });
        }
    });
    (address, cert.der().to_vec(), cert.pem())
}

#[tokio::test]
async fn an_unknown_certificate_is_refused_with_the_thumbprint_to_trust() {
    let (address, certificate, _) = start(&["127.0.0.1"]).await;
    let error = Client::builder(&address).connect().await.unwrap_err();
    let Error::Certificate { sha256, sha1, .. } = &error else { panic!("{error:?}") };
    assert_eq!((sha256, sha1), (&Thumbprint::sha256(&certificate), &Thumbprint::sha1(&certificate)));
    assert!(error.to_string().contains(&sha256.to_string()), "{error}");
    for known in [sha256.to_string(), sha1.to_string(), sha1.to_string().to_lowercase().replace(':', "")] {
        Client::builder(&address).thumbprint(&known).connect().await.unwrap();
    }
}

#[tokio::test]
async fn another_certificate_than_the_pinned_one_is_refused() {
    let (address, _, _) = start(&["127.0.0.1"]).await;
    let other = Thumbprint::sha1(b"another").to_string();
    let error = Client::builder(&address).thumbprint(&other).connect().await.unwrap_err();
    assert!(matches!(&error, Error::Certificate { reason, .. } if reason.contains(&other)), "{error}");
}

#[tokio::test]
async fn everything_is_trusted_only_if_asked_for() {
    let (address, _, _) = start(&["elsewhere.example.com"]).await;
    Client::builder(&address).insecure().connect().await.unwrap();
    assert!(Client::builder(&address).connect().await.is_err());
}

#[tokio::test]
async fn an_authority_of_ones_own_is_trusted_for_the_name_it_signed() {
    let (good, _, pem) = start(&["127.0.0.1"]).await;
    let file = std::env::temp_dir().join(format!("client-authority-{}.pem", std::process::id()));
    std::fs::write(&file, pem).unwrap();
    Client::builder(&good).authorities(&file).connect().await.unwrap();
    let (other, _, pem) = start(&["elsewhere.example.com"]).await;
    std::fs::write(&file, pem).unwrap();
    let error = Client::builder(&other).authorities(&file).connect().await.unwrap_err();
    std::fs::remove_file(&file).unwrap();
    assert!(matches!(&error, Error::Certificate { reason, .. } if reason.contains("another name")), "{error}");
}

#[tokio::test]
async fn settings_that_cannot_be_used_are_refused_before_anything_is_sent() {
    let odd = Client::builder("127.0.0.1:1").thumbprint("AB:CD").connect().await.unwrap_err();
    assert!(matches!(odd, Error::Setting(_)), "{odd:?}");
    let gone = Client::builder("127.0.0.1:1").authorities("/nowhere/ca.pem").connect().await.unwrap_err();
    assert!(gone.to_string().contains("/nowhere/ca.pem"), "{gone}");
    let address = Client::builder("ftp://host").connect().await.unwrap_err();
    assert!(matches!(address, Error::Address { .. }), "{address:?}");
}
