//! Derived totals: after any script of changes they are what a world built from scratch would have.

mod common;

use common::{inventory, of_kind, seeded, world};
use inventory::{Inventory, Snapshot};
use model::{Lab, Settings};
use vim25::{MoRef, Obj, mo, types::*};

fn settings() -> Settings {
    Settings { clusters: 2, pools: 2, apps: 1, datastores: 2, pods: 1, vms: 3, ..Settings::vcenter() }
}

/// The same objects in a new inventory, where nothing is remembered.
fn from_scratch(world: &Snapshot) -> Inventory {
    let fresh = inventory(0);
    let mut objects: Vec<_> = world.iter().cloned().collect();
    objects.sort_by(|a, b| a.moref.cmp(&b.moref));
    let put = fresh.commit(|tx| {
        objects.into_iter().for_each(|object| tx.insert_shared(object.moref, object.content));
        Ok::<(), ()>(())
    });
    put.unwrap();
    fresh
}

/// Every object equals what the rules make of it from scratch.
fn assert_exact(incremental: &Inventory) {
    let world = incremental.snapshot();
    let fresh = from_scratch(&world);
    let fresh = fresh.snapshot();
    assert_eq!(world.len(), fresh.len());
    for object in world.iter() {
        let other = fresh.resolve(&object.moref).unwrap();
        assert_eq!(vim25::diff::diff(&*object.content, &*other.content), [], "{}", object.moref);
    }
}

fn edit<T: vim25::DataType>(inventory: &Inventory, moref: &MoRef, change: impl FnOnce(&mut T)) {
    inventory
        .commit(|tx| {
            change(tx.edit::<T>(moref).expect("the object is there"));
            Ok::<(), ()>(())
        })
        .unwrap();
}

fn set_power(inventory: &Inventory, vm: &MoRef, state: VirtualMachinePowerState) {
    edit::<mo::VirtualMachine>(inventory, vm, |vm| vm.runtime.power_state = state);
}

fn host_of(world: &Snapshot, vm: &MoRef) -> MoRef {
    world.get::<mo::VirtualMachine>(vm).unwrap().runtime.host.clone().unwrap()
}

fn host_stats(world: &Snapshot, host: &MoRef) -> (i32, i32) {
    let stats = &world.get::<mo::HostSystem>(host).unwrap().summary.quick_stats;
    (stats.overall_cpu_usage.unwrap(), stats.overall_memory_usage.unwrap())
}

#[test]
fn a_new_world_has_exact_totals() {
    for settings in [Settings::vcenter(), Settings::esx(), settings()] {
        assert_exact(&world(&settings).0);
    }
}

#[test]
fn power_changes_usage_of_host_pool_and_cluster() {
    let (inventory, lab) = world(&settings());
    let vm = lab.vms.last().unwrap();
    let before = inventory.snapshot();
    let host = host_of(&before, vm);
    set_power(&inventory, vm, VirtualMachinePowerState::PoweredOff);
    let off = inventory.snapshot();
    let (cpu, memory) = host_stats(&before, &host);
    let (cpu_off, memory_off) = host_stats(&off, &host);
    assert!(cpu_off < cpu && memory_off < memory);
    assert_exact(&inventory);
    set_power(&inventory, vm, VirtualMachinePowerState::PoweredOn);
    assert_eq!(host_stats(&inventory.snapshot(), &host), (cpu, memory));
    assert_exact(&inventory);
}

#[test]
fn a_pool_counts_what_its_child_pools_have() {
    let (inventory, _) = world(&settings());
    let world = inventory.snapshot();
    for cluster in of_kind(&world, "ClusterComputeResource") {
        let cluster = world.get::<mo::ClusterComputeResource>(&cluster.moref).unwrap();
        let root = world.get::<mo::ResourcePool>(cluster.resource_pool.as_ref().unwrap()).unwrap();
        let children = root.resource_pool.iter().flatten();
        let children: Vec<_> = children.map(|c| world.get::<mo::ResourcePool>(c).unwrap()).collect();
        assert_eq!(children.len(), 3);
        let sum: i64 = children.iter().map(|c| c.runtime.memory.overall_usage).sum();
        assert!(sum > 0);
        assert_eq!(root.runtime.memory.overall_usage, sum);
        let usage = cluster.summary_ex.usage_summary.as_ref().unwrap();
        assert_eq!((usage.total_vm_count, usage.powered_off_vm_count), (9, 0));
        assert_eq!(root.config.cpu_allocation.reservation, Some(i64::from(cluster.summary.effective_cpu)));
        assert_eq!(root.runtime.cpu.max_usage, i64::from(cluster.summary.effective_cpu));
    }
}

