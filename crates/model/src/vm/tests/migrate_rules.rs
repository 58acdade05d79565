//! What a VM needs of another host, and where its files go.

use super::{default_vm::made, *};
use crate::vm::{
    config::{self, CloneWish},
    migrate::{self, Depth, DiskGoal, Goal},
    snapshot::{self, chain_of},
    surroundings::DatastoreFacts,
    testing::datastore,
};

fn config() -> Obj<VirtualMachineConfigInfo> {
    made(1, true).config.unwrap()
}

fn refused(config: &VirtualMachineConfigInfo, world: &World) -> Fault {
    migrate::check_reach(config, world).unwrap_err()
}

fn device(config: &mut Obj<VirtualMachineConfigInfo>, key: i32) -> &mut Obj<VirtualDevice> {
    config.hardware.device.as_mut().unwrap().iter_mut().find(|d| d.key == key).unwrap()
}

fn backing(config: &mut Obj<VirtualMachineConfigInfo>) -> &mut VirtualDiskFlatVer2BackingInfo {
    device(config, 2000).backing.as_mut().unwrap().cast_mut().unwrap()
}

fn files(config: &VirtualMachineConfigInfo) -> Vec<String> {
    let mut disks = config.hardware.device.iter().flatten().filter_map(|d| d.cast::<VirtualDisk>());
    disks.next().map(|d| chain_of(d).iter().map(|b| b.file_name.to_string()).collect()).unwrap_or_default()
}

/// A VM with a snapshot: its configuration and the snapshot's.
fn with_snapshot() -> [Obj<VirtualMachineConfigInfo>; 2] {
    let kept = config();
    let mut now = kept.clone();
    snapshot::branch(&mut now, "vm-1", 1, &|file| file == files(&kept)[0]);
    [now, kept]
}

fn moved(depth: Depth, taken: &'static [&'static str]) -> migrate::Moved {
    let [now, kept] = with_snapshot();
    let home = datastore("small").unwrap();
    let disk = |_| Some(DiskGoal { datastore: home.clone(), depth, thin: None });
    let exists = |_: &DatastoreFacts, path: &str| taken.contains(&path);
    let folder = migrate::home_folder("DC0_H0_VM1", "DC0_H0_VM1", &home, &exists);
    migrate::relocate(&now, &[kept], &Goal { home: &home, stays: false, folder, disk: &disk, exists: &exists })
}

#[test]
fn a_host_that_has_everything_can_run_a_vm() {
    migrate::check_reach(&config(), &World::default()).unwrap();
    migrate::check_running_devices(&config()).unwrap();
}

#[test]
fn newer_hardware_than_the_hosts_is_refused() {
    let fault = refused(&config(), &World { newest_hardware: 19, ..World::default() });
    let fault = fault.fault.cast::<VirtualHardwareVersionNotSupported>().unwrap();
    assert_eq!((fault.host_name.as_str(), fault.host.id.as_str()), ("esx1", "host-9"));
}

#[test]
fn files_on_a_datastore_that_the_host_lacks_are_named() {
    let mut lost = config();
    let disk = backing(&mut lost);
    (disk.file_name, disk.datastore) = ("[far] vm/vm.vmdk".into(), None);
    let fault = refused(&lost, &World::default());
    let disk = fault.fault.cast::<CannotAccessVmDisk>().unwrap();
    assert_eq!((disk.device.as_str(), disk.backing.as_str()), ("Hard disk 1", "[far] vm/vm.vmdk"));
    assert_eq!(disk.fault.fault.cast::<InvalidDatastore>().unwrap().name.as_deref(), Some("far"));
    let mut lost = config();
    lost.files.vm_path_name = Some("[far] vm/vm.vmx".into());
    assert_eq!(refused(&lost, &World::default()).name(), "CannotAccessVmConfig");
}

#[test]
fn an_image_on_a_lost_datastore_matters_only_while_it_is_connected() {
    let mut vm = config();
    let image = VirtualCdromIsoBackingInfo::with(|b| b.file_name = "[far] a.iso".into());
    device(&mut vm, 3000).backing = Some(image.into());
    migrate::check_reach(&vm, &World::default()).unwrap();
    device(&mut vm, 3000).connectable.as_mut().unwrap().connected = true;
    assert_eq!(refused(&vm, &World::default()).name(), "CannotAccessVmDevice");
}

#[test]
fn a_network_that_the_host_lacks_is_named() {
    let mut vm = config();
    device(&mut vm, 4000).backing = network("far");
    let fault = refused(&vm, &World::default());
    assert_eq!(fault.fault.cast::<CannotAccessNetwork>().unwrap().backing, "far");
}

