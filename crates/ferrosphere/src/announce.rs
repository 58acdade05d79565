//! What a server says when it is ready: one line for programs, a hint for people.

use std::io::{self, IsTerminal, Write};
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};

use anyhow::Context;

use crate::certificate::Thumbprints;
use crate::settings::Account;

/// Where a server is reached, from this machine.
pub struct Place {
    /// `http` or `https`.
    pub scheme: &'static str,
    /// Address and port as they stand in a URL.
    pub authority: SocketAddr,
}

impl Place {
    /// The place of a server that listens on `address`. One that listens everywhere is reached by loopback.
    pub fn of(address: SocketAddr, secure: bool) -> Self {
        let ip = match address.ip() {
            IpAddr::V4(ip) if ip.is_unspecified() => Ipv4Addr::LOCALHOST.into(),
            IpAddr::V6(ip) if ip.is_unspecified() => Ipv6Addr::LOCALHOST.into(),
            ip => ip,
        };
        Self { scheme: if secure { "https" } else { "http" }, authority: SocketAddr::new(ip, address.port()) }
    }
}

/// Prints the one line `ready URL` on standard output and, if that is a terminal, a hint on standard error.
///
/// # Errors
/// If standard output cannot be written: whoever waits for the line would wait for ever.
pub fn ready(place: &Place, account: Option<&Account>, thumbprints: Option<&Thumbprints>) -> anyhow::Result<()> {
    let mut out = io::stdout().lock();
    writeln!(out, "ready {}://{}/sdk", place.scheme, place.authority)
        .and_then(|()| out.flush())
        .context("cannot write to standard output")?;
    if out.is_terminal() {
        // The hint is a courtesy; nobody depends on it.
        let _ = io::stderr().write_all(hint(place, account, thumbprints).as_bytes());
    }
    Ok(())
}

fn hint(place: &Place, account: Option<&Account>, thumbprints: Option<&Thumbprints>) -> String {
    let Place { scheme, authority } = place;
    let (host, port) = (authority.ip(), authority.port());
    let (user, password) = account.map_or(("user", "pass"), |account| (account.username.as_str(), "PASSWORD"));
    let who = if account.is_some() { "" } else { "   (any name and password will do)" };
    let connect = match *scheme {
        "https" => format!(
            "SmartConnect(host={:?}, port={port}, user={user:?}, pwd={password:?}, disableSslCertValidation=True)",
            host.to_string()
        ),
        _ => format!(
            "SmartConnect(protocol=\"http\", host={:?}, port={port}, user={user:?}, pwd={password:?})",
            host.to_string()
        ),
    };
    let certificate = thumbprints.map_or_else(String::new, |thumbprints| {
        format!("  certificate  SHA-1    {}\n               SHA-256  {}\n", thumbprints.sha1, thumbprints.sha256)
    });
    format!(
        "\n  govc         export GOVC_URL={scheme}://{authority}/sdk GOVC_INSECURE=1 GOVC_USERNAME={user} \
         GOVC_PASSWORD={password}{who}\n               govc ls\n  pyVmomi      from pyVim.connect import SmartConnect\n\
         \x20              si = {connect}\n{certificate}  Ctrl-C stops the server.\n\n"
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    fn place(address: &str, secure: bool) -> Place {
        Place::of(address.parse().expect("an address"), secure)
    }

    #[test]
    fn a_server_that_listens_everywhere_is_reached_by_loopback() {
        assert_eq!(place("0.0.0.0:80", false).authority.to_string(), "127.0.0.1:80");
        assert_eq!(place("[::]:80", false).authority.to_string(), "[::1]:80");
        assert_eq!(place("10.0.0.1:80", false).authority.to_string(), "10.0.0.1:80");
    }

    #[test]
    fn the_hint_never_shows_the_password() {
        let account = Account { username: "root".to_owned(), password: "hunter2".to_owned() };
        let hint = hint(&place("127.0.0.1:8989", true), Some(&account), None);
        assert!(hint.contains("GOVC_USERNAME=root") && !hint.contains("hunter2"), "{hint}");
    }
}
