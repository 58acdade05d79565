//! Virtual machines of a new world: all alike, placed on hosts, datastores and ports in turn.

use std::{
    collections::{HashMap, HashSet},
    net::Ipv4Addr,
    sync::Arc,
};

use inventory::Tx;
use vim25::{DataType, DateTime, MoRef, Obj, Str, mo::VirtualMachine, types::*};

use super::{crew, lists::Lists, switch::Jack};
use crate::{
    host::{network::VM_NETWORK, storage::Volume},
    kit::text,
    vm::{
        default_vm::{Individual, Model},
        derive::AtRest,
        object::Place,
        power::CidTaken,
        surroundings::{DatastoreFacts, HostFacts, Lookup, NetworkFacts},
    },
};

/// Guests count from 172.16.0.2.
const FIRST_ADDRESS: u32 = 0xAC10_0002;
/// So many are made together: enough to keep all processors busy, and few beside all that there will be.
const TOGETHER: usize = 4096;

/// Makes virtual machines that share what is equal.
pub(super) struct Machines {
    on: bool,
    model: Option<Model>,
    orders: Vec<Order>,
    made: u32,
    told: u32,
    /// VMCI context ids in use, by host.
    context_ids: HashMap<Str, HashSet<i32>>,
}

/// What sets a machine apart that is still to be made.
struct Order {
    place: Place,
    name: Str,
    datastore: Arc<DatastoreFacts>,
    nic: Obj<VirtualDeviceBackingInfo>,
    network_name: Str,
    host: Arc<HostFacts>,
    ip: Option<Str>,
    seed: u64,
    now: DateTime,
}

impl Order {
    fn individual<'a>(&'a self, cid_taken: &'a CidTaken<'a>) -> Individual<'a> {
        Individual {
            place: self.place.clone(),
            name: self.name.clone(),
            datastore: &self.datastore,
            nic: self.nic.clone(),
            network_name: self.network_name.clone(),
            host: &self.host,
            ip: self.ip.clone(),
            seed: self.seed,
            now: self.now,
            cid_taken,
        }
    }
}

/// Where virtual machines go next.
pub(super) struct Room {
    datastores: Datastores,
    jack: Option<Jack>,
    vm_network: MoRef,
    hosts: Vec<Arc<HostFacts>>,
    browser: MoRef,
    folder: MoRef,
    on_datastore: usize,
    on_host: usize,
    ports: u32,
}

impl Room {
    /// A datacenter with these volumes; cards are connected to `jack`, or to `VM Network` without one.
    pub(super) fn new(volumes: &[Volume], jack: Option<Jack>, vm_network: &MoRef) -> Room {
        Room {
            datastores: Datastores(volumes.iter().map(|volume| Arc::new(facts(volume))).collect()),
            jack,
            vm_network: vm_network.clone(),
            hosts: vec![],
            browser: MoRef::default(),
            folder: MoRef::default(),
            on_datastore: 0,
            on_host: 0,
            ports: 0,
        }
    }

    /// Goes on to the next cluster or single host.
    pub(super) fn enter(&mut self, hosts: Vec<HostFacts>, browser: MoRef, folder: MoRef) {
        self.hosts = hosts.into_iter().map(Arc::new).collect();
        self.browser = browser;
        self.folder = folder;
        self.on_host = 0;
    }

    /// The next host and datastore, in turn.
    fn next(&mut self) -> (Arc<HostFacts>, Arc<DatastoreFacts>) {
        let host = self.hosts[self.on_host % self.hosts.len()].clone();
        let datastores = &self.datastores.0;
        let datastore = datastores[self.on_datastore % datastores.len()].clone();
        self.on_host += 1;
        self.on_datastore += 1;
        (host, datastore)
    }

    fn next_backing(&mut self) -> Obj<VirtualDeviceBackingInfo> {
        let Some(jack) = &self.jack else { return self.standard_backing() };
        let port = DistributedVirtualSwitchPortConnection {
            switch_uuid: jack.switch_uuid.clone(),
            portgroup_key: Some(jack.portgroup.id.clone()),
            port_key: Some((jack.first_port + self.ports).to_string().into()),
            // Grows with every connection that the switch has made.
            connection_cookie: Some(self.ports as i32 + 1),
        };
        self.ports += 1;
        let backing = VirtualEthernetCardDistributedVirtualPortBackingInfo { port: port.into(), ..Default::default() };
        backing.into()
    }

    fn network_name(&self) -> Str {
        self.jack.as_ref().map_or(text(VM_NETWORK), |jack| jack.name.clone())
    }

