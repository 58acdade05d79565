//! Device keys as vCenter gives them.
//!
//! Devices on a bus have the key of their place on it, so that a disk at SCSI 1:3 is always 2019; others are numbered in
//! the order in which they come.

/// First SCSI controller; the others follow by bus number.
pub const FIRST_SCSI: i32 = 1000;
/// The device at SCSI 0:0.
pub const FIRST_SCSI_DISK: i32 = 2000;
/// The device at IDE 0:0.
pub const FIRST_IDE_DEVICE: i32 = 3000;
/// First network adapter.
pub const FIRST_NIC: i32 = 4000;
/// Sound card.
pub const SOUND: i32 = 5000;
/// USB 2.0 controller.
pub const USB: i32 = 7000;
/// First floppy drive.
pub const FLOPPY: i32 = 8000;
/// First serial port.
pub const SERIAL: i32 = 9000;
/// First parallel port.
pub const PARALLEL: i32 = 10000;
/// Trusted platform module.
pub const TPM: i32 = 11000;
/// First PCI device passed through.
pub const PASSTHROUGH: i32 = 13000;
/// USB 3 controller.
pub const XHCI: i32 = 14000;
/// First SATA controller; the others follow by bus number.
pub const FIRST_SATA: i32 = 15000;
/// The device at SATA 0:0.
pub const FIRST_SATA_DEVICE: i32 = 16000;
/// First USB device.
pub const USB_DEVICE: i32 = 17000;
/// Watchdog timer.
pub const WATCHDOG: i32 = 18000;
/// Precision clock.
pub const CLOCK: i32 = 19000;
/// NVDIMM controller.
pub const NVDIMM_CONTROLLER: i32 = 29000;
/// First NVDIMM.
pub const NVDIMM: i32 = 30000;
/// First NVMe controller; the others follow by bus number.
pub const FIRST_NVME: i32 = 31000;
/// The disk at NVMe 0:0.
pub const FIRST_NVME_DISK: i32 = 32000;

/// Units of a SCSI bus that have keys in one row; those of wide controllers follow behind all of these.
const SCSI_ROW: i32 = 16;
const SCSI_BUSES: i32 = 4;
const SCSI_WIDE: i32 = 65 - SCSI_ROW;

/// Key of the device at a place on a SCSI bus.
pub fn scsi_device(bus: i32, unit: i32) -> i32 {
    if unit < SCSI_ROW {
        FIRST_SCSI_DISK + SCSI_ROW * bus + unit
    } else {
        FIRST_SCSI_DISK + SCSI_ROW * SCSI_BUSES + SCSI_WIDE * bus + (unit - SCSI_ROW)
    }
}

/// Key of the device at a place on an IDE bus.
pub fn ide_device(bus: i32, unit: i32) -> i32 {
    FIRST_IDE_DEVICE + 2 * bus + unit
}

/// Key of the device at a place on a SATA bus.
pub fn sata_device(bus: i32, unit: i32) -> i32 {
    FIRST_SATA_DEVICE + 30 * bus + unit
}

/// Key of the device at a place on an NVMe bus.
pub fn nvme_device(bus: i32, unit: i32) -> i32 {
    FIRST_NVME_DISK + 64 * bus + unit
}

/// Where a device stands in `config.hardware.device`: controllers of the board first, then by kind.
pub fn order(key: i32) -> (u8, i32) {
    let rank = match key {
        200..300 => 0,
        300..400 => 1,
        100..200 => 2,
        400..500 => 3,
        600..700 => 4,
        700..800 => 5,
        500..600 => 6,
        12000 => 7,
        1000..2000 => 8,
        15000..16000 => 9,
        31000..32000 => 10,
        7000..8000 | 14000..15000 => 11,
        3000..4000 | 16000..17000 => 12,
        2000..3000 | 32000..33000 => 13,
        8000..9000 => 14,
        4000..5000 => 15,
        _ => 16,
    };
    (rank, key)
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use super::*;

    #[test]
    fn places_have_the_keys_of_vcenter() {
        assert_eq!((scsi_device(0, 0), scsi_device(0, 1), scsi_device(1, 3)), (2000, 2001, 2019));
        assert_eq!((ide_device(0, 0), ide_device(1, 0)), (3000, 3002));
        assert_eq!((sata_device(0, 0), sata_device(1, 0)), (16000, 16030));
        assert_eq!(nvme_device(0, 0), 32000);
    }

    #[test]
    fn no_two_places_have_one_key() {
        let buses = || 0..4;
        let mut all = Vec::new();
        all.extend(buses().flat_map(|bus| (0..65).map(move |unit| scsi_device(bus, unit))));
        all.extend(buses().flat_map(|bus| (0..30).map(move |unit| sata_device(bus, unit))));
        all.extend(buses().flat_map(|bus| (0..64).map(move |unit| nvme_device(bus, unit))));
        all.extend((0..2).flat_map(|bus| (0..2).map(move |unit| ide_device(bus, unit))));
        let distinct: HashSet<i32> = all.iter().copied().collect();
        assert_eq!(distinct.len(), all.len());
    }
}
