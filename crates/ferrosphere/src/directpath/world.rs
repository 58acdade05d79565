//! What the server says: machines, hosts, switches, port groups and ports, as typed objects.

use std::collections::{BTreeSet, HashMap};

use ::client::{Client, Error, Found, Properties, Query};
use ::directpath::read;
use vim25::path::Path;
use vim25::types::{
    DistributedVirtualPort, DistributedVirtualSwitchPortConnection, DistributedVirtualSwitchPortCriteria,
    VirtualEthernetCard,
};
use vim25::{ApiVersion, DataType, MoRef, Obj, Str, args, mo};

use super::pattern;

/// What is read of each type.
const PROPERTIES: &[(&str, &[&str])] = &[
    (
        "VirtualMachine",
        &[
            "name",
            "config.template",
            "config.guestId",
            "config.version",
            "config.extraConfig",
            "config.flags",
            "config.nestedHVEnabled",
            "config.memoryAllocation",
            "config.memoryReservationLockedToMax",
            "config.hardware.memoryMB",
            "config.hardware.device",
            "config.ftInfo",
            "runtime.powerState",
            "runtime.host",
            "runtime.device",
            "runtime.faultToleranceState",
            "runtime.recordReplayState",
        ],
    ),
    (
        "HostSystem",
        &[
            "name",
            "config.product",
            "config.network.pnic",
            "config.network.proxySwitch",
            "capability.vmDirectPathGen2Supported",
            "capability.vmDirectPathGen2UnsupportedReason",
            "capability.vmDirectPathGen2UnsupportedReasonExtended",
        ],
    ),
    ("DistributedVirtualSwitch", &["name", "uuid", "capability", "config.defaultPortConfig"]),
    ("DistributedVirtualPortgroup", &["name", "key", "config.defaultPortConfig"]),
];

/// Ports are asked for by name up to this many of a switch, beyond it all that are connected.
const MOST_KEYS: usize = 500;

/// A switch and a port of it.
type PortKey = (Str, Str);

/// The parts of a datacenter that matter here.
#[derive(Default)]
pub struct World {
    /// Machines that were asked for, by name.
    pub vms: Vec<Found<mo::VirtualMachine>>,
    hosts: HashMap<MoRef, Found<mo::HostSystem>>,
    switches: HashMap<Str, Found<mo::DistributedVirtualSwitch>>,
    groups: HashMap<Str, Found<mo::DistributedVirtualPortgroup>>,
    ports: HashMap<PortKey, Obj<DistributedVirtualPort>>,
    /// Whether adapters say that they ask to pass through: since API 6.0. Before, every vmxnet3 does.
    pub can_ask: bool,
    /// What could not be read.
    pub notes: Vec<String>,
}

/// The first version of the API with `uptCompatibilityEnabled`.
const FIRST_TO_ASK: &str = "6.0";

/// The question for all of it, in words that a server of this version knows.
pub fn query(version: ApiVersion) -> Query {
    PROPERTIES.iter().fold(Query::new(), |query, (kind, paths)| {
        let Some(ty) = vim25::managed_type(kind).filter(|ty| ty.since <= version) else { return query };
        let knows = |path: &&str| Path::parse(path).is_ok_and(|path| path.since(ty) <= version);
        query.all(kind, &paths.iter().copied().filter(knows).collect::<Vec<_>>())
    })
}

