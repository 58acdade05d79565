//! What objects can be found by.

use std::{net::IpAddr, sync::Arc};

use vim25::{
    DataObject, DataType, Obj, Str, cast, mo,
    types::{
        HostVirtualNic, VirtualDevice, VirtualDeviceFileBackingInfo, VirtualDisk, VirtualDiskFlatVer2BackingInfo,
        VirtualEthernetCard, VirtualMachinePowerState, VirtualMachineVMCIDevice,
    },
};

use super::Key;
use crate::Object;

/// Everything that an object can be found by; the same may come twice.
pub(super) fn of(object: Option<&Object>) -> Vec<Key> {
    let Some(content) = object.map(|object| &*object.content) else { return Vec::new() };
    let Some(entity) = cast::<mo::ManagedEntity>(content) else { return Vec::new() };
    let mut keys = Vec::with_capacity(12);
    if let Some(parent) = &entity.parent {
        keys.push(Key::Child(parent.id.clone(), entity.name.clone()));
    }
    if let Some(vm) = cast::<mo::VirtualMachine>(content) {
        of_vm(vm, &mut keys);
    } else if let Some(host) = cast::<mo::HostSystem>(content) {
        of_host(host, &mut keys);
    } else if let Some(app) = cast::<mo::VirtualApp>(content) {
        // Its parent is its pool, but it is a child of its folder too.
        keys.extend(app.parent_folder.as_ref().map(|folder| Key::Child(folder.id.clone(), app.name.clone())));
        let manager = app.v_app_config.as_ref().and_then(|config| config.managed_by.as_ref());
        keys.extend(manager.map(|manager| Key::ManagedBy(manager.extension_key.clone())));
    } else if let Some(compute) = cast::<mo::ComputeResource>(content) {
        keys.extend(compute.environment_browser.as_ref().map(|browser| Key::Browser(browser.id.clone())));
    } else if let Some(of) = cast::<mo::DistributedVirtualSwitch>(content) {
        keys.push(switch(&of.uuid));
    }
    keys
}

/// Whether two states of an object share everything that it can be found by, seen without looking into it.
pub(super) fn are_shared(old: &Object, new: &Object) -> bool {
    if Arc::ptr_eq(&old.content, &new.content) {
        return true;
    }
    let (old, new) = (&*old.content, &*new.content);
    let (Some(named), Some(renamed)) = (cast::<mo::ManagedEntity>(old), cast::<mo::ManagedEntity>(new)) else {
        return false;
    };
    if named.name != renamed.name || named.parent != renamed.parent {
        return false;
    }
    if let (Some(old), Some(new)) = (cast::<mo::HostSystem>(old), cast::<mo::HostSystem>(new)) {
        return same(&old.hardware, &new.hardware) && same(&old.config, &new.config);
    }
    let (Some(old), Some(new)) = (cast::<mo::VirtualMachine>(old), cast::<mo::VirtualMachine>(new)) else {
        return old.descriptor() == new.descriptor() && !carries_more(old);
    };
    same(&old.config, &new.config)
        && same(&old.guest, &new.guest)
        && old.parent_v_app == new.parent_v_app
        && old.runtime.host == new.runtime.host
        && old.runtime.power_state == new.runtime.power_state
}

/// Whether an entity that is neither VM nor host can be found by more than its name.
fn carries_more(entity: &dyn DataObject) -> bool {
    entity.is::<mo::VirtualApp>() || entity.is::<mo::ComputeResource>() || entity.is::<mo::DistributedVirtualSwitch>()
}

fn same<T: DataType>(old: &Option<Obj<T>>, new: &Option<Obj<T>>) -> bool {
    match (old, new) {
        (Some(old), Some(new)) => old.same(new),
        (old, new) => old.is_none() && new.is_none(),
    }
}

