//! Streams: host to guest, guest to host, guest to guest.

use tokio::io::AsyncWriteExt;
use vmci::{
    Port, Refusal,
    fabric::{Budget, Fabric, Limits},
    filter::{Action, Direction, Filter, Rule},
    reach::Generation,
    switch::Notice,
};

use super::bench::*;

#[tokio::test]
async fn a_host_program_talks_to_the_guest() {
    let bench = Bench::new();
    let _vm = bench.vm("vm-1", 100);
    let guest = bench.listener("vm-1/guest.sock_5000");
    let mut host = bench.connected("vm-1/host.sock", "CONNECT 5000\n").await;
    let (mut guest, _) = soon(guest.accept()).await.unwrap();
    host.write_all(b"ping\n").await.unwrap();
    assert_eq!(line(&mut guest).await, "ping\n");
    guest.write_all(b"pong\n").await.unwrap();
    assert_eq!(line(&mut host).await, "pong\n");
}

#[tokio::test]
async fn a_guest_program_talks_to_the_host_and_to_the_hypervisor() {
    let bench = Bench::new();
    let _vm = bench.vm("vm-1", 100);
    for (socket, connect) in [("host.sock_80", "CONNECT 2 80\n"), ("hypervisor.sock_976", "CONNECT 0 976\n")] {
        let listener = bench.listener(&format!("vm-1/{socket}"));
        let mut guest = bench.connected("vm-1/guest.sock", connect).await;
        let (mut service, _) = soon(listener.accept()).await.unwrap();
        guest.write_all(b"ping\n").await.unwrap();
        assert_eq!(line(&mut service).await, "ping\n");
    }
}

#[tokio::test]
async fn bytes_that_came_with_the_first_line_are_not_lost() {
    let bench = Bench::new();
    let _vm = bench.vm("vm-1", 100);
    let guest = bench.listener("vm-1/guest.sock_5000");
    let _host = bench.connected("vm-1/host.sock", "CONNECT 5000\nearly bird\n").await;
    let (mut guest, _) = soon(guest.accept()).await.unwrap();
    assert_eq!(line(&mut guest).await, "early bird\n");
}

#[tokio::test]
async fn one_direction_can_end_before_the_other() {
    let bench = Bench::new();
    let _vm = bench.vm("vm-1", 100);
    let guest = bench.listener("vm-1/guest.sock_5000");
    let mut host = bench.connected("vm-1/host.sock", "CONNECT 5000\n").await;
    let (mut guest, _) = soon(guest.accept()).await.unwrap();
    host.write_all(b"question").await.unwrap();
    host.shutdown().await.unwrap();
    assert_eq!(rest(&mut guest).await, b"question");
    guest.write_all(b"answer").await.unwrap();
    drop(guest);
    assert_eq!(rest(&mut host).await, b"answer");
    until(|| bench.fabric.totals().open.get() == 0).await;
    let totals = bench.fabric.totals();
    assert_eq!((totals.taken.get(), totals.given.get(), totals.lost.get()), (14, 14, 0));
}

#[tokio::test]
async fn much_data_arrives_whole_however_slow_the_reader() {
    let bench = Bench::new();
    let _vm = bench.vm("vm-1", 100);
    let guest = bench.listener("vm-1/guest.sock_5000");
    let mut host = bench.connected("vm-1/host.sock", "CONNECT 5000\n").await;
    let (mut guest, _) = soon(guest.accept()).await.unwrap();
    let sent: Vec<u8> = (0..8_000_000u32).map(|n| (n.wrapping_mul(2_654_435_761) >> 24) as u8).collect();
    let copy = sent.clone();
    let writer = tokio::spawn(async move {
        host.write_all(&copy).await.unwrap();
        host.shutdown().await.unwrap();
        host
    });
    tokio::time::sleep(std::time::Duration::from_millis(100)).await;
    let held = bench.fabric.totals().taken.get();
    assert!(held < 2_000_000, "{held} bytes were taken for a reader that takes none");
    assert!(rest(&mut guest).await == sent);
    drop(writer.await.unwrap());
    let (from, to) = bench.fabric.read(|s| {
        let counters = &s.member("vm-1").unwrap().counters;
        (counters.from_guest.get(), counters.to_guest.get())
    });
    assert_eq!((from, to), (0, 8_000_000));
}

#[tokio::test]
async fn a_reader_that_leaves_ends_the_writer() {
    let bench = Bench::new();
    let _vm = bench.vm("vm-1", 100);
    let guest = bench.listener("vm-1/guest.sock_5000");
    let mut host = bench.connected("vm-1/host.sock", "CONNECT 5000\n").await;
    drop(soon(guest.accept()).await.unwrap());
    let piece = vec![1; 100_000];
    soon(async { while host.write_all(&piece).await.is_ok() {} }).await;
    until(|| bench.fabric.totals().open.get() == 0).await;
    let totals = bench.fabric.totals();
    assert_eq!(totals.taken.get(), totals.given.get() + totals.lost.get());
}

