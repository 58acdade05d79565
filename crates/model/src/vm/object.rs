//! A whole `VirtualMachine`: every property as vCenter 8.0.3 fills it.

use vim25::{
    DataType, MoRef, MoRefs, Obj,
    mo::VirtualMachine,
    types::{
        ManagedEntityStatus, VirtualMachineConfigInfo, VirtualMachineConnectionState,
        VirtualMachineFaultToleranceState, VirtualMachinePowerState, VirtualMachineRecordReplayState,
        VirtualMachineRuntimeInfo,
    },
};

use super::{derive, guest, surroundings::Lookup};

/// Where a VM stands in the inventory.
#[derive(Clone, Debug)]
pub struct Place {
    /// The VM itself.
    pub this: MoRef,
    /// Its folder; none inside a vApp.
    pub folder: Option<MoRef>,
    /// Its resource pool (or vApp); none for a template.
    pub pool: Option<MoRef>,
    /// The vApp that holds it.
    pub v_app: Option<MoRef>,
    /// The host that runs or would run it.
    pub host: MoRef,
    /// The environment browser of that host or its cluster.
    pub environment_browser: MoRef,
}

/// A VM with this config, powered off.
pub fn new(place: &Place, config: Obj<VirtualMachineConfigInfo>, lookup: &dyn Lookup) -> VirtualMachine {
    let mut vm = VirtualMachine::with(|vm| {
        vm.parent = place.folder.clone();
        vm.resource_pool = place.pool.clone();
        vm.parent_v_app = place.v_app.clone();
        vm.environment_browser = place.environment_browser.clone();
        vm.runtime = runtime(place.host.clone()).into();
        vm.guest = Some(guest::stopped(&config));
        vm.config = Some(config);
        entity(vm);
    });
    derive::refresh(&mut vm, &place.this, lookup);
    vm
}

/// What every managed entity has.
fn entity(vm: &mut VirtualMachine) {
    vm.value = Some(vec![]);
    vm.available_field = Some(vec![]);
    vm.common.custom_value = Some(vec![]);
    vm.overall_status = ManagedEntityStatus::Green;
    vm.config_status = ManagedEntityStatus::Green;
    vm.common.config_issue = Some(vec![]);
    vm.common.effective_role = Some(vec![-1]);
    vm.common.permission = Some(vec![]);
    vm.recent_task = Some(MoRefs::new());
    vm.common.declared_alarm_state = Some(vec![]);
    vm.common.triggered_alarm_state = Some(vec![]);
    vm.alarm_actions_enabled = Some(true);
    vm.common.tag = Some(vec![]);
    vm.root_snapshot = Some(MoRefs::new());
}

fn runtime(host: MoRef) -> VirtualMachineRuntimeInfo {
    VirtualMachineRuntimeInfo::with(|r| {
        r.host = Some(host);
        r.connection_state = VirtualMachineConnectionState::Connected;
        r.power_state = VirtualMachinePowerState::PoweredOff;
        r.vm_failover_in_progress = Some(false);
        r.fault_tolerance_state = VirtualMachineFaultToleranceState::NotConfigured;
        r.tools_installer_mounted = false;
        r.num_mks_connections = 0;
        r.record_replay_state = VirtualMachineRecordReplayState::Inactive;
        r.online_standby = false;
        r.consolidation_needed = false;
        r.v_flash_cache_allocation = Some(0);
        r.paused = Some(false);
        r.snapshot_in_background = Some(false);
        r.quiesced_fork_parent = Some(false);
        r.instant_clone_frozen = Some(false);
        r.iommu_active = Some(false);
    })
}
