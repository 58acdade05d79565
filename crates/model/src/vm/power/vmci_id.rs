//! The VMCI context id that a VM gets when it starts.

use vim25::{
    Obj,
    types::{VirtualDevice, VirtualMachineVMCIDevice},
};

/// Says whether another running VM of the host has a context id.
pub type CidTaken<'a> = dyn Fn(i32) -> bool + 'a;

/// Ids up to this one are reserved: hypervisor 0, host 2, ….
const LAST_RESERVED: u32 = 15;
/// Stands for "any context" or "none".
const ANY: u32 = u32::MAX;

/// The id that a VM would like to have: the last four bytes of its BIOS UUID.
pub fn first_choice(bios_uuid: &str) -> Option<i32> {
    let digits: String = bios_uuid.chars().filter(char::is_ascii_hexdigit).collect();
    let last = digits.get(digits.len().checked_sub(8)?..)?;
    u32::from_str_radix(last, 16).ok().map(|id| id as i32)
}

/// The id that a VM gets: what it wants if that is free and not reserved, else the next free one, as the host's driver
/// walks: one above, never among the reserved ones, past the top to 16.
pub fn pick(wanted: i32, taken: &CidTaken<'_>) -> i32 {
    let mut id = wanted as u32;
    while id <= LAST_RESERVED || id == ANY || taken(id as i32) {
        id = if id == ANY { LAST_RESERVED + 1 } else { id.max(LAST_RESERVED) + 1 };
    }
    id as i32
}

/// Gives the VMCI device its id. One that it has already is kept if it is free.
pub(super) fn assign(devices: &mut [Obj<VirtualDevice>], bios_uuid: &str, taken: &CidTaken<'_>) {
    for device in devices {
        let Some(vmci) = device.cast::<VirtualMachineVMCIDevice>() else { continue };
        let had = vmci.id.filter(|id| *id != -1).map(|id| id as i32);
        let wanted = had.or_else(|| first_choice(bios_uuid)).unwrap_or(ANY as i32);
        let id = Some(i64::from(pick(wanted, taken)));
        if vmci.id != id
            && let Some(vmci) = device.cast_mut::<VirtualMachineVMCIDevice>()
        {
            vmci.id = id;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_id_is_the_last_four_bytes_of_the_uuid_read_as_a_signed_number() {
        assert_eq!(first_choice("564d379a-1111-2222-3333-2ed352d83be0"), Some(1_389_902_816));
        assert_eq!(first_choice("4226e3fb-1111-2222-3333-a1d96521eee5"), Some(1_696_722_661));
        assert_eq!(first_choice("564d0000-1111-2222-3333-0000b4c49422"), Some(-1_262_185_438));
        assert_eq!(first_choice(""), None);
    }

    #[test]
    fn a_taken_id_is_stepped_over() {
        assert_eq!(pick(100, &|_| false), 100);
        assert_eq!(pick(100, &|id| id == 100 || id == 101), 102);
    }

    #[test]
    fn reserved_ids_are_never_given() {
        assert_eq!(pick(2, &|_| false), 16);
        assert_eq!(pick(-1, &|_| false), 16);
        assert_eq!(pick(-2, &|id| id == -2), 16);
        assert_eq!(pick(-2, &|id| id == -2 || id == 16), 17);
    }
}
