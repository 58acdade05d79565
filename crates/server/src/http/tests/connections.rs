//! Connections: reuse, time limits, numbers, clients that vanish, services that panic.

use super::*;

#[tokio::test]
async fn a_connection_serves_one_request_after_another() {
    let server = Server::start(Limits::default()).await;
    let mut client = server.client().await;
    for n in 0..3 {
        let reply = client.get(&format!("/{n}?a=b%20c")).await;
        assert_eq!(reply.text(), format!("/{n} Some(\"a=b%20c\") secure=false"));
    }
}

#[tokio::test]
async fn a_panicking_service_answers_500_and_the_connection_lives_on() {
    let server = Server::start(Limits::default()).await;
    let mut client = server.client().await;
    let reply = client.get("/panic").await;
    assert_eq!(reply.status, 500);
    assert!(!reply.text().contains("broken"), "the panic's words stay in the log");
    assert_eq!(client.get("/").await.status, 200);
    assert_eq!(server.client().await.get("/").await.status, 200);
}

#[tokio::test]
async fn when_a_client_vanishes_its_call_is_dropped() {
    let server = Server::start(Limits::default()).await;
    let mut client = server.client().await;
    client.send("GET /forever HTTP/1.1\r\nhost: x\r\n\r\n").await;
    server.until_running(1).await;
    drop(client);
    server.until(|probe| probe.dropped.load(Ordering::SeqCst) == 1).await;
}

#[tokio::test]
async fn a_long_poll_outlives_every_idle_limit() {
    let short = Duration::from_millis(100);
    let server = Server::start(Limits { head: short, idle: short, idle_when_full: short, ..Limits::default() }).await;
    let mut client = server.client().await;
    assert_eq!(client.get("/nap").await.text(), "rested");
}

#[tokio::test]
async fn a_connection_that_never_asks_is_closed() {
    let server = Server::start(Limits { head: Duration::from_millis(200), ..Limits::default() }).await;
    let mut silent = server.client().await;
    let mut dribbling = server.client().await;
    dribbling.send("GET / HTTP/1.1\r\nho").await;
    assert!(silent.until_closed().await < Duration::from_secs(5));
    assert!(dribbling.until_closed().await < Duration::from_secs(5));
}

#[tokio::test]
async fn a_connection_may_pause_between_requests_but_not_within_a_head() {
    let server = Server::start(Limits { head: Duration::from_millis(200), ..Limits::default() }).await;
    let mut client = server.client().await;
    assert_eq!(client.get("/").await.status, 200);
    sleep(Duration::from_millis(600)).await;
    assert_eq!(client.get("/").await.status, 200);
    client.send("GET / HT").await;
    assert!(client.until_closed().await < Duration::from_secs(5));
}

#[tokio::test]
async fn an_idle_connection_is_closed_in_the_end() {
    let server = Server::start(Limits { idle: Duration::from_millis(200), ..Limits::default() }).await;
    let mut client = server.client().await;
    assert_eq!(client.get("/").await.status, 200);
    assert!(client.until_closed().await < Duration::from_secs(5));
}

#[tokio::test]
async fn when_all_connections_are_taken_idle_ones_make_room_and_busy_ones_stay() {
    let server =
        Server::start(Limits { connections: 2, idle_when_full: Duration::from_millis(100), ..Limits::default() }).await;
    let mut busy = server.client().await;
    busy.send("GET /forever HTTP/1.1\r\nhost: x\r\n\r\n").await;
    let mut idle = server.client().await;
    assert_eq!(idle.get("/").await.status, 200);
    server.until_running(1).await;
    let mut third = server.client().await;
    assert_eq!(third.get("/").await.status, 200);
    assert!(idle.reply().await.is_none());
    assert_eq!(server.probe.dropped.load(Ordering::SeqCst), 0);
}

#[tokio::test]
async fn a_client_that_does_not_read_its_reply_is_let_go() {
    let server = Server::start(Limits { write_stall: Duration::from_millis(300), ..Limits::default() }).await;
    let mut client = server.client().await;
    client.send("GET /huge HTTP/1.1\r\nhost: x\r\n\r\n").await;
    sleep(Duration::from_millis(1500)).await;
    let mut received = Vec::new();
    let end = timeout(PATIENCE, client.0.read_to_end(&mut received)).await.expect("it ends");
    assert!(end.is_err() || received.len() < 64 << 20, "the reply was cut off");
    assert_eq!(server.client().await.get("/").await.status, 200);
}

#[tokio::test]
async fn what_is_not_http_is_400_and_an_endless_head_431() {
    let server = Server::start(Limits::default()).await;
    let mut client = server.client().await;
    client.send("\u{16}\u{3}\u{1} not http\r\n\r\n").await;
    assert_eq!(client.reply().await.expect("a reply").status, 400);
    let mut client = server.client().await;
    client.send(format!("GET / HTTP/1.1\r\nx: {}\r\n\r\n", "y".repeat(60_000))).await;
    assert_eq!(client.reply().await.expect("a reply").status, 200);
    let mut client = server.client().await;
    client.send(format!("GET / HTTP/1.1\r\nx: {}", "y".repeat(70_000))).await;
    assert_eq!(client.reply().await.expect("a reply").status, 431);
}

#[tokio::test]
async fn an_address_in_use_says_which() {
    let server = Server::start(Limits::default()).await;
    let taken = server.address.to_string();
    let error = Listener::bind(&taken, None, Limits::default()).await.expect_err("taken");
    assert_eq!(error.to_string(), format!("cannot listen on {taken}"));
}
