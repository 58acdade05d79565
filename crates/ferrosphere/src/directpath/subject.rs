//! One adapter with everything around it, and what is known of it.

use ::client::Found;
use ::directpath::facts::{Driver, Interrupts, Nic, Vm};
use ::directpath::read;
use vim25::types::{
    VirtualEthernetCard, VirtualMachineDeviceRuntimeInfoVirtualEthernetCardRuntimeState as State,
    VirtualMachinePowerState, VirtualMachineRecordReplayState, VirtualVmxnet3,
};
use vim25::{Str, mo};

use super::facts::{Known, Pools};
use super::judge::Technology;
use super::surroundings;
use super::world::World;

/// An adapter, its machine, host and port.
pub struct Subject<'w> {
    pub vm: &'w Found<mo::VirtualMachine>,
    pub card: &'w VirtualEthernetCard,
    pub vmxnet3: Option<&'w VirtualVmxnet3>,
    /// Wire name of the adapter's type, for example `VirtualE1000`.
    pub kind: &'static str,
    /// Its place among the adapters of its machine.
    pub place: usize,
    pub host: Option<&'w Found<mo::HostSystem>>,
    pub world: &'w World,
}

impl<'w> Subject<'w> {
    /// The adapters of a machine.
    pub fn all(world: &'w World, vm: &'w Found<mo::VirtualMachine>) -> impl Iterator<Item = Subject<'w>> {
        let devices = vm.config.as_ref().and_then(|config| config.hardware.device.as_ref());
        let cards =
            devices.into_iter().flatten().filter_map(|device| Some((device, device.cast::<VirtualEthernetCard>()?)));
        cards.enumerate().map(move |(place, (device, card))| {
            let kind = device.shared().descriptor().name;
            Subject { vm, card, vmxnet3: device.cast(), kind, place, host: world.host(vm), world }
        })
    }

    /// What the server says of the adapter's passing through.
    pub fn state(&self) -> Option<&'w State> {
        let entries = self.vm.runtime.device.as_ref()?;
        entries.iter().find(|entry| entry.key == self.card.key)?.runtime_state.cast()
    }

    /// Whether the machine runs.
    pub fn is_on(&self) -> bool {
        self.vm.runtime.power_state == VirtualMachinePowerState::PoweredOn
    }

    /// Whether the adapter asks to pass through in this way.
    pub fn asks(&self, technology: Technology) -> bool {
        match technology {
            Technology::Gen2 => match self.card.upt_compatibility_enabled {
                Some(asks) => asks,
                None => self.vmxnet3.is_some() && !self.world.can_ask,
            },
            Technology::Uptv2 => self.vmxnet3.is_some_and(|card| card.uptv2_enabled == Some(true)),
        }
    }

    /// Memory and its reservation in MB.
    pub fn memory(&self) -> (i64, i64) {
        let Some(config) = &self.vm.config else { return (0, 0) };
        let size = i64::from(config.hardware.memory_mb);
        let reserved = config.memory_allocation.as_ref().and_then(|a| a.reservation).unwrap_or(0);
        (size, if config.memory_reservation_locked_to_max == Some(true) { size } else { reserved })
    }

    /// The option that puts a filter on the adapter.
    pub fn filter(&self) -> Option<&'w Str> {
        let number = self.card.key.checked_sub(4000)?;
        let start = format!("ethernet{number}.filter");
        let options = self.vm.config.as_ref()?.extra_config.as_ref()?;
        let named =
            |key: &str| key.strip_prefix(&start).and_then(|rest| rest.strip_suffix(".name")).is_some_and(is_number);
        options.iter().map(|option| &option.key).find(|key| named(key))
    }

    /// What makes the monitor see all that the guest does.
    pub fn monitor(&self) -> Option<&'static str> {
        let config = self.vm.config.as_ref()?;
        let kind = config.flags.monitor_type.as_deref().unwrap_or("release");
        match () {
            () if config.nested_hv_enabled == Some(true) => Some("nestedHVEnabled is set"),
            () if config.flags.run_with_debug_info == Some(true) => Some("flags.runWithDebugInfo is set"),
            () if !kind.is_empty() && kind != "release" => Some("flags.monitorType is not release"),
            () => None,
        }
    }

    /// What is known of the adapter, given what the server reports as reasons for one technology.
    pub fn known(&self, technology: Technology, reported: &[String], extended: Option<&str>) -> Known {
        let has = |name: &str| reported.iter().any(|reason| reason == name);
        let (gen2, uptv2) = surroundings::host(self, &has);
        Known {
            gen2,
            uptv2,
            port: surroundings::port(self, &has),
            vm: self.vm_facts(&has),
            nic: self.nic_facts(technology, &has),
            pools: Pools {
                function: !has("portNptNoVirtualFunctionsAvailable"),
                vectors: !has("vmNptOutOfIntrVector"),
                error: has("vmNptRuntimeError").then(|| extended.unwrap_or_default().to_owned()),
            },
        }
    }

    fn vm_facts(&self, has: &dyn Fn(&str) -> bool) -> Vm {
        let beside =
            read::Beside { operation: has("vmNptConflictingOperationInProgress"), vmci: has("vmNptVMCIActive") };
        let Some(config) = &self.vm.config else { return Vm { on: self.is_on(), ..Vm::default() } };
        let mut runtime = (*self.vm.runtime).clone();
        if !self.vm.has("runtime.recordReplayState") {
            runtime.record_replay_state = VirtualMachineRecordReplayState::Inactive;
        }
        // Whether tools run says nothing about the driver of a guest that has its own.
        let mut vm = read::vm(config, &runtime, None, beside);
        vm.guest = (vm.guest || !self.vm.has("config.guestId")) && !has("vmNptIncompatibleGuest");
        vm.reserved &= !has("vmNptInsufficientMemoryReservation");
        vm.fault_tolerance_or_replay |= has("vmNptFaultToleranceOrRecordReplayConfigured");
        vm.monitor |= has("vmNptMonitorBlocks");
        if has("vmNptIncompatibleGuestDriver") {
            vm.driver = Driver::Missing;
        }
        vm
    }

    fn nic_facts(&self, technology: Technology, has: &dyn Fn(&str) -> bool) -> Nic {
        let config = self.vm.config.as_ref();
        let card = config.and_then(|config| read::cards(config).nth(self.place));
        let mut nic = card.map(|card| card.nic).unwrap_or_default();
        nic.upt_compatible = self.asks(Technology::Gen2);
        nic.vmxnet3 &= !has("vmNptIncompatibleAdapterType");
        nic.filtered |= has("vmNptConflictingIOChainConfigured");
        if has("vmNptIncompatibleAdapterFeatures") && nic.interrupts != Interrupts::IntX && !nic.pxe {
            nic.interrupts = Interrupts::IntX;
        }
        let shows = !nic.connected || !self.is_on() || !self.asks(technology);
        // A server that calls it disabled for no reason that shows knows of one in the guest.
        nic.connected &= shows || !has("vmNptDisabledOrDisconnectedAdapter");
        nic
    }
}

fn is_number(text: &str) -> bool {
    !text.is_empty() && text.bytes().all(|b| b.is_ascii_digit())
}
