use super::*;
use crate::vm::devices::{FileChange, FileEffect};

fn one_disk(world: &World) -> Devices {
    apply(scene(world), &[add(scsi(-1)), disk(-1, 2048)]).unwrap().devices
}

fn flat(device: &Obj<VirtualDevice>) -> VirtualDiskFlatVer2BackingInfo {
    device.backing.as_ref().unwrap().cast::<VirtualDiskFlatVer2BackingInfo>().unwrap().clone()
}

fn named(file: &str, operation: Option<VirtualDeviceConfigSpecFileOperation>) -> Obj<VirtualDeviceConfigSpec> {
    let mut spec = disk(-1, 2048);
    spec.file_operation = operation;
    let backing = spec.device.backing.as_mut().unwrap();
    backing.cast_mut::<VirtualDiskFlatVer2BackingInfo>().unwrap().file_name = file.into();
    spec
}

#[test]
fn new_disks_are_named_after_the_vm_and_numbered() {
    let world = World::default();
    let made = apply(scene(&world), &[add(scsi(-1)), disk(-1, 2048), disk(-1, 2048)]).unwrap();
    let names = [2000, 2001].map(|key| flat(&by_key(&made.devices, key)).file_name.clone());
    assert_eq!(names, ["[LocalDS_0] vm/vm.vmdk", "[LocalDS_0] vm/vm_1.vmdk"]);
    let created: Vec<_> = made.files.iter().map(|f| (f.change, f.path.as_str())).collect();
    let bytes = FileChange::Create(2048 * 1024);
    assert_eq!(created, [(bytes, "vm/vm.vmdk"), (bytes, "vm/vm_1.vmdk")]);
}

#[test]
fn a_disk_says_its_capacity_in_both_units_and_has_an_identity() {
    let world = World::default();
    let device = by_key(&one_disk(&world), 2000);
    let disk = device.cast::<VirtualDisk>().unwrap();
    assert_eq!((disk.capacity_in_kb, disk.capacity_in_bytes), (2048, Some(2048 * 1024)));
    assert_eq!(disk.device_info.as_ref().unwrap().summary, "2,048 KB");
    let backing = flat(&device);
    assert!(backing.uuid.clone().unwrap().starts_with("6000C29"));
    assert_eq!(backing.datastore.clone().unwrap().id, "datastore-5");
    assert_eq!((backing.thin_provisioned, backing.common.sharing.as_deref()), (Some(true), Some("sharingNone")));
}

#[test]
fn bytes_go_before_kilobytes() {
    let world = World::default();
    let mut spec = disk(-1, 1);
    spec.device.cast_mut::<VirtualDisk>().unwrap().capacity_in_bytes = Some(10 << 20);
    let device = by_key(&apply(scene(&world), &[add(scsi(-1)), spec]).unwrap().devices, 2000);
    assert_eq!(device.cast::<VirtualDisk>().unwrap().capacity_in_kb, 10 << 10);
}

#[test]
fn a_new_disk_needs_a_capacity_and_room() {
    let world = World::default();
    let try_kb = |kb| apply(scene(&world), &[add(scsi(-1)), disk(-1, kb)]).map(|_| ()).map_err(|f| f.name());
    assert_eq!(try_kb(0), Err("InvalidDeviceSpec"));
    assert_eq!(try_kb(-5), Err("InvalidDeviceSpec"));
    assert_eq!(try_kb(1_000_000_000_000_000), Err("NoDiskSpace"));
    assert_eq!(try_kb(i64::MAX), Err("NoDiskSpace"));
    assert_eq!(try_kb(5 << 30), Ok(()), "a thin disk may be larger than what is free");
}

#[test]
fn thick_disks_of_one_spec_share_the_free_space() {
    let world = World::default();
    let thick = |kb: i64| {
        let mut spec = named("[small]", Some(VirtualDeviceConfigSpecFileOperation::Create));
        let disk = spec.device.cast_mut::<VirtualDisk>().unwrap();
        disk.capacity_in_kb = kb;
        let backing = disk.backing.as_mut().unwrap().cast_mut::<VirtualDiskFlatVer2BackingInfo>().unwrap();
        backing.thin_provisioned = Some(false);
        spec
    };
    assert!(apply(scene(&world), &[add(scsi(-1)), thick(700 << 10)]).is_ok());
    let fault = apply(scene(&world), &[add(scsi(-1)), thick(700 << 10), thick(700 << 10)]).unwrap_err();
    assert_eq!(fault.fault.cast::<NoDiskSpace>().unwrap().datastore, "small");
}

