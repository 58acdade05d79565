//! Events: what every handler that has something to tell uses to tell it.

use inventory::{Derive, Tx};
use vim25::{
    Extends, MoRef, Obj, Str, mo,
    types::{
        ComputeResourceEventArgument, DatacenterEventArgument, DatastoreEventArgument, DvsEventArgument, Event,
        HostEventArgument, ManagedEntityEventArgument, NetworkEventArgument, VmEventArgument,
    },
};

use crate::{
    service,
    tree::{self, Reader},
};

/// Posts an event about `entity`: fills in who did it, the text, and the datacenter, compute resource, host, VM,
/// datastore, network and switch that the entity is or lies in. What the event says of them already stays.
///
/// Post an event about an object that goes before it goes. Returns the event's key.
pub fn post(
    tx: &mut Tx<'_>,
    user: impl Into<Str>,
    entity: &MoRef,
    event: impl Into<Obj<Event>>,
    message: impl Into<Str>,
) -> i32 {
    let mut event = event.into();
    let told: &mut Event = &mut event;
    told.user_name = user.into();
    told.full_formatted_message = Some(message.into());
    place(tx, entity, told);
    tx.post(event)
}

/// `latestEvent` of the event manager.
#[derive(Clone, Copy, Debug, Default)]
pub struct LatestEvent;

impl Derive for LatestEvent {
    fn kinds(&self) -> Option<&'static [&'static str]> {
        Some(&[])
    }

    fn reads_events(&self) -> bool {
        true
    }

    fn derive(&self, tx: &mut Tx<'_>, _: &[MoRef]) {
        let latest = tx.posted().last().cloned();
        let manager = service::manager(tx, |content| content.event_manager.clone());
        if let Some(manager) = manager.and_then(|m| tx.edit::<mo::EventManager>(&m)) {
            manager.latest_event = latest;
        }
    }
}

/// Fills in where the entity stands.
pub fn place(world: &impl Reader, entity: &MoRef, event: &mut Event) {
    arguments(world, entity).fill(event);
}

fn fill<T>(into: &mut Option<T>, found: Option<T>) {
    if into.is_none() {
        *into = found;
    }
}

/// What an entity is or lies in, as arguments of an event.
#[derive(Clone, Debug, Default)]
pub struct Arguments {
    /// The datacenter.
    pub datacenter: Option<Obj<DatacenterEventArgument>>,
    /// The host's or pool's compute resource.
    pub compute_resource: Option<Obj<ComputeResourceEventArgument>>,
    /// The host, also the one that a VM is on.
    pub host: Option<Obj<HostEventArgument>>,
    /// The VM.
    pub vm: Option<Obj<VmEventArgument>>,
    /// The datastore.
    pub ds: Option<Obj<DatastoreEventArgument>>,
    /// The network.
    pub net: Option<Obj<NetworkEventArgument>>,
    /// The distributed switch.
    pub dvs: Option<Obj<DvsEventArgument>>,
}

impl Arguments {
    /// Fills in what an event does not say of itself.
    pub fn fill(self, event: &mut Event) {
        fill(&mut event.datacenter, self.datacenter);
        fill(&mut event.compute_resource, self.compute_resource);
        fill(&mut event.host, self.host);
        fill(&mut event.vm, self.vm);
        fill(&mut event.ds, self.ds);
        fill(&mut event.net, self.net);
        fill(&mut event.dvs, self.dvs);
    }

    /// Takes host, compute resource and datacenter from what stands above an object, and from the object itself.
    fn lie_below(&mut self, world: &impl Reader, object: &MoRef) {
        for object in tree::upward(world, object) {
            let (moref, content) = (&object.moref, &*object.content);
            if let Some(host) = vim25::cast::<mo::HostSystem>(content) {
                self.host = Some(argument(host.name.clone(), |a: &mut HostEventArgument| a.host = moref.clone()));
            } else if let Some(compute) = vim25::cast::<mo::ComputeResource>(content) {
                let fill = |a: &mut ComputeResourceEventArgument| a.compute_resource = moref.clone();
                self.compute_resource = Some(argument(compute.name.clone(), fill));
            } else if let Some(datacenter) = vim25::cast::<mo::Datacenter>(content) {
                self.datacenter = Some(datacenter_argument(moref, datacenter));
                break;
            }
        }
    }
}

