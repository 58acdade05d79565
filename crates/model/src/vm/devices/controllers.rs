//! Controllers that clients add: SCSI, SATA, NVMe, USB.

use vim25::{
    Obj,
    types::{
        ParaVirtualSCSIController, VirtualController, VirtualDevice, VirtualLsiLogicSASController,
        VirtualSCSIController,
    },
};

use super::{bench::Bench, class::Class};
use crate::vm::Fault;

/// Gives a new controller its bus number and what its type implies.
pub(crate) fn prepare(
    bench: &Bench<'_>,
    index: usize,
    class: Class,
    device: &mut Obj<VirtualDevice>,
) -> Result<(), Fault> {
    let buses = class.limit().unwrap_or(1) as i32;
    let used = |bus: i32| bench.of_class(class).any(|d| bus_of(d) == Some(bus));
    let wanted = bus_of(device).unwrap_or(0);
    if !(0..buses).contains(&wanted) {
        return Err(Fault::device_spec(index, "busNumber", format!("bus numbers are 0 to {}", buses - 1)));
    }
    // A required number that a client did not set is 0: taken then means "any".
    let bus = if used(wanted) { (0..buses).find(|b| !used(*b)).unwrap_or(wanted) } else { wanted };
    if let Some(controller) = device.cast_mut::<VirtualController>() {
        controller.bus_number = bus;
        controller.device = None;
    }
    let units = bench.find(crate::vm::hardware::PCI).map(|pci| bench.units(class, pci)).unwrap_or_default();
    device.unit_number = units.get(bus as usize).copied();
    if let Some(scsi) = device.cast_mut::<VirtualSCSIController>() {
        scsi.hot_add_remove = Some(true);
        scsi.scsi_ctlr_unit_number = Some(7);
    }
    Ok(())
}

/// The first hardware version with this type of controller.
pub(crate) fn since(device: &Obj<VirtualDevice>) -> u32 {
    let newer = device.is::<ParaVirtualSCSIController>() || device.is::<VirtualLsiLogicSASController>();
    if newer { 7 } else { 4 }
}

fn bus_of(device: &Obj<VirtualDevice>) -> Option<i32> {
    device.cast::<VirtualController>().map(|c| c.bus_number)
}
