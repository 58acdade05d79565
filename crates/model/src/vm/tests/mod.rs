//! Rules of VMs as sentences.

mod config_rules;
mod default_vm;
mod device_rules;
mod disk_rules;
mod fault_tolerance;
mod invariants;
mod lab_options;
mod migrate_rules;
mod nic_options;
mod nic_rules;
mod option_rules;
mod power_rules;
mod rule;
mod state_rules;
mod vmci_options;
mod vmci_rules;

use vim25::{DataType, Extends, Obj, types::*};

use super::{
    Fault,
    devices::{self, Changed, Scene},
    hardware,
    path::DatastorePath,
    testing::World,
};

pub(super) type Devices = Vec<Obj<VirtualDevice>>;

pub(super) fn scene(world: &World) -> Scene<'_> {
    let home = DatastorePath { datastore: "LocalDS_0", path: "vm/vm.vmx" };
    Scene { context: world.context(), version: 21, on: false, creating: false, home }
}

pub(super) fn spec(
    operation: VirtualDeviceConfigSpecOperation,
    device: impl Extends<VirtualDevice>,
) -> Obj<VirtualDeviceConfigSpec> {
    VirtualDeviceConfigSpec { operation: Some(operation), device: device.into(), ..Default::default() }.into()
}

pub(super) fn add(device: impl Extends<VirtualDevice>) -> Obj<VirtualDeviceConfigSpec> {
    spec(VirtualDeviceConfigSpecOperation::Add, device)
}

pub(super) fn edit(device: &Obj<VirtualDevice>) -> Obj<VirtualDeviceConfigSpec> {
    let operation = Some(VirtualDeviceConfigSpecOperation::Edit);
    VirtualDeviceConfigSpec { operation, device: device.clone(), ..Default::default() }.into()
}

pub(super) fn remove(key: i32) -> Obj<VirtualDeviceConfigSpec> {
    spec(VirtualDeviceConfigSpecOperation::Remove, VirtualDevice::with(|d| d.key = key))
}

pub(super) fn scsi(key: i32) -> ParaVirtualSCSIController {
    ParaVirtualSCSIController::with(|c| c.key = key)
}

pub(super) fn disk(controller: i32, kilobytes: i64) -> Obj<VirtualDeviceConfigSpec> {
    disk_at(controller, -1, kilobytes)
}

pub(super) fn disk_at(controller: i32, unit: i32, kilobytes: i64) -> Obj<VirtualDeviceConfigSpec> {
    let mut spec = add(VirtualDisk::with(|d| {
        d.key = -1;
        d.controller_key = Some(controller);
        d.unit_number = Some(unit);
        d.capacity_in_kb = kilobytes;
        d.backing = Some(
            VirtualDiskFlatVer2BackingInfo {
                disk_mode: "persistent".into(),
                thin_provisioned: Some(true),
                ..Default::default()
            }
            .into(),
        );
    }));
    spec.file_operation = Some(VirtualDeviceConfigSpecFileOperation::Create);
    spec
}

pub(super) fn network(name: &str) -> Option<Obj<VirtualDeviceBackingInfo>> {
    Some(VirtualEthernetCardNetworkBackingInfo::with(|b| b.device_name = name.into()).into())
}

pub(super) fn nic() -> VirtualVmxnet3 {
    VirtualVmxnet3::with(|n| {
        n.key = -1;
        n.backing = network("VM Network");
    })
}

pub(super) fn apply(scene: Scene<'_>, specs: &[Obj<VirtualDeviceConfigSpec>]) -> Result<Changed, Fault> {
    devices::apply(&hardware::default_devices(scene.version), specs, scene)
}

pub(super) fn keys(devices: &[Obj<VirtualDevice>]) -> Vec<i32> {
    devices.iter().map(|d| d.key).filter(|k| !hardware::is_default(*k)).collect()
}

pub(super) fn by_key(devices: &[Obj<VirtualDevice>], key: i32) -> Obj<VirtualDevice> {
    devices.iter().find(|d| d.key == key).unwrap_or_else(|| panic!("no device {key}")).clone()
}

/// The property that an `InvalidVmConfig` names.
pub(super) fn property(fault: &Fault) -> String {
    fault.fault.cast::<InvalidVmConfig>().and_then(|f| f.property.clone()).unwrap_or_default().to_string()
}

pub(super) fn children(devices: &[Obj<VirtualDevice>], key: i32) -> Vec<i32> {
    by_key(devices, key).cast::<VirtualController>().unwrap().device.clone().unwrap_or_default()
}