#[test]
fn a_named_file_must_be_free_for_a_new_disk_and_there_for_an_old_one() {
    use VirtualDeviceConfigSpecFileOperation::{Create, Destroy, Replace};
    let mut world = World::default();
    world.files.insert(("datastore-5".into(), "a/old.vmdk".into()), 7 << 20);
    let run = |file, operation| {
        let made = apply(scene(&world), &[add(scsi(-1)), named(file, operation)]);
        made.map(|c| (by_key(&c.devices, 2000), c.files)).map_err(|f| f.name())
    };
    let (attached, files) = run("[LocalDS_0] a/old.vmdk", None).unwrap();
    assert_eq!((attached.cast::<VirtualDisk>().unwrap().capacity_in_bytes, files), (Some(7 << 20), vec![]));
    assert_eq!(run("[LocalDS_0] a/new.vmdk", None).unwrap_err(), "FileNotFound");
    assert_eq!(run("[LocalDS_0] a/old.vmdk", Some(Create)).unwrap_err(), "FileAlreadyExists");
    assert!(run("[LocalDS_0] a/new.vmdk", Some(Create)).is_ok());
    assert_eq!(run("[LocalDS_0] a/old.vmdk", Some(Replace)).unwrap().1.len(), 2);
    assert_eq!(run("[LocalDS_0] a/new.vmdk", Some(Replace)).unwrap_err(), "FileNotFound");
    assert_eq!(run("[LocalDS_0] a/old.vmdk", Some(Destroy)).unwrap_err(), "InvalidDeviceOperation");
    assert_eq!(run("[nope] a/new.vmdk", Some(Create)).unwrap_err(), "InvalidDatastore");
    assert_eq!(run("a/new.vmdk", Some(Create)).unwrap_err(), "InvalidDatastorePath");
    assert_eq!(run("[LocalDS_0] ../new.vmdk", Some(Create)).unwrap_err(), "InvalidDatastorePath");
}

#[test]
fn a_disk_grows_and_does_not_shrink() {
    let world = World::default();
    let devices = one_disk(&world);
    let resize = |kb: i64, bytes: Option<i64>| {
        let mut device = by_key(&devices, 2000);
        let disk = device.cast_mut::<VirtualDisk>().unwrap();
        (disk.capacity_in_kb, disk.capacity_in_bytes) = (kb, bytes.or(disk.capacity_in_bytes));
        let changed = devices::apply(&devices, &[edit(&device)], scene(&world));
        changed.map(|c| by_key(&c.devices, 2000).cast::<VirtualDisk>().unwrap().capacity_in_bytes).map_err(|f| f.name())
    };
    assert_eq!(resize(4096, None), Ok(Some(4096 << 10)));
    assert_eq!(resize(2048, Some(4096 << 10)), Ok(Some(4096 << 10)));
    assert_eq!(resize(1024, None), Err("InvalidDeviceOperation"));
    assert_eq!(resize(2048, None), Ok(Some(2048 << 10)));
}

#[test]
fn a_disks_mode_is_one_of_the_api_and_changes_only_while_the_vm_is_off() {
    let world = World::default();
    let devices = one_disk(&world);
    let with_mode = |mode: &str, on: bool| {
        let mut device = by_key(&devices, 2000);
        let backing = device.backing.as_mut().unwrap();
        backing.cast_mut::<VirtualDiskFlatVer2BackingInfo>().unwrap().disk_mode = mode.into();
        devices::apply(&devices, &[edit(&device)], Scene { on, ..scene(&world) }).map(|_| ()).map_err(|f| f.name())
    };
    assert_eq!(with_mode("independent_persistent", false), Ok(()));
    assert_eq!(with_mode("independent_persistent", true), Err("InvalidDeviceSpec"));
    assert_eq!(with_mode("sideways", false), Err("InvalidDeviceSpec"));
    assert_eq!(with_mode("undoable", false), Err("VirtualDiskModeNotSupported"));
}

#[test]
fn removing_a_disk_leaves_its_file_unless_it_is_destroyed() {
    let world = World::default();
    let devices = one_disk(&world);
    let effect = |operation| {
        let mut spec = remove(2000);
        spec.file_operation = operation;
        devices::apply(&devices, &[spec], scene(&world)).map(|c| c.files).map_err(|f| f.name())
    };
    let file = |change| FileEffect {
        change,
        datastore: vim25::MoRef::new("Datastore", "datastore-5"),
        path: "vm/vm.vmdk".into(),
    };
    assert_eq!(effect(None), Ok(vec![file(FileChange::Leave(2048 * 1024))]));
    assert_eq!(effect(Some(VirtualDeviceConfigSpecFileOperation::Destroy)), Ok(vec![file(FileChange::Delete)]));
    assert_eq!(effect(Some(VirtualDeviceConfigSpecFileOperation::Create)), Err("InvalidDeviceOperation"));
}

#[test]
fn a_disk_moves_to_another_place_and_gets_the_key_of_that_place() {
    let world = World::default();
    let specs = [add(scsi(-1)), add(scsi(-2)), disk(-1, 2048)];
    let devices = apply(scene(&world), &specs).unwrap().devices;
    let mut device = by_key(&devices, 2000);
    (device.controller_key, device.unit_number) = (Some(1001), Some(3));
    let moved = devices::apply(&devices, &[edit(&device)], scene(&world)).unwrap().devices;
    assert_eq!(keys(&moved), [1000, 1001, 2019]);
    assert_eq!((children(&moved, 1000), children(&moved, 1001)), (vec![], vec![2019]));
    let fault = devices::apply(&devices, &[edit(&device)], Scene { on: true, ..scene(&world) }).unwrap_err();
    assert_eq!(fault.name(), "DeviceHotPlugNotSupported");
}

#[test]
fn only_flat_files_can_back_a_disk() {
    let world = World::default();
    let mut spec = disk(-1, 1024);
    spec.device.backing = Some(VirtualDiskRawDiskMappingVer1BackingInfo::default().into());
    assert_eq!(apply(scene(&world), &[add(scsi(-1)), spec]).unwrap_err().name(), "InvalidDeviceBacking");
}
