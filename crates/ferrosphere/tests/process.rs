//! The binary as a process: what it prints, writes and answers, and how it ends.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpStream;
use std::path::PathBuf;
use std::process::{Child, Command, Output, Stdio};
use std::time::{Duration, Instant};

fn ferrosphere(arguments: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_ferrosphere"));
    command.args(arguments).env_remove("RUST_LOG").env_remove("FERROSPHERE_PASSWORD");
    command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
    command
}

/// A server on a free port, ended when dropped.
struct Server {
    process: Child,
    url: String,
}

impl Server {
    fn start(arguments: &[&str]) -> Self {
        let mut process = ferrosphere(&["serve", "--listen", "127.0.0.1:0"]).args(arguments).spawn().expect("it runs");
        let mut line = String::new();
        BufReader::new(process.stdout.as_mut().expect("a pipe")).read_line(&mut line).expect("a line");
        let url = line.strip_prefix("ready ").expect(&line).trim_end().to_owned();
        Self { process, url }
    }

    fn authority(&self) -> &str {
        self.url.split('/').nth(2).expect("a URL")
    }

    fn signal(&self, name: &str) {
        let process = self.process.id().to_string();
        assert!(Command::new("kill").args(["-s", name, &process]).status().expect("kill").success());
    }

    /// What is left on standard output and error, the exit code, and the time until it ended.
    fn end(mut self) -> (String, String, Option<i32>, Duration) {
        let started = Instant::now();
        let (mut out, mut err) = (String::new(), String::new());
        self.process.stdout.take().expect("a pipe").read_to_string(&mut out).expect("text");
        self.process.stderr.take().expect("a pipe").read_to_string(&mut err).expect("text");
        let code = self.process.wait().expect("it ends").code();
        (out, err, code, started.elapsed())
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        // It has ended already in most tests.
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

/// A name for a file of this test run.
fn scratch(name: &str) -> PathBuf {
    std::env::temp_dir().join(format!("ferrosphere-{}-{name}", std::process::id()))
}

fn refused(arguments: &[&str]) -> (Option<i32>, String) {
    let Output { status, stdout, stderr } = ferrosphere(arguments).output().expect("it runs");
    assert!(stdout.is_empty(), "nothing is announced");
    (status.code(), String::from_utf8(stderr).expect("text"))
}

#[test]
fn it_says_ready_answers_and_ends_with_success() {
    for signal in ["TERM", "INT"] {
        let server = Server::start(&["--no-tls"]);
        assert!(server.url.starts_with("http://127.0.0.1:") && server.url.ends_with("/sdk"), "{}", server.url);
        let mut client = TcpStream::connect(server.authority()).expect("it accepts");
        client.write_all(b"GET /healthz HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n").expect("it reads");
        let mut reply = String::new();
        client.read_to_string(&mut reply).expect("a reply");
        assert!(reply.starts_with("HTTP/1.1 200 OK\r\n"), "{reply}");
        server.signal(signal);
        let (out, _, code, took) = server.end();
        assert_eq!((out.as_str(), code), ("", Some(0)), "after SIG{signal}");
        assert!(took < Duration::from_secs(2), "{took:?}");
    }
}

#[test]
fn it_speaks_https_by_default() {
    let server = Server::start(&[]);
    assert!(server.url.starts_with("https://127.0.0.1:"), "{}", server.url);
}

#[test]
fn the_env_file_is_there_once_it_is_ready() {
    let file = scratch("env");
    let server = Server::start(&["--username", "me", "--password", "a b", "-E", file.to_str().expect("a name")]);
    let expected =
        format!("export GOVC_URL=https://me:a%20b@{}/sdk GOVC_SIM_PID={}\n", server.authority(), server.process.id());
    assert_eq!(std::fs::read_to_string(&file).expect("a file"), expected);
    std::fs::remove_file(&file).expect("it was there");
}

#[test]
fn the_env_file_may_be_a_named_pipe() {
    let pipe = scratch("fifo");
    assert!(Command::new("mkfifo").arg(&pipe).status().expect("mkfifo").success());
    let server = Server::start(&["--no-tls", "--env-file", pipe.to_str().expect("a name")]);
    let line = std::fs::read_to_string(&pipe).expect("a line");
    assert!(line.starts_with(&format!("export GOVC_URL=http://user:pass@{}/sdk ", server.authority())), "{line}");
    std::fs::remove_file(&pipe).expect("it was there");
}

#[test]
fn a_named_pipe_that_nobody_reads_does_not_hold_it() {
    let pipe = scratch("fifo-unread");
    assert!(Command::new("mkfifo").arg(&pipe).status().expect("mkfifo").success());
    let server = Server::start(&["--no-tls", "--env-file", pipe.to_str().expect("a name")]);
    server.signal("TERM");
    let (_, _, code, took) = server.end();
    assert_eq!(code, Some(0));
    assert!(took < Duration::from_secs(2), "{took:?}");
    std::fs::remove_file(&pipe).expect("it was there");
}

#[test]
fn the_log_shows_no_password_even_at_its_finest() {
    let server = Server::start(&["--username", "me", "--password", "hunter2", "--log", "trace"]);
    server.signal("TERM");
    let (_, log, code, _) = server.end();
    assert_eq!(code, Some(0));
    assert!(log.contains("serving") && !log.contains("hunter2"), "{log}");
}

#[test]
fn what_hinders_the_start_is_said_with_status_1() {
    let server = Server::start(&["--no-tls"]);
    let (code, error) = refused(&["serve", "--listen", server.authority()]);
    assert_eq!(code, Some(1));
    assert!(error.contains(&format!("cannot listen on {}", server.authority())), "{error}");
    assert!(error.contains("in use") && error.contains("--listen"), "{error}");

    let (code, error) = refused(&["serve", "--tls-cert", "/nowhere/c.pem", "--tls-key", "/nowhere/k.pem"]);
    assert_eq!(code, Some(1));
    assert!(error.contains("/nowhere/c.pem") && error.contains("--tls-cert"), "{error}");

    let (code, error) = refused(&["serve", "--listen", "127.0.0.1:0", "--env-file", "/nowhere/env"]);
    assert_eq!(code, Some(1));
    assert!(error.contains("/nowhere/env"), "{error}");

    let (code, error) = refused(&["serve", "--log", "server=loud"]);
    assert_eq!(code, Some(1));
    assert!(error.contains("not a log filter"), "{error}");
}

#[test]
fn wrong_usage_is_status_2() {
    assert_eq!(refused(&["serve", "--vm", "many"]).0, Some(2));
    assert_eq!(refused(&["surf"]).0, Some(2));
    assert_eq!(refused(&[]).0, Some(2));
}
