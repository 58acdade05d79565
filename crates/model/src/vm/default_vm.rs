//! The VM of which the datacenter at start has many: one CPU, 32 MB, a 10 GB thin disk on a paravirtual SCSI
//! controller, a CD drive and one VMXNET3 adapter.
//!
//! A [`Model`] is built once; [`Model::make`] changes only what sets one VM apart, so that they share the rest.

use std::{
    collections::HashMap,
    sync::{Mutex, PoisonError},
};

use vim25::{
    DataType, DateTime, MoRef, Obj, Str,
    mo::VirtualMachine,
    types::{
        ParaVirtualSCSIController, StorageIOAllocationInfo, VirtualCdrom, VirtualDevice, VirtualDeviceBackingInfo,
        VirtualDeviceConnectInfo, VirtualDisk, VirtualDiskFlatVer2BackingInfo, VirtualDiskFlatVer2BackingInfoCommon,
        VirtualEthernetCard, VirtualMachineConfigInfo, VirtualMachinePowerState, VirtualMachineRuntimeInfo,
        VirtualMachineVMCIDevice, VirtualVmxnet3,
    },
};

use super::{
    config::{Names, blank, christen},
    derive,
    devices::{self, keys},
    guest::{self, Addresses},
    hardware, identity,
    object::{self, Place},
    path,
    power::{self, CidTaken, PowerOn},
    surroundings::{DatastoreFacts, HostFacts, Lookup},
    version,
};
use crate::kit::Recent;

/// Capacity of the disk.
pub const DISK_KB: i64 = 10 * 1024 * 1024;

/// What all VMs of one kind have in common, and one of them as the pattern.
pub struct Model {
    pattern: VirtualMachine,
    on: bool,
    /// Runtime by host: it is the same for all VMs that started there at one moment.
    runtimes: Mutex<HashMap<MoRef, Obj<VirtualMachineRuntimeInfo>>>,
}

/// What sets one VM apart.
pub struct Individual<'a> {
    /// Where it stands.
    pub place: Place,
    /// Its name.
    pub name: Str,
    /// The datastore for its files.
    pub datastore: &'a DatastoreFacts,
    /// The backing of its adapter, made by the functions of [`devices`].
    pub nic: Obj<VirtualDeviceBackingInfo>,
    /// Name of the adapter's network.
    pub network_name: Str,
    /// The host that runs it.
    pub host: &'a HostFacts,
    /// IPv4 address of its guest, if it runs.
    pub ip: Option<Str>,
    /// Seed of its UUIDs and MAC address.
    pub seed: u64,
    /// When it was made and, if it runs, started.
    pub now: DateTime,
    /// Whether another running VM of the host has a VMCI context id.
    pub cid_taken: &'a CidTaken<'a>,
}

impl Model {
    /// A pattern after the first VM: running or not.
    pub fn new(first: &Individual<'_>, on: bool, lookup: &dyn Lookup) -> Model {
        let vm = &first.place.this;
        let mut config = blank(&names(first, vm));
        config.version = version::key(first.host.newest_hardware);
        config.hardware.device = Some(default_devices(first));
        if on {
            let tools = config.tools.get_or_insert_default();
            tools.tools_version = Some(guest::TOOLS_VERSION);
            tools.tools_install_type = Some(Str::new_static("guestToolsTypeOpenVMTools"));
        }
        let mut pattern = object::new(&first.place, config.into(), lookup);
        if on {
            start(&mut pattern, first);
        }
        // Keys of files follow the order in which files come: here that of a machine that was made running.
        pattern.layout_ex = None;
        derive::refresh(&mut pattern, vm, lookup);
        Model { pattern, on, runtimes: Mutex::default() }
    }

    /// One more VM.
    pub fn make(&self, one: &Individual<'_>, lookup: &dyn Lookup) -> VirtualMachine {
        let mut vm = self.pattern.clone();
        vm.parent = one.place.folder.clone();
        vm.resource_pool = one.place.pool.clone();
        vm.parent_v_app = one.place.v_app.clone();
        vm.environment_browser = one.place.environment_browser.clone();
        vm.runtime.host = Some(one.host.host.clone());
        vm.layout_ex = None;
        if let Some(config) = &mut vm.config {
            personalize(config, one);
            self.share_moment(config);
        }
        if self.on {
            start(&mut vm, one);
        }
        self.share_runtime(&mut vm);
        derive::refresh(&mut vm, &one.place.this, lookup);
        self.share_disk_layout(&mut vm);
        vm
    }