#[tokio::test]
async fn without_a_listener_or_a_way_the_connection_closes_without_ok() {
    let mut bench = Bench::new();
    let _vms = [bench.vm("vm-1", 100), bench.vm("vm-2", 200)];
    for connect in ["CONNECT 2 80\n", "CONNECT 0 80\n", "CONNECT 200 80\n", "CONNECT 77 80\n", "CONNECT 1 80\n"] {
        let mut guest = bench.program("vm-1/guest.sock", connect).await;
        assert_eq!(answer(&mut guest).await, None, "{connect:?}");
    }
    let refused = |why| bench.fabric.read(|s| s.member("vm-1").unwrap().counters.refused(why).get());
    assert_eq!((refused(Refusal::NoListener), refused(Refusal::Unreachable)), (2, 3));
    assert!(matches!(bench.told.try_recv(), Ok(Notice::Unreached { why: Refusal::Unreachable, .. })));
    assert!(bench.told.try_recv().is_err());
}

#[tokio::test]
async fn guests_talk_on_an_old_host() {
    let bench = Bench::of(Generation::BetweenVms, Limits::default());
    let _vms = [bench.vm("vm-1", 100), bench.vm("vm-2", 0xFFFF_FF00)];
    let server = bench.listener("vm-2/guest.sock_5000");
    let mut client = bench.connected("vm-1/guest.sock", "CONNECT -256 5000\n").await;
    let (mut server, _) = soon(server.accept()).await.unwrap();
    client.write_all(b"hello\n").await.unwrap();
    assert_eq!(line(&mut server).await, "hello\n");
}

#[tokio::test]
async fn rules_hold_for_new_connects_at_once_and_leave_open_ones_alone() {
    let bench = Bench::new();
    let _vm = bench.vm("vm-1", 100);
    let listener = bench.listener("vm-1/host.sock_80");
    let mut open = bench.connected("vm-1/guest.sock", "CONNECT 2 80\n").await;
    let (mut service, _) = soon(listener.accept()).await.unwrap();
    let deny = Rule { direction: Some(Direction::Host), upper: Port::new(80), ..Rule::any(3, Action::Deny) };
    bench.fabric.change("vm-1", membership(100), Some(Filter::new(&[deny], true))).unwrap();
    let mut denied = bench.program("vm-1/guest.sock", "CONNECT 2 80\n").await;
    assert_eq!(answer(&mut denied).await, None);
    open.write_all(b"still here\n").await.unwrap();
    assert_eq!(line(&mut service).await, "still here\n");
    bench.fabric.change("vm-1", membership(100), Some(Filter::new(&[deny], false))).unwrap();
    bench.connected("vm-1/guest.sock", "CONNECT 2 80\n").await;
}

#[tokio::test]
async fn a_vm_has_a_limit_of_open_streams() {
    let bench = Bench::of(Generation::HostOnly, Limits { streams: 2, ..Limits::default() });
    let _vm = bench.vm("vm-1", 100);
    let _listener = bench.listener("vm-1/host.sock_80");
    let first = bench.connected("vm-1/guest.sock", "CONNECT 2 80\n").await;
    let _second = bench.connected("vm-1/guest.sock", "CONNECT 2 80\n").await;
    let mut third = bench.program("vm-1/guest.sock", "CONNECT 2 80\n").await;
    assert_eq!(answer(&mut third).await, None);
    drop((first, _listener));
    until(|| bench.fabric.totals().open.get() < 2).await;
}

#[tokio::test]
async fn vms_share_a_budget_of_streams() {
    let mut bench = Bench::new();
    let (notices, _) = tokio::sync::mpsc::unbounded_channel();
    bench.fabric = Fabric::telling(Generation::HostOnly, Limits::default(), Budget::new(1), notices);
    let _vms = [bench.vm("vm-1", 100), bench.vm("vm-2", 200)];
    let _listeners = [bench.listener("vm-1/host.sock_80"), bench.listener("vm-2/host.sock_80")];
    let first = bench.connected("vm-1/guest.sock", "CONNECT 2 80\n").await;
    let mut second = bench.program("vm-2/guest.sock", "CONNECT 2 80\n").await;
    assert_eq!(answer(&mut second).await, None);
    drop((first, _listeners));
    until(|| bench.fabric.totals().open.get() == 0).await;
    let _listener = bench.listener("vm-2/guest.sock_80");
    bench.connected("vm-2/host.sock", "CONNECT 80\n").await;
}

#[tokio::test]
async fn a_listener_that_accepts_nothing_holds_nobody_up_for_long() {
    let limits = Limits { connect: std::time::Duration::from_millis(200), ..Limits::default() };
    let bench = Bench::of(Generation::HostOnly, limits);
    let _vm = bench.vm("vm-1", 100);
    let socket = socket_with_backlog_of_one(&bench.path("vm-1/host.sock_80"));
    let mut open = Vec::new();
    let refused = loop {
        let mut guest = bench.program("vm-1/guest.sock", "CONNECT 2 80\n").await;
        match answer(&mut guest).await {
            Some(_) => open.push(guest),
            None => break bench.fabric.read(|s| s.member("vm-1").unwrap().counters.refused(Refusal::TimedOut).get()),
        }
        assert!(open.len() < 64, "the backlog never fills");
    };
    assert_eq!(refused, 1);
    drop(socket);
}

fn socket_with_backlog_of_one(path: &std::path::Path) -> tokio::net::UnixListener {
    let socket = tokio::net::UnixSocket::new_stream().unwrap();
    socket.bind(path).unwrap();
    socket.listen(1).unwrap()
}
