//! Sockets come and go with their VM.

use std::{fs, os::unix::fs::PermissionsExt};

use tokio::io::AsyncWriteExt;
use vmci::{fabric::Limits, reach::Generation, switch::Notice, transport::unix::Keep};

use super::bench::*;

#[tokio::test]
async fn a_vm_has_a_private_folder_while_it_runs() {
    let bench = Bench::new();
    let vm = bench.vm("vm-1", 100);
    let folder = bench.path("vm-1");
    assert_eq!(fs::metadata(&folder).unwrap().permissions().mode() & 0o777, 0o700);
    assert_eq!(fs::read_link(bench.path("by-cid/100")).unwrap().to_str(), Some("../vm-1"));
    assert!(fs::metadata(bench.path("by-cid/100/host.sock")).is_ok());
    closed(vm);
    assert!(!folder.exists() && fs::symlink_metadata(bench.path("by-cid/100")).is_err());
}

#[tokio::test]
async fn power_off_resets_streams_and_takes_listeners_away() {
    let bench = Bench::new();
    let vm = bench.vm("vm-1", 100);
    let listener = bench.listener("vm-1/guest.sock_5000");
    let mut host = bench.connected("vm-1/host.sock", "CONNECT 5000\n").await;
    let (mut guest, _) = soon(listener.accept()).await.unwrap();
    host.write_all(b"x").await.unwrap();
    closed(vm);
    let _ = rest(&mut host).await;
    let _ = rest(&mut guest).await;
    assert!(!bench.path("vm-1").exists());
    until(|| bench.fabric.totals().open.get() == 0).await;
    let totals = bench.fabric.totals();
    assert_eq!(totals.taken.get(), totals.given.get() + totals.lost.get());
}

#[tokio::test]
async fn a_move_resets_streams_and_keeps_what_programs_listen_on() {
    let bench = Bench::new();
    let other = Bench::new();
    let vm = bench.vm("vm-1", 100);
    let listener = bench.listener("vm-1/guest.sock_5000");
    let mut host = bench.connected("vm-1/host.sock", "CONNECT 5000\n").await;
    vm.close(Keep::Listeners);
    assert!(rest(&mut host).await.is_empty());
    assert!(!bench.path("vm-1/host.sock").exists() && bench.path("vm-1/guest.sock_5000").exists());
    // The same folder, another host.
    let moved = vmci::transport::unix::Sockets::open(
        &bench.root,
        &other.fabric,
        "vm-1".into(),
        membership(100),
        Default::default(),
        bench.limits,
    );
    let _moved = moved.unwrap();
    let _again = bench.connected("vm-1/host.sock", "CONNECT 5000\n").await;
    soon(listener.accept()).await.unwrap();
    assert_eq!((bench.fabric.totals().opened.get(), other.fabric.totals().opened.get()), (1, 1));
}

#[tokio::test]
async fn a_stream_between_guests_ends_with_either() {
    let bench = Bench::of(Generation::BetweenVms, Limits::default());
    let _first = bench.vm("vm-1", 100);
    let second = bench.vm("vm-2", 200);
    let _listener = bench.listener("vm-2/guest.sock_5000");
    let mut client = bench.connected("vm-1/guest.sock", "CONNECT 200 5000\n").await;
    closed(second);
    assert!(rest(&mut client).await.is_empty());
    until(|| bench.fabric.totals().open.get() == 0).await;
}

#[tokio::test]
async fn a_new_context_id_renames_the_link_and_is_where_the_vm_is() {
    let bench = Bench::of(Generation::BetweenVms, Limits::default());
    let _vms = [bench.vm("vm-1", 100), bench.vm("vm-2", 200)];
    let _listener = bench.listener("vm-2/guest.sock_5000");
    bench.fabric.change("vm-2", membership(300), None).unwrap();
    assert!(fs::symlink_metadata(bench.path("by-cid/200")).is_err());
    assert!(fs::metadata(bench.path("by-cid/300/guest.sock")).is_ok());
    let mut client = bench.program("vm-1/guest.sock", "CONNECT 200 5000\n").await;
    assert_eq!(answer(&mut client).await, None);
    bench.connected("vm-1/guest.sock", "CONNECT 300 5000\n").await;
}

#[tokio::test]
async fn what_is_not_a_socket_of_ours_survives_the_vm() {
    let bench = Bench::new();
    let vm = bench.vm("vm-1", 100);
    fs::write(bench.path("vm-1/notes.txt"), "x").unwrap();
    closed(vm);
    assert_eq!(fs::read_dir(bench.path("vm-1")).unwrap().count(), 1);
    let _again = bench.vm("vm-1", 100);
}

#[tokio::test]
async fn a_guest_that_uses_vmci_is_told_of_once() {
    let mut bench = Bench::new();
    let _vm = bench.vm("vm-1", 100);
    let _listener = bench.listener("vm-1/guest.sock_5000");
    let mut nobody = bench.program("vm-1/host.sock", "CONNECT 5001\n").await;
    assert_eq!(answer(&mut nobody).await, None);
    assert!(bench.told.try_recv().is_err());
    for _ in 0..2 {
        bench.connected("vm-1/host.sock", "CONNECT 5000\n").await;
    }
    assert_eq!(bench.told.try_recv(), Ok(Notice::InUse { vm: "vm-1".into() }));
    assert!(bench.told.try_recv().is_err());
}

#[tokio::test]
async fn streams_that_outlive_their_sockets_for_a_moment_leave_the_next_link_alone() {
    let bench = Bench::new();
    let vm = bench.vm("vm-1", 100);
    let _listener = bench.listener("vm-1/guest.sock_5000");
    let _open = bench.connected("vm-1/host.sock", "CONNECT 5000\n").await;
    vm.close(Keep::Listeners);
    let _again = bench.vm("vm-1", 100);
    until(|| bench.fabric.totals().open.get() == 0).await;
    assert!(fs::metadata(bench.path("by-cid/100/host.sock")).is_ok());
}

#[tokio::test]
async fn a_vm_whose_folder_cannot_be_made_is_not_plugged_in_and_leaves_nothing() {
    let bench = Bench::new();
    fs::write(bench.path("vm-1"), "in the way").unwrap();
    let open = |key: &str, cid| {
        let key = key.into();
        vmci::transport::unix::Sockets::open(
            &bench.root,
            &bench.fabric,
            key,
            membership(cid),
            Default::default(),
            bench.limits,
        )
    };
    assert!(open("vm-1", 100).is_err());
    assert_eq!(bench.fabric.cid("vm-1"), None);
    let _other = open("vm-2", 200).unwrap();
    assert!(open("vm-3", 200).is_err());
    assert!(!bench.path("vm-3").exists());
    assert_eq!(fs::read_link(bench.path("by-cid/200")).unwrap().to_str(), Some("../vm-2"));
}
