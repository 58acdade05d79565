//! What is said of the adapters of a machine: remembered as its private state, shown in `runtime.device` and in the
//! state of ports. Machines of which the same is said share it.

use std::sync::Arc;

use directpath::{OtherReason, PortOther, PortReason, Reason, Set, Verdict, VmReason};
use vim25::{
    Obj, Str,
    mo::VirtualMachine,
    types::{
        DVPortStatus, VirtualMachineDeviceRuntimeInfo, VirtualMachineDeviceRuntimeInfoVirtualEthernetCardRuntimeState,
    },
};

use super::facts::Machine;

/// What is said of an adapter, of VMDirectPath Gen 2 or of UPTv2: active, or why not.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Said {
    /// Whether the guest reaches the hardware directly.
    pub active: bool,
    /// Reasons of the machine.
    pub vm: Set<VmReason>,
    /// Reasons of its surroundings.
    pub other: Set<OtherReason>,
    /// What the platform says beside that.
    pub extended: Option<Str>,
}

/// What is said of the port of an adapter.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct PortSaid {
    /// Reasons of the network.
    pub network: Set<PortReason>,
    /// Reasons of host and connectee.
    pub other: Set<PortOther>,
}

/// What is said of one adapter and its port.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Adapter {
    /// Its device key.
    pub key: i32,
    /// VMDirectPath Gen 2.
    pub gen2: Said,
    /// UPTv2, if the adapter asks for it.
    pub upt: Option<Said>,
    /// Its distributed port; none if it is on none, or if the software of its host does not know VMDirectPath Gen 2.
    pub port: Option<PortSaid>,
}

/// What is said of all adapters of a machine: private state of machines that have adapters.
#[derive(Clone, Debug)]
pub struct Passthrough(Arc<Shown>);

/// The same in both forms, with what it was concluded from.
#[derive(Debug)]
struct Shown {
    facts: Arc<Machine>,
    adapters: Vec<Adapter>,
    /// `runtime.device`.
    device: Vec<Obj<VirtualMachineDeviceRuntimeInfo>>,
}

impl Passthrough {
    pub(super) fn new(facts: Arc<Machine>, adapters: Vec<Adapter>) -> Passthrough {
        let device = adapters.iter().map(entry).collect();
        Passthrough(Arc::new(Shown { facts, adapters, device }))
    }

    /// What was read from the machine when it was last judged.
    pub(super) fn facts(&self) -> &Arc<Machine> {
        &self.0.facts
    }

    /// `runtime.device` of the machine.
    pub(super) fn device(&self) -> &Vec<Obj<VirtualMachineDeviceRuntimeInfo>> {
        &self.0.device
    }

    /// Every adapter, in the order of the machine's devices.
    pub fn adapters(&self) -> &[Adapter] {
        &self.0.adapters
    }

    /// The adapter with this device key.
    pub fn adapter(&self, key: i32) -> Option<&Adapter> {
        self.adapters().iter().find(|adapter| adapter.key == key)
    }
}

impl PartialEq for Passthrough {
    fn eq(&self, other: &Passthrough) -> bool {
        let (a, b) = (&self.0, &other.0);
        Arc::ptr_eq(a, b) || a.facts == b.facts && a.adapters == b.adapters
    }
}

/// Whether a machine shows what is said of it.
pub(super) fn is_shown(said: Option<&Passthrough>, vm: &VirtualMachine) -> bool {
    vm.runtime.device.as_ref() == said.map(Passthrough::device)
}

impl From<&Verdict<'_>> for Said {
    fn from(verdict: &Verdict<'_>) -> Said {
        let extended = verdict.extended.map(Str::from);
        Said { active: verdict.active, vm: verdict.vm, other: verdict.other, extended }
    }
}

impl From<&Verdict<'_>> for PortSaid {
    fn from(verdict: &Verdict<'_>) -> PortSaid {
        PortSaid { network: verdict.network, other: verdict.port_other }
    }
}

/// Reasons as the API names them; none if there are none.
fn list<R: Reason>(reasons: Set<R>) -> Option<Vec<Str>> {
    (!reasons.is_empty()).then(|| reasons.names().map(Str::new_static).collect())
}

fn entry(adapter: &Adapter) -> Obj<VirtualMachineDeviceRuntimeInfo> {
    let (gen2, upt) = (&adapter.gen2, adapter.upt.as_ref());
    let state = VirtualMachineDeviceRuntimeInfoVirtualEthernetCardRuntimeState {
        vm_direct_path_gen2_active: Some(gen2.active),
        vm_direct_path_gen2_inactive_reason_vm: list(gen2.vm),
        vm_direct_path_gen2_inactive_reason_other: list(gen2.other),
        vm_direct_path_gen2_inactive_reason_extended: gen2.extended.clone(),
        uptv2_active: upt.map(|upt| upt.active),
        uptv2_inactive_reason_vm: upt.and_then(|upt| list(upt.vm)),
        uptv2_inactive_reason_other: upt.and_then(|upt| list(upt.other)),
        ..Default::default()
    };
    VirtualMachineDeviceRuntimeInfo { runtime_state: state.into(), key: adapter.key }.into()
}

impl Adapter {
    /// Shows what is said of the adapter's port in the port's state.
    pub fn show(&self, status: &mut DVPortStatus) {
        if let Some(port) = &self.port {
            port.show(self.gen2.active, status);
            status.vm_direct_path_gen2_inactive_reason_extended = self.gen2.extended.clone();
        }
    }
}

impl PortSaid {
    pub(super) fn show(self, active: bool, status: &mut DVPortStatus) {
        status.vm_direct_path_gen2_active = Some(active);
        status.vm_direct_path_gen2_inactive_reason_network = list(self.network);
        status.vm_direct_path_gen2_inactive_reason_other = list(self.other);
    }
}
