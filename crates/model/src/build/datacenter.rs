//! A datacenter of a vCenter: folders, switch and networks, hosts and clusters, datastores, virtual machines.

use std::net::Ipv4Addr;

use inventory::Tx;
use vim25::{MoRef, Str, mo};

use super::{
    Home, Lab,
    lists::Lists,
    machines::{Machines, Room},
    new, site,
    site::{Compute, Named},
    switch::Switch,
};
use crate::{
    Settings, compute, datacenter, datastore, folder,
    folder::Holds,
    host::{self, HostSpec, network::VM_NETWORK, storage::Volume},
    kit::text,
    network, pool,
};

/// How long hosts have been up when a world begins.
pub(super) const UPTIME: i64 = 7 * 86_400;

/// Builds datacenters one after the other.
pub(super) struct Builder<'s> {
    settings: &'s Settings,
    template: host::Template,
    hosts: u32,
    machines: Machines,
}

/// A datacenter under construction.
struct Site {
    folders: datacenter::Folders,
    computes: Vec<Compute>,
    volumes: Vec<Volume>,
    switch: Option<Switch>,
    vm_network: MoRef,
    opaque: Vec<Named>,
}

impl Site {
    fn hosts(&self) -> Vec<MoRef> {
        self.computes.iter().flat_map(|c| &c.hosts).map(|h| h.moref.clone()).collect()
    }

    fn networks(&self) -> Vec<MoRef> {
        let distributed = self.switch.iter().flat_map(Switch::networks);
        std::iter::once(self.vm_network.clone())
            .chain(distributed)
            .chain(self.opaque.iter().map(|o| o.moref.clone()))
            .collect()
    }

    fn datastores(&self) -> Vec<MoRef> {
        self.volumes.iter().map(|v| v.datastore.clone()).collect()
    }
}

