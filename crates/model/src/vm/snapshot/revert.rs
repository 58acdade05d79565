//! Going back to a snapshot.

use vim25::{
    DateTime, Obj,
    mo::VirtualMachine,
    types::{GuestInfo, VirtualMachineConfigInfo, VirtualMachinePowerState},
};

use crate::vm::{
    Fault, config, guest,
    power::{self, PowerOn},
};

/// What a VM goes back to.
pub struct Kept {
    /// The configuration of the snapshot, its disks on files of their own already.
    pub config: Obj<VirtualMachineConfigInfo>,
    /// How the VM is afterwards.
    pub state: VirtualMachinePowerState,
    /// The guest whose memory was saved.
    pub guest: Option<Obj<GuestInfo>>,
}

/// Brings a VM back to what a snapshot kept, whatever it does now. Its name and its identity in the inventory stay, and
/// a VM that runs afterwards is placed like one that is powered on.
///
/// # Errors
/// What forbids a power-on, if the VM is to run.
pub fn revert(vm: &mut VirtualMachine, to: Kept, with: &PowerOn<'_>) -> Result<(), Fault> {
    if vm.runtime.power_state != VirtualMachinePowerState::PoweredOff {
        power::off(vm)?;
    }
    let mut config = to.config;
    if let Some(now) = &vm.config {
        keep_identity(&mut config, now, with.now);
    }
    power::disconnect(&mut config);
    vm.guest = Some(guest::stopped(&config));
    vm.name = config.name.clone();
    vm.config = Some(config);
    if to.state == VirtualMachinePowerState::PoweredOff {
        return Ok(());
    }
    power::on(vm, with)?;
    if to.guest.is_some() {
        vm.guest = to.guest;
    }
    match to.state {
        VirtualMachinePowerState::Suspended => power::suspend(vm, with.now),
        _ => Ok(()),
    }
}

fn keep_identity(config: &mut Obj<VirtualMachineConfigInfo>, now: &VirtualMachineConfigInfo, moment: DateTime) {
    config.name = now.name.clone();
    config.instance_uuid = now.instance_uuid.clone();
    config.files = now.files.clone();
    config.template = now.template;
    config.change_version = now.change_version.clone();
    config::stamp(config, moment);
}
