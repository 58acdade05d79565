//! Descriptors of guest operating systems: what each supports, and what a new VM for it should have.

use vim25::{DataType, Obj, Str, types::GuestOsDescriptor};

use super::build::{flag, number};
use crate::vm::{guest_os, version};

/// Every guest, in the order of the API.
pub(super) fn descriptors(of: u32) -> Vec<Obj<GuestOsDescriptor>> {
    guest_os::all().iter().map(|id| Guest::of(id, of).descriptor().into()).collect()
}

/// What follows from the identifier of a guest.
struct Guest {
    id: &'static str,
    version: u32,
    family: &'static str,
    wide: bool,
    /// Whether it is of the last fifteen years: it has drivers for paravirtual devices and boots by EFI.
    modern: bool,
}

/// 32-bit guests can have this much memory, in MB.
const NARROW_MEMORY_MB: i64 = 64 * 1024;

/// Beginnings of the identifiers of guests that came before EFI and paravirtual drivers.
const OLD: &[&str] = &[
    "dos",
    "win3",
    "win9",
    "winMe",
    "winNT",
    "win2000",
    "winXP",
    "winNet",
    "winLonghorn",
    "winVista",
    "redhat",
    "rhel2",
    "rhel3",
    "rhel4",
    "rhel5",
    "centosGuest",
    "centos64",
    "oracleLinuxGuest",
    "oracleLinux64Guest",
    "suse",
    "slesGuest",
    "sles64",
    "sles10",
    "nld9",
    "oes",
    "sjds",
    "mandr",
    "turbo",
    "debian4",
    "debian5",
    "debian6",
    "asianux3",
    "other24x",
    "other26x",
    "solaris6",
    "solaris7",
    "solaris8",
    "solaris9",
    "os2",
    "eCom",
    "netware",
    "openServer",
    "unixWare",
    "freebsdGuest",
    "freebsd64Guest",
    "vmkernelGuest",
    "darwinGuest",
    "darwin64",
    "darwin10",
];

impl Guest {
    fn of(id: &'static str, version: u32) -> Guest {
        let unknown = id.starts_with("otherGuest") || id == "otherLinuxGuest";
        Guest {
            id,
            version,
            family: guest_os::family(id),
            wide: guest_os::is_64bit(id),
            modern: !unknown && !OLD.iter().any(|old| id.starts_with(old)),
        }
    }

    fn windows(&self) -> bool {
        self.family == "windowsGuest"
    }

    fn descriptor(&self) -> GuestOsDescriptor {
        GuestOsDescriptor::with(|d| {
            d.id = Str::new_static(self.id);
            d.family = self.family.into();
            d.full_name = guest_os::full_name(self.id);
            self.sizes(d);
            self.storage(d);
            self.network(d);
            self.behaviour(d);
            self.security(d);
        })
    }

    fn sizes(&self, d: &mut GuestOsDescriptor) {
        let cpus = version::max_cpus(self.version);
        let memory = version::max_memory_mb(self.version);
        let memory = if self.wide { memory } else { memory.min(NARROW_MEMORY_MB) };
        let recommended = match (self.modern, self.windows()) {
            (true, true) => 4096,
            (true, false) => 2048,
            (false, true) => 1024,
            (false, false) => 256,
        };
        d.supported_max_cpus = cpus;
        d.num_supported_physical_sockets = cpus.min(128);
        d.num_supported_cores_per_socket = cpus;
        d.supported_min_mem_mb = if self.modern { 64 } else { 4 };
        d.supported_max_mem_mb = memory as i32;
        d.recommended_mem_mb = recommended;
        d.recommended_color_depth = 8;
        d.num_recommended_physical_sockets = Some(1);
        d.num_recommended_cores_per_socket = Some(if self.modern { 2 } else { 1 });
        d.supports_memory_hot_add = self.modern && self.version >= 7;
        d.supports_cpu_hot_add = self.modern && self.wide && self.version >= 7;
        d.supports_cpu_hot_remove = false;
        d.v_ram_size_in_kb = number(4096, 256 << 10, if self.windows() && self.modern { 8192 } else { 4096 });
    }

