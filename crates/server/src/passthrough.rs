//! Events of adapters that pass through, or no longer do.
//!
//! On the machine: VMDirectPath Gen 2 entered or exited, UPTv2 active or not. On the switch: the port entered or exited
//! passthrough, and its run-time state changed. Where only the reasons change, only the port's run-time state is told.

use inventory::Tx;
use model::{
    content::extended::{self, Extended},
    directpath::{Adapter, Transition, show_port},
    network::{
        View,
        ports::{self, Connectee, Place},
    },
};
use vim25::{
    DataType, MoRef, Obj, Str, mo,
    types::{
        DVPortStatus, DvsPortEnteredPassthruEvent, DvsPortExitedPassthruEvent, DvsPortRuntimeChangeEvent, EventEx,
        VirtualEthernetCardDistributedVirtualPortBackingInfo,
    },
};

use crate::events;

/// Posts the events of transitions.
pub fn tell(tx: &mut Tx<'_>, transitions: &[Transition]) {
    transitions.iter().for_each(|transition| tell_of(tx, transition));
}

/// Posts the events of a transition. An adapter that comes with its machine is no news until it passes through.
fn tell_of(tx: &mut Tx<'_>, transition: &Transition) {
    let Transition { vm, key, before, after } = transition;
    let (was, is) = (passes(before), passes(after));
    if was.gen2 != is.gen2 {
        let event = if is.gen2 { &extended::ENTERED_PASSTHROUGH } else { &extended::EXITED_PASSTHROUGH };
        tell_of_adapter(tx, vm, *key, event);
    }
    if was.upt != is.upt {
        let event = if is.upt { &extended::UPT_ACTIVE } else { &extended::UPT_INACTIVE };
        tell_of_adapter(tx, vm, *key, event);
    }
    let seen = |adapter: &Option<Adapter>| adapter.as_ref().map(|a| (a.gen2.clone(), a.port));
    if seen(before) != seen(after) {
        tell_of_port(tx, transition, was.gen2, is.gen2);
    }
}

/// Which technologies pass an adapter through.
struct Passes {
    gen2: bool,
    upt: bool,
}

fn passes(adapter: &Option<Adapter>) -> Passes {
    let adapter = adapter.as_ref();
    Passes {
        gen2: adapter.is_some_and(|a| a.gen2.active),
        upt: adapter.and_then(|a| a.upt.as_ref()).is_some_and(|upt| upt.active),
    }
}

fn tell_of_adapter(tx: &mut Tx<'_>, vm: &MoRef, key: i32, kind: &Extended) {
    let Some(machine) = tx.get::<mo::VirtualMachine>(vm) else { return };
    let name = machine.name.clone();
    let label = label(machine, key).or_else(|| label(tx.before().get(vm)?, key)).unwrap_or_default();
    let message: Str = format!("{}: {label} of {name}", kind.label).into();
    let event = EventEx::with(|event| {
        event.event_type_id = Str::new_static(kind.id);
        event.severity = Some(Str::new_static(kind.severity));
        event.message = Some(message.clone());
        event.object_id = Some(vm.id.clone());
        event.object_type = Some(vm.kind.clone());
        event.object_name = Some(name);
    });
    events::post(tx, "", vm, event, message);
}

/// What the adapter is called.
fn label(machine: &mo::VirtualMachine, key: i32) -> Option<Str> {
    let devices = machine.config.as_ref()?.hardware.device.as_ref()?;
    let device = devices.iter().find(|device| device.key == key)?;
    Some(device.device_info.as_ref()?.label.clone())
}

fn tell_of_port(tx: &mut Tx<'_>, transition: &Transition, was: bool, is: bool) {
    let Transition { vm, key, before, after } = transition;
    let here = after.as_ref().filter(|a| a.port.is_some()).and_then(|_| place(tx, vm, *key));
    if was && !is {
        // The port that it left may be another one than the one it is on now.
        let left = here.clone().or_else(|| place(tx.before(), vm, *key));
        if let Some(port) = left {
            let runtime_info = Some(status(tx, &port, vm, *key).into());
            let event = DvsPortExitedPassthruEvent { runtime_info, port_key: key_of(&port), ..Default::default() };
            post(tx, &port, event, "is no longer in passthrough mode");
        }
    }
    let Some(port) = here else { return };
    if is && !was {
        let runtime_info = Some(status(tx, &port, vm, *key).into());
        let event = DvsPortEnteredPassthruEvent { runtime_info, port_key: key_of(&port), ..Default::default() };
        post(tx, &port, event, "is in passthrough mode");
    }
    if before.is_some() || is {
        let runtime_info = status(tx, &port, vm, *key).into();
        let event = DvsPortRuntimeChangeEvent { runtime_info, port_key: key_of(&port), ..Default::default() };
        post(tx, &port, event, "has changed its run-time state");
    }
}

