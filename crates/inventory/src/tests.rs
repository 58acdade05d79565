//! What the world promises.

mod derived;
mod finding;
mod readers;
mod scripts;
mod transactions;

use std::{convert::Infallible, sync::Arc};

use vim25::{DataType, DateTime, MoRef, mo::*, types::*};

use crate::{Commit, Committed, Inventory, ManualClock, Options, Revision, Tx};

/// A world with a clock that stands still.
fn world() -> Inventory {
    Inventory::new(options())
}

fn options() -> Options {
    let noon = DateTime::parse("2024-05-01T12:00:00Z").unwrap();
    Options { clock: Arc::new(ManualClock::new(noon)), seed: 7, ..Options::default() }
}

/// A transaction that cannot fail.
fn run<R>(world: &Inventory, change: impl FnOnce(&mut Tx<'_>) -> R) -> Committed<R> {
    let done: Result<_, Infallible> = world.commit(|tx| Ok(change(tx)));
    match done {
        Ok(done) => done,
        Err(never) => match never {},
    }
}

fn log(world: &Inventory) -> Vec<Arc<Commit>> {
    world.changes_since(Revision::default()).unwrap()
}

fn moref(kind: &str, id: &str) -> MoRef {
    MoRef::new(kind, id)
}

fn folder(name: &str) -> Folder {
    Folder::with(|f| f.name = name.into())
}

fn vm(name: &str) -> VirtualMachine {
    VirtualMachine::with(|vm| {
        vm.name = name.into();
        vm.parent = Some(moref("Folder", "group-v1"));
        vm.config = Some(VirtualMachineConfigInfo::with(|config| config.name = name.into()).into());
    })
}