    fn standard_backing(&self) -> Obj<VirtualDeviceBackingInfo> {
        VirtualEthernetCardNetworkBackingInfo::with(|b| {
            b.device_name = text(VM_NETWORK);
            b.use_auto_detect = Some(false);
            b.network = Some(self.vm_network.clone());
        })
        .into()
    }
}

fn facts(volume: &Volume) -> DatastoreFacts {
    DatastoreFacts {
        datastore: volume.datastore.clone(),
        name: volume.vmfs.name.clone(),
        url: format!("ds://{}/", volume.mount_path()).into(),
        free: volume.vmfs.capacity,
        max_file: crate::datastore::MAX_FILE,
        accessible: true,
    }
}

/// The datastores that every host of a datacenter reaches.
struct Datastores(Vec<Arc<DatastoreFacts>>);

impl Lookup for Datastores {
    fn datastore_named(&self, name: &str) -> Option<DatastoreFacts> {
        self.0.iter().find(|d| d.name == name).map(|facts| (**facts).clone())
    }

    fn datastore(&self, datastore: &MoRef) -> Option<DatastoreFacts> {
        self.0.iter().find(|d| d.datastore == *datastore).map(|facts| (**facts).clone())
    }

    fn opaque_network(&self, _id: &str, _kind: &str) -> Option<NetworkFacts> {
        // No card of a new world is on one.
        None
    }
}

impl Machines {
    pub(super) fn new(on: bool) -> Machines {
        Machines { on, model: None, orders: vec![], made: 0, told: 0, context_ids: HashMap::new() }
    }

    /// How many were made since this was last asked.
    pub(super) fn made_since_last(&mut self) -> usize {
        (self.made - std::mem::replace(&mut self.told, self.made)) as usize
    }

    /// Orders one more for the world. It is there after [`Machines::finish`].
    pub(super) fn insert(
        &mut self,
        tx: &mut Tx<'_>,
        room: &mut Room,
        this: MoRef,
        name: Str,
        pool: &MoRef,
        lists: &mut Lists,
    ) {
        let (host, datastore) = room.next();
        let nic = room.next_backing();
        let address = Ipv4Addr::from(FIRST_ADDRESS + self.made);
        self.made += 1;
        self.orders.push(Order {
            place: Place {
                this,
                folder: Some(room.folder.clone()),
                pool: Some(pool.clone()),
                // Machines of vApps lie in the folder too, where people look for them; a machine has one parent.
                v_app: None,
                host: host.host.clone(),
                environment_browser: room.browser.clone(),
            },
            name,
            datastore,
            nic,
            network_name: room.network_name(),
            host,
            ip: self.on.then(|| address.to_string().into()),
            seed: tx.random(),
            now: tx.now(),
        });
        if self.orders.len() == TOGETHER {
            self.finish(tx, room, lists);
        }
    }

    /// Makes what was ordered and puts it into the world, in the order of the orders.
    pub(super) fn finish(&mut self, tx: &mut Tx<'_>, room: &Room, lists: &mut Lists) {
        let orders = std::mem::take(&mut self.orders);
        let Some(first) = orders.first() else { return };
        let (lookup, on) = (&room.datastores, self.on);
        let model = self.model.get_or_insert_with(|| Model::new(&first.individual(&|_| false), on, lookup));
        let context_ids = &mut self.context_ids;
        let take = |order: &Order, mut vm: VirtualMachine| {
            let taken = context_ids.entry(order.host.host.id.clone()).or_default();
            if context_id(&vm).is_some_and(|id| taken.contains(&id)) {
                vm = model.make(&order.individual(&|id| taken.contains(&id)), lookup);
            }
            taken.extend(context_id(&vm));
            place(tx, &order.place.this, vm, lists);
        };
        crew::in_order(&orders, |order| model.make(&order.individual(&|_| false), lookup), take);
    }
}

fn place(tx: &mut Tx<'_>, this: &MoRef, vm: VirtualMachine, lists: &mut Lists) {
    if let Some(folder) = &vm.parent {
        lists.child(folder, this);
    }
    let at_rest = AtRest::of(&vm);
    tx.insert(this.clone(), vm);
    tx.set_private(&this.id, at_rest);
}

/// The VMCI context id of a machine that runs.
fn context_id(vm: &VirtualMachine) -> Option<i32> {
    let devices = vm.config.as_ref()?.hardware.device.as_ref()?;
    let vmci = devices.iter().find_map(|d| d.cast::<VirtualMachineVMCIDevice>())?;
    i32::try_from(vmci.id?).ok()
}
