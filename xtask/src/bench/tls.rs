//! The client's side of TLS: every handshake is a full one, and certificates are accepted from anyone.
//!
//! Signatures of handshakes are checked, as they are by every client, but not who signed the certificate: both servers
//! make their own.

use anyhow::{Context, Result};
use std::io;
use std::sync::{Arc, OnceLock};
use tokio::io::BufReader;
use tokio::net::TcpStream;
use tokio_rustls::TlsConnector;
use tokio_rustls::client::TlsStream;
use tokio_rustls::rustls::client::Resumption;
use tokio_rustls::rustls::client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier};
use tokio_rustls::rustls::crypto::{CryptoProvider, ring, verify_tls12_signature, verify_tls13_signature};
use tokio_rustls::rustls::pki_types::{CertificateDer, ServerName, UnixTime};
use tokio_rustls::rustls::{ClientConfig, DigitallySignedStruct, Error, SignatureScheme};

/// A TCP stream with TLS over it. It reads much at once: rustls asks for 4 KiB at a time, and would measure its own system
/// calls.
pub type Secured = TlsStream<BufReader<TcpStream>>;

/// Shake hands; `bytes` are read at once.
pub async fn secure(stream: TcpStream, bytes: usize) -> io::Result<Secured> {
    let name = ServerName::from(stream.peer_addr()?.ip());
    TlsConnector::from(settings()?).connect(name, BufReader::with_capacity(bytes, stream)).await
}

/// One for all connections: it is what is costly to make.
fn settings() -> io::Result<Arc<ClientConfig>> {
    static SETTINGS: OnceLock<Arc<ClientConfig>> = OnceLock::new();
    if let Some(settings) = SETTINGS.get() {
        return Ok(settings.clone());
    }
    let made = make().map_err(io::Error::other)?;
    Ok(SETTINGS.get_or_init(|| made).clone())
}

fn make() -> Result<Arc<ClientConfig>> {
    let provider = Arc::new(ring::default_provider());
    let builder = ClientConfig::builder_with_provider(provider.clone()).with_safe_default_protocol_versions();
    let builder = builder.context("this build of rustls knows no version of TLS")?.dangerous();
    let mut settings = builder.with_custom_certificate_verifier(Arc::new(Anyone(provider))).with_no_client_auth();
    settings.resumption = Resumption::disabled();
    Ok(Arc::new(settings))
}

/// Accepts any certificate.
#[derive(Debug)]
struct Anyone(Arc<CryptoProvider>);

impl ServerCertVerifier for Anyone {
    fn verify_server_cert(
        &self,
        _: &CertificateDer<'_>,
        _: &[CertificateDer<'_>],
        _: &ServerName<'_>,
        _: &[u8],
        _: UnixTime,
    ) -> Result<ServerCertVerified, Error> {
        Ok(ServerCertVerified::assertion())
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signed: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        verify_tls12_signature(message, certificate, signed, &self.0.signature_verification_algorithms)
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signed: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        verify_tls13_signature(message, certificate, signed, &self.0.signature_verification_algorithms)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.0.signature_verification_algorithms.supported_schemes()
    }
}
