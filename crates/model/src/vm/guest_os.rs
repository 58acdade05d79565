//! What is known of guest operating systems, by the API's `VirtualMachineGuestOsIdentifier`.

use vim25::{EnumValue, Str, types::VirtualMachineGuestOsIdentifier};

/// The guest that a VM has when the spec names none.
pub const DEFAULT: &str = "otherGuest";

/// Whether `id` is an identifier of the API.
pub fn is_known(id: &str) -> bool {
    VirtualMachineGuestOsIdentifier::TYPE.values.contains(&id)
}

/// Every identifier, in the order of the API.
pub fn all() -> &'static [&'static str] {
    VirtualMachineGuestOsIdentifier::TYPE.values
}

/// The family of a guest: a value of `VirtualMachineGuestOsFamily`.
pub fn family(id: &str) -> &'static str {
    let starts = |prefixes: &[&str]| prefixes.iter().any(|p| id.starts_with(p));
    if starts(&["win", "dos"]) {
        "windowsGuest"
    } else if starts(&["netware"]) {
        "netwareGuest"
    } else if starts(&["solaris"]) {
        "solarisGuest"
    } else if starts(&["darwin"]) {
        "darwinGuestFamily"
    } else if starts(OTHER) || id == "otherGuest" || id == "otherGuest64" {
        "otherGuestFamily"
    } else {
        "linuxGuest"
    }
}

const OTHER: &[&str] = &["freebsd", "os2", "eCom", "openServer", "unixWare", "vmkernel", "crx"];

/// Whether a guest is a 64-bit one.
pub fn is_64bit(id: &str) -> bool {
    const PLAIN: [&str; 13] = [
        "vmkernelGuest",
        "vmkernel5Guest",
        "vmkernel6Guest",
        "vmkernel65Guest",
        "vmkernel7Guest",
        "vmkernel8Guest",
        "vmkernel9Guest",
        "crxPod1Guest",
        "crxSys1Guest",
        "windowsHyperVGuest",
        "rhel3_64Guest",
        "otherGuest64",
        "coreos64Guest",
    ];
    id.contains("64") || PLAIN.contains(&id)
}

/// The name of a guest for people, for example `Other Linux (64-bit)`.
pub fn full_name(id: &str) -> Str {
    if let Some((_, name)) = NAMES.iter().find(|(known, _)| *known == id) {
        return Str::new_static(name);
    }
    derived_name(id).into()
}

/// A name from the identifier's own parts: `debian12_64Guest` is `Debian GNU/Linux 12 (64-bit)`.
fn derived_name(id: &str) -> String {
    let stem = id.strip_suffix("Guest").unwrap_or(id);
    let stem = stem.strip_suffix("_64").or_else(|| stem.strip_suffix("64")).unwrap_or(stem);
    let split = stem.find(|c: char| c.is_ascii_digit()).unwrap_or(stem.len());
    let (product, release) = stem.split_at(split);
    let name = PRODUCTS.iter().find(|(known, _)| *known == product).map_or(product, |(_, name)| name);
    let bits = if is_64bit(id) { "64-bit" } else { "32-bit" };
    match release {
        "" => format!("{name} ({bits})"),
        release => format!("{name} {release} ({bits})"),
    }
}

/// Products of which there are many releases.
const PRODUCTS: &[(&str, &str)] = &[
    ("almalinux", "AlmaLinux"),
    ("amazonlinux", "Amazon Linux"),
    ("asianux", "Asianux"),
    ("centos", "CentOS"),
    ("darwin", "Apple macOS"),
    ("debian", "Debian GNU/Linux"),
    ("fedora", "Red Hat Fedora"),
    ("flatcar", "Flatcar"),
    ("freebsd", "FreeBSD"),
    ("fusionos", "FusionOS"),
    ("kylinlinux", "Kylin Linux"),
    ("mandriva", "Mandriva Linux"),
    ("miraclelinux", "MIRACLE LINUX"),
    ("opensuse", "SUSE openSUSE"),
    ("oracleLinux", "Oracle Linux"),
    ("pardus", "Pardus Linux"),
    ("prolinux", "ProLinux"),
    ("rhel", "Red Hat Enterprise Linux"),
    ("rockylinux", "Rocky Linux"),
    ("sles", "SUSE Linux Enterprise"),
    ("solaris", "Oracle Solaris"),
    ("suse", "SUSE Linux"),
    ("turboLinux", "Turbolinux"),
    ("ubuntu", "Ubuntu Linux"),
    ("vmkernel", "VMware ESXi"),
];

