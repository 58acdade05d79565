//! A single ESXi host that is its own server: fixed ids, one compute resource, no switch but the standard one.

use inventory::Tx;
use vim25::{MoRef, Str};

use super::{
    Lab,
    datacenter::{UPTIME, host_address, insert_compute, insert_datastores},
    lists::Lists,
    machines::{Machines, Room},
    site,
    site::{Compute, Named},
};
use crate::{
    HostProfile, Settings, compute, datacenter, folder,
    folder::Holds,
    host::{self, HostSpec, network::VM_NETWORK, storage::Volume},
    network,
};

const HOST: &str = "localhost.localdomain";

fn fixed(kind: &'static str, id: &'static str) -> MoRef {
    MoRef::new(Str::new_static(kind), Str::new_static(id))
}

pub(super) fn build(tx: &mut Tx<'_>, settings: &Settings, lists: &mut Lists) -> Lab {
    let root = fixed("Folder", "ha-folder-root");
    tx.insert(root.clone(), folder::root_folder(&root, true));
    let dc = fixed("Datacenter", "ha-datacenter");
    lists.child(&root, &dc);
    let folders = folders(tx, &dc);
    let volumes: Vec<Volume> = (0..settings.datastores).map(|index| volume(tx, settings.host_profile, index)).collect();
    let vm_network = fixed("Network", "HaNetwork-VM Network");

    let mut made = datacenter::datacenter("ha-datacenter", root.clone(), &folders);
    made.datastore = Some(volumes.iter().map(|v| v.datastore.clone()).collect());
    made.network = Some([vm_network.clone()].into());
    tx.insert(dc.clone(), made);

    let compute = insert_host(tx, settings, &folders, &volumes, &vm_network);
    lists.child(&folders.host, &compute.moref);
    let hosts = [compute.hosts[0].moref.clone()];
    insert_datastores(tx, &volumes, &folders.datastore, &hosts, lists);
    tx.insert(vm_network.clone(), network::network(&vm_network, VM_NETWORK, folders.network.clone(), hosts.to_vec()));
    lists.child(&folders.network, &vm_network);

    let mut room = Room::new(&volumes, None, &vm_network);
    room.enter(
        vec![host::facts(settings.host_profile, hosts[0].clone(), HOST.into())],
        compute.browser.clone(),
        folders.vm.clone(),
    );
    let mut machines = Machines::new(settings.autostart);
    let mut vms = vec![];
    for index in 0..settings.vms {
        let this = MoRef::new("VirtualMachine", (index + 1).to_string());
        machines.insert(tx, &mut room, this.clone(), format!("ha-host_VM{index}").into(), &compute.pool, lists);
        vms.push(this);
    }
    machines.finish(tx, &room, lists);
    let datastores = volumes.into_iter().map(|v| v.datastore).collect();
    Lab { root, datacenters: vec![dc], hosts: hosts.to_vec(), datastores, vms }
}

fn folders(tx: &mut Tx<'_>, dc: &MoRef) -> datacenter::Folders {
    let mut make = |holds, id| {
        let this = fixed("Folder", id);
        tx.insert(this.clone(), folder::system_folder(dc.clone(), holds));
        this
    };
    datacenter::Folders {
        vm: make(Holds::Machines, "ha-folder-vm"),
        host: make(Holds::Hosts, "ha-folder-host"),
        datastore: make(Holds::Datastores, "ha-folder-datastore"),
        network: make(Holds::Networks, "ha-folder-network"),
    }
}

/// On a host a datastore's id is the UUID of its volume.
fn volume(tx: &mut Tx<'_>, profile: HostProfile, index: u32) -> Volume {
    let uuid = site::volume_uuid(tx);
    site::new_volume(tx, profile, MoRef::new("Datastore", uuid.clone()), uuid, index)
}

fn insert_host(
    tx: &mut Tx<'_>,
    settings: &Settings,
    folders: &datacenter::Folders,
    volumes: &[Volume],
    vm_network: &MoRef,
) -> Compute {
    let compute = Compute {
        moref: fixed("ComputeResource", "ha-compute-res"),
        name: HOST.into(),
        pool: fixed("ResourcePool", "ha-root-pool"),
        browser: fixed("EnvironmentBrowser", "ha-environment-browser"),
        hosts: vec![Named { moref: fixed("HostSystem", "ha-host"), name: HOST.into() }],
        pools: vec![],
        apps: vec![],
    };
    let host = &compute.hosts[0];
    let parts = compute::Parts {
        pool: compute.pool.clone(),
        browser: compute.browser.clone(),
        networks: vec![vm_network.clone()],
        datastores: volumes.iter().map(|v| v.datastore.clone()).collect(),
        hosts: vec![host.moref.clone()],
    };
    insert_compute(tx, &compute, &folders.host, &parts);
    let spec = HostSpec {
        moref: host.moref.clone(),
        name: host.name.clone(),
        parent: compute.moref.clone(),
        address: host_address(1),
        uuid: tx.uuid(),
        switch: None,
        volumes: volumes.to_vec(),
        networks: vec![vm_network.clone()],
        boot_time: tx.now().plus_seconds(-UPTIME),
        managed_by: None,
    };
    host::insert(tx, &host::Template::new(settings.host_profile, settings.api_version), &spec);
    compute
}
