//! Storage of a host: a local boot disk, and a Fibre Channel adapter that sees one disk for each datastore.
//!
//! Topology and paths refer to adapters and disks by key.

use vim25::{DataType, MoRef, Obj, Str, types::*};

use super::hardware::{DISK_CONTROLLER, FIBRE_CHANNEL};
use crate::kit::{some, text, texts};

const SECTOR: i64 = 512;
const BOOT_DISK: &str = "t10.ATA_____DELLBOSS_VD";
const BOOT_DISK_SIZE: i64 = 240 << 30;

/// A VMFS volume, as hosts mount it.
#[derive(Debug, Clone)]
pub(crate) struct Volume {
    /// The datastore that it is in the inventory.
    pub datastore: MoRef,
    /// The volume, the same on every host.
    pub vmfs: Obj<HostVmfsVolume>,
    /// The disk that it lies on.
    pub disk: Obj<ScsiLun>,
}

impl Volume {
    /// A new volume of `capacity` bytes with this VMFS version, name and UUID, on a disk with this `naa.` identifier.
    pub(crate) fn new(
        datastore: MoRef,
        vmfs: (i32, &'static str),
        name: Str,
        uuid: Str,
        naa: Str,
        capacity: i64,
    ) -> Volume {
        let (major, version) = vmfs;
        let vmfs = HostVmfsVolume::with(|v| {
            v.base = HostFileSystemVolume { type_: text("VMFS"), name, capacity };
            v.block_size_mb = 1;
            v.block_size = Some(1024);
            v.unmap_granularity = Some(1024);
            v.unmap_priority = some("low");
            v.max_blocks = 63_963_136;
            v.major_version = major;
            v.version = text(version);
            v.uuid = uuid;
            v.extent = vec![HostScsiDiskPartition { disk_name: naa.clone(), partition: 1 }.into()];
            v.ssd = Some(true);
            v.local = Some(false);
        });
        let disk = disk(naa, capacity, false);
        Volume { datastore, vmfs: vmfs.into(), disk: disk.into() }
    }

    /// Where hosts mount it.
    pub(crate) fn mount_path(&self) -> Str {
        format!("/vmfs/volumes/{}", self.vmfs.uuid).into()
    }
}

/// How a host mounts a volume.
pub(crate) fn mount_info(volume: &Volume) -> Obj<HostMountInfo> {
    HostMountInfo::with(|m| {
        m.path = Some(volume.mount_path());
        m.access_mode = text("readWrite");
        m.mounted = Some(true);
        m.accessible = Some(true);
    })
    .into()
}

/// The volumes that hosts mount.
pub(crate) fn file_systems(volumes: &[Volume]) -> HostFileSystemVolumeInfo {
    let mount = |volume: &Volume| {
        Obj::from(HostFileSystemMountInfo {
            mount_info: mount_info(volume),
            volume: volume.vmfs.clone().up(),
            v_storage_support: some("vStorageSupported"),
        })
    };
    HostFileSystemVolumeInfo {
        volume_type_list: Some(texts(["VMFS", "NFS", "NFS41", "vsan", "VVOL", "VFFS", "OTHER", "PMEM"])),
        mount_info: Some(volumes.iter().map(mount).collect()),
    }
}

/// Adapters and disks of a host whose Fibre Channel port has the world-wide name `port`.
pub(crate) fn devices(volumes: &[Volume], boot_disk: &Obj<ScsiLun>, port: i64) -> HostStorageDeviceInfo {
    HostStorageDeviceInfo::with(|s| {
        s.host_bus_adapter = Some(vec![sata().into(), fibre_channel(port).into()]);
        let shared: Vec<_> = volumes.iter().map(|v| v.disk.clone()).collect();
        let topology = vec![interface(0, std::slice::from_ref(boot_disk)), interface(1, &shared)];
        s.scsi_topology = Some(HostScsiTopology { adapter: Some(topology) }.into());
        let local = (0, 0, boot_disk);
        let paths = std::iter::once(local).chain((0..).zip(&shared).map(|(lun, disk)| (1, lun, disk)));
        let units = paths.map(|(adapter, lun, disk)| unit(adapter, lun, disk)).collect();
        s.multipath_info = Some(HostMultipathInfo { lun: Some(units) }.into());
        s.scsi_lun = Some(std::iter::once(boot_disk).chain(&shared).cloned().collect());
        s.software_internet_scsi_enabled = false;
    })
}

/// The disk from which every host boots.
pub(crate) fn boot_disk() -> Obj<ScsiLun> {
    disk(text(BOOT_DISK), BOOT_DISK_SIZE, true).into()
}

/// Keys of `vmhba0` and `vmhba1`.
const ADAPTER_KEYS: [&str; 2] = ["key-vim.host.BlockHba-vmhba0", "key-vim.host.FibreChannelHba-vmhba1"];

/// Plug-ins that look after their paths.
const SATP: [&str; 2] = ["VMW_SATP_LOCAL", "VMW_SATP_ALUA"];

/// What an adapter sees: one target with these disks.
fn interface(adapter: usize, disks: &[Obj<ScsiLun>]) -> Obj<HostScsiTopologyInterface> {
    let lun = |(lun, disk): (i32, &Obj<ScsiLun>)| {
        let key = format!("key-vim.host.ScsiTopology.Lun-{}", disk.uuid).into();
        Obj::from(HostScsiTopologyLun { key, lun, scsi_lun: disk.key.clone().unwrap_or_default() })
    };
    let target = HostScsiTopologyTarget {
        key: format!("key-vim.host.ScsiTopology.Target-vmhba{adapter}:0:0").into(),
        target: 0,
        lun: Some((0..).zip(disks).map(lun).collect()),
        transport: None,
    };
    HostScsiTopologyInterface {
        key: format!("key-vim.host.ScsiTopology.Interface-vmhba{adapter}").into(),
        adapter: text(ADAPTER_KEYS[adapter]),
        target: Some(vec![target.into()]),
    }
    .into()
}

/// A disk with its one path.
fn unit(adapter: usize, lun: i32, disk: &Obj<ScsiLun>) -> Obj<HostMultipathInfoLogicalUnit> {
    let key: Str = format!("key-vim.host.MultipathInfo.LogicalUnit-{}", disk.uuid).into();
    let name: Str = format!("vmhba{adapter}:C0:T0:L{lun}").into();
    let path = HostMultipathInfoPath {
        key: format!("key-vim.host.MultipathInfo.Path-{name}").into(),
        name: name.clone(),
        path_state: text("active"),
        state: some("active"),
        is_working_path: Some(true),
        adapter: text(ADAPTER_KEYS[adapter]),
        lun: key.clone(),
        transport: None,
    };
    let policy = HostMultipathInfoFixedLogicalUnitPolicy { base: fixed(), prefer: name };
    HostMultipathInfoLogicalUnit {
        key,
        id: disk.uuid.clone(),
        lun: disk.key.clone().unwrap_or_default(),
        path: vec![path.into()],
        policy: policy.into(),
        storage_array_type_policy: Some(
            HostMultipathInfoLogicalUnitStorageArrayTypePolicy { policy: text(SATP[adapter]) }.into(),
        ),
    }
    .into()
}

fn fixed() -> HostMultipathInfoLogicalUnitPolicy {
    HostMultipathInfoLogicalUnitPolicy { policy: text("VMW_PSP_FIXED") }
}

fn adapter(name: &'static str, index: usize, pci: String) -> HostHostBusAdapter {
    HostHostBusAdapter::with(|a| {
        a.key = some(ADAPTER_KEYS[index]);
        a.device = format!("vmhba{index}").into();
        a.status = text("online");
        a.model = text(name);
        a.pci = Some(pci.into());
        a.storage_protocol = some("scsi");
    })
}

fn sata() -> HostBlockHba {
    let mut base = adapter("C620 SATA Controller [AHCI]", 0, DISK_CONTROLLER.id());
    base.driver = some("vmw_ahci");
    base.status = text("unknown");
    HostBlockHba { base }
}

fn fibre_channel(port_world_wide_name: i64) -> HostFibreChannelHba {
    let name = "QLogic 64/32G Fibre Channel Adapter";
    let mut base = adapter(name, 1, FIBRE_CHANNEL.id());
    base.bus = 0x5e;
    base.driver = some("qlnativefc");
    HostFibreChannelHba {
        base,
        port_world_wide_name,
        node_world_wide_name: port_world_wide_name & !(0xff << 56) | 0x20 << 56,
        port_type: FibreChannelPortType::Fabric,
        speed: 32,
    }
}

/// A disk by its canonical name (`naa.…` or `t10.…`).
fn disk(name: Str, bytes: i64, local: bool) -> HostScsiDisk {
    let path: Str = format!("/vmfs/devices/disks/{name}").into();
    let id = name.split_once('.').map_or(&*name, |(_, id)| id);
    let uuid: Str = format!("0200000000{id}").into();
    HostScsiDisk::with(|d| {
        d.base.base = HostDevice { device_name: path.clone(), device_type: text("disk") };
        d.base.key = Some(format!("key-vim.host.ScsiDisk-{uuid}").into());
        d.base.uuid = uuid;
        d.base.descriptor = Some(vec![ScsiLunDescriptor { quality: text("highQuality"), id: name.clone() }.into()]);
        d.base.display_name =
            Some(format!("{} Disk ({name})", if local { "Local ATA" } else { "Fibre Channel" }).into());
        d.base.canonical_name = Some(name);
        d.base.lun_type = text("disk");
        d.base.vendor = some(if local { "ATA     " } else { "DELL    " });
        d.base.model = some(if local { "DELLBOSS VD     " } else { "PowerStore      " });
        d.base.revision = some(if local { "MV.R" } else { "2100" });
        d.base.scsi_level = Some(if local { 6 } else { 7 });
        d.base.serial_number = some("unavailable");
        d.base.queue_depth = Some(if local { 31 } else { 64 });
        d.base.operational_state = texts(["ok"]);
        d.base.capabilities = Some(ScsiLunCapabilities { update_display_name_supported: true }.into());
        d.base.v_storage_support = some(if local { "vStorageUnsupported" } else { "vStorageSupported" });
        d.base.protocol_endpoint = Some(false);
        d.base.perennially_reserved = Some(false);
        d.base.application_protocol = some("SCSI");
        d.capacity = HostDiskDimensionsLba { block_size: SECTOR as i32, block: bytes / SECTOR }.into();
        d.device_path = path;
        d.ssd = Some(true);
        d.local_disk = Some(local);
        d.emulated_dixdif_enabled = Some(false);
        d.scsi_disk_type = some("native512");
    })
}

/// What the datastore system of every host can do.
pub(crate) fn datastore_capabilities() -> HostDatastoreSystemCapabilities {
    HostDatastoreSystemCapabilities {
        nfs_mount_creation_required: true,
        nfs_mount_creation_supported: true,
        local_datastore_supported: false,
        vmfs_extent_expansion_supported: true,
    }
}
