//! The server as a process, and sessions with it.

use std::io::{BufRead, BufReader};
use std::process::{Child, Command, Stdio};
use std::sync::Arc;
use std::time::{Duration, Instant};
use vim_rs::core::client::{Client, ClientBuilder, Error};

/// SIGTERM ends the server within this time.
const STOP: Duration = Duration::from_secs(2);

/// A running `ferrosphere serve` on a free port of the loopback interface; dropping it proves that it ends cleanly.
pub struct Server {
    process: Child,
    address: String,
}

impl Server {
    /// A server with the default datacenter.
    pub fn start() -> Self {
        Self::with(&[])
    }

    /// A server with more flags.
    pub fn with(flags: &[&str]) -> Self {
        let binary = std::env::var_os("FERROSPHERE_BIN").expect("FERROSPHERE_BIN names the server: run cargo xtask");
        let mut process = Command::new(binary)
            .args(["serve", "--listen", "127.0.0.1:0", "--log", "warn"])
            .args(flags)
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .spawn()
            .expect("the server starts");
        let mut line = String::new();
        let output = process.stdout.take().expect("its output is a pipe");
        BufReader::new(output).read_line(&mut line).expect("it writes text");
        let url = line.trim().strip_prefix("ready https://").unwrap_or_else(|| panic!("it said {line:?}"));
        let address = url.strip_suffix("/sdk").expect("the URL ends with /sdk").to_owned();
        Self { process, address }
    }

    /// A session of `user`.
    pub async fn connect(&self) -> Arc<Client> {
        self.connect_as("user", "pass").await.expect("login")
    }

    /// A session with these credentials.
    pub async fn connect_as(&self, user: &str, password: &str) -> Result<Arc<Client>, Error> {
        self.builder().basic_authn(user, password).build().await
    }

    /// What a client needs to know before it logs in.
    pub fn builder(&self) -> ClientBuilder {
        ClientBuilder::new(&self.address, http_client()).app_details("vim-rs-interop", "1.0")
    }

    fn end(&mut self) -> Option<bool> {
        let id = self.process.id().to_string();
        let sent = Command::new("kill").args(["-TERM", &id]).status().is_ok_and(|status| status.success());
        let deadline = Instant::now() + STOP;
        while sent && Instant::now() < deadline {
            if let Ok(Some(status)) = self.process.try_wait() {
                return Some(status.success());
            }
            std::thread::sleep(Duration::from_millis(10));
        }
        None
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        let ended = self.end();
        let _ = self.process.kill();
        let _ = self.process.wait();
        if !std::thread::panicking() {
            assert_eq!(ended, Some(true), "SIGTERM should end the server with status 0 within {STOP:?}");
        }
    }
}

/// The certificate of a test server is nobody's; everything else is the crate's default.
fn http_client() -> reqwest::Client {
    // Every test of the process installs it, the first one wins.
    let _ = rustls::crypto::ring::default_provider().install_default();
    let builder = reqwest::Client::builder().danger_accept_invalid_certs(true).no_proxy();
    builder.timeout(Duration::from_secs(60)).build().expect("an HTTP client")
}