#[test]
fn a_device_of_the_host_keeps_a_running_vm_there() {
    let mut vm = config();
    let card: Obj<VirtualDevice> = VirtualPCIPassthrough::with(|d| d.key = 13_000).into();
    vm.hardware.device.as_mut().unwrap().push(card);
    assert_eq!(migrate::check_running_devices(&vm).unwrap_err().name(), "DisallowedMigrationDeviceAttached");
}

#[test]
fn all_of_a_chain_goes_and_the_snapshot_follows() {
    let moved = moved(Depth::Whole, &[]);
    let new = ["[small] DC0_H0_VM1/DC0_H0_VM1-000001.vmdk", "[small] DC0_H0_VM1/DC0_H0_VM1.vmdk"];
    assert_eq!((files(&moved.config), files(&moved.kept[0])), (new.map(String::from).to_vec(), vec![new[1].into()]));
    assert_eq!(moved.kept[0].files, moved.config.files);
    assert_eq!(moved.config.files.vm_path_name.as_deref(), Some("[small] DC0_H0_VM1/DC0_H0_VM1.vmx"));
    let mut layout = made(1, true).layout_ex.unwrap();
    moved.renames.apply(&mut layout);
    assert!(layout.file.iter().flatten().all(|f| f.name.starts_with("[small] DC0_H0_VM1/")));
}

#[test]
fn the_top_of_a_chain_goes_alone_and_a_merged_chain_is_one_file() {
    let top = moved(Depth::Top, &[]);
    assert!(files(&top.config)[0].starts_with("[small] ") && files(&top.config)[1].starts_with("[LocalDS_0] "));
    let merged = moved(Depth::Merged, &[]);
    assert_eq!(files(&merged.config), ["[small] DC0_H0_VM1/DC0_H0_VM1-000001.vmdk"]);
}

#[test]
fn files_in_the_way_are_stepped_around() {
    let moved = moved(Depth::Whole, &["DC0_H0_VM1/DC0_H0_VM1.vmx", "DC0_H0_VM1_1/DC0_H0_VM1.vmdk"]);
    assert_eq!(moved.config.files.vm_path_name.as_deref(), Some("[small] DC0_H0_VM1_1/DC0_H0_VM1.vmx"));
    assert_eq!(files(&moved.kept[0]), ["[small] DC0_H0_VM1_1/DC0_H0_VM1_1.vmdk"]);
}

#[test]
fn a_clone_keeps_a_chosen_address_and_no_context_id() {
    let mut source = config();
    let card = device(&mut source, 4000).cast_mut::<VirtualVmxnet3>().unwrap();
    (card.address_type, card.mac_address) = (Some("manual".into()), Some("00:50:56:01:02:03".into()));
    let id = OptionValue { key: "vmci0.id".into(), value: Some(vim25::Any::Str("77".into())) };
    source.extra_config.get_or_insert_default().push(id.into());
    let home = datastore("LocalDS_0").unwrap();
    let disk = |_: &VirtualDisk| DiskGoal { datastore: home.clone(), depth: Depth::Whole, thin: None };
    let wish = CloneWish { name: "a/b".into(), template: false, home: &home, disk: &disk, spec: None };
    let mut made = config::clone(&source, &wish, &World::default().context()).unwrap();
    assert!(made.extra_config.iter().flatten().all(|o| o.key != "vmci0.id"));
    assert_eq!(made.files.vm_path_name.as_deref(), Some("[LocalDS_0] a_b/a_b.vmx"));
    let card = device(&mut made, 4000).cast::<VirtualVmxnet3>().unwrap();
    assert_eq!(card.mac_address.as_deref(), Some("00:50:56:01:02:03"));
    let vmci = device(&mut made, hardware::VMCI).cast::<VirtualMachineVMCIDevice>().unwrap();
    assert_eq!(vmci.id, Some(-1));
    assert_ne!(made.uuid, source.uuid);
}

#[test]
fn the_files_below_a_linked_clone_take_no_room_of_its_own() {
    let source = config();
    let home = datastore("LocalDS_0").unwrap();
    let disk = |_: &VirtualDisk| DiskGoal { datastore: home.clone(), depth: Depth::Child, thin: Some(false) };
    let wish = CloneWish { name: "linked".into(), template: false, home: &home, disk: &disk, spec: None };
    let made_config = config::clone(&source, &wish, &World::default().context()).unwrap();
    let runtime = made(1, false).runtime;
    let layout = crate::vm::derive::layout_ex(&made_config, &runtime, None, &[]);
    let unique = |part: &str| {
        let files = layout.file.iter().flatten().filter(|f| f.name.contains(part) && f.type_.starts_with("disk"));
        files.map(|f| f.unique_size.unwrap()).sum::<i64>()
    };
    assert_eq!(unique("DC0_H0_VM1/"), 0);
    assert!(unique("linked/") > 0);
}
