//! CD and floppy drives.

use std::sync::LazyLock;

use vim25::{
    DataType, Obj,
    types::{
        VirtualCdromRemotePassthroughBackingInfo, VirtualDevice, VirtualDeviceBackingInfo,
        VirtualDeviceFileBackingInfo, VirtualFloppyRemoteDeviceBackingInfo,
    },
};

use super::{add::connectable, bench::Bench, bench::Scene, class::Class};
use crate::vm::{Fault, path::DatastorePath};

static CLIENT_CD: LazyLock<Obj<VirtualDeviceBackingInfo>> =
    LazyLock::new(|| VirtualCdromRemotePassthroughBackingInfo::with(|b| b.use_auto_detect = Some(false)).into());

/// The backing of a CD drive that a client may put a disc into.
pub fn client_cd_backing() -> Obj<VirtualDeviceBackingInfo> {
    CLIENT_CD.clone()
}

/// Checks and completes a CD or floppy drive, new or edited.
pub(crate) fn prepare(
    bench: &Bench<'_>,
    index: usize,
    class: Class,
    device: &mut Obj<VirtualDevice>,
) -> Result<(), Fault> {
    let prefix = if class == Class::Cdrom { "VirtualCdrom" } else { "VirtualFloppy" };
    match device.backing.clone() {
        None if class == Class::Cdrom => device.backing = Some(client_cd_backing()),
        None => {
            let client = VirtualFloppyRemoteDeviceBackingInfo::with(|b| b.use_auto_detect = Some(false));
            device.backing = Some(client.into());
        }
        Some(backing) => {
            check_kind(index, prefix, &backing)?;
            device.backing = Some(with_datastore(&bench.scene, index, backing)?);
        }
    }
    let info = connectable(device.connectable.as_deref(), false, bench.scene.on);
    if device.connectable.as_deref() != Some(&info) {
        device.connectable = Some(info.into());
    }
    Ok(())
}

/// A fault if a backing is one of another kind of device.
pub(crate) fn check_kind(index: usize, prefix: &str, backing: &Obj<VirtualDeviceBackingInfo>) -> Result<(), Fault> {
    let name = backing.shared().descriptor().name;
    if name.starts_with(prefix) {
        return Ok(());
    }
    Err(Fault::device_backing(index, "backing", format!("a '{name}' does not fit this device")))
}

/// A file backing with the datastore that its path names; other backings as they are.
pub(crate) fn with_datastore(
    scene: &Scene<'_>,
    index: usize,
    mut backing: Obj<VirtualDeviceBackingInfo>,
) -> Result<Obj<VirtualDeviceBackingInfo>, Fault> {
    let Some(file) = backing.cast::<VirtualDeviceFileBackingInfo>() else { return Ok(backing) };
    // A drive may name a datastore alone: it has no disc in it then.
    let named = DatastorePath::parse(&file.file_name).map(|p| p.datastore.to_string());
    let surroundings = scene.context.surroundings;
    let datastore = match (&named, &file.datastore) {
        (Some(name), _) => surroundings.datastore_named(name).ok_or_else(|| Fault::datastore(name))?,
        (None, Some(datastore)) if file.file_name.is_empty() => {
            surroundings.datastore(datastore).ok_or_else(|| Fault::datastore(&datastore.id))?
        }
        // Paths on the host (`/usr/lib/vmware/isoimages/linux.iso`) are on no datastore.
        _ if file.file_name.starts_with('/') => return Ok(backing),
        _ => {
            let why = format!("'{}' is no datastore path", file.file_name);
            return Err(Fault::device_backing(index, "backing.fileName", why));
        }
    };
    if let Some(file) = backing.cast_mut::<VirtualDeviceFileBackingInfo>() {
        file.datastore = Some(datastore.datastore);
    }
    Ok(backing)
}
