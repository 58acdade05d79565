//! One adapter with everything around it, and what is known of it.

use ::client::Found;
use vim25::types::{
    BoolPolicy, DVPortSetting, DistributedVirtualSwitchHostMemberPnicBacking, HostProxySwitch, PhysicalNic,
    VMwareDVSPortSetting, VirtualEthernetCard, VirtualMachineDeviceRuntimeInfoVirtualEthernetCardRuntimeState as State,
    VirtualMachineFaultToleranceState, VirtualMachinePowerState, VirtualMachineRecordReplayState, VirtualVmxnet3,
};
use vim25::{Obj, Str, mo};

use super::facts::{Driver, Host, Interrupts, Known, Machine, Nic, Pools, Port};
use super::judge::Technology;
use super::world::{World, connection};

/// An adapter, its machine, host and port.
pub struct Subject<'w> {
    pub vm: &'w Found<mo::VirtualMachine>,
    pub card: &'w VirtualEthernetCard,
    pub vmxnet3: Option<&'w VirtualVmxnet3>,
    /// Wire name of the adapter's type, for example `VirtualE1000`.
    pub kind: &'static str,
    pub host: Option<&'w Found<mo::HostSystem>>,
    pub world: &'w World,
}

impl<'w> Subject<'w> {
    /// The adapters of a machine.
    pub fn all(world: &'w World, vm: &'w Found<mo::VirtualMachine>) -> impl Iterator<Item = Subject<'w>> {
        let devices = vm.config.as_ref().and_then(|config| config.hardware.device.as_ref());
        devices.into_iter().flatten().filter_map(move |device| {
            let card = device.cast::<VirtualEthernetCard>()?;
            let kind = device.shared().descriptor().name;
            Some(Subject { vm, card, vmxnet3: device.cast(), kind, host: world.host(vm), world })
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
            Technology::Gen2 => self.card.upt_compatibility_enabled == Some(true),
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

    /// Version of the virtual hardware.
    pub fn hardware(&self) -> Option<u32> {
        self.vm.config.as_ref()?.version.strip_prefix("vmx-")?.parse().ok()
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

    fn fault_tolerance(&self) -> bool {
        let (vm, runtime) = (self.vm, &self.vm.runtime);
        let tolerant = runtime.fault_tolerance_state != VirtualMachineFaultToleranceState::NotConfigured;
        let replayed = runtime.record_replay_state != VirtualMachineRecordReplayState::Inactive;
        (vm.has("runtime.faultToleranceState") && tolerant)
            || (vm.has("runtime.recordReplayState") && replayed)
            || vm.config.as_ref().is_some_and(|config| config.ft_info.is_some())
    }

    /// What is known of the adapter, given what the server reports as reasons for one technology.
    pub fn known(&self, technology: Technology, reported: &[String], extended: Option<&str>) -> Known {
        let has = |name: &str| reported.iter().any(|reason| reason == name);
        let connected = self.card.connectable.as_ref().is_some_and(|c| c.connected);
        let disabled = has("vmNptDisabledOrDisconnectedAdapter");
        let own_reason = !connected || !self.is_on() || !self.asks(technology);
        let (size, reserved) = self.memory();
        Known {
            host: self.host_facts(&has),
            port: self.port_facts(&has),
            vm: Machine {
                on: self.is_on(),
                guest: !has("vmNptIncompatibleGuest"),
                hardware: self.hardware().unwrap_or(20),
                driver: if has("vmNptIncompatibleGuestDriver") { Driver::None } else { Driver::Unknown },
                reserved: size > 0 && reserved >= size && !has("vmNptInsufficientMemoryReservation"),
                fault_tolerance: self.fault_tolerance() || has("vmNptFaultToleranceOrRecordReplayConfigured"),
                monitor: self.monitor().is_some() || has("vmNptMonitorBlocks"),
                operation: has("vmNptConflictingOperationInProgress"),
                vmci: has("vmNptVMCIActive"),
            },
            nic: Nic {
                vmxnet3: self.vmxnet3.is_some() && !has("vmNptIncompatibleAdapterType"),
                // A server that calls it disabled for no reason that shows knows of one in the guest.
                connected: connected && (own_reason || !disabled),
                upt_compatible: self.asks(Technology::Gen2),
                uptv2: self.asks(Technology::Uptv2),
                interrupts: if has("vmNptIncompatibleAdapterFeatures") { Interrupts::Intx } else { Interrupts::Auto },
                pxe: false,
                filtered: self.filter().is_some() || has("vmNptConflictingIOChainConfigured"),
            },
            pools: Pools {
                function: !has("portNptNoVirtualFunctionsAvailable"),
                vectors: !has("vmNptOutOfIntrVector"),
                error: has("vmNptRuntimeError").then(|| extended.unwrap_or_default().to_owned()),
            },
        }
    }

    fn host_facts(&self, has: &dyn Fn(&str) -> bool) -> Host {
        let Some(host) = self.host else {
            return Host { gen2: !has("vmNptIncompatibleHost"), ..Host::default() };
        };
        let version = major_minor(host);
        let capability = host.capability.as_ref();
        let reasons = capability.and_then(|c| c.vm_direct_path_gen2_unsupported_reason.as_ref());
        let said = |name: &str| reasons.into_iter().flatten().any(|r| r == name);
        let hardware = !said("hostNptIncompatibleHardware");
        let enabled = !said("hostNptDisabled");
        let gen2 = match capability.and_then(|c| c.vm_direct_path_gen2_supported) {
            Some(supported) => supported || ((!hardware || !enabled) && !said("hostNptIncompatibleProduct")),
            None => version.is_none_or(|version| ((4, 1)..(8, 0)).contains(&version)),
        };
        let uptv2 = version.is_none_or(|version| version >= (8, 0));
        Host { gen2, uptv2, hardware, dpu: self.pnics().any(|pnic| pnic.dpu_id.is_some()), enabled }
    }

    fn pnics(&self) -> impl Iterator<Item = &'w PhysicalNic> + use<'w> {
        let network = self.host.and_then(|host| host.config.as_ref()?.network.as_ref());
        network.into_iter().flat_map(|network| network.pnic.iter().flatten()).map(|pnic| &**pnic)
    }

    fn port_facts(&self, has: &dyn Fn(&str) -> bool) -> Option<Port> {
        let connection = connection(self.card)?;
        let switch = self.world.switch(connection);
        let features = switch.and_then(|switch| switch.capability.features_supported.as_ref());
        let chain = self.settings();
        let proxy = self.proxy();
        let uplinks = proxy.and_then(|proxy| uplink_devices(proxy, &chain));
        let used = || self.pnics().filter(|pnic| uplinks.as_ref().is_none_or(|devices| devices.contains(&pnic.device)));
        // A host whose software does not know Gen 2 leaves its adapters' property unset: that is the host's reason.
        let tells = self.pnics().any(|pnic| pnic.vm_direct_path_gen2_supported.is_some());
        Some(Port {
            switch_gen2: match switch {
                Some(_) => features.is_some_and(|f| f.vm_direct_path_gen2_supported == Some(true)),
                None => !has("portNptIncompatibleDvs"),
            },
            switch_offloaded: proxy.is_none_or(|proxy| proxy.network_offloading_enabled == Some(true)),
            allowed: allowed(&chain) && !has("portNptDisabledForPort"),
            uplink_gen2: (!tells || used().any(|pnic| pnic.vm_direct_path_gen2_supported == Some(true)))
                && !has("portNptNoCompatibleNics"),
            uplink_dpu: used().any(|pnic| pnic.dpu_id.is_some()),
            watched: watched(&chain),
        })
    }

    /// The switch as it is on the host.
    fn proxy(&self) -> Option<&'w HostProxySwitch> {
        let uuid = &connection(self.card)?.switch_uuid;
        let network = self.host?.config.as_ref()?.network.as_ref()?;
        network.proxy_switch.iter().flatten().map(|s| &**s).find(|s| s.dvs_uuid.eq_ignore_ascii_case(uuid))
    }

    /// The settings of the port, of its group, and of the switch: the first that says something counts.
    fn settings(&self) -> Vec<&'w Obj<DVPortSetting>> {
        let Some(connection) = connection(self.card) else { return Vec::new() };
        let port = self.world.port(connection).and_then(|port| port.config.setting.as_ref());
        let group = self.world.group(connection).and_then(|group| group.config.default_port_config.as_ref());
        let switch = self.world.switch(connection).map(|switch| &switch.config.default_port_config);
        [port, group, switch].into_iter().flatten().collect()
    }
}

fn is_number(text: &str) -> bool {
    !text.is_empty() && text.bytes().all(|b| b.is_ascii_digit())
}

fn major_minor(host: &mo::HostSystem) -> Option<(u32, u32)> {
    let mut parts = host.config.as_ref()?.product.version.split('.').map(|part| part.parse().ok());
    Some((parts.next()??, parts.next().flatten().unwrap_or(0)))
}

/// What a policy says: at the first level that does not inherit it, else what a level says that was told.
fn policy<'s>(chain: &[&'s Obj<DVPortSetting>], pick: fn(&DVPortSetting) -> Option<&Obj<BoolPolicy>>) -> Option<bool> {
    let levels = || chain.iter().filter_map(|level| pick(level));
    levels().filter(|policy| !policy.inherited).chain(levels()).find_map(|policy| policy.value)
}

