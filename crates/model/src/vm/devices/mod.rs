//! Devices: what the list of a VM holds, and how specs change it.

mod disk;
pub mod keys;
mod nic;
mod removable;

use vim25::{Obj, types::VirtualDevice};

pub use disk::{content_id, disk_shares, disk_summary};
pub use nic::{dvport_backing, network_backing, nic_allocation, nic_summary, opaque_backing};
pub use removable::client_cd_backing;

/// Puts a device where it belongs in the list, and into the list of its controller.
pub fn insert(devices: &mut Vec<Obj<VirtualDevice>>, device: Obj<VirtualDevice>) {
    if let Some(controller) = device.controller_key {
        let children = devices.iter_mut().find(|d| d.key == controller);
        let children = children.and_then(|d| d.cast_mut::<vim25::types::VirtualController>());
        if let Some(controller) = children {
            controller.device.get_or_insert_default().push(device.key);
        }
    }
    let at = devices.partition_point(|d| keys::order(d.key) < keys::order(device.key));
    devices.insert(at, device);
}
