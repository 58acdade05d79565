//! How a subcommand that is a client reaches its server: the arguments, and what the environment adds.

use std::env;
use std::io::Read;
use std::path::{Path, PathBuf};
use std::time::Duration;

use anyhow::{Context, bail};
use clap::Args;
use client::{Address, Client, Protocol};

/// Where the server is and who logs in. What is not said here is taken from govc's variables.
#[derive(Debug, Args)]
#[command(next_help_heading = "Connection")]
pub struct Connection {
    /// The server: https://user@host/sdk, host:8989, user@host.
    #[arg(short, long, env = "GOVC_URL", hide_env_values = true, value_name = "URL")]
    url: String,
    /// Who logs in, if the URL does not say.
    #[arg(long, env = "GOVC_USERNAME", value_name = "NAME")]
    username: Option<String>,
    /// Read the password from this file, or from standard input if it is `-`. Without it, it is the variable
    /// FERROSPHERE_PASSWORD or GOVC_PASSWORD, or what the URL says.
    #[arg(long, value_name = "FILE")]
    password_file: Option<PathBuf>,
    /// Trust any certificate, as GOVC_INSECURE=1 does: for labs only.
    #[arg(short = 'k', long, conflicts_with_all = ["thumbprint", "ca_file"])]
    insecure: bool,
    /// Trust the certificate with this SHA-1 or SHA-256 thumbprint.
    #[arg(long, value_name = "DIGITS", conflicts_with = "ca_file")]
    thumbprint: Option<String>,
    /// Trust the authorities in this PEM file instead of the system's.
    #[arg(long, env = "GOVC_TLS_CA_CERTS", value_name = "FILE")]
    ca_file: Option<PathBuf>,
    /// Speak SOAP, which every server does (the default).
    #[arg(long, conflicts_with = "vijson")]
    soap: bool,
    /// Speak VI/JSON, which vCenter does since 8.0.1.
    #[arg(long)]
    vijson: bool,
    /// How long a call may take.
    #[arg(long, value_name = "SECONDS", default_value_t = 60, value_parser = clap::value_parser!(u64).range(1..=3600))]
    timeout: u64,
}

impl Connection {
    /// Connects and logs in.
    ///
    /// # Errors
    /// If nobody is named who logs in, and everything that can go wrong with a server.
    pub async fn connect(&self) -> anyhow::Result<Client> {
        let (_, in_url) = Address::parse(&self.url)?;
        let (url_name, url_password) = in_url.map(|user| (user.username, user.password)).unzip();
        let username = self.username.clone().into_iter().chain(url_name).find(|name| !name.is_empty());
        let Some(username) = username else {
            bail!("nobody is named who logs in: say --username, set GOVC_USERNAME, or put user@ into the URL");
        };
        let given = match &self.password_file {
            Some(file) => Some(read_password(file)?),
            None => variable("FERROSPHERE_PASSWORD").or_else(|| variable("GOVC_PASSWORD")).or(url_password),
        };
        let Some(password) = given.filter(|password| !password.is_empty()) else {
            bail!(
                "there is no password for {username}: set FERROSPHERE_PASSWORD or GOVC_PASSWORD, or say --password-file"
            );
        };
        let protocol = if self.vijson { Protocol::ViJson } else { Protocol::Soap };
        let builder = Client::builder(&self.url).protocol(protocol).timeout(Duration::from_secs(self.timeout));
        let builder = match (&self.thumbprint, self.ca_file.as_ref().filter(|file| !file.as_os_str().is_empty())) {
            (Some(thumbprint), _) => builder.thumbprint(thumbprint),
            (None, _) if self.insecure || variable("GOVC_INSECURE").is_some_and(|v| is_true(&v)) => builder.insecure(),
            (None, Some(file)) => builder.authorities(file),
            (None, None) => builder,
        };
        builder.credentials(username, password).connect().await.map_err(advise)
    }
}

/// What helps with an error that most people meet once.
fn advise(error: client::Error) -> anyhow::Error {
    let advice = match &error {
        client::Error::Certificate { sha256, .. } => {
            format!("\n  if that is the server's: --thumbprint {sha256}")
        }
        client::Error::Unsupported { .. } => "\n  without --vijson, SOAP is spoken".to_owned(),
        _ => String::new(),
    };
    if advice.is_empty() { error.into() } else { anyhow::anyhow!("{error}{advice}") }
}

fn variable(name: &str) -> Option<String> {
    env::var(name).ok().filter(|value| !value.is_empty())
}

/// As Go reads a truth value.
fn is_true(text: &str) -> bool {
    matches!(text, "1" | "t" | "T" | "true" | "TRUE" | "True")
}

/// The first line of a file.
fn read_password(file: &Path) -> anyhow::Result<String> {
    let text = if file == Path::new("-") {
        let mut text = String::new();
        std::io::stdin().read_to_string(&mut text).map(|_| text)
    } else {
        std::fs::read_to_string(file)
    };
    let text = text.with_context(|| format!("cannot read the password from {}", file.display()))?;
    Ok(text.lines().next().unwrap_or_default().to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn truth_is_what_go_takes_for_it() {
        assert!(["1", "true", "True"].into_iter().all(is_true));
        assert!(!["", "0", "false", "yes", "no"].into_iter().any(is_true));
    }

    #[test]
    fn a_password_file_is_read_to_the_end_of_its_first_line() {
        let file = env::temp_dir().join(format!("ferrosphere-password-{}", std::process::id()));
        std::fs::write(&file, "se cret\r\nmore").unwrap();
        assert_eq!(read_password(&file).unwrap(), "se cret");
        std::fs::remove_file(&file).unwrap();
        assert!(read_password(&file).unwrap_err().to_string().contains("cannot read the password"));
    }
}
