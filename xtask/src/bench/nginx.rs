//! Small reads beside nginx, which serves the bytes of the same reply from a file: what the kernel and the client allow.

use super::client::Client;
use super::guard::Guarded;
use super::reads::{CONNECTIONS, small_reads, small_request};
use super::run::Bench;
use super::server::{Scratch, Server, Side};
use super::table::Figure;
use super::wire::{Connection, Endpoint, block_on, get};
use super::{Scale, load, machine};
use anyhow::{Context, Result, bail, ensure};
use std::fs;
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::path::Path;
use std::process::{Command, Stdio};
use std::thread;
use std::time::{Duration, Instant};

/// How long it may take to listen.
const PATIENCE: Duration = Duration::from_secs(10);

/// The file that is served.
const FILE: &str = "reply";

/// Both in turns.
pub fn measure(bench: &mut Bench, ours: &Server, scale: &Scale) {
    println!("    nginx");
    let Some(program) = machine::on_path("nginx") else {
        bench.table.gap("small reads beside nginx: there is no nginx on PATH or in /usr/sbin".to_owned());
        return;
    };
    if let Err(error) = block_on(rounds(bench, ours, &program, scale)) {
        bench.failed(Side::Ours, "small reads beside nginx", &error);
    }
}

async fn rounds(bench: &mut Bench, ours: &Server, program: &Path, scale: &Scale) -> Result<()> {
    let mut client = Client::log_in(ours).await?;
    let request = small_request(&mut client).await?;
    let reply = client.keep(&request).await?;
    let nginx = Nginx::start(program, &reply)?;
    let served = Connection::open(nginx.endpoint).await?.ask(&get(&format!("/{FILE}")), true).await?;
    ensure!(served.body == reply, "nginx serves something else");
    for _ in 0..scale.rounds {
        for connections in CONNECTIONS {
            let load = small_reads(ours, &client, &request, connections, scale).await?;
            bench.table.add(Side::Ours, figures(connections, load));
            bench.table.add(Side::Peer, figures(connections, nginx.load(connections, scale).await?));
        }
    }
    Ok(())
}

fn figures(connections: usize, load: load::Load) -> Vec<Figure> {
    let what = format!("3 properties of one VM, {connections} connections, beside the same bytes from a file");
    let (rate, cpu) = (Figure::rate(&what, "/s", load.rate), format!("{what}: server CPU each"));
    vec![rate.beside("nginx"), Figure::cost(cpu, "µs", load.cpu).beside("nginx")]
}

/// A running nginx.
struct Nginx {
    process: Guarded,
    endpoint: Endpoint,
    // Dropped after the process: its file and settings.
    _scratch: Scratch,
}

impl Nginx {
    fn start(program: &Path, content: &[u8]) -> Result<Self> {
        let scratch = Scratch::new()?;
        let folder = &scratch.0;
        // Nobody else takes the port in the moment between.
        let address = TcpListener::bind("127.0.0.1:0")?.local_addr()?;
        fs::write(folder.join(FILE), content)?;
        fs::write(folder.join("nginx.conf"), settings(folder, address))?;
        let mut command = Command::new(program);
        command.arg("-p").arg(folder).arg("-c").arg(folder.join("nginx.conf")).stdout(Stdio::null());
        let mut process = Guarded::spawn(command.stderr(Stdio::null()))?;
        let begin = Instant::now();
        while TcpStream::connect(address).is_err() {
            let log = || fs::read_to_string(folder.join("error.log")).unwrap_or_default();
            if process.ended() || begin.elapsed() > PATIENCE {
                bail!("nginx does not listen: {}", log().trim());
            }
            thread::sleep(Duration::from_millis(5));
        }
        Ok(Self { process, endpoint: Endpoint { address, tls: false }, _scratch: scratch })
    }

    async fn load(&self, connections: usize, scale: &Scale) -> Result<load::Load> {
        let request = get(&format!("/{FILE}"));
        let mut clients = Vec::with_capacity(connections);
        for _ in 0..connections {
            clients.push(Connection::open(self.endpoint).await.context("nginx does not answer")?);
        }
        let once = async |connection: &mut Connection| {
            let reply = connection.ask(&request, false).await?;
            ensure!(reply.status == 200, "nginx answers with status {}", reply.status);
            Ok(1)
        };
        load::run(self.process.id(), clients, scale.time, once).await
    }
}

/// As fast as it can: one process for each processor, the file kept open, nothing logged.
fn settings(folder: &Path, address: SocketAddr) -> String {
    let folder = folder.display();
    format!(
        "daemon off; worker_processes auto; pid {folder}/pid; error_log {folder}/error.log;
events {{ worker_connections 4096; }}
http {{
  access_log off; sendfile on; tcp_nopush on; open_file_cache max=16; keepalive_requests 100000000;
  client_body_temp_path {folder}; proxy_temp_path {folder}; fastcgi_temp_path {folder};
  uwsgi_temp_path {folder}; scgi_temp_path {folder}; default_type text/xml;
  server {{ listen {address}; root {folder}; }}
}}
"
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_settings_name_the_address_and_stay_in_the_folder() {
        let text = settings(Path::new("/somewhere"), ([127, 0, 0, 1], 81).into());
        assert!(text.contains("listen 127.0.0.1:81;") && text.contains("root /somewhere;"), "{text}");
        assert!(!text.contains("/var"), "{text}");
    }
}
