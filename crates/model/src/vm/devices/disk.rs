//! Virtual disks.

use std::sync::LazyLock;

use vim25::{
    Obj, Str,
    types::{
        SharesInfo, SharesLevel, StorageIOAllocationInfo, VirtualDevice, VirtualDeviceConfigSpec,
        VirtualDeviceConfigSpecFileOperation, VirtualDeviceConfigSpecOperation, VirtualDisk,
        VirtualDiskFlatVer2BackingInfo,
    },
};

use super::{bench::Bench, disk_backing};
use crate::vm::Fault;

/// Most bytes of a virtual disk: 62 TiB.
pub const MAX_DISK_BYTES: i64 = 62 << 40;

static SHARES: LazyLock<Obj<SharesInfo>> =
    LazyLock::new(|| SharesInfo { shares: 1000, level: SharesLevel::Normal }.into());

/// Disk shares at level normal.
pub fn disk_shares() -> Obj<SharesInfo> {
    SHARES.clone()
}

/// `16,777,216 KB`.
pub fn disk_summary(kilobytes: i64) -> Str {
    let digits = kilobytes.to_string();
    let mut text = String::with_capacity(digits.len() * 4 / 3 + 3);
    for (index, digit) in digits.chars().enumerate() {
        let left = digits.len() - index;
        if index > 0 && left.is_multiple_of(3) && !text.ends_with('-') {
            text.push(',');
        }
        text.push(digit);
    }
    text.push_str(" KB");
    text.into()
}

/// Completes a new disk: a new file for it, or the one that it names.
pub(crate) fn create(
    bench: &mut Bench<'_>,
    index: usize,
    spec: &VirtualDeviceConfigSpec,
    device: &mut Obj<VirtualDevice>,
) -> Result<(), Fault> {
    use VirtualDeviceConfigSpecFileOperation as Op;
    let Some(disk) = device.cast::<VirtualDisk>() else { return Ok(()) };
    let wanted = capacity(disk);
    let (backing, bytes) = match &spec.file_operation {
        None => disk_backing::existing(bench, index, device)?,
        Some(operation @ (Op::Create | Op::Replace)) => {
            if wanted <= 0 {
                return Err(Fault::device_spec(index, "capacityInKB", "a new disk needs a capacity"));
            }
            let replace = *operation == Op::Replace;
            (disk_backing::new_file(bench, index, device, wanted, replace)?, wanted)
        }
        Some(other) => {
            let add = VirtualDeviceConfigSpecOperation::Add;
            return Err(Fault::device_operation(index, add, Some(other.clone()), "a new disk is created or attached"));
        }
    };
    device.backing = Some(backing.into());
    let Some(disk) = device.cast_mut::<VirtualDisk>() else { return Ok(()) };
    disk.connectable = None;
    set_capacity(disk, bytes);
    fill(disk);
    check_allocation(index, disk)
}

/// Checks an edited disk: it may grow and change its shares; when the VM is off, its mode too.
pub(crate) fn edit(
    bench: &mut Bench<'_>,
    index: usize,
    old: &Obj<VirtualDevice>,
    new: &mut Obj<VirtualDevice>,
) -> Result<(), Fault> {
    let (Some(before), Some(after)) = (old.cast::<VirtualDisk>(), new.cast::<VirtualDisk>()) else { return Ok(()) };
    let had = capacity(before);
    let wanted = edited_capacity(before, after);
    let backing = disk_backing::edited(bench, index, old, new)?;
    if wanted < had {
        let edit = VirtualDeviceConfigSpecOperation::Edit;
        let why = format!("a disk cannot shrink: it has {had} bytes, {wanted} were asked for");
        return Err(Fault::device_operation(index, edit, None, why));
    }
    if wanted > had && backing.parent.is_some() {
        let edit = VirtualDeviceConfigSpecOperation::Edit;
        let why = "a disk that lies above another one, a snapshot's or a clone's source, cannot grow";
        return Err(Fault::device_operation(index, edit, None, why));
    }
    if wanted > had {
        disk_backing::check_space(bench, &backing, wanted - had, wanted)?;
    }
    new.backing = Some(backing.into());
    let Some(disk) = new.cast_mut::<VirtualDisk>() else { return Ok(()) };
    set_capacity(disk, wanted);
    fill(disk);
    check_allocation(index, disk)
}

