//! Which certificates are trusted.

use std::{fmt, sync::Arc};

use tokio_rustls::rustls::{
    CertificateError, ClientConfig, DigitallySignedStruct, Error as TlsError, OtherError, RootCertStore,
    SignatureScheme,
    client::{
        WebPkiServerVerifier,
        danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier},
    },
    crypto::{CryptoProvider, ring, verify_tls12_signature, verify_tls13_signature},
    pki_types::{CertificateDer, ServerName, UnixTime},
};

use crate::{Error, Thumbprint};

/// What makes a server's certificate trusted.
#[derive(Clone, Debug, Default)]
pub(crate) enum Trust {
    /// An authority that this machine knows has signed it, for the name that is connected to.
    #[default]
    Authorities,
    /// One of these authorities has.
    Own(Vec<CertificateDer<'static>>),
    /// It has this digest.
    Thumbprint(Thumbprint),
    /// Everything does: an eavesdropper can pose as the server.
    Anything,
}

impl Trust {
    /// The settings of TLS.
    pub(crate) fn config(&self) -> Result<ClientConfig, Error> {
        let provider = Arc::new(ring::default_provider());
        let verifier = Verifier { rule: self.rule(&provider)?, provider: provider.clone() };
        let config = ClientConfig::builder_with_provider(provider)
            .with_safe_default_protocol_versions()
            .map_err(|error| Error::Setting(format!("cannot set TLS up: {error}")))?;
        Ok(config.dangerous().with_custom_certificate_verifier(Arc::new(verifier)).with_no_client_auth())
    }

    fn rule(&self, provider: &Arc<CryptoProvider>) -> Result<Rule, Error> {
        let roots = match self {
            Trust::Anything => return Ok(Rule::Anything),
            Trust::Thumbprint(thumbprint) => return Ok(Rule::Thumbprint(thumbprint.clone())),
            Trust::Authorities => rustls_native_certs::load_native_certs().certs,
            Trust::Own(certificates) => certificates.clone(),
        };
        let mut store = RootCertStore::empty();
        store.add_parsable_certificates(roots);
        if store.is_empty() {
            return Ok(Rule::Nothing);
        }
        let verifier = WebPkiServerVerifier::builder_with_provider(Arc::new(store), provider.clone()).build();
        verifier.map(Rule::Authorities).map_err(|error| Error::Setting(format!("cannot use the authorities: {error}")))
    }
}

#[derive(Debug)]
enum Rule {
    Authorities(Arc<WebPkiServerVerifier>),
    Nothing,
    Thumbprint(Thumbprint),
    Anything,
}

/// Checks a certificate by the rule; who is refused learns the thumbprint. That the server has the key of its
/// certificate is checked whatever the rule.
#[derive(Debug)]
struct Verifier {
    rule: Rule,
    provider: Arc<CryptoProvider>,
}

/// A certificate that was refused.
#[derive(Clone, Debug)]
pub(crate) struct Refused {
    pub(crate) sha256: Thumbprint,
    pub(crate) sha1: Thumbprint,
    pub(crate) reason: String,
}

impl fmt::Display for Refused {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.reason)
    }
}

impl std::error::Error for Refused {}

impl ServerCertVerifier for Verifier {
    fn verify_server_cert(
        &self,
        end_entity: &CertificateDer<'_>,
        intermediates: &[CertificateDer<'_>],
        server_name: &ServerName<'_>,
        ocsp_response: &[u8],
        now: UnixTime,
    ) -> Result<ServerCertVerified, TlsError> {
        let reason = match &self.rule {
            Rule::Anything => return Ok(ServerCertVerified::assertion()),
            Rule::Thumbprint(known) if known.is_of(end_entity) => return Ok(ServerCertVerified::assertion()),
            Rule::Thumbprint(known) => format!("it is not the one with thumbprint {known}"),
            Rule::Nothing => "there are no authorities to trust".to_owned(),
            Rule::Authorities(web) => {
                match web.verify_server_cert(end_entity, intermediates, server_name, ocsp_response, now) {
                    Ok(verified) => return Ok(verified),
                    Err(error) => in_words(error),
                }
            }
        };
        let (sha256, sha1) = (Thumbprint::sha256(end_entity), Thumbprint::sha1(end_entity));
        let refused = OtherError(Arc::new(Refused { sha256, sha1, reason }));
        Err(TlsError::InvalidCertificate(CertificateError::Other(refused)))
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signature: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, TlsError> {
        verify_tls12_signature(message, certificate, signature, &self.provider.signature_verification_algorithms)
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signature: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, TlsError> {
        verify_tls13_signature(message, certificate, signature, &self.provider.signature_verification_algorithms)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.provider.signature_verification_algorithms.supported_schemes()
    }
}

fn in_words(error: TlsError) -> String {
    let TlsError::InvalidCertificate(problem) = error else { return error.to_string() };
    match problem {
        CertificateError::UnknownIssuer => "no known authority has signed it".to_owned(),
        CertificateError::Expired | CertificateError::ExpiredContext { .. } => "it has expired".to_owned(),
        CertificateError::NotValidYet | CertificateError::NotValidYetContext { .. } => "it is not valid yet".to_owned(),
        CertificateError::NotValidForName | CertificateError::NotValidForNameContext { .. } => {
            "it was made for another name".to_owned()
        }
        other => other.to_string(),
    }
}
