//! The life of a machine: made, run, watched, changed, destroyed.

use crate::server::Server;
use crate::specs::{self, DISK_KB};
use crate::watcher::{Seen, Watcher};
use std::sync::Arc;
use vim_rs::core::client::Client;
use vim_rs::core::pc_retrieve::ObjectRetriever;
use vim_rs::core::tasks::TaskTracker;
use vim_rs::mo::{Folder, VirtualMachine};
use vim_rs::types::boxed_types::ValueElements;
use vim_rs::types::enums::{MoTypesEnum, VirtualMachinePowerStateEnum as Power};
use vim_rs::types::structs::{
    ManagedObjectReference, VirtualDisk, VirtualEthernetCardNetworkBackingInfo, VirtualMachineConfigInfo,
    VirtualMachineConfigSpec, VirtualMachineVmciDevice, VirtualVmxnet3,
};
use vim_rs::types::traits::{VirtualDeviceConfigSpecTrait, VirtualDeviceTrait};
use vim_rs::types::vim_any::VimAny;
use vim_rs::vim_retrievable;

vim_retrievable!(
    struct Place: Datacenter {
        name = "name",
        machines = "vm_folder",
    }
);

vim_retrievable!(
    struct Pool: ResourcePool {
        name = "name",
        owner = "owner",
    }
);