    /// Machines that were made at one moment share the text that says when.
    fn share_moment(&self, config: &mut VirtualMachineConfigInfo) {
        let Some(pattern) = &self.pattern.config else { return };
        if config.change_version == pattern.change_version {
            config.change_version = pattern.change_version.clone();
        }
    }

    fn share_runtime(&self, vm: &mut VirtualMachine) {
        let Some(host) = vm.runtime.host.clone() else { return };
        let mut known = self.runtimes.lock().unwrap_or_else(PoisonError::into_inner);
        let last = known.entry(host).or_insert_with(|| vm.runtime.clone());
        if *last == vm.runtime {
            vm.runtime = last.clone();
        } else {
            *last = vm.runtime.clone();
        }
    }

    fn share_disk_layout(&self, vm: &mut VirtualMachine) {
        let (Some(layout), Some(pattern)) = (&mut vm.layout_ex, &self.pattern.layout_ex) else { return };
        if layout.disk == pattern.disk {
            layout.disk = pattern.disk.clone();
        }
    }
}

fn names<'a>(one: &'a Individual<'_>, vm: &'a MoRef) -> Names<'a> {
    Names {
        vm,
        name: one.name.clone(),
        datastore: &one.datastore.name,
        folder: &one.name,
        seed: one.seed,
        now: one.now,
    }
}

/// Brings a copy of the pattern's config to what [`blank`] and [`default_devices`] would have made.
fn personalize(config: &mut Obj<VirtualMachineConfigInfo>, one: &Individual<'_>) {
    christen(config, &names(one, &one.place.this));
    for device in config.hardware.device.iter_mut().flatten() {
        match device.key {
            keys::FIRST_NIC => personalize_nic(device, one),
            keys::FIRST_SCSI_DISK => device.backing = Some(disk_backing(one)),
            hardware::VMCI => unassign_cid(device),
            _ => {}
        }
    }
}

fn personalize_nic(device: &mut Obj<VirtualDevice>, one: &Individual<'_>) {
    device.backing = Some(one.nic.clone());
    let summary = devices::nic_summary(&one.nic);
    if device.device_info.as_ref().is_none_or(|d| d.summary != summary) {
        device.device_info = hardware::description("Network adapter 1", summary);
    }
    if let Some(card) = device.cast_mut::<VirtualEthernetCard>() {
        card.mac_address = Some(identity::assigned_mac(one.seed, &one.place.this.id, keys::FIRST_NIC, 0));
    }
}

fn unassign_cid(device: &mut Obj<VirtualDevice>) {
    if let Some(vmci) = device.cast_mut::<VirtualMachineVMCIDevice>() {
        vmci.id = Some(hardware::VMCI_ID_UNASSIGNED);
    }
}

/// Powers a VM on, its guest up.
fn start(vm: &mut VirtualMachine, one: &Individual<'_>) {
    vm.runtime.power_state = VirtualMachinePowerState::PoweredOff;
    let started = power::on(vm, &PowerOn { now: one.now, host: one.host, cid_taken: one.cid_taken });
    debug_assert!(started.is_ok(), "a VM that is off and no template starts: {started:?}");
    let Some(config) = &vm.config else { return };
    let addresses = Addresses {
        host_name: host_name(&one.name),
        ip: &|nth| if nth == 0 { one.ip.clone() } else { None },
        network: &|_| Some(one.network_name.clone()),
    };
    vm.guest = Some(guest::running(config, &addresses));
}

/// A name that a guest can have as its host name: letters, digits and dashes.
pub fn host_name(name: &str) -> Str {
    let plain = |c: char| if c.is_ascii_alphanumeric() { c.to_ascii_lowercase() } else { '-' };
    name.chars().map(plain).collect::<String>().trim_matches('-').into()
}

/// The devices: those of every VM, then controller, CD drive, disk and adapter.
fn default_devices(one: &Individual<'_>) -> Vec<Obj<VirtualDevice>> {
    let mut all = hardware::default_devices(one.host.newest_hardware);
    for device in [scsi_controller(), cd_drive(), disk(one), nic(one)] {
        devices::insert(&mut all, device);
    }
    all
}

