//! The rule that keeps derived state of VMs true inside every commit.

use std::collections::{BTreeMap, BTreeSet, HashSet};

use inventory::{Derive, Tx};
use vim25::{
    MoRef, MoRefs,
    mo::{
        Datastore, DistributedVirtualPortgroup, DistributedVirtualSwitch, HostSystem, Network, ResourcePool,
        VirtualMachine,
    },
};

use super::{
    AtRest,
    lookup::TxLookup,
    refresh, rename,
    state::refresh_state,
    touch::{self, Touch},
};
use crate::{derive::differs, network::View, vm::snapshot};

/// Refreshes VMs that changed, keeps the lists of VMs of datastores, networks, switches, hosts and pools exact, and takes
/// a datastore's new name into the paths of its VMs.
pub struct Machines;

impl Derive for Machines {
    fn kinds(&self) -> Option<&'static [&'static str]> {
        Some(&["VirtualMachine", "Datastore"])
    }

    fn derive(&self, tx: &mut Tx<'_>, touched: &[MoRef]) {
        let mut renamed = BTreeSet::new();
        for datastore in touched.iter().filter(|m| m.kind == "Datastore") {
            renamed.extend(take_new_name(tx, datastore));
        }
        let mut links = Links::default();
        renamed.iter().for_each(|vm| one(tx, vm, &mut links));
        for vm in touched.iter().filter(|m| m.kind == "VirtualMachine" && !renamed.contains(m)) {
            match touch::of(tx, vm) {
                Touch::Nothing => {}
                Touch::Devices => repeat_runtime(tx, vm),
                Touch::Made => made(tx, vm, &mut links),
                Touch::State(old) => in_state(tx, vm, old, &mut links),
                Touch::Any => one(tx, vm, &mut links),
            }
        }
        links.write(tx);
    }

    fn reads_private(&self) -> bool {
        false
    }

    /// What it makes of a machine is at rest, and it looks at the machines that it renames.
    fn follows_itself(&self) -> bool {
        false
    }
}

/// The summary repeats what the runtime says.
fn repeat_runtime(tx: &mut Tx<'_>, this: &MoRef) {
    let repeats = |vm: &VirtualMachine| vm.summary.runtime.same(&vm.runtime) || vm.summary.runtime == vm.runtime;
    if !tx.get::<VirtualMachine>(this).is_none_or(repeats)
        && let Some(vm) = tx.edit::<VirtualMachine>(this)
    {
        vm.summary.runtime = vm.runtime.clone();
    }
}

fn made(tx: &mut Tx<'_>, this: &MoRef, links: &mut Links) {
    repeat_runtime(tx, this);
    if let Some(vm) = tx.get::<VirtualMachine>(this) {
        links.change(this, vec![], holders(tx, vm));
    }
    tx.clear_private::<AtRest>(&this.id);
}

/// The short way, where it suffices: who holds the machine, and its snapshots, stay.
fn in_state(tx: &mut Tx<'_>, this: &MoRef, old: &VirtualMachine, links: &mut Links) {
    if !tx.edit(this).is_some_and(|vm| refresh_state(vm, old, this)) {
        return one(tx, this, links);
    }
    debug_assert_eq!(
        tx.get::<VirtualMachine>(this).map(|vm| refreshed(tx, this, vm)).as_ref(),
        tx.get(this),
        "the short way does not lead where the long one does"
    );
}

/// A machine with everything that follows from it and its surroundings.
fn refreshed(tx: &Tx<'_>, this: &MoRef, vm: &VirtualMachine) -> VirtualMachine {
    let mut fresh = vm.clone();
    refresh(&mut fresh, this, &TxLookup::of(tx, vm));
    fresh
}

fn one(tx: &mut Tx<'_>, this: &MoRef, links: &mut Links) {
    tx.clear_private::<AtRest>(&this.id);
    let new = tx.get::<VirtualMachine>(this).map(|vm| refreshed(tx, this, vm));
    let old = tx.was::<VirtualMachine>(this);
    if !old.zip(new.as_ref()).is_some_and(|(old, new)| share_holders(old, new)) {
        let held = old.map(|vm| holders(tx.before(), vm)).unwrap_or_default();
        let holds = new.as_ref().map(|vm| holders(tx, vm)).unwrap_or_default();
        links.change(this, held, holds);
    }
    if let Some(fresh) = new
        && tx.get::<VirtualMachine>(this) != Some(&fresh)
        && let Some(vm) = tx.edit::<VirtualMachine>(this)
    {
        *vm = fresh;
    }
    if differs(tx, this, &["snapshot"]) {
        snapshot::link(tx, this);
    }
}

/// Whether two states of a VM are listed by the same objects.
fn share_holders(old: &VirtualMachine, new: &VirtualMachine) -> bool {
    old.runtime.host == new.runtime.host
        && old.resource_pool == new.resource_pool
        && old.datastore == new.datastore
        && old.network == new.network
}

