//! What an environment browser answers: what VMs can be made of, and what a host or cluster offers them.
//!
//! Options are those of ESXi 8.0.3, built once for each virtual hardware version and shared. The tables of
//! [`super::devices`] and these options say the same: what has an option can be added, and the other way round.

mod build;
mod controllers;
mod devices;
mod disks;
mod guests;
mod hardware;
mod nics;
mod target;

use std::sync::OnceLock;

use vim25::{
    MoRef, Obj, Str,
    types::{VirtualMachineConfigOption, VirtualMachineConfigOptionDescriptor, VirtualMachinePowerState},
};

use super::{Fault, capability::capability, guest_os, hardware as base, version};

pub use target::{config_target, hosts_of};

/// `QueryConfigOptionDescriptor`: the hardware versions that hosts can create and run.
pub fn descriptors(hosts: &[MoRef]) -> Vec<Obj<VirtualMachineConfigOptionDescriptor>> {
    let describe = |number: u32| {
        VirtualMachineConfigOptionDescriptor {
            key: version::key(number),
            description: Some(description(number)),
            host: Some(hosts.to_vec()),
            create_supported: true,
            default_config_option: number == version::NEWEST,
            run_supported: true,
            upgrade_supported: true,
        }
        .into()
    };
    version::KNOWN.into_iter().map(describe).collect()
}

/// `QueryConfigOption` and `QueryConfigOptionEx`: what a VM of a hardware version can have; the newest one without a
/// key. With `guests`, only the descriptors of these guests.
///
/// # Errors
/// `InvalidArgument` for a key that is no version of ESXi 8.0.3, or a guest that there is not.
pub fn config_option(key: Option<&str>, guests: &[Str]) -> Result<Obj<VirtualMachineConfigOption>, Fault> {
    let number = match key.filter(|k| !k.is_empty()) {
        None => version::NEWEST,
        Some(key) => version::number(key)
            .filter(|n| version::KNOWN.contains(n))
            .ok_or_else(|| Fault::argument("key", format!("'{key}' is no hardware version of these hosts")))?,
    };
    let whole = of_version(number);
    if guests.is_empty() {
        return Ok(whole);
    }
    if let Some(unknown) = guests.iter().find(|g| !guest_os::is_known(g)) {
        return Err(Fault::argument("spec.guestId", format!("'{unknown}' is no guest operating system")));
    }
    let mut some = whole;
    some.guest_os_descriptor.retain(|d| guests.contains(&d.id));
    some.guest_os_default_index = 0;
    Ok(some)
}

fn of_version(number: u32) -> Obj<VirtualMachineConfigOption> {
    static BUILT: [OnceLock<Obj<VirtualMachineConfigOption>>; version::KNOWN.len()] =
        [const { OnceLock::new() }; version::KNOWN.len()];
    match version::KNOWN.iter().position(|known| *known == number) {
        Some(at) => BUILT[at].get_or_init(|| whole(number).into()).clone(),
        None => whole(number).into(),
    }
}

fn whole(number: u32) -> VirtualMachineConfigOption {
    let guests = guests::descriptors(number);
    let default = guests.iter().position(|g| g.id == guest_os::DEFAULT).unwrap_or(0);
    VirtualMachineConfigOption {
        version: version::key(number),
        description: description(number),
        guest_os_descriptor: guests,
        guest_os_default_index: default as i32,
        hardware_options: hardware::options(number).into(),
        capabilities: capability(&VirtualMachinePowerState::PoweredOff),
        datastore: Obj::default(),
        default_device: Some(base::default_devices(number)),
        supported_monitor_type: ["release", "debug", "stats"].map(Str::from).to_vec(),
        supported_ovf_environment_transport: Some(["iso", "com.vmware.guestInfo"].map(Str::from).to_vec()),
        supported_ovf_install_transport: Some(vec!["iso".into()]),
        property_relations: None,
    }
}

/// The first ESXi that has the version.
fn description(number: u32) -> Str {
    Str::new_static(match number {
        4 => "ESX 3.x virtual machine",
        7 => "ESX/ESXi 4.x virtual machine",
        8 => "ESXi 5.0 virtual machine",
        9 => "ESXi 5.1 virtual machine",
        10 => "ESXi 5.5 virtual machine",
        11 => "ESXi 6.0 virtual machine",
        12 => "Workstation 12 virtual machine",
        13 => "ESXi 6.5 virtual machine",
        14 => "ESXi 6.7 virtual machine",
        15 => "ESXi 6.7 U2 virtual machine",
        16 => "Workstation 15 virtual machine",
        17 => "ESXi 7.0 virtual machine",
        18 => "ESXi 7.0 U1 virtual machine",
        19 => "ESXi 7.0 U2 virtual machine",
        20 => "ESXi 8.0 virtual machine",
        _ => "ESXi 8.0 U2 virtual machine",
    })
}
