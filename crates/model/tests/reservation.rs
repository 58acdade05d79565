//! Reservations: what hosts and pools still have, and what is refused.

mod common;

use common::{inventory, of_kind, world};
use inventory::{Inventory, Tx};
use model::{
    Settings,
    vm::{
        Fault,
        activity::{Operation, UnderWay},
        admission::{self, Seat},
    },
};
use proptest::prelude::*;
use vim25::{DataType, MoRef, mo, types::*};

const GIB: i64 = 1024;
/// Memory of every simulated host.
const HOST: i64 = 512 * GIB;

/// One host with a root pool, a pool `outer` in it and a pool `inner` in that, and machines that are off.
struct Lab {
    inventory: Inventory,
    vms: Vec<MoRef>,
    host: MoRef,
    root: MoRef,
    outer: MoRef,
    inner: MoRef,
}

fn lab() -> Lab {
    let settings = Settings { clusters: 0, standalone_hosts: 1, vms: 3, autostart: false, ..Settings::vcenter() };
    let (inventory, lab) = world(&settings);
    let snapshot = inventory.snapshot();
    let root = of_kind(&snapshot, "ResourcePool")[0].moref.clone();
    let made = inventory.commit(|tx| {
        let outer = child(tx, &root, "outer");
        let inner = child(tx, &outer, "inner");
        Ok::<_, ()>((outer, inner))
    });
    let (outer, inner) = made.unwrap().value;
    Lab { vms: lab.vms, host: lab.hosts[0].clone(), inventory, root, outer, inner }
}

fn child(tx: &mut Tx<'_>, parent: &MoRef, name: &'static str) -> MoRef {
    let moref = MoRef::new("ResourcePool", tx.new_id("resgroup"));
    let owner = tx.get::<mo::ResourcePool>(parent).unwrap().owner.clone();
    let now = tx.now();
    tx.insert(moref.clone(), model::pool::child_pool(&moref, name, parent.clone(), owner, now));
    tx.edit::<mo::ResourcePool>(parent).unwrap().resource_pool.get_or_insert_default().push(moref.clone());
    moref
}

impl Lab {
    fn edit<T: DataType>(&self, moref: &MoRef, change: impl FnOnce(&mut T)) {
        let done = self.inventory.commit(|tx| {
            change(tx.edit::<T>(moref).expect("the object is there"));
            Ok::<(), ()>(())
        });
        done.unwrap();
    }

    fn pool(&self, pool: &MoRef, reservation: i64, expandable: bool, limit: i64) {
        self.edit::<mo::ResourcePool>(pool, |p| {
            let memory = &mut p.config.memory_allocation;
            memory.reservation = Some(reservation);
            memory.expandable_reservation = Some(expandable);
            memory.limit = Some(limit);
        });
    }

    fn reserve(&self, vm: usize, memory: i64) {
        self.edit::<mo::VirtualMachine>(&self.vms[vm], |vm| {
            let config = vm.config.as_mut().unwrap();
            config.hardware.memory_mb = memory.max(32) as i32;
            config.memory_allocation.get_or_insert_default().reservation = Some(memory);
        });
    }

    fn put(&self, vm: usize, pool: &MoRef) {
        self.edit::<mo::VirtualMachine>(&self.vms[vm], |vm| vm.resource_pool = Some(pool.clone()));
    }

    fn power(&self, vm: usize, state: VirtualMachinePowerState) {
        self.edit::<mo::VirtualMachine>(&self.vms[vm], |vm| vm.runtime.power_state = state);
    }

    fn on(&self, vm: usize) {
        self.power(vm, VirtualMachinePowerState::PoweredOn);
    }

