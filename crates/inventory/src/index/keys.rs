//! What objects can be found by.

use std::{net::IpAddr, sync::Arc};

use vim25::{
    DataObject, DataType, Obj, Str, cast, mo,
    types::{
        GuestInfo, HostVirtualNic, VirtualDevice, VirtualDeviceFileBackingInfo, VirtualDisk,
        VirtualDiskFlatVer2BackingInfo, VirtualEthernetCard, VirtualMachineConfigInfo, VirtualMachinePowerState,
        VirtualMachineVMCIDevice,
    },
};

use super::Key;
use crate::Object;

/// What an object was found by and what it can be found by, without that which two states of it share, seen without
/// looking into it. The same may come twice.
pub(super) fn that_may_differ(old: Option<&Object>, new: Option<&Object>) -> (Vec<Key>, Vec<Key>) {
    let Some((was, is)) = old.zip(new) else { return (of(old), of(new)) };
    if Arc::ptr_eq(&was.content, &is.content) {
        return Default::default();
    }
    match (cast(&*was.content), cast(&*is.content)) {
        (Some(was), Some(is)) => Parts::that_differ(was, is).of_both(was, is),
        _ if are_shared(&*was.content, &*is.content) => Default::default(),
        _ => (of(old), of(new)),
    }
}

/// Everything that an object can be found by.
fn of(object: Option<&Object>) -> Vec<Key> {
    let Some(content) = object.map(|object| &*object.content) else { return Vec::new() };
    let Some(entity) = cast::<mo::ManagedEntity>(content) else { return Vec::new() };
    let mut keys = Vec::with_capacity(12);
    if let Some(vm) = cast(content) {
        Parts::ALL.of(vm, &mut keys);
        return keys;
    }
    keys.extend(child(entity));
    of_permissions(entity, &mut keys);
    if let Some(host) = cast::<mo::HostSystem>(content) {
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

fn child(entity: &mo::ManagedEntity) -> Option<Key> {
    entity.parent.as_ref().map(|parent| Key::Child(parent.id.clone(), entity.name.clone()))
}

/// Whether two states of an object that is no VM share everything that it can be found by, seen without looking into it.
fn are_shared(old: &dyn DataObject, new: &dyn DataObject) -> bool {
    let (Some(named), Some(renamed)) = (cast::<mo::ManagedEntity>(old), cast::<mo::ManagedEntity>(new)) else {
        return !old.is::<mo::ManagedEntity>() && !new.is::<mo::ManagedEntity>();
    };
    if named.name != renamed.name || named.parent != renamed.parent || !bind_the_same(named, renamed) {
        return false;
    }
    if let (Some(old), Some(new)) = (cast::<mo::HostSystem>(old), cast::<mo::HostSystem>(new)) {
        return same(&old.hardware, &new.hardware) && same(&old.config, &new.config);
    }
    old.descriptor() == new.descriptor() && !carries_more(old)
}

/// Whether an entity that is neither VM nor host can be found by more than its name.
fn carries_more(entity: &dyn DataObject) -> bool {
    entity.is::<mo::VirtualApp>() || entity.is::<mo::ComputeResource>() || entity.is::<mo::DistributedVirtualSwitch>()
}

fn of_permissions(entity: &mo::ManagedEntity, keys: &mut Vec<Key>) {
    let users = entity.common.permission.iter().flatten().filter(|permission| !permission.group);
    keys.extend(users.map(|permission| principal(&permission.principal)));
}

/// Whether two states of an entity have the same permissions.
fn bind_the_same(old: &mo::ManagedEntity, new: &mo::ManagedEntity) -> bool {
    old.common.permission == new.common.permission
}

fn same<T: DataType>(old: &Option<Obj<T>>, new: &Option<Obj<T>>) -> bool {
    match (old, new) {
        (Some(old), Some(new)) => old.same(new),
        (old, new) => old.is_none() && new.is_none(),
    }
}

/// The parts of a VM that give it keys: what one of them gives, no other one does.
struct Parts {
    /// Its name and its parents.
    place: bool,
    /// Its configuration, devices included.
    config: bool,
    /// Its context id, and the host on which it runs.
    context: bool,
    /// Its guest.
    guest: bool,
    /// Its permissions.
    permissions: bool,
}

impl Parts {
    const ALL: Parts = Parts { place: true, config: true, context: true, guest: true, permissions: true };

    fn that_differ(old: &mo::VirtualMachine, new: &mo::VirtualMachine) -> Parts {
        let config = !same(&old.config, &new.config);
        let (was, is) = (&old.runtime, &new.runtime);
        Parts {
            place: old.name != new.name || old.parent != new.parent || old.parent_v_app != new.parent_v_app,
            config: config && !(names_the_same(&old.config, &new.config) && carry_the_same(devices(old), devices(new))),
            context: config || was.power_state != is.power_state || was.host != is.host,
            guest: !same(&old.guest, &new.guest),
            permissions: !bind_the_same(old, new),
        }
    }

    fn of_both(&self, old: &mo::VirtualMachine, new: &mo::VirtualMachine) -> (Vec<Key>, Vec<Key>) {
        let (mut before, mut after) = <(Vec<Key>, Vec<Key>)>::default();
        self.of(old, &mut before);
        self.of(new, &mut after);
        (before, after)
    }

    fn of(&self, vm: &mo::VirtualMachine, keys: &mut Vec<Key>) {
        if self.place {
            keys.extend(child(vm));
            keys.extend(vm.parent_v_app.as_ref().map(|app| Key::Child(app.id.clone(), vm.name.clone())));
        }
        if let Some(config) = vm.config.as_ref().filter(|_| self.config) {
            of_config(config, keys);
        }
        if self.context {
            keys.extend(context_id(vm));
        }
        if let Some(guest) = vm.guest.as_ref().filter(|_| self.guest) {
            of_guest(guest, keys);
        }
        if self.permissions {
            of_permissions(vm, keys);
        }
    }
}

fn of_config(config: &VirtualMachineConfigInfo, keys: &mut Vec<Key>) {
    keys.extend(uuid(&config.uuid).map(Key::BiosUuid));
    keys.extend(config.instance_uuid.as_deref().and_then(uuid).map(Key::InstanceUuid));
    keys.extend(config.managed_by.as_ref().map(|manager| Key::ManagedBy(manager.extension_key.clone())));
    keys.extend(config.files.vm_path_name.clone().map(Key::File));
    config.hardware.device.iter().flatten().for_each(|device| of_device(device, keys));
}

/// Whether two configurations give the same keys, devices aside.
fn names_the_same(old: &Option<Obj<VirtualMachineConfigInfo>>, new: &Option<Obj<VirtualMachineConfigInfo>>) -> bool {
    old.as_ref().zip(new.as_ref()).is_some_and(|(old, new)| {
        old.uuid == new.uuid
            && old.instance_uuid == new.instance_uuid
            && same(&old.managed_by, &new.managed_by)
            && old.files.vm_path_name == new.files.vm_path_name
    })
}

/// Whether two lists of devices give the same keys, seen in those that they do not share at the same places.
fn carry_the_same(old: &[Obj<VirtualDevice>], new: &[Obj<VirtualDevice>]) -> bool {
    let (mut before, mut after) = <(Vec<Key>, Vec<Key>)>::default();
    for (was, is) in old.iter().zip(new).filter(|(was, is)| !was.same(is)) {
        of_device(was, &mut before);
        of_device(is, &mut after);
    }
    old.len() == new.len() && before == after
}

fn devices(vm: &mo::VirtualMachine) -> &[Obj<VirtualDevice>] {
    vm.config.as_ref().and_then(|config| config.hardware.device.as_deref()).unwrap_or_default()
}

fn of_guest(guest: &GuestInfo, keys: &mut Vec<Key>) {
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

/// The name of a user, in lower case and without a domain: `LAB\ann` is `ann`, and so is `ann@lab`.
pub(super) fn principal(user: &str) -> Key {
    let name = user.split_once('\\').map(|(_, name)| name);
    let name = name.or_else(|| user.rsplit_once('@').map(|(name, _)| name)).unwrap_or(user);
    Key::Principal(name.to_lowercase().into())
}