/// Bytes: `capacityInBytes` where it is set, else `capacityInKB`.
fn capacity(disk: &VirtualDisk) -> i64 {
    disk.capacity_in_bytes.filter(|b| *b > 0).unwrap_or(disk.capacity_in_kb.saturating_mul(1024))
}

/// Clients edit a disk that they have read: the member that they changed counts. One left at 0 was not set.
fn edited_capacity(before: &VirtualDisk, after: &VirtualDisk) -> i64 {
    if after.capacity_in_bytes.is_some_and(|b| b > 0) && after.capacity_in_bytes != before.capacity_in_bytes {
        capacity(after)
    } else if after.capacity_in_kb != 0 {
        after.capacity_in_kb.saturating_mul(1024).max(rounded_bytes(before, after))
    } else {
        capacity(before)
    }
}

/// The exact capacity of a disk whose bytes are no whole kilobytes, if the kilobytes are unchanged.
fn rounded_bytes(before: &VirtualDisk, after: &VirtualDisk) -> i64 {
    if after.capacity_in_kb == before.capacity_in_kb { capacity(before) } else { 0 }
}

fn set_capacity(disk: &mut VirtualDisk, bytes: i64) {
    disk.capacity_in_bytes = Some(bytes);
    disk.capacity_in_kb = bytes / 1024;
}

fn fill(disk: &mut VirtualDisk) {
    let given = disk
        .common
        .storage_io_allocation
        .as_ref()
        .and_then(|a| a.shares.clone())
        .or_else(|| disk.common.shares.clone());
    let shares = given.map_or_else(disk_shares, with_level);
    if disk.common.shares.as_ref() != Some(&shares) {
        disk.common.shares = Some(shares.clone());
    }
    let old = disk.common.storage_io_allocation.as_deref();
    let allocation = StorageIOAllocationInfo {
        limit: old.and_then(|a| a.limit).or(Some(-1)),
        shares: Some(shares),
        reservation: old.and_then(|a| a.reservation).or(Some(0)),
    };
    if old != Some(&allocation) {
        disk.common.storage_io_allocation = Some(allocation.into());
    }
    disk.common.native_unmanaged_linked_clone.get_or_insert(false);
    disk.common.guest_read_only.get_or_insert(false);
}

/// The number of shares follows from the level, unless that is `custom`.
fn with_level(shares: Obj<SharesInfo>) -> Obj<SharesInfo> {
    let number = match shares.level {
        SharesLevel::Low => 500,
        SharesLevel::Normal => 1000,
        SharesLevel::High => 2000,
        _ => shares.shares,
    };
    if number == shares.shares { shares } else { SharesInfo { shares: number, level: shares.level.clone() }.into() }
}

fn check_allocation(index: usize, disk: &VirtualDisk) -> Result<(), Fault> {
    let Some(allocation) = &disk.common.storage_io_allocation else { return Ok(()) };
    let custom = allocation.shares.as_ref().is_some_and(|s| !(0..=4000).contains(&s.shares));
    if custom {
        return Err(Fault::device_spec(index, "storageIOAllocation.shares", "shares are 0 to 4000"));
    }
    if allocation.limit.is_some_and(|l| l != -1 && l < 16) {
        return Err(Fault::device_spec(index, "storageIOAllocation.limit", "a limit is -1 (none) or at least 16"));
    }
    Ok(())
}

/// The backing of a disk, if it is a flat file.
pub(crate) fn flat(device: &Obj<VirtualDevice>) -> Option<&VirtualDiskFlatVer2BackingInfo> {
    device.backing.as_ref()?.cast()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_disks_summary_groups_its_kilobytes_by_thousands() {
        assert_eq!(disk_summary(16_777_216), "16,777,216 KB");
        assert_eq!(disk_summary(1_024), "1,024 KB");
        assert_eq!(disk_summary(512), "512 KB");
    }
}
