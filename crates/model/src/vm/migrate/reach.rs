//! What a VM needs of a host: its networks, its datastores, its hardware version.

use vim25::{
    DataType, MoRef, Obj, Str,
    types::{
        CannotAccessNetwork, CannotAccessVmConfig, CannotAccessVmDevice, CannotAccessVmDisk, DeviceNotSupported,
        DisallowedMigrationDeviceAttached, InvalidDatastore, LocalizedMethodFault, VirtualDevice,
        VirtualDeviceFileBackingInfo, VirtualDisk, VirtualEthernetCard,
        VirtualEthernetCardDistributedVirtualPortBackingInfo, VirtualEthernetCardNetworkBackingInfo,
        VirtualEthernetCardOpaqueNetworkBackingInfo, VirtualMachineConfigInfo, VirtualPCIPassthrough,
        VirtualSriovEthernetCard,
    },
};

use crate::vm::{Fault, path::DatastorePath, snapshot::chain_of, surroundings::Surroundings, version};

/// Whether the host in the middle of `there` can run a VM with this configuration.
///
/// # Errors
/// `VirtualHardwareVersionNotSupported`, `CannotAccessVmConfig`, `CannotAccessVmDisk`, `CannotAccessVmDevice`,
/// `CannotAccessNetwork`.
pub fn check_reach(config: &VirtualMachineConfigInfo, there: &dyn Surroundings) -> Result<(), Fault> {
    let host = there.host();
    if version::number(&config.version).is_some_and(|number| number > host.newest_hardware) {
        return Err(version::not_run(&config.version, &host));
    }
    let reaches = |path: &str, datastore: Option<&MoRef>| {
        let Some(path) = DatastorePath::parse(path) else { return true };
        let found = datastore.map_or_else(|| there.datastore_named(path.datastore), |d| there.datastore(d));
        found.is_some_and(|facts| facts.accessible)
    };
    if let Some(vmx) = config.files.vm_path_name.as_deref().filter(|vmx| !reaches(vmx, None)) {
        return Err(no_home(vmx, &host.name));
    }
    for device in config.hardware.device.iter().flatten() {
        check_files(device, &reaches, &host.name)?;
        check_network(device, there, &host.name)?;
    }
    Ok(())
}

/// `CannotAccessVmConfig`: the host does not reach the datastore of a vmx file.
pub fn no_home(vmx: &str, host: &str) -> Fault {
    let message = format!("Unable to access the virtual machine configuration: {vmx} on host '{host}'.");
    Fault::new(CannotAccessVmConfig { reason: unreachable(vmx), ..Default::default() }, message)
}

/// Whether a VM with this configuration can change its host while it runs.
///
/// # Errors
/// `DisallowedMigrationDeviceAttached` if it has a device of its present host.
pub fn check_running_devices(config: &VirtualMachineConfigInfo) -> Result<(), Fault> {
    let of_host = |d: &&Obj<VirtualDevice>| d.is::<VirtualPCIPassthrough>() || d.is::<VirtualSriovEthernetCard>();
    let Some(device) = config.hardware.device.iter().flatten().find(of_host) else { return Ok(()) };
    let message = format!("'{}' is a device of the host: the machine cannot leave it while it runs.", label(device));
    let cause = DeviceNotSupported::with(|f| f.device = label(device));
    let cause = LocalizedMethodFault { fault: cause.into(), localized_message: Some(message.as_str().into()) };
    Err(Fault::new(DisallowedMigrationDeviceAttached { fault: cause.into(), ..Default::default() }, message))
}

/// Says whether a host reaches a file: by the datastore if it is known, else by the name of one.
type Reaches<'a> = dyn Fn(&str, Option<&MoRef>) -> bool + 'a;

fn check_files(device: &Obj<VirtualDevice>, reaches: &Reaches<'_>, host: &str) -> Result<(), Fault> {
    if let Some(disk) = device.cast::<VirtualDisk>() {
        let Some(lost) = chain_of(disk).into_iter().find(|b| !reaches(&b.file_name, b.datastore.as_ref())) else {
            return Ok(());
        };
        let message = format!("Unable to access the virtual disk {} on host '{host}'.", lost.file_name);
        let fault = CannotAccessVmDisk {
            base: device_fault(device, lost.file_name.clone()),
            fault: unreachable(&lost.file_name),
        };
        return Err(Fault::new(fault, message));
    }
    let file = device.backing.as_ref().and_then(|b| b.cast::<VirtualDeviceFileBackingInfo>());
    let lost = file
        .filter(|f| is_connected(device) && !f.file_name.is_empty() && !reaches(&f.file_name, f.datastore.as_ref()));
    match lost {
        None => Ok(()),
        Some(lost) => {
            let (label, file) = (label(device), lost.file_name.clone());
            let message = format!("'{label}' uses {file}, which host '{host}' does not reach.");
            Err(Fault::new(device_fault(device, file), message))
        }
    }
}

fn check_network(device: &Obj<VirtualDevice>, there: &dyn Surroundings, host: &str) -> Result<(), Fault> {
    let Some(backing) = device.backing.as_ref().filter(|_| device.is::<VirtualEthernetCard>()) else { return Ok(()) };
    let lost: Option<(Str, Option<MoRef>)> = if let Some(b) = backing.cast::<VirtualEthernetCardNetworkBackingInfo>() {
        let found = there.network_named(&b.device_name).is_some();
        (!found).then(|| (b.device_name.clone(), b.network.clone()))
    } else if let Some(b) = backing.cast::<VirtualEthernetCardDistributedVirtualPortBackingInfo>() {
        let group = b.port.portgroup_key.clone().unwrap_or_default();
        let found = there.portgroup(&b.port.switch_uuid, &group).is_some();
        (!found).then(|| {
            let kind = Str::new_static("DistributedVirtualPortgroup");
            (format!("DVSwitch: {}", b.port.switch_uuid).into(), Some(MoRef::new(kind, group)))
        })
    } else if let Some(b) = backing.cast::<VirtualEthernetCardOpaqueNetworkBackingInfo>() {
        let found = there.opaque_network(&b.opaque_network_id, &b.opaque_network_type).is_some();
        (!found).then(|| (b.opaque_network_id.clone(), None))
    } else {
        None
    };
    let Some((name, network)) = lost else { return Ok(()) };
    let message = format!("'{}' uses network '{name}', which is not accessible on host '{host}'.", label(device));
    Err(Fault::new(CannotAccessNetwork { base: device_fault(device, name), network }, message))
}

fn device_fault(device: &VirtualDevice, backing: Str) -> CannotAccessVmDevice {
    CannotAccessVmDevice { device: label(device), backing, connected: is_connected(device), ..Default::default() }
}

fn is_connected(device: &VirtualDevice) -> bool {
    device.connectable.as_ref().is_some_and(|c| c.connected)
}

/// The reason inside other faults: no access to the datastore of a file.
fn unreachable(file: &str) -> Obj<LocalizedMethodFault> {
    let name = DatastorePath::parse(file).map(|p| Str::from(p.datastore));
    let message = format!("Datastore '{}' is not accessible from the host.", name.as_deref().unwrap_or_default());
    let fault = InvalidDatastore::with(|f| f.name = name);
    LocalizedMethodFault { fault: fault.into(), localized_message: Some(message.into()) }.into()
}

fn label(device: &VirtualDevice) -> Str {
    device.device_info.as_ref().map_or_else(|| device.key.to_string().into(), |info| info.label.clone())
}