/// The objects that list a VM because it uses them or runs there.
fn holders(world: &impl View, vm: &VirtualMachine) -> Vec<MoRef> {
    let uses = vm.datastore.iter().chain(&vm.network).flatten();
    let mut all: Vec<MoRef> = uses.chain(&vm.runtime.host).chain(&vm.resource_pool).cloned().collect();
    for network in vm.network.iter().flatten() {
        let group = world.read::<DistributedVirtualPortgroup>(network);
        all.extend(group.and_then(|g| g.config.distributed_virtual_switch.clone()).filter(|s| !all.contains(s)));
    }
    all
}

/// Which holder gains and which loses which VMs.
#[derive(Default)]
struct Links {
    gains: BTreeMap<MoRef, Vec<MoRef>>,
    losses: BTreeMap<MoRef, HashSet<MoRef>>,
}

impl Links {
    fn change(&mut self, vm: &MoRef, old: Vec<MoRef>, new: Vec<MoRef>) {
        for holder in old.iter().filter(|h| !new.contains(h)) {
            self.losses.entry(holder.clone()).or_default().insert(vm.clone());
        }
        for holder in new.into_iter().filter(|h| !old.contains(h)) {
            self.gains.entry(holder).or_default().push(vm.clone());
        }
    }

    fn write(self, tx: &mut Tx<'_>) {
        for (holder, gone) in self.losses {
            let mut rest = machines_of(tx, &holder).cloned().unwrap_or_default();
            let before = rest.len();
            rest.retain(|vm| !gone.contains(vm));
            if rest.len() != before {
                list_machines(tx, &holder, rest);
            }
        }
        for (holder, come) in self.gains {
            let mut all = machines_of(tx, &holder).cloned().unwrap_or_default();
            let before = all.len();
            if has_none_of(tx, &holder, &all) {
                all.extend(come);
            } else {
                let new = without(&all, come);
                all.extend(new);
            }
            if all.len() != before {
                list_machines(tx, &holder, all);
            }
        }
    }
}

/// Whether a list cannot have any machine that comes in this transaction: nobody has written to it yet.
fn has_none_of(tx: &Tx<'_>, holder: &MoRef, list: &MoRefs) -> bool {
    list.is_empty() || machines_of(tx.before(), holder) == Some(list)
}

/// So many are looked for one by one, from the end of the list, where the last to come stand.
const FEW: usize = 16;

/// Those who come and are not in the list.
fn without(list: &MoRefs, come: Vec<MoRef>) -> Vec<MoRef> {
    if come.len() <= FEW {
        return come.into_iter().filter(|vm| !list.iter().rev().any(|known| known == vm)).collect();
    }
    let known: HashSet<&MoRef> = list.iter().collect();
    come.into_iter().filter(|vm| !known.contains(vm)).collect()
}

/// The VMs that a datastore, network, switch, host or pool lists.
fn machines_of<'t>(world: &'t impl View, holder: &MoRef) -> Option<&'t MoRefs> {
    if let Some(datastore) = world.read::<Datastore>(holder) {
        datastore.vm.as_ref()
    } else if let Some(network) = world.read::<Network>(holder) {
        network.vm.as_ref()
    } else if let Some(switch) = world.read::<DistributedVirtualSwitch>(holder) {
        switch.summary.vm.as_ref()
    } else if let Some(host) = world.read::<HostSystem>(holder) {
        host.vm.as_ref()
    } else {
        world.read::<ResourcePool>(holder)?.vm.as_ref()
    }
}

fn list_machines(tx: &mut Tx<'_>, holder: &MoRef, machines: MoRefs) {
    if let Some(datastore) = tx.edit::<Datastore>(holder) {
        datastore.vm = Some(machines);
    } else if let Some(network) = tx.edit::<Network>(holder) {
        network.vm = Some(machines);
    } else if let Some(switch) = tx.edit::<DistributedVirtualSwitch>(holder) {
        switch.summary.vm = Some(machines);
    } else if let Some(host) = tx.edit::<HostSystem>(holder) {
        host.vm = Some(machines);
    } else if let Some(pool) = tx.edit::<ResourcePool>(holder) {
        pool.vm = Some(machines);
    }
}

/// Takes a datastore's new name into the paths of its machines; returns those that are others now.
fn take_new_name(tx: &mut Tx<'_>, moref: &MoRef) -> Vec<MoRef> {
    if !differs(tx, moref, &["name"]) {
        return Vec::new();
    }
    let (Some(old), Some(new)) = (tx.was::<Datastore>(moref), tx.get::<Datastore>(moref)) else {
        return Vec::new();
    };
    if old.name == new.name {
        return Vec::new();
    }
    let (old, new, mut vms) = (old.name.clone(), new.name.clone(), new.vm.clone().unwrap_or_default());
    vms.retain(|vm| {
        let Some(machine) = tx.get::<VirtualMachine>(vm) else { return false };
        let mut renamed = machine.clone();
        rename::rename_datastore(&mut renamed, &old, &new);
        let other = renamed != *machine;
        if other && let Some(machine) = tx.edit::<VirtualMachine>(vm) {
            *machine = renamed;
        }
        other
    });
    vms.iter().cloned().collect()
}
