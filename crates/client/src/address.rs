//! Where a server is: a URL, or what people write instead of one.

use std::fmt;

use percent_encoding::percent_decode_str;

use crate::Error;

/// The place of a vSphere endpoint: scheme, host, port and path.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Address {
    secure: bool,
    /// As in a URL: IPv6 in brackets, the port if it is not the scheme's own.
    authority: String,
    path: String,
}

/// A name and its password.
#[derive(Clone, PartialEq, Eq)]
pub struct Credentials {
    /// The user's name.
    pub username: String,
    /// The password; never shown.
    pub password: String,
}

impl fmt::Debug for Credentials {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Credentials").field("username", &self.username).finish_non_exhaustive()
    }
}

impl Address {
    /// Reads an address as govc does: `https://user:pass@host:443/sdk`, `host`, `user:pass@host`. Without a scheme it is
    /// https, without a path `/sdk`. What stands before an `@` comes back as the credentials, percent-decoded.
    ///
    /// # Errors
    /// [`Error::Address`] if there is no host, the scheme is another one, or a character may not stand in an address.
    pub fn parse(text: &str) -> Result<(Address, Option<Credentials>), Error> {
        let text = text.trim();
        let (scheme, rest) = text.split_once("://").unwrap_or(("https", text));
        let (before, path) = match rest.find(['/', '?', '#']) {
            Some(at) => rest.split_at(at),
            None => (rest, ""),
        };
        let (user, authority) = match before.rsplit_once('@') {
            Some((user, authority)) => (Some(user), authority),
            None => (None, before),
        };
        let wrong = |reason| Error::Address { url: format!("{scheme}://{authority}{path}"), reason };
        let secure = match scheme.to_ascii_lowercase().as_str() {
            "https" => true,
            "http" => false,
            _ => return Err(wrong("the scheme is http or https")),
        };
        check_authority(authority).map_err(wrong)?;
        let path = path.split(['?', '#']).next().unwrap_or("").trim_end_matches('/');
        let path = if path.is_empty() { "/sdk" } else { path };
        if path.bytes().any(|b| b <= b' ' || b >= 0x7f || b"\"<>\\^`{|}".contains(&b)) {
            return Err(wrong("a character in the path must be percent-encoded"));
        }
        let address = Address { secure, authority: authority.to_owned(), path: path.to_owned() };
        Ok((address, user.map(credentials)))
    }

    /// Host and port as in a URL.
    pub fn authority(&self) -> &str {
        &self.authority
    }

    /// Whether the connection is encrypted.
    pub fn is_secure(&self) -> bool {
        self.secure
    }

    /// The URL of the SOAP service.
    pub(crate) fn sdk(&self) -> String {
        format!("{}{}", self.root(), self.path)
    }

    /// The URL of the server itself, without a path.
    pub(crate) fn root(&self) -> String {
        format!("{}://{}", if self.secure { "https" } else { "http" }, self.authority)
    }
}

/// As a URL, without credentials.
impl fmt::Display for Address {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.sdk())
    }
}

fn check_authority(authority: &str) -> Result<(), &'static str> {
    let parsed: http::uri::Authority = authority.parse().map_err(|_| "there is no valid host in it")?;
    if parsed.host().is_empty() {
        return Err("there is no host in it");
    }
    let after_host = authority.strip_prefix(parsed.host()).unwrap_or("");
    match (after_host, parsed.port_u16()) {
        ("", _) | (_, Some(1..)) => Ok(()),
        _ => Err("the port is a number from 1 to 65535"),
    }
}

fn credentials(user: &str) -> Credentials {
    let decoded = |text: &str| percent_decode_str(text).decode_utf8_lossy().into_owned();
    let (username, password) = user.split_once(':').unwrap_or((user, ""));
    Credentials { username: decoded(username), password: decoded(password) }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn url(text: &str) -> String {
        Address::parse(text).unwrap().0.to_string()
    }

    fn user(text: &str) -> (String, String) {
        let user = Address::parse(text).unwrap().1.unwrap();
        (user.username, user.password)
    }

    #[test]
    fn what_is_left_out_is_what_everybody_uses() {
        assert_eq!(url("vcenter.example.com"), "https://vcenter.example.com/sdk");
        assert_eq!(url("host:8989"), "https://host:8989/sdk");
        assert_eq!(url("http://127.0.0.1:8989/"), "http://127.0.0.1:8989/sdk");
        assert_eq!(url("https://[::1]:443/other/sdk?x=1#y"), "https://[::1]:443/other/sdk");
        assert_eq!(url(" HTTPS://host/sdk/ "), "https://host/sdk");
    }

    #[test]
    fn credentials_are_what_stands_before_the_last_at() {
        assert_eq!(user("https://me:secret@host/sdk"), ("me".into(), "secret".into()));
        assert_eq!(user("root@vsphere.local:a:b@host"), ("root@vsphere.local".into(), "a:b".into()));
        assert_eq!(user("a%40b:p%3a%2f%20@host"), ("a@b".into(), "p:/ ".into()));
        assert_eq!(user("me@host"), ("me".into(), String::new()));
        assert!(Address::parse("host").unwrap().1.is_none());
    }

    #[test]
    fn what_is_no_address_is_refused_without_showing_the_password() {
        for text in
            ["", "https://", "ftp://host", "host:port", "host:0", "host:70000", "a b", "https://me:secret@", "h/a b"]
        {
            let error = Address::parse(text).expect_err(text).to_string();
            assert!(!error.contains("secret"), "{error}");
        }
    }

    #[test]
    fn credentials_do_not_show_the_password() {
        let user = Address::parse("me:secret@host").unwrap().1;
        assert!(!format!("{user:?}").contains("secret"));
    }
}