/// Names that do not follow from the identifier.
const NAMES: &[(&str, &str)] = &[
    ("otherGuest", "Other (32-bit)"),
    ("otherGuest64", "Other (64-bit)"),
    ("otherLinuxGuest", "Other Linux (32-bit)"),
    ("otherLinux64Guest", "Other Linux (64-bit)"),
    ("genericLinuxGuest", "Other Linux"),
    ("other24xLinuxGuest", "Other 2.4.x Linux (32-bit)"),
    ("other24xLinux64Guest", "Other 2.4.x Linux (64-bit)"),
    ("other26xLinuxGuest", "Other 2.6.x Linux (32-bit)"),
    ("other26xLinux64Guest", "Other 2.6.x Linux (64-bit)"),
    ("other3xLinuxGuest", "Other 3.x Linux (32-bit)"),
    ("other3xLinux64Guest", "Other 3.x Linux (64-bit)"),
    ("other4xLinuxGuest", "Other 4.x Linux (32-bit)"),
    ("other4xLinux64Guest", "Other 4.x Linux (64-bit)"),
    ("other5xLinuxGuest", "Other 5.x Linux (32-bit)"),
    ("other5xLinux64Guest", "Other 5.x Linux (64-bit)"),
    ("other6xLinuxGuest", "Other 6.x Linux (32-bit)"),
    ("other6xLinux64Guest", "Other 6.x Linux (64-bit)"),
    ("other7xLinuxGuest", "Other 7.x Linux (32-bit)"),
    ("other7xLinux64Guest", "Other 7.x Linux (64-bit)"),
    ("coreos64Guest", "CoreOS Linux (64-bit)"),
    ("vmwarePhoton64Guest", "VMware Photon OS (64-bit)"),
    ("centosGuest", "CentOS 4/5 (32-bit)"),
    ("centos64Guest", "CentOS 4/5 (64-bit)"),
    ("oracleLinuxGuest", "Oracle Linux 4/5 (32-bit)"),
    ("oracleLinux64Guest", "Oracle Linux 4/5 (64-bit)"),
    ("rhel2Guest", "Red Hat Enterprise Linux 2.1"),
    ("redhatGuest", "Red Hat Linux 2.1"),
    ("slesGuest", "SUSE Linux Enterprise 8/9 (32-bit)"),
    ("sles64Guest", "SUSE Linux Enterprise 8/9 (64-bit)"),
    ("oesGuest", "Novell Open Enterprise Server"),
    ("nld9Guest", "Novell Linux Desktop 9"),
    ("sjdsGuest", "Sun Java Desktop System"),
    ("mandrakeGuest", "Mandrake Linux"),
    ("freebsdGuest", "FreeBSD Pre-11 versions (32-bit)"),
    ("freebsd64Guest", "FreeBSD Pre-11 versions (64-bit)"),
    ("vmkernelGuest", "VMware ESX 4.x"),
    ("vmkernel5Guest", "VMware ESXi 5.x"),
    ("vmkernel6Guest", "VMware ESXi 6.0"),
    ("vmkernel65Guest", "VMware ESXi 6.5 or later"),
    ("vmkernel7Guest", "VMware ESXi 7.x"),
    ("vmkernel8Guest", "VMware ESXi 8.x"),
    ("vmkernel9Guest", "VMware ESXi 9.x"),
    ("crxPod1Guest", "VMware CRX Pod 1"),
    ("crxSys1Guest", "VMware CRX System VM 1"),
    ("dosGuest", "Microsoft MS-DOS"),
    ("win31Guest", "Microsoft Windows 3.1"),
    ("win95Guest", "Microsoft Windows 95"),
    ("win98Guest", "Microsoft Windows 98"),
    ("winMeGuest", "Microsoft Windows ME"),
    ("winNTGuest", "Microsoft Windows NT"),
    ("win2000ProGuest", "Microsoft Windows 2000 Professional"),
    ("win2000ServGuest", "Microsoft Windows 2000 Server"),
    ("win2000AdvServGuest", "Microsoft Windows 2000"),
    ("winXPHomeGuest", "Microsoft Windows XP Home Edition"),
    ("winXPProGuest", "Microsoft Windows XP Professional (32-bit)"),
    ("winXPPro64Guest", "Microsoft Windows XP Professional (64-bit)"),
    ("winNetWebGuest", "Microsoft Windows Server 2003 Web Edition (32-bit)"),
    ("winNetStandardGuest", "Microsoft Windows Server 2003 Standard (32-bit)"),
    ("winNetStandard64Guest", "Microsoft Windows Server 2003 Standard (64-bit)"),
    ("winNetEnterpriseGuest", "Microsoft Windows Server 2003 (32-bit)"),
    ("winNetEnterprise64Guest", "Microsoft Windows Server 2003 (64-bit)"),
    ("winNetDatacenterGuest", "Microsoft Windows Server 2003 Datacenter (32-bit)"),
    ("winNetDatacenter64Guest", "Microsoft Windows Server 2003 Datacenter (64-bit)"),
    ("winNetBusinessGuest", "Microsoft Windows Small Business Server 2003"),
    ("winLonghornGuest", "Microsoft Windows Server 2008 (32-bit)"),
    ("winLonghorn64Guest", "Microsoft Windows Server 2008 (64-bit)"),
    ("winVistaGuest", "Microsoft Windows Vista (32-bit)"),
    ("winVista64Guest", "Microsoft Windows Vista (64-bit)"),
    ("windows7Guest", "Microsoft Windows 7 (32-bit)"),
    ("windows7_64Guest", "Microsoft Windows 7 (64-bit)"),
    ("windows7Server64Guest", "Microsoft Windows Server 2008 R2 (64-bit)"),
    ("windows8Guest", "Microsoft Windows 8.x (32-bit)"),
    ("windows8_64Guest", "Microsoft Windows 8.x (64-bit)"),
    ("windows8Server64Guest", "Microsoft Windows Server 2012 (64-bit)"),
    ("windows9Guest", "Microsoft Windows 10 (32-bit)"),
    ("windows9_64Guest", "Microsoft Windows 10 (64-bit)"),
    ("windows9Server64Guest", "Microsoft Windows Server 2016 (64-bit)"),
    ("windows11_64Guest", "Microsoft Windows 11 (64-bit)"),
    ("windows12_64Guest", "Microsoft Windows 12 (64-bit)"),
    ("windowsHyperVGuest", "Microsoft Windows Hyper-V"),
    ("windows2019srv_64Guest", "Microsoft Windows Server 2019 (64-bit)"),
    ("windows2019srvNext_64Guest", "Microsoft Windows Server 2022 (64-bit)"),
    ("windows2022srvNext_64Guest", "Microsoft Windows Server 2025 (64-bit)"),
    ("os2Guest", "IBM OS/2"),
    ("eComStationGuest", "Serenity Systems eComStation 1"),
    ("eComStation2Guest", "Serenity Systems eComStation 2"),
    ("netware4Guest", "Novell NetWare 4"),
    ("netware5Guest", "Novell NetWare 5.1"),
    ("netware6Guest", "Novell NetWare 6.x"),
    ("openServer5Guest", "SCO OpenServer 5"),
    ("openServer6Guest", "SCO OpenServer 6"),
    ("unixWare7Guest", "SCO UnixWare 7"),
    ("solaris6Guest", "Sun Microsystems Solaris 6"),
    ("solaris7Guest", "Sun Microsystems Solaris 7"),
    ("solaris8Guest", "Sun Microsystems Solaris 8"),
    ("solaris9Guest", "Sun Microsystems Solaris 9"),
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_identifiers_of_the_api_are_known() {
        assert!(is_known("otherLinux64Guest") && is_known(DEFAULT));
        assert!(!is_known("nonsenseGuest") && !is_known(""));
    }

    #[test]
    fn every_guest_has_a_name_that_is_not_its_identifier() {
        for id in all() {
            let name = full_name(id);
            assert!(!name.contains("Guest") && name.starts_with(|c: char| c.is_uppercase()), "{id} {name}");
        }
        assert!(NAMES.iter().all(|(id, _)| is_known(id)));
    }

    #[test]
    fn names_follow_from_product_and_release() {
        assert_eq!(full_name("debian12_64Guest"), "Debian GNU/Linux 12 (64-bit)");
        assert_eq!(full_name("rhel9_64Guest"), "Red Hat Enterprise Linux 9 (64-bit)");
        assert_eq!(full_name("ubuntuGuest"), "Ubuntu Linux (32-bit)");
        assert_eq!(full_name("ubuntu64Guest"), "Ubuntu Linux (64-bit)");
        assert_eq!(full_name("otherGuest"), "Other (32-bit)");
    }

    #[test]
    fn families_are_those_of_the_api() {
        let of = |id| family(id);
        assert_eq!(of("windows2019srv_64Guest"), "windowsGuest");
        assert_eq!(of("ubuntu64Guest"), "linuxGuest");
        assert_eq!(of("otherLinux64Guest"), "linuxGuest");
        assert_eq!(of("freebsd14_64Guest"), "otherGuestFamily");
        assert_eq!(of("otherGuest"), "otherGuestFamily");
        assert_eq!(of("darwin23_64Guest"), "darwinGuestFamily");
    }
}
