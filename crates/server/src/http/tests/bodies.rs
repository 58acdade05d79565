//! Bodies in both directions: sizes, encodings, times.

use std::io::Read;

use super::*;

const GZIP: &str = "content-encoding: gzip\r\n";

fn small() -> Limits {
    Limits { body_bytes: 100_000, body: Duration::from_millis(300), ..Limits::default() }
}

#[tokio::test]
async fn a_body_arrives_as_sent() {
    let server = Server::start(small()).await;
    let body: Vec<u8> = (0..100_000_u32).map(|n| (n * 7) as u8).collect();
    let reply = server.client().await.ask("POST", "/echo", "", &body).await;
    assert_eq!((reply.status, reply.body), (200, body));
}

#[tokio::test]
async fn a_chunked_body_arrives_as_one() {
    let server = Server::start(small()).await;
    let mut client = server.client().await;
    client.send("POST /echo HTTP/1.1\r\nhost: x\r\ntransfer-encoding: chunked\r\n\r\n3\r\nabc\r\n").await;
    client.send("4\r\ndefg\r\n0\r\n\r\n").await;
    assert_eq!(client.reply().await.expect("a reply").text(), "abcdefg");
}

#[tokio::test]
async fn a_body_of_stated_excess_is_413_and_the_server_goes_on() {
    let server = Server::start(small()).await;
    let reply = server.client().await.ask("POST", "/echo", "", &[b'x'; 100_001]).await;
    assert_eq!((reply.status, reply.text()), (413, "the request body is larger than 100000 bytes\n"));
    assert_eq!(server.client().await.get("/").await.status, 200);
}

#[tokio::test]
async fn a_client_that_expects_continue_is_refused_before_it_sends() {
    let server = Server::start(small()).await;
    let mut client = server.client().await;
    client.send("POST /echo HTTP/1.1\r\nhost: x\r\ncontent-length: 999999\r\nexpect: 100-continue\r\n\r\n").await;
    assert_eq!(client.reply().await.expect("a reply").status, 413);
}

#[tokio::test]
async fn a_chunked_body_of_unstated_excess_is_413() {
    let server = Server::start(small()).await;
    let mut client = server.client().await;
    client.send("POST /echo HTTP/1.1\r\nhost: x\r\ntransfer-encoding: chunked\r\n\r\n").await;
    for _ in 0..11 {
        client.send(format!("2710\r\n{}\r\n", "x".repeat(10_000))).await;
    }
    client.send("0\r\n\r\n").await;
    assert_eq!(client.reply().await.expect("a reply").status, 413);
}

#[tokio::test]
async fn a_body_that_does_not_arrive_is_408_and_hurts_nobody() {
    let server = Server::start(small()).await;
    let mut slow = server.client().await;
    slow.send("POST /echo HTTP/1.1\r\nhost: x\r\ncontent-length: 10\r\n\r\nabc").await;
    assert_eq!(server.client().await.get("/").await.status, 200);
    assert_eq!(slow.reply().await.expect("a reply").status, 408);
    slow.until_closed().await;
}

#[tokio::test]
async fn a_compressed_body_reaches_the_service_plain() {
    let server = Server::start(small()).await;
    let plain = b"<soapenv:Envelope/>".repeat(4000);
    let reply = server.client().await.ask("POST", "/echo", GZIP, &gzip(&plain)).await;
    assert_eq!((reply.status, reply.body), (200, plain));
}

#[tokio::test]
async fn a_zip_bomb_is_413() {
    let server = Server::start(Limits { body_bytes: 1 << 20, ..Limits::default() }).await;
    let bomb = gzip(&vec![0; 32 << 20]);
    assert!(bomb.len() < 1 << 20);
    let reply = server.client().await.ask("POST", "/length", GZIP, &bomb).await;
    assert_eq!(reply.status, 413);
}

#[tokio::test]
async fn bytes_that_are_not_gzip_are_400_and_other_codings_415() {
    let server = Server::start(small()).await;
    let mut client = server.client().await;
    assert_eq!(client.ask("POST", "/echo", GZIP, b"not gzip").await.status, 400);
    let whole = gzip(b"hello");
    assert_eq!(client.ask("POST", "/echo", GZIP, &whole[..whole.len() - 4]).await.status, 400);
    let reply = client.ask("POST", "/echo", "content-encoding: br\r\n", b"x").await;
    assert_eq!((reply.status, reply.header("accept-encoding")), (415, Some("gzip")));
    let twice = format!("{GZIP}{GZIP}");
    let reply = client.ask("POST", "/echo", &twice, &whole).await;
    assert_eq!(reply.status, 415);
}

#[tokio::test]
async fn bodies_beyond_the_common_room_are_503_until_there_is_room_again() {
    let server = Server::start(Limits { buffered_bytes: 256 * 1024, ..Limits::default() }).await;
    let body = vec![b'x'; 200 * 1024];
    let mut holder = server.client().await;
    holder.send(format!("POST /forever HTTP/1.1\r\nhost: x\r\ncontent-length: {}\r\n\r\n", body.len())).await;
    holder.send(&body).await;
    server.until_running(1).await;
    let reply = server.client().await.ask("POST", "/length", "", &body).await;
    assert_eq!((reply.status, reply.header("retry-after")), (503, Some("1")));
    assert_eq!(server.client().await.ask("POST", "/length", "", b"small").await.text(), "5");
    drop(holder);
    server.until_running(0).await;
    assert_eq!(server.client().await.ask("POST", "/length", "", &body).await.text(), "204800");
}

#[tokio::test]
async fn a_large_reply_is_compressed_when_asked_for() {
    let server = Server::start(Limits::default()).await;
    let mut client = server.client().await;
    let plain = client.get("/text").await;
    assert_eq!((plain.header("content-encoding"), plain.header("vary")), (None, Some("accept-encoding")));
    let packed = client.ask("GET", "/text", "accept-encoding: gzip, deflate\r\n", b"").await;
    assert_eq!(packed.header("content-encoding"), Some("gzip"));
    assert!(packed.body.len() * 10 < plain.body.len());
    let mut unpacked = Vec::new();
    flate2::read::GzDecoder::new(packed.body.as_slice()).read_to_end(&mut unpacked).expect("gzip");
    assert_eq!(unpacked, plain.body);
}

#[tokio::test]
async fn small_and_binary_replies_are_never_compressed() {
    let server = Server::start(Limits::default()).await;
    let mut client = server.client().await;
    let asked = "accept-encoding: gzip\r\n";
    assert_eq!(client.ask("GET", "/small", asked, b"").await.header("content-encoding"), None);
    assert_eq!(client.ask("POST", "/echo", asked, &[b'x'; 5000]).await.header("content-encoding"), None);
}
