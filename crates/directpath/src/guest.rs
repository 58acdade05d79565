//! Guest operating systems that can pass through.

/// Families with 64-bit releases of which none has a driver that passes through, by how their ids begin.
pub const UNSUPPORTED: [&str; 3] = ["darwin", "freebsd", "solaris"];

/// Kinds that say nothing about the guest. What nobody knows is no obstacle.
pub const UNKNOWN: [&str; 2] = ["otherGuest", "otherGuest64"];

/// Whether guests of this kind (a `VirtualMachineGuestOsIdentifier`) have a driver that passes through: a 64-bit Linux or
/// Windows, that is every 64-bit kind outside of [`UNSUPPORTED`]. The API's ids of 64-bit kinds end in `64Guest`.
pub fn is_supported(guest_id: &str) -> bool {
    let other_family = || UNSUPPORTED.iter().any(|family| guest_id.starts_with(family));
    UNKNOWN.contains(&guest_id) || guest_id.ends_with("64Guest") && !other_family()
}

#[cfg(test)]
mod tests {
    use vim25::{EnumValue, types::VirtualMachineGuestOsIdentifier};

    use super::*;

    #[test]
    fn sixty_four_bit_linux_and_windows_are_supported() {
        let ids = ["debian12_64Guest", "otherLinux64Guest", "other6xLinux64Guest", "coreos64Guest", "rhel9_64Guest"];
        assert_eq!(ids.map(is_supported), [true; 5]);
        let ids = ["windows9_64Guest", "windows2019srv_64Guest", "windows9Server64Guest", "winXPPro64Guest"];
        assert_eq!(ids.map(is_supported), [true; 4]);
    }

    #[test]
    fn a_guest_of_which_nothing_is_known_is_no_obstacle() {
        assert_eq!(UNKNOWN.map(is_supported), [true; 2]);
        assert!(UNKNOWN.iter().all(|id| VirtualMachineGuestOsIdentifier::TYPE.values.contains(id)));
    }

    #[test]
    fn everything_else_is_not() {
        let ids = ["netware6Guest", "dosGuest", "rhel7Guest", "windows9Guest", "darwin19_64Guest", "freebsd13_64Guest"];
        assert_eq!(ids.map(is_supported), [false; 6]);
        assert!(!is_supported("") && !is_supported("64Guest "));
        for family in UNSUPPORTED {
            let mut known = VirtualMachineGuestOsIdentifier::TYPE
                .values
                .iter()
                .filter(|id| id.starts_with(family) && id.ends_with("64Guest"));
            assert!(known.next().is_some(), "{family} needs no mention");
        }
    }
}
