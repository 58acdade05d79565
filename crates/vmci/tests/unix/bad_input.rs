//! Programs that do not do what they should.

use std::time::Duration;

use tokio::{io::AsyncWriteExt, net::UnixStream};

use super::bench::*;

#[tokio::test]
async fn garbage_is_closed_and_the_next_program_served() {
    let bench = Bench::new();
    let _vm = bench.vm("vm-1", 100);
    let _listener = bench.listener("vm-1/guest.sock_5000");
    for line in [
        "\n",
        "GET / HTTP/1.1\r\n\r\n",
        "CONNECT 4294967295\n",
        "CONNECT 9223372036854775808\n",
        "CONNECT -5\n",
        "\0\0\0\n",
    ] {
        let mut host = bench.program("vm-1/host.sock", line).await;
        assert_eq!(answer(&mut host).await, None, "{line:?}");
    }
    let mut endless = UnixStream::connect(bench.path("vm-1/host.sock")).await.unwrap();
    let _ = endless.write_all(&[b'x'; 100_000]).await;
    assert_eq!(answer(&mut endless).await, None);
    bench.connected("vm-1/host.sock", "CONNECT 5000\n").await;
}

#[tokio::test]
async fn a_program_that_says_nothing_is_closed_after_a_while() {
    let bench = Bench::new();
    let _vm = bench.vm("vm-1", 100);
    let mut silent = UnixStream::connect(bench.path("vm-1/host.sock")).await.unwrap();
    assert_eq!(answer(&mut silent).await, None);
    let mut slow = UnixStream::connect(bench.path("vm-1/host.sock")).await.unwrap();
    let writing = async {
        for byte in b"CONNECT 5000 and so on, slowly" {
            if slow.write_all(&[*byte]).await.is_err() {
                return true;
            }
            tokio::time::sleep(Duration::from_millis(30)).await;
        }
        false
    };
    assert!(soon(writing).await, "a program that takes its time is waited for");
}

#[tokio::test]
async fn programs_that_say_nothing_hold_up_others_no_longer_than_their_time() {
    let mut bench = Bench::new();
    bench.limits.handshakes = 4;
    let _vm = bench.vm("vm-1", 100);
    let _listener = bench.listener("vm-1/guest.sock_5000");
    let mut silent = Vec::new();
    for _ in 0..10 {
        silent.push(UnixStream::connect(bench.path("vm-1/host.sock")).await.unwrap());
    }
    bench.connected("vm-1/host.sock", "CONNECT 5000\n").await;
}

#[tokio::test]
async fn a_program_that_leaves_early_leaves_nothing_behind() {
    let bench = Bench::new();
    let _vm = bench.vm("vm-1", 100);
    let _listener = bench.listener("vm-1/guest.sock_5000");
    for line in ["", "CONN", "CONNECT 5000\n", "DGRAM 7\n", "BELL 7\n"] {
        drop(bench.program("vm-1/host.sock", line).await);
    }
    until(|| bench.fabric.totals().open.get() == 0).await;
    soon(async { while answer(&mut bench.program("vm-1/host.sock", "DGRAM 7\n").await).await.is_none() {} }).await;
}

#[tokio::test]
async fn connects_while_the_vm_goes_are_closed_or_served_but_never_hang() {
    let bench = Bench::new();
    for _ in 0..20 {
        let vm = bench.vm("vm-1", 100);
        let _listener = bench.listener("vm-1/guest.sock_5000");
        let mut programs = Vec::new();
        for _ in 0..20 {
            programs.push(bench.program("vm-1/host.sock", "CONNECT 5000\n").await);
        }
        tokio::task::yield_now().await;
        closed(vm);
        for mut program in programs {
            let _ = rest(&mut program).await;
        }
    }
    until(|| bench.fabric.totals().open.get() == 0).await;
    assert!(!bench.path("vm-1").exists());
}