impl<'s> Builder<'s> {
    pub(super) fn new(settings: &'s Settings) -> Builder<'s> {
        let template = host::Template::new(settings.host_profile, settings.api_version);
        Builder { settings, template, hosts: 0, machines: Machines::new(settings.autostart) }
    }

    /// Datacenter number `index`.
    pub(super) fn build(&mut self, tx: &mut Tx<'_>, index: u32, home: &Home, lists: &mut Lists, lab: &mut Lab) {
        let name: Str = format!("DC{index}").into();
        let dc = new(tx, "Datacenter", "datacenter");
        let system = folders(tx, &dc);
        self.pods(tx, &name, &system.datastore, lists);
        let folders = match &home.folder {
            Some(name) => subfolders(tx, name, &system, lists),
            None => system.clone(),
        };
        let site = self.plan(tx, &name, folders);
        let mut made = datacenter::datacenter(name, home.parent.clone(), &system);
        made.datastore = Some(site.datastores().into());
        made.network = Some(site.networks().into());
        tx.insert(dc.clone(), made);
        lists.child(&home.parent, &dc);
        lab.datacenters.push(dc);
        self.insert(tx, site, &system, lists, lab);
    }

    fn pods(&self, tx: &mut Tx<'_>, dc: &str, folder: &MoRef, lists: &mut Lists) {
        for index in 0..self.settings.pods {
            let pod = new(tx, "StoragePod", "group-p");
            tx.insert(pod.clone(), folder::storage_pod(format!("{dc}_POD{index}"), folder.clone()));
            lists.child(folder, &pod);
        }
    }

    fn plan(&self, tx: &mut Tx<'_>, dc: &str, folders: datacenter::Folders) -> Site {
        let settings = self.settings;
        let switch = Switch::plan(tx, settings, dc);
        let opaque_name = |index| format!("{dc}_NSX{index}").into();
        let opaque = (0..settings.opaque_networks)
            .map(|i| Named { moref: new(tx, "OpaqueNetwork", "network-o"), name: opaque_name(i) })
            .collect();
        let mut computes: Vec<_> = (0..settings.standalone_hosts).map(|i| site::standalone(tx, dc, i)).collect();
        computes.extend((0..settings.clusters).map(|i| site::cluster(tx, settings, dc, i)));
        let any_host = computes.iter().any(|c| !c.hosts.is_empty());
        let volumes = site::volumes(tx, settings.host_profile, if any_host { settings.datastores } else { 0 });
        Site { folders, computes, volumes, switch, vm_network: new(tx, "Network", "network"), opaque }
    }

    fn insert(&mut self, tx: &mut Tx<'_>, site: Site, system: &datacenter::Folders, lists: &mut Lists, lab: &mut Lab) {
        let hosts = site.hosts();
        self.computes(tx, &site, lists);
        insert_datastores(tx, &site.volumes, &site.folders.datastore, &hosts, lists);
        lab.datastores.extend(site.datastores());
        self.insert_networks(tx, &site, system, lists);
        self.run(tx, &site, lists, lab);
        if let Some(switch) = site.switch {
            let machines = self.machines.made_since_last();
            for made in switch.insert(tx, &site.folders.network, &hosts, machines) {
                lists.child(&site.folders.network, &made);
            }
        }
        lab.hosts.extend(hosts);
    }

    fn insert_networks(&self, tx: &mut Tx<'_>, site: &Site, system: &datacenter::Folders, lists: &mut Lists) {
        let hosts = site.hosts();
        let this = &site.vm_network;
        tx.insert(this.clone(), network::network(this, VM_NETWORK, system.network.clone(), hosts.clone()));
        lists.child(&system.network, this);
        let logical = site.switch.iter().flat_map(Switch::logical_switches);
        for (Named { moref, name }, logical) in site.opaque.iter().zip(logical) {
            let folder = &site.folders.network;
            let made = network::opaque_network(moref, name.clone(), folder.clone(), hosts.clone(), logical);
            tx.insert(moref.clone(), made);
            lists.child(folder, moref);
        }
    }

    fn computes(&mut self, tx: &mut Tx<'_>, site: &Site, lists: &mut Lists) {
        let mut members = 0;
        for made in &site.computes {
            let parts = compute::Parts {
                pool: made.pool.clone(),
                browser: made.browser.clone(),
                networks: if made.hosts.is_empty() { vec![] } else { site.networks() },
                datastores: if made.hosts.is_empty() { vec![] } else { site.datastores() },
                hosts: made.hosts.iter().map(|h| h.moref.clone()).collect(),
            };
            insert_compute(tx, made, &site.folders.host, &parts);
            lists.child(&site.folders.host, &made.moref);
            for host in &made.hosts {
                let switch = site.switch.as_ref().map(|s| s.member(members));
                members += 1;
                let spec = self.host_spec(tx, made, host, site, switch);
                host::insert(tx, &self.template, &spec);
            }
            insert_pools(tx, made, lists);
        }
    }

    fn host_spec(
        &mut self,
        tx: &mut Tx<'_>,
        parent: &Compute,
        host: &Named,
        site: &Site,
        switch: Option<host::network::SwitchMember>,
    ) -> HostSpec {
        self.hosts += 1;
        HostSpec {
            moref: host.moref.clone(),
            name: host.name.clone(),
            parent: parent.moref.clone(),
            address: host_address(self.hosts),
            uuid: tx.uuid(),
            switch,
            volumes: site.volumes.clone(),
            networks: site.networks(),
            boot_time: tx.now().plus_seconds(-UPTIME),
            managed_by: Some(text("127.0.0.1")),
        }
    }

    /// The virtual machines of every pool, vApp and single host.
    fn run(&mut self, tx: &mut Tx<'_>, site: &Site, lists: &mut Lists, lab: &mut Lab) {
        if self.settings.vms == 0 {
            return;
        }
        let jack = site.switch.as_ref().and_then(|s| s.jack(site.hosts().len()));
        let mut room = Room::new(&site.volumes, jack, &site.vm_network);
        for compute in &site.computes {
            let facts = |h: &Named| host::facts(self.settings.host_profile, h.moref.clone(), h.name.clone());
            room.enter(compute.hosts.iter().map(facts).collect(), compute.browser.clone(), site.folders.vm.clone());
            for (pool, prefix) in compute.groups() {
                for index in 0..self.settings.vms {
                    let this = new(tx, "VirtualMachine", "vm");
                    let name = format!("{prefix}_VM{index}").into();
                    self.machines.insert(tx, &mut room, this.clone(), name, pool, lists);
                    lab.vms.push(this);
                }
            }
        }
        self.machines.finish(tx, &room, lists);
    }
}

/// Hosts count from 10.0.0.11.
pub(super) fn host_address(number: u32) -> Ipv4Addr {
    Ipv4Addr::from(0x0A00_000A + number)
}

fn folders(tx: &mut Tx<'_>, dc: &MoRef) -> datacenter::Folders {
    let mut make = |holds: Holds| {
        let folder = new(tx, "Folder", &format!("group-{}", holds.letter()));
        tx.insert(folder.clone(), folder::system_folder(dc.clone(), holds));
        folder
    };
    datacenter::Folders {
        vm: make(Holds::Machines),
        host: make(Holds::Hosts),
        datastore: make(Holds::Datastores),
        network: make(Holds::Networks),
    }
}

/// A folder of this name in each of the four.
fn subfolders(tx: &mut Tx<'_>, name: &Str, parents: &datacenter::Folders, lists: &mut Lists) -> datacenter::Folders {
    let mut make = |holds: Holds, parent: &MoRef| {
        let made = new(tx, "Folder", &format!("group-{}", holds.letter()));
        tx.insert(made.clone(), folder::folder(name.clone(), parent.clone(), holds));
        lists.child(parent, &made);
        made
    };
    datacenter::Folders {
        vm: make(Holds::Machines, &parents.vm),
        host: make(Holds::Hosts, &parents.host),
        datastore: make(Holds::Datastores, &parents.datastore),
        network: make(Holds::Networks, &parents.network),
    }
}

/// Puts a compute resource with its environment browser and root pool into the world.
pub(super) fn insert_compute(tx: &mut Tx<'_>, made: &Compute, folder: &MoRef, parts: &compute::Parts) {
    let (this, name, folder) = (made.moref.clone(), made.name.clone(), folder.clone());
    if made.is_cluster() {
        tx.insert(this, compute::cluster(name, folder, parts));
    } else {
        tx.insert(this, compute::standalone(name, folder, parts));
    }
    tx.insert(parts.browser.clone(), compute::environment_browser(None));
    let capacity = host::capacity(made.hosts.len());
    let now = tx.now();
    tx.insert(made.pool.clone(), pool::root_pool(&made.pool, made.moref.clone(), capacity, now));
}

fn insert_pools(tx: &mut Tx<'_>, made: &Compute, lists: &mut Lists) {
    let now = tx.now();
    for Named { moref, name } in &made.pools {
        let child = pool::child_pool(moref, name.clone(), made.pool.clone(), made.moref.clone(), now);
        tx.insert(moref.clone(), child);
        lists.pool(&made.pool, moref);
    }
    for Named { moref, name } in &made.apps {
        let spec = pool::AppSpec {
            name: name.clone(),
            parent: made.pool.clone(),
            folder: None,
            owner: made.moref.clone(),
            instance_uuid: tx.uuid(),
        };
        tx.insert(moref.clone(), pool::virtual_app(moref, spec, now));
        lists.pool(&made.pool, moref);
    }
}

/// Puts datastores that all of `hosts` mount into the world, each with its browser.
pub(super) fn insert_datastores(
    tx: &mut Tx<'_>,
    volumes: &[Volume],
    folder: &MoRef,
    hosts: &[MoRef],
    lists: &mut Lists,
) {
    for volume in volumes {
        let this = &volume.datastore;
        let browser = MoRef::new(mo_name::<mo::HostDatastoreBrowser>(), format!("datastoreBrowser-{}", this.id));
        let now = tx.now();
        tx.insert(browser.clone(), datastore::browser(vec![this.clone()]));
        tx.insert(this.clone(), datastore::datastore(volume, folder.clone(), browser, hosts, now));
        lists.child(folder, this);
    }
}

fn mo_name<T: vim25::DataType>() -> Str {
    Str::new_static(T::TYPE.name)
}