impl World {
    /// The world from what was read in this version of the API; of the machines those whose name fits. Templates are left
    /// out.
    ///
    /// # Errors
    /// If an object does not have the properties of its type.
    pub fn of<'p>(
        objects: impl Iterator<Item = &'p Properties>,
        vm: Option<&str>,
        version: ApiVersion,
    ) -> Result<World, Error> {
        let can_ask = ApiVersion::parse(FIRST_TO_ASK).is_none_or(|first| version >= first);
        let mut world = World { can_ask, ..World::default() };
        for object in objects {
            let is = |name: &str| {
                vim25::managed_type(&object.object.kind).is_some_and(|t| t.lineage().any(|t| t.name == name))
            };
            match () {
                () if is("VirtualMachine") => world.take_vm(object.typed()?, vm),
                () if is("HostSystem") => {
                    world.hosts.insert(object.object.clone(), object.typed()?);
                }
                () if is("DistributedVirtualSwitch") => {
                    let switch = object.typed::<mo::DistributedVirtualSwitch>()?;
                    world.switches.insert(folded(&switch.uuid), switch);
                }
                () if is("DistributedVirtualPortgroup") => {
                    let group = object.typed::<mo::DistributedVirtualPortgroup>()?;
                    world.groups.insert(group.key.clone(), group);
                }
                () => {}
            }
        }
        world.vms.sort_by(|a, b| (a.name.to_lowercase(), &a.moref.id).cmp(&(b.name.to_lowercase(), &b.moref.id)));
        Ok(world)
    }

    fn take_vm(&mut self, vm: Found<mo::VirtualMachine>, pattern: Option<&str>) {
        let template = vm.config.as_ref().is_some_and(|config| config.template);
        if !template && pattern.is_none_or(|pattern| pattern::fits(pattern, &vm.name)) {
            self.vms.push(vm);
        }
    }

    /// Reads the ports of the machines' adapters. Who may not read a switch's ports gets a note, and the rest.
    ///
    /// # Errors
    /// If the server cannot be asked.
    pub async fn read_ports(&mut self, client: &Client) -> Result<(), Error> {
        let mut wanted: HashMap<Str, BTreeSet<Str>> = HashMap::new();
        for connection in self.vms.iter().flat_map(|vm| cards(vm)).filter_map(connection) {
            let keys = wanted.entry(folded(&connection.switch_uuid)).or_default();
            keys.extend(connection.port_key.clone());
        }
        for (uuid, keys) in wanted {
            let Some(switch) = self.switches.get(&uuid) else { continue };
            match client.call(&switch.moref, args::FetchDVPorts { criteria: Some(criteria(keys)) }).await {
                Ok(ports) => {
                    let ports = ports.into_iter().flatten();
                    self.ports.extend(ports.map(|port| ((uuid.clone(), port.key.clone()), port)));
                }
                Err(Error::Fault(fault)) => {
                    self.notes.push(format!("the ports of {} cannot be read: {fault}", switch.name))
                }
                Err(error) => return Err(error),
            }
        }
        Ok(())
    }

    /// The host that a machine is on.
    pub fn host(&self, vm: &mo::VirtualMachine) -> Option<&Found<mo::HostSystem>> {
        self.hosts.get(vm.runtime.host.as_ref()?)
    }

    /// The switch of a connection.
    pub fn switch(
        &self,
        connection: &DistributedVirtualSwitchPortConnection,
    ) -> Option<&Found<mo::DistributedVirtualSwitch>> {
        self.switches.get(&folded(&connection.switch_uuid))
    }

    /// The port group of a connection.
    pub fn group(
        &self,
        connection: &DistributedVirtualSwitchPortConnection,
    ) -> Option<&Found<mo::DistributedVirtualPortgroup>> {
        self.groups.get(connection.portgroup_key.as_ref()?)
    }

    /// The port of a connection.
    pub fn port(&self, connection: &DistributedVirtualSwitchPortConnection) -> Option<&DistributedVirtualPort> {
        let key = (folded(&connection.switch_uuid), connection.port_key.clone()?);
        self.ports.get(&key).map(|port| &**port)
    }
}

fn criteria(keys: BTreeSet<Str>) -> Obj<DistributedVirtualSwitchPortCriteria> {
    DistributedVirtualSwitchPortCriteria::with(|criteria| {
        if keys.len() <= MOST_KEYS {
            criteria.port_key = Some(keys.into_iter().collect());
        } else {
            criteria.connected = Some(true);
        }
    })
    .into()
}

/// UUIDs are written in either case.
fn folded(uuid: &str) -> Str {
    uuid.to_ascii_lowercase().into()
}

/// The virtual network adapters of a machine.
pub fn cards(vm: &mo::VirtualMachine) -> impl Iterator<Item = &VirtualEthernetCard> {
    let devices = vm.config.as_ref().and_then(|config| config.hardware.device.as_ref());
    devices.into_iter().flatten().filter_map(|device| device.cast::<VirtualEthernetCard>())
}

/// The distributed port that an adapter names.
pub fn connection(card: &VirtualEthernetCard) -> Option<&DistributedVirtualSwitchPortConnection> {
    read::connection(card).map(|connection| &**connection)
}
