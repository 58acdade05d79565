//! What an environment browser answers: what VMs can be made of, and what a host or cluster offers them.
//!
//! Options depend on the virtual hardware version and on the API version of the host, and are built once for each pair.
//! The tables of [`super::devices`] and these options say the same: what has an option can be added, and the other way
//! round.

mod adapters;
mod build;
mod controllers;
mod devices;
mod disks;
mod guests;
mod hardware;
mod nics;
mod offer;
mod target;

use std::{
    collections::HashMap,
    sync::{LazyLock, Mutex, PoisonError},
};

use vim25::{
    ApiVersion, Obj, Str,
    types::{VirtualMachineConfigOption, VirtualMachineConfigOptionDescriptor, VirtualMachinePowerState},
};

use super::{Fault, capability::capability, guest_os, hardware as base, version};
use crate::host::forget_newer;

pub use adapters::{ADAPTERS, Adapter, adapter_of};
pub use offer::{Offer, offers};
pub use target::{config_target, hosts_of};

/// `QueryConfigOptionDescriptor`: the hardware versions that any of the hosts can create and run, each with the hosts
/// that can.
pub fn descriptors(offers: &[Offer]) -> Vec<Obj<VirtualMachineConfigOptionDescriptor>> {
    let default = offer::default_version(offers);
    let describe = |number: u32| {
        let hosts = offers.iter().filter(|offer| offer.newest >= number);
        VirtualMachineConfigOptionDescriptor {
            key: version::key(number),
            description: Some(description(number)),
            host: Some(hosts.map(|offer| offer.host.clone()).collect()),
            create_supported: true,
            default_config_option: number == default,
            run_supported: true,
            upgrade_supported: true,
        }
        .into()
    };
    offer::versions(offers).map(describe).collect()
}

/// `QueryConfigOption` and `QueryConfigOptionEx`: what a VM of a hardware version can have on these hosts. Without a key,
/// of the newest version that all of them run. With `guests`, only the descriptors of these guests.
///
/// # Errors
/// `InvalidArgument` for a key that is no version of these hosts, or a guest that there is not.
pub fn config_option(
    offers: &[Offer],
    key: Option<&str>,
    guests: &[Str],
) -> Result<Obj<VirtualMachineConfigOption>, Fault> {
    let number = match key.filter(|k| !k.is_empty()) {
        None => offer::default_version(offers),
        Some(key) => version::number(key)
            .filter(|number| offer::versions(offers).any(|known| known == *number))
            .ok_or_else(|| Fault::invalid_argument("key", format!("'{key}' is no hardware version of these hosts")))?,
    };
    let whole = of_version(number, offer::api_version(offers, number));
    if guests.is_empty() {
        return Ok(whole);
    }
    if let Some(unknown) = guests.iter().find(|g| !guest_os::is_known(g)) {
        return Err(Fault::invalid_argument("spec.guestId", format!("'{unknown}' is no guest operating system")));
    }
    let mut some = whole;
    some.guest_os_descriptor.retain(|d| guests.contains(&d.id));
    some.guest_os_default_index = 0;
    Ok(some)
}

type Built = HashMap<(u32, ApiVersion), Obj<VirtualMachineConfigOption>>;

fn of_version(number: u32, api_version: ApiVersion) -> Obj<VirtualMachineConfigOption> {
    static BUILT: LazyLock<Mutex<Built>> = LazyLock::new(Mutex::default);
    let mut built = BUILT.lock().unwrap_or_else(PoisonError::into_inner);
    let made = built.entry((number, api_version)).or_insert_with(|| {
        let mut option = whole(number);
        forget_newer(&mut option, api_version);
        option.into()
    });
    made.clone()
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
