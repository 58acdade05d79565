//! Datagrams and doorbells.

use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::UnixStream,
};
use vmci::{
    Address, Cid, Port,
    datagram::{Datagram, Frame, Framer, MAX},
    filter::{Action, Filter, Protocol, Rule},
};

use super::bench::*;

fn to(cid: u32, port: u32, payload: &[u8]) -> Vec<u8> {
    let at = |cid, port| Address::new(Cid::new(cid), Port::new(port).unwrap());
    let mut wire = Vec::new();
    // The source is a lie that the fabric corrects.
    Datagram { to: at(cid, port), from: at(4711, 4711), payload: payload.to_vec() }.write(&mut wire);
    wire
}

async fn frame(stream: &mut UnixStream) -> Frame {
    let (mut framer, mut piece) = (Framer::default(), [0; 1]);
    loop {
        if let Some(frame) = framer.next_frame().unwrap() {
            return frame;
        }
        soon(stream.read_exact(&mut piece)).await.unwrap();
        framer.feed(&piece);
    }
}

#[tokio::test]
async fn datagrams_go_both_ways_and_say_where_they_really_come_from() {
    let bench = Bench::new();
    let _vm = bench.vm("vm-1", 100);
    let mut host = bench.connected("vm-1/host.sock", "DGRAM 700\n").await;
    let mut guest = bench.connected("vm-1/guest.sock", "DGRAM 800\n").await;
    guest.write_all(&to(2, 700, b"up")).await.unwrap();
    let Frame::Datagram(up) = frame(&mut host).await else { panic!("a report came") };
    assert_eq!((up.from.to_string().as_str(), &up.payload[..]), ("100:800", &b"up"[..]));
    host.write_all(&to(100, 800, b"down")).await.unwrap();
    let Frame::Datagram(down) = frame(&mut guest).await else { panic!("a report came") };
    assert_eq!((down.from.to_string().as_str(), &down.payload[..]), ("2:700", &b"down"[..]));
}

#[tokio::test]
async fn each_datagram_is_judged_and_a_denied_one_is_reported() {
    let bench = Bench::new();
    let rule = Rule { protocol: Some(Protocol::Datagram), ..Rule::any(1, Action::Deny) };
    let _vm = bench.vm("vm-1", 100);
    let mut host = bench.connected("vm-1/host.sock", "DGRAM 700\n").await;
    let mut guest = bench.connected("vm-1/guest.sock", "DGRAM\n").await;
    guest.write_all(&to(2, 700, b"one")).await.unwrap();
    assert!(matches!(frame(&mut host).await, Frame::Datagram(_)));
    bench.fabric.change("vm-1", membership(100), Some(Filter::new(&[rule], true))).unwrap();
    guest.write_all(&to(2, 700, b"two")).await.unwrap();
    assert!(matches!(frame(&mut guest).await, Frame::Refused { code: -7, to } if to.port.number() == 700));
    bench.fabric.change("vm-1", membership(100), Some(Filter::default())).unwrap();
    guest.write_all(&to(2, 700, b"three")).await.unwrap();
    assert!(matches!(frame(&mut host).await, Frame::Datagram(d) if d.payload == b"three"));
}

#[tokio::test]
async fn a_datagram_to_nobody_is_reported_and_the_longest_passes() {
    let bench = Bench::new();
    let _vm = bench.vm("vm-1", 100);
    let mut guest = bench.connected("vm-1/guest.sock", "DGRAM\n").await;
    guest.write_all(&to(2, 700, b"?")).await.unwrap();
    assert!(matches!(frame(&mut guest).await, Frame::Refused { code: -1, .. }));
    let mut hypervisor = bench.connected("vm-1/host.sock", "DGRAM 0 14\n").await;
    guest.write_all(&to(0, 14, &vec![9; MAX - 24])).await.unwrap();
    assert!(matches!(frame(&mut hypervisor).await, Frame::Datagram(d) if d.wire_len() == MAX));
}

#[tokio::test]
async fn one_byte_more_than_the_longest_ends_the_endpoint() {
    let bench = Bench::new();
    let _vm = bench.vm("vm-1", 100);
    let mut guest = bench.connected("vm-1/guest.sock", "DGRAM\n").await;
    let _ = guest.write_all(&to(2, 700, &vec![9; MAX - 23])).await;
    assert_eq!(rest(&mut guest).await, b"");
    bench.connected("vm-1/guest.sock", "DGRAM 1024\n").await;
}

#[tokio::test]
async fn a_port_is_bound_once_and_free_after_its_program() {
    let bench = Bench::new();
    let _vm = bench.vm("vm-1", 100);
    let first = bench.connected("vm-1/guest.sock", "DGRAM 800\n").await;
    let mut second = bench.program("vm-1/guest.sock", "DGRAM 800\n").await;
    assert_eq!(answer(&mut second).await, None);
    drop(first);
    soon(async { while answer(&mut bench.program("vm-1/guest.sock", "DGRAM 800\n").await).await.is_none() {} }).await;
}

#[tokio::test]
async fn a_reader_that_is_too_slow_costs_its_senders_and_nobody_else() {
    let bench = Bench::new();
    let _vm = bench.vm("vm-1", 100);
    let mut slow = bench.connected("vm-1/host.sock", "DGRAM 700\n").await;
    let mut guest = bench.connected("vm-1/guest.sock", "DGRAM\n").await;
    let big = to(2, 700, &[0; 60_000]);
    for _ in 0..40 {
        guest.write_all(&big).await.unwrap();
    }
    assert!(matches!(frame(&mut guest).await, Frame::Refused { code: -19, .. }));
    assert!(matches!(frame(&mut slow).await, Frame::Datagram(_)));
}

#[tokio::test]
async fn doorbells_ring_where_rules_allow() {
    let bench = Bench::new();
    let _vm = bench.vm("vm-1", 100);
    let mut bell = bench.connected("vm-1/guest.sock", "BELL 5\n").await;
    bench.connected("vm-1/host.sock", "RING 5\n").await;
    assert_eq!(soon(bell.read_u8()).await.unwrap(), 1);
    let mut nobody = bench.program("vm-1/guest.sock", "RING 2 9\n").await;
    assert_eq!(answer(&mut nobody).await, None);
    let rule = Rule { protocol: Some(Protocol::Doorbell), ..Rule::any(1, Action::Deny) };
    bench.fabric.change("vm-1", membership(100), Some(Filter::new(&[rule], true))).unwrap();
    let mut denied = bench.program("vm-1/host.sock", "RING 5\n").await;
    assert_eq!(answer(&mut denied).await, None);
}
