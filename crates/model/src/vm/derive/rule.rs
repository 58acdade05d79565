//! The rule that keeps derived state of VMs true inside every commit.

use std::{
    cell::RefCell,
    collections::{BTreeMap, HashSet},
};

use inventory::{Derive, Tx};
use vim25::{
    MoRef, Obj, Str,
    mo::{Datastore, HostSystem, Network, OpaqueNetwork, ResourcePool, VirtualMachine, VirtualMachineSnapshot},
    types::{OpaqueNetworkSummary, VirtualMachineConfigInfo},
};

use super::{
    refresh, rename,
    touch::{self, Touch},
};
use crate::vm::{
    snapshot,
    surroundings::{DatastoreFacts, Lookup, NetworkFacts},
};

/// Refreshes VMs that changed, keeps the lists of VMs of datastores, networks, hosts and pools exact, and takes a datastore's new name into the
/// paths of its VMs.
pub struct Machines;

impl Derive for Machines {
    fn derive(&self, tx: &mut Tx<'_>, touched: &[MoRef]) {
        for datastore in touched.iter().filter(|m| m.kind == "Datastore") {
            take_new_name(tx, datastore);
        }
        let mut links = Links::default();
        for vm in touched.iter().filter(|m| m.kind == "VirtualMachine") {
            match touch::of(tx, vm) {
                Touch::Nothing => {}
                Touch::Devices => repeat_runtime(tx, vm),
                Touch::Any => one(tx, vm, &mut links),
            }
        }
        links.write(tx);
    }

    fn reads_private(&self) -> bool {
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

fn one(tx: &mut Tx<'_>, this: &MoRef, links: &mut Links) {
    let mut new = None;
    if let Some(vm) = tx.get::<VirtualMachine>(this) {
        let mut fresh = vm.clone();
        refresh(&mut fresh, this, &TxLookup::of(tx, vm));
        new = Some(fresh);
    }
    let old = tx.before().get::<VirtualMachine>(this).map(holders).unwrap_or_default();
    let now = new.as_ref().map(holders).unwrap_or_default();
    links.change(this, old, now);
    if let Some(fresh) = new
        && tx.get::<VirtualMachine>(this) != Some(&fresh)
        && let Some(vm) = tx.edit::<VirtualMachine>(this)
    {
        *vm = fresh;
    }
    let tree = |vm: Option<&VirtualMachine>| vm.and_then(|vm| vm.snapshot.clone());
    if tree(tx.get(this)) != tree(tx.before().get(this)) {
        snapshot::link(tx, this);
    }
}

/// The objects that list a VM because it uses them or runs there.
fn holders(vm: &VirtualMachine) -> Vec<MoRef> {
    let uses = vm.datastore.iter().chain(&vm.network).flatten();
    uses.chain(&vm.runtime.host).chain(&vm.resource_pool).cloned().collect()
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
            let listed = machines_of(tx, &holder).unwrap_or_default();
            if listed.iter().any(|vm| gone.contains(vm)) {
                let rest = listed.iter().filter(|vm| !gone.contains(*vm)).cloned().collect();
                list_machines(tx, &holder, rest);
            }
        }
        for (holder, come) in self.gains {
            let Some(listed) = machines_of(tx, &holder) else { continue };
            let known: HashSet<&MoRef> = listed.iter().collect();
            let new: Vec<MoRef> = come.into_iter().filter(|vm| !known.contains(vm)).collect();
            if !new.is_empty() {
                let all = listed.iter().cloned().chain(new).collect();
                list_machines(tx, &holder, all);
            }
        }
    }
}

/// The VMs that a datastore, network, host or pool lists; none if there is no such object.
fn machines_of<'t>(tx: &'t Tx<'_>, holder: &MoRef) -> Option<&'t [MoRef]> {
    let list = if let Some(datastore) = tx.get::<Datastore>(holder) {
        &datastore.vm
    } else if let Some(network) = tx.get::<Network>(holder) {
        &network.vm
    } else if let Some(host) = tx.get::<HostSystem>(holder) {
        &host.vm
    } else {
        &tx.get::<ResourcePool>(holder)?.vm
    };
    Some(list.as_deref().unwrap_or_default())
}

