//! The line that a shell reads to point govc at the server.

use std::fs::{File, OpenOptions};
use std::io::Write;
use std::os::unix::fs::{FileTypeExt, OpenOptionsExt};
use std::path::{Path, PathBuf};

use anyhow::Context;

use crate::settings::Account;

/// Writes `export GOVC_URL=… GOVC_SIM_PID=…` for a server at `scheme://authority/sdk`.
///
/// A named pipe is written from a thread, because opening it waits for its reader; a file is written before this
/// returns, and is readable by its owner only, for it holds the password.
///
/// # Errors
/// If the file cannot be written.
pub fn write(path: &Path, scheme: &str, authority: &str, account: Option<&Account>) -> anyhow::Result<()> {
    let line = line(scheme, authority, account);
    let is_pipe = path.metadata().is_ok_and(|metadata| metadata.file_type().is_fifo());
    if !is_pipe {
        return put(path, &line);
    }
    let path = PathBuf::from(path);
    std::thread::spawn(move || {
        if let Err(error) = put(&path, &line) {
            tracing::error!("{error:#}");
        }
    });
    Ok(())
}

fn put(path: &Path, line: &str) -> anyhow::Result<()> {
    let open = || OpenOptions::new().write(true).create(true).truncate(true).mode(0o600).open(path);
    open()
        .and_then(|mut file: File| file.write_all(line.as_bytes()))
        .with_context(|| format!("cannot write the environment file {}", path.display()))
}

fn line(scheme: &str, authority: &str, account: Option<&Account>) -> String {
    let (username, password) =
        account.map_or(("user", "pass"), |account| (account.username.as_str(), account.password.as_str()));
    let (username, password, process) = (escape(username), escape(password), std::process::id());
    format!("export GOVC_URL={scheme}://{username}:{password}@{authority}/sdk GOVC_SIM_PID={process}\n")
}

/// Percent-encodes all but the characters that mean nothing to URLs and shells.
fn escape(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    for byte in text.bytes() {
        match byte {
            b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'-' | b'.' | b'_' => escaped.push(byte.into()),
            _ => escaped.push_str(&format!("%{byte:02X}")),
        }
    }
    escaped
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_line_is_the_one_that_vcsims_users_read() {
        let process = std::process::id();
        let expected = format!("export GOVC_URL=https://user:pass@127.0.0.1:8989/sdk GOVC_SIM_PID={process}\n");
        assert_eq!(line("https", "127.0.0.1:8989", None), expected);
    }

    #[test]
    fn names_and_passwords_survive_url_and_shell() {
        let account = Account { username: "a@vsphere.local".to_owned(), password: "p:/ $'&ß".to_owned() };
        let line = line("http", "[::1]:80", Some(&account));
        assert!(line.contains("=http://a%40vsphere.local:p%3A%2F%20%24%27%26%C3%9F@[::1]:80/sdk "), "{line}");
    }
}
