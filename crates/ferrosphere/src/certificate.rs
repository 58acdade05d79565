//! The certificate that a server without one makes for itself.

use std::net::SocketAddr;
use std::time::{Duration, SystemTime};

use anyhow::{Context, anyhow};
use rcgen::{CertificateParams, DistinguishedName, DnType, ExtendedKeyUsagePurpose, KeyPair, KeyUsagePurpose};
use ring::digest::{self, Algorithm, SHA1_FOR_LEGACY_USE_ONLY, SHA256};
use server::http::Identity;
use tokio_rustls::rustls::pki_types::PrivateKeyDer;

const DAY: Duration = Duration::from_secs(24 * 60 * 60);
/// As long as clients accept from a certificate that they do not know otherwise.
const LIFETIME: u32 = 820;

/// A fresh identity, signed by itself, for this machine's loopback names and the address listened on.
pub fn self_signed(listen: &str) -> anyhow::Result<Identity> {
    let key = KeyPair::generate().context("cannot make a private key")?;
    let certificate = parameters(listen)
        .and_then(|parameters| parameters.self_signed(&key))
        .context("cannot make a self-signed certificate")?;
    let key = PrivateKeyDer::try_from(key.serialize_der()).map_err(|error| anyhow!("cannot use the key: {error}"))?;
    Ok(Identity::new(vec![certificate.der().clone()], key))
}

fn parameters(listen: &str) -> Result<CertificateParams, rcgen::Error> {
    let mut parameters = CertificateParams::new(names(listen))?;
    let mut subject = DistinguishedName::new();
    subject.push(DnType::CommonName, "ferrosphere");
    subject.push(DnType::OrganizationName, "ferrosphere self-signed");
    parameters.distinguished_name = subject;
    // A day early, for clients whose clock is behind.
    let begin = SystemTime::now() - DAY;
    parameters.not_before = begin.into();
    parameters.not_after = (begin + DAY * LIFETIME).into();
    parameters.key_usages = vec![KeyUsagePurpose::DigitalSignature];
    parameters.extended_key_usages = vec![ExtendedKeyUsagePurpose::ServerAuth];
    Ok(parameters)
}

/// The names that clients may use: `localhost`, both loopback addresses, and the one listened on if it is one.
fn names(listen: &str) -> Vec<String> {
    let mut names = vec!["localhost".to_owned(), "127.0.0.1".to_owned(), "::1".to_owned()];
    let host = match listen.parse::<SocketAddr>() {
        Ok(address) if address.ip().is_unspecified() => None,
        Ok(address) => Some(address.ip().to_string()),
        Err(_) => listen.rsplit_once(':').map(|(host, _)| host.to_owned()),
    };
    names.extend(host.filter(|host| !names.contains(host)));
    names
}

/// The digests by which clients know a certificate.
pub struct Thumbprints {
    /// What vSphere itself calls the thumbprint.
    pub sha1: String,
    /// What newer clients ask for.
    pub sha256: String,
}

impl Thumbprints {
    /// The thumbprints of a certificate in DER.
    pub fn of(certificate: &[u8]) -> Self {
        Self { sha1: thumbprint(&SHA1_FOR_LEGACY_USE_ONLY, certificate), sha256: thumbprint(&SHA256, certificate) }
    }
}

/// Pairs of upper-case hexadecimal digits with colons between them.
fn thumbprint(algorithm: &'static Algorithm, certificate: &[u8]) -> String {
    let digest = digest::digest(algorithm, certificate);
    let pairs: Vec<String> = digest.as_ref().iter().map(|byte| format!("{byte:02X}")).collect();
    pairs.join(":")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_address_listened_on_is_among_the_names_once() {
        assert_eq!(names("127.0.0.1:8989"), ["localhost", "127.0.0.1", "::1"]);
        assert_eq!(names("0.0.0.0:8989"), ["localhost", "127.0.0.1", "::1"]);
        assert_eq!(names("[::1]:1"), ["localhost", "127.0.0.1", "::1"]);
        assert_eq!(names("10.1.2.3:443"), ["localhost", "127.0.0.1", "::1", "10.1.2.3"]);
        assert_eq!(names("vcenter.lab:443"), ["localhost", "127.0.0.1", "::1", "vcenter.lab"]);
    }

    #[test]
    fn a_thumbprint_reads_as_clients_write_it() {
        let thumbprints = Thumbprints::of(b"abc");
        assert_eq!(thumbprints.sha1, "A9:99:3E:36:47:06:81:6A:BA:3E:25:71:78:50:C2:6C:9C:D0:D8:9D");
        assert!(thumbprints.sha256.starts_with("BA:78:16:BF:") && thumbprints.sha256.len() == 95);
    }

    #[test]
    fn two_starts_have_different_certificates() {
        let make = || self_signed("127.0.0.1:0").expect("a certificate");
        assert_ne!(make().certificate(), make().certificate());
    }
}
