//! Events of adapters that pass through, or no longer do.
//!
//! On the machine: VMDirectPath Gen 2 entered or exited, UPTv2 active or not. On the switch: the port entered or exited
//! passthrough, and its run-time state changed. Where only the reasons change, only the port's run-time state is told.

mod place;

use std::collections::HashMap;

use inventory::Tx;
use model::{
    content::extended::{self, Extended},
    directpath::{Adapter, PortSaid, Said, Transition},
};
use vim25::{
    DataType, MoRef, Obj, Str, mo,
    types::{
        DVPortStatus, DvsPortEnteredPassthruEvent, DvsPortExitedPassthruEvent, DvsPortRuntimeChangeEvent, Event,
        EventEx,
    },
};

use place::{Groups, Homes, Place};

/// Posts the events of transitions. An adapter that comes with its machine is no news until it passes through.
pub fn tell(tx: &mut Tx<'_>, transitions: &[Transition]) {
    let mut news = News::of(tx);
    transitions.iter().for_each(|transition| news.tell(transition));
    for event in news.events {
        tx.post(event);
    }
}

/// Events under way. A change of a policy concerns ten thousand adapters: what they have in common is found out once.
struct News<'t, 'a> {
    tx: &'t Tx<'a>,
    groups: Groups<'t>,
    homes: Homes,
    states: HashMap<State, Obj<DVPortStatus>>,
    events: Vec<Obj<Event>>,
}

/// What the run-time state of a port says: whether the link is up, whether no traffic passes, what is said of the adapter.
type State = (bool, bool, Option<(Said, Option<PortSaid>)>);

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

impl<'t, 'a> News<'t, 'a> {
    fn of(tx: &'t Tx<'a>) -> News<'t, 'a> {
        let (groups, homes, states, events) = Default::default();
        News { tx, groups, homes, states, events }
    }

    fn tell(&mut self, transition: &Transition) {
        let Transition { vm, key, before, after } = transition;
        let (was, is) = (passes(before), passes(after));
        if was.gen2 != is.gen2 {
            let event = if is.gen2 { &extended::ENTERED_PASSTHROUGH } else { &extended::EXITED_PASSTHROUGH };
            self.tell_of_adapter(vm, *key, event);
        }
        if was.upt != is.upt {
            let event = if is.upt { &extended::UPT_ACTIVE } else { &extended::UPT_INACTIVE };
            self.tell_of_adapter(vm, *key, event);
        }
        let seen = |adapter: &'_ Option<Adapter>| adapter.as_ref().map(|a| (a.gen2.clone(), a.port));
        if seen(before) != seen(after) {
            self.tell_of_port(transition, was.gen2, is.gen2);
        }
    }

    fn tell_of_adapter(&mut self, vm: &MoRef, key: i32, kind: &Extended) {
        let Some(machine) = self.tx.get::<mo::VirtualMachine>(vm) else { return };
        let name = machine.name.clone();
        let label = label(machine, key).or_else(|| label(self.tx.before().get(vm)?, key)).unwrap_or_default();
        let message: Str = format!("{}: {label} of {name}", kind.label).into();
        let mut event = EventEx::with(|event| {
            event.event_type_id = Str::new_static(kind.id);
            event.severity = Some(Str::new_static(kind.severity));
            event.message = Some(message.clone());
            event.object_id = Some(vm.id.clone());
            event.object_type = Some(vm.kind.clone());
            event.object_name = Some(name);
            event.full_formatted_message = Some(message);
        });
        self.homes.arguments(self.tx, vm, machine).fill(&mut event);
        self.events.push(event.into());
    }

    fn tell_of_port(&mut self, transition: &Transition, was: bool, is: bool) {
        let Transition { vm, key, before, after } = transition;
        let on_port = after.as_ref().is_some_and(|adapter| adapter.port.is_some());
        let here = if on_port { self.groups.place(self.tx, vm, *key) } else { None };
        if was && !is {
            // The port that it left may be another one than the one it is on now.
            let left = here.clone().or_else(|| self.groups.left(self.tx, vm, *key));
            if let Some(port) = left {
                let runtime_info = Some(self.state(&port, after));
                let event = DvsPortExitedPassthruEvent { runtime_info, port_key: port.text(), ..Default::default() };
                self.post(&port, event, "is no longer in passthrough mode");
            }
        }
        let Some(port) = here else { return };
        if is && !was {
            let runtime_info = Some(self.state(&port, after));
            let event = DvsPortEnteredPassthruEvent { runtime_info, port_key: port.text(), ..Default::default() };
            self.post(&port, event, "is in passthrough mode");
        }
        if before.is_some() || is {
            let runtime_info = self.state(&port, after);
            let event = DvsPortRuntimeChangeEvent { runtime_info, port_key: port.text(), ..Default::default() };
            self.post(&port, event, "has changed its run-time state");
        }
    }

