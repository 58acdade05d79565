//! `deviceInfo`: what a device is called and what it says of itself.

use vim25::{
    Obj, Str,
    types::{
        Description, VirtualController, VirtualDevice, VirtualDeviceDeviceBackingInfo, VirtualDeviceFileBackingInfo,
        VirtualDeviceRemoteDeviceBackingInfo, VirtualDeviceURIBackingInfo, VirtualDisk, VirtualUSBController,
    },
};

use super::{bench::Bench, class::Class, disk::disk_summary, keys, nic_backing::nic_summary};

/// The description of a device that has its key; `old` keeps its label.
pub(crate) fn describe(
    bench: &Bench<'_>,
    class: Class,
    device: &Obj<VirtualDevice>,
    old: Option<&Obj<VirtualDevice>>,
) -> Obj<Description> {
    let known = old.and_then(|d| d.device_info.as_ref());
    let label = known.map_or_else(|| label(bench, class, device), |d| d.label.clone());
    let summary = summary(class, device).unwrap_or_else(|| label.clone());
    match known {
        Some(known) if known.label == label && known.summary == summary => known.clone(),
        _ => Description { label, summary }.into(),
    }
}

fn label(bench: &Bench<'_>, class: Class, device: &Obj<VirtualDevice>) -> Str {
    let name = class.name();
    let bus = device.cast::<VirtualController>().map_or(0, |c| c.bus_number);
    match class {
        Class::Scsi | Class::Sata | Class::Nvme => format!("{name} {bus}").into(),
        Class::Nic => format!("{name} {}", device.key - keys::FIRST_NIC + 1).into(),
        Class::Floppy => format!("{name} {}", device.key - keys::FLOPPY + 1).into(),
        Class::Serial => format!("{name} {}", device.key - keys::SERIAL + 1).into(),
        Class::Parallel => format!("{name} {}", device.key - keys::PARALLEL + 1).into(),
        Class::Passthrough => format!("{name} {}", device.key - keys::PASSTHROUGH).into(),
        Class::UsbDevice => format!("{name} {}", device.key - keys::USB_DEVICE + 1).into(),
        Class::Nvdimm => format!("{name} {}", device.key - keys::NVDIMM + 1).into(),
        Class::Disk | Class::Cdrom | Class::ScsiPassthrough => numbered(bench, class),
        _ => name.into(),
    }
}

/// The lowest number that no device of the class has in its label.
fn numbered(bench: &Bench<'_>, class: Class) -> Str {
    let taken = |label: &str| bench.of_class(class).any(|d| d.device_info.as_ref().is_some_and(|i| i.label == label));
    let candidates = (1..).map(|n| format!("{} {n}", class.name()));
    candidates.into_iter().find(|label| !taken(label)).unwrap_or_default().into()
}

fn summary(class: Class, device: &Obj<VirtualDevice>) -> Option<Str> {
    match class {
        Class::Disk => device.cast::<VirtualDisk>().map(|d| disk_summary(d.capacity_in_kb)),
        Class::Nic => device.backing.as_ref().map(nic_summary),
        Class::Scsi => Some(Str::new_static(scsi_summary(device))),
        Class::Sata => Some("AHCI".into()),
        Class::Usb => {
            let automatic = device.cast::<VirtualUSBController>().and_then(|c| c.auto_connect_devices) == Some(true);
            Some(if automatic { "Auto connect Enabled" } else { "Auto connect Disabled" }.into())
        }
        _ => backing_summary(device),
    }
}

fn scsi_summary(device: &Obj<VirtualDevice>) -> &'static str {
    match device.shared().descriptor().name {
        "ParaVirtualSCSIController" => "VMware paravirtual SCSI",
        "VirtualLsiLogicSASController" => "LSI Logic SAS",
        "VirtualBusLogicController" => "BusLogic",
        _ => "LSI Logic",
    }
}

fn backing_summary(device: &Obj<VirtualDevice>) -> Option<Str> {
    let backing = device.backing.as_ref()?;
    if let Some(file) = backing.cast::<VirtualDeviceFileBackingInfo>() {
        let image = Class::of(device) == Some(Class::Cdrom);
        return Some(if image { format!("ISO {}", file.file_name).into() } else { file.file_name.clone() });
    }
    if let Some(uri) = backing.cast::<VirtualDeviceURIBackingInfo>() {
        return Some(format!("Remote {}", uri.service_uri).into());
    }
    if let Some(host) = backing.cast::<VirtualDeviceDeviceBackingInfo>() {
        return (!host.device_name.is_empty()).then(|| host.device_name.clone());
    }
    backing.is::<VirtualDeviceRemoteDeviceBackingInfo>().then(|| "Remote device".into())
}
