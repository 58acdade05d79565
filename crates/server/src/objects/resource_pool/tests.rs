//! Pools that clients make and change.

use vim25::{
    DataType, MoRef, MoRefs, Obj, args, mo,
    types::{InsufficientMemoryResourcesFault, ResourceConfigSpec},
};

use crate::testing::{World, moref, refused};

fn root() -> MoRef {
    moref("ResourcePool", "resgroup-8")
}

/// A spec that reserves so much memory and cannot expand.
fn memory(reservation: i64) -> Obj<ResourceConfigSpec> {
    ResourceConfigSpec::with(|c| {
        c.memory_allocation.reservation = Some(reservation);
        c.memory_allocation.expandable_reservation = Some(false);
    })
    .into()
}

/// The test world with a root pool that has 4096 MB.
fn world() -> World {
    let world = World::new();
    world.commit(|tx| {
        let pool = tx.edit::<mo::ResourcePool>(&root()).unwrap();
        pool.config.memory_allocation.reservation = Some(4096);
    });
    world
}

fn create(
    world: &World,
    parent: &MoRef,
    name: &str,
    spec: Obj<ResourceConfigSpec>,
) -> Result<MoRef, crate::fault::Fault> {
    world.call(parent, args::CreateResourcePool { name: name.into(), spec })
}

fn update(world: &World, pool: &MoRef, config: Obj<ResourceConfigSpec>) -> Result<(), crate::fault::Fault> {
    world.call(pool, args::UpdateConfig { name: None, config: Some(config) })
}

#[test]
fn a_pool_has_what_its_spec_says_and_the_rest_by_default() {
    let world = world();
    let made = create(&world, &root(), "small", memory(512)).unwrap();
    let pool: mo::ResourcePool = world.get(&made);
    assert_eq!(
        (pool.name.as_str(), pool.parent.as_ref(), &pool.owner),
        ("small", Some(&root()), &world.get::<mo::ResourcePool>(&root()).owner)
    );
    let memory = &pool.config.memory_allocation;
    assert_eq!((memory.reservation, memory.expandable_reservation, memory.limit), (Some(512), Some(false), Some(-1)));
    assert_eq!(pool.config.cpu_allocation.expandable_reservation, Some(true));
    assert!(world.get::<mo::ResourcePool>(&root()).resource_pool.unwrap().contains(&made));
    assert!(world.event_names().contains(&"ResourcePoolCreatedEvent"));
}

#[test]
fn no_pool_reserves_more_than_there_is_above_it() {
    let world = world();
    let fault = create(&world, &root(), "big", memory(4097)).unwrap_err();
    let memory_fault = fault.fault.cast::<InsufficientMemoryResourcesFault>().unwrap();
    assert_eq!((memory_fault.unreserved, memory_fault.requested), (4096 << 20, 4097 << 20));
    let made = create(&world, &root(), "all", memory(4096)).unwrap();
    assert_eq!(refused(update(&world, &made, memory(9000))).0, "InsufficientMemoryResourcesFault");
    update(&world, &made, memory(100)).unwrap();
    assert!(world.event_names().contains(&"ResourcePoolReconfiguredEvent"));
}

#[test]
fn a_new_name_is_unique_among_siblings_and_valid() {
    let world = world();
    let pool = create(&world, &root(), "one", memory(0)).unwrap();
    assert_eq!(refused(create(&world, &root(), "one", memory(0))).0, "DuplicateName");
    assert_eq!(refused(create(&world, &root(), "", memory(0))).0, "InvalidName");
    let rename =
        |name: &str| world.call(&pool, args::UpdateConfig { name: Some(name.to_string().into()), config: None });
    assert_eq!(refused(rename("app")).0, "DuplicateName");
    rename("two").unwrap();
    assert_eq!(world.get::<mo::ResourcePool>(&pool).name, "two");
}

#[test]
fn an_old_version_is_refused_and_nothing_changed() {
    let world = world();
    let pool = create(&world, &root(), "one", memory(16)).unwrap();
    let mut spec = memory(32);
    spec.change_version = Some("an old one".into());
    assert_eq!(refused(update(&world, &pool, spec)).0, "ConcurrentAccess");
    assert_eq!(world.get::<mo::ResourcePool>(&pool).config.memory_allocation.reservation, Some(16));
}

#[test]
fn pools_lie_at_most_eight_deep() {
    let world = world();
    let mut deepest = root();
    for depth in 2..=8 {
        deepest = create(&world, &deepest, &format!("at {depth}"), memory(0)).unwrap();
    }
    assert_eq!(refused(create(&world, &deepest, "too deep", memory(0))).0, "InvalidResourcePoolStructureFault");
}

#[test]
fn destroying_the_children_gives_their_machines_to_the_pool() {
    let world = world();
    let child = create(&world, &root(), "child", memory(0)).unwrap();
    create(&world, &child, "grandchild", memory(0)).unwrap();
    let vm = moref("VirtualMachine", "vm-20");
    world.commit(|tx| {
        tx.edit::<mo::ResourcePool>(&child).unwrap().vm.get_or_insert_default().push(vm.clone());
        tx.edit::<mo::VirtualMachine>(&vm).unwrap().resource_pool = Some(child.clone());
    });
    world.call(&child, args::DestroyChildren {}).unwrap();
    assert_eq!(world.get::<mo::ResourcePool>(&child).resource_pool, Some(MoRefs::new()));
    assert_eq!(world.get::<mo::ResourcePool>(&child).vm, Some([vm].into()));
}

#[test]
fn pools_and_machines_move_within_their_cluster_and_not_into_themselves() {
    let world = world();
    let (one, two) =
        (create(&world, &root(), "one", memory(16)).unwrap(), create(&world, &root(), "two", memory(64)).unwrap());
    let into = |pool: &MoRef, list: &[MoRef]| world.call(pool, args::MoveIntoResourcePool { list: list.to_vec() });
    let vm = moref("VirtualMachine", "vm-20");
    into(&two, &[one.clone(), vm.clone()]).unwrap();
    assert_eq!(world.get::<mo::ResourcePool>(&one).parent, Some(two.clone()));
    assert_eq!(world.get::<mo::ResourcePool>(&two).resource_pool, Some([one.clone()].into()));
    assert!(!world.get::<mo::ResourcePool>(&root()).resource_pool.unwrap().contains(&one));
    assert_eq!(world.get::<mo::VirtualMachine>(&vm).resource_pool, Some(two.clone()));
    let told = world.event_names();
    assert!(told.contains(&"ResourcePoolMovedEvent") && told.contains(&"VmResourcePoolMovedEvent"));
    assert_eq!(refused(into(&one, std::slice::from_ref(&two))).0, "InvalidArgument");
    assert_eq!(refused(into(&one, &[root()])).0, "NotSupported");
    let big = create(&world, &root(), "big", memory(128)).unwrap();
    assert_eq!(refused(into(&two, std::slice::from_ref(&big))).0, "InsufficientMemoryResourcesFault");
    assert_eq!(world.get::<mo::ResourcePool>(&big).parent, Some(root()));
}
