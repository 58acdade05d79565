//! Options of disks and of drives for removable media.

use vim25::{EnumValue, Obj, types::*};

use super::build::{Facts, backing, choice, choice_of, flag, long, number};
use crate::vm::devices::MAX_DISK_BYTES;

/// Disks, CD drives, floppy drives and SCSI devices of the host.
pub(super) fn options() -> Vec<Obj<VirtualDeviceOption>> {
    vec![disk(), cdrom(), floppy(), scsi_passthrough()]
}

fn disk() -> Obj<VirtualDeviceOption> {
    let facts = Facts::of("VirtualDisk", Some("VirtualSCSIController")).hot().backed_by(vec![flat()]);
    VirtualDiskOption {
        base: facts.base(),
        capacity_in_kb: long(0, MAX_DISK_BYTES / 1024, 8 << 20),
        io_allocation_option: StorageIOAllocationOption {
            limit_option: long(-1, i64::from(i32::MAX), -1),
            shares_option: SharesOption { shares_option: number(0, 4000, 1000), default_level: SharesLevel::Normal }
                .into(),
        }
        .into(),
        v_flash_cache_config_option: None,
    }
    .into()
}

/// The one kind of backing that is offered: a flat file on a datastore.
fn flat() -> Obj<VirtualDeviceBackingOption> {
    let kind = VirtualDeviceBackingOption { type_: "VirtualDiskFlatVer2BackingInfo".into() };
    let modes = ["persistent", "independent_persistent", "independent_nonpersistent", "nonpersistent"];
    VirtualDiskFlatVer2BackingOption {
        base: VirtualDeviceFileBackingOption { base: kind, file_name_extensions: Some(choice(&["vmdk"], 0)) },
        disk_mode: choice(&modes, 0),
        split: flag(false, false),
        write_through: flag(true, false),
        growable: true,
        hot_growable: true,
        uuid: true,
        thin_provisioned: flag(true, false),
        eagerly_scrub: flag(true, false),
        delta_disk_format: choice(&["redoLogFormat"], 0),
        delta_disk_formats_supported: vec![
            VirtualDiskDeltaDiskFormatsSupported {
                datastore_type: "VmfsDatastoreInfo".into(),
                delta_disk_format: choice_of(VirtualDiskDeltaDiskFormat::TYPE, 0),
            }
            .into(),
        ],
        virtual_disk_format: None,
    }
    .into()
}

fn cdrom() -> Obj<VirtualDeviceOption> {
    let file = VirtualDeviceFileBackingOption {
        base: VirtualDeviceBackingOption { type_: "VirtualCdromIsoBackingInfo".into() },
        file_name_extensions: Some(choice(&["iso"], 0)),
    };
    let host = VirtualDeviceDeviceBackingOption {
        base: VirtualDeviceBackingOption { type_: "VirtualCdromAtapiBackingInfo".into() },
        auto_detect_available: flag(true, false),
    };
    let client = VirtualDeviceRemoteDeviceBackingOption {
        base: VirtualDeviceBackingOption { type_: "VirtualCdromRemotePassthroughBackingInfo".into() },
        auto_detect_available: flag(true, false),
    };
    let backings = vec![
        VirtualCdromIsoBackingOption { base: file }.into(),
        VirtualCdromAtapiBackingOption { base: host }.into(),
        VirtualCdromRemotePassthroughBackingOption { base: client, exclusive: flag(false, false) }.into(),
    ];
    let facts = Facts::of("VirtualCdrom", Some("VirtualIDEController")).connects().backed_by(backings);
    facts.plain::<VirtualCdromOption>()
}

fn floppy() -> Obj<VirtualDeviceOption> {
    let file = VirtualDeviceFileBackingOption {
        base: VirtualDeviceBackingOption { type_: "VirtualFloppyImageBackingInfo".into() },
        file_name_extensions: Some(choice(&["flp"], 0)),
    };
    let client = VirtualDeviceRemoteDeviceBackingOption {
        base: VirtualDeviceBackingOption { type_: "VirtualFloppyRemoteDeviceBackingInfo".into() },
        auto_detect_available: flag(true, false),
    };
    let backings = vec![
        VirtualFloppyImageBackingOption { base: file }.into(),
        VirtualFloppyRemoteDeviceBackingOption { base: client }.into(),
    ];
    let facts = Facts::of("VirtualFloppy", Some("VirtualSIOController")).connects().backed_by(backings);
    facts.plain::<VirtualFloppyOption>()
}

fn scsi_passthrough() -> Obj<VirtualDeviceOption> {
    let backings =
        vec![backing::<VirtualSCSIPassthroughDeviceBackingOption>("VirtualSCSIPassthroughDeviceBackingInfo")];
    let facts = Facts::of("VirtualSCSIPassthrough", Some("VirtualSCSIController")).hot().backed_by(backings);
    facts.plain::<VirtualSCSIPassthroughOption>()
}