fn of_vm(vm: &mo::VirtualMachine, keys: &mut Vec<Key>) {
    if let Some(app) = &vm.parent_v_app {
        keys.push(Key::Child(app.id.clone(), vm.name.clone()));
    }
    if let Some(config) = &vm.config {
        keys.extend(uuid(&config.uuid).map(Key::BiosUuid));
        keys.extend(config.instance_uuid.as_deref().and_then(uuid).map(Key::InstanceUuid));
        keys.extend(config.managed_by.as_ref().map(|manager| Key::ManagedBy(manager.extension_key.clone())));
        keys.extend(config.files.vm_path_name.clone().map(Key::File));
        config.hardware.device.iter().flatten().for_each(|device| of_device(device, keys));
    }
    keys.extend(context_id(vm));
    let Some(guest) = &vm.guest else { return };
    keys.extend(guest.host_name.as_deref().filter(|name| !name.is_empty()).map(dns));
    keys.extend(guest.ip_address.as_deref().and_then(ip).map(Key::Ip));
    for nic in guest.net.iter().flatten() {
        keys.extend(nic.ip_address.iter().flatten().filter_map(|address| ip(address)).map(Key::Ip));
    }
    for config in guest.ip_stack.iter().flatten().filter_map(|stack| stack.dns_config.as_ref()) {
        dns_names(&config.host_name, &config.domain_name, keys);
    }
}

/// The VMCI context id of a VM that runs, on its host.
fn context_id(vm: &mo::VirtualMachine) -> Option<Key> {
    let host = vm.runtime.host.as_ref().filter(|_| vm.runtime.power_state == VirtualMachinePowerState::PoweredOn)?;
    let devices = vm.config.as_ref()?.hardware.device.as_ref()?;
    let id = devices.iter().find_map(|device| device.cast::<VirtualMachineVMCIDevice>()?.id)?;
    Some(Key::ContextId(host.id.clone(), id))
}

fn of_device(device: &Obj<VirtualDevice>, keys: &mut Vec<Key>) {
    if let Some(card) = device.cast::<VirtualEthernetCard>() {
        keys.extend(card.mac_address.clone().map(Key::Mac));
    } else if let Some(disk) = device.cast::<VirtualDisk>() {
        let Some(backing) = &disk.backing else { return };
        match backing.cast::<VirtualDiskFlatVer2BackingInfo>() {
            Some(top) => {
                let chain = std::iter::successors(Some(top), |backing| backing.parent.as_deref());
                keys.extend(chain.map(|backing| Key::File(backing.file_name.clone())));
            }
            None => {
                let file = backing.cast::<VirtualDeviceFileBackingInfo>();
                keys.extend(file.map(|file| Key::File(file.file_name.clone())));
            }
        }
    }
}

fn of_host(host: &mo::HostSystem, keys: &mut Vec<Key>) {
    keys.extend(host.hardware.as_ref().and_then(|hardware| uuid(&hardware.system_info.uuid)).map(Key::HostUuid));
    // A host goes by the name or address under which it was added.
    keys.push(ip(&host.name).map_or_else(|| dns(&host.name), Key::Ip));
    let Some(network) = host.config.as_ref().and_then(|config| config.network.as_ref()) else { return };
    let nics = network.vnic.iter().flatten().chain(network.console_vnic.iter().flatten());
    keys.extend(nics.filter_map(|nic| address(nic)).map(Key::Ip));
    if let Some(config) = &network.dns_config {
        dns_names(&config.host_name, &config.domain_name, keys);
    }
}

fn address(nic: &HostVirtualNic) -> Option<IpAddr> {
    ip(nic.spec.ip.as_ref()?.ip_address.as_ref()?)
}

fn dns_names(host: &str, domain: &str, keys: &mut Vec<Key>) {
    if !host.is_empty() {
        keys.push(dns(host));
        if !domain.is_empty() {
            keys.push(dns(&format!("{host}.{domain}")));
        }
    }
}

/// A UUID as a number: 32 hexadecimal digits with dashes (or spaces, as a VMX file writes them) anywhere.
pub(super) fn uuid(text: &str) -> Option<u128> {
    let mut number = 0;
    let mut digits = 0;
    for letter in text.chars().filter(|letter| !matches!(letter, '-' | ' ')) {
        number = number << 4 | u128::from(letter.to_digit(16)?);
        digits += 1;
    }
    (digits == 32).then_some(number)
}

/// An address in any spelling.
pub(super) fn ip(text: &str) -> Option<IpAddr> {
    text.trim().parse().ok()
}

/// The UUID of a switch, without its case.
pub(super) fn switch(uuid: &str) -> Key {
    Key::SwitchUuid(uuid.to_ascii_lowercase().into())
}

/// A DNS name, without its case.
pub(super) fn dns(name: &str) -> Key {
    Key::Dns(if name.bytes().any(|b| b.is_ascii_uppercase()) {
        name.to_ascii_lowercase().into()
    } else {
        Str::new(name)
    })
}