fn key_of(port: &Place) -> Str {
    port.key.to_string().into()
}

/// The port that the adapter's backing names.
fn place(world: &impl View, vm: &MoRef, key: i32) -> Option<Place> {
    let devices = world.read::<mo::VirtualMachine>(vm)?.config.as_ref()?.hardware.device.as_ref()?;
    let backing = devices.iter().find(|device| device.key == key)?.backing.as_ref()?;
    let backing = backing.cast::<VirtualEthernetCardDistributedVirtualPortBackingInfo>()?;
    ports::of_connection(world, &backing.port)
}

/// The run-time state of a port as far as it is the connectee's.
fn status(tx: &Tx<'_>, port: &Place, vm: &MoRef, key: i32) -> DVPortStatus {
    let mut status = DVPortStatus {
        link_up: ports::port(tx, port).is_some_and(|entry| entry.link),
        blocked: ports::chain(tx, port).is_some_and(|chain| chain.blocked()),
        ..Default::default()
    };
    show_port(tx, &Connectee::Adapter { vm: vm.clone(), key }, &mut status);
    status
}

fn post<E>(tx: &mut Tx<'_>, port: &Place, event: E, what: &str)
where
    Obj<vim25::types::Event>: From<E>,
{
    let group = tx.get::<mo::DistributedVirtualPortgroup>(&port.portgroup);
    let Some(switch) = group.and_then(|g| g.config.distributed_virtual_switch.clone()) else { return };
    let name = tx.get::<mo::DistributedVirtualSwitch>(&switch).map(|s| s.name.clone()).unwrap_or_default();
    events::post(tx, "", &switch, event, format!("Port {} of {name} {what}.", port.key));
}

#[cfg(test)]
mod tests {
    use inventory::{Inventory, Options};
    use model::{HostProfile, Lab, Settings, directpath::DirectPath, network::Plugs};
    use vim25::types::{Event, VirtualMachinePowerState};

    use super::*;

    fn world(host_profile: HostProfile) -> (Inventory, Lab) {
        let settings = Settings { vms: 1, hosts: 1, standalone_hosts: 0, host_profile, ..Settings::vcenter() };
        let derive = model::derive::rules_with(Plugs::silent(), DirectPath::telling(tell));
        let inventory = Inventory::new(Options { derive, ..Options::default() });
        let lab = inventory.commit(|tx| model::build(tx, &settings)).unwrap().value;
        (inventory, lab)
    }

    /// What is told when a machine changes.
    fn told(inventory: &Inventory, lab: &Lab, change: impl FnOnce(&mut mo::VirtualMachine)) -> Vec<Obj<Event>> {
        let before = inventory.snapshot().revision();
        inventory
            .commit(|tx| {
                change(tx.edit::<mo::VirtualMachine>(&lab.vms[0]).unwrap());
                Ok::<(), ()>(())
            })
            .unwrap();
        let commits = inventory.changes_since(before).unwrap();
        commits.iter().flat_map(|commit| commit.events.clone()).collect()
    }

    fn names(events: &[Obj<Event>]) -> Vec<String> {
        let id = |event: &Obj<Event>| match event.cast::<EventEx>() {
            Some(extended) => extended.event_type_id.rsplit('.').next().unwrap_or_default().to_string(),
            None => event.shared().descriptor().name.to_string(),
        };
        events.iter().map(id).collect()
    }

    fn reserve(vm: &mut mo::VirtualMachine, locked: bool) {
        vm.config.as_mut().unwrap().memory_reservation_locked_to_max = Some(locked);
    }

    fn connect(vm: &mut mo::VirtualMachine, connected: bool) {
        let devices = vm.config.as_mut().unwrap().hardware.device.as_mut().unwrap();
        let card = devices.iter_mut().find(|d| d.key == 4000).unwrap();
        card.connectable.as_mut().unwrap().connected = connected;
    }

    #[test]
    fn an_adapter_that_enters_and_exits_is_told_on_the_machine_and_on_the_switch() {
        let (inventory, lab) = world(HostProfile::Esxi70VmFex);
        assert!(inventory.snapshot().events().is_empty());
        let entered = told(&inventory, &lab, |vm| reserve(vm, true));
        let expected = ["VmAdapterEnteredPassthroughEvent", "DvsPortEnteredPassthruEvent", "DvsPortRuntimeChangeEvent"];
        assert_eq!(names(&entered), expected);
        assert_eq!(entered[0].vm.as_ref().unwrap().vm, lab.vms[0]);
        assert_eq!(entered[1].dvs.as_ref().unwrap().name, "DVS0");
        let port = entered[1].cast::<DvsPortEnteredPassthruEvent>().unwrap();
        assert_eq!(port.runtime_info.as_ref().unwrap().vm_direct_path_gen2_active, Some(true));
        let exited = told(&inventory, &lab, |vm| connect(vm, false));
        let expected = ["VmAdapterExitedPassthroughEvent", "DvsPortExitedPassthruEvent", "DvsPortRuntimeChangeEvent"];
        assert_eq!(names(&exited), expected);
        assert_eq!(exited[1].cast::<DvsPortExitedPassthruEvent>().unwrap().port_key, port.port_key);
    }

    #[test]
    fn where_only_reasons_change_only_the_state_of_the_port_is_told() {
        let (inventory, lab) = world(HostProfile::Esxi70VmFex);
        let changed = told(&inventory, &lab, |vm| connect(vm, false));
        assert_eq!(names(&changed), ["DvsPortRuntimeChangeEvent"]);
        assert!(told(&inventory, &lab, |vm| vm.config.as_mut().unwrap().annotation = Some("x".into())).is_empty());
    }

    #[test]
    fn ports_of_hosts_that_do_not_know_it_are_not_told_of() {
        let (inventory, lab) = world(HostProfile::Esxi80);
        assert!(told(&inventory, &lab, |vm| reserve(vm, true)).is_empty());
        let off = VirtualMachinePowerState::PoweredOff;
        assert!(told(&inventory, &lab, |vm| vm.runtime.power_state = off).is_empty());
    }

    #[test]
    fn uptv2_has_events_of_its_own() {
        let (inventory, lab) = world(HostProfile::Esxi80Dpu);
        let request = |vm: &mut mo::VirtualMachine| {
            reserve(vm, true);
            let devices = vm.config.as_mut().unwrap().hardware.device.as_mut().unwrap();
            let card = devices.iter_mut().find(|d| d.key == 4000).unwrap();
            card.cast_mut::<vim25::types::VirtualVmxnet3>().unwrap().uptv2_enabled = Some(true);
        };
        assert_eq!(names(&told(&inventory, &lab, request)), ["Uptv2Active"]);
        assert_eq!(names(&told(&inventory, &lab, |vm| connect(vm, false))), ["Uptv2Inactive"]);
    }

    #[test]
    fn an_adapter_that_moves_exits_on_the_port_that_it_leaves() {
        let (inventory, lab) = world(HostProfile::Esxi70VmFex);
        told(&inventory, &lab, |vm| reserve(vm, true));
        let port = place(&inventory.snapshot(), &lab.vms[0], 4000).unwrap();
        let left = told(&inventory, &lab, |vm| {
            let devices = vm.config.as_mut().unwrap().hardware.device.as_mut().unwrap();
            let standard = vim25::types::VirtualEthernetCardNetworkBackingInfo::default();
            devices.iter_mut().find(|d| d.key == 4000).unwrap().backing = Some(standard.into());
        });
        assert_eq!(names(&left), ["VmAdapterExitedPassthroughEvent", "DvsPortExitedPassthruEvent"]);
        assert_eq!(left[1].cast::<DvsPortExitedPassthruEvent>().unwrap().port_key, key_of(&port));
    }
}