#[tokio::test(flavor = "multi_thread")]
async fn a_machine_is_made_run_watched_changed_and_destroyed() {
    let server = Server::start();
    let mut watcher = Watcher::start(&server).await;
    let client = server.connect().await;
    let tasks = TaskTracker::new(client.clone());

    let vm = create(&client, &tasks, "lives").await;
    let made = watcher.until(|s| matches!(s, Seen::New { name, .. } if name == "lives")).await;
    assert_eq!(made, Seen::New { name: "lives".into(), power: Power::PoweredOff });

    tasks.wait_any(vm.power_on_vm_task(None).await.unwrap()).await.unwrap();
    watcher.until(|s| matches!(s, Seen::Changed { name, power: Power::PoweredOn, .. } if name == "lives")).await;
    assert!(vm.runtime().await.unwrap().boot_time.is_some());

    tasks.wait_any(vm.power_off_vm_task().await.unwrap()).await.unwrap();
    watcher.until(|s| matches!(s, Seen::Changed { name, power: Power::PoweredOff, .. } if name == "lives")).await;

    let larger = VirtualMachineConfigSpec { memory_mb: Some(4096), ..VirtualMachineConfigSpec::default() };
    tasks.wait_any(vm.reconfig_vm_task(&larger).await.unwrap()).await.unwrap();
    watcher.until(|s| matches!(s, Seen::Changed { name, memory_mb: Some(4096), .. } if name == "lives")).await;

    tasks.wait_any(vm.destroy_task().await.unwrap()).await.unwrap();
    watcher.until(|s| *s == Seen::Gone { name: "lives".into() }).await;

    watcher.stop().await;
    client.close().await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_new_machine_has_the_card_the_disk_and_the_vmci_device_of_its_spec() {
    let server = Server::start();
    let client = server.connect().await;
    let tasks = TaskTracker::new(client.clone());
    let config = config(&create(&client, &tasks, "equipped").await).await;

    assert_eq!((config.hardware.num_cpu, config.hardware.memory_mb), (2, 1024));
    let card = device::<VirtualVmxnet3>(&config);
    assert_eq!((card.key, card.controller_key), (4000, Some(100)));
    assert!(card.mac_address.as_ref().is_some_and(|mac| mac.starts_with("00:")), "{card:?}");
    let backing = card.backing.as_ref().unwrap().as_any_ref();
    let backing = backing.downcast_ref::<VirtualEthernetCardNetworkBackingInfo>().expect("a standard network");
    assert_eq!(backing.device_name, "VM Network");
    let disk = device::<VirtualDisk>(&config);
    assert_eq!((disk.key, disk.controller_key, disk.unit_number), (2000, Some(1000), Some(0)));
    assert_eq!((disk.capacity_in_kb, disk.capacity_in_bytes), (DISK_KB, Some(DISK_KB * 1024)));
    let vmci = device::<VirtualMachineVmciDevice>(&config);
    assert_eq!((vmci.key, vmci.allow_unrestricted_communication), (12000, Some(true)));
    let option = config.extra_config.iter().flatten().find(|option| option.key == "guestinfo.made-by").unwrap();
    let Some(VimAny::Value(ValueElements::PrimitiveString(text))) = &option.value else { panic!("{option:?}") };
    assert_eq!(text, "vim_rs");
    client.close().await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn devices_are_added_edited_and_removed() {
    let server = Server::start();
    let client = server.connect().await;
    let tasks = TaskTracker::new(client.clone());
    let vm = create(&client, &tasks, "rebuilt").await;

    change(&tasks, &vm, specs::add(specs::network_card(-1))).await;
    assert_eq!(cards(&config(&vm).await), [4000, 4001]);

    let mut disk: VirtualDisk = take(config(&vm).await);
    disk.capacity_in_kb = 2 * DISK_KB;
    disk.capacity_in_bytes = Some(2 * DISK_KB * 1024);
    change(&tasks, &vm, specs::edit(disk)).await;
    assert_eq!(device::<VirtualDisk>(&config(&vm).await).capacity_in_kb, 2 * DISK_KB);

    change(&tasks, &vm, specs::remove(specs::network_card(4000))).await;
    assert_eq!(cards(&config(&vm).await), [4001]);
    client.close().await.unwrap();
}

/// Makes a machine from [`specs::machine`].
pub async fn create(client: &Arc<Client>, tasks: &TaskTracker, name: &str) -> VirtualMachine {
    let (folder, pool) = place(client).await;
    let task = folder.create_vm_task(&specs::machine(name), &pool, None).await.unwrap();
    match tasks.wait_any(task).await.unwrap() {
        Some(VimAny::Object(made)) => {
            let made = *made.as_any_box().downcast::<ManagedObjectReference>().expect("a reference");
            assert_eq!(made.r#type, MoTypesEnum::VirtualMachine);
            VirtualMachine::new(client.clone(), &made.value)
        }
        other => panic!("a new machine's task should return it: {other:?}"),
    }
}

/// The folder of the machines and the root pool of the cluster.
pub async fn place(client: &Arc<Client>) -> (Folder, ManagedObjectReference) {
    let retriever = ObjectRetriever::new(client.clone()).unwrap();
    let root = &client.service_content().root_folder;
    let datacenters: Vec<Place> = retriever.retrieve_objects_from_container(root).await.unwrap();
    let datacenter = datacenters.iter().find(|d| d.name == "DC0").expect("DC0");
    let pools: Vec<Pool> = retriever.retrieve_objects_from_container(root).await.unwrap();
    let in_cluster = |p: &Pool| p.name == "Resources" && p.owner.r#type == MoTypesEnum::ClusterComputeResource;
    let pool = pools.into_iter().find(in_cluster).expect("the cluster has a root pool");
    (Folder::new(client.clone(), &datacenter.machines.value), pool.id)
}

async fn config(vm: &VirtualMachine) -> VirtualMachineConfigInfo {
    vm.config().await.unwrap().expect("a machine with a configuration")
}

async fn change(tasks: &TaskTracker, vm: &VirtualMachine, device: Box<dyn VirtualDeviceConfigSpecTrait>) {
    let spec = VirtualMachineConfigSpec { device_change: Some(vec![device]), ..VirtualMachineConfigSpec::default() };
    tasks.wait_any(vm.reconfig_vm_task(&spec).await.unwrap()).await.unwrap();
}

/// The one device of a type.
fn device<T: 'static>(config: &VirtualMachineConfigInfo) -> &T {
    let all: Vec<&T> = of_type(config).collect();
    let [one] = all.as_slice() else { panic!("{} of them", all.len()) };
    one
}

fn of_type<T: 'static>(config: &VirtualMachineConfigInfo) -> impl Iterator<Item = &T> {
    let devices = config.hardware.device.iter().flatten();
    devices.filter_map(|device: &Box<dyn VirtualDeviceTrait>| device.as_any_ref().downcast_ref())
}

/// The first device of a type, by value.
fn take<T: 'static>(config: VirtualMachineConfigInfo) -> T {
    let mut devices = config.hardware.device.into_iter().flatten().map(|device| device.as_any_box().downcast());
    *devices.find_map(Result::ok).expect("one of the type")
}

fn cards(config: &VirtualMachineConfigInfo) -> Vec<i32> {
    of_type::<VirtualVmxnet3>(config).map(|card| card.key).collect()
}
