//! Large replies: written as the client takes them, and given up with a client that does not.

use std::io::Read;

use super::*;

/// More than all the buffers between server and client together.
const MUCH: usize = 200;
const MIB: usize = 1 << 20;

impl Client {
    async fn begin(&mut self, path: &str, headers: &str) {
        self.send(format!("GET {path} HTTP/1.1\r\nhost: x\r\n{headers}\r\n")).await;
    }

    /// The rest of a reply in chunks; none if it breaks off.
    async fn chunks(&mut self) -> Option<Vec<u8>> {
        let mut whole = Vec::new();
        loop {
            let mut line = Vec::new();
            while !line.ends_with(b"\r\n") {
                line.push(self.0.read_u8().await.ok()?);
            }
            let length = usize::from_str_radix(std::str::from_utf8(&line).ok()?.trim(), 16).ok()?;
            let start = whole.len();
            whole.resize(start + length + 2, 0);
            self.0.read_exact(&mut whole[start..]).await.ok()?;
            whole.truncate(start + length);
            if length == 0 {
                return Some(whole);
            }
        }
    }
}

fn expected(mib: usize) -> Vec<u8> {
    let mut whole = Vec::new();
    for n in 0..mib * LINES {
        whole.extend_from_slice(line(n).as_bytes());
    }
    whole
}

#[tokio::test]
async fn a_large_reply_arrives_whole() {
    let server = Server::start(Limits::default()).await;
    let mut client = server.client().await;
    for _ in 0..2 {
        client.begin("/large?2", "").await;
        let head = client.reply().await.expect("a reply");
        assert_eq!((head.status, head.header("transfer-encoding")), (200, Some("chunked")));
        assert!(client.chunks().await.expect("all of it") == expected(2));
    }
    server.until(|probe| probe.writing.load(Ordering::SeqCst) == 0).await;
}

#[tokio::test]
async fn a_reply_that_turns_out_small_states_its_length() {
    let server = Server::start(Limits::default()).await;
    let reply = server.client().await.get("/large?0").await;
    assert_eq!((reply.header("content-length"), reply.text()), (Some("4"), "end\n"));
}

#[tokio::test]
async fn a_large_reply_is_compressed_while_it_is_sent() {
    let server = Server::start(Limits::default()).await;
    let mut client = server.client().await;
    client.begin("/large?2", "accept-encoding: gzip\r\n").await;
    assert_eq!(client.reply().await.expect("a reply").header("content-encoding"), Some("gzip"));
    let packed = client.chunks().await.expect("all of it");
    let mut plain = Vec::new();
    flate2::read::GzDecoder::new(packed.as_slice()).read_to_end(&mut plain).expect("gzip");
    assert!(packed.len() * 4 < plain.len() && plain == expected(2));
}

#[tokio::test]
async fn no_more_is_written_than_the_client_takes() {
    let server = Server::start(Limits::default()).await;
    let mut client = server.client().await;
    client.begin(&format!("/large?{MUCH}"), "").await;
    client.reply().await.expect("a reply");
    sleep(Duration::from_millis(1500)).await;
    let written = server.probe.written.load(Ordering::SeqCst);
    assert!(written < MUCH * MIB / 4, "{written} bytes");
    assert_eq!(server.client().await.get("/").await.status, 200);
    assert!(client.chunks().await.expect("all of it").len() == MUCH * MIB);
}

#[tokio::test]
async fn when_a_client_vanishes_nothing_more_is_written() {
    let server = Server::start(Limits::default()).await;
    let mut client = server.client().await;
    client.begin(&format!("/large?{MUCH}"), "").await;
    client.reply().await.expect("a reply");
    assert_eq!(server.probe.writing.load(Ordering::SeqCst), 1);
    drop(client);
    server.until(|probe| probe.writing.load(Ordering::SeqCst) == 0).await;
    assert!(server.probe.written.load(Ordering::SeqCst) < MUCH * MIB / 4);
}

#[tokio::test]
async fn what_a_stalled_client_waits_for_is_given_up() {
    let server = Server::start(Limits { write_stall: Duration::from_millis(300), ..Limits::default() }).await;
    let mut client = server.client().await;
    client.begin(&format!("/large?{MUCH}"), "").await;
    client.reply().await.expect("a reply");
    server.until(|probe| probe.writing.load(Ordering::SeqCst) == 0).await;
    assert!(client.chunks().await.is_none(), "the reply breaks off");
}

#[tokio::test]
async fn a_client_that_dribbles_gets_no_more_than_the_time_for_a_reply() {
    let server = Server::start(Limits { reply: Duration::from_millis(800), ..Limits::default() }).await;
    let mut client = server.client().await;
    client.begin(&format!("/large?{MUCH}"), "").await;
    client.reply().await.expect("a reply");
    let dribble = async {
        let mut some = vec![0; 256 * 1024];
        while client.0.read_exact(&mut some).await.is_ok() {
            sleep(Duration::from_millis(20)).await;
        }
    };
    let started = Instant::now();
    timeout(PATIENCE, dribble).await.expect("the reply breaks off");
    assert!(started.elapsed() > Duration::from_millis(400));
    server.until(|probe| probe.writing.load(Ordering::SeqCst) == 0).await;
}

#[tokio::test]
async fn a_connection_whose_reply_is_under_way_does_not_count_as_idle() {
    let limits = Limits { connections: 1, idle_when_full: Duration::from_millis(100), ..Limits::default() };
    let server = Server::start(limits).await;
    let mut client = server.client().await;
    client.begin(&format!("/large?{MUCH}"), "").await;
    client.reply().await.expect("a reply");
    let mut other = server.client().await;
    other.begin("/", "").await;
    sleep(Duration::from_millis(2500)).await;
    assert!(client.chunks().await.expect("all of it").len() == MUCH * MIB);
    drop(client);
    assert_eq!(other.reply().await.expect("a reply").status, 200);
}

#[tokio::test]
async fn a_panic_in_the_middle_of_a_reply_ends_that_reply_only() {
    let server = Server::start(Limits::default()).await;
    let mut client = server.client().await;
    client.begin("/broken", "").await;
    client.reply().await.expect("a head");
    assert!(client.chunks().await.is_none());
    assert_eq!(server.client().await.get("/").await.status, 200);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn small_replies_come_between_the_pieces_of_large_ones() {
    let server = Server::start(Limits::default()).await;
    for _ in 0..12 {
        let mut client = server.client().await;
        client.begin("/endless", "").await;
        tokio::spawn(async move {
            let mut some = vec![0; 256 * 1024];
            while client.0.read_exact(&mut some).await.is_ok() {}
        });
    }
    server.until(|probe| probe.writing.load(Ordering::SeqCst) == 12).await;
    let mut client = server.client().await;
    let written = || server.probe.written.load(Ordering::SeqCst);
    let before = written();
    for _ in 0..50 {
        assert_eq!(client.get("/").await.status, 200);
    }
    let pieces = (written() - before) / (64 * 1024) / 50;
    // The twelve clients of large ones are among those who take turns here.
    assert!(pieces < 16, "{pieces} pieces for each small reply");
}
