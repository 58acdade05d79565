//! Hands what virtual machines use to their hosts, pools and datastores.

use std::{
    collections::{HashMap, HashSet},
    sync::{Arc, Mutex, PoisonError},
};

use inventory::{Derive, IdHash, Tx};
use vim25::{MoRef, Str, mo::VirtualMachine};

use super::Load;
use crate::vm::{
    activity::{Operation, UnderWay},
    admission::Reservation,
};

/// What the virtual machines of a host, or those directly in a pool, use. Private state of hosts and pools.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) struct MachineTotal(pub Load);

/// Bytes that virtual machines use on a datastore. Private state of datastores.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash)]
pub(super) struct SpaceTotal {
    pub committed: i64,
    pub uncommitted: i64,
}

/// What a virtual machine handed over last. Private state of virtual machines; those that use the same share one.
#[derive(Debug, Clone, Default, PartialEq, Eq, Hash)]
struct Handed {
    load: Load,
    host: Option<Str>,
    pool: Option<Str>,
    space: Vec<(Str, SpaceTotal)>,
}

impl Handed {
    fn by(vm: &VirtualMachine, starts: bool) -> Handed {
        Handed {
            load: Load::of(vm, starts),
            host: vm.runtime.host.as_ref().map(|h| h.id.clone()),
            pool: vm.resource_pool.as_ref().map(|p| p.id.clone()),
            space: space(vm).map(|(datastore, total)| (datastore.clone(), total)).collect(),
        }
    }

    /// Whether it is what [`Handed::by`] gives.
    fn is_by(&self, vm: &VirtualMachine, starts: bool) -> bool {
        self.load == Load::of(vm, starts)
            && self.host.as_ref() == vm.runtime.host.as_ref().map(|h| &h.id)
            && self.pool.as_ref() == vm.resource_pool.as_ref().map(|p| &p.id)
            && self.space.iter().map(|(datastore, total)| (datastore, *total)).eq(space(vm))
    }
}

/// What a virtual machine uses of each datastore.
fn space(vm: &VirtualMachine) -> impl Iterator<Item = (&Str, SpaceTotal)> {
    let usage = vm.storage.iter().flat_map(|s| s.per_datastore_usage.iter().flatten());
    usage.map(|u| (&u.datastore.id, SpaceTotal { committed: u.unshared, uncommitted: u.uncommitted }))
}

/// Whether a virtual machine is being powered on.
fn starts(tx: &Tx<'_>, vm: &MoRef) -> bool {
    tx.private::<UnderWay>(&vm.id).is_some_and(|work| work.operation == Operation::PowerOn)
}

/// What a virtual machine holds, as its host and pool know it.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Held {
    /// What is reserved for it.
    pub reserved: Reservation,
    /// Id of its host.
    pub host: Option<Str>,
    /// Id of its pool.
    pub pool: Option<Str>,
}

/// What a virtual machine has held since the last commit.
pub(crate) fn held(tx: &Tx<'_>, vm: &MoRef) -> Option<Held> {
    let Handed { load, host, pool, .. } = tx.private::<Handed>(&vm.id)?;
    let reserved = Reservation { cpu: load.cpu_reserved, memory: load.memory_reserved };
    Some(Held { reserved, host: host.clone(), pool: pool.clone() })
}

/// Changes to totals, collected before they are written, in the order of their first.
#[derive(Default)]
struct Changes {
    rows: Vec<Row>,
    by_id: HashMap<Str, usize, IdHash>,
}

/// What changes of one host, pool or datastore.
#[derive(Default)]
struct Row {
    id: Str,
    load: Load,
    space: SpaceTotal,
}

impl Changes {
    fn take(&mut self, handed: &Handed) {
        for holder in handed.host.iter().chain(&handed.pool) {
            self.row(holder).load -= handed.load;
        }
        for (datastore, space) in &handed.space {
            let total = &mut self.row(datastore).space;
            total.committed -= space.committed;
            total.uncommitted -= space.uncommitted;
        }
    }

    fn give(&mut self, handed: &Handed) {
        for holder in handed.host.iter().chain(&handed.pool) {
            self.row(holder).load += handed.load;
        }
        for (datastore, space) in &handed.space {
            let total = &mut self.row(datastore).space;
            total.committed += space.committed;
            total.uncommitted += space.uncommitted;
        }
    }

    fn row(&mut self, id: &Str) -> &mut Row {
        let at = match self.by_id.get(id) {
            Some(at) => *at,
            None => {
                self.by_id.insert(id.clone(), self.rows.len());
                self.rows.push(Row { id: id.clone(), ..Row::default() });
                self.rows.len() - 1
            }
        };
        &mut self.rows[at]
    }

    fn write(self, tx: &mut Tx<'_>) {
        for Row { id, load, space } in self.rows {
            if load != Load::default() {
                let mut total = tx.private::<MachineTotal>(&id).copied().unwrap_or_default();
                total.0 += load;
                tx.set_private(&id, total);
            }
            if space != SpaceTotal::default() {
                let mut total = tx.private::<SpaceTotal>(&id).copied().unwrap_or_default();
                total.committed += space.committed;
                total.uncommitted += space.uncommitted;
                tx.set_private(&id, total);
            }
        }
    }
}

/// The rule.
#[derive(Default)]
pub(super) struct Totals {
    /// What machines handed over of late, once each.
    known: Mutex<HashSet<Arc<Handed>, IdHash>>,
}

/// More than this is forgotten, and kept anew.
const REMEMBERED: usize = 1024;

impl Totals {
    fn once(&self, handed: Handed) -> Arc<Handed> {
        let mut known = self.known.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(same) = known.get(&handed) {
            return same.clone();
        }
        if known.len() >= REMEMBERED {
            known.clear();
        }
        let handed = Arc::new(handed);
        known.insert(handed.clone());
        handed
    }
}

impl Derive for Totals {
    fn kinds(&self) -> Option<&'static [&'static str]> {
        Some(&["VirtualMachine"])
    }

    fn follows_itself(&self) -> bool {
        false
    }

    fn derive(&self, tx: &mut Tx<'_>, touched: &[MoRef]) {
        let mut changes = Changes::default();
        for moref in touched {
            let starts = starts(tx, moref);
            let vm = tx.get::<VirtualMachine>(moref);
            let old = match vm {
                Some(_) => tx.private::<Handed>(&moref.id),
                None => tx.private_was::<Handed>(&moref.id),
            };
            if old.zip(vm).is_some_and(|(old, vm)| old.is_by(vm, starts)) {
                continue;
            }
            old.into_iter().for_each(|handed| changes.take(handed));
            if let Some(new) = vm.map(|vm| Handed::by(vm, starts)) {
                changes.give(&new);
                tx.share_private(&moref.id, self.once(new));
            }
        }
        changes.write(tx);
    }
}