/// What `entity` is or lies in.
pub fn arguments(world: &impl Reader, entity: &MoRef) -> Arguments {
    let mut found = Arguments::default();
    let Some(object) = world.object(&entity.id) else { return found };
    let content = &*object.content;
    let named = |name: &Str| (name.clone(), object.moref.clone());
    if let Some(vm) = vim25::cast::<mo::VirtualMachine>(content) {
        let (name, moref) = named(&vm.name);
        found.vm = Some(argument(name, |a: &mut VmEventArgument| a.vm = moref));
        // It lies where its host does.
        vm.runtime.host.iter().for_each(|host| found.lie_below(world, host));
    } else if content.is::<mo::HostSystem>() || content.is::<mo::ComputeResource>() || content.is::<mo::ResourcePool>()
    {
        found.lie_below(world, entity);
    } else if let Some(store) = vim25::cast::<mo::Datastore>(content) {
        let (name, moref) = named(&store.name);
        found.ds = Some(argument(name, |a: &mut DatastoreEventArgument| a.datastore = moref));
    } else if let Some(network) = vim25::cast::<mo::Network>(content) {
        let (name, moref) = named(&network.name);
        found.net = Some(argument(name, |a: &mut NetworkEventArgument| a.network = moref));
    } else if let Some(switch) = vim25::cast::<mo::DistributedVirtualSwitch>(content) {
        let (name, moref) = named(&switch.name);
        found.dvs = Some(argument(name, |a: &mut DvsEventArgument| a.dvs = moref));
    }
    if found.datacenter.is_none() {
        found.datacenter =
            tree::nearest(world, entity).map(|(moref, datacenter)| datacenter_argument(moref, datacenter));
    }
    found
}

/// Any entity as an argument of an event.
pub fn entity(world: &impl Reader, moref: &MoRef) -> Obj<ManagedEntityEventArgument> {
    let name = world.read::<mo::ManagedEntity>(moref).map(|e| e.name.clone()).unwrap_or_default();
    argument(name, |a: &mut ManagedEntityEventArgument| a.entity = moref.clone())
}

fn argument<A>(name: Str, fill: impl FnOnce(&mut A)) -> Obj<A>
where
    A: Extends<vim25::types::EntityEventArgument> + std::ops::DerefMut<Target = vim25::types::EntityEventArgument>,
{
    A::with(|argument| {
        argument.name = name;
        fill(argument);
    })
    .into()
}

fn datacenter_argument(moref: &MoRef, datacenter: &mo::Datacenter) -> Obj<DatacenterEventArgument> {
    argument(datacenter.name.clone(), |a: &mut DatacenterEventArgument| a.datacenter = moref.clone())
}

#[cfg(test)]
mod tests {
    use vim25::{DataType, types::VmPoweredOnEvent};

    use super::*;
    use crate::testing::{World, moref};

    #[test]
    fn an_event_about_a_vm_names_its_host_cluster_and_datacenter() {
        let world = World::new();
        let vm = moref("VirtualMachine", "vm-31");
        let key = world.commit(|tx| post(tx, "root", &vm, VmPoweredOnEvent::default(), "delta is on"));
        let snapshot = world.core.inventory.snapshot();
        let event = snapshot.events().back().unwrap();
        assert_eq!((event.key, event.chain_id, event.created_time), (key, key, world.core.now()));
        assert_eq!((event.user_name.as_str(), event.full_formatted_message.as_deref()), ("root", Some("delta is on")));
        assert_eq!(event.vm.as_ref().map(|a| (a.name.as_str(), &a.vm)), Some(("delta", &vm)));
        assert_eq!(event.host.as_ref().map(|a| (a.name.as_str(), a.host.id.as_str())), Some(("10.0.1.11", "host-11")));
        let compute = event.compute_resource.as_ref().unwrap();
        assert_eq!(compute.compute_resource, moref("ClusterComputeResource", "domain-c7"));
        assert_eq!(event.datacenter.as_ref().map(|a| a.name.as_str()), Some("DC0"));
        assert!(event.ds.is_none() && event.net.is_none() && event.dvs.is_none());
    }

    #[test]
    fn what_an_event_says_already_stays() {
        let world = World::new();
        let on = arguments(&world.core.inventory.snapshot(), &moref("HostSystem", "host-10")).host;
        let event = VmPoweredOnEvent::with(|event| event.host = on);
        world.commit(|tx| post(tx, "root", &moref("VirtualMachine", "vm-31"), event, ""));
        let snapshot = world.core.inventory.snapshot();
        assert_eq!(snapshot.events().back().unwrap().host.as_ref().unwrap().name, "esx-10.lab.local");
    }

    #[test]
    fn the_event_manager_knows_the_latest_event() {
        let world = World::new();
        world.commit(|tx| post(tx, "root", &moref("Datastore", "datastore-12"), VmPoweredOnEvent::default(), "x"));
        let manager: mo::EventManager = world.get(&moref("EventManager", "EventManager"));
        let snapshot = world.core.inventory.snapshot();
        assert_eq!(manager.latest_event.as_ref(), snapshot.events().back());
        assert_eq!(manager.latest_event.unwrap().ds.as_ref().unwrap().name, "LocalDS_0");
    }
}