    fn ask(&self, question: impl FnOnce(&Tx<'_>) -> Result<(), Fault>) -> Result<(), Fault> {
        self.inventory.commit(|tx| question(tx)).map(|_| ())
    }

    /// Whether a machine may start in its pool.
    fn may_start(&self, vm: usize) -> Result<(), Fault> {
        self.ask(|tx| {
            let machine = tx.get::<mo::VirtualMachine>(&self.vms[vm]).unwrap();
            admission::run(tx, &self.vms[vm], machine.config.as_ref().unwrap(), Seat::of(machine))
        })
    }

    /// Whether the configuration of a machine may change.
    fn may_become(&self, vm: usize, change: impl FnOnce(&mut VirtualMachineConfigInfo)) -> Result<(), Fault> {
        self.ask(|tx| {
            let mut config = tx.get::<mo::VirtualMachine>(&self.vms[vm]).unwrap().config.clone().unwrap();
            change(&mut config);
            admission::change(tx, &self.vms[vm], &config)
        })
    }

    fn memory(&self, pool: &MoRef) -> ResourcePoolResourceUsage {
        (*self.inventory.snapshot().get::<mo::ResourcePool>(pool).unwrap().runtime.memory).clone()
    }
}

/// (unreserved, requested) of the fault, in MiB.
fn short(outcome: Result<(), Fault>) -> (i64, i64) {
    let fault = outcome.expect_err("it should be refused");
    let memory = fault.fault.cast::<InsufficientMemoryResourcesFault>().unwrap_or_else(|| panic!("{fault:?}"));
    assert_eq!((memory.unreserved % (1 << 20), memory.requested % (1 << 20)), (0, 0));
    (memory.unreserved >> 20, memory.requested >> 20)
}

#[test]
fn a_pool_that_is_not_expandable_gives_only_its_own() {
    let lab = lab();
    lab.pool(&lab.outer, GIB, false, -1);
    for vm in 0..2 {
        lab.put(vm, &lab.outer);
        lab.reserve(vm, 600);
    }
    lab.may_start(0).unwrap();
    lab.on(0);
    assert_eq!(short(lab.may_start(1)), (GIB - 600, 600));
    lab.power(0, VirtualMachinePowerState::Suspended);
    lab.may_start(1).expect("a suspended machine holds nothing");
}

#[test]
fn expandable_pools_borrow_up_to_the_first_that_is_not() {
    let lab = lab();
    lab.pool(&lab.outer, 2 * GIB, false, -1);
    lab.pool(&lab.inner, GIB, true, -1);
    lab.put(0, &lab.inner);
    lab.reserve(0, 2 * GIB);
    lab.may_start(0).unwrap();
    lab.reserve(0, 2 * GIB + 4);
    assert_eq!(short(lab.may_start(0)), (2 * GIB, 2 * GIB + 4));
    lab.pool(&lab.outer, 2 * GIB, true, -1);
    lab.may_start(0).unwrap();
}

#[test]
fn the_limit_of_a_pool_bounds_what_is_reserved_in_it() {
    let lab = lab();
    lab.pool(&lab.outer, 0, true, GIB);
    lab.put(0, &lab.outer);
    lab.reserve(0, GIB + 4);
    assert_eq!(short(lab.may_start(0)), (GIB, GIB + 4));
}

#[test]
fn the_root_pool_of_a_host_has_what_the_host_has() {
    let lab = lab();
    assert_eq!(lab.memory(&lab.root).unreserved_for_vm, HOST << 20);
    lab.reserve(0, HOST);
    lab.reserve(1, 4);
    lab.may_start(0).unwrap();
    lab.on(0);
    assert_eq!(short(lab.may_start(1)), (0, 4));
    assert_eq!(lab.memory(&lab.root).unreserved_for_vm, 0);
}

#[test]
fn a_host_refuses_what_its_cluster_would_still_have() {
    let settings = Settings { standalone_hosts: 0, vms: 4, autostart: false, ..Settings::vcenter() };
    let (inventory, lab) = world(&settings);
    let mut lab = Lab {
        vms: lab.vms,
        host: lab.hosts[0].clone(),
        root: of_kind(&inventory.snapshot(), "ResourcePool")[0].moref.clone(),
        outer: MoRef::default(),
        inner: MoRef::default(),
        inventory,
    };
    let host = lab.host.clone();
    lab.vms.sort();
    for vm in 0..2 {
        lab.edit::<mo::VirtualMachine>(&lab.vms[vm], |vm| vm.runtime.host = Some(host.clone()));
        lab.reserve(vm, 300 * GIB);
    }
    lab.on(0);
    assert_eq!(lab.memory(&lab.root).unreserved_for_vm >> 20, (3 * 512 - 300) * GIB);
    assert_eq!(short(lab.may_start(1)), (212 * GIB, 300 * GIB));
}

#[test]
fn cpu_is_admitted_like_memory() {
    let lab = lab();
    lab.edit::<mo::VirtualMachine>(&lab.vms[0], |vm| {
        vm.config.as_mut().unwrap().cpu_allocation.get_or_insert_default().reservation = Some(1_000_000);
    });
    let fault = lab.may_start(0).unwrap_err();
    let cpu = fault.fault.cast::<InsufficientCpuResourcesFault>().unwrap();
    assert_eq!((cpu.unreserved, cpu.requested), (32 * 2_900, 1_000_000));
}

#[test]
fn a_running_machine_gets_more_only_if_it_is_there() {
    let lab = lab();
    lab.pool(&lab.outer, GIB, false, -1);
    lab.put(0, &lab.outer);
    lab.reserve(0, 512);
    let reserve = |mb| {
        move |c: &mut VirtualMachineConfigInfo| {
            c.memory_allocation.get_or_insert_default().reservation = Some(mb);
        }
    };
    lab.may_become(0, reserve(2 * GIB)).expect("what a machine that is off reserves is asked for when it starts");
    lab.on(0);
    lab.may_become(0, reserve(GIB)).expect("what it holds already counts as free");
    assert_eq!(short(lab.may_become(0, reserve(GIB + 4))), (GIB, GIB + 4));
    lab.pool(&lab.outer, 0, false, -1);
    lab.may_become(0, reserve(256)).expect("less can always be reserved");
}

#[test]
fn a_lock_needs_the_whole_memory_now_even_while_the_machine_is_off() {
    let lab = lab();
    lab.pool(&lab.outer, GIB, false, -1);
    lab.put(0, &lab.outer);
    lab.reserve(0, 0);
    let lock = |mb: i32| {
        move |c: &mut VirtualMachineConfigInfo| {
            c.hardware.memory_mb = mb;
            c.memory_reservation_locked_to_max = Some(true);
            c.memory_allocation.get_or_insert_default().reservation = Some(mb.into());
        }
    };
    assert_eq!(short(lab.may_become(0, lock(2048))), (GIB, 2048));
    lab.may_become(0, lock(1024)).unwrap();
    lab.edit::<mo::VirtualMachine>(&lab.vms[0], |vm| lock(1024)(vm.config.as_mut().unwrap()));
    assert_eq!(short(lab.may_become(0, lock(2048))), (GIB, 2048));
    lab.may_become(0, lock(512)).unwrap();
}

#[test]
fn a_new_machine_with_a_lock_needs_its_whole_memory() {
    let lab = lab();
    lab.pool(&lab.outer, GIB, false, -1);
    let config = VirtualMachineConfigInfo::with(|c| {
        c.memory_reservation_locked_to_max = Some(true);
        c.memory_allocation.get_or_insert_default().reservation = Some(2 * GIB);
    });
    let seat = Seat { host: Some(&lab.host), pool: Some(&lab.outer) };
    assert_eq!(short(lab.ask(|tx| admission::create(tx, &config, seat))), (GIB, 2 * GIB));
}

#[test]
fn a_machine_that_moves_leaves_what_it_holds_behind() {
    let lab = lab();
    lab.pool(&lab.outer, 2 * GIB, false, -1);
    lab.pool(&lab.inner, GIB, true, -1);
    lab.put(0, &lab.outer);
    lab.reserve(0, GIB + 512);
    assert_eq!(lab.memory(&lab.outer).unreserved_for_vm >> 20, GIB, "the inner pool holds its own");
    lab.put(0, &lab.inner);
    lab.on(0);
    let to = |pool: &MoRef| {
        lab.ask(|tx| {
            let vm = tx.get::<mo::VirtualMachine>(&lab.vms[0]).unwrap();
            admission::run(
                tx,
                &lab.vms[0],
                vm.config.as_ref().unwrap(),
                Seat { host: Some(&lab.host), pool: Some(pool) },
            )
        })
    };
    to(&lab.inner).unwrap();
    to(&lab.root).unwrap();
    assert_eq!(short(to(&lab.outer)), (GIB, GIB + 512), "the inner pool keeps its own when the machine has left");
}

#[test]
fn of_two_that_start_at_once_only_one_gets_the_rest() {
    let lab = lab();
    lab.pool(&lab.outer, GIB, false, -1);
    for vm in 0..2 {
        lab.put(vm, &lab.outer);
        lab.reserve(vm, 600);
    }
    let begin = lab.inventory.commit(|tx| {
        let task = MoRef::new("Task", "task-1");
        Ok::<_, ()>(tx.set_private(&lab.vms[0].id, UnderWay { task, operation: Operation::PowerOn }))
    });
    assert!(begin.unwrap().value);
    assert_eq!(short(lab.may_start(1)), (GIB - 600, 600));
    lab.may_start(0).expect("its own start does not stand in its way");
    lab.inventory.commit(|tx| Ok::<_, ()>(tx.clear_private::<UnderWay>(&lab.vms[0].id))).unwrap();
    lab.may_start(1).expect("a start that failed gives back what it held");
}

#[test]
fn high_latency_sensitivity_wants_all_memory_reserved() {
    let lab = lab();
    lab.reserve(0, 64);
    lab.edit::<mo::VirtualMachine>(&lab.vms[0], |vm| {
        let config = vm.config.as_mut().unwrap();
        config.hardware.memory_mb = 128;
        config.latency_sensitivity.get_or_insert_default().level = LatencySensitivitySensitivityLevel::High;
    });
    let fault = lab.may_start(0).unwrap_err();
    assert_eq!(fault.name(), "GenericVmConfigFault");
    lab.reserve(0, 128);
    lab.may_start(0).unwrap();
}

/// A step of a script: which machine, in which of three pools, with how much, and whether it runs.
type Step = (usize, usize, i64, bool);

fn play(lab: &Lab, (vm, pool, memory, on): Step) -> bool {
    let pool = [&lab.root, &lab.outer, &lab.inner][pool];
    lab.power(vm, VirtualMachinePowerState::PoweredOff);
    lab.put(vm, pool);
    lab.reserve(vm, memory);
    let admitted = on && lab.may_start(vm).is_ok();
    if admitted {
        lab.on(vm);
    }
    admitted
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(128))]

    /// Whatever is admitted and refused: pools add up, and none gives more than it has.
    #[test]
    fn pools_add_up_and_never_give_more_than_they_have(
        outer in (0i64..2_000, any::<bool>(), prop_oneof![Just(-1i64), 0i64..4_000]),
        inner in (0i64..2_000, any::<bool>(), prop_oneof![Just(-1i64), 0i64..4_000]),
        script in prop::collection::vec((0usize..3, 0usize..3, 0i64..3_000, any::<bool>()), 1..12),
    ) {
        let lab = lab();
        let limited = |(own, expandable, limit): (i64, bool, i64), most: i64| {
            let own = own.min(most);
            (own, expandable, if limit < 0 { limit } else { own + limit })
        };
        let (outer, inner) = (limited(outer, i64::MAX), limited(inner, outer.0));
        lab.pool(&lab.outer, outer.0, outer.1, outer.2);
        lab.pool(&lab.inner, inner.0, inner.1, inner.2);
        let mut running = [None; 3];
        for step in script {
            running[step.0] = play(&lab, step).then_some((step.1, step.2));
            let sum = |pools: &[usize]| -> i64 {
                running.iter().flatten().filter(|(p, _)| pools.contains(p)).map(|(_, m)| m << 20).sum()
            };
            let (r, o, i) = (lab.memory(&lab.root), lab.memory(&lab.outer), lab.memory(&lab.inner));
            prop_assert_eq!(i.reservation_used_for_vm, sum(&[2]));
            prop_assert_eq!(i.reservation_used, sum(&[2]));
            prop_assert_eq!(o.reservation_used, sum(&[1]) + i.reservation_used.max(inner.0 << 20));
            prop_assert_eq!(r.reservation_used, sum(&[0]) + o.reservation_used.max(outer.0 << 20));
            prop_assert_eq!(r.unreserved_for_vm, (HOST << 20) - r.reservation_used);
            for (usage, (reservation, expandable, limit)) in [(&o, outer), (&i, inner)] {
                prop_assert!(expandable || usage.reservation_used_for_vm <= reservation << 20);
                prop_assert!(limit < 0 || usage.reservation_used_for_vm <= limit << 20);
            }
        }
    }
}

#[test]
fn an_empty_world_has_nothing_to_refuse() {
    let nobody = MoRef::new("VirtualMachine", "vm-1");
    let seat = Seat { host: None, pool: None };
    let asked = inventory(0).commit(|tx| admission::run(tx, &nobody, &VirtualMachineConfigInfo::default(), seat));
    asked.unwrap();
}
