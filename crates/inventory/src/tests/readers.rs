use std::{
    sync::{
        atomic::{AtomicBool, Ordering},
        mpsc,
    },
    thread,
    time::Duration,
};

use super::*;

/// Moves one unit from one VM to another: their sum stays.
fn move_one(tx: &mut Tx<'_>, from: &MoRef, to: &MoRef) {
    for (moref, by) in [(from, -1), (to, 1)] {
        let config = tx.edit::<VirtualMachine>(moref).unwrap().config.as_mut().unwrap();
        config.hardware.memory_mb += by;
    }
}

fn memory(world: &crate::Snapshot, vm: &MoRef) -> i32 {
    world.get::<VirtualMachine>(vm).unwrap().config.as_ref().unwrap().hardware.memory_mb
}

#[test]
fn readers_always_see_whole_transactions_while_writers_write() {
    const STEPS: u64 = 300;
    let world = world();
    let [a, b] = ["vm-1", "vm-2"].map(|id| moref("VirtualMachine", id));
    run(&world, |tx| [&a, &b].map(|m| tx.insert(m.clone(), vm("x"))));
    let done = AtomicBool::new(false);
    thread::scope(|scope| {
        for _ in 0..2 {
            scope.spawn(|| {
                let mut last = world.snapshot();
                while !done.load(Ordering::Relaxed) {
                    let now = world.snapshot();
                    assert_eq!(memory(&now, &a) + memory(&now, &b), 0);
                    let steps = now.changes_since(last.revision()).unwrap();
                    let expected: Vec<_> = (last.revision().number() + 1..=now.revision().number()).collect();
                    assert_eq!(steps.iter().map(|c| c.revision.number()).collect::<Vec<_>>(), expected);
                    last = now;
                }
            });
        }
        let writers = [(&a, &b), (&b, &a)].map(|(from, to)| {
            let world = &world;
            scope.spawn(move || {
                (0..STEPS).for_each(|_| assert!(run(world, |tx| move_one(tx, from, to)).revision.number() > 1))
            })
        });
        writers.into_iter().for_each(|writer| writer.join().unwrap());
        done.store(true, Ordering::Relaxed);
    });
    let now = world.snapshot();
    assert_eq!((memory(&now, &a), now.revision().number()), (0, 1 + 2 * STEPS));
    assert_eq!(*world.subscribe().borrow(), now.revision());
}

#[test]
fn a_reader_does_not_wait_for_a_writer_in_the_middle_of_its_transaction() {
    let world = world();
    let (entered, inside) = mpsc::channel();
    let (release, released) = mpsc::channel::<()>();
    thread::scope(|scope| {
        let world = &world;
        scope.spawn(move || {
            run(world, |tx| {
                tx.insert(moref("Folder", "f"), folder("f"));
                entered.send(()).unwrap();
                released.recv().unwrap();
            })
        });
        inside.recv().unwrap();
        let (looked, seen) = mpsc::channel();
        scope.spawn(move || looked.send(world.snapshot().len()).unwrap());
        let seen = seen.recv_timeout(Duration::from_secs(10));
        release.send(()).unwrap();
        assert_eq!(seen, Ok(0));
    });
    assert_eq!(world.snapshot().len(), 1);
}

#[test]
fn who_is_told_of_a_revision_finds_it() {
    let world = world();
    let mut told = world.subscribe();
    assert!(!told.has_changed().unwrap());
    let done = run(&world, |tx| tx.insert(moref("Folder", "f"), folder("f")));
    assert!(told.has_changed().unwrap());
    assert_eq!((*told.borrow_and_update(), world.snapshot().revision()), (done.revision, done.revision));
}