fn scsi_controller() -> Obj<VirtualDevice> {
    ParaVirtualSCSIController::with(|c| {
        c.key = keys::FIRST_SCSI;
        c.device_info = hardware::description("SCSI controller 0", Str::new_static("VMware paravirtual SCSI"));
        c.controller_key = Some(hardware::PCI);
        c.unit_number = Some(3);
        c.hot_add_remove = Some(true);
        c.scsi_ctlr_unit_number = Some(7);
    })
    .into()
}

fn cd_drive() -> Obj<VirtualDevice> {
    VirtualCdrom::with(|d| {
        d.key = keys::FIRST_IDE_DEVICE;
        d.device_info = hardware::description("CD/DVD drive 1", "Remote device");
        d.backing = Some(devices::client_cd_backing());
        d.connectable = Some(
            VirtualDeviceConnectInfo {
                migrate_connect: Some("unset".into()),
                start_connected: false,
                allow_guest_control: true,
                connected: false,
                status: Some("untried".into()),
            }
            .into(),
        );
        d.controller_key = Some(hardware::IDE);
        d.unit_number = Some(0);
    })
    .into()
}

fn disk(one: &Individual<'_>) -> Obj<VirtualDevice> {
    VirtualDisk::with(|d| {
        d.key = keys::FIRST_SCSI_DISK;
        d.device_info = hardware::description("Hard disk 1", devices::disk_summary(DISK_KB));
        d.backing = Some(disk_backing(one));
        d.controller_key = Some(keys::FIRST_SCSI);
        d.unit_number = Some(0);
        d.capacity_in_kb = DISK_KB;
        d.capacity_in_bytes = Some(DISK_KB * 1024);
        d.common.shares = Some(devices::disk_shares());
        d.common.storage_io_allocation = Some(
            StorageIOAllocationInfo { limit: Some(-1), shares: Some(devices::disk_shares()), reservation: Some(0) }
                .into(),
        );
        d.common.native_unmanaged_linked_clone = Some(false);
        d.common.guest_read_only = Some(false);
    })
    .into()
}

thread_local! {
    static BACKINGS: Recent<VirtualDiskFlatVer2BackingInfoCommon> = const { Recent::new() };
}

fn disk_backing(one: &Individual<'_>) -> Obj<VirtualDeviceBackingInfo> {
    VirtualDiskFlatVer2BackingInfo::with(|b| {
        b.file_name = path::join(&one.datastore.name, &one.name, &format!("{}.vmdk", one.name));
        b.datastore = Some(one.datastore.datastore.clone());
        b.backing_object_id = Some(Str::default());
        b.disk_mode = "persistent".into();
        b.split = Some(false);
        b.write_through = Some(false);
        b.thin_provisioned = Some(true);
        b.eagerly_scrub = Some(false);
        b.uuid = Some(identity::disk_uuid(one.seed, &one.place.this.id, &b.file_name));
        b.content_id = Some(devices::content_id(one.seed, &one.place.this.id, &b.file_name));
        b.common.digest_enabled = Some(false);
        b.common.sharing = Some("sharingNone".into());
        BACKINGS.with(|recent| recent.share(&mut b.common));
    })
    .into()
}

fn nic(one: &Individual<'_>) -> Obj<VirtualDevice> {
    VirtualVmxnet3::with(|n| {
        n.key = keys::FIRST_NIC;
        n.device_info = hardware::description("Network adapter 1", devices::nic_summary(&one.nic));
        n.backing = Some(one.nic.clone());
        n.connectable = Some(
            VirtualDeviceConnectInfo {
                migrate_connect: Some("unset".into()),
                start_connected: true,
                allow_guest_control: true,
                connected: false,
                status: Some("untried".into()),
            }
            .into(),
        );
        n.controller_key = Some(hardware::PCI);
        n.unit_number = Some(7);
        n.address_type = Some("assigned".into());
        n.mac_address = Some(identity::assigned_mac(one.seed, &one.place.this.id, keys::FIRST_NIC, 0));
        n.wake_on_lan_enabled = Some(true);
        n.common.resource_allocation = Some(devices::nic_allocation());
        n.upt_compatibility_enabled = Some(true);
        n.uptv2_enabled = Some(false);
    })
    .into()
}
