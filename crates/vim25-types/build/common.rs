//! Which fields of a type stand in a group that its objects share: what makes an object small, where there are many.
//!
//! Only types that a virtual machine consists of. What differs between the machines of a large datacenter stays in the
//! object: a group is worth its room while many objects have the same one.

use std::ops::Range;

use crate::schema::Data;

/// A choice of fields, by wire name.
enum Fields {
    Only(&'static [&'static str]),
    AllBut(&'static [&'static str]),
}

use Fields::{AllBut, Only};

const COMMON: &[(&str, Fields)] = &[
    ("ExtensibleManagedObject", AllBut(&[])),
    (
        "ManagedEntity",
        Only(&[
            "customValue",
            "configIssue",
            "effectiveRole",
            "permission",
            "disabledMethod",
            "declaredAlarmState",
            "triggeredAlarmState",
            "tag",
        ]),
    ),
    (
        "VirtualMachineConfigInfo",
        AllBut(&[
            "changeVersion",
            "modified",
            "name",
            "uuid",
            "createDate",
            "instanceUuid",
            "files",
            "hardware",
            "extraConfig",
        ]),
    ),
    ("VirtualDevice", AllBut(&["key", "backing"])),
    (
        "VirtualDisk",
        Only(&[
            "shares",
            "storageIOAllocation",
            "diskObjectId",
            "vFlashCacheConfigInfo",
            "iofilter",
            "vDiskId",
            "vDiskVersion",
            "virtualDiskFormat",
            "nativeUnmanagedLinkedClone",
            "independentFilters",
            "guestReadOnly",
            "diskChainBrokenIssue",
        ]),
    ),
    (
        "VirtualDiskFlatVer2BackingInfo",
        Only(&[
            "changeId",
            "deltaDiskFormat",
            "digestEnabled",
            "deltaGrainSize",
            "deltaDiskFormatVariant",
            "sharing",
            "keyId",
        ]),
    ),
    ("VirtualEthernetCard", Only(&["resourceAllocation", "externalId", "subnetId"])),
    ("VirtualMachineFileLayoutExFileInfo", AllBut(&["key", "name", "size", "uniqueSize"])),
    ("VirtualMachineConfigSummary", AllBut(&["name", "vmPathName", "uuid", "instanceUuid"])),
    ("VirtualMachineGuestSummary", AllBut(&["hostName", "ipAddress"])),
    ("GuestInfo", AllBut(&["hostName", "ipAddress", "net", "ipStack"])),
    ("GuestNicInfo", AllBut(&["ipAddress", "macAddress", "ipConfig"])),
    ("NetIpConfigInfoIpAddress", AllBut(&["ipAddress"])),
];

/// The fields that stand in the group, as runs of numbers.
pub fn runs(common: &[bool]) -> Vec<Range<usize>> {
    let mut runs: Vec<Range<usize>> = Vec::new();
    for (number, _) in common.iter().enumerate().filter(|(_, stands)| **stands) {
        match runs.last_mut() {
            Some(run) if run.end == number => run.end += 1,
            _ => runs.push(number..number + 1),
        }
    }
    runs
}

/// For each field of a type, whether it stands in the group; none if the type has no group.
pub fn of(data: &Data) -> Option<Vec<bool>> {
    let (_, fields) = COMMON.iter().find(|(name, _)| *name == data.name)?;
    let (Only(named) | AllBut(named)) = fields;
    for name in *named {
        assert!(data.members.iter().any(|m| m.name == *name), "{} has no {name}", data.name);
    }
    let is_common = |name: &str| named.contains(&name) == matches!(fields, Only(_));
    Some(data.members.iter().map(|m| is_common(&m.name)).collect())
}
