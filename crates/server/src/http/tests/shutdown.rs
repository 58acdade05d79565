//! The end of a server: in good order, and soon.

use super::*;

const TWO_SECONDS: Duration = Duration::from_secs(2);

#[tokio::test]
async fn a_server_without_requests_closes_at_once() {
    let server = Server::start(Limits::default()).await;
    let mut idle = server.client().await;
    assert_eq!(idle.get("/").await.status, 200);
    let _silent = server.client().await;
    let address = server.address;
    assert!(server.close().await < Duration::from_millis(500));
    assert!(idle.reply().await.is_none());
    assert!(TcpStream::connect(address).await.is_err());
}

#[tokio::test]
async fn a_running_request_is_still_answered() {
    let server = Server::start(Limits::default()).await;
    let mut client = server.client().await;
    client.send("GET /nap HTTP/1.1\r\nhost: x\r\n\r\n").await;
    server.until_running(1).await;
    let (took, reply) = tokio::join!(server.close(), client.reply());
    assert_eq!(reply.expect("a reply").text(), "rested");
    assert!(took < Duration::from_secs(1));
}

#[tokio::test]
async fn a_request_that_does_not_end_is_refused_in_time() {
    let server = Server::start(Limits::default()).await;
    let mut client = server.client().await;
    client.send("GET /forever HTTP/1.1\r\nhost: x\r\n\r\n").await;
    server.until_running(1).await;
    let (took, reply) = tokio::join!(server.close(), client.reply());
    let reply = reply.expect("a reply");
    assert_eq!((reply.status, reply.header("connection")), (503, Some("close")));
    assert!(took < TWO_SECONDS, "{took:?}");
}

#[tokio::test]
async fn a_client_that_stops_reading_does_not_hold_the_server() {
    let server = Server::start(Limits::default()).await;
    let mut client = server.client().await;
    client.send("GET /huge HTTP/1.1\r\nhost: x\r\n\r\n").await;
    assert_eq!(client.0.read_u8().await.expect("a reply begins"), b'H');
    assert!(server.close().await < TWO_SECONDS);
}