fn allowed(chain: &[&Obj<DVPortSetting>]) -> bool {
    policy(chain, |setting| setting.vm_direct_path_gen2_allowed.as_ref()).unwrap_or(true)
}

/// Whether a filter or shaping has to see the port's packets.
fn watched(chain: &[&Obj<DVPortSetting>]) -> bool {
    let shaped = |pick: fn(&DVPortSetting) -> Option<&Obj<vim25::types::DVSTrafficShapingPolicy>>| {
        let levels = || chain.iter().filter_map(|level| pick(level));
        let own = levels().filter(|p| !p.inherited).chain(levels());
        own.filter_map(|p| p.enabled.as_ref()).find_map(|enabled| enabled.value) == Some(true)
    };
    let filters = || chain.iter().filter_map(|level| level.filter_policy.as_ref());
    let filtered = filters().find(|p| !p.inherited).is_some_and(|p| p.filter_config.iter().flatten().count() > 0);
    filtered || shaped(|s| s.in_shaping_policy.as_ref()) || shaped(|s| s.out_shaping_policy.as_ref())
}

/// Physical adapters behind the uplinks that the teaming policy uses; none if that cannot be told.
fn uplink_devices(proxy: &HostProxySwitch, chain: &[&Obj<DVPortSetting>]) -> Option<Vec<Str>> {
    let backing = proxy.spec.backing.as_ref()?;
    let specs = backing.cast::<DistributedVirtualSwitchHostMemberPnicBacking>()?.pnic_spec.as_ref()?;
    let teaming =
        || chain.iter().filter_map(|level| level.cast::<VMwareDVSPortSetting>()?.uplink_teaming_policy.as_ref());
    let orders = || teaming().filter_map(|teaming| teaming.uplink_port_order.as_ref());
    let order = orders().find(|order| !order.inherited).or_else(|| orders().next());
    let name = |key: &Str| proxy.uplink_port.iter().flatten().find(|port| port.key == *key).map(|port| &port.value);
    let used = |key: Option<&Str>| match (order, key.and_then(name)) {
        (Some(order), Some(name)) => [&order.active_uplink_port, &order.standby_uplink_port]
            .into_iter()
            .flat_map(|names| names.iter().flatten())
            .any(|used| used == name),
        _ => true,
    };
    Some(specs.iter().filter(|spec| used(spec.uplink_port_key.as_ref())).map(|spec| spec.pnic_device.clone()).collect())
}