#[test]
fn a_reservation_of_a_child_pool_is_taken_from_its_parent() {
    let (inventory, _) = world(&settings());
    let world = inventory.snapshot();
    let mut children = of_kind(&world, "ResourcePool").into_iter().map(|o| o.moref.clone());
    let named = |m: &MoRef| world.get::<mo::ResourcePool>(m).unwrap().name == "DC0_C0_RP1";
    let child = children.find(named).unwrap();
    let parent = world.get::<mo::ResourcePool>(&child).unwrap().parent.clone().unwrap();
    let free = |world: &Snapshot| world.get::<mo::ResourcePool>(&parent).unwrap().runtime.cpu.unreserved_for_pool;
    let sibling = |world: &Snapshot| {
        let other = world.get::<mo::ResourcePool>(&parent).unwrap().resource_pool.clone().unwrap()[1].clone();
        world.get::<mo::ResourcePool>(&other).unwrap().runtime.cpu.unreserved_for_vm
    };
    edit::<mo::ResourcePool>(&inventory, &child, |p| p.config.cpu_allocation.reservation = Some(5_000));
    let after = inventory.snapshot();
    assert_eq!(free(&after), free(&world) - 5_000);
    assert_eq!(sibling(&after), sibling(&world) - 5_000, "an expandable sibling has less to borrow");
    assert_eq!(after.get::<mo::ResourcePool>(&child).unwrap().summary.config.cpu_allocation.reservation, Some(5_000));
    assert_exact(&inventory);
}

#[test]
fn a_machine_that_moves_takes_its_usage_along() {
    let (inventory, lab) = world(&settings());
    let before = inventory.snapshot();
    let vm = lab.vms.last().unwrap();
    let from = host_of(&before, vm);
    let owner = before.get::<mo::HostSystem>(&from).unwrap().parent.clone().unwrap();
    let hosts = before.get::<mo::ComputeResource>(&owner).unwrap().host.clone().unwrap();
    let to = hosts.into_iter().find(|h| *h != from).unwrap();
    edit::<mo::VirtualMachine>(&inventory, vm, |vm| vm.runtime.host = Some(to.clone()));
    let after = inventory.snapshot();
    let memory = |world: &Snapshot, host: &MoRef| host_stats(world, host).1;
    let moved = memory(&before, &from) - memory(&after, &from);
    assert!(moved > 0);
    assert_eq!(memory(&after, &to) - memory(&before, &to), moved);
    assert_exact(&inventory);
}

#[test]
fn a_removed_machine_gives_back_what_it_used() {
    let (inventory, lab) = world(&settings());
    let free = |world: &Snapshot| -> i64 {
        lab.datastores.iter().map(|d| world.get::<mo::Datastore>(d).unwrap().summary.free_space).sum()
    };
    let before = inventory.snapshot();
    remove(&inventory, &lab.vms[0]);
    assert!(free(&inventory.snapshot()) > free(&before));
    lab.vms[1..].iter().for_each(|vm| remove(&inventory, vm));
    let world = inventory.snapshot();
    let capacity: i64 = lab.datastores.iter().map(|d| world.get::<mo::Datastore>(d).unwrap().summary.capacity).sum();
    assert_eq!(free(&world), capacity);
    for pool in of_kind(&world, "ResourcePool") {
        let pool = world.get::<mo::ResourcePool>(&pool.moref).unwrap();
        assert_eq!((pool.runtime.memory.overall_usage, pool.summary.configured_memory_mb), (0, Some(0)));
    }
}

fn remove(inventory: &Inventory, vm: &MoRef) {
    inventory.commit(|tx| if tx.remove(vm) { Ok(()) } else { Err(()) }).unwrap();
}

#[test]
fn a_host_in_maintenance_does_not_count_for_its_cluster() {
    let (inventory, lab) = world(&Settings::vcenter());
    let host = lab.hosts.last().unwrap();
    let cluster = inventory.snapshot().get::<mo::HostSystem>(host).unwrap().parent.clone().unwrap();
    let summary = || inventory.snapshot().get::<mo::ClusterComputeResource>(&cluster).unwrap().summary_ex.clone();
    let before = summary();
    assert_eq!((before.num_hosts, before.num_effective_hosts), (3, 3));
    assert_eq!(before.total_memory, 3 * (512 << 30));
    edit::<mo::HostSystem>(&inventory, host, |h| h.runtime.in_maintenance_mode = true);
    let after = summary();
    assert_eq!((after.num_hosts, after.num_effective_hosts), (3, 2));
    assert_eq!((after.total_cpu, after.effective_cpu), (before.total_cpu, before.effective_cpu / 3 * 2));
    let world = inventory.snapshot();
    assert!(world.get::<mo::HostSystem>(host).unwrap().summary.runtime.as_ref().unwrap().in_maintenance_mode);
    let cluster = world.get::<mo::ClusterComputeResource>(&cluster).unwrap();
    assert_eq!(cluster.summary.shared().field("effectiveCpu"), Some(vim25::Ref::Int(after.effective_cpu)));
    let root = world.get::<mo::ResourcePool>(cluster.resource_pool.as_ref().unwrap()).unwrap();
    assert_eq!(root.config.cpu_allocation.limit, Some(after.effective_cpu.into()));
    assert_exact(&inventory);
}