    fn storage(&self, d: &mut GuestOsDescriptor) {
        let (para, sata) = (self.modern && self.version >= 7, self.version >= 10);
        let nvme = self.modern && self.version >= 13;
        let scsi = match (para, self.windows()) {
            (true, false) => "ParaVirtualSCSIController",
            (true, true) => "VirtualLsiLogicSASController",
            _ => "VirtualLsiLogicController",
        };
        let mut controllers = vec!["VirtualIDEController", "VirtualLsiLogicController", "VirtualBusLogicController"];
        controllers.extend(para.then_some("VirtualLsiLogicSASController"));
        controllers.extend(para.then_some("ParaVirtualSCSIController"));
        controllers.extend(sata.then_some("VirtualAHCIController"));
        controllers.extend(nvme.then_some("VirtualNVMEController"));
        d.supported_disk_controller_list = names(&controllers);
        d.recommended_scsi_controller = Some(scsi.into());
        d.recommended_disk_controller = scsi.into();
        d.supported_num_disks = 64;
        d.recommended_disk_size_mb = match (self.modern, self.windows()) {
            (true, true) => 49_152,
            (true, false) => 16_384,
            _ => 8_192,
        };
        d.recommended_cdrom_controller =
            if sata && self.modern { "VirtualAHCIController" } else { "VirtualIDEController" }.into();
        d.supports_slave_disk = Some(true);
        d.num_supported_floppy_devices = 2;
        d.supports_pvscsi_controller_for_boot = para;
        d.disk_uuid_enabled = self.windows() && self.modern;
        d.supports_hot_plug_pci = self.modern;
    }

    fn network(&self, d: &mut GuestOsDescriptor) {
        let mut cards = vec!["VirtualPCNet32", "VirtualE1000"];
        let (e1000e, vmxnet3) = (self.modern && self.version >= 8, self.modern && self.version >= 7);
        cards.extend(e1000e.then_some("VirtualE1000e"));
        cards.extend(vmxnet3.then_some("VirtualVmxnet3"));
        let best = if vmxnet3 { "VirtualVmxnet3" } else { "VirtualE1000" };
        d.supported_ethernet_card = names(&cards);
        d.recommended_ethernet_card = Some(best.into());
        d.supports_wake_on_lan = true;
        d.wake_on_lan_ethernet_card = Some(names(&[best]));
    }

    fn behaviour(&self, d: &mut GuestOsDescriptor) {
        let efi = self.modern && self.wide && self.version >= 8;
        let apple = self.family == "darwinGuestFamily";
        d.smc_required = apple;
        d.smc_recommended = apple;
        d.ich7m_recommended = apple;
        d.supports_vmi = false;
        d.supported_firmware = if efi { names(&["bios", "efi"]) } else { names(&["bios"]) };
        let by_efi = efi && (self.windows() || apple || self.version >= 13);
        d.recommended_firmware = if by_efi { "efi" } else { "bios" }.into();
        let mut usb = Vec::new();
        usb.extend((self.version >= 7).then_some("VirtualUSBController"));
        usb.extend((self.modern && self.version >= 8).then_some("VirtualUSBXHCIController"));
        d.recommended_usb_controller = usb.last().map(|s| Str::from(*s));
        d.supported_usb_controller_list = Some(names(&usb));
        d.supports3_d = self.modern;
        d.recommended3_d = false;
        d.usb_recommended = self.windows() && self.modern;
        d.support_level = if apple || !self.modern { "legacy" } else { "supported" }.into();
        d.supported_for_create = true;
    }

    fn security(&self, d: &mut GuestOsDescriptor) {
        let secure = self.modern && self.wide && self.version >= 13;
        let tpm = self.modern && self.wide && self.version >= 14;
        d.supports_secure_boot = Some(secure);
        d.default_secure_boot = Some(secure && self.windows());
        d.persistent_memory_supported = Some(tpm);
        let (most, recommended) = if tpm { (6 << 20, 2048) } else { (0, 0) };
        d.supported_min_persistent_memory_mb = Some(0);
        d.supported_max_persistent_memory_mb = Some(most);
        d.recommended_persistent_memory_mb = Some(recommended);
        d.persistent_memory_hot_add_supported = Some(tpm);
        d.persistent_memory_hot_remove_supported = Some(false);
        d.persistent_memory_cold_growth_supported = Some(tpm);
        d.persistent_memory_cold_growth_granularity_mb = Some(4);
        d.persistent_memory_hot_growth_supported = Some(false);
        d.persistent_memory_hot_growth_granularity_mb = Some(0);
        let vbs = self.windows() && tpm;
        d.vvtd_supported = Some(flag(tpm, false));
        d.vbs_supported = Some(flag(vbs, false));
        d.vsgx_supported = Some(flag(false, false));
        d.vsgx_remote_attestation_supported = Some(false);
        d.supports_tpm20 = Some(tpm);
        d.recommended_tpm20 = Some(matches!(self.id, "windows11_64Guest" | "windows12_64Guest"));
        d.vwdt_supported = Some(self.windows() && self.version >= 17);
    }
}

fn names(of: &[&str]) -> Vec<Str> {
    of.iter().map(|n| Str::from(*n)).collect()
}
