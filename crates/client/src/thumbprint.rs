//! Digests by which people compare certificates.

use std::{fmt, str::FromStr};

use ring::digest::{SHA1_FOR_LEGACY_USE_ONLY, SHA256, digest};

use crate::Error;

/// The SHA-1 or SHA-256 digest of a certificate in DER.
///
/// ```
/// use client::Thumbprint;
///
/// let shown = "A9:99:3E:36:47:06:81:6A:BA:3E:25:71:78:50:C2:6C:9C:D0:D8:9D";
/// let thumbprint: Thumbprint = "a9993e364706816aba3e25717850c26c9cd0d89d".parse()?;
/// assert_eq!(thumbprint.to_string(), shown);
/// # Ok::<(), client::Error>(())
/// ```
#[derive(Clone, PartialEq, Eq)]
pub struct Thumbprint(Vec<u8>);

impl Thumbprint {
    /// The SHA-256 digest of a certificate in DER.
    pub fn sha256(certificate: &[u8]) -> Thumbprint {
        Thumbprint(digest(&SHA256, certificate).as_ref().to_vec())
    }

    /// The SHA-1 digest of a certificate in DER: what vSphere calls its thumbprint.
    pub fn sha1(certificate: &[u8]) -> Thumbprint {
        Thumbprint(digest(&SHA1_FOR_LEGACY_USE_ONLY, certificate).as_ref().to_vec())
    }

    /// Whether this is the digest of the certificate.
    pub fn is_of(&self, certificate: &[u8]) -> bool {
        *self == if self.0.len() == 20 { Self::sha1(certificate) } else { Self::sha256(certificate) }
    }
}

impl FromStr for Thumbprint {
    type Err = Error;

    /// Reads 40 or 64 hexadecimal digits, in either case, with or without colons or spaces between them.
    fn from_str(text: &str) -> Result<Thumbprint, Error> {
        let refuse = || {
            let hint = "a thumbprint has 40 (SHA-1) or 64 (SHA-256) hexadecimal digits";
            Error::Setting(format!("{text:?} is not a thumbprint: {hint}, with or without colons"))
        };
        let text = text.trim().trim_start_matches("SHA256:").trim_start_matches("SHA1:");
        let digits: Option<Vec<u8>> = text
            .chars()
            .filter(|c| !matches!(c, ':' | ' '))
            .map(|c| c.to_digit(16).and_then(|digit| u8::try_from(digit).ok()))
            .collect();
        let digits = digits.filter(|digits| matches!(digits.len(), 40 | 64)).ok_or_else(refuse)?;
        Ok(Thumbprint(digits.chunks_exact(2).map(|pair| pair[0] << 4 | pair[1]).collect()))
    }
}

impl fmt::Display for Thumbprint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (i, byte) in self.0.iter().enumerate() {
            let colon = if i == 0 { "" } else { ":" };
            write!(f, "{colon}{byte:02X}")?;
        }
        Ok(())
    }
}

impl fmt::Debug for Thumbprint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn both_digests_are_read_in_every_spelling() {
        for print in [Thumbprint::sha1(b"abc"), Thumbprint::sha256(b"abc")] {
            let text = print.to_string();
            for spelling in [text.clone(), text.replace(':', ""), text.to_lowercase(), text.replace(':', " ")] {
                let read: Thumbprint = spelling.parse().unwrap();
                assert_eq!(read, print);
                assert!(read.is_of(b"abc") && !read.is_of(b"abd"));
            }
        }
    }

    #[test]
    fn anything_else_is_refused_with_a_hint() {
        for text in ["", "A9", "zz", &"a".repeat(41), &"g".repeat(40), "ä"] {
            let error = text.parse::<Thumbprint>().expect_err(text).to_string();
            assert!(error.contains("SHA-256"), "{error}");
        }
    }
}
