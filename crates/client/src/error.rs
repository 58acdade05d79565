//! What can go wrong between a client and a server, and what to do about it.

use std::{fmt, time::Duration};

use vim25::{DataType, DecodeError, Obj, Str, cast, path::PathError, types};

use crate::Thumbprint;

/// Why a call failed.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// The address is not one of a vSphere endpoint.
    #[error("{url:?} is not an address of a vSphere endpoint: {reason}")]
    Address {
        /// The address without its password.
        url: String,
        /// What is wrong with it.
        reason: &'static str,
    },
    /// A setting of the client cannot be used.
    #[error("{0}")]
    Setting(String),
    /// No connection came about: the name is unknown, nobody listens, or it is not TLS.
    #[error("cannot connect to {address}: {reason}")]
    Connect {
        /// Host and port.
        address: String,
        /// What the system says.
        reason: String,
    },
    /// The server's certificate is not trusted. Whoever knows the server can compare the thumbprint and trust it.
    #[error("the certificate of {address} is not trusted: {reason}; its thumbprint is {sha256} (SHA-1 {sha1})")]
    Certificate {
        /// Host and port.
        address: String,
        /// Why.
        reason: String,
        /// The SHA-256 digest of the certificate that the server showed.
        sha256: Thumbprint,
        /// The SHA-1 digest of the same, which vSphere itself calls the thumbprint.
        sha1: Thumbprint,
    },
    /// The connection broke before the answer was complete. Whether the call took effect is not known.
    #[error("the connection to {address} broke: {reason}")]
    Broken {
        /// Host and port.
        address: String,
        /// What the system says.
        reason: String,
    },
    /// No complete answer within the time that a call may take. Whether the call took effect is not known.
    #[error("no answer from {address} within {} s", .after.as_secs_f32())]
    Timeout {
        /// Host and port.
        address: String,
        /// The time.
        after: Duration,
    },
    /// The answer is larger than the client takes.
    #[error("the answer of {address} is larger than {limit} bytes")]
    TooLarge {
        /// Host and port.
        address: String,
        /// The limit.
        limit: usize,
    },
    /// An answer that is not one of the vSphere API: mostly a proxy's, or another service at this address.
    #[error("{address} answered {what} with status {status}: {excerpt}")]
    Http {
        /// Host and port.
        address: String,
        /// The method that was called, or the document that was asked for.
        what: String,
        /// The HTTP status.
        status: u16,
        /// The beginning of the body.
        excerpt: String,
    },
    /// The server refused the call, or the task failed.
    #[error(transparent)]
    Fault(Box<Fault>),
    /// The answer is not what the method returns.
    #[error("cannot read the answer to {method}")]
    Decode {
        /// The method.
        method: &'static str,
        /// What is wrong where.
        source: DecodeError,
    },
    /// A property path that the type does not have, or that a typed object has no place for.
    #[error(transparent)]
    Path(#[from] PathError),
    /// The server speaks no version of the API that this client knows, or does not offer the protocol asked for.
    #[error("{address} cannot be spoken to: {reason}")]
    Unsupported {
        /// Host and port.
        address: String,
        /// What is missing.
        reason: String,
    },
}

/// A fault of the API: what a server answers instead of a result, or what a task ends with.
#[derive(Debug, Clone)]
pub struct Fault {
    /// The method that failed; of a task that failed, its description id, for example `VirtualMachine.powerOn`.
    pub method: Str,
    /// The fault; none if the server named a type that this client does not know.
    pub fault: Option<Obj<types::MethodFault>>,
    /// The message for people; may be empty.
    pub message: Str,
}

impl Fault {
    /// The wire name of the fault's type, `fault` if it is not known.
    pub fn name(&self) -> &'static str {
        self.fault.as_ref().map_or("fault", |fault| fault.shared().descriptor().name)
    }
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.method, self.name())?;
        match self.message.trim() {
            "" => Ok(()),
            message => write!(f, ": {message}"),
        }
    }
}

impl std::error::Error for Fault {}

impl Error {
    /// The fault, if this is one of type `T` or a subtype.
    ///
    /// ```
    /// use client::Error;
    /// use vim25::types::InvalidLogin;
    ///
    /// fn wrong_password(error: &Error) -> bool {
    ///     error.fault::<InvalidLogin>().is_some()
    /// }
    /// # let _ = wrong_password;
    /// ```
    pub fn fault<T: DataType>(&self) -> Option<&T> {
        match self {
            Error::Fault(fault) => cast(&**fault.fault.as_ref()?.shared()),
            _ => None,
        }
    }

    /// Whether the session is not, or no longer, logged in.
    pub fn is_not_authenticated(&self) -> bool {
        self.fault::<types::NotAuthenticated>().is_some()
    }

    /// Whether the object that was called is gone.
    pub fn is_gone(&self) -> bool {
        self.fault::<types::ManagedObjectNotFound>().is_some()
    }
}

/// The beginning of a body that nobody understands, in one line.
pub(crate) fn excerpt(body: &[u8]) -> String {
    const MOST: usize = 200;
    let text = String::from_utf8_lossy(&body[..body.len().min(4 * MOST)]);
    let line = text.split_whitespace().collect::<Vec<_>>().join(" ");
    let shown: String = line.chars().filter(|c| !c.is_control()).take(MOST).collect();
    if shown.is_empty() { "(no text)".to_owned() } else { shown }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn fault(message: &str) -> Error {
        let fault = Some(types::InvalidLogin::default().into());
        Error::Fault(Box::new(Fault { method: "Login".into(), fault, message: message.into() }))
    }

    #[test]
    fn a_fault_says_method_type_and_message() {
        assert_eq!(fault("Wrong password.").to_string(), "Login: InvalidLogin: Wrong password.");
        assert_eq!(fault("  ").to_string(), "Login: InvalidLogin");
    }

    #[test]
    fn a_fault_is_found_by_its_type_and_by_its_bases() {
        assert!(fault("").fault::<types::InvalidLogin>().is_some());
        assert!(fault("").fault::<types::VimFault>().is_some());
        assert!(fault("").fault::<types::NotAuthenticated>().is_none());
    }

    #[test]
    fn a_strange_body_is_shown_in_one_short_line() {
        assert_eq!(excerpt(b"<html>\n  502\x07 Bad Gateway\n</html>"), "<html> 502 Bad Gateway </html>");
        assert_eq!(excerpt(&[b'x'; 5000]).len(), 200);
        assert_eq!(excerpt(b" \n"), "(no text)");
        assert!(!excerpt(&[0xff; 9]).is_empty());
    }
}
