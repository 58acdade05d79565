//! Devices: what the list of a VM holds, and how specs change it.
//!
//! [`apply`] takes the list and the specs and gives the new list, or a fault that names the spec by its index. What it
//! promises for every list it gives:
//! - keys are unique, and so is each unit on each controller (floppy drives, serial and parallel ports count apart);
//! - each controller lists exactly the devices that name it;
//! - no limit of virtual hardware is exceeded.

mod add;
mod attach;
mod bench;
mod class;
mod controllers;
mod disk;
mod disk_backing;
mod edit;
pub mod keys;
mod labels;
mod nic;
mod nic_backing;
mod overlay;
mod ports;
mod removable;
mod remove;
mod vmci;

use vim25::{
    Obj,
    types::{VirtualController, VirtualDevice, VirtualDeviceConfigSpec, VirtualDeviceConfigSpecOperation},
};

use super::Fault;
use bench::Bench;
use class::Class;

pub use bench::{FileChange, FileEffect, Scene};
pub use disk::{MAX_DISK_BYTES, disk_shares, disk_summary};
pub use disk_backing::content_id;
pub(crate) use nic::can_be_upt_compatible;
pub use nic::nic_allocation;
pub use nic_backing::{dvport_backing, network_backing, nic_summary, opaque_backing};
pub use removable::client_cd_backing;
pub use vmci::{MAX_PORT as MAX_VMCI_PORT, MAX_RULES as MAX_VMCI_RULES};

/// A changed list of devices.
#[derive(Clone, Debug)]
pub struct Changed {
    /// The new list.
    pub devices: Vec<Obj<VirtualDevice>>,
    /// What happens to files.
    pub files: Vec<FileEffect>,
}

/// Applies specs: removals first, then new controllers, then the rest in the order of the specs, so that a spec may name
/// a controller that another one adds.
///
/// # Errors
/// The fault for the first spec that cannot be done.
pub fn apply(
    devices: &[Obj<VirtualDevice>],
    specs: &[Obj<VirtualDeviceConfigSpec>],
    scene: Scene<'_>,
) -> Result<Changed, Fault> {
    let mut bench = Bench::new(scene, devices.to_vec());
    for phase in [Phase::Remove, Phase::AddController, Phase::Rest] {
        for (index, spec) in specs.iter().enumerate() {
            if Phase::of(spec) == phase {
                step(&mut bench, index, spec)?;
            }
        }
        if phase == Phase::Remove {
            remove::check_orphans(&bench, specs)?;
        }
    }
    bench.list_children();
    Ok(Changed { devices: bench.devices, files: bench.files })
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Phase {
    Remove,
    AddController,
    Rest,
}

impl Phase {
    fn of(spec: &VirtualDeviceConfigSpec) -> Phase {
        match spec.operation {
            Some(VirtualDeviceConfigSpecOperation::Remove) => Phase::Remove,
            Some(VirtualDeviceConfigSpecOperation::Add) if spec.device.is::<VirtualController>() => {
                Phase::AddController
            }
            _ => Phase::Rest,
        }
    }
}

fn step(bench: &mut Bench<'_>, index: usize, spec: &VirtualDeviceConfigSpec) -> Result<(), Fault> {
    match &spec.operation {
        Some(VirtualDeviceConfigSpecOperation::Add) => add::add(bench, index, spec),
        Some(VirtualDeviceConfigSpecOperation::Edit) => edit::edit(bench, index, spec),
        Some(VirtualDeviceConfigSpecOperation::Remove) => remove::remove(bench, index, spec),
        Some(VirtualDeviceConfigSpecOperation::Other_(word)) => Err(Fault::invalid_argument(
            format!("spec.deviceChange[{index}].operation"),
            format!("'{word}' is no operation"),
        )),
        None => Err(Fault::device_spec(index, "", "the spec says neither add, edit nor remove")),
    }
}

/// Puts a device that is attached already where it belongs in the list, and into the list of its controller.
pub fn insert(devices: &mut Vec<Obj<VirtualDevice>>, device: Obj<VirtualDevice>) {
    if let Some(controller) = device.controller_key {
        let children = devices.iter_mut().find(|d| d.key == controller);
        if let Some(controller) = children.and_then(|d| d.cast_mut::<VirtualController>()) {
            controller.device.get_or_insert_default().push(device.key);
        }
    }
    let at = devices.partition_point(|d| keys::order(d.key) < keys::order(device.key));
    devices.insert(at, device);
}

/// A fault if the VM runs and a device of this class cannot come or go then.
fn check_hot_plug(scene: &Scene<'_>, index: usize, class: Class, on_ide: bool) -> Result<(), Fault> {
    if scene.on && (!class.hot_plug() || on_ide) {
        let why = format!("a {} cannot be added or removed while the virtual machine runs", class.name());
        return Err(Fault::hot_plug(index, why));
    }
    Ok(())
}
