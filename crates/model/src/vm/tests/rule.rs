//! The rule that keeps derived state, run by an inventory.

use std::sync::Arc;

use inventory::{Inventory, ManualClock, Options};
use vim25::{DataType, MoRef, mo, types::DatastoreSummary};

use super::*;
use crate::vm::{
    config, derive,
    testing::{host, now},
    tests::default_vm::made,
};

const VM: (&str, &str) = ("VirtualMachine", "vm-1");

fn moref((kind, id): (&str, &str)) -> MoRef {
    MoRef::new(kind, id)
}

fn datastore(name: &str) -> mo::Datastore {
    mo::Datastore::with(|d| {
        d.name = name.into();
        d.summary = DatastoreSummary { name: name.into(), url: "ds:///x/".into(), ..Default::default() }.into();
    })
}

/// A host with two datastores, a network and a port group, and one VM on the first datastore and the port group.
fn inventory() -> Inventory {
    let options = Options {
        clock: Arc::new(ManualClock::new(now())),
        derive: vec![Box::new(derive::Machines)],
        ..Options::default()
    };
    let inventory = Inventory::new(options);
    let fill = |tx: &mut inventory::Tx<'_>| {
        let datastores = [moref(("Datastore", "datastore-5")), moref(("Datastore", "datastore-6"))];
        let network = moref(("Network", "network-7"));
        let group = moref(("DistributedVirtualPortgroup", "dvportgroup-12"));
        tx.insert(datastores[0].clone(), datastore("LocalDS_0"));
        tx.insert(datastores[1].clone(), datastore("small"));
        tx.insert(network.clone(), mo::Network::default());
        tx.insert(group.clone(), mo::DistributedVirtualPortgroup::default());
        tx.insert(
            host().host,
            mo::HostSystem::with(|h| {
                h.datastore = Some(datastores.to_vec().into());
                h.network = Some([network, group].into());
            }),
        );
        tx.insert(moref(VM), made(1, false));
        Ok::<(), ()>(())
    };
    inventory.commit(fill).unwrap();
    inventory
}

fn machines(inventory: &Inventory, holder: (&str, &str)) -> Vec<MoRef> {
    let world = inventory.snapshot();
    let datastore = world.get::<mo::Datastore>(&moref(holder)).map(|d| d.vm.clone());
    datastore
        .or_else(|| world.get::<mo::Network>(&moref(holder)).map(|n| n.vm.clone()))
        .flatten()
        .unwrap_or_default()
        .to_vec()
}

fn reconfigure(inventory: &Inventory, specs: Vec<Obj<VirtualDeviceConfigSpec>>) {
    let world = World::default();
    let spec = VirtualMachineConfigSpec { device_change: Some(specs), ..Default::default() };
    let change = |tx: &mut inventory::Tx<'_>| {
        let vm = tx.edit::<mo::VirtualMachine>(&moref(VM)).unwrap();
        let old = vm.config.clone().unwrap();
        vm.config = Some(config::reconfigure(&old, &vm.runtime.power_state, &spec, &world.context())?);
        Ok::<(), Fault>(())
    };
    inventory.commit(change).unwrap();
}

#[test]
fn a_new_vm_is_listed_by_its_datastore_and_network() {
    let inventory = inventory();
    assert_eq!(machines(&inventory, ("Datastore", "datastore-5")), [moref(VM)]);
    assert_eq!(machines(&inventory, ("DistributedVirtualPortgroup", "dvportgroup-12")), [moref(VM)]);
    assert_eq!(machines(&inventory, ("Datastore", "datastore-6")), []);
}

#[test]
fn lists_follow_when_an_adapter_and_a_disk_come_and_go() {
    let inventory = inventory();
    let mut on_small = disk(1000, 1024);
    let backing = on_small.device.backing.as_mut().unwrap();
    backing.cast_mut::<VirtualDiskFlatVer2BackingInfo>().unwrap().file_name = "[small]".into();
    reconfigure(&inventory, vec![add(nic()), remove(4000), on_small]);
    assert_eq!(machines(&inventory, ("Network", "network-7")), [moref(VM)]);
    assert_eq!(machines(&inventory, ("DistributedVirtualPortgroup", "dvportgroup-12")), []);
    assert_eq!(machines(&inventory, ("Datastore", "datastore-6")), [moref(VM)]);
    let world = inventory.snapshot();
    let vm = world.get::<mo::VirtualMachine>(&moref(VM)).unwrap();
    assert_eq!(vm.summary.config.num_virtual_disks, Some(2));
    assert_eq!(vm.storage.as_ref().unwrap().per_datastore_usage.as_ref().unwrap().len(), 2);
    let urls: Vec<_> = vm.config.as_ref().unwrap().datastore_url.iter().flatten().map(|u| u.name.clone()).collect();
    assert_eq!(urls, ["LocalDS_0", "small"]);
    reconfigure(&inventory, vec![remove(2001)]);
    assert_eq!(machines(&inventory, ("Datastore", "datastore-6")), []);
}

#[test]
fn a_removed_vm_is_listed_nowhere() {
    let inventory = inventory();
    inventory
        .commit(|tx| {
            tx.remove(&moref(VM));
            Ok::<(), ()>(())
        })
        .unwrap();
    assert_eq!(machines(&inventory, ("Datastore", "datastore-5")), []);
    assert_eq!(machines(&inventory, ("DistributedVirtualPortgroup", "dvportgroup-12")), []);
}

#[test]
fn a_renamed_datastore_is_renamed_in_every_path_of_its_vms() {
    let inventory = inventory();
    let rename = |tx: &mut inventory::Tx<'_>| {
        tx.edit::<mo::Datastore>(&moref(("Datastore", "datastore-5"))).unwrap().name = "fast".into();
        Ok::<(), ()>(())
    };
    inventory.commit(rename).unwrap();
    let world = inventory.snapshot();
    let vm = world.get::<mo::VirtualMachine>(&moref(VM)).unwrap();
    assert_eq!(vm.config.as_ref().unwrap().files.vm_path_name.as_deref(), Some("[fast] DC0_H0_VM1/DC0_H0_VM1.vmx"));
    assert!(vm.layout_ex.as_ref().unwrap().file.iter().flatten().all(|f| f.name.starts_with("[fast] ")));
    assert_eq!(vm.summary.config.vm_path_name, vm.config.as_ref().unwrap().files.vm_path_name.clone().unwrap());
    assert_eq!(vm.datastore, Some([moref(("Datastore", "datastore-5"))].into()));
    assert_eq!(machines(&inventory, ("Datastore", "datastore-5")), [moref(VM)]);
}

#[test]
fn the_summary_repeats_the_state_of_devices() {
    let inventory = inventory();
    let entry = |active| VirtualMachineDeviceRuntimeInfo {
        key: 4000,
        runtime_state: VirtualMachineDeviceRuntimeInfoVirtualEthernetCardRuntimeState {
            vm_direct_path_gen2_active: Some(active),
            ..Default::default()
        }
        .into(),
    };
    for state in [Some(vec![entry(false).into()]), Some(vec![entry(true).into()]), None] {
        let change = |tx: &mut inventory::Tx<'_>| {
            tx.edit::<mo::VirtualMachine>(&moref(VM)).unwrap().runtime.device = state.clone();
            Ok::<(), ()>(())
        };
        inventory.commit(change).unwrap();
        let world = inventory.snapshot();
        let vm = world.get::<mo::VirtualMachine>(&moref(VM)).unwrap();
        assert_eq!(vm.runtime.device, state);
        assert_eq!(vm.summary.runtime, vm.runtime);
    }
}