    /// The run-time state of a port as far as it is the connectee's.
    fn state(&mut self, port: &Place<'_>, adapter: &Option<Adapter>) -> Obj<DVPortStatus> {
        let (link_up, blocked) = (port.link(), port.blocked());
        let said = adapter.as_ref().map(|adapter| (adapter.gen2.clone(), adapter.port));
        let made = || {
            let mut state = DVPortStatus { link_up, blocked, ..Default::default() };
            adapter.iter().for_each(|adapter| adapter.show(&mut state));
            state.into()
        };
        self.states.entry((link_up, blocked, said)).or_insert_with(made).clone()
    }

    fn post<E>(&mut self, port: &Place<'_>, event: E, what: &str)
    where
        Obj<Event>: From<E>,
    {
        let mut event = Obj::<Event>::from(event);
        let plain: &mut Event = &mut event;
        let text = format!("Port {} of {} {what}.", port.key, port.group.at.switch.name);
        plain.full_formatted_message = Some(text.into());
        port.group.arguments.clone().fill(plain);
        self.events.push(event);
    }
}

/// What the adapter is called.
fn label(machine: &mo::VirtualMachine, key: i32) -> Option<Str> {
    let devices = machine.config.as_ref()?.hardware.device.as_ref()?;
    let device = devices.iter().find(|device| device.key == key)?;
    Some(device.device_info.as_ref()?.label.clone())
}

#[cfg(test)]
mod tests {
    use inventory::{Inventory, Options};
    use model::{HostProfile, Lab, Settings, directpath::DirectPath, network::Plugs};
    use vim25::types::{Event, VirtualMachinePowerState};

    use super::*;

    fn world(host_profile: HostProfile) -> (Inventory, Lab) {
        let settings = Settings { vms: 2, hosts: 1, standalone_hosts: 0, host_profile, ..Settings::vcenter() };
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
    fn events_about_many_adapters_name_the_machine_the_port_and_the_place_of_each() {
        let (inventory, lab) = world(HostProfile::Esxi70VmFex);
        let before = inventory.snapshot().revision();
        let both = inventory.commit(|tx| {
            for vm in &lab.vms {
                reserve(tx.edit::<mo::VirtualMachine>(vm).ok_or(())?, true);
            }
            Ok::<(), ()>(())
        });
        both.unwrap();
        let world = inventory.snapshot();
        let events: Vec<Obj<Event>> = world.events().iter().cloned().collect();
        assert_eq!((world.revision().number(), events.len()), (before.number() + 1, 6));
        assert!(events.iter().all(|event| event.datacenter.as_ref().is_some_and(|dc| dc.name == "DC0")));
        for (vm, events) in lab.vms.iter().zip(events.chunks(3)) {
            let name = &world.get::<mo::VirtualMachine>(vm).unwrap().name;
            assert_eq!(events[0].vm.as_ref().map(|a| (&a.vm, &a.name)), Some((vm, name)));
            assert!(events[0].host.is_some() && events[1].vm.is_none());
            let port = Groups::default().place(&world, vm, 4000).unwrap().text();
            assert_eq!(events[1].cast::<DvsPortEnteredPassthruEvent>().unwrap().port_key, port);
            assert_eq!(events[2].cast::<DvsPortRuntimeChangeEvent>().unwrap().port_key, port);
            let text = format!("Port {port} of DVS0 has changed its run-time state.");
            assert_eq!(events[2].full_formatted_message.as_deref(), Some(text.as_str()));
        }
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
        let port = Groups::default().place(&inventory.snapshot(), &lab.vms[0], 4000).unwrap().text();
        let left = told(&inventory, &lab, |vm| {
            let devices = vm.config.as_mut().unwrap().hardware.device.as_mut().unwrap();
            let standard = vim25::types::VirtualEthernetCardNetworkBackingInfo::default();
            devices.iter_mut().find(|d| d.key == 4000).unwrap().backing = Some(standard.into());
        });
        assert_eq!(names(&left), ["VmAdapterExitedPassthroughEvent", "DvsPortExitedPassthruEvent"]);
        assert_eq!(left[1].cast::<DvsPortExitedPassthruEvent>().unwrap().port_key, port);
    }
}