fn list_machines(tx: &mut Tx<'_>, holder: &MoRef, machines: Vec<MoRef>) {
    if let Some(datastore) = tx.edit::<Datastore>(holder) {
        datastore.vm = Some(machines);
    } else if let Some(network) = tx.edit::<Network>(holder) {
        network.vm = Some(machines);
    } else if let Some(host) = tx.edit::<HostSystem>(holder) {
        host.vm = Some(machines);
    } else if let Some(pool) = tx.edit::<ResourcePool>(holder) {
        pool.vm = Some(machines);
    }
}

fn take_new_name(tx: &mut Tx<'_>, moref: &MoRef) {
    let (Some(old), Some(new)) = (tx.before().get::<Datastore>(moref), tx.get::<Datastore>(moref)) else { return };
    if old.name == new.name {
        return;
    }
    let (old, new, vms) = (old.name.clone(), new.name.clone(), new.vm.clone().unwrap_or_default());
    for vm in vms {
        let Some(machine) = tx.get::<VirtualMachine>(&vm) else { continue };
        let mut renamed = machine.clone();
        rename::rename_datastore(&mut renamed, &old, &new);
        if renamed != *machine
            && let Some(machine) = tx.edit::<VirtualMachine>(&vm)
        {
            *machine = renamed;
        }
    }
}

/// What a VM's host reaches, as a transaction sees it. Names that were asked for are remembered.
struct TxLookup<'t, 'a> {
    tx: &'t Tx<'a>,
    datastores: &'t [MoRef],
    networks: &'t [MoRef],
    known: RefCell<Vec<(Str, Option<DatastoreFacts>)>>,
}

impl<'t, 'a> TxLookup<'t, 'a> {
    fn of(tx: &'t Tx<'a>, vm: &'t VirtualMachine) -> TxLookup<'t, 'a> {
        let host = vm.runtime.host.as_ref().and_then(|h| tx.get::<HostSystem>(h));
        let own = vm.datastore.as_deref().unwrap_or_default();
        TxLookup {
            tx,
            datastores: host.and_then(|h| h.datastore.as_deref()).unwrap_or(own),
            networks: host.and_then(|h| h.network.as_deref()).unwrap_or_default(),
            known: RefCell::default(),
        }
    }
}

impl Lookup for TxLookup<'_, '_> {
    fn datastore_named(&self, name: &str) -> Option<DatastoreFacts> {
        if let Some((_, facts)) = self.known.borrow().iter().find(|(known, _)| known == name) {
            return facts.clone();
        }
        let mut all = self.datastores.iter();
        let found = all.find(|d| self.tx.get::<Datastore>(d).is_some_and(|d| d.name == name));
        let facts = found.and_then(|d| self.datastore(d));
        self.known.borrow_mut().push((name.into(), facts.clone()));
        facts
    }

    fn datastore(&self, datastore: &MoRef) -> Option<DatastoreFacts> {
        let found = self.tx.get::<Datastore>(datastore)?;
        Some(DatastoreFacts {
            datastore: datastore.clone(),
            name: found.name.clone(),
            url: found.summary.url.clone(),
            free: found.summary.free_space,
            max_file: found.info.max_file_size,
            accessible: found.summary.accessible,
        })
    }

    fn snapshot_config(&self, snapshot: &MoRef) -> Option<Obj<VirtualMachineConfigInfo>> {
        self.tx.get::<VirtualMachineSnapshot>(snapshot).map(|s| s.config.clone())
    }

    fn opaque_network(&self, id: &str, kind: &str) -> Option<NetworkFacts> {
        let facts = |moref: &MoRef| {
            let network = self.tx.get::<OpaqueNetwork>(moref)?;
            let summary = network.summary.cast::<OpaqueNetworkSummary>()?;
            let is_it = summary.opaque_network_id == id && summary.opaque_network_type == kind;
            is_it.then(|| NetworkFacts { network: moref.clone(), name: network.name.clone() })
        };
        self.networks.iter().find_map(facts)
    }
}
