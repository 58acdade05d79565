//! Serial and parallel ports, sound cards and USB devices: a backing of the right kind is all they need.

use vim25::{
    DataType, Obj,
    types::{VirtualDevice, VirtualSoundCardDeviceBackingInfo},
};

use super::{
    add::connectable,
    bench::Bench,
    class::Class,
    removable::{check_kind, with_datastore},
};
use crate::vm::Fault;

/// Checks and completes such a device, new or edited.
pub(crate) fn prepare(
    bench: &Bench<'_>,
    index: usize,
    class: Class,
    device: &mut Obj<VirtualDevice>,
) -> Result<(), Fault> {
    let prefix = match class {
        Class::Serial => "VirtualSerialPort",
        Class::Parallel => "VirtualParallelPort",
        Class::Sound => "VirtualSoundCard",
        _ => "VirtualUSB",
    };
    let backing = match device.backing.clone() {
        Some(backing) => backing,
        None if class == Class::Sound => {
            VirtualSoundCardDeviceBackingInfo::with(|b| b.use_auto_detect = Some(true)).into()
        }
        None => return Err(Fault::device_spec(index, "backing", format!("a {} needs a backing", class.name()))),
    };
    check_kind(index, prefix, &backing)?;
    device.backing = Some(with_datastore(&bench.scene, index, backing)?);
    let info = connectable(device.connectable.as_deref(), true, bench.scene.on);
    if device.connectable.as_deref() != Some(&info) {
        device.connectable = Some(info.into());
    }
    Ok(())
}