#[test]
fn a_pod_has_what_its_datastores_have() {
    let (inventory, lab) = world(&settings());
    let pod = of_kind(&inventory.snapshot(), "StoragePod")[0].moref.clone();
    let datastore = lab.datastores[0].clone();
    let folder = inventory.snapshot().get::<mo::Datastore>(&datastore).unwrap().parent.clone().unwrap();
    let put = inventory.commit(|tx| {
        tx.edit::<mo::Folder>(&folder).unwrap().child_entity.as_mut().unwrap().retain(|c| *c != datastore);
        tx.edit::<mo::StoragePod>(&pod).unwrap().child_entity.as_mut().unwrap().push(datastore.clone());
        tx.edit::<mo::Datastore>(&datastore).unwrap().parent = Some(pod.clone());
        Ok::<(), ()>(())
    });
    put.unwrap();
    let world = inventory.snapshot();
    let summary = world.get::<mo::StoragePod>(&pod).unwrap().summary.clone().unwrap();
    let member = &world.get::<mo::Datastore>(&datastore).unwrap().summary;
    assert_eq!((summary.capacity, summary.free_space), (member.capacity, member.free_space));
    assert!(summary.free_space < summary.capacity);
    assert_exact(&inventory);
}

#[test]
fn a_new_name_is_in_every_summary() {
    let (inventory, lab) = world(&Settings::vcenter());
    let snapshot = inventory.snapshot();
    let kinds =
        ["HostSystem", "Datastore", "ResourcePool", "VmwareDistributedVirtualSwitch", "DistributedVirtualPortgroup"];
    for kind in kinds {
        let moref = of_kind(&snapshot, kind)[0].moref.clone();
        edit::<mo::ManagedEntity>(&inventory, &moref, |e| e.name = format!("new {kind}").into());
    }
    let world = inventory.snapshot();
    let group = of_kind(&world, "DistributedVirtualPortgroup")[0].moref.clone();
    let group = world.get::<mo::DistributedVirtualPortgroup>(&group).unwrap();
    assert_eq!(group.config.name, "new DistributedVirtualPortgroup");
    assert_eq!(group.summary.name, "new DistributedVirtualPortgroup");
    let switch = world.get::<mo::DistributedVirtualSwitch>(group.config.distributed_virtual_switch.as_ref().unwrap());
    let switch = switch.unwrap();
    assert_eq!(switch.config.name, "new VmwareDistributedVirtualSwitch");
    assert!(switch.summary.portgroup_name.as_ref().unwrap().contains(&group.name));
    assert_eq!(switch.summary.vm.as_ref().unwrap().len(), lab.vms.len());
    let datastore = world.get::<mo::Datastore>(&lab.datastores[0]).unwrap();
    assert_eq!((&*datastore.summary.name, &*datastore.info.name), ("new Datastore", "new Datastore"));
    assert_exact(&inventory);
}

/// One change in turn out of many, chosen by a seed.
fn random_step(inventory: &Inventory, lab: &Lab, seed: &mut u64) {
    let mut draw = |n: usize| {
        *seed = seed.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (*seed >> 33) as usize % n
    };
    let world = inventory.snapshot();
    let alive: Vec<_> = lab.vms.iter().filter(|vm| world.resolve(vm).is_some()).cloned().collect();
    let pools = of_kind(&world, "ResourcePool");
    let pool = pools[draw(pools.len())].moref.clone();
    let host = lab.hosts[draw(lab.hosts.len())].clone();
    let what = draw(7);
    let Some(vm) = alive.get(draw(alive.len().max(1))) else { return };
    match what {
        0 => set_power(inventory, vm, VirtualMachinePowerState::PoweredOff),
        1 => set_power(inventory, vm, VirtualMachinePowerState::PoweredOn),
        2 => edit::<mo::VirtualMachine>(inventory, vm, |vm| vm.resource_pool = Some(pool)),
        3 => edit::<mo::VirtualMachine>(inventory, vm, |vm| {
            let config: &mut Obj<_> = vm.config.as_mut().unwrap();
            config.memory_allocation.get_or_insert_default().reservation = Some(16);
        }),
        4 => edit::<mo::HostSystem>(inventory, &host, |h| h.runtime.in_maintenance_mode ^= true),
        5 => edit::<mo::ResourcePool>(inventory, &pool, |p| {
            if p.name != "Resources" {
                p.config.memory_allocation.reservation = Some(64);
            }
        }),
        _ => remove(inventory, vm),
    }
}

#[test]
fn any_script_of_changes_leaves_exact_totals() {
    for seed in 0..8 {
        let (inventory, lab) = seeded(&settings(), seed);
        let mut state = seed;
        for _ in 0..25 {
            random_step(&inventory, &lab, &mut state);
        }
        assert_exact(&inventory);
    }
}
